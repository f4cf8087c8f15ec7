"""Scripts for PyRates."""

from __future__ import annotations

import ast
import re

from ..rate_system import printed
from .script import Script

__all__ = ["Pyrates"]


class Pyrates(Script):
    """The model as a CircuitTemplate, which PyRates integrates by its own methods."""

    name = "pyrates"
    meaning = "a Python script for PyRates"

    def values(self, reduced, system, duration_):
        populations, edges, inputs = [], [], {symbol: [] for symbol in system.drives}
        definitions = dict(system.definitions)
        for name in reduced.populations:
            states = [state for state in system.states if state.population == name]
            rate = system.rates[name]
            sent = [variable for variable, source in system.sent.items() if source == name]
            wanted, own = [rate, *sent, *(state.derivative for state in states)], {}
            used = lambda formula: {
                node.id for node in ast.walk(ast.parse(formula, mode="eval")) if isinstance(node, ast.Name)
            }
            foreign = {variable: source for source, variable in system.rates.items() if source != name}
            foreign.update({variable: source for variable, source in system.sent.items() if source != name})
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
