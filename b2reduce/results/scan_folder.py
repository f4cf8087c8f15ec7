"""The folder of a scan: its description, a file a point, and the table made of them."""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np

from .. import __version__
from ..basics.arguments import described
from ..basics.errors import InputError, OutputError
from ..basics.files import make_folder, unmake_folders, without_nan, write_json
from ..basics.interrupts import undisturbed
from ..basics.locks import locked
from ..basics.provenance import versions
from ..basics.units import format_quantity, parse_quantity, si_label

__all__ = ["load_scan"]

FORMAT = 1
MANIFEST, LOCK = "scan.json", ".lock"


def parsed(value):
    """A value, or the Quantity that a text stands for."""
    try:
        read = parse_quantity(value) if isinstance(value, str) else value
    except InputError:
        return value
    return read if hasattr(read, "dim") else value  # a text of a number alone stays one


def plain_value(value, where):
    """Plain data of a value: equal for values that are equal, and read back to the same.

    Raises
    ------
    InputError
        If a later process could not tell it from another.
    """
    plain = lambda item: plain_value(item, where)
    value = parsed(value)
    if hasattr(value, "dim") and isinstance(value, np.ndarray):
        if np.ndim(value):
            return [plain(item) for item in value]
        finite = np.isfinite(float(np.asarray(value)))
        return format_quantity(value) if finite else f"{float(np.asarray(value))!r} {si_label(value)}"
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return _plain_object(value, where, plain)


def _plain_object(value, where, plain):
    kind = type(value).__name__
    if kind == "TimedArray":
        times = [f"{float(value.dt) * number!r} s" for number in range(len(value.values))]
        return {
            "times": times,
            "values": [f"{item!r} {si_label(value.dim)}" for item in value.values.tolist()],
        }
    if hasattr(value, "to_dict"):  # circuits, neurons, drives, tables
        return {kind: plain(value.to_dict())}
    if is_dataclass(value) and not isinstance(value, type):
        return {kind: {item.name: plain(getattr(value, item.name)) for item in fields(value)}}
    if inspect.isfunction(value) or inspect.isbuiltin(value) or isinstance(value, type):
        return f"{value.__module__}.{name_of(value, where)}"
    raise InputError(
        f"{where}: got {described(value)}, which a later process could not tell from another; expected plain"
        " values: numbers, text, quantities, arrays, lists or dicts of them"
    )


def name_of(function, where):
    """The name under which every process finds a function in its module.

    Raises
    ------
    InputError
        If there is none: of a lambda, a function within a function, one that another has replaced.
    """
    name = getattr(function, "__qualname__", "")
    found = sys.modules.get(getattr(function, "__module__", None) or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    if not name or found is not function:
        raise InputError(
            f"{where}: got {described(function)} that no module holds under its name"
            f" ({name or 'it has none'}), so that a later process could not tell it from another;"
            " define it with def at the top of a module, or leave out= away"
        )
    return name


def _columns(point):
    """Parameters of a point as columns: SI floats with the unit in the name; text and counts as they are."""
    columns = {}
    for name, value in point.items():
        quantity = parsed(value)
        if hasattr(quantity, "dim"):
            columns[f"{name} [{si_label(quantity)}]"] = float(np.asarray(quantity))
        else:
            columns[name] = quantity
    return columns


def scan_table(folder, points, lost):
    """All points as they are on disk: the same whoever computed them, and when."""
    import pandas as pd

    rows, finished = [], finished_points(folder)
    for number, point in enumerate(points):
        columns = {"point": number, **_columns(point)}
        result = finished.get(point_key(point)) or {
            "rows": [{}],
            "status": f"not finished: {lost.get(number, 'the scan was interrupted')}",
        }
        rows += [{**columns, **row, "status": result["status"]} for row in result["rows"] or [{}]]
    return pd.DataFrame(rows)


def load_scan(folder):
    """The table of a scan, unfinished points included.

    Raises
    ------
    InputError
        If the folder's description is of another format or a newer version.
    """
    held = _manifest(Path(folder) / MANIFEST)
    return scan_table(Path(folder), held["points"], {})


def _manifest(path):
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] != "b2reduce scan":
            raise ValueError(f"its format is {held['format']!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is not the description of a scan, or was cut short: {error}") from None
    if held["version"] > FORMAT:
        raise InputError(
            f"{path}: has format version {held['version']}, and this b2reduce {__version__} reads up to"
            f" {FORMAT}; install b2reduce {held.get('b2reduce')} or newer"
        )
    return held


