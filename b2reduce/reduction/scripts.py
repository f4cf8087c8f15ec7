"""A rate model in the words of others.

Scripts for Brian2, numpy, XPPAUT and PyRates that run without this package.
"""

from __future__ import annotations

import base64
import math
import re
import zlib

import numpy as np

from .. import __version__
from ..basics.arguments import needed_seconds, one_of, seconds
from ..basics.errors import InputError
from ..basics.rendering import rendered
from ..cells.settings import BRIAN_STEP_, check_run
from .equations import BIN_, rate_assignment, rate_equations, rate_values
from .rate_filters import filters
from .rate_system import printed, rate_system

__all__ = ["KINDS", "script"]

KINDS = ("brian2", "numpy", "xpp", "pyrates")
_FILES = {"brian2": "brian2.py", "numpy": "numpy.py", "xpp": "xpp.ode", "pyrates": "pyrates.py"}
MOST_CHANGES = 40  # values of a drive's table within one line of an XPP file


def script(reduced, kind, *, duration="2 s", drives=None, initial=None, dt=None, file=None):
    """The text of a script that runs a rate model; see `ReducedCircuit.to_script`."""
    one_of(kind, KINDS, "kind")
    duration_ = needed_seconds(duration, "duration")
    system = rate_system(reduced, drives, seconds(dt, "dt"), initial)
    check_run(duration_, system.dt_, cells=len(reduced.populations), least_=BRIAN_STEP_)
    if system.functions and kind in ("xpp", "pyrates"):
        raise InputError(
            f"kind: {kind!r} has no tables of several dimensions, which level {reduced.level!r} is made of;"
            " reduce at level 'linear' or 'gain', or export to 'brian2' or 'numpy'"
        )
    steps = max(1, round(BIN_ / system.dt_))
    more = {"brian2": _brian2, "numpy": _numpy, "xpp": _xpp, "pyrates": _pyrates}[kind](
        reduced, system, duration_
    )
    values = dict(
        about=_about(reduced),
        file=file or f"rates{'.ode' if kind == 'xpp' else '.py'}",
        duration=repr(duration_),
        dt=repr(system.dt_),
        steps=steps,
        bin=steps * system.dt_,
        rates=system.rates,
        drives=system.drives,
        states=system.states,
    )
    return rendered(f"{_FILES[kind]}.jinja", {**values, **more})


def _about(reduced):
    circuit = reduced.circuit
    title = circuit.title.replace("\\", "/").replace('"', "'").replace("\n", " ")
    return (
        f"Rate model of the circuit {circuit.name}{f': {title}' if title else ''}.\n\nDerived by b2reduce"
        f" {__version__}: level {reduced.level}, noise {reduced.noise}, tau {reduced.tau_choice}, seed"
        f" {reduced.provenance.get('seed')}, circuit {reduced.provenance.get('circuit_hash')}."
    )


def _tables(system):
    """Tables as text: their values as single floats, compressed."""

    def packed(values):
        data = base64.b85encode(
            zlib.compress(np.ascontiguousarray(values, dtype="<f4").tobytes(), 9)
        ).decode()
        lines = [data[k : k + 120] for k in range(0, len(data), 120)]
        return "(\n" + "\n".join(f'    "{line}"' for line in lines) + ")"

    return {
        name: {
            "first": table.first.tolist(),
            "last": table.last.tolist(),
            "shape": table.values.shape,
            "shift": float(table.shift),
            "data": packed(table.values),
        }
        for name, table in system.functions.items()
    }


def _numpy(reduced, system, duration_):
    return {
        "parameters": system.parameters,
        "definitions": system.definitions,
        "functions": _tables(system),
        "printed": lambda formula: printed(formula, "numpy"),
    }


_UNITS = {
    "A": "amp",
    "S": "siemens",
    "C": "coulomb",
    "F": "farad",
    "V": "volt",
    "s": "second",
    "Hz": "Hz",
    "A/m^2": "amp/meter**2",
    "S/m^2": "siemens/meter**2",
    "C/m^2": "coulomb/meter**2",
    "F/m^2": "farad/meter**2",
    "Hz/A": "Hz/amp",
    "Hz m^2/A": "Hz/amp*meter**2",
    "1": "",
}


