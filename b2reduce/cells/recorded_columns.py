"""Columns of f-I data: the cells below the headers as SI floats.

What cannot be told is refused, by column and row.
"""

from __future__ import annotations

import re

import numpy as np

from ..basics.errors import InputError
from ..basics.units import parse_quantity, si_label
from .recorded_cells import numbers_of, row_label
from .recorded_headers import NAMES, TOTAL, UNITS, WRITE, fits, role_of, tidy

__all__ = ["Columns", "columns_of"]

HUGE = 1e30  # beyond it nothing was measured, and squares overflow


class Columns(dict):
    """{role: SI floats}, with the headers that they were read from."""

    headers: dict
    per_area: bool


def _chosen(frame, added):
    """{role: (place of the column, unit text)}."""
    found = {}
    for place, header in enumerate(frame.columns):
        if match := role_of(header):
            found.setdefault(match[0], []).append((place, *match[1:]))
    headers = list(map(tidy, frame.columns))
    shown = ", ".join(repr(name[:40]) for name in headers[:8]) + (", ..." if len(headers) > 8 else "")
    if added and "g_added" not in found and "g" in found:
        found["g_added"] = found.pop("g")
        total = [entry for entry in found["g_added"] if entry[1] in TOTAL]
        if total:
            raise InputError(
                f"f-I data, column {headers[total[0][0]]!r}: is a total conductance by its name, and"
                f" added=True expects the added one alone; call it {WRITE['g_added']}, or leave added out"
            )
    elif not added and "g" not in found and "g_added" in found:
        raise InputError(
            f"f-I data, column {headers[found['g_added'][0][0]]!r}: is an added conductance by its name, and"
            " the law needs the total one; give added=True with the leak of the cell, g_L=9*nS, E_L=-70*mV,"
            " E_added=-70*mV"
        )
    needed = ("I", "g_added" if added else "g", "rate")
    missing = [role for role in needed if role not in found]
    if missing:
        raise InputError(
            f"f-I data: {'the column is' if len(missing) == 1 else 'columns are'} missing that would be"
            f" called {' and '.join(WRITE[role] for role in missing)}; got"
            f" {shown or 'no columns'}{_hint(frame)}"
        )
    optional = ("rate_sem", "onset_rate", "cv", "time", *(("E_added",) if added else ()))
    chosen = {}
    for role in (*needed, *(role for role in optional if role in found)):
        entries = found[role]
        own = [entry for entry in entries if entry[1] == NAMES[role][0]] or entries
        if len(own) > 1:
            raise InputError(
                f"f-I data: {' and '.join(repr(headers[entry[0]]) for entry in own[:3])} both may be the"
                f" column {WRITE[role]}; leave one, or rename the other"
            )
        chosen[role] = own[0][0], own[0][2]
    return chosen


def _hint(frame):
    def is_conductance(header):
        try:
            return si_label(parse_quantity(re.sub(r"^[^\d.+-]*", "", tidy(header)))) in UNITS["g"]
        except InputError:
            return False

    if sum(map(is_conductance, frame.columns)) >= 2:
        return (
            "; a table with one column of rates for each conductance must be turned into one row a point"
            " (pandas.melt)"
        )
    return "; one row a point, the unit in the header"


def columns_of(frame, added=False):
    """The columns that an f-I surface is made of.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index, where it is named "line", holds lines of a file, for messages.
    added : bool
        Whether conductances are those that were added to the cell.

    Returns
    -------
    Columns, DataFrame
        SI floats by role, and the rows that they come from.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"f-I data: got {type(frame).__name__}, expected a pandas DataFrame with the columns 'I [pA]', 'g"
            " [nS]', 'rate [Hz]'; a file is read by FISurface.from_csv"
        )
    if frame.columns.nlevels > 1:
        raise InputError(
            f"f-I data: the columns have {frame.columns.nlevels} levels, expected one: join them into names"
            " such as 'rate [Hz]'"
        )
    if any(name is not None and role_of(name) for name in frame.index.names):
        frame = frame.reset_index()
    chosen = _chosen(frame, added)
    if not len(frame):
        raise InputError("f-I data: there are no rows")
    bare = [role for role, (_, unit) in chosen.items() if unit is None and role != "cv"]
    units = {role: unit for role, (_, unit) in chosen.items()}
    if bare and all(
        isinstance(frame.iloc[0, chosen[role][0]], str) and fits(frame.iloc[0, chosen[role][0]], role)
        for role in bare
    ):
        # Units in a line of their own below the names, as Origin and Igor have them.
        units.update({role: frame.iloc[0, chosen[role][0]] for role in bare})
        frame = frame.iloc[1:]
    columns = Columns()
    columns.headers, labels = {}, {}
    for role, (place, _) in chosen.items():
        header = tidy(frame.columns[place])
        columns.headers[role] = (
            header
            if chosen[role][1] or units[role] is None
            else f"{header} [{tidy(units[role]).strip('[](){} ')}]"
        )
        columns[role], labels[role] = numbers_of(
            frame, place, role, units[role], f"f-I data, column {header!r}"
        )
    filled = np.any([np.isfinite(values) | np.isinf(values) for values in columns.values()], axis=0)
    if not filled.all():  # rows that hold nothing, such as blank ones at the end
        frame = frame[filled]
        columns.update({role: values[filled] for role, values in columns.items()})
    if not len(frame):
        raise InputError("f-I data: there are no rows")
    g = "g_added" if added else "g"
    columns.per_area = labels["I"] == "A/m^2"
    if (labels[g] == "S/m^2") != columns.per_area:
        raise InputError(
            f"f-I data: {columns.headers['I']!r} and {columns.headers[g]!r} must both be per area or both"
            " absolute"
        )
    for role in ("I", g):
        if (np.abs(columns[role]) > HUGE).any():
            row = np.flatnonzero(np.abs(columns[role]) > HUGE)[0]
            raise InputError(
                f"f-I data, column {columns.headers[role]!r}: got {columns[role][row]:g} {labels[role]} in"
                f" {row_label(frame, row)}, which is no measurement; correct it"
            )
        if not np.isfinite(columns[role]).all():
            row = np.flatnonzero(~np.isfinite(columns[role]))[0]
            raise InputError(
                f"f-I data, column {columns.headers[role]!r}: holds missing values, the first in"
                f" {row_label(frame, row)}; write every {'current' if role == 'I' else 'conductance'}, or"
                " take the row out"
            )
    for role in ("rate", "rate_sem", "onset_rate"):
        wrong = np.flatnonzero((columns[role] < 0) | (columns[role] > HUGE)) if role in columns else ()
        if len(wrong):
            raise InputError(
                f"f-I data, column {columns.headers[role]!r}: got a negative or infinite rate in"
                f" {row_label(frame, wrong[0])}, expected rates of at least 0 Hz, or nothing where none was"
                " measured"
            )
    return columns, frame
