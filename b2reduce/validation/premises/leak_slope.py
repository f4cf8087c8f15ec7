"""Leak shifts the f-I curve and does no more."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from ...cells.gain import SLOPE_LIMIT
from .base import Premise

__all__ = ["LeakSlope"]


class LeakSlope(Premise):
    """Relative change of the slope of the f-I curve over the range of leak."""

    name = "slope unchanged by leak"
    meaning = (
        "The law r = f(I - I_theta - v_theta g) says that leak shifts the f-I curve and leaves its slope"
        " alone. Only then are W and theta numbers rather than functions of the state. Where the slope"
        " changes over the range of leak, they hold near the operating point."
    )
    limit = SLOPE_LIMIT
    reason = "as a fit itself warns: beyond it, that extra leak only shifts is a poor description"
    local = True
    change = FrozenDict({"level": "surface"})

    def measure(self, evidence):
        kinds = evidence.circuit.synapse_kinds
        if kinds and not any(kind.brings_leak for kind in kinds):
            return self.unmeasured("no synapse changes the leak")
        changes = {
            name: gain.slope_change
            for name, gain in evidence.reduced.gains.items()
            if np.isfinite(gain.slope_change)
        }
        if not changes:
            return self.unmeasured(
                "the slope was not measured at two conductances: it is unknown whether leak only shifts the"
                " f-I curve",
                holds=False,
            )
        worst = max(changes, key=changes.get)
        return self.judged(
            changes[worst],
            f"population {worst}: relative change of the slope of the f-I curve over the range of leak",
            "; extra leak does more than shift the curve: W and theta hold near the operating point only",
        )
