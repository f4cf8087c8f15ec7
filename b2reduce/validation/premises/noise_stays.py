"""The noise that cells receive stays what it was when rates move."""

from __future__ import annotations

from ...basics.frozen import FrozenDict
from .base import Ratio

__all__ = ["NoiseStays"]

# Pathways whose d rate/d source rate is below this do not count: their error moves a rate by little
WEAK = 0.1


class NoiseStays(Ratio):
    """d rate/d source rate with noise that moves with the source, over that of the rate model, at the
    operating point.
    """

    name = "noise stays"
    meaning = (
        "The gains were measured in the noise of the operating point, and that noise stays what it was when"
        " rates move. In the network it moves along: stronger input is noisier input. The number compares how"
        " a rate follows its sources with the noise moving along and with it held still."
    )
    limit = 1.25
    reason = (
        "a drive that moves the rates by half then moves them by at most an eighth too much or too little"
    )
    local = True
    change = FrozenDict({"level": "transfer"})

    def measure(self, evidence):
        reduced = evidence.reduced
        if reduced.kind.noise_moves:
            return self.unmeasured(
                f"at level {reduced.level!r} the noise moves with the rates",
                bound=f"none at level {reduced.level!r}",
            )
        if not reduced.moving_response:
            return self.unmeasured(
                "the gains were not measured in noise here, so that it is unknown what noise that moves with"
                " the rates does",
                holds=False,
            )
        ratios = {
            f"{source}->{target}": reduced.moving_response[target, source] / slope
            for (target, source), slope in reduced.loop_.items()
            if abs(slope) >= WEAK and (target, source) in reduced.moving_response
        }
        if not ratios:
            return self.unmeasured(
                f"no population moves another by {WEAK:g} Hz per Hz: recurrent noise matters little"
            )
        worst = self.farthest(ratios)
        return self.judged(
            ratios[worst],
            f"{worst}: d rate/d source rate with noise that moves along, over that of this rate model",
            "; away from the operating point rates follow their noise as well: use level = 'transfer', or"
            " reduce at the drives of interest (at=)",
        )
