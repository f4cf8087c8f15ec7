"""The roles of a neuron: which symbols, expressions or values are its leak, reversal and capacitance."""

from __future__ import annotations

from ..basics.units import parse_quantity
from .expressions import evaluate

__all__ = ["check_named", "read_role", "role_value"]

ROLES = ("membrane", "input", "leak", "leak_reversal", "capacitance")
KEYWORD = {
    "leak": (
        'leak (a parameter such as leak = "g_L", an expression of parameters such as leak = "1/R_m", or leak'
        ' = "none" for a cell without one, whose axis g counts from 0)'
    ),
    "leak_reversal": (
        'leak_reversal (a parameter such as leak_reversal = "E_L", an expression of parameters, or a value'
        ' such as "-65 mV"; a cell without a leak needs one as its reference)'
    ),
    "capacitance": (
        'capacitance (a parameter such as capacitance = "C_m", an expression of parameters such as'
        ' capacitance = "tau_m/R_m", or "none" to take it from the equations)'
    ),
}


def read_role(value):
    """A role as the model keeps it: text, a Quantity for text such as ``"-65 mV"``, None for none."""
    if value is None or isinstance(value, str) and value.strip() in ("", "none"):
        return None
    if isinstance(value, str) and not value.strip().isidentifier():
        try:
            return parse_quantity(value)
        except ValueError:  # an expression of parameters
            return value.strip()
    return value


def check_named(model):
    """Refuse a cell of which several roles are named by symbols without a value, all at once."""
    lacking = {
        role: symbol
        for role in KEYWORD
        if isinstance(symbol := getattr(model, role), str)
        and symbol.isidentifier()
        and symbol not in model.constants
    }
    if len(lacking) > 1:
        raise model.error(
            "roles",
            f"got {', '.join(f'{role} = {symbol!r}' for role, symbol in lacking.items())}, which have no"
            " value among the parameters; say which is the"
            f" {', the '.join(KEYWORD[role] for role in lacking)}; known parameters:"
            f" {', '.join(model.parameters) or 'none'}",
        )


def role_value(model, role):
    """The value of a role, a Quantity.

    Raises
    ------
    ModelError
        If it has a symbol without a value; the message says which keyword to pass.
    """
    symbol = getattr(model, role)
    if not isinstance(symbol, str):
        return symbol
    if symbol.isidentifier() and symbol not in model.constants:
        raise model.error(
            f"roles.{role}",
            f"got {symbol!r}, which has no value among the parameters; say which is the {KEYWORD[role]};"
            f" known parameters: {', '.join(model.parameters) or 'none'}",
        )
    try:
        return evaluate(symbol, model.constants)
    except ValueError as error:
        raise model.error(f"roles.{role}", f"{error}; say which is the {KEYWORD[role]}") from None
