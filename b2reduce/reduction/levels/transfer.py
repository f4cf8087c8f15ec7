"""The level of transfer functions: rates over presynaptic rates, with noise that moves along with them."""

from __future__ import annotations

from ...basics.display import number
from ...cells.transfer_lookup import transfer_lookup
from ..rate_filters import carrier, filters, sum_of
from ..transfer_axes import transfer_problem
from .tables import Table

__all__ = ["Transfer"]


class Transfer(Table):
    """r = F of the filtered rates of all sources, or of the events of each kind of synapse."""

    name = "transfer"
    meaning = (
        "the rate as it was measured over the rates of all sources, with noise that moves along with them"
    )
    noise_moves = True
    holds_synapses = True
    measures_transfer = True

    def problem(self, circuit):
        return transfer_problem(circuit)

    def function(self, reduced, name):
        point = self.arguments(reduced, name, reduced.operating_rate_, reduced.at_)
        table, rate = transfer_lookup(reduced.transfers[name]), self.through(reduced, name)
        return table if rate is None else table.along_rate(point, rate)

    def arguments(self, reduced, population, rates_, drives_):
        return tuple(axis.rate_(rates_, drives_) for axis in reduced.axes_(population))

    def carried_arguments(self, reduced, population, carried):
        return tuple(axis.carried_(carried) for axis in reduced.axes_(population))

    def argument_units(self, reduced, population):
        return ["Hz"] * len(reduced.axes_(population))

    def place(self, reduced, population):
        return [carrier(reduced, f) for f in filters(reduced, population)]

    def outside(self, reduced, population, values):
        sources, arguments = filters(reduced, population), []
        for axis in reduced.axes_(population):
            terms = [(axis.factor(f.pathways), values[carrier(reduced, f)]) for f in sources]
            arguments.append(sum(factor * value for factor, value in terms if factor))
        return reduced.functions_[population].outside(*arguments)

    def lines(self, reduced, population, sources, area):
        factors = (
            name for terms in self._terms(reduced, population, sources) for name, _, _ in terms if name
        )
        return [
            f"r : Hz  # {self.assignment(reduced, population)}, every step",
            *(f"{name} : 1 (constant)" for name in dict.fromkeys(factors)),
        ]

    def assignment(self, reduced, population):
        """Parallel pathways of different time constants count by their shares of the mean conductance."""
        arguments = [
            sum_of([f"{name}*{carrier(reduced, f)}" if name else carrier(reduced, f) for name, _, f in terms])
            for terms in self._terms(reduced, population, filters(reduced, population))
        ]
        return f"r = F({', '.join(arguments)})"

    def latex(self, reduced, population, write):
        written = {source: write.symbol("s", population, source[0]) for source in write.sources}
        arguments = list(written.values())
        if write.parted:
            arguments = []
            for axis in reduced.axes_(population):
                terms = [(axis.factor(write.pathways(*source)), s) for source, s in written.items()]
                terms = [
                    s if abs(factor - 1) < 1e-9 else rf"{number(factor)}\,{s}"
                    for factor, s in terms
                    if factor
                ]
                arguments.append(" + ".join(terms))
        arguments = ", ".join(arguments)
        return [
            rf"{write.symbol('r', population)} &= {write.symbol('F', population)}({arguments})"
            r"\quad\text{(measured transfer function)}"
        ]

    def values(self, reduced, population, sources):
        return {
            name: factor
            for terms in self._terms(reduced, population, sources)
            for name, factor, _ in terms
            if name
        }

    def _terms(self, reduced, population, sources):
        """Of every argument [(name of the factor, or "" where it is 1, its value, filter)]."""
        for place, axis in enumerate(reduced.axes_(population)):
            terms = [(f, axis.factor(f.pathways)) for f in sources]
            terms = [(f, factor) for f, factor in terms if factor]
            if axis.kind is None and len(terms) == 1:
                yield [("", 1.0, terms[0][0])]
            elif axis.kind is None:
                yield [(f"share_{f.key}", factor, f) for f, factor in terms]
            else:  # all events of one kind of synapse
                yield [(f"events_{place}_{f.key}", factor, f) for f, factor in terms]
