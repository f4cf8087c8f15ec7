"""The time constants of the synapses."""

from __future__ import annotations

from ...basics.units import with_units
from ..rate_filters import by_pathway
from .base import RateDynamics

__all__ = ["Synaptic"]


class Synaptic(RateDynamics):
    """One filter a pathway, with the synapse's own time constant."""

    name = "synaptic"
    meaning = "one filter a pathway, with the time constant of its synapse"
    by_pathway = True

    def problem(self, circuit, level):
        for label, projection in zip(circuit.labels, circuit.projections):
            if projection.synapse.filter.at_once:
                return (
                    f"{self.name!r} filters every rate by its synapse, and {label} ({projection.kind}) acts"
                    " at once, so that rates would follow one another without delay; use tau = 'membrane',"
                    " 'fitted' or a time"
                )
        return ""

    def time_constants(self, circuit, given, point, fits, responses):
        return {label: with_units(value, "s") for label, value in circuit.synaptic_delays_.items()}, {}

    def filters(self, reduced, population):
        return by_pathway(reduced, population)

    def filter_(self, reduced, pathway):
        return pathway.synapse.filter

    def lines(self, reduced, population, sources, external, area):
        return self.of_synapses(reduced, population, sources, external)

    def of_synapses(self, reduced, population, sources, external):
        """Equations of every pathway."""
        lines = []
        for f in sources:
            incoming = external(f.source) if f.is_drive else f"r_from_{f.input}"
            lines += f.filter.equations(f.key, incoming)
            lines += self.past_synapse(reduced, population, f)
        recurrent = dict.fromkeys(f.input for f in sources if not f.is_drive)
        return [*lines, *(f"r_from_{key} : Hz" for key in recurrent)]

    def past_synapse(self, reduced, population, f):
        """Equations of what stands between a synapse and the gain."""
        return []

    def values(self, reduced, population, sources):
        return self.of_synapses_values(sources)

    def of_synapses_values(self, sources):
        """{variable: SI value} of the parameters of every pathway."""
        return {name: value for f in sources for name, value in f.filter.parameters_(f.key).items()}

    def fastest_(self, reduced):
        pathways = (p for name in reduced.populations for p in reduced.circuit.pathways(name))
        return [p.synapse.filter.fastest_ for p in pathways]

    def chains_(self, reduced, pathways, rates_):
        return [p.synapse.filter.chain_() for p in pathways]