def _brian2(reduced, system, duration_):
    symbols = {}
    for symbol, (drive, _) in system.drives.items():
        symbols.update(
            {
                (drive, target): symbol
                for target in reduced.populations
                if symbol in (f"rate_{drive}", f"rate_{drive}_to_{target}")
            }
        )
    states = {state.name: state for state in system.states}
    populations, synapses, splines = [], [], {}
    for name in reduced.populations:
        incoming = {
            p.source: system.drives[symbols[p.source, name]][1]
            for p in reduced.circuit.pathways(name)
            if p.is_drive
        }
        changing = {drive for drive, rate in incoming.items() if isinstance(rate, tuple)}
        equations = rate_equations(reduced, name, changing)
        unit = _units_of(equations)
        values = {variable: value for variable, value in rate_values(reduced, name)[0].items()}
        values.update({f"rate_{drive}": rate for drive, rate in incoming.items() if drive not in changing})
        values.update(
            {
                variable: state.initial
                for variable in unit
                for state in [
                    states.get(variable if variable.endswith(f"_to_{name}") else f"{variable}_{name}")
                ]
                if state is not None
            }
        )
        statement, namespace = (
            rate_assignment(reduced, name),
            {f"rate_{drive}": symbols[drive, name] for drive in changing},
        )
        if statement:
            area = "/meter**2" if reduced.circuit.per_area(name) else ""
            written = {"A": f"amp{area}", "S": f"siemens{area}", "Hz": "Hz"}
            units = ", ".join(written[unit] for unit in reduced.kind.argument_units(reduced, name))
            namespace["F"] = f"lookup(F_{name}, [{units}])"
            if reduced.kind.shift_law:
                own = [
                    (symbol, printed(formula.replace(f"mu_{name}", "mu"), "numpy"))
                    for symbol, formula in system.definitions
                    if symbol.endswith(f"_{name}") and symbol.startswith(("beyond_", "bend_"))
                ]
                splines[f"F_{name}"] = [
                    *own,
                    (
                        "return",
                        printed(dict(system.definitions)[f"r_{name}"].replace(f"mu_{name}", "mu"), "numpy"),
                    ),
                ]
        populations.append(
            {
                "name": name,
                "equations": equations,
                "statement": statement,
                "namespace": namespace,
                "settings": {
                    variable: f"{value!r}*{_UNITS[unit[variable]]}" if _UNITS[unit[variable]] else repr(value)
                    for variable, value in values.items()
                    if value or variable not in states
                },
            }
        )
        for f in {f.input: f for f in filters(reduced, name) if not f.is_drive}.values():
            direct = f"I_{f.input}" in unit
            model = (
                f"I_{f.input}_post = W*r_pre : {_UNITS[unit[f'I_{f.input}']]} (summed)"
                if direct
                else f"r_from_{f.input}_post = r_pre : Hz (summed)"
            )
            charge = "coulomb/meter**2" if reduced.circuit.per_area(name) else "coulomb"
            synapses.append(
                {
                    "source": f.source,
                    "target": name,
                    "model": model,
                    "name": f"W_{f.source}_to_{name}",
                    "weight": f"{reduced.W_[name, f.source]!r}*{charge}" if direct else "",
                }
            )
    return {
        "populations": populations,
        "synapses": synapses,
        "functions": _tables(system),
        "splines": splines,
        "tables": {
            symbol: (name, rate) for symbol, (name, rate) in system.drives.items() if isinstance(rate, tuple)
        },
    }


def _units_of(text):
    import brian2

    from ..basics.units import si_label

    equations = brian2.Equations(text)
    return {name: si_label(equations[name].dim) for name in equations.names}


def _xpp(reduced, system, duration_):
    names = _short_names(
        [
            *system.parameters,
            *system.drives,
            *(name for name, _ in system.definitions),
            *(state.name for state in system.states),
        ]
    )
    shown = lambda formula: _respelled(printed(formula, "xpp"), names)
    changing = {}
    for symbol, (name, rate) in system.drives.items():
        if isinstance(rate, tuple):
            times, values = rate
            if len(times) > MOST_CHANGES:
                raise InputError(
                    f"drives, {name}: got a table of {len(times)} values, expected at most {MOST_CHANGES} in"
                    " an XPP file; export to 'brian2' or 'numpy'"
                )
            changing[names[symbol]] = repr(values[0]) + "".join(
                f"+({after - before!r})*heav(t-({time!r}))"
                for time, before, after in zip(times[1:], values, values[1:])
            )
    auxiliary = _short_names([*reduced.populations], taken=names.values(), suffix="rate")
    return {
        "parameters": {names[name]: value for name, value in system.parameters.items()},
        "constants": {
            names[symbol]: value for symbol, value in system.drives.items() if not isinstance(value[1], tuple)
        },
        "changing": changing,
        "definitions": [(names[name], shown(formula)) for name, formula in system.definitions],
        "states": [
            {"name": names[state.name], "formula": shown(state.derivative), "initial": state.initial}
            for state in system.states
        ],
        "rates": {auxiliary[name]: names[variable] for name, variable in system.rates.items()},
        "stored": int(duration_ / system.dt_) + 10,
        "top": math.ceil(2 * max([1.0, *reduced.operating_rate_.values()])),
    }


