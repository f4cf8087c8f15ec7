"""The equations of a cell with its synapses, in Brian2's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..basics.errors import unknown_name
from ..basics.units import si_label

#: Of measurements: a conductance that every cell has besides its own leak, with the leak's reversal, in the
#: input as synapses are.
ADDED_LEAK = "g_added_syn"


def _events(label, jumps, counted, swinging):
    """The statements that add the Poisson events of one step."""
    drawn = f"poisson(rate_syn_{label}{f'*(1 + swing_syn_{label}(t))' if swinging else ''}*dt)"
    if not counted and len(jumps) == 1:
        return [f"{name} += {size}*{drawn}" for name, size in jumps.items()]
    number = f"k_syn_{label}"
    lines = [f"{number} = {drawn}", *(f"{name} += {size}*{number}" for name, size in jumps.items())]
    return [*lines, f"n_syn_{label} += {number}*int(t >= count_from_syn)"] if counted else lines


def cell_equations(
    model, synapses=None, per_cell=(), shared=(), poisson=(), counted=False, method=None, swinging=()
):
    """The equations that Brian2 runs, for sweeps and networks alike.

    The rates of the sources `swinging` change in time, by a function ``swing_syn_<label>(t)`` relative to
    them.
    """
    synapses = {} if synapses is None else synapses
    lines = model.equations.splitlines()
    current = si_unit_name(model.current_dim)
    declared = dict.fromkeys([model.input, *per_cell])
    lines = [line for line in lines if line.partition(":")[0].strip() != model.input]
    reversal = {}
    added = [term for s, kind in synapses.items() if (term := kind.current(s, model))]
    if ADDED_LEAK in per_cell:
        if not isinstance(model.leak_reversal, str):
            reversal["E_added_syn"] = model.leak_reversal
        added.insert(
            0, f"{ADDED_LEAK}*(({'E_added_syn' if reversal else model.leak_reversal}) - {model.membrane})"
        )
    if added:
        total = f"{model.input}_total"
        lines = [_substitute(line, model.input, total) for line in lines]
        lines.append(f"{total} = {' + '.join([model.input, *added])} : {current}")
    units = {model.input: current}
    for s, kind in synapses.items():
        lines += [
            f"d{name}/dt = {rate} : {si_unit_name(dim)}" for name, rate, dim in kind.equations(s, model)
        ]
        units.update({name: si_unit_name(dim) for name, dim in kind.units(s, model).items()})
    for s in poisson:
        units[f"rate_syn_{s}"] = "Hz"
    for name in per_cell:
        units.setdefault(name, si_unit_name(dimension_of(model, name)))
    for name, unit in units.items():
        if name in model.parsed and name not in declared:
            raise model.error("equations", f"the name {name!r} is reserved for synapses; rename it")
        flags = "shared, constant" if name in shared else "constant"
        lines.append(f"{name} : {unit} ({flags})")
    if counted and poisson:
        lines += ["count_from_syn : second (shared, constant)", *(f"n_syn_{s} : 1" for s in poisson)]
    events = "\n".join(
        line for s in poisson for line in _events(s, synapses[s].jumps(s, model), counted, s in swinging)
    )
    namespace = {key: value for key, value in model.constants.items() if key not in units} | reversal
    return CellEquations(
        "\n".join(lines),
        model.threshold,
        model.reset,
        False if model.refractory is None else model.refractory,
        method or model.method_used(bool(synapses)),
        namespace,
        events,
    )


def dimension_of(model, name):
    """The dimension of a parameter, of the constant input, or of the added leak."""
    from brian2 import get_dimensions

    if name == model.input:
        return model.current_dim
    if name == ADDED_LEAK:
        return model.conductance_dim
    if name not in model.parameters:
        raise model.error(f"parameters.{name}", unknown_name("parameter", name, list(model.parameters)))
    return get_dimensions(model.constants[name])


@dataclass(frozen=True)
class CellEquations:
    """What Brian2 is given: the cell with its synapses, ready for a NeuronGroup."""

    equations: str
    threshold: str
    reset: str
    refractory: object
    method: str
    namespace: dict
    events: str  #: the statement that adds the Poisson events of one step; empty without sources


def si_unit_name(dim):
    """A dimension as Brian2 writes it behind the colon of an equation."""
    label = si_label(dim)
    names = {
        "V": "volt",
        "A": "amp",
        "S": "siemens",
        "F": "farad",
        "s": "second",
        "Hz": "Hz",
        "ohm": "ohm",
        "C": "coulomb",
        "A/m^2": "amp/meter**2",
        "S/m^2": "siemens/meter**2",
        "F/m^2": "farad/meter**2",
        "m": "meter",
        "m^2": "meter**2",
    }
    return names.get(label, label if label == "1" else repr(dim))


def _substitute(line, old, new):
    """Rename a symbol on the right-hand side of one equation line."""
    head, equals, tail = line.partition("=")
    return head + equals + re.sub(rf"\b{re.escape(old)}\b", new, tail) if equals else line
