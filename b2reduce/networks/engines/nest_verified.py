"""NEST's equations of a cell, held against the model's own by evaluating both."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...circuit.expressions import ExpressionError, evaluate_tree
from ...circuit.grammar import parse_expression

__all__ = ["units_", "verify", "written_"]

STATES = 200  # random ones, at which NEST's equation is held against the model's
SAME = 1e-9  # of the sum of all terms, within which they are one equation
UPSTROKE_ = 2e-5  # s in which a spike's upstroke may be another: a limit on the exponential ends there
BELOW_ = 0.06  # V below the leak's reversal, down to which voltages are tried


def verify(model, cell, lacks):
    """Hold NEST's equations against the model's own at random states, with the means of its parameters."""
    try:
        at = cell.values_({**model.constants, model.input: 0.0})
    except ExpressionError as error:
        raise lacks(f"its parameters have no value ({error})") from None
    if not (at["g_L"] > 0 and at["C"] > 0):
        raise lacks("they have no leak, and NEST's have one")
    if cell.exponential and not (at["size"] > 0 and at["Delta"] > 0):
        raise lacks("the exponential does not rise upwards, and NEST's does")
    if cell.adaptation and (not at["tau_w"] > 0 or abs(at["w_1"] + at["a"] * at["E_L"]) > SAME * at["g_L"]):
        raise lacks(
            f"{cell.adaptation} does not go back to a ({model.membrane} - E_L) with the leak's reversal, as"
            " NEST's does"
        )
    rng, v_ = np.random.default_rng(0), np.linspace(at["E_L"] - BELOW_, at["threshold"], 2 * STATES)
    scale_ = at["g_L"] * 0.02
    I_, w_ = (
        scale_ * rng.normal(size=(2, v_.size)) if cell.adaptation else (scale_ * rng.normal(size=v_.size), 0)
    )
    own, nest = _own(model, cell, v_, w_, I_), _slopes(cell, at, v_, w_, I_)
    size = scale_ / at["C"] + sum(map(abs, (own[0], nest[0])))
    apart = np.abs(own[0] - nest[0]) > SAME * size
    if cell.exponential and apart.any():
        _check_upstroke(model, cell, at, v_[apart], v_[1] - v_[0], lacks)
    elif apart.any():
        raise lacks(f"d{model.membrane}/dt is not NEST's at {model.membrane} = {v_[apart][0] * 1e3:.3g} mV")
    if cell.adaptation:
        bound = SAME * (np.abs(own[1]) + np.abs(nest[1]) + scale_ / at["w_scale"] / at["tau_w"])
        if np.any(np.abs(own[1] - nest[1]) > bound):
            raise lacks(f"d{cell.adaptation}/dt is not NEST's")


def _check_upstroke(model, cell, at, v_, step_, lacks):
    """Refuse another course of the membrane anywhere but at the end of a spike, where it takes no time."""
    both = [each[0] for each in (_own(model, cell, v_, 0.0, 0.0), _slopes(cell, at, v_, 0.0, 0.0))]
    slowest = np.minimum(*both)
    if np.any(slowest <= 0) or np.sum(step_ / slowest) > UPSTROKE_:
        raise lacks(
            f"d{model.membrane}/dt is not NEST's from {model.membrane} = {v_[0] * 1e3:.3g} mV on, for longer"
            f" than {UPSTROKE_ * 1e6:g} us of a spike"
        )


def _own(model, cell, v_, w_, I_):
    """(dv/dt, dw/dt) by the model's own text."""
    known = {**units_(), **{key: np.float64(np.asarray(each)) for key, each in model.constants.items()}}
    known |= {model.membrane: v_, model.input: I_, "not_refractory": 1.0}
    if cell.adaptation:
        known[cell.adaptation] = w_
    names = [model.membrane, *([cell.adaptation] if cell.adaptation else [])]
    texts = [written_(model, name) for name in names]
    return [np.asarray(evaluate_tree(parse_expression(text), known, text)) for text in texts]


def _slopes(cell, at, v_, w_, I_):
    """(dv/dt, dw/dt) as NEST has them."""
    current = at["g_L"] * (at["E_L"] - v_) + I_
    if cell.exponential:
        current = current + at["g_L"] * at["Delta"] * np.exp((v_ - at["V_T"]) / at["Delta"])
    if not cell.adaptation:
        return [current / at["C"]]
    w = at["w_scale"] * w_
    return [(current - w) / at["C"], (at["a"] * (v_ - at["E_L"]) - w) / at["tau_w"] / at["w_scale"]]


@lru_cache(maxsize=1)
def units_():
    """{name: SI value} of Brian2's units."""
    from brian2.core.namespace import DEFAULT_UNITS

    return {name: np.float64(np.asarray(unit)) for name, unit in DEFAULT_UNITS.items()}


def written_(model, variable):
    """The right-hand side of a variable's equation, without subexpressions."""
    import brian2

    return dict(brian2.Equations(model.equations_with_input).get_substituted_expressions())[variable].code
