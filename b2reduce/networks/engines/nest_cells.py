"""Whether a cell is one of NEST's, told from its mathematics, and the parameters that it then has there."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...basics.errors import InputError
from ...circuit.expressions import evaluate, evaluate_tree
from ...circuit.grammar import names_in, parse_expression, parse_statements
from .nest_verified import units_, verify, written_

__all__ = ["Cell", "Lacking", "recognised"]

_EXP = "b2reduce_exponential_of_v"  # stands for the exponential where the rest is linear
_HELPS = "use engine = 'standalone' or 'brian2'"


class Lacking(InputError):
    """What NEST lacks of a circuit."""

    def __init__(self, where, lacks):
        super().__init__(f"'nest' cannot run {where}: {lacks}; {_HELPS}")


@dataclass(frozen=True, eq=False)
class Cell:
    """C dv/dt = g_L (E_L - v) + g_L Delta exp((v - V_T)/Delta) - w + I, tau_w dw/dt = a (v - E_L) - w.

    Above `threshold` v is set to `reset` and held for `refractory`, and b is added to w.

    Attributes
    ----------
    texts : mapping of str to str
        Expressions of constants: the coefficients of the equations as they are written.
    exponential : bool
    adaptation : str or None
        The variable that is w.
    """

    texts: Mapping
    exponential: bool
    adaptation: str | None

    @property
    def plain(self):
        """Whether it is a leaky integrate-and-fire cell and nothing more."""
        return not self.exponential and self.adaptation is None

    def values_(self, constants):
        """{parameter: SI value, or array over cells}, for constants that may be arrays over cells.

        The variable that is w adds `w_scale` times itself to the membrane's current, outwards.
        """
        known = {**units_(), **{key: np.asarray(each, dtype=float) for key, each in constants.items()}}
        at = {key: np.asarray(evaluate(text, known), dtype=float) for key, text in self.texts.items()}
        C = 1 / at["I"]
        leak = -at["v"] * C
        found = {"C": C, "g_L": leak, "E_L": at["1"] * C / leak}
        found.update({key: at[key] for key in ("threshold", "reset", "refractory")})
        if self.exponential:
            Delta = 1 / at["slope"]
            size = at["exp"] * C / (leak * Delta)
            found |= {"Delta": Delta, "size": size}
            found["V_T"] = -Delta * (at["shift"] + np.log(np.where(size > 0, size, np.nan)))
        if self.adaptation is not None:
            scale, tau = -at["w"] * C, -1 / at["w_w"]
            found |= {"w_scale": scale, "tau_w": tau, "a": scale * tau * at["w_v"], "b": scale * at["b"]}
            found["w_1"] = scale * tau * at["w_1"]
        return found


@lru_cache(maxsize=64)
def recognised(model):
    """The Cell that a NeuronModel is.

    Raises
    ------
    Lacking
        If it is none; the message says by what.
    """
    lacks = lambda what: Lacking(f"cells of the model {model.name!r}", what)
    if model.stochastic:
        raise lacks("their equations have white noise (xi), and NEST's cells have none")
    others = [name for name in model.state_variables if name != model.membrane]
    if len(others) > 1:
        raise lacks(
            f"they have the state variables {', '.join(others)} beside {model.membrane}, and NEST's"
            " integrate-and-fire cells at most one, an adaptation current"
        )
    other = others[0] if others else None
    texts, exponential = _membrane(model, other, lacks)
    if other is not None:
        texts |= _adaptation(model, other, lacks)
    texts |= {"threshold": _threshold(model, lacks), "refractory": _refractory(model, lacks)}
    texts |= _reset(model, other, lacks)
    cell = Cell(texts, exponential, other)
    verify(model, cell, lacks)
    return cell


def _symbol(name):
    import sympy

    return sympy.Symbol(name, real=True)


def _linear(model, expression, names, where, lacks):
    """Coefficients of an expression that is linear in names, their texts by name; ``"1"`` of what is left."""
    import sympy
    from brian2.parsing.sympytools import sympy_to_str

    symbols, shown = [_symbol(name) for name in names], {*model.state_variables, model.input}
    try:
        terms = sympy.Poly(sympy.expand(expression), *symbols).terms()
    except sympy.PolynomialError:
        terms = [((2,), 0)]
    if any(sum(powers) > 1 for powers, _ in terms):
        raise lacks(f"the equation of {where} is not linear in {', '.join(n for n in names if n in shown)}")
    found = dict.fromkeys([*names, "1"], "0")
    known = {*model.constants, *units_()}
    for powers, coefficient in terms:
        strange = sorted(symbol.name for symbol in coefficient.free_symbols if symbol.name not in known)
        if strange:
            raise lacks(f"{strange[0]!r} in the equation of {where} is no constant")
        key = names[powers.index(1)] if any(powers) else "1"
        found[key] = sympy_to_str(coefficient)
    return found


def _membrane(model, other, lacks):
    """(coefficients of dv/dt as texts, whether there is an exponential)."""
    import sympy
    from brian2.parsing.sympytools import str_to_sympy

    v = _symbol(model.membrane)
    # A limit on the exponent is left out: `verify` says whether that matters
    slope = str_to_sympy(written_(model, model.membrane)).replace(
        lambda each: isinstance(each, sympy.Function) and each.func.__name__ == "clip" and each.has(v),
        lambda each: each.args[0],
    )
    found = sorted((each for each in slope.atoms(sympy.exp) if each.has(v)), key=str)
    if len(found) > 1:
        raise lacks(f"d{model.membrane}/dt has {len(found)} exponentials, and NEST's cells one")
    slope = slope.subs(found[0], _symbol(_EXP)) if found else slope
    names = [model.membrane, *([other] if other else []), model.input, _EXP]
    told = _linear(model, slope, names, model.membrane, lacks)
    texts = {"v": told[model.membrane], "I": told[model.input], "1": told["1"]}
    if other:
        texts["w"] = told[other]
    if found:
        inner = _linear(model, found[0].args[0], [model.membrane], f"{model.membrane}, exp()", lacks)
        texts |= {"exp": told[_EXP], "slope": inner[model.membrane], "shift": inner["1"]}
    return texts, bool(found)


def _adaptation(model, other, lacks):
    from brian2.parsing.sympytools import str_to_sympy

    told = _linear(model, str_to_sympy(written_(model, other)), [model.membrane, other], other, lacks)
    if "unless refractory" in model.parsed[other].flags:
        raise lacks(f"{other} is held while a cell is refractory, and NEST's goes on")
    return {"w_v": told[model.membrane], "w_w": told[other], "w_1": told["1"]}


def _threshold(model, lacks):
    """The voltage of a condition ``v > V_th``, as text."""
    tree = parse_expression(model.threshold)
    sides = [tree.left, tree.comparators[0]] if isinstance(tree, ast.Compare) else []
    if sides and isinstance(tree.ops[0], (ast.Lt, ast.LtE)):
        sides.reverse()
    above = sides and (not isinstance(tree.ops[0], (ast.Eq, ast.NotEq)))
    if above and isinstance(sides[0], ast.Name) and sides[0].id == model.membrane:
        if _constant(model, sides[1]):
            return ast.unparse(sides[1])
    raise lacks(
        f"got the threshold {model.threshold!r}, and NEST's is {model.membrane} above a constant voltage"
    )


def _constant(model, tree):
    return names_in(tree) <= {*model.constants, *units_()}


def _refractory(model, lacks):
    """The time for which the membrane is held, as text."""
    from brian2 import get_dimensions, second

    if model.refractory is None:
        return "0*second"
    if "unless refractory" not in model.parsed[model.membrane].flags:
        raise lacks(
            f"d{model.membrane}/dt goes on while a cell is refractory, and NEST holds it; write (unless"
            " refractory) behind its equation if that is meant"
        )
    if not isinstance(model.refractory, str):
        return f"{float(model.refractory)!r}*second"
    tree = parse_expression(model.refractory)
    if not _constant(model, tree) or (
        get_dimensions(evaluate_tree(tree, model.constants, model.refractory)) is not second.dim
    ):
        raise lacks(f"they are refractory while {model.refractory!r}, and NEST's for a constant time")
    return model.refractory


def _reset(model, other, lacks):
    """Texts of what the membrane is set to and of what is added to the adaptation."""
    found = {"b": "0"} if other else {}
    for node in parse_statements(model.reset):
        target = (node.targets[0] if isinstance(node, ast.Assign) else node.target).id
        line = ast.unparse(node)
        if not _constant(model, node.value):
            raise lacks(f"the reset {line!r} depends on a variable, and NEST sets constants")
        if target == model.membrane and isinstance(node, ast.Assign):
            found["reset"] = ast.unparse(node.value)
        elif target == other and isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "-" if isinstance(node.op, ast.Sub) else ""
            found["b"] = f"{found['b']} + {sign}({ast.unparse(node.value)})"
        else:
            raise lacks(
                f"the reset does {line!r}, and NEST sets the membrane to a constant"
                + (f" and adds a constant to {other}" if other else "")
            )
    if "reset" not in found:
        raise lacks(f"no reset sets {model.membrane}, and NEST's always does")
    return found
