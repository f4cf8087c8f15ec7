"""The user's own network, as far as runs of it are compared with those of the circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.units import si_label

__all__ = ["Source", "source_of"]


@dataclass(frozen=True)
class Source:
    """
    Attributes
    ----------
    objects : tuple of BrianObject
    namespace : mapping
        Of the run.
    cells : mapping of str to Cells
    sums : mapping of str to mapping of str to (Way, tuple of str)
        By populations and what it is, with its unit: what synapses sum up, and the labels of the circuit's
        pathways that do.
    blocks : tuple of Block
        Synapses whose weights differ.
    """

    objects: tuple[Any, ...]
    namespace: Mapping[str, Any]
    cells: Mapping[str, Any]
    sums: Mapping[str, Mapping[str, Any]]
    blocks: tuple[Any, ...] = ()


def source_of(objects, namespace, cells, circuit, blocks=()):
    """The `Source` of a circuit that was read from it."""
    labels = {id(each): label for each, label in zip(circuit.projections, circuit.labels)}
    labels.update({id(each): f"{each.name}->{each.target}" for each in circuit.drives})
    sums: dict[str, dict[str, Any]] = {}
    for name, each in cells.items():
        for answer, part in each.uses:
            if answer.way is None or id(part) not in labels:
                continue
            kind = answer.entry.kind
            if set(each.synaptic) & each.part.sums_.keys():
                continue  # the group has no variables of these
            states = [state for state, share in zip(each.synaptic, answer.way.readout) if share]
            unit = si_label(kind.recorded("x", each.model)[1])
            key = f"{kind.quantity} of {' and '.join(states)} [{unit}]"
            way, others = sums.setdefault(name, {}).get(key, (answer.way, ()))
            sums[name][key] = (way, (*others, labels[id(part)]))
    return Source(tuple(objects), namespace, dict(cells), sums, tuple(blocks))
