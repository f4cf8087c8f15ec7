"""Which presynaptic rates are filtered together, and the variable in which they reach the cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..circuit.synapses.low_pass import LowPass

__all__ = ["Filter", "by_pathway", "by_source", "carrier", "filters", "sum_of"]


@dataclass(frozen=True)
class Filter:
    """Presynaptic rates that are filtered together: one variable ``s_<key>`` of the equations."""

    key: str
    source: str
    is_drive: bool
    pathways: tuple
    filter: object  #: such as `LowPass`
    #: Of projections: the variable that brings the rates is ``r_from_<input>``, or the current ``I_<input>``
    input: str = ""
    #: Of projections: the variable of the source that is brought, its rate or what its synapses make of it
    brought: str = "r"

    @property
    def delays(self):
        """How late it is brought; the same for all of its pathways."""
        return self.pathways[0].delays


def filters(reduced, population):
    """The filters of a population, as its `RateDynamics` have them."""
    return reduced.dynamics.filters(reduced, population)


def carrier(reduced, f):
    """The variable in which a filter's rate reaches the cell."""
    return reduced.dynamics.carrier(f)


def by_pathway(reduced, population):
    """One filter a pathway."""
    found = []
    for p in reduced.circuit.pathways(population):
        behind, brought = _through(reduced, p)
        incoming = p.symbol if reduced.cells else f"{p.source}{behind}"
        found.append(Filter(p.symbol, p.source, p.is_drive, (p,), p.synapse.filter, incoming, brought))
    return found


def by_source(reduced, population):
    """One filter a source, and a further one for each short-term plasticity and each delay of its synapses.

    With one unit a cell every projection has its own, since parallel projections are wired apart.
    """
    pathways, found = reduced.circuit.pathways(population), []
    shared = LowPass(float(np.asarray(reduced.tau[population])))
    alike = lambda p: (p.source, p.is_drive, p.plasticity, p.delays)
    for kind in dict.fromkeys(map(alike, pathways)):
        own = tuple(p for p in pathways if alike(p) == kind)
        source, is_drive = kind[:2]
        behind, brought = _through(reduced, own[0])
        if reduced.cells and not is_drive:
            found += [Filter(p.symbol, source, is_drive, (p,), shared, p.symbol, brought) for p in own]
        else:
            found.append(
                Filter(
                    f"drive_{source}"
                    if is_drive and source in reduced.circuit.populations
                    else source + behind,
                    source,
                    is_drive,
                    own,
                    shared,
                    source + behind,
                    brought,
                )
            )
    return found


def _through(reduced, pathway):
    """(what stands behind names of a source where its synapses are plastic, or there are others of another
    delay, and the variable that it sends).
    """
    key = "" if pathway.plasticity is None else reduced.plastic_(pathway.source)[pathway.plasticity]
    beside = [
        p.delays
        for p in reduced.circuit.pathways(pathway.target)
        if (p.source, p.is_drive) == (pathway.source, pathway.is_drive)
    ]
    late = list(dict.fromkeys(beside)).index(pathway.delays)
    behind = (f"_{key}" if key else "") + (f"_late_{late}" if late else "")
    return behind, f"sent_{key}" if key else "r"


def sum_of(terms):
    return " + ".join(terms).replace("+ -", "- ")
