"""The level of f-I surfaces as they were measured."""

from __future__ import annotations

import numpy as np

from ...cells.surface_lookup import surface_lookup
from ..rate_filters import carrier, sum_of
from .tables import Table

__all__ = ["Surface"]


class Surface(Table):
    """r = F(I, g), the mean current and leak from the filtered rates."""

    name = "surface"
    meaning = "the f-I surface over current and leak as it was measured"
    measures_surface = True

    def function(self, reduced, name):
        # Where it was measured, which is not where a changed circuit's rates would put it.
        point = float(np.asarray(reduced.operating_I[name])), float(np.asarray(reduced.operating_g[name]))
        table = surface_lookup(reduced.surfaces[name]).down_to(*point, reduced.operating_rate_[name])
        rate = self.through(reduced, name)
        return table if rate is None else table.along_current(*point, rate)

    def argument_units(self, reduced, population):
        return ["A", "S"]

    def place(self, reduced, population):
        return ["I", "g"]

    def outside(self, reduced, population, values):
        return reduced.functions_[population].outside(values["I"], values["g"])

    def lines(self, reduced, population, sources, area):
        current = sum_of(["I_const", *(f"Q_{f.key}*{carrier(reduced, f)}" for f in sources)])
        leak = sum_of(["g_leak", *(f"X_{f.key}*{carrier(reduced, f)}" for f in sources)])
        return [
            f"I = {current} : amp{area}",
            f"g = {leak} : siemens{area}",
            f"r : Hz  # {self.assignment(reduced, population)}, every step",
            f"I_const : amp{area} (constant)",
            f"g_leak : siemens{area} (constant)",
            *(f"Q_{f.key} : coulomb{area} (constant)" for f in sources),
            *(f"X_{f.key} : farad{area} (constant)" for f in sources),
        ]

    def assignment(self, reduced, population):
        return "r = F(I, g)"

    def latex(self, reduced, population, write):
        model = reduced.circuit.populations[population].model
        summed = lambda key, of: sum(of(p) for p in write.pathways(*key))
        term = lambda key, of, unit: (
            f"{write.signed(summed(key, of), unit + write.area)}\\,{write.symbol('s', population, key[0])}"
        )
        charge = write.summed([term(key, lambda p: p.current_(1.0, model), "C") for key in write.sources])
        leak = write.summed([term(key, lambda p: p.leak_(1.0), "F") for key in write.sources])
        I, g = (write.symbol(letter, population) for letter in "Ig")
        return [
            f"{I} &= {write.amount(model.constant_input_, 'A' + write.area)}{charge}",
            f"{g} &= {write.amount(model.leak_, 'S' + write.area)}{leak}",
            rf"{write.symbol('r', population)} &= {write.symbol('F', population)}({I}, {g})"
            r"\quad\text{(measured surface)}",
        ]

    def values(self, reduced, population, sources):
        model = reduced.circuit.populations[population].model
        return {
            "I_const": model.constant_input_,
            "g_leak": model.leak_,
            **{f"X_{f.key}": sum(p.leak_(1.0) for p in f.pathways) for f in sources},
            **{f"Q_{f.key}": sum(p.current_(1.0, model) for p in f.pathways) for f in sources},
        }
