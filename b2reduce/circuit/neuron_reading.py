"""Neurons from the plain data of a TOML file, and values as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..basics.errors import ModelError, UnitError, unknown_name
from ..basics.units import parse_quantity, si_label, with_units
from .roles import ROLES
from .spread import Listed, Normal, Spread

__all__ = ["KEYS", "NEEDED", "neuron_arguments", "one_line_each", "read_value", "undeclared"]

#: Keys of a neuron's file, and those without which there is no neuron.
KEYS = (
    "kind",
    "name",
    "title",
    "cite",
    "equations",
    "threshold",
    "reset",
    "refractory",
    "method",
    "dt",
    "roles",
    "parameters",
    "departures",
    "initial",
)
NEEDED = ("equations", "threshold", "parameters")
_NORMAL = re.compile(r"\s*normal\(\s*([^,]+?)\s*,\s*([^,]+?)\s*\)\s*$")


def neuron_arguments(data, source=""):
    """Arguments of `NeuronModel` from the content of a TOML file; unknown keys are errors."""
    data = dict(data)
    name = data.get("name", Path(source).stem or "inline")
    where = f"neuron {name!r}{f' ({source})' if source else ''}"
    kind = data.pop("kind", "neuron")
    if kind != "neuron":
        raise ModelError(f'{where}, kind: got {kind!r}, expected kind = "neuron"')
    for key in data:
        if key not in KEYS:
            raise ModelError(f"{where}, {key}: {unknown_name('key', key, sorted(KEYS))}")
    for key in NEEDED:
        if key not in data:
            raise ModelError(f"{where}: the key {key!r} is missing")
    roles = data.pop("roles", {})
    if not isinstance(roles, Mapping):
        raise ModelError(f"{where}, roles: got {roles!r}, expected a table")
    for key in roles:
        if key not in ROLES:
            raise ModelError(f"{where}, roles.{key}: {unknown_name('role', key, ROLES)}")
    return {**data, **roles, "name": name, "source": str(source)}


def read_value(model, table, key, value, spread=False):
    """A value of a table as one finite Quantity, or with `spread` as a distribution over cells."""
    where = f"{table}.{key}" if table else key
    try:
        if spread and isinstance(value, str) and (normal := _NORMAL.match(value)):
            value = Normal(parse_quantity(normal[1]), parse_quantity(normal[2]))
        if spread and isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) == 1:
            value = _listed(value)
        if not (spread and isinstance(value, Spread)):
            value = parse_quantity(value)
    except UnitError as error:
        raise model.error(where, str(error)) from None
    parts = (value.mean, value.sd) if isinstance(value, Spread) else (value,)
    if not all(np.ndim(part) == 0 and np.isfinite(np.asarray(part, dtype=float)) for part in parts):
        raise model.error(where, f"got {value}, expected one finite value")
    if isinstance(value, Normal) and (si_label(value.mean) != si_label(value.sd) or np.asarray(value.sd) < 0):
        raise model.error(
            where, f"got {value}, expected a standard deviation of at least 0 in the unit of the mean"
        )
    return value


def _listed(values):
    """Values over cells, of one unit; one that all have is no spread."""
    from brian2 import Quantity, get_dimensions

    if not len(values):
        raise UnitError("got an empty list, expected a value of every cell")
    read = values if isinstance(values, Quantity) else [parse_quantity(value) for value in values]
    units = sorted({si_label(value) for value in read})
    if len(units) > 1:
        raise UnitError(f"got values in {' and '.join(units)}, expected one unit")
    si = np.array([float(np.asarray(value)) for value in read])
    values = with_units(si, get_dimensions(read[0]))
    return Listed(values) if np.ptp(si) > 0 else values[0]


def undeclared(model):
    """The equations without what they declare and [parameters] gives a value: one place decides."""
    from brian2 import get_dimensions

    for name in sorted(model.parsed.parameter_names - {model.input}):
        if name not in model.parameters:
            raise model.error(
                f"parameters.{name}",
                f"the equations declare {name!r}, which has no value; add it to [parameters]",
            )
        declared, got = model.parsed[name].dim, get_dimensions(model.constants[name])
        if declared is not got:
            raise model.error(
                f"parameters.{name}",
                f"got a value in {si_label(got)}, expected {si_label(declared)} as the equations declare it",
            )
    absorbed = model.parsed.parameter_names - {model.input}
    lines = [line for line in model.equations.splitlines() if line.partition(":")[0].strip() not in absorbed]
    return "\n".join(lines) if absorbed else model.equations


def one_line_each(text):
    """Equations with one definition a line, without comments.

    Brian2 lets an expression run on until its colon.
    """
    lines, open_ = [], ""
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        if not open_ and lines and line.startswith("("):  # flags of the definition before
            lines[-1] += f" {line}"
            continue
        open_ = f"{open_} {line}".strip()
        if ":" in line:
            lines.append(open_)
            open_ = ""
    return "\n".join([*lines, open_] if open_ else lines)
