"""Texts and names of a neuron, read before Brian2 sees them.

What each line of the equations defines, and what nothing may be called.
"""

from __future__ import annotations

import ast
import re

import numpy as np

from ..basics.errors import InputError
from ..basics.units import parse_quantity
from .allowed_nodes import ExpressionError, short
from .equation_text import parse_equations
from .grammar import names_in, parse_expression, parse_statements
from .neuron_names import IDENTIFIER, check_names, name_fault

__all__ = ["check_text", "read_refractory", "unit_of"]


def read_refractory(text):
    """A Quantity where the text is a number with a unit, else the text: an expression, the name of a
    parameter, or a condition.

    Raises
    ------
    InputError
        If it can be read as neither.
    """
    if not isinstance(text, str) or not re.match(r"\s*[+-]?\s*[\d.]", text):
        return text
    try:
        return parse_quantity(text)
    except InputError as error:
        try:
            parse_expression(text)
        except ExpressionError as fault:
            # "2 mss" is a time that is misspelt; "2*np.pi" an expression.
            raise (error if str(fault).startswith("cannot read") else fault) from None
        return text


def check_text(model):
    """Raise a `ModelError` with its key unless every text of a model is arithmetic and every name free.

    Nothing of a model may reach Brian2 or sympy before this.
    """
    key = "equations"
    try:
        definitions = parse_equations(model.equations)
        key = "threshold"
        parse_expression(model.threshold)
        key = "reset"
        statements = parse_statements(model.reset)
        key = "refractory"
        if isinstance(model.refractory, str):
            parse_expression(model.refractory)
    except ExpressionError as error:
        raise model.error(key, str(error)) from None
    for role in ("membrane", "input"):
        if not IDENTIFIER.fullmatch(getattr(model, role)):
            raise model.error(
                f"roles.{role}",
                f"got {short(getattr(model, role))!r}, expected a name of letters, digits and underscores",
            )
    check_names(model, definitions)
    _check_targets(model, definitions, statements)


def unit_of(symbol):
    """How Brian2's equations call a unit that people abbreviate: ``"uvolt"`` for uV; None if it is none."""
    from brian2 import have_same_dimensions
    from brian2.core.namespace import DEFAULT_UNITS

    try:
        value = parse_quantity(f"1 {symbol.replace('Ohm', 'ohm')}")
    except InputError:
        return None
    equal = lambda unit: (
        have_same_dimensions(unit, value) and np.isclose(float(unit), float(value), rtol=1e-12)
    )
    same = [name for name, unit in DEFAULT_UNITS.items() if equal(unit)]
    return min(same, key=len, default=None)


def _check_targets(model, definitions, statements):
    """A reset may set state variables, and names of its own."""
    local = set()
    for node in statements:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = target.id
        read = names_in(node.value) | ({name} if isinstance(node, ast.AugAssign) else set())
        kind = definitions[name].kind if name in definitions else None
        if kind == "differential" or name in local and not isinstance(node, ast.AugAssign):
            continue
        if kind == "subexpression":
            raise model.error(
                "reset",
                f"sets {name!r}, a subexpression, which follows from the equations; set a state variable",
            )
        if name in model.parameters or kind == "parameter" or name == model.input:
            raise model.error(
                "reset",
                f"sets {name!r}, a constant; make it a state variable by 'd{name}/dt = 0*{name}/second : ...'"
                " with its value in [initial]",
            )
        if fault := name_fault(name, model.input):
            raise model.error("reset", f"sets {name!r}, a name that {fault}; set a state variable")
        if name in read:
            known = sorted(
                name for name, definition in definitions.items() if definition.kind == "differential"
            )
            raise model.error(
                "reset", f"reads {name!r} before it is set; known variables: {', '.join(known)}"
            )
        local.add(name)
