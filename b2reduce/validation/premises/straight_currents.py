"""Currents of voltage-dependent synapses are lines of the voltage."""

from __future__ import annotations

from .base import Premise

__all__ = ["StraightCurrents"]


class StraightCurrents(Premise):
    """How far the mean current of a voltage-dependent synapse is off its line where the mean voltage of the
    cells moves by its own spread, relative to the current.
    """

    name = "voltage-dependent synapses"
    meaning = (
        "The average takes a current as a line of the voltage, g (E - v). Of a synapse with a factor B(v)"
        " that line is drawn through its mean current over the voltages that the cell has at the operating"
        " point. Where the voltage moves, the current follows B, and W, theta and the leak are off by"
        " what the curve leaves the line by."
    )
    limit = 0.1
    reason = (
        "rates change by about as much as the current does, times their gain: a tenth leaves them within the"
        " 15 % of a quantitative prediction"
    )
    local = True
    otherwise = "find the operating point at the drives that are of interest (at=), where the line is drawn"

    def measure(self, evidence):
        circuit = evidence.reduced.circuit
        bends = {
            p.label: float(p.synapse.bend_)
            for name in circuit.populations
            for p in circuit.pathways(name)
            if p.synapse.bend_ is not None
        }
        if not bends:
            return None
        worst = max(bends, key=bends.__getitem__)
        return self.judged(
            bends[worst],
            f"pathway {worst}: how far its current is off its line of the voltage, where the mean voltage"
            " moves by its spread",
            "; weights hold near the voltages of the operating point only",
        )
