"""By which law synapses may have been drawn: a fixed in-degree, a probability, or none that is to be told.

The wiring is refused to be random if one of some sums over it is off what a draw gives, at 0.1 %: in-degrees,
out-degrees, the numbers of synapses between blocks of cells that are next to each other, pairs that are
connected both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .spread_values import REFUSED

__all__ = ["Law", "law_of"]

_BLOCKS = 10
_LEAST_A_BLOCK = 10  # synapses that are expected in each, for a sum of squares to be chi-squared


@dataclass(frozen=True)
class Law:
    """
    Attributes
    ----------
    arguments : dict
        ``in_degree`` or ``probability`` of a projection; empty where the wiring has to be kept.
    reason : str
        Why it has to be, or what was found.
    """

    arguments: dict
    reason: str

    @property
    def random(self):
        return bool(self.arguments)


def law_of(i, j, sources, targets, own):
    """The `Law` of some synapses.

    Parameters
    ----------
    i, j : ndarray of int
        Cells of source and target, from 0.
    sources, targets : int
        Cells of each.
    own : bool
        Whether source and target are the same cells.
    """
    into, out = np.bincount(j, minlength=targets), np.bincount(i, minlength=sources)
    spread = f"in-degree {into.mean():.4g} ± {into.std():.3g}"
    if own and (selves := int(np.count_nonzero(i == j))):
        return Law({}, f"{spread}; {selves} cells project to themselves")
    pairs = i.astype(np.int64) * targets + j
    if (twice := pairs.size - np.unique(pairs).size) > 0:
        return Law({}, f"{spread}; {twice} pairs have several synapses")
    available = sources - own
    if available < 1:
        return Law({}, spread)
    share = i.size / (available * targets)
    fixed = np.ptp(into) == 0
    faults = [
        "" if fixed else _degrees("in-degrees", into, available, share),
        _degrees("out-degrees", out, targets - own, share),
        _blocks(i, j, sources, targets, own),
        _reciprocal(pairs, i, j, targets, share) if own and share < 1 else "",
    ]
    if fault := next(filter(None, faults), ""):
        return Law({}, f"{spread}; {fault}")
    if fixed:
        return Law({"in_degree": int(into[0])}, f"every cell has {int(into[0])}")
    return Law({"probability": float(share)}, f"{spread}, as at random")


def _degrees(what, degrees, available, share):
    """The fault of degrees that are not binomial; empty where they may be."""
    from scipy.stats import chi2

    variance = available * share * (1 - share)
    if variance <= 0 or degrees.size < 2:
        return "" if np.ptp(degrees) == 0 else f"{what} differ"
    # Of counts that are all small the sum is not chi-squared: its own variance, of the fourth moment
    found = np.sum((degrees - degrees.mean()) ** 2) / variance
    free = degrees.size - 1
    kurtosis = (1 - 6 * share * (1 - share)) / variance
    stretch = 1 + kurtosis / 2
    scaled = free + (found - free) / np.sqrt(stretch)
    if chi2.sf(scaled, free) < REFUSED / 2 or chi2.cdf(scaled, free) < REFUSED / 2:
        return (
            f"{what} of {degrees.mean():.4g} ± {degrees.std():.3g}, where chance would leave ±"
            f" {np.sqrt(variance):.3g}"
        )
    return ""


def _blocks(i, j, sources, targets, own):
    """The fault of synapses that prefer some blocks of cells."""
    from scipy.stats import chi2

    rows, columns = (min(_BLOCKS, size) for size in (sources, targets))
    while rows * columns > 4 and i.size / (rows * columns) < _LEAST_A_BLOCK:
        rows, columns = max(rows // 2, 2), max(columns // 2, 2)
    if min(sources, targets) < 2 or i.size / (rows * columns) < _LEAST_A_BLOCK:
        return ""
    edges = [np.linspace(0, size, number + 1) for size, number in ((sources, rows), (targets, columns))]
    found, *_ = np.histogram2d(i, j, bins=edges)
    cells = [np.histogram(np.arange(size), bins=edge)[0] for size, edge in zip((sources, targets), edges)]
    room = np.outer(*cells).astype(float)
    if own:
        room -= np.diag(np.minimum(*cells)) if rows == columns else 0.0
    expected = found.sum() * room / room.sum()
    share = found.sum() / room.sum()
    if share >= 1 - 1e-12:
        return ""
    statistic = np.sum((found - expected) ** 2 / expected) / (1 - share)
    if chi2.sf(statistic, found.size - 1) < REFUSED:
        return "cells that are next to each other are connected more than others, or less"
    return ""


def _reciprocal(pairs, i, j, cells, share):
    """The fault of pairs that are connected both ways more often, or less, than by chance."""
    both = np.count_nonzero(np.isin(j.astype(np.int64) * cells + i, pairs, assume_unique=True)) / 2
    number = cells * (cells - 1) / 2
    expected = number * share**2
    deviation = np.sqrt(expected * (1 - share) ** 2) + 1e-12  # of the number of pairs for so many synapses
    if expected >= 5 and abs(both - expected) > 3.5 * deviation + 0.5:
        return f"{int(both)} pairs are connected both ways, where chance would leave {expected:.4g}"
    return ""
