"""What is made of sweeps with their steps: spikes, rates, the cell's own leak, and what is wrong."""

from __future__ import annotations

from itertools import chain

import numpy as np

from .faults import warnings_of
from .measures import blocked, firing
from .passive import Steady, bridge_jumps, passive_of, slope_through_zero
from .recording import COLUMNS, Sweep, SweepRecording
from .spikes import find_spikes, onset_voltage, slow_peaks

__all__ = ["recording_of"]

BASE_ = 0.2  # s before the step that the resting voltage is read from


def recording_of(kept, left_out, added, E_added, rule, steady, junction, notes, provenance):
    """A `SweepRecording` of sweeps with steps.

    Parameters
    ----------
    kept : list of Windowed
    left_out : list of str
    added : ndarray
        Added conductance of each, S.
    E_added : float
        Its reversal, V.
    rule : Rule
    steady : float
    junction : float
        Liquid junction potential, V.
    notes : list of str
        What is known already and must be said.
    provenance : dict
    """
    import pandas as pd

    voltages = [one.raw.voltage - junction for one in kept]
    found = [find_spikes(voltage, one.raw.rate, rule, one.edges) for one, voltage in zip(kept, voltages)]
    trains, missed = [times for times, _ in found], [times for _, times in found]
    slow = [
        slow_peaks(voltage, one.raw.rate, rule, times, one.edges)
        for one, voltage, times in zip(kept, voltages, trains)
    ]
    rows = [_row(*entry, steady, rule) for entry in zip(kept, voltages, trains, added)]
    onsets = np.array([row["onset [V]"] for row in rows])
    onset = float(np.nanmedian(onsets)) if np.isfinite(onsets).any() else np.nan
    for row, one, voltage, times in zip(rows, kept, voltages, trains):
        row["blocked"] = blocked(voltage, times, one.start_, one.stop_, steady, one.raw.rate, onset)
        if row["blocked"]:
            row.update({"rate [Hz]": 0.0, "rate_sem [Hz]": np.nan, "cv": np.nan})
    table = pd.DataFrame(rows)[list(COLUMNS)]
    steadies = [
        Steady(row["rest [V]"], row["plateau [V]"], one.holding, one.current, row["g_added [S]"])
        for one, row, times in zip(kept, rows, trains)
        if not np.any((times > one.start_ - BASE_) & (times < one.stop_)) and np.isfinite(row["rest [V]"])
    ]
    passive = passive_of(steadies, E_added)
    jumps = list(chain.from_iterable(map(_jumps, kept, voltages, trains)))
    bridge, bridge_sem = slope_through_zero(*map(np.array, zip(*jumps))) if jumps else (np.nan, np.nan)
    return SweepRecording(
        tuple(
            Sweep(
                one.raw.file,
                one.raw.number,
                one.raw.channel,
                voltage[: one.raw.command.size],
                one.raw.command[: voltage.size] + one.raw.bias,
                one.raw.rate,
                (one.start_, one.stop_),
                one.current,
                one.holding,
                float(g),
                times,
            )
            for one, voltage, times, g in zip(kept, voltages, trains, added)
        ),
        table,
        passive.g_L,
        passive.g_L_sem,
        passive.E_L,
        passive.E_L_sem,
        float(bridge),
        float(bridge_sem),
        float(E_added),
        tuple(left_out),
        {
            "spikes": rule.method,
            "threshold [V]": rule.threshold,
            "slope [V/s]": rule.slope,
            "refractory [s]": rule.refractory,
            "steady": steady,
            "junction [V]": junction,
        },
        (
            *notes,
            *warnings_of(
                kept, voltages, trains, missed, slow, table, passive, (bridge, bridge_sem), left_out, rule
            ),
        ),
        {"source": "recorded sweeps", **provenance},
    )


def _row(one, voltage, spikes, added, steady, rule):
    raw = one.raw
    begin = one.stop - round(steady * (one.stop - one.first))
    base = voltage[max(0, one.first - round(BASE_ * raw.rate)) : one.first]
    found = firing(spikes, one.start_, one.stop_, steady, raw.rate)
    inside = spikes[(spikes >= one.start_) & (spikes < one.stop_)]
    return {
        "file": raw.file,
        "sweep": raw.number,
        "I [A]": one.current,
        "g_added [S]": float(added),
        "start [s]": one.start_,
        "stop [s]": one.stop_,
        "spikes": found["spikes"],
        "rate [Hz]": found["rate"],
        "rate_sem [Hz]": found["rate_sem"],
        "onset_rate [Hz]": found["onset_rate"],
        "cv": found["cv"],
        "adaptation": found["adaptation"],
        "rest [V]": _rest(base, np.any((spikes > one.start_ - BASE_) & (spikes < one.start_))),
        "plateau [V]": float(np.median(voltage[begin : one.stop])),
        "onset [V]": onset_voltage(voltage, raw.rate, rule, inside),
    }


def _rest(base, fires):
    """Mean, which is finer than steps of a digitizer; the median where spikes are in it."""
    return np.nan if not base.size else float(np.median(base) if fires else base.mean())


def _jumps(one, voltage, spikes):
    """Jumps of the voltage at both edges of a step."""
    size = one.current - one.holding
    edges = [(one.first, size), (one.stop, -size)] if np.isfinite(size) else []
    return bridge_jumps(voltage, one.raw.rate, [edge for edge in edges if edge[0] < voltage.size], spikes)
