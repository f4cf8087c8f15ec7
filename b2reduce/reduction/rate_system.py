"""A rate model as plain numbers and formulas that need neither Brian2 nor units.

What exports and pages are written from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.errors import InputError, unknown_name
from ..basics.units import si_label
from ..cells.gain_forms import KNOTS
from .equations import automatic_dt_, rate_assignment, rate_equations, rate_values, start_values_
from .rate_filters import filters

__all__ = ["RateSystem", "State", "printed", "rate_system"]

_UNITS = {"amp", "meter", "siemens", "farad", "coulomb", "second", "volt", "Hz"}


@dataclass(frozen=True)
class State:
    """A variable x of a rate model, dx/dt = decay x + input.

    Attributes
    ----------
    name : str
    derivative, decay, input : str
        Formulas of the variables and parameters, SI.
    initial : float
    unit : str
    population : str
    """

    name: str
    derivative: str
    decay: str
    input: str
    initial: float
    unit: str
    population: str


@dataclass(frozen=True)
class RateSystem:
    """The equations that `simulate_rates` runs, for one unit a population.

    Attributes
    ----------
    states : tuple of State
    definitions : tuple of (str, str)
        (name, formula), each of states, parameters and of what stands before it.
    parameters : mapping of str to (float, str)
        SI value and unit.
    rates : mapping of str to str
        The variable of every population's rate, Hz.
    drives : mapping of str to (str, float or (times, values))
        By symbol the name of the drive and its rate: Hz, or s and Hz; each value of a table holds until the
        next time.
    functions : mapping of str to Lookup
        Tables that definitions call.
    dt_ : float
        Time step of `simulate_rates`, s.
    """

    states: tuple
    definitions: tuple
    parameters: Mapping
    rates: Mapping
    drives: Mapping
    functions: Mapping
    dt_: float


def rate_system(reduced, drives=None, dt_=None, initial=None):
    """The RateSystem of a reduced circuit.

    Parameters
    ----------
    reduced : ReducedCircuit
    drives, initial : mapping, optional
        As in `simulate_rates`.
    dt_ : float, optional

    Raises
    ------
    InputError
        If there is one unit a cell, whose wiring is no equation.
    """
    import brian2
    from brian2.parsing.sympytools import sympy_to_str
    from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

    if reduced.cells:
        raise InputError(
            "reduced: got one unit a cell (cells=True), whose wiring no equations hold; reduce(...,"
            " cells=False) has one unit a population"
        )
    given, start = reduced.drive_rates_(drives), reduced.start_rates_(initial)
    incoming, symbols = _drive_symbols(given)
    states, definitions, parameters, rates, functions = [], [], {}, {}, {}
    for name in reduced.populations:
        equations = brian2.Equations(rate_equations(reduced, name))
        values, _ = rate_values(reduced, name)
        own = lambda variable: variable if variable.endswith(f"_to_{name}") else f"{variable}_{name}"
        renamed = {variable: own(variable) for variable in equations.names}
        sums = {}
        for f in filters(reduced, name):
            if f.is_drive:
                renamed[f"rate_{f.source}"] = symbols[f.source, name]
            elif f"I_{f.input}" in equations.names:
                weight = f"W_{f.source}_to_{name}"
                parameters[weight] = reduced.W_[name, f.source], _unit_of(equations[f"I_{f.input}"].dim, "s")
                sums[f"I_{f.input}"] = f"{weight}*r_{f.source}"
            else:
                renamed[f"r_from_{f.input}"] = f"r_{f.source}"
        known = lambda text: _renamed(text, renamed, sums)
        values = {**values, **start_values_(reduced, name, set(equations.diff_eq_names), given, start)}
        for variable, value in values.items():
            if variable not in equations.diff_eq_names:
                parameters[own(variable)] = float(value), si_label(equations[variable].dim)
        linear = get_conditionally_linear_system(equations)
        for variable in sorted(equations.diff_eq_names):
            decay, left = linear[variable]
            states.append(
                State(
                    own(variable),
                    known(equations[variable].expr.code),
                    known(sympy_to_str(decay) if decay != 0 else "0"),
                    known(sympy_to_str(left) if left != 0 else "0"),
                    float(values.get(variable, 0.0)),
                    si_label(equations[variable].dim),
                    name,
                )
            )
        expressions = {variable: known(equations[variable].expr.code) for variable in equations.subexpr_names}
        if statement := rate_assignment(reduced, name):
            if reduced.kind.shift_law:
                expressions.update(_spline(reduced.gains[name], own("mu"), own))
            else:
                functions[f"F_{name}"] = reduced.functions_[name]
                expressions["r"] = known(statement.partition("=")[2].strip()).replace("F(", f"F_{name}(", 1)
        definitions += _in_order({own(variable): text for variable, text in expressions.items()})
        rates[name] = own("r")
    return RateSystem(
        tuple(states),
        tuple(_in_order(dict(definitions))),
        parameters,
        rates,
        incoming,
        functions,
        dt_ or automatic_dt_(reduced),
    )


def _unit_of(dim, times):
    import brian2

    return si_label(dim * brian2.second.dim) if times == "s" else si_label(dim)


def _drive_symbols(rates):
    """({symbol: (drive, rate)}, {(drive, target): symbol}).

    One symbol a drive, or one a target where the rates of a drive differ.
    """
    plain = lambda rate: (
        (tuple(np.asarray(rate[0], dtype=float).tolist()), tuple(np.asarray(rate[1], dtype=float).tolist()))
        if isinstance(rate, tuple)
        else float(np.asarray(rate))
    )
    values = {key: plain(rate) for key, rate in rates.items()}
    incoming, symbols = {}, {}
    for (drive, target), rate in values.items():
        same = all(other == rate for (name, _), other in values.items() if name == drive)
        symbol = f"rate_{drive}" if same else f"rate_{drive}_to_{target}"
        symbols[drive, target] = symbol
        incoming[symbol] = drive, rate
    return incoming, symbols


class _Names(ast.NodeTransformer):
    """Puts other names and formulas in place of names, and 1 in place of units."""

    def __init__(self, renamed, sums):
        self.renamed, self.sums = renamed, sums

    def visit_Name(self, node):
        if node.id in self.sums:
            return ast.parse(self.sums[node.id], mode="eval").body
        if node.id in self.renamed:
            return ast.Name(self.renamed[node.id], ast.Load())
        return ast.Constant(1) if node.id in _UNITS else node

    def visit_BinOp(self, node):
        node = self.generic_visit(node)
        left, right = node.left, node.right
        is_value = lambda part, value: isinstance(part, ast.Constant) and part.value == value
        if isinstance(node.op, ast.Mult):
            if rectified := _rectified(left, right):
                return rectified
            if is_value(left, 0) or is_value(right, 0):
                return ast.Constant(0)
            if is_value(left, 1) or is_value(right, 1):
                return right if is_value(left, 1) else left
        if isinstance(node.op, (ast.Div, ast.Pow)) and (is_value(right, 1) or is_value(left, 0)):
            return left
        return node


def _rectified(left, right):
    """x int(x > 0), or c x int(x > 0), as clip(x, 0, inf), which every language has."""
    if not (
        isinstance(right, ast.Call)
        and getattr(right.func, "id", "") == "int"
        and isinstance(right.args[0], ast.Compare)
    ):
        return None
    condition = right.args[0]
    factor, value = (
        (left.left, left.right)
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult)
        else (None, left)
    )
    same = (
        isinstance(value, ast.Name)
        and ast.unparse(condition.left) == value.id
        and isinstance(condition.ops[0], ast.Gt)
    )
    if (
        not same
        or not isinstance(condition.comparators[0], ast.Constant)
        or condition.comparators[0].value != 0
    ):
        return None
    clipped = ast.Call(
        ast.Name("clip", ast.Load()), [value, ast.Constant(0), ast.Name("inf", ast.Load())], []
    )
    return clipped if factor is None else ast.BinOp(factor, ast.Mult(), clipped)


def _renamed(text, renamed, sums):
    return ast.unparse(_Names(renamed, sums).visit(ast.parse(text.strip(), mode="eval")))


def _spline(gain, x, own):
    """{name: formula} of a spline gain: what changes at each knot, as a polynomial of what lies beyond it;
    straight beyond the ends, never below 0.

    Coefficients are of distances in units of the width of all knots, so that they are of the size of rates.
    """
    knots, r, curve = _spline_of(gain)
    first, width = float(knots[0]), float(knots[-1] - knots[0])
    places = (knots - first) / width
    pieces = [
        np.poly1d(curve.c[:, k] * width ** np.arange(3, -1, -1.0))(np.poly1d([1.0, -place]))
        for k, place in enumerate(places[:-1])
    ]
    begin, end = ((r[b] - r[a]) / (places[b] - places[a]) for a, b in ((0, 1), (-2, -1)))
    pieces = [np.poly1d([begin, r[0]]), *pieces, np.poly1d([end, r[-1] - end])]
    formulas, parts = {}, [f"{float(r[0])!r} + {float(begin)!r}*({x} - {first!r})/{width!r}"]
    for number, (place, before, after) in enumerate(zip(places, pieces, pieces[1:]), start=1):
        # Of the distance from the knot, where it is 0: the curve has no jumps
        change = (after - before)(np.poly1d([1.0, place]))
        beyond, bend = f"beyond_{number}", f"bend_{number}"
        formulas[beyond] = f"clip(({x} - {float(first + width * place)!r})/{width!r}, 0, inf)"
        formulas[bend] = " + ".join(
            f"{c!r}*{own(beyond)}" + (f"**{power}" if power > 1 else "")
            for power, c in zip(range(change.order, 0, -1), change.c.tolist())
        )
        parts.append(own(bend))
    return {**formulas, "r": f"clip({' + '.join(parts)}, 0, inf)"}


def _spline_of(gain):
    from scipy.interpolate import PchipInterpolator

    x, r = np.array(gain.shape_[:KNOTS]), np.array(gain.shape_[KNOTS:])
    return x, r, PchipInterpolator(x, r)


def _in_order(expressions):
    """[(name, formula)] such that each needs only what stands before it."""
    left, done = dict(expressions), []
    while left:
        ready = [
            name for name, text in left.items() if not set(re.findall(r"\w+", text)) & (set(left) - {name})
        ]
        if not ready:  # rates that depend on one another at once
            raise InputError(
                f"equations: {', '.join(left)} depend on one another without a delay; choose another tau"
            )
        done += [(name, left.pop(name)) for name in ready]
    return done


class _Printer(ast.NodeVisitor):
    """Formulas in the language of a table of operators and functions."""

    def __init__(self, power, functions, comparison, joint=", "):
        self.power, self.functions, self.comparison, self.joint = power, functions, comparison, joint

    def generic_visit(self, node):
        raise InputError(f"equations: cannot write {ast.unparse(node)!r} in this language")

    def visit_Expression(self, node):
        return self.visit(node.body)

    def visit_Name(self, node):
        return node.id

    def visit_Constant(self, node):
        return repr(node.value)

    def visit_UnaryOp(self, node):
        return f"(-{self.visit(node.operand)})" if isinstance(node.op, ast.USub) else self.visit(node.operand)

    def visit_BinOp(self, node):
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return self.power.format(left, right)
        symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(node.op)]
        sums = lambda part: isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Add, ast.Sub))
        products = lambda part: isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Mult, ast.Div))
        left = f"({left})" if sums(node.left) and symbol in "*/" else left
        right = (
            f"({right})"
            if sums(node.right) and symbol != "+" or products(node.right) and symbol in "*/"
            else right
        )
        return f"{left} {symbol} {right}" if symbol in "+-" else f"{left}{symbol}{right}"

    def visit_Call(self, node):
        name, arguments = node.func.id, node.args
        if name == "int" and isinstance(arguments[0], ast.Compare):
            sides = [self.visit(arguments[0].left), self.visit(arguments[0].comparators[0])]
            more = isinstance(arguments[0].ops[0], (ast.Gt, ast.GtE))
            return self.comparison.format(*(sides if more else sides[::-1]))
        if name == "clip":
            value, low, high = (self.visit(part) for part in arguments)
            text = self.functions["max"].format(value, low)
            return text if high in ("inf", "Infinity") else self.functions["min"].format(text, high)
        shown = [self.visit(part) for part in arguments]
        if name.startswith("F_"):
            return f"{name}({self.joint.join(shown)})"
        if name not in self.functions:
            raise InputError(f"equations: {unknown_name('function', name, self.functions)}")
        return self.functions[name].format(*shown)


_LANGUAGES = {
    "numpy": _Printer(
        "{}**{}",
        {
            "exp": "np.exp({})",
            "log": "np.log({})",
            "sqrt": "np.sqrt({})",
            "abs": "abs({})",
            "max": "max({}, {})",
            "min": "min({}, {})",
        },
        "({} > {})",
    ),
    "arrays": _Printer(
        "{}**{}",
        {
            "exp": "np.exp({})",
            "log": "np.log({})",
            "sqrt": "np.sqrt({})",
            "abs": "np.abs({})",
            "max": "np.maximum({}, {})",
            "min": "np.minimum({}, {})",
        },
        "({} > {})",
    ),
    "javascript": _Printer(
        "Math.pow({}, {})",
        {
            "exp": "Math.exp({})",
            "log": "Math.log({})",
            "sqrt": "Math.sqrt({})",
            "abs": "Math.abs({})",
            "max": "Math.max({}, {})",
            "min": "Math.min({}, {})",
        },
        "({} > {} ? 1 : 0)",
    ),
    "xpp": _Printer(
        "{}^{}",
        {
            "exp": "exp({})",
            "log": "ln({})",
            "sqrt": "sqrt({})",
            "abs": "abs({})",
            "max": "max({},{})",
            "min": "min({},{})",
        },
        "heav({}-({}))",
    ),
    "pyrates": _Printer(
        "{}^{}",
        {
            "exp": "exp({})",
            "log": "log({})",
            "sqrt": "sqrt({})",
            "abs": "absv({})",
            "max": "maxi({}, {})",
            "min": "mini({}, {})",
        },
        "heaviside({}-({}))",
    ),
}


def printed(formula, language):
    """A formula of a RateSystem in a language: "numpy", "arrays" (numpy's too), "javascript", "xpp" or
    "pyrates".

    Examples
    --------
    >>> printed("beta*mu*int(mu > 0)", "xpp")
    'beta*mu*heav(mu-(0))'
    """
    return _LANGUAGES[language].visit(ast.parse(formula, mode="eval"))
