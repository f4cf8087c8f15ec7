"""What the roles of a neuron say, held against its equations: where the input enters, the capacitance, the
leak.

C dv/dt = g_leak (E_leak - v) + I_active + I: the capacitance is one over the derivative of dv/dt with respect
to the input, and the leak is minus the part of the derivative of C dv/dt with respect to v that the named
symbol brings.
"""

from __future__ import annotations

import math

import numpy as np

from ..basics.units import format_quantity, readable, si_label
from .membrane_slopes import RTOL, membrane_slopes, role_text, value_of
from .roles import KEYWORD, role_value

__all__ = ["check_roles"]


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
    per_input, per_volt, per_leak = membrane_slopes(model)
    membrane, input_ = model.membrane, model.input
    found = f"d(d{membrane}/dt)/d{input_} = {role_text(per_input)}"
    if per_input == 0:
        raise model.error(
            "roles.input",
            f"{found}: the input {input_!r} does not enter the equation of the membrane {membrane!r}; write "
            f"d{membrane}/dt = (... + {input_})/C_m, or pass input= the symbol of the current that does",
        )
    value = value_of(per_input, model.constants)
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
                f"{found}, so that the capacitance is {role_text(one)} = {shown}, but {model.capacitance!r}"
                f" is {named / factor:.6g} {label}; "
                f'pass capacitance="{role_text(one)}", or write d{membrane}/dt = (... +'
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
    value = value_of(part if straight else part.subs(v, model.leak_reversal_), model.constants)
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
                f"the leak in C d{model.membrane}/dt is {role_text(-part)}*{leak}, not {leak}, with the"
                " capacitance that the input sees; "
                f'pass leak="{role_text(-part * sympy.Symbol(leak, real=True))}", or write {line} beside +'
                f" {model.input}",
            )
    elif straight and value > -total * (1 - RTOL):
        cure = f"its sign is wrong; write {line}" if value > 0 else f'pass leak="{role_text(-part)}"'
        raise model.error(
            "roles.leak",
            f"the leak is named as {total:.6g} S{'/m^2' if 'm^2' in si_label(model.conductance_dim) else ''},"
            f" but C d{model.membrane}/dt falls by {-value:.6g} for each volt; {cure}",
        )


def _text(role):
    return role if isinstance(role, str) else format_quantity(role)
