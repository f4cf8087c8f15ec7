"""What the cells and synapses of a circuit start from, where it says so."""

from __future__ import annotations

import numpy as np

from ..basics.errors import CircuitError
from ..basics.streams import OfNetwork, seed_streams
from ..basics.units import with_units
from .starts import names_of

__all__ = ["check_initial", "check_starts", "drawn_starts"]


def drawn_starts(circuit, seed, drawn):
    """{(population, variable): SI value, or an array over cells} of all that a circuit says of its start.

    Everything that could start by chance has a number, and its stream does not depend on what else does.

    Parameters
    ----------
    circuit : Circuit
    seed : int
        Of the network.
    drawn : mapping of (population, variable) to float or ndarray
        What it starts from otherwise, and parameters that vary over cells.
    """
    found, number = {}, 0
    for name, population in circuit.populations.items():
        own = {key: value for (other, key), value in drawn.items() if other == name}
        numbers = {key: number + k for k, key in enumerate(population.model.state_variables)}
        number += len(numbers)
        stream = lambda key, numbers=numbers: _generator(seed, numbers[key])
        found.update({(name, key): value for key, value in _of_cells(name, population, own, stream).items()})
    for pathway, entry in _entries(circuit):
        if entry.start is not None:
            own = {key: value for (other, key), value in drawn.items() if other == entry.target}
            found.update(_of_synapses(circuit, pathway, entry, own, _generator(seed, number)))
        number += 1
    return found


def check_starts(circuit):
    """Raise a `CircuitError` unless all that is said of the start has values of the right unit."""
    for name, population in circuit.populations.items():
        check_initial(name, population)
    said = any(entry.start is not None for entry in (*circuit.projections, *circuit.drives))
    for pathway, entry in _entries(circuit) if said else ():
        if entry.start is not None:
            _of_synapses(circuit, pathway, entry, {}, np.random.default_rng(0))


def check_initial(name, population):
    """The same of the cells of one population."""
    _of_cells(name, population, {}, lambda key: np.random.default_rng(0))


def _generator(seed, number):
    return np.random.default_rng(seed_streams(seed, OfNetwork.INITIAL, number))


def _of_cells(name, population, drawn, stream):
    """{variable: SI value or array} of the cells of a population."""
    if not population.initial:
        return {}
    model = population.model
    si = {
        **dict.fromkeys(model.state_variables, 0.0),
        model.membrane: model.leak_reversal_,
        **{key: float(np.asarray(value)) for key, value in model.initial.items()},
        **drawn,
    }
    dims = {key: model.dimension_of_variable(key) for key in model.state_variables}
    names, found = names_of(population, drawn), {}
    names = {**{key: with_units(si[key], dim) for key, dim in dims.items()}, **names}
    for key, start in population.initial.items():
        where = f"populations.{name}, initial.{key}"
        found[key] = start.drawn_(names, stream(key), population.size, dims[key], where)
        names[key] = with_units(found[key], dims[key])
    return found


def _entries(circuit):
    """[(pathway, projection or drive)], projections first, each in their order."""
    by_label = {p.label: p for name in circuit.populations for p in circuit.pathways(name)}
    return [
        *((by_label[label], each) for label, each in zip(circuit.labels, circuit.projections)),
        *((by_label[f"{each.name}->{each.target}"], each) for each in circuit.drives),
    ]


def _of_synapses(circuit, pathway, entry, drawn, rng):
    """{(population, variable): SI value or array} of the states of a pathway."""
    population = circuit.populations[entry.target]
    where = f"{'drive' if pathway.is_drive else 'projection'} {pathway.label}, start"
    recorded = pathway.synapse.recorded(pathway.symbol, population.model)
    if recorded is None:
        raise CircuitError(
            f"{where}: got {entry.start}, but synapses of kind {entry.kind!r} have no state that could start;"
            " leave it out, or give the population an initial membrane"
        )
    value = entry.start.drawn_(names_of(population, drawn), rng, population.size, recorded[1], where)
    return {(entry.target, key): held for key, held in pathway.synapse.held_(pathway.symbol, value).items()}
