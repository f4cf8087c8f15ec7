"""Rate models of changed circuits, with the gains as they were measured."""

from __future__ import annotations

from ..basics.arguments import mapping
from ..basics.errors import InputError

__all__ = ["free_parameters"]


def free_parameters(model):
    """Parameters of a cell that the law has as I and g, its constant input and its leak.

    No gain depends on them.
    """
    return (model.input, *filter(None, [model.leak_parameter]))


def _cell_of(model):
    """Plain data of a cell without what its gain does not depend on."""
    data, free = model.to_dict(), free_parameters(model)
    return {
        **data,
        "parameters": {key: value for key, value in data["parameters"].items() if key not in free},
    }


def replaced_model(reduced, changes=None, **more):
    """The rate model of a changed circuit, with the gains as they were measured: frozen."""
    changes = {
        **({} if changes is None else mapping(changes, "changes", '{"projection.I->E.G": 2*nS}')),
        **more,
    }
    circuit = reduced.circuit.replace(changes)
    for name, population in circuit.populations.items():
        old, own = reduced.circuit.populations[name].model, population.model
        if _cell_of(old) != _cell_of(own):
            raise InputError(
                f"changes: the cells of population {name} are others, on which no gain was measured;"
                " reduce the changed circuit instead"
            )
        if problem := reduced.kind.same_cells(reduced, circuit, name):
            raise InputError(
                f"changes: population {name}: {problem}; reduce the changed circuit, or"
                " replace at another level"
            )
    said = {
        name: value if isinstance(value, (str, int, float, list, tuple, dict)) else str(value)
        for name, value in changes.items()
    }
    replaced = {**reduced.provenance.get("replaced", {}), **said}
    return reduced.frozen_on_(
        circuit, provenance={**reduced.provenance, "circuit_hash": circuit.hash, "replaced": replaced}
    )
