"""Wiring as it is: who projects to whom, with which weight and delay, in arrays over synapses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..basics.errors import CircuitError
from .given_arrays import check_times, indices, named_arrays, npz_content, numbers, texts_of

__all__ = ["GivenWiring", "read_wiring"]

_KEYS = ("i", "j", "weight", "delay")
LONGEST_ = 0.2  # s, of delays: what is longer was meant in ms, and 1.5 is no delay of 1.5 s
_ARRAYS = "arrays i (from), j (onto), and where they differ weight and delay in s"


@dataclass(frozen=True, eq=False)
class GivenWiring:
    """Synapses one by one.

    Attributes
    ----------
    i, j : ndarray of int, shape (synapse,)
        The cell it comes from and the cell it goes onto. A pair may occur twice.
    weight : ndarray of float, shape (synapse,), or None
        What the size of the projection (G, w or J) is multiplied by; 1 where it is None.
    delay : ndarray of float, shape (synapse,), or None
        In s; the delay of the projection where it is None.
    """

    i: Any
    j: Any
    weight: Any = None
    delay: Any = None

    @property
    def number(self):
        """Of synapses."""
        return self.i.size

    @cached_property
    def mean_weight(self):
        return 1.0 if self.weight is None else float(self.weight.mean())

    @cached_property
    def relative(self):
        """Weights over their mean; None where all are the same."""
        if self.weight is None or np.all(self.weight == self.weight[0]):
            return None
        return self.weight / self.mean_weight

    @cached_property
    def second(self):
        """Mean square of the weights over their squared mean."""
        return 1.0 if self.relative is None else float(np.mean(self.relative**2))

    def in_degrees(self, cells):
        """Synapses on each of so many cells."""
        return np.bincount(self.j, minlength=cells)

    @cached_property
    def _arrays(self):
        return {key: value for key in _KEYS if (value := getattr(self, key)) is not None}

    @cached_property
    def plain(self):
        """Its arrays as texts: the same numbers, bit for bit, in files of plain data."""
        return texts_of(self._arrays)

    def npz(self):
        """The content of a file that `read_wiring` reads."""
        return npz_content(self._arrays)

    def check_sizes(self, source, target, cells, key):
        """Raise a `CircuitError` where an index names no cell; `cells` are (of the source, of the target)."""
        for name, population, size in zip("ij", (source, target), cells):
            highest = int(getattr(self, name).max())
            if highest >= size:
                raise CircuitError(
                    f"{key}, wiring, {name}: got the index {highest}, but population {population} has {size}"
                    f" cells, 0 to {size - 1}; count from 0, i is the cell that a synapse comes from, j the"
                    " one it goes onto"
                )


def read_wiring(given, key):
    """Wiring from a mapping of arrays, or from the path of an npz file."""
    if isinstance(given, GivenWiring):
        return given
    given, where = named_arrays(given, f"{key}, wiring", _KEYS, ("i", "j"), _ARRAYS)
    arrays = {
        name: _read(given[name], name, f"{where}, {name}") for name in _KEYS if given.get(name) is not None
    }
    lengths = {name: value.size for name, value in arrays.items()}
    if len(set(lengths.values())) > 1 or not lengths["i"]:
        said = ", ".join(f"{size} in {name}" for name, size in lengths.items())
        raise CircuitError(f"{where}: got {said}, expected one entry a synapse in each, at least one")
    _check_weights(arrays.get("weight"), where)
    if "delay" in arrays:
        check_times(
            arrays["delay"],
            LONGEST_,
            f"{where}, delay",
            ": divide those in ms by 1000, or give them their unit, such as [1.5, 2]*ms",
        )
    for value in arrays.values():
        value.setflags(write=False)
    return GivenWiring(**arrays)


def _read(value, name, where):
    if name in ("i", "j"):
        return indices(value, where, "synapse")
    if name == "delay":
        return numbers(value, where, "synapse", "s")
    return numbers(
        value, where, "synapse", why="; they multiply the size of the projection, as with G = '1 nS'"
    )


def _check_weights(weight, where):
    if weight is None:
        return
    if weight.min() < 0 < weight.max():
        raise CircuitError(
            f"{where}, weight: got both signs, {weight.min():g} to {weight.max():g}, expected one; write two"
            " projections"
        )
    if not weight.any():
        raise CircuitError(f"{where}, weight: all are 0; remove the projection")
