"""How much what the cells of one population receive differs, and cells that differ so.

Cells have different numbers of inputs, of different sizes, from cells that fire at different rates. None of
it changes in time: it moves the mean input of each cell for good, and where a gain bends, the mean rate of
the cells is not the rate of the mean cell.
"""

from __future__ import annotations

import numpy as np

from ..basics.streams import OfCells, seed_streams
from .inputs import source_rate

__all__ = ["drawn_inputs", "spread_of_inputs", "unequal_rates"]


def spread_of_inputs(pathways, rates_, drives_, unequal_):
    """Standard deviation over cells of the events that come by some pathways, over their mean.

    K inputs of rates r and relative sizes w are drawn among K/f cells. Their sum of w r has the variance
    K ((1 - f) (<r^2> - <r>^2) + (<w^2> - 1) <r^2> + F <r>^2) over cells, where F is the variance of the
    number of inputs over its mean: 1 - f where every pair is connected by chance, 0 where it is given.

    Parameters
    ----------
    pathways : sequence of Pathway
        With equal synapses, or from one source.
    unequal_ : mapping
        <r^2>/<r>^2 of the cells of every population.
    """
    mean = variance = 0.0
    for p in pathways:
        rate = float(source_rate(p, rates_, drives_))
        square = 1.0 if p.is_drive else unequal_[p.source]
        mean += p.K * rate
        variance += p.K * rate**2 * ((1 - p.share) * (square - 1) + (p.second - 1) * square + p.scatter)
    return float(np.sqrt(variance)) / mean if mean else 0.0


def drawn_inputs(spreads, cells, seed):
    """Events of each cell over their mean, shape (kind of synapse, cell), from `spread_of_inputs`.

    Every draw occurs twice, half of the cells apart: what two such cells have in common tells how much the
    rates of all differ. Draws are those of a gamma distribution, which has no negative ones, one from each of
    as many equally likely ranges as there are draws.
    """
    from scipy.special import gammaincinv

    half = max(cells // 2, 1)
    rng = np.random.default_rng(seed_streams(seed, OfCells.SPREAD))
    drawn = []
    for spread in spreads:
        likely = (rng.permutation(half) + rng.random(half)) / half
        shape = spread**-2 if spread else np.inf
        drawn.append(gammaincinv(shape, likely) / shape if spread else np.ones(half))
    return np.array(drawn)[:, np.arange(cells) % half]


def unequal_rates(count):
    """(<r^2>/<r>^2, its standard error) of cells in pairs with equal input, half of the cells apart."""
    half = count.size // 2
    mean = count.mean()
    if half < 2 or not mean:
        return 1.0, 0.0
    products = count[:half].astype(float) * count[half : 2 * half] / mean**2
    # The product follows the mean, which is taken out of its scatter
    pairs = (count[:half] + count[half : 2 * half]) / mean
    value = products.mean()
    return max(float(value), 1.0), float(np.std(products - value * pairs) / np.sqrt(half))
