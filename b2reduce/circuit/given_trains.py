"""Trains of spikes as they were recorded, for drives that replay them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..basics.arguments import described, to_si
from ..basics.errors import CircuitError, InputError, unknown_name
from .given_wiring import inline_array, inline_text, npz_content, read_npz

__all__ = ["MOST_TRAINS", "GivenTrains", "read_trains"]

#: {array: how it is kept}, little endian wherever it is read.
_KEPT = {"i": "<i4", "t": "<f8"}
_KEYS = (*_KEPT, "duration")
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
        arrays = {key: inline_text(getattr(self, key), kept) for key, kept in _KEPT.items()}
        return {**arrays, "duration": self.duration_}

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
    if isinstance(given, (str, Path)):
        given, where = read_npz(Path(given), where, _ARRAYS), f"{where} ({given})"
    elif isinstance(given, (tuple, list)) and len(given) == 2:
        given = dict(zip("it", given))
    elif not isinstance(given, Mapping):
        given = _of_brian(given, where)
    for name in given:
        if name not in _KEYS:
            raise CircuitError(f"{where}: {unknown_name('array', name, _KEYS)}")
    for name in _KEPT:
        if given.get(name) is None:
            raise CircuitError(f"{where}: the array {name!r} is missing, expected {_ARRAYS}")
    i, t = _indices(given["i"], f"{where}, i"), _times(given["t"], f"{where}, t")
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


def _indices(value, where):
    found = _plain(value, "i", where)
    if not (found == np.floor(found)).all():
        raise CircuitError(f"{where}: got {found[found != np.floor(found)][0]:g}, expected whole numbers")
    if found.size and not 0 <= found.min() <= found.max() < 2**31:
        raise CircuitError(f"{where}: got {found.min():g} to {found.max():g}, expected indices from 0")
    return found.astype(np.int32)


def _times(value, where):
    found = _plain(_seconds(value, where), "t", where).astype(float)
    if found.size and not 0 <= found.min() <= found.max() <= LONGEST_:
        raise CircuitError(
            f"{where}: got {found.min():g} to {found.max():g} s, expected 0 to {LONGEST_:g} s; plain numbers"
            " are in s"
        )
    return found


def _seconds(value, where):
    """SI of what has a unit, and plain numbers as they are."""
    if not hasattr(value, "dim"):
        return value
    try:
        return to_si(value, "s", where)
    except InputError as error:
        raise CircuitError(str(error)) from None


def _plain(value, name, where):
    """One array of finite numbers."""
    value = inline_array(value, _KEPT[name], where)
    try:
        found = np.asarray(value)
    except ValueError:
        raise CircuitError(f"{where}: got lists of unequal length, expected one list") from None
    if found.ndim != 1 or found.dtype.kind not in "iuf" and found.size:
        raise CircuitError(f"{where}: got {described(value)}, expected numbers, one a spike")
    if hasattr(value, "dim") and not value.dim.is_dimensionless:
        raise CircuitError(f"{where}: got {described(value)}, expected plain whole numbers")
    if not np.isfinite(found).all():
        raise CircuitError(f"{where}: got values that are not finite, expected finite ones")
    return found


def _duration(value, last_, where):
    if value is None:
        if last_ > 0:
            return last_
        raise CircuitError(f"{where}: the only spikes are at 0 s; say with a duration how long they last")
    try:
        found = _seconds(value, f"{where}, duration")
        # Not a list of one, nor True, which are 1 s to numpy
        found = np.nan if np.ndim(found) or np.asarray(found).dtype == bool else float(found)
    except (TypeError, ValueError):
        found = np.nan
    if not last_ <= found <= LONGEST_ or not found > 0:
        raise CircuitError(
            f"{where}, duration: got {described(value)}, expected a time in s not before the last spike, at"
            f" {last_:g} s"
        )
    return found
