"""Arrays over synapses or spikes, as they are given: in npz files, as texts within a file, as lists."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np

from ..basics.arguments import described, to_si
from ..basics.errors import CircuitError, InputError, unknown_name

__all__ = ["check_times", "indices", "named_arrays", "npz_content", "numbers", "texts_of", "with_folder"]

_INDEX, _NUMBER = "<i4", "<f8"  # how they are kept, little endian wherever they are read
#: What numpy and zipfile raise of files that are no such file, or that are damaged.
_UNREADABLE = (
    *(ValueError, OSError, EOFError, KeyError, BadZipFile, zlib.error),
    *(RuntimeError, NotImplementedError, SyntaxError, TokenError),  # encrypted, packed otherwise, bad headers
)
_INLINE = "base64:"  # an array within a text


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


def texts_of(arrays):
    """{name: text} of arrays that were read here: the same numbers, bit for bit, in files of plain data."""
    kept = lambda value: value.astype(_INDEX if value.dtype.kind == "i" else _NUMBER)
    return {
        name: _INLINE + base64.b64encode(kept(value).tobytes()).decode() for name, value in arrays.items()
    }


def named_arrays(given, where, known, needed, expected):
    """({name: array}, where) of a mapping, or of the path of an npz file.

    Parameters
    ----------
    given : object
    where : str
        What errors name first; the path joins it.
    known, needed : sequence of str
        Names that may be there, and that must be.
    expected : str
        The arrays in words.
    """
    if isinstance(given, (str, Path)):
        given, where = _read_npz(Path(given), where, expected), f"{where} ({given})"
    if not isinstance(given, Mapping):
        raise CircuitError(
            f"{where}: got {described(given)}, expected the path of an npz file, or {expected}"
        )
    for name in given:
        if name not in known:
            raise CircuitError(f"{where}: {unknown_name('array', name, known)}")
    for name in needed:
        if given.get(name) is None:
            raise CircuitError(f"{where}: the array {name!r} is missing, expected {expected}")
    return given, where


def _read_npz(path, where, expected):
    """{name: array} of a file; nothing in it is ever unpickled."""
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
            f"{where} ({path}): {said}; expected an npz file as numpy.savez writes it, with {expected}"
        ) from None


def indices(value, where, of):
    """Whole numbers from 0, one of each synapse or spike."""
    found = _finite(value, where, of, _INDEX)
    if not (found == np.floor(found)).all():
        raise CircuitError(f"{where}: got {found[found != np.floor(found)][0]:g}, expected whole numbers")
    if found.size and not 0 <= found.min() <= found.max() < 2**31:
        raise CircuitError(f"{where}: got {found.min():g} to {found.max():g}, expected indices from 0")
    return found.astype(np.int32)


def numbers(value, where, of, unit=None, why=""):
    """Finite numbers, one of each synapse or spike: SI where they may have a unit, else plain (see `why`)."""
    return _finite(value, where, of, _NUMBER, unit, why).astype(float)


def _finite(value, where, of, kept, unit=None, why=""):
    whole = "whole " if kept == _INDEX else ""
    if hasattr(value, "dim"):
        value = _without_unit(value, where, unit, why)
    elif isinstance(value, str) and value.startswith(_INLINE):
        value = _of_text(value, where, kept)
    try:
        found = np.asarray(value)
    except ValueError:
        raise CircuitError(f"{where}: got lists of unequal length, expected one list") from None
    if found.ndim != 1 or found.dtype.kind not in "iuf":
        raise CircuitError(f"{where}: got {described(value)}, expected {whole}numbers, one a {of}")
    if not np.isfinite(found).all():
        raise CircuitError(f"{where}: got values that are not finite, expected finite ones")
    return found


def _without_unit(value, where, unit, why):
    if unit is None:
        if not value.dim.is_dimensionless:
            raise CircuitError(f"{where}: got {described(value)}, expected plain numbers{why}")
        return np.asarray(value)
    try:
        return to_si(value, unit, where)
    except InputError as error:
        raise CircuitError(str(error)) from None


def _of_text(value, where, kept):
    try:
        return np.frombuffer(base64.b64decode(value.removeprefix(_INLINE), validate=True), kept)
    except (ValueError, binascii.Error) as error:
        raise CircuitError(f"{where}: its text cannot be read: {error}") from None


def check_times(found, longest_, where, advice=""):
    """Raise a `CircuitError` of times in s that were meant in ms, or that are before 0."""
    if found.size and not 0 <= found.min() <= found.max() <= longest_:
        raise CircuitError(
            f"{where}: got {found.min():g} to {found.max():g} s, expected 0 to {longest_:g} s; plain numbers"
            f" are in s{advice}"
        )
