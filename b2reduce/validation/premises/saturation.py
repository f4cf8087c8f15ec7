"""Cells fire far below their largest rate."""

from __future__ import annotations

from ...basics.arguments import seconds
from ...basics.errors import UnitError
from ...basics.frozen import FrozenDict
from .base import Premise
from .straight_gain import StraightGain

__all__ = ["NoSaturation"]


class NoSaturation(Premise):
    """Rate times refractory time."""

    name = "no saturation"
    meaning = (
        "Near its largest rate, one over the refractory time, a cell's f-I curve bends down. A straight gain"
        " does not."
    )
    limit = 0.1
    reason = (
        "the slope of a curve with a refractory time is (1 - r t_ref)^2 of that without: at 0.1 a fifth is"
        " gone"
    )
    local = True
    change = FrozenDict({"level": "transfer"})

    def measure(self, evidence):
        fractions = {}
        for name, population in evidence.circuit.populations.items():
            model = population.model
            refractory = model.refractory
            if isinstance(refractory, str) and refractory in model.parameters:
                refractory = model.parameters[refractory]
            try:
                fractions[name] = (
                    evidence.spiking_rates[name] * seconds(refractory, "refractory")
                    if refractory is not None
                    else 0.0
                )
            except UnitError:  # a condition: how long it lasts is the cell's affair
                continue
        if not fractions:
            return self.unmeasured(
                f"no cell has a refractory time; a bend of the f-I curve shows in {StraightGain.name!r}"
            )
        worst = max(fractions, key=fractions.get)
        return self.judged(
            fractions[worst],
            f"population {worst}: fraction of the time that its cells are refractory",
            "; the f-I curve flattens and leak divides more than it subtracts: use level = 'surface' or"
            " 'transfer'",
        )
