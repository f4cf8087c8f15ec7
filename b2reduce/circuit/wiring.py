"""Who projects to whom: the wiring that a seed draws, the same for spikes and for rates."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.streams import OfNetwork, seed_streams
from .orientation import angles_

__all__ = ["choose", "draw_sizes", "draw_wiring", "drive_sums", "ones_matrix", "wire"]


def choose(rng, available, K, rows):
    """For every row K different numbers below `available`, all sets equally likely.

    Returns
    -------
    ndarray of int, shape (rows, K)
        Ascending within a row.
    """
    if 2 * K > available:  # draw what is left out instead
        kept = np.ones((rows, available), dtype=bool)
        np.put_along_axis(kept, choose(rng, available, available - K, rows), False, axis=1)
        return np.nonzero(kept)[1].reshape(rows, K)
    picks = np.sort(rng.integers(0, available, (rows, K)), axis=1)
    while True:
        repeated = np.zeros(picks.shape, dtype=bool)
        repeated[:, 1:] = picks[:, 1:] == picks[:, :-1]
        if not repeated.any():
            return picks
        # Drawing anew whatever has been drawn before is how one draws without replacement.
        picks[repeated] = rng.integers(0, available, np.count_nonzero(repeated))
        picks.sort(axis=1)


def _choose_each(rng, available, degrees):
    """For every row as many different numbers below `available` as `degrees` says, row after row."""
    first = np.concatenate([[0], np.cumsum(degrees)])
    chosen = np.empty(first[-1], dtype=int)
    for K in np.unique(degrees):  # rows of as many at once
        rows = np.flatnonzero(degrees == K)
        chosen[first[rows][:, None] + np.arange(K)] = choose(rng, available, int(K), rows.size)
    return chosen


def choose_weighted(rng, weights, K):
    """K different numbers, each with a probability of K times its weight: systematic sampling over a random
    order.

    Parameters
    ----------
    weights : ndarray
        With sum 1; none above 1/K.
    """
    order = rng.permutation(weights.size)
    reached = np.cumsum(weights[order]) * K
    reached[-1] = K  # whatever rounding says
    return np.sort(order[np.searchsorted(reached, rng.random() + np.arange(K), side="right")])


def _wire_by_profile(projection, source_size, target_size, rng):
    """Presynaptic and postsynaptic indices where a profile over angles says who is near."""
    sources, K, chosen = angles_(source_size), projection.in_degree, []
    for j, angle in enumerate(angles_(target_size)):
        weights = projection.profile(sources - angle)
        if projection.source == projection.target:
            weights[j] = 0.0
        if K is None:
            chosen.append(np.flatnonzero(rng.random(source_size) < projection.probability * weights))
        else:
            chosen.append(choose_weighted(rng, weights / weights.sum(), K))
    return np.concatenate(chosen), np.repeat(np.arange(target_size), [each.size for each in chosen])


def wire(projection, source_size, target_size, rng):
    """Presynaptic and postsynaptic indices and delays in s of a projection."""
    lo, hi = float(projection.delay[0]), float(projection.delay[-1])
    if (given := projection.wiring) is not None:
        drawn = rng.uniform(lo, hi, given.number) if hi > lo else lo
        return given.i, given.j, drawn if given.delay is None else given.delay
    if projection.profile is not None:
        i, j = _wire_by_profile(projection, source_size, target_size, rng)
        return i, j, rng.uniform(lo, hi, i.size) if hi > lo else lo
    own = projection.source == projection.target
    available = source_size - own
    if projection.in_degree is not None:
        i, j = (
            choose(rng, available, projection.in_degree, target_size),
            np.repeat(np.arange(target_size), projection.in_degree),
        )
    else:
        degrees = rng.binomial(available, projection.probability, target_size)
        i, j = _choose_each(rng, available, degrees), np.repeat(np.arange(target_size), degrees)
    i = i.ravel()
    if own:
        i = i + (i >= j)  # the cell itself is skipped
    return i, j, rng.uniform(lo, hi, i.size) if hi > lo else lo


def draw_wiring(circuit, seed, only=None):
    """{projection label: (presynaptic indices, postsynaptic indices, delays in s)} that a seed of
    `simulate_spikes` draws, of all projections or of `only` some labels.

    Raises
    ------
    InputError
        If a projection comes out without a synapse.
    """
    wiring = {}
    for number, (label, projection) in enumerate(zip(circuit.labels, circuit.projections)):
        if only is not None and label not in only:
            continue
        sizes = (circuit.populations[name].size for name in (projection.source, projection.target))
        wiring[label] = wire(
            projection, *sizes, np.random.default_rng(seed_streams(seed, OfNetwork.WIRING, number))
        )
        if wiring[label][0].size == 0:
            raise InputError(
                f"projection {label}: no synapse was drawn at probability {projection.probability:g}; raise"
                " it or remove the projection"
            )
    return wiring


def draw_sizes(circuit, wiring, seed):
    """{projection label: size of every synapse over their mean} of those in the wiring whose sizes differ."""
    found = {}
    for number, (label, projection) in enumerate(zip(circuit.labels, circuit.projections)):
        if label not in wiring:
            continue
        if projection.sizes is not None:
            rng = np.random.default_rng(seed_streams(seed, OfNetwork.SIZES, number))
            found[label] = projection.sizes.draw(rng, wiring[label][0].size)
        elif projection.differing:
            found[label] = projection.wiring.relative
    return found


def drive_sums(circuit, seed):
    """{(drive, target): (size of events, their number)}, arrays over cells, over what they are where all
    sizes are the same; of drives whose sizes differ and that each cell has to itself.

    The K trains of a cell are one there, in which events are as large as makes mean and variance those of
    its own K synapses: <w^2>/<w> for their sizes w.
    """
    found = {}
    for number, drive in enumerate(circuit.drives):
        if drive.sizes is None or drive.by_trains:
            continue
        rng = np.random.default_rng(seed_streams(seed, OfNetwork.DRIVE_SIZES, number))
        drawn = np.empty((2, circuit.populations[drive.target].size))
        for cell in range(drawn.shape[1]):
            sizes = drive.sizes.draw(rng, drive.inputs)
            drawn[:, cell] = sizes.mean(), np.mean(sizes**2)
        mean, square = drawn
        # Cells whose synapses all happen to be 0 have no events
        size = np.divide(square, mean, out=np.ones_like(mean), where=mean > 0)
        found[drive.name, drive.target] = size, mean / size
    return found


def ones_matrix(circuit, projection_wiring, source, target, sizes=None):
    """Sparse matrix (target, source) with a one for every synapse, or with its size over their mean."""
    from scipy.sparse import csr_matrix

    i, j, _ = projection_wiring
    return csr_matrix(
        (
            np.ones(i.size, np.float32) if sizes is None else sizes.astype(np.float32),
            (j.astype(np.int32), i.astype(np.int32)),
        ),
        shape=(circuit.populations[target].size, circuit.populations[source].size),
    )
