"""The time constants of the synapses, and then the cells' own response as a filter."""

from __future__ import annotations

from ...basics.display import number
from ...circuit.circuit_latex import escaped
from .synaptic import Synaptic

__all__ = ["Resonant"]


class Resonant(Synaptic):
    """The filter of up to second order that fits the cells' measured response stands behind every synapse.

    As Shriki, Hansel & Sompolinsky (2003) found necessary.
    """

    name = "resonant"
    meaning = "one filter a pathway, and behind it the one that fits the cells' measured response"
    measures_response = True

    def carrier(self, f):
        return f"q_{f.key}"

    def past_synapse(self, reduced, population, f):
        return self._filter(reduced, population).equations(f.key)

    def lines(self, reduced, population, sources, external, area):
        lines = super().lines(reduced, population, sources, external, area)
        return [*lines, *self._filter(reduced, population).parameters]

    def values(self, reduced, population, sources):
        own = self._filter(reduced, population).parameters
        return {
            **super().values(reduced, population, sources),
            **{line.partition(" ")[0]: value for line, value in own.items()},
        }

    def held(self, f, rate):
        return {**super().held(f, rate), f"x_{f.key}": rate}

    def fastest_(self, reduced):
        own = [response.best.fastest_ for response in reduced.responses.values()]
        return [*super().fastest_(reduced), *own]

    def chains_(self, reduced, pathways, rates_):
        """Of a synapse and a cell each."""
        return [self._filter(reduced, p.target).chain_(p.synapse.filter) for p in pathways]

    def latex(self, reduced, population):
        own = self._filter(reduced, population)
        values = r",\ ".join(
            rf"\mathrm{{{escaped(key)}}} = {number(value)}" for key, value in zip(own.names, own.values)
        )
        return [
            rf"&\text{{each }} s \text{{ through the cell's own filter, {own.form}:}}"
            + " \\\\\n&"
            + values
            + r"\ \text{(SI)}"
        ]

    def _filter(self, reduced, population):
        return reduced.responses[population].best
