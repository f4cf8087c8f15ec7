"""Points of an f-I curve at which the cell no longer fires as it should.

Blocked at high currents, or silent in between.
"""

from __future__ import annotations

import numpy as np

from ..basics.units import readable

__all__ = ["silences", "silence_warnings"]

SIGMAS = 4.0  # standard errors beyond which a fall is no chance
FALLEN = 0.5  # of the highest rate at smaller currents: what is below, up to the largest current, is blocked
FLANK = 0.9  # where the way down to it begins
SURE_ = 10.0  # Hz; without standard errors a fall from below this counts only if it ends in silence
SHOWN = 5  # conductances that a message lists


def silences(rate_, rate_sem_):
    """(blocked, gaps) of rates over ascending currents (rows) at each conductance (columns).

    Blocked are the points at the upper end of a curve that are silent, or below half of the highest rate at
    smaller currents, and the way down to them: the membrane stays depolarised (depolarisation block). A curve
    that rises again afterwards is not blocked. A gap is a silent point with firing at smaller and at larger
    currents. Falls that chance explains are neither: four standard errors where these are known.
    """
    blocked, gaps = np.zeros(rate_.shape, dtype=bool), np.zeros(rate_.shape, dtype=bool)
    for column in np.flatnonzero((rate_ > 0).any(axis=0)):
        rows = np.flatnonzero(np.isfinite(rate_[:, column]))
        rate, sem = rate_[rows, column], rate_sem_[rows, column]
        top = np.maximum.accumulate(rate)
        peak = np.maximum.accumulate(np.where(rate == top, np.arange(rate.size), 0))
        noise = np.hypot(sem, sem[peak])
        certain = np.where(
            np.isfinite(noise), top - rate > SIGMAS * noise, (rate == 0) & (top > 0) | (top >= SURE_)
        )
        fallen = certain & (rate < FALLEN * top)
        end = rate.size - np.argmin(fallen[::-1])  # the first is its own highest: it never is fallen
        if end < rate.size and rate[end:].max() <= max(
            rate[end], 0.5 * FALLEN * top[-1]
        ) + SIGMAS * np.nan_to_num(noise[end]):
            while rate[end - 1] < FLANK * top[end - 1] and certain[end - 1]:
                end -= 1
            blocked[rows[end:], column] = True
        else:
            end = rate.size
        later = np.concatenate([np.maximum.accumulate(rate[:end][::-1])[::-1][1:], [0.0]])
        sure = np.isfinite(noise[:end]) | (top[:end] >= 0.5 * SURE_)
        gaps[rows[:end], column] = certain[:end] & sure & (rate[:end] == 0) & (later > 0)
    return blocked, gaps


def silence_warnings(surface):
    """[str] about points that a fit leaves out."""
    blocked, gaps = silences(surface.rate_, surface.rate_sem_)
    warnings = []
    if blocked.any():
        warnings.append(
            f"{_points(blocked, surface)} silent or far below the highest rate, above currents at which the"
            " cell fires (depolarisation block; surface.blocked marks them): left out of the fit:"
            f" {_where(blocked, surface)}"
        )
    if gaps.any():
        warnings.append(
            f"{_points(gaps, surface)} silent between currents that make the cell fire: left out of the fit"
            f" as every silent point is: {_where(gaps, surface)}; leave the rate empty where a measurement"
            " failed"
        )
    return warnings


def _points(marked, surface):
    number = int(marked.sum())
    return f"{number} of {int(np.isfinite(surface.rate_).sum())} points {'is' if number == 1 else 'are'}"


def _where(marked, surface):
    """'I = 440 to 520 pA at g = 8 nS, ...'"""
    I_factor, I_unit = readable(surface.I_[marked.any(axis=1)], surface.current_unit)
    g_factor, g_unit = readable(surface.g_, surface.conductance_unit)
    parts, columns = [], np.flatnonzero(marked.any(axis=0))
    for column in columns[:SHOWN]:
        I = surface.I_[marked[:, column]] / I_factor
        parts.append(
            f"I = {I[0]:.4g}{f' to {I[-1]:.4g}' if I.size > 1 else ''} {I_unit} at g ="
            f" {surface.g_[column] / g_factor:.4g} {g_unit}"
        )
    more = columns.size - len(parts)
    return ", ".join(parts) + (f", and at {more} more" if more else "")
