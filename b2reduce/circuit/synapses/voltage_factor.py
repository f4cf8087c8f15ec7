"""A factor of the voltage that a circuit gives as an expression."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np

from ...basics.arguments import described
from ...basics.errors import CircuitError
from ...basics.units import si_label
from ..allowed_nodes import ExpressionError, short
from ..expressions import evaluate_tree
from ..folding import RANDOM
from ..grammar import names_in, parse_expression

__all__ = ["VOLTAGE", "VoltageFactor", "factor_at_", "factor_of"]

#: What stands for the voltage of the cell, whatever the cell calls it.
VOLTAGE = "v"
_TRIED_ = np.linspace(-0.12, 0.06, 37)  # V, where cells are
_FAR_ = 1.0  # V, where none is: a membrane that still rises there is held by nothing
_CONSTANTS = ("pi", "e")


@dataclass(frozen=True)
class VoltageFactor:
    """A number that depends on the voltage; what a Parameter answers, and no value of the cell.

    Its text is parsed and walked, never run; it may hold ``v``, units, numbers and functions.

    Attributes
    ----------
    name : str
        A key of projections and drives.
    default : str
        Where none is given.
    """

    name: str
    default: str

    needed = False

    @property
    def example(self):
        """An expression that nothing is wrong with."""
        return self.default

    def read(self, value, key):
        """The text that was given, once it is known to be a finite number at every voltage."""
        where = f"{key}, {self.name}"
        if not isinstance(value, str):
            raise CircuitError(
                f"{where}: got {described(value)}, expected an expression in {VOLTAGE} such as"
                f' "{self.default}"'
            )
        try:
            tree = parse_expression(value)
            _check_names(tree, value)
            found = factor_at_(value, _TRIED_)
        except ExpressionError as error:
            raise CircuitError(f"{where}: {error}") from None
        if found.dtype == bool:
            raise CircuitError(f"{where}: got the condition {short(value)!r}; write int({short(value)})")
        return " ".join(value.split())

    def check(self, value, model, key):
        """Raise a `CircuitError` unless its names mean the same in a cell whose voltage is bounded."""
        where = f"{key}, {self.name}"
        taken = {*model.parsed.names, *model.parameters, model.input} - {model.membrane}
        if clash := sorted((names_in(parse_expression(value)) - {VOLTAGE}) & taken):
            raise CircuitError(
                f"{where}: {clash[0]!r} is a unit or a constant here, and a name of the cell {model.name!r};"
                " rename it in the cell"
            )
        if _runs_away(model):
            raise CircuitError(
                f"{where}: the voltage of the cell {model.name!r} is not bounded (nothing sets"
                f" {model.membrane!r} back at a spike, and it still rises at {_FAR_:g} V), and a factor of it"
                f' has no mean; give the cell a reset such as "{model.membrane} = V_r"'
            )

    def unit_fault(self, value):
        """Its unit was looked at when it was read."""
        return ""


def _check_names(tree, text):
    from brian2.core.namespace import DEFAULT_UNITS

    refuse = lambda message: ExpressionError(f"got {short(text)!r}: {message}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.func.id in (*RANDOM, "timestep"):
            raise refuse(f"{node.func.id}() is no function of the voltage")
    for name in sorted(names_in(tree) - {VOLTAGE, *_CONSTANTS}):
        if name not in DEFAULT_UNITS:
            raise refuse(
                f"the name {name!r} is unknown; write {VOLTAGE} for the voltage of the cell, whatever the"
                " cell calls it, units such as mV, and numbers in place of other constants"
            )


def factor_at_(text, v_):
    """The values at voltages in V."""
    from brian2 import get_dimensions, volt

    found = evaluate_tree(parse_expression(text), {VOLTAGE: v_ * volt}, text)
    if not (dim := get_dimensions(found)).is_dimensionless:
        raise ExpressionError(
            f"got {short(text)!r}, which is in {si_label(dim)}, expected a number; divide voltages by mV"
        )
    return np.broadcast_to(np.asarray(found), np.shape(v_))


def factor_of(text, membrane):
    """The expression with a cell's own name of its voltage."""
    tree = parse_expression(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == VOLTAGE:
            node.id = membrane
    return ast.unparse(tree)


def _runs_away(model):
    """Whether a membrane that no reset sets still rises far above where any cell is, other variables at their
    starts.
    """
    from ..grammar import parse_statements

    if any(_target(node) == model.membrane for node in parse_statements(model.reset)):
        return False
    written = dict(model.parsed.get_substituted_expressions())[model.membrane].code
    tree = parse_expression(written)
    start = {name: model.initial.get(name, 0.0) for name in names_in(tree) & {*model.state_variables}}
    known = {name: float(np.asarray(value)) for name, value in {**model.constants, **start}.items()}
    here = {model.input: model.constant_input_, "not_refractory": 1.0, "t": 0.0, model.membrane: _FAR_}
    try:
        rise = evaluate_tree(tree, {**_units(), **known, **here}, written)
    except ExpressionError as error:
        # An exponential of the voltage that overflows rises as well; what cannot be told is let through.
        return "not finite" in str(error)
    return bool(rise > 0)


def _target(node):
    return (node.targets[0] if isinstance(node, ast.Assign) else node.target).id


def _units():
    from brian2.core.namespace import DEFAULT_UNITS

    return {name: float(np.asarray(unit)) for name, unit in DEFAULT_UNITS.items()}
