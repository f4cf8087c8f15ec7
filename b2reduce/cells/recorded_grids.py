"""Recorded points on the grid of an f-I surface.

Added conductances made total, near-equal axis values merged, repeats averaged.
"""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.units import readable, to_si
from .recorded_cells import row_label
from .recorded_headers import role_of, tidy

__all__ = ["REPEATS", "on_grid", "totals"]

NEAR = 1e-9  # relative difference of axis values that are one value
CELLS = 20_000_000  # of a grid
REPEATS = (None, "average", "refuse")
#: Columns that may differ between repeats of a pair without making them something else.
_TRIALS = (
    "trial",
    "sweep",
    "rep",
    "repeat",
    "repetition",
    "run",
    "episode",
    "trace",
    "file",
    "filename",
    "date",
    "time",
    "note",
    "notes",
    "comment",
    "comments",
    "index",
    "id",
    "n",
    "no",
    "nr",
    "number",
)
#: Columns whose differing says that rows are of different things.
_KINDS = (
    "cell",
    "neuron",
    "unit",
    "animal",
    "mouse",
    "rat",
    "subject",
    "slice",
    "drug",
    "condition",
    "treatment",
    "group",
    "genotype",
    "layer",
    "area",
)


def totals(columns, g_L, E_L, E_added):
    """Mean current and total conductance of an injected current and an added conductance (I + g (E - E_L),
    g_L + g); what was assumed.
    """
    area = "/m^2" if columns.per_area else ""
    if g_L is None or E_L is None:
        raise InputError(
            "added: the leak of the cell and its reversal are needed to make added conductances total: give"
            " g_L=9*nS, E_L=-70*mV (--g_L '9 nS' --E_L '-70 mV')"
        )
    g_L_, E_L_ = _one(g_L, f"S{area}", "g_L"), _one(E_L, "V", "E_L")
    if not g_L_ > 0:
        raise InputError(f"g_L: got {g_L}, expected the conductance of the cell itself, above 0")
    assumed = []
    if E_added is not None:
        if "E_added" in columns:
            raise InputError(
                f"E_added: is given, and there is the column {columns.headers['E_added']!r}; leave one of"
                " them out"
            )
        E_ = _one(E_added, "V", "E_added")
    elif "E_added" in columns:
        E_ = columns["E_added"]
        if not np.isfinite(E_).all():
            raise InputError(
                f"f-I data, column {columns.headers['E_added']!r}: holds missing values; write the reversal"
                " in every row"
            )
    else:
        E_ = E_L_
        assumed.append(
            f"the reversal of the added conductance was not given and is taken as E_L = {1e3 * E_L_:g} mV,"
            " which makes it a pure shunt; give E_added (--E_added '0 mV')"
        )
    for name, value in (("E_L", E_L_), ("E_added", E_)):
        if np.max(np.abs(value)) > 0.3:
            raise InputError(
                f"{name}: got {float(np.max(np.abs(value))):g} V, which is no reversal potential; expected"
                " one such as -70*mV"
            )
    g_ = g_L_ + columns["g_added"]
    if np.any(g_ <= NEAR * g_L_):
        raise InputError(
            f"f-I data, column {columns.headers['g_added']!r}: adding {columns['g_added'].min():g} S{area} to"
            f" g_L = {g_L_:g} S{area} leaves no leak; expected added conductances above -g_L"
        )
    return columns["I"] + columns["g_added"] * (E_ - E_L_), g_, assumed


def _one(value, unit, name):
    value_ = to_si(value, unit, name)
    if np.ndim(value_) or not np.isfinite(value_):
        raise InputError(f"{name}: got {str(value)[:60]}, expected one value")
    return value_


