"""What is read from the spikes of one step: rates, adaptation, silence at a plateau."""

from __future__ import annotations

import numpy as np

__all__ = ["blocked", "firing"]

LULL = 3.0  # longest intervals without a spike after which a train has ended
SETTLED_ = 5e-3  # s after a spike
ABOVE_ = 2e-3  # V over the voltage at which spikes take off, of a plateau that no spike leaves


def firing(spikes, start, stop, steady, rate):
    """Measures of spikes in a step.

    Parameters
    ----------
    spikes : ndarray
        Times, s.
    start, stop : float
        Of the step, s.
    steady : float
        Share of the step, at its end, that the steady rate is read from.
    rate : float
        Samples a second: the resolution of spike times.

    Returns
    -------
    dict
        Number of spikes in the step; steady rate, from the intervals that end in the window, so one over
        their mean (of a single spike in the step one over the window, of none 0); its standard error from
        their scatter, at least that of the sampling; onset rate, one over the first interval; coefficient of
        variation of the steady intervals; adaptation, the mean of the difference of neighbouring intervals
        over their sum.

    Examples
    --------
    >>> found = firing(np.array([0.11, 0.13, 0.16, 0.2, 0.24, 0.28]), 0.1, 0.3, 0.5, 20000.0)
    >>> found["spikes"], round(found["rate"], 3), round(found["onset_rate"], 3), round(found["adaptation"], 3)
    (6, 25.0, 50.0, 0.086)
    """
    inside = spikes[(spikes >= start) & (spikes < stop)]
    begin = stop - steady * (stop - start)
    late = np.flatnonzero(inside >= begin)
    intervals = np.diff(inside)
    # Those that end in the window, one of which may have begun before it
    steady_intervals = intervals[max(0, late[0] - 1) :] if late.size else np.array([])
    if not late.size:
        steady_rate = 0.0
    elif steady_intervals.size:
        steady_rate = 1 / steady_intervals.mean()
    else:
        steady_rate = 1 / (stop - begin)
    number = steady_intervals.size
    cv = float(steady_intervals.std(ddof=1) / steady_intervals.mean()) if number > 1 else np.nan
    # Both ends of the stretch of intervals are known to one sample, whose variance is a twelfth
    grid = steady_rate**2 * np.sqrt(1 / 6) / (rate * number) if number else np.nan
    sem = max(steady_rate * cv / np.sqrt(number), grid) if number > 1 else np.nan
    relative = np.diff(intervals) / (intervals[1:] + intervals[:-1]) if intervals.size > 1 else None
    return {
        "spikes": int(inside.size),
        "rate": float(steady_rate),
        "rate_sem": float(sem),
        "onset_rate": float(1 / intervals[0]) if intervals.size else np.nan,
        "cv": cv,
        "adaptation": np.nan if relative is None else float(relative.mean()),
    }


def blocked(voltage, spikes, start, stop, steady, rate, onset):
    """Whether a cell ends its step silent, at a voltage from which its spikes would have taken off.

    Silent is no spike within three times the longest interval before the end and within half of the steady
    part, or none in the steady part at all.
    """
    inside = spikes[(spikes >= start) & (spikes < stop)]
    window = steady * (stop - start)
    last = inside[-1] if inside.size else start
    longest = float(np.diff(inside).max()) if inside.size > 1 else 0.0
    if stop - last < min(window, max(LULL * longest, 0.5 * window)) or not np.isfinite(onset):
        return False
    # Its own last spike has fallen by then
    late = voltage[round(max(last + SETTLED_, stop - window) * rate) : round(stop * rate)]
    return bool(late.size and np.median(late) > onset + ABOVE_)
