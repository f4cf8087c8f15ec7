"""The f-I curve is a straight line within its window."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from ...cells.gain_fitting import within_window
from .base import Premise

__all__ = ["StraightGain"]


class StraightGain(Premise):
    """Relative change of the slope over the window of rates, from a parabola through the collapsed f-I
    curve.
    """

    name = "straight gain"
    meaning = (
        "At level 'linear' the f-I curve is a straight line above a threshold. Where it bends within the"
        " window of rates, the line errs towards the ends of the window."
    )
    limit = 0.6
    reason = (
        "a slope that changes by the fraction k bends the curve away from its chord by k/12 of the window"
        " (the parabola's largest deviation from its best line), and the window is about as wide as the"
        " operating rate: at 0.6 a straight gain errs by 5 %"
    )
    local = True
    change = FrozenDict({"level": "gain"})

    def measure(self, evidence):
        reduced = evidence.reduced
        bound = self.bound if reduced.kind.straight else f"none at level {reduced.level!r}"
        changes = _slope_changes(reduced)
        if not changes:
            return self.unmeasured(
                "no surface was measured here: whether the f-I curve bends within the window is unknown",
                holds=not reduced.kind.straight,
                bound=bound,
            )
        worst = max(changes, key=changes.get)
        bends = not self.allows(changes[worst])
        advice = f"population {worst}: relative change of the slope of the f-I curve over the window of rates"
        if bends:
            advice += (
                "; a straight gain errs towards the ends of the window: use level = 'gain'"
                if reduced.kind.straight
                else f"; level = {reduced.level!r} follows it"
            )
        return self.row(changes[worst], not bends or not reduced.kind.straight, advice, bound)


def _slope_changes(reduced):
    """{population: relative change of the slope}, of those with a surface that has points enough."""
    changes = {}
    for name, surface in reduced.surfaces.items():
        gain = reduced.gains[name]
        lo, hi = (float(np.asarray(rate)) for rate in gain.rates)
        i, j = np.nonzero(within_window(surface.rate_, lo, hi))
        x, rate = surface.I_[i] - float(np.asarray(gain.v_theta)) * surface.g_[j], surface.rate_[i, j]
        if x.size < 4:
            continue
        middle, width = x.mean(), np.ptp(x)
        square, slope, _ = np.polyfit((x - middle) / width, rate, 2)
        changes[name] = 2 * abs(square) / slope
    return changes
