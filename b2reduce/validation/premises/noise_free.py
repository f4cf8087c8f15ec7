"""Gains without noise are of cells that fire without it."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from .base import Premise

__all__ = ["FiresWithoutNoise"]


class FiresWithoutNoise(Premise):
    """Rate of the cell at its mean current and leak without noise; where it is 0 the rate rests on the
    noise.

    A premise of gains without noise only.
    """

    name = "fires without noise"
    meaning = (
        "At its mean current the cell may be silent and fire through fluctuations alone. Gains without noise"
        " then know nothing of the network's rates."
    )
    limit = 0.0
    reason = "a cell that is silent without noise owes all of its rate to what these gains leave out"
    serious = True
    change = FrozenDict({"noise": "renewal"})

    @property
    def bound(self):
        return f"> {self.limit:g}"

    def allows(self, measured):
        return measured > self.limit

    def measure(self, evidence):
        reduced = evidence.reduced
        rates = {name: float(np.asarray(rate)) for name, rate in reduced.noise_free_rate.items()}
        worst = min(rates, key=rates.get)
        fires, measured_in_noise = self.allows(rates[worst]), reduced.noise != "none"
        advice = f"population {worst}: rate in Hz of the cell at its mean current and leak without noise"
        if not fires:
            advice += "; it fires through noise alone" + (
                ", in which the gains were measured"
                if measured_in_noise
                else ", which these gains leave out: use noise = 'renewal'"
            )
        return self.row(
            rates[worst], measured_in_noise or fires, advice, "any" if measured_in_noise else self.bound
        )
