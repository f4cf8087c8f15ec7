"""Scripts for Brian2."""

from __future__ import annotations

from ..equations import rate_assignment, rate_equations, rate_values, step_statements
from ..rate_filters import filters
from ..rate_system import printed
from .script import Script
from .tables import packed_tables

__all__ = ["Brian2Script"]

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


class Brian2Script(Script):
    """Gives the rates of `simulate_rates` step for step."""

    name = "brian2"
    meaning = "a Python script for Brian2"
    tables = True
    delays = "steps"

    def values(self, reduced, system, duration_):
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
        populations, synapses, splines, late = [], [], {}, {}
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
            values.update(
                {f"rate_{drive}": rate for drive, rate in incoming.items() if drive not in changing}
            )
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
                            printed(
                                dict(system.definitions)[f"r_{name}"].replace(f"mu_{name}", "mu"), "numpy"
                            ),
                        ),
                    ]
            populations.append(
                {
                    "name": name,
                    "equations": equations,
                    "statement": "\\n".join(step_statements(reduced, name)),
                    "namespace": namespace,
                    "settings": {
                        variable: f"{value!r}*{_UNITS[unit[variable]]}"
                        if _UNITS[unit[variable]]
                        else repr(value)
                        for variable, value in values.items()
                        if value or variable not in states
                    },
                }
            )
            for f in {f.input: f for f in filters(reduced, name) if not f.is_drive}.values():
                direct = f"I_{f.input}" in unit
                model = (
                    f"I_{f.input}_post = W*{f.brought}_pre : {_UNITS[unit[f'I_{f.input}']]} (summed)"
                    if direct
                    else f"r_from_{f.input}_post = {f.brought}_pre : Hz (summed)"
                )
                charge = "coulomb/meter**2" if reduced.circuit.per_area(name) else "coulomb"
                synapses.append(
                    {
                        "source": f.source,
                        "target": name,
                        "model": model,
                        "name": f"W_{f.input}_to_{name}",
                        "weight": f"{reduced.charge_(f)!r}*{charge}" if direct else "",
                    }
                )
                if (symbol := f"late_{f.input}_to_{name}") in system.late:
                    variable = f"I_{f.input}" if direct else f"r_from_{f.input}"
                    late[name, variable] = list(system.late[symbol][1])
        return {
            "populations": populations,
            "synapses": synapses,
            "functions": packed_tables(system),
            "splines": splines,
            "late": late,
            "tables": {
                symbol: (name, rate)
                for symbol, (name, rate) in system.drives.items()
                if isinstance(rate, tuple)
            },
        }


def _units_of(text):
    import brian2

    from ...basics.units import si_label

    equations = brian2.Equations(text)
    return {name: si_label(equations[name].dim) for name in sorted(equations.names)}
