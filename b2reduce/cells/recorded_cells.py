"""Cells of a column of f-I data as SI floats."""

from __future__ import annotations

import re

import numpy as np

from ..basics.errors import InputError
from ..basics.units import si_label, to_si
from .recorded_headers import UNITS, WRITE, fits, tidy, unit_of

__all__ = ["NUMBER", "row_label", "numbers_of"]

#: A cell that says that nothing was measured, in small letters.
MISSING = frozenset(
    (
        "",
        "nan",
        "na",
        "n/a",
        "#n/a",
        "<na>",
        "null",
        "none",
        "missing",
        "nd",
        "n.d.",
        ".",
        "-",
        "--",
        "–",
        "—",
    )
)
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def row_label(frame, row):
    """How a message calls a row: by the line of its file, or its place in a frame."""
    return f"{'line' if frame.index.name == 'line' else 'row'} {frame.index[row]}"


def numbers_of(frame, place, role, unit, where):
    """SI floats of a column, and their unit."""
    import pandas as pd

    label, factor = (None, 1.0) if role != "cv" else ("1", 1.0)
    if unit is not None:
        try:
            label, factor = unit_of(unit, role)
        except InputError as error:
            raise InputError(f"{where}: {error}; write {WRITE[role]}") from None
        if label not in UNITS[role]:
            raise InputError(
                f"{where}: {tidy(unit)!r} is a unit of {'a plain number' if label == '1' else label},"
                f" expected one of {' or '.join(UNITS[role])}; write {WRITE[role]}"
            )
    series = frame.iloc[:, place]
    no_unit = f"{where}: has no unit; write it into the header, as {WRITE[role]}, or into every cell"
    if (
        pd.api.types.is_numeric_dtype(series)
        and not pd.api.types.is_bool_dtype(series)
        and series.dtype.kind != "c"
    ):
        values = series.to_numpy(dtype=float, na_value=np.nan)
        if label is None and np.isfinite(values).any():
            raise InputError(no_unit)
        return _scaled(values, factor), label or UNITS[role][0]
    values, foreign, own = np.empty(len(series)), np.zeros(len(series), dtype=bool), None
    for row, cell in enumerate(series.tolist()):
        try:
            number, given, bare = _cell(cell, role)
        except InputError as error:
            raise InputError(f"{where}, {row_label(frame, row)}: {error}") from None
        if given is not None:
            if given != (label or own or given):
                raise InputError(
                    f"{where}, {row_label(frame, row)}: got {str(cell)[:40]!r} in {given}, where the others"
                    f" are in {label or own}"
                )
            own = given
        elif label is None and bare and number != 0:
            raise InputError(f"{no_unit}; {row_label(frame, row)} has {str(cell)[:40]!r}")
        values[row], foreign[row] = number, given is not None
    return np.where(foreign, values, _scaled(values, factor)), label or own or UNITS[role][0]


def _scaled(values, factor):
    """In SI: a power of ten applied by division is correctly rounded, as in `parse_quantity`."""
    return (
        values / round(1 / factor)
        if 0 < factor < 1 and np.isclose(1 / factor, round(1 / factor), rtol=1e-12)
        else values * factor
    )


def _cell(cell, role):
    """(number, its own unit or None, whether it is a plain number) of one cell."""
    if (
        cell is None
        or type(cell).__name__ in ("NAType", "NaTType")
        or isinstance(cell, float)
        and cell != cell
    ):
        return np.nan, None, False
    if hasattr(cell, "dim"):  # a Brian2 quantity
        label = si_label(cell)
        if label not in UNITS[role]:
            raise InputError(f"got {cell} in {label}, expected {' or '.join(UNITS[role])}")
        return to_si(cell, label, "cell"), label, False
    if not isinstance(cell, str):
        if isinstance(cell, (bool, np.bool_)) or not np.isscalar(cell):
            raise InputError(f"got {str(cell)[:40]!r}, which is not a number")
        try:
            return (np.nan, None, False) if cell != cell else (float(cell), None, True)
        except (TypeError, ValueError):
            raise InputError(f"got {str(cell)[:40]!r}, which is not a number") from None
    if NUMBER.fullmatch(cell):
        return float(cell), None, True
    text = tidy(cell).replace("\u2212", "-")
    if text.lower() in MISSING:
        return np.nan, None, False
    match = NUMBER.match(text)
    if match and match.end() == len(text):
        return float(text), None, True
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        return np.inf, None, True
    rest = text[match.end() :].strip() if match else ""
    if rest and not rest[0].isdigit() and rest[0] not in ".,'" and fits(rest, role):
        label, factor = unit_of(rest, role)
        return float(_scaled(np.array(float(match[0])), factor)), label, False
    if text.startswith("#"):
        raise InputError(
            f"got {text[:40]!r}, an error of the spreadsheet; leave the cell empty if nothing was measured"
        )
    unit = re.search(r"\[(.*?)\]", WRITE[role])
    raise InputError(
        f"got {text[:40]!r}, which is not a number{_thousands(text)}, expected one such as 120"
        + (f" or, with its unit, '120 {unit[1]}'" if unit else "")
    )


def _thousands(text):
    if re.fullmatch(r"[+-]?[0-9]*,[0-9]+\s*\S*", text):
        return (
            " (a decimal comma? FISurface.from_csv reads such a file, and pandas.read_csv with decimal=',')"
        )
    grouped = re.fullmatch(r"[+-]?[0-9]{1,3}(?:[ ,.'’_][0-9]{3})+(?:[.,][0-9]+)?(?:\s*\S+)?", text)
    return " (separators of thousands are not read: write 1234.5)" if grouped else ""
