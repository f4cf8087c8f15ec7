"""The spiking network fires where the gain was fitted."""

from __future__ import annotations

import numpy as np

from .base import Premise

__all__ = ["OperatingWindow"]


class OperatingWindow(Premise):
    """Spiking rate within the rates at which the gain was fitted."""

    name = "operating rate in the window"
    meaning = (
        "The gain was fitted within a window of rates around the operating point. The spiking network fires"
        " outside of it: the gain is used where nothing was measured."
    )
    limit = 0.0  # beyond the window, in units of its width
    reason = "outside of the window nothing was measured"
    local = serious = True
    otherwise = "reduce at these drives (at=), or widen the window (window=)"

    def measure(self, evidence):
        reduced, rates, outside = evidence.reduced, evidence.spiking_rates, {}
        for name, rate in rates.items():
            lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[name].rates)
            outside[name] = max(lo - rate, rate - hi) / (hi - lo)
        worst = max(outside, key=outside.get)
        lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[worst].rates)
        holds = self.allows(outside[worst])
        advice = f"population {worst}: spiking rate in Hz, and the window of rates of its gain"
        if not holds:
            advice += "; the gain is extrapolated: reduce at these drives (at=), or widen the window"
        return self.row(rates[worst], holds, advice, f"{lo:.3g} to {hi:.3g}")
