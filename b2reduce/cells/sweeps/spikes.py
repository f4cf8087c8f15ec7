"""When a cell fired: fast rises of the voltage that end high enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...basics.errors import InputError

__all__ = ["HEIGHT_", "Rule", "find_spikes", "onset_voltage", "slow_peaks"]

HALF_SPAN_ = 1e-4  # s to both sides over which a slope is taken: noise of 0.3 mV is then 2 V/s at any rate
NEAR_ = 1e-3  # s after the last steep sample within which the peak is
EDGE_ = 3e-4  # s around an edge of the step in which a rise is the step's own
FALLS_, FALLS_WITHIN_ = 5e-3, 3e-3  # V and s of a spike at an edge; charging goes on
#: V from the first steep sample to the peak: artefacts and large synaptic potentials have less.
HEIGHT_ = 15e-3


@dataclass(frozen=True)
class Rule:
    """What counts as a spike.

    Attributes
    ----------
    threshold : float
        Voltage that its peak reaches, V.
    slope : float
        dV/dt that its rise reaches, V/s.
    refractory : float
        Time after a spike in which no other is, s.
    method : {"threshold", "efel"}
    """

    threshold: float = -20e-3
    slope: float = 20.0
    refractory: float = 1e-3
    method: str = "threshold"


def _slopes(voltage, rate):
    """dV/dt over 0.2 ms around each sample, or over two samples where these are longer."""
    half = max(1, round(HALF_SPAN_ * rate))
    slope = np.zeros_like(voltage)
    if voltage.size > 2 * half:
        slope[half:-half] = (voltage[2 * half :] - voltage[: -2 * half]) * (rate / (2 * half))
    return slope


def find_spikes(voltage, rate, rule, edges=()):
    """(times of spikes, times of fast rises that were not counted), in s from the first sample.

    A fast rise is a stretch in which dV/dt reaches the rule's slope, and which leads up by at least 15 mV to
    a peak within 1 ms. It is a spike where the peak reaches the threshold, at the time at which a line
    between samples crosses half of the rise. Between spikes the voltage need not fall below the threshold:
    those on a high plateau count. What an edge of the step makes within 0.3 ms is the step's own.

    Examples
    --------
    >>> v = np.full(2000, -0.065)
    >>> v[500:510] = np.linspace(-0.065, 0.03, 10); v[510:530] = np.linspace(0.03, -0.065, 20)
    >>> times, missed = find_spikes(v, 20000.0, Rule())
    >>> print(times.round(5), missed)
    [0.02522] []
    >>> find_spikes(v, 20000.0, Rule(threshold=0.04))[1].round(3)
    array([0.025])
    """
    rises = [
        rise
        for found in _fast_rises(voltage, rate, rule)
        if (rise := _without_edge(voltage, rate, found, edges)) is not None
    ]
    if rule.method == "efel":
        spikes = _by_efel(voltage, rate, rule)
    else:
        spikes = []
        for first, peak in rises:
            time = _half_way(voltage, first, peak) / rate
            if voltage[peak] >= rule.threshold and (not spikes or time - spikes[-1] >= rule.refractory):
                spikes.append(time)
    spikes = np.array(spikes, dtype=float)
    missed = [
        first / rate
        for first, peak in rises
        if not np.any((spikes >= first / rate - NEAR_) & (spikes <= peak / rate + NEAR_))
    ]
    return spikes, np.array(missed, dtype=float)


def slow_peaks(voltage, rate, rule, spikes, edges=()):
    """Times, in s, of peaks that reach the threshold, stand out by 15 mV, and belong to no spike.

    They rise more slowly than the rule's slope: spikes of a slow cell, or plateaus.

    Examples
    --------
    >>> v = np.full(4000, -0.065)
    >>> v[500:600] = np.linspace(-0.065, 0.0, 100); v[600:700] = np.linspace(0.0, -0.065, 100)
    >>> slow_peaks(v, 20000.0, Rule(), np.array([])).round(3)
    array([0.03])
    """
    from scipy.signal import find_peaks

    # Of a top of equal samples the middle one
    peaks = find_peaks(voltage, height=rule.threshold, prominence=HEIGHT_)[0] / rate
    before = np.concatenate([[0.0], peaks[:-1]])
    counted = np.searchsorted(spikes, peaks + NEAR_) > np.searchsorted(spikes, before + NEAR_)
    near = np.zeros(peaks.size, dtype=bool)
    for edge in edges:
        near |= np.abs(peaks - edge) <= EDGE_
    return peaks[~counted & ~near]


def _fast_rises(voltage, rate, rule):
    """[(first steep sample, peak)]"""
    fast = np.flatnonzero(_slopes(voltage, rate) >= rule.slope)
    if not fast.size:
        return []
    near, found = max(1, round(NEAR_ * rate)), []
    # A rise of one sample is steep over the span that its slope is taken over
    apart = 2 * max(1, round(HALF_SPAN_ * rate))
    for run in np.split(fast, np.flatnonzero(np.diff(fast) > apart) + 1):
        peak = run[0] + int(np.argmax(voltage[run[0] : run[-1] + near]))
        if voltage[peak] - voltage[run[0]] >= HEIGHT_ and (not found or peak > found[-1][1]):
            found.append((int(run[0]), peak))
    return found


def _without_edge(voltage, rate, rise, edges):
    """A rise without what an edge of the step makes of it; None where nothing of a spike is left.

    Strong steps charge the membrane faster than the rule's slope from their edge on, and the first spike
    follows at once: the same height must be left from 0.3 ms after the edge, and it must fall again.
    """
    first, peak = rise
    near = [edge for edge in edges if abs(first / rate - edge) <= EDGE_]
    if not near:
        return rise
    first = round((near[-1] + EDGE_) * rate)
    after = voltage[peak : peak + round(FALLS_WITHIN_ * rate)]
    high = peak > first and voltage[peak] - voltage[first] >= HEIGHT_
    return (first, peak) if high and after.min() <= voltage[peak] - FALLS_ else None


def _half_way(voltage, first, peak):
    half = 0.5 * (voltage[first] + voltage[peak])
    above = first + int(np.argmax(voltage[first : peak + 1] >= half))
    return above - 1 + (half - voltage[above - 1]) / (voltage[above] - voltage[above - 1])


def _by_efel(voltage, rate, rule):
    try:
        import efel
    except ImportError:
        raise InputError(
            "spikes: got 'efel', and eFEL is not installed: pip install efel, or leave spikes out"
        ) from None
    # Its settings are of the process, and others may use them.
    efel.reset()
    try:
        efel.set_setting("Threshold", 1e3 * rule.threshold)
        efel.set_setting("DerivativeThreshold", float(rule.slope))
        efel.set_setting("interp_step", 1e3 / rate)
        t = np.arange(voltage.size) * (1e3 / rate)
        trace = {"T": t, "V": 1e3 * voltage, "stim_start": [t[0]], "stim_end": [t[-1]]}
        peaks = efel.get_feature_values([trace], ["peak_time"], raise_warnings=False)[0]["peak_time"]
    finally:
        efel.reset()
    return [] if peaks is None else np.asarray(peaks, dtype=float) / 1e3


def onset_voltage(voltage, rate, rule, spikes):
    """Median voltage at which spikes take off, where dV/dt first has the rule's slope; NaN without spikes."""
    rises = np.array(_fast_rises(voltage, rate, rule))
    found = [
        voltage[first]
        for first, peak in rises
        if np.any((spikes >= first / rate - NEAR_) & (spikes <= peak / rate + NEAR_))
    ]
    return float(np.median(found)) if found else np.nan
