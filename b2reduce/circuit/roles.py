"""What the roles of a neuron say, held against its equations: where the input enters, the capacitance, the
leak.

C dv/dt = g_leak (E_leak - v) + I_active + I: the capacitance is one over the derivative of dv/dt with respect
to the input, and the leak is minus the part of the derivative of C dv/dt with respect to v that the named
symbol brings.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np

from ..basics.units import format_quantity, parse_quantity, readable, si_label
from .expressions import evaluate

__all__ = ["check_named", "check_roles", "leak_is_alone", "read_role", "role_value", "slope_of"]

ROLES = ("membrane", "input", "leak", "leak_reversal", "capacitance")

# Of a capacitance or a leak that is named, against the one in the equations: both are a few roundings of the
# same numbers
RTOL = 1e-9
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


@lru_cache(maxsize=256)
def _derivatives(equations, membrane, input_, leak, parameters):
    """(d(dv/dt)/dI, d(dv/dt)/dv, d(dv/dt)/dleak) of equation text as sympy expressions.

    The last None unless the leak is one symbol.
    """
    import brian2
    import sympy
    from brian2.core.namespace import DEFAULT_UNITS
    from brian2.parsing.sympytools import str_to_sympy

    written = dict(brian2.Equations(equations).get_substituted_expressions())[membrane].code
    slope = str_to_sympy(written)
    # Conditions are constant but where they switch, and sympy cannot differentiate them. One on the time
    # since the last spike alone, such as int(not_refractory), holds the cell: what counts is the cell that is
    # not held.
    switches = [call for call in slope.atoms(sympy.Function) if call.func.__name__ == "int_"]
    timely = {"t", "lastspike", "not_refractory", *DEFAULT_UNITS}
    held = lambda call: (
        {symbol.name for symbol in call.free_symbols} & {"lastspike", "not_refractory"}
        and {symbol.name for symbol in call.free_symbols} <= timely | parameters
    )
    slope = slope.subs(
        {call: sympy.Integer(1) if held(call) else sympy.Dummy("condition", real=True) for call in switches}
    )
    symbol = lambda name: sympy.Symbol(name, real=True)
    return tuple(
        None if name is None else sympy.diff(slope, symbol(name)) for name in (input_, membrane, leak)
    )


def _value(expression, constants):
    """The value in SI of a sympy expression of parameters.

    None where something else is in it or it has none.
    """
    from brian2.core.namespace import DEFAULT_UNITS

    names, constants = (
        {symbol.name: symbol for symbol in expression.free_symbols},
        {**DEFAULT_UNITS, **constants},
    )
    if not names.keys() <= constants.keys():
        return None
    try:
        value = complex(
            expression.subs(
                {symbol: float(np.asarray(constants[name])) for name, symbol in names.items()}
            ).evalf()
        )
    except (TypeError, ValueError):  # a derivative that sympy cannot take
        return None
    return value.real if math.isfinite(value.real) and value.imag == 0 else None


def slope_of(model):
    """d(dv/dt)/dv in SI; None where it is not a constant of the parameters."""
    return _value(_derived(model)[1], model.constants)


def _derived(model):
    leak = model.leak if isinstance(model.leak, str) and model.leak.isidentifier() else None
    return _derivatives(
        model.equations_with_input, model.membrane, model.input, leak, frozenset(model.constants)
    )


def _written(expression):
    """A sympy expression as it would stand in a role."""
    from brian2.parsing.sympytools import sympy_to_str

    return sympy_to_str(expression)


def check_roles(model):
    """Hold input, capacitance and leak against the membrane equation; returns the capacitance in SI.

    Raises
    ------
    ModelError
        If the input does not enter the membrane equation with a constant factor, or the capacitance or the
        leak named differs from what stands there; the message shows what was found and the corrected line.
    """
    import sympy

    leak = model.leak if isinstance(model.leak, str) and model.leak.isidentifier() else None
    per_input, per_volt, per_leak = _derived(model)
    membrane, input_ = model.membrane, model.input
    found = f"d(d{membrane}/dt)/d{input_} = {_written(per_input)}"
    if per_input == 0:
        raise model.error(
            "roles.input",
            f"{found}: the input {input_!r} does not enter the equation of the membrane {membrane!r}; write "
            f"d{membrane}/dt = (... + {input_})/C_m, or pass input= the symbol of the current that does",
        )
    value = _value(per_input, model.constants)
    if value is None:
        others = sorted(
            {symbol.name for symbol in per_input.free_symbols} & {membrane, input_, "t", *model.parsed.names}
        )
        raise model.error(
            "roles.capacitance",
            f"{found} is not constant{', since it depends on ' + ', '.join(others) if others else ''}: the"
            f" input must enter as d{membrane}/dt = (... + {input_})/C_m with a constant capacitance; name"
            " another input=, or write the equation so",
        )
    if value <= 0:
        raise model.error(
            "roles.input",
            f"{found}, which is {'0' if value == 0 else 'negative'}: an input that excites has a positive"
            f" factor; write + {input_} in the equation of {membrane!r}",
        )
    one = sympy.simplify(1 / per_input)
    unit = "F/m^2" if "m^2" in si_label(model.conductance_dim) else "F"
    factor, label = readable([1 / value], unit)
    shown = f"{1 / value / factor:.6g} {label}"
    if model.capacitance is not None:
        named = float(np.asarray(role_value(model, "capacitance")))
        if not math.isclose(named, 1 / value, rel_tol=RTOL):
            raise model.error(
                "roles.capacitance",
                f"{found}, so that the capacitance is {_written(one)} = {shown}, but {model.capacitance!r} is"
                f" {named / factor:.6g} {label}; "
                f'pass capacitance="{_written(one)}", or write d{membrane}/dt = (... +'
                f" {input_})/{model.capacitance}",
            )
    if leak is not None and per_leak == 0:
        raise model.error(
            "roles.leak",
            f"the leak {leak!r} does not stand in the equation of the membrane {membrane!r}; say which is the"
            f" {KEYWORD['leak']}",
        )
    part = (
        sympy.diff(per_leak, sympy.Symbol(membrane, real=True)) / per_input
        if leak is not None
        else per_volt / per_input
    )
    # Other variables beside the leak's symbol (a dendrite coupled by 2*g_L): how much of it is a leak is not
    # to be told.
    alone = leak is not None and {symbol.name for symbol in per_leak.free_symbols} & set(
        model.parsed.names
    ) <= {membrane}
    _check_leak(model, part, leak, alone)
    return 1 / value


def _check_leak(model, part, leak, alone):
    """`part` is what C dv/dt gains per volt: for each siemens of the leak's symbol, or in all."""
    import sympy

    total = model.leak_
    if total == 0:
        return
    v = sympy.Symbol(model.membrane, real=True)
    straight = v not in part.free_symbols
    value = _value(part if straight else part.subs(v, model.leak_reversal_), model.constants)
    if value is None:  # other variables are in it: nothing to hold it against
        return
    line = (
        f"{model.leak if isinstance(model.leak, str) else 'g_L'}*({_text(model.leak_reversal)} -"
        f" {model.membrane})"
    )
    if leak is not None:
        if value >= 0:
            raise model.error(
                "roles.leak",
                f"the current of the leak {leak!r} grows with {model.membrane}, so that it drives the"
                f" membrane away from rest: its sign is wrong; write {line}",
            )
        if alone and straight and not math.isclose(value, -1, rel_tol=RTOL):
            raise model.error(
                "roles.leak",
                f"the leak in C d{model.membrane}/dt is {_written(-part)}*{leak}, not {leak}, with the"
                " capacitance that the input sees; "
                f'pass leak="{_written(-part * sympy.Symbol(leak, real=True))}", or write {line} beside +'
                f" {model.input}",
            )
    elif straight and value > -total * (1 - RTOL):
        cure = f"its sign is wrong; write {line}" if value > 0 else f'pass leak="{_written(-part)}"'
        raise model.error(
            "roles.leak",
            f"the leak is named as {total:.6g} S{'/m^2' if 'm^2' in si_label(model.conductance_dim) else ''},"
            f" but C d{model.membrane}/dt falls by {-value:.6g} for each volt; {cure}",
        )


def leak_is_alone(model):
    """Whether the leak is one parameter that stands in the membrane equation as leak*(reversal - v), and
    nowhere else.
    """
    import sympy

    if not model.leak.isidentifier() or not isinstance(model.leak_reversal, str):
        return False
    _, _, per_leak = _derived(model)
    elsewhere = "\n".join(
        [
            *(
                f"{expression.code}"
                for name, expression in model.parsed.get_substituted_expressions()
                if name != model.membrane
            ),
            model.threshold,
            model.reset,
            str(model.refractory),
        ]
    )
    part = _value(
        sympy.diff(per_leak, sympy.Symbol(model.membrane, real=True)) * model.capacitance_, model.constants
    )
    at_rest = _value(
        per_leak.subs(sympy.Symbol(model.membrane, real=True), model.leak_reversal_) * model.capacitance_,
        model.constants,
    )
    return (
        part is not None
        and math.isclose(part, -1, rel_tol=RTOL)
        and at_rest is not None
        and abs(at_rest) < RTOL
        and not re.search(rf"\b{re.escape(model.leak)}\b", elsewhere)
    )


def _text(role):
    return role if isinstance(role, str) else format_quantity(role)
