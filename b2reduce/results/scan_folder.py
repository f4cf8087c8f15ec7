"""The folder of a scan: its description, a file a point, and the table made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .. import __version__
from ..basics.errors import InputError, OutputError
from ..basics.files import make_folder, unmake_folders, write_json
from ..basics.interrupts import undisturbed
from ..basics.provenance import versions
from ..basics.units import format_quantity, parse_quantity, si_label

__all__ = ["load_scan"]

FORMAT = 1
MANIFEST = "scan.json"


def plain_parameters(values):
    """Plain data of parameters: quantities as text that is read back to the same value."""
    plain = {}
    for name, value in values.items():
        if _is_quantity(value):
            value = (
                format_quantity(value) if np.ndim(value) == 0 else [format_quantity(item) for item in value]
            )
        elif isinstance(value, Mapping):
            value = plain_parameters(value)
        elif isinstance(value, (list, tuple)):
            value = [plain_parameters({"": item})[""] for item in value]
        elif isinstance(value, np.generic):
            value = value.item()
        plain[name] = value
    return plain


def _is_quantity(value):
    return hasattr(value, "dim")


def _columns(point):
    """Parameters of a point as columns: SI floats with the unit in the name; text and counts as they are."""
    columns = {}
    for name, value in point.items():
        try:
            quantity = parse_quantity(value) if isinstance(value, str) else value
        except InputError:
            quantity = value
        if _is_quantity(quantity):
            columns[f"{name} [{si_label(quantity)}]"] = float(np.asarray(quantity))
        else:
            columns[name] = quantity.item() if isinstance(quantity, np.generic) else quantity
    return columns


def scan_table(folder, points, lost):
    """All points as they are on disk: the same whoever computed them, and when."""
    import pandas as pd

    rows = []
    for number, point in enumerate(points):
        columns = {"point": number, **_columns(point)}
        result = finished_point(folder / "points" / f"{number:06d}.json") or {
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
    """Claim the folder.

    One that was made for this scan is gone again if the scan ends before its first point.
    """
    made = []
    try:
        with undisturbed():
            _claim(folder, manifest, made)
        yield
    except BaseException:
        with undisturbed():
            if made and not any((folder / "points").glob("*.json")):
                (folder / MANIFEST).unlink(missing_ok=True)
                unmake_folders(made)
        raise


def _claim(folder, manifest, made):
    """Make the folder, whose new parts are put into `made`, or make sure that it holds this very scan."""
    path = folder / MANIFEST
    if path.exists():
        held = _manifest(path)
        mine = json.loads(json.dumps(manifest))
        different = [key for key in mine if held.get(key) != mine[key]]
        if different:
            raise InputError(
                f"{folder}: holds another scan, which differs in {', '.join(different)}; choose another"
                " folder, or the same circuit, grid, task, settings, seed and version"
            )
        return
    if folder.exists() and any(folder.iterdir()) if folder.is_dir() else folder.exists():
        raise InputError(
            f"{folder}: already holds something else, and b2reduce overwrites nothing; choose another folder"
        )
    try:
        made += make_folder(folder / "points")
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot make the output folder: {error.strerror}; choose another"
        ) from None
    write_json(path, {**manifest, "versions": versions()})


def finished_point(path):
    """A point's result, or None: a file that was cut short counts for nothing."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        return result if {"rows", "status"} <= set(result) else None
    except (OSError, ValueError):
        return None
