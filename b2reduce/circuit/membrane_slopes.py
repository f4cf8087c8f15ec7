"""Derivatives of dv/dt with respect to input, potential and leak, and what they say of a neuron."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np

__all__ = ["leak_is_alone", "slope_of", "membrane_slopes", "role_text", "value_of"]

# Of a capacitance or a leak that is named, against the one in the equations: both are a few roundings of the
# same numbers
RTOL = 1e-9


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


def value_of(expression, constants):
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
    return value_of(membrane_slopes(model)[1], model.constants)


def membrane_slopes(model):
    """d(dv/dt) of a model with respect to input, potential and leak, as sympy expressions."""
    leak = model.leak if isinstance(model.leak, str) and model.leak.isidentifier() else None
    return _derivatives(
        model.equations_with_input, model.membrane, model.input, leak, frozenset(model.constants)
    )


def role_text(expression):
    """A sympy expression as it would stand in a role."""
    from brian2.parsing.sympytools import sympy_to_str

    return sympy_to_str(expression)


def leak_is_alone(model):
    """Whether the leak is one parameter that stands in the membrane equation as leak*(reversal - v), and
    nowhere else.
    """
    import sympy

    if not model.leak.isidentifier() or not isinstance(model.leak_reversal, str):
        return False
    _, _, per_leak = membrane_slopes(model)
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
    part = value_of(
        sympy.diff(per_leak, sympy.Symbol(model.membrane, real=True)) * model.capacitance_, model.constants
    )
    at_rest = value_of(
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
