"""What cells and synapses start from: the values that they have now."""

from __future__ import annotations

import numpy as np

from ..basics.units import format_quantity, with_units
from ..circuit.cell_equations import si_unit_name
from .algebra import rounded
from .spread_values import estimated, looks_normal, looks_uniform, round_ends, same

__all__ = ["initial_of", "start_of"]


def start_of(values, dim):
    """Values over cells as a circuit has them: one, a text with chance in it, or all of them.

    Parameters
    ----------
    values : ndarray
        SI.
    dim : Dimension
    """
    unit = lambda value: rounded(value) if dim.is_dimensionless else with_units(rounded(value), dim)
    text = lambda value: repr(unit(value)) if dim.is_dimensionless else _product(unit(value))
    values = np.asarray(values, dtype=float)
    if same(values):
        return unit(float(values[0]))
    if looks_uniform(values):
        low, high = round_ends(float(values.min()), float(values.max()), values.size)
        return f"{text(low)} + {text(high - low)}*rand()"
    if looks_normal(values):
        return f"{text(estimated(values.mean()))} + {text(estimated(values.std(ddof=1)))}*randn()"
    return values.copy() if dim.is_dimensionless else with_units(values.copy(), dim)


def _product(value):
    """A Quantity in an expression."""
    from brian2.core.namespace import DEFAULT_UNITS

    number, _, unit = format_quantity(value).partition(" ")
    if unit in DEFAULT_UNITS:
        return f"{number}*{unit}"
    return f"{float(np.asarray(value))!r}*({si_unit_name(value.dim)})"


def initial_of(cells):
    """{variable: start} of the cells of a population."""
    found, part, equations = {}, cells.part, cells.equations
    for name in equations.states:
        if name in cells.dropped:
            continue
        values = part.values_(name).astype(float)
        membrane = name == equations.membrane
        if membrane:
            values = values * equations.unit_
        if membrane or values.any():
            found[cells.new_names.get(name, name)] = start_of(
                np.broadcast_to(values, (part.size,)), equations.lines[name].dim
            )
    return found
