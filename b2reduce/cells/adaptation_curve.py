"""Currents that give a rate, at onset and in the steady state, and which of them are measured."""

from __future__ import annotations

import numpy as np

from ..basics.progress import Progress
from .measure_fi import measure_fi_

__all__ = ["currents_to", "lack_at_rates"]

CURRENTS = 41  # between rheobase and the highest rate


def currents_to(model, g_, rheobases, top, run):
    """From the lowest rheobase to where the leakiest cell fires at `top` in the steady state, denser near
    rheobase.
    """
    lowest, highest = rheobases.min(), rheobases.max()
    width = 0.25 * max(abs(highest), abs(lowest), 1e-15)
    for _ in range(8):
        strongest = np.array([highest + width])
        if measure_fi_(model, strongest, g_[-1:], run=run, bar=Progress(False)).rate_[0, 0] >= top:
            break
        width *= 1.6
    span = highest + width - lowest
    return lowest + span * np.linspace(0.001, 1, CURRENTS) ** 1.5


def _onset(surface, j):
    """Current that gives a rate at onset, for one conductance.

    An interpolation over the rates that were seen, or None.
    """
    from scipy.interpolate import PchipInterpolator

    onset = surface.onset_rate_[:, j]
    known = np.isfinite(onset)
    if known.sum() < 4:
        return None
    rate, I = np.maximum.accumulate(onset[known]), surface.I_[known]
    rising = np.r_[True, np.diff(rate) > 0]
    return PchipInterpolator(rate[rising], I[rising], extrapolate=False) if rising.sum() >= 4 else None


def lack_at_rates(surface, lo, hi):
    """Rows of (steady rate, I_steady - I_onset, g)."""
    rows = []
    for j, g in enumerate(surface.g_):
        onset = _onset(surface, j)
        if onset is None:
            continue
        rate = surface.rate_[:, j]
        here = (rate > lo) & (rate <= hi)
        lack = surface.I_[here] - onset(rate[here])
        rows += [(r, a, g) for r, a in zip(rate[here], lack) if np.isfinite(a)]
    return np.array(rows).reshape(-1, 3)
