"""Tables of predicted rates: read, or refused by row and column."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path
from typing import NamedTuple

from b2reduce.experiments.reductions.listing import listed, populations_of

from b2reduce.basics.errors import InputError, UnitError, unknown_name
from b2reduce.basics.files import read_plain_file
from b2reduce.basics.units import to_si

__all__ = ["COLUMNS", "REQUIRED", "Prediction", "read_table"]

REQUIRED = ("circuit", "population", "rate [Hz]")
COLUMNS = (*REQUIRED, "stderr [Hz]", "warned", "note")
INDEX = ""  # what pandas calls the column of row numbers
MEASURED = re.compile(r"(rate|stderr)\s*[\[(]([^\])]+)[\])]")
YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


class Prediction(NamedTuple):
    """What a table says of one population.

    `rate_` in Hz is NaN or infinite where the prediction failed; `stderr_` NaN where none is given.
    """

    rate_: float
    stderr_: float
    warned: bool


def read_table(path):
    """{(circuit, population): Prediction} of a CSV file; what is left empty or out is not in it.

    Cells are separated by commas, or by semicolons or tabs, between which decimals may have a comma. Rates may
    have another unit, in the header. A first column of row numbers without a name is passed over.

    Parameters
    ----------
    path : path

    Raises
    ------
    InputError
        If a column is missing or unknown, a cell is no such value, or a circuit or population is unknown or
        stands there twice: with the row and column.
    """
    path = Path(path)
    try:
        text = read_plain_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: got bytes that are not UTF-8 at {error.start}; save it as UTF-8") from None
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{path}: row {reader.line_num}: not a CSV table: {error}") from None
    if not rows:
        raise InputError(f"{path}: got an empty file, expected a table with the columns {_names(REQUIRED)}")
    header, scales = _header(path, *rows[0])
    found: dict = {}
    first: dict = {}
    for line, row in rows[1:]:
        where = f"{path}: row {line}"
        if len(row) != len(header):
            raise InputError(f"{where}: got {len(row)} cells, expected the {len(header)} of the header")
        cells = {name: cell.strip() for name, cell in zip(header, row)}
        key = _key(where, cells)
        if key in first:
            raise InputError(f"{where}: {' '.join(key)} stands in row {first[key]} already; keep one of them")
        first[key] = line
        if not cells.get(INDEX, "0").isdecimal():
            raise InputError(f"{where}, column 1: got {cells[INDEX]!r} in a column without a name; name it")
        rate_, stderr_ = (
            _number(where, column, cells.get(column, ""), scales.get(column, 1.0), delimiter != ",")
            for column in ("rate [Hz]", "stderr [Hz]")
        )
        warned = YES_NO.get(cells.get("warned", "").lower())
        if warned is None:
            raise InputError(f"{where}, column warned: got {cells['warned']!r}, expected yes or no")
        if rate_ is not None:
            found[key] = Prediction(rate_, math.nan if stderr_ is None else stderr_, warned)
    return found


def _names(names):
    return ", ".join(map(repr, names))


def _delimiter(text):
    """What separates the header: a comma unless there is none and a semicolon or a tab is."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return next((mark for mark in ",;\t" if mark in header), ",")


def _header(path, line, row):
    """(names, {name: hertz of its unit})"""
    header, scales = [], {}
    for number, cell in enumerate(row, start=1):
        name = cell.strip()
        if (measured := MEASURED.fullmatch(name)) is not None:
            name = f"{measured[1]} [Hz]"
            try:
                scales[name] = to_si(f"1 {measured[2]}", "Hz", "its unit")
            except UnitError as error:
                raise InputError(f"{path}: row {line}, column {number}: {error}") from None
        if name not in COLUMNS and not (name == INDEX and number == 1):
            raise InputError(f"{path}: row {line}, column {number}: {unknown_name('column', name, COLUMNS)}")
        if name in header:
            raise InputError(f"{path}: row {line}: column {name!r} stands there twice; keep one of them")
        header.append(name)
    if missing := [name for name in REQUIRED if name not in header]:
        raise InputError(f"{path}: row {line}: got no column {_names(missing)}, expected {_names(REQUIRED)}")
    return header, scales


def _key(where, cells):
    name, population = cells["circuit"], cells["population"]
    if name not in listed():
        raise InputError(f"{where}, column circuit: {unknown_name('circuit', name, listed())}")
    if population not in (known := populations_of(name)):
        said = unknown_name(f"population of {name}", population, known)
        raise InputError(f"{where}, column population: {said}")
    return name, population


def _number(where, column, cell, scale, commas):
    """Hertz, which may be NaN or infinite; None of an empty cell."""
    if not cell:
        return None
    try:
        if "_" in cell:  # which Python takes within numbers
            raise ValueError
        value = scale * float(cell.replace(",", ".") if commas else cell)
    except ValueError:
        raise InputError(
            f"{where}, column {column}: got {cell!r}, expected a number of hertz such as 12.5, nan where the"
            " prediction failed, or nothing"
        ) from None
    if value < 0:
        raise InputError(
            f"{where}, column {column}: got {cell}, expected 0 or more; write nan where a prediction failed"
        )
    return value