@contextmanager
def claimed(folder, manifest):
    """Claim the folder, which no other process then can.

    One that was made for this scan is gone again if the scan ends before its first point.
    """
    made = []
    try:
        with undisturbed():
            _check_folder(folder)
            made += _made(folder)
        with _alone(folder):
            with undisturbed():
                _describe(folder, manifest)
            try:
                yield
            except BaseException:
                with undisturbed():
                    if made and not any((folder / "points").glob("*.json")):
                        (folder / MANIFEST).unlink(missing_ok=True)
                raise
    except BaseException:
        with undisturbed():
            unmake_folders(made)
        raise


@contextmanager
def _alone(folder):
    """Hold the lock of the folder, or refuse it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK, wait=False))
        except BlockingIOError:
            raise OutputError(
                f"{folder}: another process is at this scan; wait until it has ended, or choose another"
                " folder"
            ) from None
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be written ({error.strerror}); choose another folder"
            ) from None
        yield


def _check_folder(folder):
    """Refuse a folder that holds anything but a scan."""
    if folder.is_dir():
        held = {path.name for path in folder.iterdir()}
        if MANIFEST in held or held <= {LOCK, "points"}:  # or one that another process is about to describe
            return
    elif not folder.exists():
        return
    raise InputError(
        f"{folder}: already holds something else, and b2reduce overwrites nothing; choose another folder"
    )


def _made(folder):
    try:
        return make_folder(folder / "points")
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot make the output folder: {error.strerror}; choose another"
        ) from None


def _describe(folder, manifest):
    """Write the description, or make sure that the folder holds this very scan or a part of it."""
    path, mine = folder / MANIFEST, json.loads(json.dumps(without_nan(manifest)))
    if path.exists():
        held = _manifest(path)
        different = [key for key in mine if key != "points" and held.get(key) != mine[key]]
        planned = set(map(point_key, mine["points"]))
        if dropped := sum(point_key(point) not in planned for point in held.get("points", ())):
            different.append(f"points ({dropped} of those that it holds are not in this plan)")
        if different:
            raise InputError(
                f"{folder}: holds another scan, which differs in {', '.join(different)}; choose another"
                " folder, or the same circuit, task, settings, seed and version, and a grid that has all"
                " points of the one before"
            )
        if held["points"] == mine["points"]:
            return
    write_json(path, {**manifest, "versions": versions()})


def point_key(point):
    """What is equal for equal parameters of a point, in whatever order they stand."""
    point = {name.replace(":", "->"): _normal(value) for name, value in point.items()}
    # drive.ext.rate and drive.ext->E.rate are one for E: then the later of them counts
    ordered = any("->" in name and re.sub(r"->[^.]*", "", name) in point for name in point)
    return json.dumps(point, sort_keys=not ordered, ensure_ascii=False)


def _normal(value):
    """A plain value with 8.0 written as 8."""
    if isinstance(value, list):
        return list(map(_normal, value))
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def finished_points(folder):
    """{key of its parameters: result} of every point whose file is whole."""
    found = {}
    for path in sorted((folder / "points").glob("*.json")):
        result = _finished(path)
        if result is not None:
            found[point_key(result["parameters"])] = {**result, "file": path.name}
    return found


def _finished(path):
    """A point's result, or None: a file that was cut short counts for nothing."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        return result if {"rows", "status", "parameters"} <= set(result) else None
    except (OSError, ValueError, TypeError):
        return None
