"""Whether a translated cell moves as the user's: both dv/dt at random states, by their texts."""

from __future__ import annotations

import numpy as np

from ..basics.errors import CircuitError
from ..basics.units import with_units
from ..circuit.expressions import evaluate
from ..circuit.spread import Spread

__all__ = ["RTOL", "largest_difference", "verify"]

RTOL = 1e-10
_STATES = 20


def verify(cells, answers):
    """Raise a `CircuitError` unless dv/dt of both is the same at random states of the cell and its synapses.

    Parameters
    ----------
    cells : Cells
    answers : list of Answer
        What events do in it; every way to the membrane once.
    """
    difference = largest_difference(cells, answers)
    if not difference <= RTOL:
        raise CircuitError(
            f"from_brian2, {cells.part.name}: d{cells.equations.membrane}/dt of the circuit is off that of"
            f" the equations by {difference:.2g} of its size, expected {RTOL:g}; the cell cannot be taken"
            " along as it is written"
        )


def largest_difference(cells, answers):
    """The largest difference over the largest value, in random states."""
    ways, covered = {}, set()
    for answer in answers:
        own = set() if answer.way is None else set(_reached(cells, answer.way))
        if own and not own & covered:
            covered |= own
            ways[f"w{len(ways)}"] = answer
    rng, pairs = np.random.default_rng(23), []
    for _ in range(_STATES):
        state = _state(cells, rng, covered)
        pairs.append((_of_user(cells, state), _of_circuit(cells, ways, state)))
    users, circuits = np.array(pairs).T
    return float(np.max(np.abs(users - circuits)) / max(np.max(np.abs(users)), 1e-300))


def _reached(cells, way):
    """The synaptic variables that a way sums up."""
    return [name for name, share in zip(cells.synaptic, way.readout) if share]


def _state(cells, rng, used):
    """{variable: SI value}: voltages where cells are, synapses that move the membrane as such do, others of
    1; 0 for synapses that were refused, or that no event has come to."""
    state = {name: rng.uniform(0.05, 0.95) for name in cells.equations.states}
    state[cells.equations.membrane] = rng.uniform(-0.08, -0.03)
    for name in cells.synaptic:
        # So large that dv/dt is of the order of 1 V/s
        coefficient = _size(cells, name)
        state[name] = rng.uniform(0.2, 1.0) / coefficient if coefficient and name in used else 0.0
    return state


def _size(cells, name):
    from .algebra import number_of, symbol

    if cells._states is None:
        return 0.0
    expression = cells._states.coefficients[name].subs(symbol(cells.equations.membrane), -0.0613)
    return abs(number_of(expression, {}) or 0.0)


def _constants(cells):
    return {
        name: value.mean if isinstance(value, Spread) else value
        for name, value in cells.model.parameters.items()
    }


def _named(cells, state):
    """{name: value with its unit} of states, and of what Brian2 adds."""
    dims = {name: cells.equations.lines[name].dim for name in state}
    return {
        **{
            name: value if dims[name].is_dimensionless else with_units(value, dims[name])
            for name, value in state.items()
        },
        **dict.fromkeys(_NOISE, 0.0),
        "not_refractory": 1.0,
        "t": with_units(0.0137, "s"),
        "i": 3.0,
        "N": 17.0,
    }


_NOISE = ("xi",)


def _of_user(cells, state):
    """dv/dt of the user's text, with synapses where they are in it."""
    from brian2 import Equations

    from .group_equations import text_of

    lines = cells.equations.lines.values()
    text = "\n".join(text_of(line) for line in lines if not line.kind == "parameter")
    written = dict(Equations(text).get_substituted_expressions())[cells.equations.membrane].code
    names = {**_user_constants(cells), **_named(cells, state)}
    return float(np.asarray(evaluate(_without_noise(written), names)))


def _user_constants(cells):
    """Constants as the user's group has them, the mean of those that differ between cells."""
    from brian2.utils.stringtools import get_identifiers

    names = set().union(*(get_identifiers(line.text) for line in cells.equations.lines.values()))
    found = dict(cells.values.values_of(names - set(cells.equations.states)))
    circuits = _constants(cells)
    for name in cells.values.varying:
        mean = circuits.get(cells.new_names.get(name, name), np.mean(cells.values._cells[name]))
        found[name] = float(np.asarray(mean))
    return {
        name: value if (dim := cells.values.dimension(name)).is_dimensionless else with_units(value, dim)
        for name, value in found.items()
    }


def _without_noise(text):
    import re

    return re.sub(r"\bxi(_\w+)?\b", "(0/second**0.5)", text)


def _of_circuit(cells, ways, state):
    """dv/dt of the circuit's cell with its synapses."""
    from brian2 import Equations

    model = cells.model
    synapses = {label: answer.entry.kind for label, answer in ways.items()}
    words = {label: answer.entry for label, answer in ways.items()}
    kinds = {label: _with_words(entry) for label, entry in words.items()}
    written = model.cell_equations(synapses={label: kinds[label] for label in synapses})
    text = dict(Equations(written.equations).get_substituted_expressions())[model.membrane].code
    own = {name: value for name, value in state.items() if name not in cells.synaptic}
    own.update(dict.fromkeys(cells.kept, 0.0))
    own = {cells.new_names.get(name, name): value for name, value in _named(cells, own).items()}
    names = {**_constants(cells), **own}
    names.setdefault(model.input, with_units(0.0, model.current_dim))
    summed = np.array([state[name] for name in cells.synaptic])
    for label, answer in ways.items():
        variable, dim = kinds[label].recorded(label, model)
        value = answer.way.coupling.scale * cells.membrane.capacitance_ * (answer.way.readout @ summed)
        names[variable] = with_units(value, dim)
        if "E" in answer.entry.values_:
            names[f"E_syn_{label}"] = with_units(answer.entry.values_["E"], "V")
    return float(np.asarray(evaluate(_without_noise(text), names)))


def _with_words(entry):
    """The class of synapse, of one with a factor of the voltage that of the factor."""
    return type(entry.kind.of({**entry.values_, **entry.words}))
