"""A rate model as plain numbers and formulas that need neither Brian2 nor units.

What exports and pages are written from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..basics.errors import InputError
from ..basics.units import si_label
from .equations import automatic_dt_, rate_assignment, rate_equations, rate_values, start_values_
from .formulas import renamed_formula, spline_formulas
from .languages import LANGUAGES
from .rate_filters import filters

__all__ = ["RateSystem", "State", "printed", "rate_system"]

LONGEST_CHAIN = 12  # states that stand for a delay


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
    sent : mapping of str to str
        Population of every variable that is a rate behind short-term plasticity.
    late : mapping of str to (str, tuple of float)
        By symbol what it brings late, a definition, and the weights of its values now, one step ago...
    """

    states: tuple
    definitions: tuple
    parameters: Mapping
    rates: Mapping
    drives: Mapping
    functions: Mapping
    dt_: float
    sent: Mapping = field(default_factory=dict)
    late: Mapping = field(default_factory=dict)


def rate_system(reduced, drives=None, dt_=None, initial=None, delays="none"):
    """The RateSystem of a reduced circuit.

    Parameters
    ----------
    reduced : ReducedCircuit
    drives, initial : mapping, optional
        As in `simulate_rates`.
    dt_ : float, optional
    delays : {"none", "steps", "chain"}
        Left out; by weights over steps, as `simulate_rates` has them; or as chains of states, whose delays
        have the same mean and, as far as up to 12 states can, the same variance (of a gamma distribution).

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
    states, definitions, parameters, rates, functions, late = [], [], {}, {}, {}, {}
    dt_ = dt_ or automatic_dt_(reduced)
    for name in reduced.populations:
        equations = brian2.Equations(rate_equations(reduced, name))
        values, _ = rate_values(reduced, name)
        own = lambda variable: variable if variable.endswith(f"_to_{name}") else f"{variable}_{name}"
        renamed = {variable: own(variable) for variable in equations.names}
        sums = {}
        for f in filters(reduced, name):
            if f.is_drive:
                renamed[f"rate_{f.source}"] = symbols[f.source, name]
                continue
            brought = f"{f.brought}_{f.source}"
            if delays != "none" and not f.delays.none:
                symbol = f"late_{f.input}_to_{name}"
                if delays == "chain" and symbol not in (state.name for state in states):
                    began = 0.0 if start is None else float(f.pathways[0].sent_(start[f.source]))
                    states += _chain(symbol, brought, f.delays, began, name)
                elif delays == "steps":
                    late[symbol] = brought, tuple(f.delays.steps_(dt_).tolist())
                brought = symbol
            if f"I_{f.input}" in equations.names:
                weight = f"W_{f.input}_to_{name}"
                parameters[weight] = reduced.charge_(f), _unit_of(equations[f"I_{f.input}"].dim, "s")
                sums[f"I_{f.input}"] = f"{weight}*{brought}"
            else:
                renamed[f"r_from_{f.input}"] = brought
        known = lambda text: renamed_formula(text, renamed, sums)
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
        for statement in reduced.dynamics.statements(reduced, name):
            held, _, text = statement.partition(" = ")
            expressions[held] = known(text)
        if statement := rate_assignment(reduced, name):
            if reduced.kind.shift_law:
                expressions.update(spline_formulas(reduced.gains[name], own("mu"), own))
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
        dt_,
        {
            f"sent_{key}_{name}": name
            for name in reduced.populations
            for key in reduced.plastic_(name).values()
        },
        late,
    )


def _chain(symbol, brought, delays, began, population):
    """States whose last one is what is brought, late: each follows the one before it."""
    spread = delays.variance_
    number = int(np.clip(round(delays.mean_**2 / spread), 1, LONGEST_CHAIN)) if spread else LONGEST_CHAIN
    names = [*(f"{symbol}_{k}" for k in range(1, number)), symbol]
    pace = repr(number / delays.mean_)
    return [
        State(own, f"({before} - {own})*{pace}", f"-{pace}", f"{pace}*{before}", began, "Hz", population)
        for before, own in zip([brought, *names], names)
    ]


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


def printed(formula, language):
    """A formula of a RateSystem in a language: "numpy", "arrays" (numpy's too), "javascript", "xpp" or
    "pyrates".

    Examples
    --------
    >>> printed("beta*mu*int(mu > 0)", "xpp")
    'beta*mu*heav(mu-(0))'
    """
    return LANGUAGES[language].visit(ast.parse(formula, mode="eval"))
