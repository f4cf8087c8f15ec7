"""The time constants of the synapses, and then how the cells answer to each of them as a filter."""

from __future__ import annotations

import re

from ...basics.display import number
from ...circuit.circuit_latex import escaped
from .synaptic import Synaptic

__all__ = ["Pathway"]

_OWN = re.compile(r"\b(tau_r|damping|lead|quick)\b")


class Pathway(Synaptic):
    """Behind every synapse the filter of up to second order that fits how cells answer to its presynaptic
    rates.

    A conductance that moves meets the voltage that the cell has, and its noise moves along: excitation and
    inhibition are not answered alike, nor as a current is.
    """

    name = "pathway"
    meaning = (
        "one filter a pathway, and behind each the one that fits how cells answer to its presynaptic rates"
    )
    measures_answers = True

    def carrier(self, f):
        return f"q_{f.key}"

    def past_synapse(self, reduced, population, f):
        cell = self._cell(reduced, f.pathways[0])
        if cell is None:
            return [f"q_{f.key} = s_{f.key} : Hz"]
        own = lambda text: _OWN.sub(rf"\1_{f.key}", text)
        return [*map(own, cell.equations(f.key)), *map(own, cell.parameters)]

    def values(self, reduced, population, sources):
        found = super().values(reduced, population, sources)
        for f in sources:
            if (cell := self._cell(reduced, f.pathways[0])) is not None:
                found |= {
                    f"{line.partition(' ')[0]}_{f.key}": value for line, value in cell.parameters.items()
                }
        return found

    def held(self, f, rate):
        return {**super().held(f, rate), f"x_{f.key}": rate}

    def fastest_(self, reduced):
        cells = (
            self._cell(reduced, p) for name in reduced.populations for p in reduced.circuit.pathways(name)
        )
        return [*super().fastest_(reduced), *(cell.fastest_ for cell in cells if cell is not None)]

    def chains_(self, reduced, pathways, rates_):
        """Of a synapse and a cell each."""
        cells = [self._cell(reduced, p) for p in pathways]
        return [
            p.synapse.filter.chain_() if cell is None else cell.chain_(p.synapse.filter)
            for p, cell in zip(pathways, cells)
        ]

    def latex(self, reduced, population):
        lines = []
        for p in reduced.circuit.pathways(population):
            if (cell := self._cell(reduced, p)) is None:
                continue
            values = r",\ ".join(
                rf"\mathrm{{{escaped(key)}}} = {number(value)}" for key, value in zip(cell.names, cell.values)
            )
            label = escaped(p.label)
            lines.append(
                rf"&\text{{{label} through a filter of its own, {cell.form}:}}"
                + " \\\\\n&"
                + values
                + r"\ \text{(SI)}"
            )
        return lines

    def _cell(self, reduced, pathway):
        """The filter behind a synapse; None of cells that are silent, which answer to nothing."""
        return reduced.answer_filters_.get(pathway.target, {}).get(pathway.synapse)
