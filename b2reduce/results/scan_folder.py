"""The folder of a scan: its description, a file a point, and the table made of them."""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from .. import __version__
from ..basics.errors import InputError, OutputError
from ..basics.files import make_folder, unmake_folders, without_nan, write_json
from ..basics.interrupts import undisturbed
from ..basics.locks import locked
from ..basics.provenance import content_hash, versions
from ..basics.units import si_label
from .scan_values import parsed

__all__ = ["load_scan"]

FORMAT = 2
MANIFEST, LOCK = "scan.json", ".lock"


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
        held = _read(path)
        if held["format"] != "b2reduce scan" or not isinstance(held["version"], int):
            raise ValueError(f"its format is {held['format']!r}, {held['version']!r}")
    except (*UNREADABLE, KeyError) as error:
        raise InputError(f"{path}: is not the description of a scan, or was cut short: {error}") from None
    if held["version"] != FORMAT:
        raise InputError(
            f"{path}: has format version {held['version']}, and this b2reduce {__version__} reads version"
            f" {FORMAT}; install b2reduce {held.get('b2reduce')}, or scan into another folder"
        )
    if not _is_whole(held):
        raise InputError(f"{path}: was changed since it was written; scan into another folder")
    return held


#: What reading a file that somebody else has written may raise.
UNREADABLE = (OSError, ValueError, TypeError, RecursionError)


def _read(path):
    """The table that a plain file of JSON holds."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ValueError("it is no plain file")
    held = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(held, dict):
        raise ValueError("it holds no table")
    return held


def _is_whole(held):
    """Whether data are those that were written with their digest."""
    return held.get("digest") == content_hash({key: held[key] for key in held if key != "digest"})


def _write(path, data):
    data = without_nan(data)
    write_json(path, {**data, "digest": content_hash(data)})


def keep_point(path, result, parameters):
    """Write the result of a point."""
    _write(path, {**result, "rows": _cells(result["rows"], _without_infinity), "parameters": parameters})


#: JSON has no infinity, and null, which is NaN, is another answer: a cell {INFINITE: "-inf"} stands for it.
INFINITE = "infinite"


def _cells(rows, made):
    """Rows with something made of every cell."""
    return [{name: made(value) for name, value in row.items()} for row in rows]


def _without_infinity(value):
    return {INFINITE: str(float(value))} if isinstance(value, float) and np.isinf(value) else value


def _with_infinity(value):
    return float(value[INFINITE]) if isinstance(value, dict) and set(value) == {INFINITE} else value


@contextmanager
def claimed(folder, manifest):
    """Claim the folder, which no other process then can.

    What was made for this scan is gone again if the scan ends before its first point.
    """
    made = []
    try:
        with undisturbed():
            _check_folder(folder)
            made += _made(folder)
        # What is in it belongs to the one who holds it: whoever is refused leaves it alone.
        with _alone(folder):
            known = (folder / MANIFEST).exists()
            with undisturbed():
                _describe(folder, manifest)
            try:
                with undisturbed():
                    _made(folder / "points")
                yield
            except BaseException:
                with undisturbed():
                    if not known and not any((folder / "points").glob("*.json")):
                        (folder / MANIFEST).unlink(missing_ok=True)
                        unmake_folders([folder / "points"])
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
    """Refuse a folder that holds anything but a scan; one that is not there yet holds nothing."""
    own = (LOCK, "points", MANIFEST)
    try:
        held = os.listdir(folder)  # at once, since others may be making it
    except FileNotFoundError:
        held = []
    except NotADirectoryError:
        held = [folder.name]
    # What is written aside and renamed begins with a point
    aside = tuple(f".{name}." for name in own)
    strange = [name for name in held if name not in own and not name.startswith(aside)]
    if strange and MANIFEST not in held:
        raise InputError(
            f"{folder}: already holds something else, and b2reduce overwrites nothing; choose another folder"
        )


def _made(folder):
    try:
        return make_folder(folder)
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
    _write(path, {**manifest, "versions": dict(versions())})


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
    """A point's result, or None: a file that was cut short or changed counts for nothing."""
    try:
        result = _read(path)
        if not {"rows", "status", "parameters"} <= set(result) or not _is_whole(result):
            return None
        return {**result, "rows": _cells(result["rows"], _with_infinity)}
    except UNREADABLE:
        return None
