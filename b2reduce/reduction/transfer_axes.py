"""What a transfer function of a population is measured over.

The rates of its sources, or of all events of each kind of synapse.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..circuit.synapses.base import Synapse
from .inputs import arriving_rate, synapses_of

__all__ = ["Axis", "MOST_AXES", "transfer_axes", "transfer_problem"]

MOST_AXES = 4
FEW_SOURCES = 3  # up to so many sources each has an axis of its own


@dataclass(frozen=True)
class Axis:
    """One argument of a transfer function.

    Attributes
    ----------
    name : str
        Of the source; of a kind of synapse those of all its sources, joined by "+".
    members : tuple of (Pathway, float)
        The argument is the sum of factor times the rate that arrives: of one source with parallel pathways
        their shares of its mean conductance or current, of a kind of synapse the numbers of inputs, so that
        it is the rate of all events.
    kind : Synapse or None
        The one that all events pass; None for the axis of one source.
    """

    name: str
    members: tuple
    kind: Synapse | None = None

    def rate_(self, rates_, drives_):
        """The argument in Hz at given rates of populations and of (drive, target)."""
        return sum(factor * arriving_rate(p, rates_, drives_) for p, factor in self.members)

    def carried_(self, carried):
        """The argument in Hz where every pathway carries a rate of its own: {pathway label: rate}."""
        return sum(factor * carried[p.label] for p, factor in self.members)

    def factor(self, pathways):
        """What a rate that all of some pathways carry counts."""
        labels = {p.label for p in pathways}
        return sum(factor for p, factor in self.members if p.label in labels)


def transfer_axes(circuit, population):
    """[Axis] of a population's transfer function.

    A cell cannot tell the sources of equal synapses apart, so that where there are many sources one axis a
    kind of synapse loses nothing. Where cells of one source carry different rates (profiles) every source
    keeps its own.
    """
    pathways, sources = circuit.pathways(population), {}
    for p in pathways:
        sources.setdefault((p.source, p.is_drive), []).append(p)
    kinds = synapses_of(circuit, population)
    if len(sources) > FEW_SOURCES and len(kinds) < len(sources) and not _profiled(circuit, population):
        return [
            Axis("+".join(dict.fromkeys(p.source for p in own)), tuple((p, p.K) for p in own), kind)
            for kind, own in kinds
        ]
    axes = []
    for (source, is_drive), own in sources.items():
        name = f"{source} (drive)" if is_drive and (source, False) in sources else source
        axes.append(Axis(name, tuple(_shared(own, circuit.populations[population].model))))
    return axes


def _shared(pathways, model):
    """(pathway, its share) of parallel ones: of their mean conductance, or where they are not all of one
    dimension of the size of their mean current.
    """
    dims = {entry and entry[1] for entry in (p.synapse.recorded(p.symbol, model) for p in pathways)}
    sizes = [abs(p.mean_(1.0) if len(dims) == 1 else p.current_(1.0, model)) for p in pathways]
    whole = sum(sizes)
    return [(p, size / whole if whole else 1 / len(sizes)) for p, size in zip(pathways, sizes)]


def transfer_problem(circuit):
    """Why level "transfer" cannot be had; empty where it can."""
    for population in circuit.populations:
        axes = transfer_axes(circuit, population)
        if not 1 <= len(axes) <= MOST_AXES:
            return (
                f"population {population} has"
                f" {len({(p.source, p.is_drive) for p in circuit.pathways(population)})} sources with"
                f" {len(synapses_of(circuit, population))} kinds of synapse, and a transfer"
                f" function is measured over one to {MOST_AXES} of either"
            )
        profiles = {}
        for projection in circuit.projections:
            if (
                projection.target == population
                and profiles.setdefault(projection.source, projection.profile) != projection.profile
            ):
                return (
                    f"population {population} has parallel projections from {projection.source} with"
                    " different profiles, which carry different rates to a cell, and a transfer function has"
                    " one rate a source"
                )
    return ""


def _profiled(circuit, population):
    return any(
        entry.profile is not None
        for entry in (*circuit.projections, *circuit.drives)
        if entry.target == population
    )
