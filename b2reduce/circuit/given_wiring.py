"""Wiring as it is: who projects to whom, with which weight and delay, in arrays over synapses."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ..basics.arguments import described, to_si
from ..basics.errors import CircuitError, InputError, unknown_name

__all__ = [
    "GivenWiring",
    "inline_array",
    "inline_text",
    "npz_content",
    "read_npz",
    "read_wiring",
    "with_folder",
]

#: {array: how it is kept}, little endian wherever it is read.
_KEPT = {"i": "<i4", "j": "<i4", "weight": "<f8", "delay": "<f8"}
#: What numpy and zipfile raise of files that are no such file, or that are damaged.
_UNREADABLE = (
    *(ValueError, OSError, EOFError, KeyError, BadZipFile, zlib.error),
    *(RuntimeError, NotImplementedError, SyntaxError, TokenError),  # encrypted, packed otherwise, bad headers
)
_INLINE = "base64:"  # an array within a text
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
        return {key: value for key in _KEPT if (value := getattr(self, key)) is not None}

    @cached_property
    def plain(self):
        """Its arrays as texts: the same numbers, bit for bit, in files of plain data."""
        return {key: inline_text(value, _KEPT[key]) for key, value in self._arrays.items()}

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


def with_folder(entry, folder):
    """An entry of a file, in which paths of its wiring and spikes are relative to the folder of the file."""
    if not isinstance(entry, Mapping) or folder is None:
        return entry
    paths = {key: entry[key] for key in ("wiring", "spikes") if isinstance(entry.get(key), str)}
    return {**entry, **{key: str(Path(folder) / path) for key, path in paths.items()}}


def npz_content(arrays):
    """The content of an npz file of arrays."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def inline_text(value, kept):
    """An array as a text, kept as a type of numpy says."""
    return _INLINE + base64.b64encode(value.astype(kept).tobytes()).decode()


def inline_array(value, kept, where):
    """The array of such a text; whatever else as it is."""
    if not isinstance(value, str) or not value.startswith(_INLINE):
        return value
    try:
        return np.frombuffer(base64.b64decode(value.removeprefix(_INLINE), validate=True), kept)
    except (ValueError, binascii.Error) as error:
        raise CircuitError(f"{where}: its text cannot be read: {error}") from None


def read_wiring(given, key):
    """Wiring from a mapping of arrays, or from the path of an npz file."""
    if isinstance(given, GivenWiring):
        return given
    where = f"{key}, wiring"
    if isinstance(given, (str, Path)):
        given, where = read_npz(Path(given), where, _ARRAYS), f"{where} ({given})"
    if not isinstance(given, Mapping):
        raise CircuitError(f"{where}: got {described(given)}, expected the path of an npz file, or {_ARRAYS}")
    for name in given:
        if name not in _KEPT:
            raise CircuitError(f"{where}: {unknown_name('array', name, _KEPT)}")
    for name in ("i", "j"):
        if given.get(name) is None:
            raise CircuitError(f"{where}: the array {name!r} is missing, expected {_ARRAYS}")
    arrays = {name: _array(given[name], name, where) for name in _KEPT if given.get(name) is not None}
    lengths = {name: value.size for name, value in arrays.items()}
    if len(set(lengths.values())) > 1 or not lengths["i"]:
        said = ", ".join(f"{size} in {name}" for name, size in lengths.items())
        raise CircuitError(f"{where}: got {said}, expected one entry a synapse in each, at least one")
    _check_weights(arrays.get("weight"), where)
    _check_delays(arrays.get("delay"), where)
    for value in arrays.values():
        value.setflags(write=False)
    return GivenWiring(**arrays)


def read_npz(path, where, arrays):
    """{name: array} of a file that should hold some arrays, in words; nothing in it is ever unpickled."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise CircuitError(
            f"{where}: the file '{path}' {what}; paths in a circuit's file are relative to that file, others"
            " to the working folder"
        )
    try:
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, np.lib.npyio.NpzFile):
            raise ValueError("it holds one array without a name")
        with found:
            return {name: found[name] for name in found.files}
    except MemoryError as error:
        raise CircuitError(f"{where} ({path}): what it holds does not fit into memory: {error}") from None
    except _UNREADABLE as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in said:
            said = "what it holds is no npz of numbers"
        raise CircuitError(
            f"{where} ({path}): {said}; expected an npz file as numpy.savez writes it, with {arrays}"
        ) from None


def _array(value, name, where):
    """One array of numbers, as it is kept."""
    index, where = name in ("i", "j"), f"{where}, {name}"
    value = inline_array(value, _KEPT[name], where)
    if hasattr(value, "dim"):
        if name != "delay" and not value.dim.is_dimensionless:
            raise CircuitError(
                f"{where}: got {described(value)}, expected plain numbers"
                + ("" if index else "; they multiply the size of the projection, as with G = '1 nS'")
            )
        try:
            value = to_si(value, "s", where) if name == "delay" else np.asarray(value)
        except InputError as error:
            raise CircuitError(str(error)) from None
    try:
        found = np.asarray(value)
    except ValueError:
        raise CircuitError(f"{where}: got lists of unequal length, expected one list") from None
    if found.ndim != 1 or found.dtype.kind not in "iuf":
        raise CircuitError(
            f"{where}: got {described(value)}, expected {'whole ' if index else ''}numbers, one a synapse"
        )
    if not np.isfinite(found).all():
        raise CircuitError(f"{where}: got values that are not finite, expected finite ones")
    if index and not (found == np.floor(found)).all():
        raise CircuitError(f"{where}: got {found[found != np.floor(found)][0]:g}, expected whole numbers")
    if index and found.size and not 0 <= found.min() <= found.max() < 2**31:
        raise CircuitError(f"{where}: got {found.min():g} to {found.max():g}, expected indices from 0")
    return found.astype(np.int32 if index else float)


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


def _check_delays(delay, where):
    if delay is None:
        return
    if not 0 <= delay.min() <= delay.max() <= LONGEST_:
        raise CircuitError(
            f"{where}, delay: got {delay.min():g} to {delay.max():g} s, expected 0 to {LONGEST_:g} s; plain"
            " numbers are in s: divide those in ms by 1000, or give them their unit, such as [1.5, 2]*ms"
        )
