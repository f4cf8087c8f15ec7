"""Rates hold still while a synapse decays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...reduction.loops.foretold import CHANGE, LIMITS, stretch_of
from .base import Premise
from .evidence import stretches

if TYPE_CHECKING:
    from typing import Any

__all__ = ["SlowVariation"]


class SlowVariation(Premise):
    """Root mean square change of the population rate from one stretch of the longest of tau and the synaptic
    time constants to the next, without what counting N cells gives by chance (2 r/(N stretch)), relative to
    its mean.
    """

    name = "slow variation"
    meaning = (
        "The average over synapses assumes that rates hold still while a synapse decays. Where the population"
        " rate changes as fast, the rate model's time course is another one; means over time may still"
        " agree."
    )
    limit = LIMITS[CHANGE]
    reason = (
        "averaging over a rate that changes by so much within a synaptic time is off by about half as much"
    )
    fatal = "rates vary as fast as the synapses"
    otherwise = (
        "compare means over time only, or choose tau = 'resonant', which follows the cells' own response"
    )

    def measure(self, evidence: Any) -> Any:
        circuit = evidence.circuit
        stretch = stretch_of(evidence.reduced)
        worst, where = 0.0, next(iter(circuit.populations))
        for run in evidence.runs:
            for name, pieces, counted in stretches(run, stretch):
                if pieces.size < 3 or not pieces.mean() > 0:
                    continue
                chance = 2 * pieces.mean() / counted
                change = np.sqrt(max(np.mean(np.diff(pieces) ** 2) - chance, 0)) / pieces.mean()
                if change > worst:
                    worst, where = float(change), name
        return self.judged(
            worst,
            f"population {where}: relative change of its rate within {stretch * 1e3:.3g} ms",
            "; rates vary as fast as the synapses: means over time may still agree, the time course will not",
        )
