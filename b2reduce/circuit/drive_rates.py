"""Rates of drives: one value, or a table over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..basics.arguments import described, to_si
from ..basics.errors import CircuitError, UnitError, unknown_name
from ..basics.units import format_quantity, si_label
from .read_values import read_quantity

__all__ = ["lasting_rate_", "mean_rate_", "rate_at", "rate_text", "read_rate", "table_grid_"]

LONG_TABLE = 100  # entries of the table of a drive
MOST_STEPS = 10**8  # of a time step, up to the last time of a table


def read_rate(rate, key):
    """A rate as a Quantity, or a table as a pair of Quantity arrays."""
    from brian2 import Hz, TimedArray, second

    if isinstance(rate, TimedArray):
        return _table_of(rate, key)
    if isinstance(rate, Mapping):
        for name in rate:
            if name not in ("times", "values"):
                raise CircuitError(f"{key}.{name}: {unknown_name('key', name, ('times', 'values'))}")
        if len(rate) < 2:
            raise CircuitError(f"{key}: got {described(rate)}, expected times and values")
        rate = (rate["times"], rate["values"])
    if not isinstance(rate, (tuple, list)):
        if np.ndim(rate) or not isinstance(rate, (str, bool, int, float, np.number, np.ndarray)):
            raise CircuitError(
                f"{key}: got {described(rate)}, expected one rate, a table (times, values) or a TimedArray:"
                " say when each value begins; rates of cells, [4, 6]*Hz, have their unit"
            )
        return read_quantity(rate, "Hz", key)
    if len(rate) != 2:
        raise CircuitError(f"{key}: got {described(rate)}, expected one rate or a table (times, values)")
    try:
        times, values = (
            np.atleast_1d(to_si(part, unit, f"{key}, {name}"))
            for part, unit, name in zip(rate, ("s", "Hz"), ("times", "values"))
        )
    except UnitError as error:
        raise CircuitError(str(error)) from None
    if times.ndim != 1 or values.ndim != 1:
        raise CircuitError(f"{key}: got nested lists, expected one list of times and one of values")
    if times.shape != values.shape or not times.size:
        raise CircuitError(
            f"{key}: got {times.size} times and {values.size} values, expected as many of both, at least one"
        )
    if np.any(np.diff(times) <= 0) or not np.isfinite(times).all():
        raise CircuitError(f"{key}, times: got {times.tolist()} s, expected ascending times")
    if np.any(values < 0) or not np.isfinite(values).all():
        raise CircuitError(f"{key}, values: got {values.tolist()} Hz, expected rates of at least 0 Hz")
    return (times * second, values * Hz)


def _table_of(array, key):
    """The table of a TimedArray, which means the same.

    Each value holds for one dt, the last one from then on.
    """
    from brian2 import Hz, second

    values = np.asarray(array.values, dtype=float)
    if values.ndim != 1:
        raise CircuitError(
            f"{key}: got a TimedArray of shape {values.shape}, expected one value a time, which is the rate"
            " of every train; rates that differ from cell to cell are a list of rates, several drives, or"
            " a profile"
        )
    if array.dim is not Hz.dim:
        raise CircuitError(
            f"{key}: got a TimedArray in {si_label(array.dim)}, expected Hz; attach the unit to its values"
        )
    return read_rate((np.arange(values.size) * float(array.dt) * second, values * Hz), key)


def rate_at(rate, t_):
    """A rate or table at times in s, Hz; each value of a table holds until the next time."""
    if not isinstance(rate, tuple):
        return np.full(np.shape(t_), float(np.asarray(rate)))
    times, values = (np.asarray(part, dtype=float) for part in rate)
    # A table's time that lies on a step of the grid belongs to that step, whatever its last bit says.
    return values[np.clip(np.searchsorted(times, np.asarray(t_) + 1e-9, side="right") - 1, 0, None)]


def table_grid_(rate, dt_, key):
    """Times in s of a table on a grid: two steps beyond its last time."""
    last_ = max(float(rate[0][-1]), 0.0)
    if last_ / dt_ > MOST_STEPS:
        raise CircuitError(
            f"{key}, times: got {last_:g} s as the last, which are {last_ / dt_:.3g} steps of {dt_ * 1e3:g}"
            f" ms, expected at most {MOST_STEPS:g}; check their unit, or leave out those beyond what you"
            " simulate"
        )
    return np.arange(int(np.ceil(last_ / dt_)) + 2) * dt_


def mean_rate_(rate):
    """The constant in Hz, or the time mean of a table.

    The last value of a table counts for as long as the others do on average.
    """
    if not isinstance(rate, tuple):
        return float(np.asarray(rate))
    times, values = (np.asarray(part, dtype=float) for part in rate)
    if len(times) == 1:
        return float(values[0])
    steps = np.diff(times)
    return float(np.average(values, weights=[*steps, steps.mean()]))


def lasting_rate_(rate):
    """The rate in Hz that networks have in the long run, which reductions are made at.

    The constant, or of a table the value that it ends at, which holds from then on: what a kick or a step
    leaves. Of a table of equal steps that still changes at its end, such as that of a sinusoid, it is the
    mean over time; a last value that is also the first, or the one before, ends a pulse.
    """
    if not isinstance(rate, tuple):
        return float(np.asarray(rate))
    times, values = (np.asarray(part, dtype=float) for part in rate)
    steps = np.diff(times)
    changing = len(values) > 2 and np.ptp(steps) <= 1e-6 * steps.max() and values[-1] not in values[[0, -2]]
    return mean_rate_(rate) if changing else float(values[-1])


def rate_text(rate):
    """A rate or table as plain data, as in the TOML file."""
    if not isinstance(rate, tuple):
        return format_quantity(rate)
    # A long table is for programs to read: its numbers as they are take a hundredth of the time.
    text = (
        (lambda values, unit: [f"{value!r} {unit}" for value in np.asarray(values).tolist()])
        if len(rate[0]) > LONG_TABLE
        else (lambda values, unit: [format_quantity(value) for value in values])
    )
    return {"times": text(rate[0], "s"), "values": text(rate[1], "Hz")}
