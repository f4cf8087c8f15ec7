"""Which presynaptic rates are filtered together, and the variable in which they reach the cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..circuit.synapses.low_pass import LowPass

__all__ = ["Filter", "filters", "carrier"]


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
    """The filters of a population: one a pathway with tau "synaptic" and "resonant", else one a source.

    With one unit a cell every projection has its own, since parallel projections are wired apart.
    """
    pathways = reduced.circuit.pathways(population)
    if reduced.by_pathway:
        return [
            Filter(
                p.symbol,
                p.source,
                p.is_drive,
                (p,),
                p.synapse.filter,
                p.symbol if reduced.cells else p.source,
            )
            for p in pathways
        ]
    shared = LowPass(float(np.asarray(reduced.tau[population])))
    found = []
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


def carrier(reduced, f):
    """The variable in which a filter's rate reaches the cell.

    Past the synapse, and with tau "resonant" past the cell's own filter.
    """
    return f"{'q' if reduced.tau_choice == 'resonant' else 's'}_{f.key}"


def sum_of(terms):
    return " + ".join(terms).replace("+ -", "- ")
