"""Trains of spikes as they were recorded, for drives that replay them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..basics.arguments import described, to_si
from ..basics.errors import CircuitError
from .given_arrays import check_times, indices, named_arrays, npz_content, numbers, texts_of

__all__ = ["MOST_TRAINS", "GivenTrains", "read_trains"]

MOST_TRAINS = 10**8  # that cells share: each is simulated
LONGEST_ = 1e4  # s: later spikes were meant in ms
_ARRAYS = "arrays i (the train) and t (its spikes, in s), and where they last longer a duration in s"


@dataclass(frozen=True, eq=False)
class GivenTrains:
    """Spikes one by one, in the order of their times.

    Attributes
    ----------
    i : ndarray of int, shape (spike,)
        The train that it belongs to.
    t : ndarray of float, shape (spike,)
        s.
    duration_ : float
        How long was recorded, s; the time of the last spike where nobody said.
    number : int
        Of trains, silent ones included.
    """

    i: Any
    t: Any
    duration_: float
    number: int

    @property
    def rate_(self):
        """Mean rate of a train, Hz."""
        return self.t.size / (self.number * self.duration_)

    def among(self, number):
        """The same spikes of so many trains."""
        return self if number == self.number else replace(self, number=number)

    @cached_property
    def plain(self):
        """Its arrays as texts: the same numbers, bit for bit, in files of plain data."""
        return {**texts_of({"i": self.i, "t": self.t}), "duration": self.duration_}

    def to_dict(self):
        """Plain data, as in the TOML file."""
        return dict(self.plain)

    def npz(self):
        """The content of a file that `read_trains` reads."""
        return npz_content({"i": self.i, "t": self.t, "duration": np.array(self.duration_)})

    def __eq__(self, other):
        return isinstance(other, GivenTrains) and (other.number, other.plain) == (self.number, self.plain)

    def __hash__(self):
        return hash((self.number, *self.plain.values()))

    def __str__(self):
        return f"{self.t.size} recorded spikes, mean {self.rate_:.4g} Hz"

    def check_number(self, number, key, of_what):
        """Raise a `CircuitError` where an index names no train."""
        if self.i.max() >= number:
            raise CircuitError(
                f"{key}, spikes, i: got the index {self.i.max()}, but {of_what}: 0 to {number - 1}; count"
                " from 0, or give trains = N and inputs = K for N trains of which each cell sees K"
            )

    @cached_property
    def _steps(self):
        return {}  # by the step: changed copies of a circuit ask again

    def steps(self, dt_, key):
        """Steps of a grid in which the spikes fall, as Brian2 rounds them: down, but for rounding errors.

        Raises
        ------
        CircuitError
            If one train has two spikes in one step, which is refused as Brian2 refuses it.
        """
        if dt_ in self._steps:
            return self._steps[dt_]
        steps = np.floor(self.t / dt_ + 1e-3).astype(np.int64)
        order = np.lexsort((steps, self.i))
        twice = (np.diff(self.i[order]) == 0) & (np.diff(steps[order]) == 0)
        if twice.any():
            first = order[np.flatnonzero(twice)[0]]
            raise CircuitError(
                f"{key}, spikes: train {self.i[first]} has two spikes within one step of {dt_ * 1e3:g} ms, at"
                f" {self.t[first]:g} s, and {np.count_nonzero(twice)} such pairs there are; expected one"
                " spike a step at most; lower dt, or divide the train into several"
            )
        return self._steps.setdefault(dt_, steps)


def read_trains(given, key):
    """Trains from the path of an npz file, a mapping or a pair of arrays, or an object of Brian2 with i and
    t.
    """
    if isinstance(given, GivenTrains):
        return given
    where = f"{key}, spikes"
    if isinstance(given, (tuple, list)) and len(given) == 2:
        given = dict(zip("it", given))
    elif not isinstance(given, (Mapping, str, Path)):
        given = _of_brian(given, where)
    given, where = named_arrays(given, where, ("i", "t", "duration"), ("i", "t"), _ARRAYS)
    i = indices(given["i"], f"{where}, i", "spike")
    t = numbers(given["t"], f"{where}, t", "spike", "s")
    check_times(t, LONGEST_, f"{where}, t")
    if i.size != t.size:
        raise CircuitError(
            f"{where}: got {i.size} in i and {t.size} in t, expected one entry a spike in each"
        )
    if not t.size:
        raise CircuitError(f'{where}: there is no spike; leave the drive out, or give rate = "0 Hz"')
    order = np.lexsort((i, t))
    i, t = i[order], t[order]
    for array in (i, t):
        array.setflags(write=False)
    return GivenTrains(i, t, _duration(given.get("duration"), float(t[-1]), where), int(i.max()) + 1)


def _of_brian(given, where):
    """{name: array} of a SpikeGeneratorGroup or a SpikeMonitor."""
    if hasattr(given, "neuron_index") and hasattr(given, "spike_time"):
        if float(np.asarray(given.period)) > 0:
            raise CircuitError(
                f"{where}: got a SpikeGeneratorGroup that repeats with a period, expected one that does not;"
                " write its spikes out for as long as you simulate"
            )
        return {"i": given.neuron_index[:], "t": given.spike_time[:]}
    if not hasattr(given, "i") or not hasattr(given, "t") or np.ndim(given.t[:]) != 1:
        raise CircuitError(
            f"{where}: got {described(given)}, expected the path of an npz file, {_ARRAYS}, a pair (i, t), or"
            " a SpikeMonitor"
        )
    found = {"i": np.array(given.i[:]), "t": given.t[:]}
    ran_ = float(np.asarray(getattr(getattr(given, "clock", None), "t_", 0.0)))
    return {**found, "duration": ran_} if ran_ > 0 else found


def _duration(value, last_, where):
    if value is None:
        if last_ > 0:
            return last_
        raise CircuitError(f"{where}: the only spikes are at 0 s; say with a duration how long they last")
    try:
        found = to_si(value, "s", f"{where}, duration") if hasattr(value, "dim") else value
        # Not a list of one, nor True, which are 1 s to numpy
        found = np.nan if np.ndim(found) or np.asarray(found).dtype == bool else float(found)
    except (TypeError, ValueError):  # of another unit, or no number
        found = np.nan
    if not last_ <= found <= LONGEST_ or not found > 0:
        raise CircuitError(
            f"{where}, duration: got {described(value)}, expected a time in s not before the last spike, at"
            f" {last_:g} s"
        )
    return found