def _merged(values):
    """Ascending axis without near-equal values, and where each value stands on it."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    # What sums and differences of the largest value leave behind is no difference either.
    apart = np.diff(ascending) > np.maximum(
        NEAR * np.maximum(np.abs(ascending[1:]), np.abs(ascending[:-1])), 1e-12 * np.abs(values).max()
    )
    first = np.concatenate([[True], apart])
    place = np.empty(values.size, dtype=int)
    place[order] = np.cumsum(first) - 1
    return ascending[first], place


def on_grid(I, g, values, frame, per_area, repeats=None):
    """(axis of currents, axis of conductances, {role: grid}, number of pairs that were averaged)."""
    if repeats not in REPEATS:
        raise InputError(f"repeats: got {repeats!r}, expected None, 'average' or 'refuse'")
    (I_, i), (g_, j) = _merged(I), _merged(g)
    if I_.size * g_.size > CELLS:
        raise InputError(
            f"f-I data: {len(I)} rows with {I_.size} different currents and {g_.size} different conductances"
            f" make a grid of {I_.size * g_.size:.2g} cells; round currents or conductances to the values"
            " that were meant"
        )
    pair, where = np.unique(i * g_.size + j, return_inverse=True)
    count = np.bincount(where)
    if repeats != "average" and np.any(count > 1):
        _check_repeats(frame, where, count, I, g, per_area, repeats)
    grids = {}
    for role, single in _averaged(values, where, pair.size).items():
        grids[role] = np.full((I_.size, g_.size), np.nan)
        grids[role].flat[pair] = single
    return I_, g_, grids, int(np.sum(count > 1))


def _averaged(values, where, size):
    """{role: one value a pair}; the standard error of what was repeated is the scatter of the repeats."""

    def mean(role, of=None):
        column = values[role] if of is None else of
        known = np.isfinite(column)
        number = np.bincount(where[known], minlength=size)
        with np.errstate(invalid="ignore"):
            return np.bincount(where[known], column[known], minlength=size) / number, number

    single = {role: mean(role)[0] for role in values if role not in ("rate_sem", "time")}
    rate, number = mean("rate")
    # Of a single measurement and of equal ones the mean is the value itself, to the last bit.
    first = np.zeros(size)
    first[where[::-1]] = np.arange(len(where))[::-1]
    alone = np.bincount(where, minlength=size) == 1
    for role in single:
        single[role][alone] = values[role][first.astype(int)][alone]
    repeated = number > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        scatter = np.sqrt(mean("rate", (values["rate"] - rate[where]) ** 2)[0] / (number - 1))
        sem = np.where(repeated, scatter, np.nan)
        if "rate_sem" in values:
            own = np.where(np.isfinite(values["rate"]), values["rate_sem"], np.nan)
            squares, known = mean("rate", own**2)
            carried = np.where(known == number, np.sqrt(squares / known), np.nan)
            sem = np.where(
                repeated,
                np.fmax(scatter, carried),
                np.where(alone, values["rate_sem"][first.astype(int)], carried),
            )
    single["rate_sem"] = sem
    if "time" in values:
        single["time"] = np.bincount(where, values["time"], minlength=size)
    return single


def _check_repeats(frame, where, count, I, g, per_area, repeats):
    """Refuse repeats where that was asked, or where another column says that they are of different things."""
    label = lambda row: row_label(frame, row)
    if repeats == "refuse":
        rows = np.flatnonzero(where == np.flatnonzero(count > 1)[0])
        (I_factor, I_unit), (g_factor, g_unit) = (
            readable(I, "A/m^2" if per_area else "A"),
            readable(g, "S/m^2" if per_area else "S"),
        )
        raise InputError(
            f"f-I data: the pair I = {I[rows[0]] / I_factor:.6g} {I_unit}, g = {g[rows[0]] / g_factor:.6g}"
            f" {g_unit} occurs twice, in {label(rows[0])} and {label(rows[1])}, and repeats='refuse' was"
            " asked for; average repeated measurements first, or leave repeats out"
        )
    again = count[where] > 1
    for place, header in enumerate(frame.columns):
        words = tidy(header).lower().replace("_", " ").replace(".", " ").split()
        kind = any(word in _KINDS for word in words)
        if (
            role_of(header)
            or not words
            or words[0] == "unnamed:"
            or not kind
            and any(word in _TRIALS for word in words)
        ):
            continue
        column = frame.iloc[:, place]
        if not kind and not any(isinstance(value, str) and not _number(value) for value in column[again]):
            continue
        seen = {}
        for row in np.flatnonzero(again):
            value = str(column.iloc[row])
            other = seen.setdefault(where[row], (value, row))
            if value != other[0]:
                raise InputError(
                    f"f-I data: {label(other[1])} and {label(row)} are of one current and conductance, but"
                    f" differ in the column {tidy(header)!r} ({other[0][:30]!r}, {value[:30]!r}); select the"
                    " rows of one of these, or give repeats='average' (--repeats average)"
                )


def _number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