_XPP_LONGEST = 9  # characters of a name
_XPP_TAKEN = {
    "t",
    "pi",
    "sin",
    "cos",
    "tan",
    "exp",
    "ln",
    "log",
    "abs",
    "max",
    "min",
    "heav",
    "sign",
    "if",
    "then",
    "else",
    "sum",
    "of",
    "ran",
    "normal",
    "delay",
    "flr",
    "mod",
    "not",
    "par",
    "aux",
    "init",
    "done",
    "number",
    "table",
    "wiener",
    "global",
    "set",
    "e",
}


def _short_names(names, taken=(), suffix=""):
    """{name: name for XPP}, which takes nine characters and knows no capitals."""
    short, used = {}, {*_XPP_TAKEN, *map(str.lower, taken)}
    for name in names:
        wanted = f"{name}_{suffix}" if suffix else name
        candidate = (
            wanted
            if len(wanted) <= _XPP_LONGEST
            else "".join(wanted.replace("_to_", "_").split("_"))[:_XPP_LONGEST]
        )
        number = 1
        while candidate.lower() in used:
            number += 1
            candidate = f"{wanted.replace('_', '')[: _XPP_LONGEST - len(str(number))]}{number}"
        used.add(candidate.lower())
        short[name] = candidate
    return short


def _respelled(formula, names):
    return re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), formula).replace(" ", "")


def _pyrates(reduced, system, duration_):
    import ast

    populations, edges, inputs = [], [], {symbol: [] for symbol in system.drives}
    definitions = dict(system.definitions)
    for name in reduced.populations:
        states = [state for state in system.states if state.population == name]
        rate = system.rates[name]
        wanted, own = [rate, *(state.derivative for state in states)], {}
        used = lambda formula: {
            node.id for node in ast.walk(ast.parse(formula, mode="eval")) if isinstance(node, ast.Name)
        }
        foreign = {variable: source for source, variable in system.rates.items() if source != name}
        while wanted:  # what this population needs, and not what makes the rates of others
            for symbol in sorted(used(wanted.pop())):
                if symbol in definitions and symbol not in foreign and symbol not in own:
                    own[symbol] = definitions[symbol]
                    wanted.append(definitions[symbol])
        ordered = [(symbol, formula) for symbol, formula in system.definitions if symbol in own]
        needed = set().union(
            *(used(formula) for _, formula in ordered), *(used(state.derivative) for state in states)
        )
        incoming = {}
        variables = {state.name: f'"variable({state.initial!r})"' for state in states}
        variables.update(
            {symbol: '"output(0.0)"' if symbol == rate else '"variable(0.0)"' for symbol, _ in ordered}
        )
        for symbol in sorted(needed):
            if symbol in foreign:
                incoming[symbol] = f"in_{symbol}"
                variables[incoming[symbol]] = '"input(0.0)"'
                edges.append(
                    {
                        "source": foreign[symbol],
                        "target": name,
                        "variable": symbol,
                        "input": incoming[symbol],
                        "weight": 1.0,
                    }
                )
            elif symbol in system.drives:
                variables[symbol] = '"input(0.0)"'
                inputs[symbol].append(f"{name}/rate_{name}/{symbol}")
            elif symbol in system.parameters:
                variables[symbol] = repr(system.parameters[symbol][0])
        shown = lambda formula: re.sub(
            r"[A-Za-z_]\w*", lambda match: incoming.get(match[0], match[0]), printed(formula, "pyrates")
        )
        equations = [f"{symbol} = {shown(formula)}" for symbol, formula in ordered] + [
            f"{state.name}' = {shown(state.derivative)}" for state in states
        ]
        populations.append({"name": name, "equations": equations, "variables": variables})
    return {
        "populations": populations,
        "edges": edges,
        "inputs": inputs,
        "fine": repr(system.dt_ / 10),
        "constants": {name: repr(value) for name, (value, _) in system.parameters.items()},
        "definitions": [(name, printed(formula, "arrays")) for name, formula in system.definitions],
    }
