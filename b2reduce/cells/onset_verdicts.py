"""What cells do at each current of a search: fire, rest, or neither yet."""

from __future__ import annotations

import numpy as np

__all__ = ["verdicts_of", "narrowed"]

FIRES, SILENT, UNDECIDED, DIVERGED = 1, -1, 0, 2


def verdicts_of(stats, stop, by_state, sustained):
    """What each cell does."""
    finite = np.all([np.isfinite(values) for values in stats.final_state.values()], axis=0)
    verdict = (
        stop.verdict
        if by_state
        else np.where(stats.late_count >= 2 if sustained else stats.total >= 1, FIRES, SILENT)
    )
    return np.where(finite, verdict, DIVERGED)


def narrowed(currents, verdicts, lower, upper):
    """(largest silent, smallest firing current, which candidate that is or None)."""
    firing = np.flatnonzero(verdicts == FIRES)
    first = int(firing[0]) if firing.size else None
    below = np.flatnonzero(verdicts[:first] == SILENT)
    return (
        currents[below[-1]] if below.size else lower,
        currents[first] if first is not None else upper,
        first,
    )
