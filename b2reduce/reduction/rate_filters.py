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


def filters(reduced, population):
    """The filters of a population, as its `RateDynamics` have them."""
    return reduced.dynamics.filters(reduced, population)


def carrier(reduced, f):
    """The variable in which a filter's rate reaches the cell."""
    return reduced.dynamics.carrier(f)


def by_pathway(reduced, population):
    """One filter a pathway."""
    return [
        Filter(
            p.symbol, p.source, p.is_drive, (p,), p.synapse.filter, p.symbol if reduced.cells else p.source
        )
        for p in reduced.circuit.pathways(population)
    ]


def by_source(reduced, population):
    """One filter a source.

    With one unit a cell every projection has its own, since parallel projections are wired apart.
    """
    pathways, found = reduced.circuit.pathways(population), []
    shared = LowPass(float(np.asarray(reduced.tau[population])))
    for source, is_drive in dict.fromkeys((p.source, p.is_drive) for p in pathways):
        own = tuple(p for p in pathways if (p.source, p.is_drive) == (source, is_drive))
        if reduced.cells and not is_drive:
            found += [Filter(p.symbol, source, is_drive, (p,), shared, p.symbol) for p in own]
        else:
            found.append(
                Filter(
                    f"drive_{source}" if is_drive and source in reduced.circuit.populations else source,
                    source,
                    is_drive,
                    own,
                    shared,
                    source,
                )
            )
    return found


def sum_of(terms):
    return " + ".join(terms).replace("+ -", "- ")
