"""The capacitance and the leak of a cell, from the coefficients of its membrane equation."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.errors import InputError
from ..basics.units import si_label, with_units
from ..circuit.expressions import evaluate
from .algebra import names_of, number_of, read, rounded, symbol, valued

__all__ = ["Membrane", "read_membrane"]

G_L_ = 10e-9  # S, of cells whose equations have no conductance at all
_TAU_ = 20e-3  # s, of cells without a leak as well
_SAME = 1e-9


@dataclass(frozen=True)
class Membrane:
    """
    Attributes
    ----------
    capacitance_ : float
        F, or F/m^2.
    per_area : bool
    capacitance : str or None
        The parameter that is the capacitance.
    leak, leak_reversal : str, Quantity or None
        As roles of a `NeuronModel`.
    read, assumed : str
        What they were read from, and what was assumed, for tables.
    """

    capacitance_: float
    per_area: bool
    capacitance: Any
    leak: Any
    leak_reversal: Any
    read: str
    assumed: str = ""


class _Reader:
    """The membrane equation of some cells, without synapses and with them."""

    def __init__(self, equations, states, values):
        import sympy

        self.v = equations.membrane
        self.values = values
        self.states = [name for name in equations.states if name != self.v]
        noise = {each: 0 for each in equations.slopes[self.v].free_symbols if each.name.startswith("xi")}
        # A cell that is held is no cell whose capacitance could be seen
        self.full = _released(equations.slopes[self.v].xreplace(noise))
        self.rest = self.full.xreplace({symbol(name): sympy.Integer(0) for name in states})
        self.constants_ = values.values_of(names_of(self.full))
        if valued(self.full, self.constants_).has(sympy.zoo, sympy.nan, sympy.oo):
            zero = sorted(name for name, value in self.constants_.items() if value == 0)
            raise InputError(
                f"d{self.v}/dt is not finite with the values that its parameters have now"
                + (f", where {' and '.join(zero)} is 0" if zero else "")
            )

    def of_dimension(self, expression, *labels):
        """Names in an expression that are in one of some units; never those of units, such as pF."""
        return sorted(
            name
            for name in names_of(expression)
            if name != self.v
            and not self.values.is_unit(name)
            and si_label(self.values.dimension(name)) in labels
        )

    def number(self, expression):
        return number_of(expression, self.constants_)

    def slope(self, name, *more):
        import sympy

        return sympy.diff(self.full, symbol(name), *map(symbol, more))

    def straight_part(self, expression):
        """The terms of an expression that are a line of the voltage and nothing else that changes."""
        import sympy

        v = symbol(self.v)
        terms = sympy.Add.make_args(sympy.expand(valued(expression, self.constants_)))
        plain = [term for term in terms if term.is_polynomial(v) and not names_of(term) - {self.v}]
        part = sympy.Add(*plain)
        return part if sympy.degree(part, v) <= 1 else None if part.has(v) else part


def _released(expression):
    """With conditions on the time since the last spike true."""
    import sympy

    held = {"lastspike", "not_refractory"}
    calls = [each for each in expression.atoms(sympy.Function) if each.func.__name__ == "int_"]
    return expression.xreplace({each: sympy.Integer(1) for each in calls if names_of(each) & held})


def read_membrane(equations, states, values, g_L_=None):
    """The `Membrane` of some cells.

    Parameters
    ----------
    equations : GroupEquations
    states : sequence of str
        The synaptic variables.
    values : CellValues
    g_L_ : float, optional
        S, the leak of cells whose equations have no conductance.
    """
    reader = _Reader(equations, states, values)
    for way in (_by_symbol, _by_denominator, _by_current, _by_conductance):
        found = way(reader)
        if found is not None:
            capacitance_, per_area, capacitance, read = found
            return Membrane(capacitance_, per_area, capacitance, *_leak(reader, capacitance_, per_area), read)
    return _by_time(reader, G_L_ if g_L_ is None else g_L_, given=g_L_ is not None)


def _by_symbol(reader):
    """A capacitance that all of dv/dt is divided by."""
    for name in reader.of_dimension(reader.full, "F", "F/m^2"):
        if name not in reader.constants_:
            continue
        rng = np.random.default_rng(0)
        others = sorted(names_of(reader.full) - {name})
        state = {other: reader.constants_.get(other, rng.uniform(0.1, 0.9)) for other in others}
        once, twice = (
            number_of(reader.full, {**state, name: factor * reader.constants_[name]}) for factor in (1, 2)
        )
        if once is not None and twice is not None and abs(once - 2 * twice) <= _SAME * abs(once):
            label = si_label(reader.values.dimension(name))
            return reader.constants_[name], "m^2" in label, name, f"d{reader.v}/dt = (...)/{name}"
    return None


def _by_denominator(reader):
    """A capacitance that is an expression of constants, below all of dv/dt."""
    tree = ast.parse(" ".join(reader.values.equations.lines[reader.v].text.split()), mode="eval").body
    if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div)):
        return None
    text = ast.unparse(tree.right)
    value = reader.number(read(text))
    names = names_of(read(text))
    if value is None or not names <= reader.constants_.keys():
        return None
    quantities = {name: with_units(reader.constants_[name], reader.values.dimension(name)) for name in names}
    label = si_label(evaluate(text, quantities)) if names else ""
    if label not in ("F", "F/m^2") or not value > 0:
        return None
    return rounded(value), "m^2" in label, None, f"d{reader.v}/dt = (...)/({text})"


def _by_current(reader):
    """The coefficient of what is in ampere."""
    for name in reader.of_dimension(reader.full, "A", "A/m^2"):
        value = reader.number(reader.slope(name))
        if value:
            label = si_label(reader.values.dimension(name))
            return (
                rounded(1 / abs(value)),
                "m^2" in label,
                None,
                f"the coefficient of {name} in d{reader.v}/dt",
            )
    return None


def _by_conductance(reader):
    """The coefficient of what is in siemens, times the voltage."""
    for name in reader.of_dimension(reader.full, "S", "S/m^2"):
        value = reader.number(reader.slope(name, reader.v))
        if value and value < 0:
            label = si_label(reader.values.dimension(name))
            return rounded(-1 / value), "m^2" in label, None, f"the coefficient of {name} in d{reader.v}/dt"
    return None


def _by_time(reader, g_L_, given):
    """No current, conductance or capacitance in it: the time constant is all there is."""
    slope, level = _line(reader, reader.rest)
    said = "as given" if given else "chosen, since nothing in the equations has a conductance"
    if slope is None or slope >= 0:
        capacitance_ = _TAU_ * g_L_
        return Membrane(
            capacitance_,
            False,
            None,
            None,
            _reference(reader),
            f"d{reader.v}/dt, which has neither conductance nor leak",
            f"C = {capacitance_ * 1e12:.6g} pF, {1e3 * _TAU_:g} ms times {g_L_ * 1e9:g} nS, {said}: only"
            " ratios of currents and conductances to it matter",
        )
    tau_ = rounded(-1 / slope)
    return Membrane(
        rounded(tau_ * g_L_),
        False,
        None,
        with_units(g_L_, "S"),
        _named(reader, -level / slope),
        f"the time constant {1e3 * tau_:.6g} ms of d{reader.v}/dt",
        f"g_L = {g_L_ * 1e9:g} nS and C = tau g_L = {tau_ * g_L_ * 1e12:.6g} pF, {said}: only ratios of"
        " currents and conductances to it matter",
    )


def _line(reader, expression):
    """(slope, value at 0 V) of the straight part of an expression; None where it has no straight part."""
    import sympy

    part = reader.straight_part(expression)
    if part is None:
        return None, None
    v = symbol(reader.v)
    slope = sympy.diff(part, v)
    return float(slope), float(part.subs(v, 0))


def _leak(reader, capacitance_, per_area):
    """(leak, leak_reversal) as roles."""
    import sympy

    unit = "S/m^2" if per_area else "S"
    named = []
    for name in reader.of_dimension(reader.rest, unit):
        if name not in reader.constants_:
            continue
        slope, level = _line(reader, sympy.diff(reader.rest, symbol(name)))
        if slope is not None and abs(slope * capacitance_ + 1) <= _SAME:
            named.append((name, _named(reader, -level / slope)))
    if len(named) == 1:
        return named[0]
    slope, level = _line(reader, reader.rest)
    if slope is None or slope >= 0:
        return None, _reference(reader)
    return with_units(rounded(-slope * capacitance_), unit), _named(reader, -level / slope)


def _named(reader, volts):
    """The parameter of this value, else the value."""
    near = [
        name
        for name in reader.of_dimension(reader.rest, "V")
        if name in reader.constants_ and abs(reader.constants_[name] - volts) <= _SAME * max(abs(volts), 1e-3)
    ]
    return near[0] if near else with_units(rounded(round(volts, 12)), "V")


def _reference(reader):
    """Of a cell without a leak: where its cells are now, to a millivolt."""
    middle = float(np.median(reader.values.part.values_(reader.v))) * reader.values.equations.unit_
    return with_units(round(middle, 3), "V")
