"""Where firing begins, from the times that slow cells take.

They grow as one over the root of the distance to it.
"""

from __future__ import annotations

import numpy as np

from .onset_verdicts import FIRES

__all__ = ["RTOL", "agrees", "slowest_two", "still_below"]

RTOL = 1e-4  # of an onset


def slowest_two(currents, verdicts, stats, here, sustained, known):
    """(currents, times they took) of the two smallest known to fire.

    The last interval, or the first spike.
    """
    firing = np.flatnonzero(verdicts == FIRES)
    with np.errstate(invalid="ignore", divide="ignore"):
        times = (stats.interval_sum / stats.intervals if sustained else stats.first_time)[here][firing]
    I, times = (
        np.concatenate([old, new])
        for old, new in zip(known if known is not None else ([], []), (currents[firing], times))
    )
    known = np.isfinite(times) & (times > 0)
    I, which = np.unique(I[known], return_index=True)
    return I[:2], times[known][which][:2]


def _extrapolated(seen):
    """Where one over the squared time vanishes, as it does for a cell that crawls past where its rest was, by
    two firing currents; or None.
    """
    if seen is None or seen[0].size < 2 or not seen[1][0] > seen[1][1]:
        return None
    I, speed = seen[0], 1 / seen[1] ** 2
    return float(I[0] - speed[0] * (I[1] - I[0]) / (speed[1] - speed[0]))


def agrees(knee, seen):
    """Whether the times of firing cells lead to the knee.

    They grow as one over the root of the distance to it.
    """
    where = _extrapolated(seen)
    return where is not None and abs(where - knee) <= 0.5 * (seen[0][0] - knee) + 0.1 * RTOL * abs(knee)


def still_below(upper, seen, duration_):
    """By how much a search by runs of one length may be too high.

    Where cells took long, what their times extrapolate to.
    """
    where = _extrapolated(seen)
    if where is None or seen[1][0] < duration_ / 10:
        return 0.0
    return max(upper - where, 0.0)
