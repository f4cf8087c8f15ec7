"""Sweeps from files, with their steps and what was added to them, as arguments say."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...basics.arguments import described, pair_of, to_si, whole
from ...basics.errors import InputError
from .raw import RawSweep
from .windows import cut, too_short, windowed

__all__ = ["ENDINGS", "Reading", "added_of", "currents_of", "gathered", "numbers_of", "paths_of", "window_of"]

ENDINGS = (".abf", ".nwb")


@dataclass(frozen=True)
class Reading:
    """Which signals of a file are taken, and what their numbers are; None is what the file says."""

    voltage: Any = None
    command: Any = None
    voltage_unit: str | None = None
    command_unit: str | None = None
    currents: np.ndarray | None = None
    g_channel: Any = None
    sweeps: frozenset | None = None


def window_of(window):
    """(start, stop) of the step in s, or None."""
    if window is None:
        return None
    window = pair_of(window, "s", "window", "('0.1 s', '0.6 s')")
    if not window[0] > 0 or too_short(window):
        raise InputError(
            f"window: got {window[0]:g} to {window[1]:g} s, expected a step of at least 0.1 s, after the"
            " start"
        )
    return window


def currents_of(currents, window):
    """Currents of all sweeps in A, or None."""
    if currents is None:
        return None
    if window is None:
        raise InputError("window: is needed where currents are given: when the step begins and ends")
    return np.atleast_1d(to_si(currents, "A", "currents"))


def numbers_of(sweeps):
    """Numbers of the sweeps that are wanted, or None."""
    return None if sweeps is None else frozenset(whole(k, "sweeps") for k in np.atleast_1d(sweeps))


def paths_of(paths):
    """List of the files, once their names can be recordings'."""
    one = isinstance(paths, (str, os.PathLike))
    paths = [paths] if one else paths
    if not isinstance(paths, (list, tuple)) or not paths:
        raise InputError(f"paths: got {described(paths)}, expected the path of a recording or a list of them")
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise InputError(f"paths: got {described(path)}, expected the path of a recording")
        if not str(path).lower().endswith(ENDINGS):
            raise InputError(
                f"{path}: expected a file that ends in .abf or .nwb; a table of rates is read by"
                " FISurface.from_csv"
            )
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise InputError("paths: a file is named twice; its sweeps would count double")
    return list(paths)


def gathered(paths, reading, window, bias, protocol):
    """(sweeps with steps, where others stand and why they have none, notes, number of sweeps)."""
    groups = [(path, _read(path, reading)) for path in paths]
    groups = [(path, _selected(path, raws, long, reading.sweeps, protocol)) for path, (raws, long) in groups]
    if reading.currents is not None:
        groups = _commanded(groups, reading.currents, window)
    kept: list = []
    left: list = []
    notes: list = []
    for _, group in groups:
        left += [(raw, "no stimulus belongs to it") for raw in group if raw.command is None]
        for same in _alike([raw for raw in group if raw.command is not None]):
            found = windowed([replace(raw, bias=raw.bias + bias) for raw in same], window)
            for all_, new in zip((kept, left, notes), found):
                all_ += new
    if not kept:
        raw, why = left[0]
        raise InputError(
            f"{raw.file}: no sweep has a step that rates can be read from: sweep {raw.number}, command"
            f" {raw.command_channel!r}: {why}; give window='100 ms,600 ms', or another command="
        )
    without = [f"{raw.label}: {why}" for raw, why in left]
    return kept, without, notes, sum(len(group) for _, group in groups)


def _read(path, reading):
    if str(path).lower().endswith(".abf"):
        from .abf import read_abf

        return read_abf(path, reading)
    from .nwb import read_nwb

    if reading.command is not None:
        raise InputError(
            f"command: is for ABF files; what belongs to a series of {path} is said by its"
            " sweep and electrode"
        )
    return read_nwb(path, reading)


def _selected(path, raws, long, wanted, protocol):
    """Those that were asked for; a long recording is cut into its steps first."""
    if long and len(raws) == 1 and raws[0].command is not None:
        raws = cut(raws[0])
        raws = raws if wanted is None else [raw for raw in raws if raw.number in wanted]
    if protocol is not None:
        names = sorted({raw.protocol for raw in raws})
        raws = [raw for raw in raws if protocol.lower() in raw.protocol.lower()]
        if not raws:
            raise InputError(f"protocol: got {protocol!r}, expected a part of one of {path}: {names}")
    if not raws:
        raise InputError(f"{path}: holds no sweep{'' if wanted is None else ' of those in sweeps='}")
    return raws


def _commanded(groups, currents, window):
    """The sweeps with the currents that were given."""
    number = sum(len(group) for _, group in groups)
    if currents.size != number:
        raise InputError(f"currents: got {currents.size}, expected one for each of the {number} sweeps")
    values, given = iter(currents), []
    for path, group in groups:
        new = []
        for raw in group:
            command = np.zeros(raw.voltage.size)
            command[round(window[0] * raw.rate) : round(window[1] * raw.rate)] = next(values)
            new.append(replace(raw, command=command, command_channel="given", nominal=True))
        given.append((path, new))
    return given


def _alike(group: list[RawSweep]):
    """Sweeps of one protocol, whose steps may be compared."""
    kinds: dict = {}
    for raw in group:
        kinds.setdefault((raw.protocol, raw.rate), []).append(raw)
    return kinds.values()


def added_of(kept, paths, g_added, g_channel):
    """Added conductance of each sweep, S."""
    if g_channel is not None:
        if g_added is not None:
            raise InputError("g_added: the channel g_channel says it already; leave one of them out")
        parts = [one.raw.conductance[one.first : one.stop] for one in kept]
        bad = next((k for k, part in enumerate(parts) if not part.size or not np.isfinite(part).all()), None)
        if bad is not None:
            raise InputError(
                f"g_channel: {kept[bad].raw.label}: the conductance is not known within its step"
            )
        return np.array([float(part.mean()) for part in parts])
    if g_added is None:
        return np.zeros(len(kept))
    if isinstance(g_added, dict):
        missing = [one.raw.number for one in kept if one.raw.number not in g_added]
        if missing:
            raise InputError(f"g_added: says nothing of the sweep {missing[0]}, which has a step")
        values = np.array([to_si(g_added[one.raw.number], "S", "g_added") for one in kept])
    else:
        given = np.asarray(to_si(g_added, "S", "g_added"), dtype=float)
        if given.ndim == 0:
            values = np.full(len(kept), float(given))
        elif given.size == len(paths):
            names = list(map(str, paths))
            values = np.array([given[names.index(one.raw.file)] for one in kept])
        elif len(paths) == 1 and given.size == len(kept):
            values = given
        else:
            raise InputError(
                f"g_added: got {given.size} values, expected one for each of the {len(paths)} files"
                + (f" or {len(kept)} sweeps" if len(paths) == 1 else "")
            )
    if not np.isfinite(values).all():
        raise InputError("g_added: holds values that are no numbers")
    return values
