"""Rates hold still where drives do."""

from __future__ import annotations

import numpy as np

from .base import Premise
from .evidence import stretches

__all__ = ["SteadyRates"]

# s: passes as much noise as a Gaussian window of 10 ms; Hz: smaller rates count as this
BIN_, FLOOR_ = 35e-3, 1.0


class SteadyRates(Premise):
    """Standard deviation of the population rate in stretches of 35 ms, without what counting N cells gives by
    chance (variance r/(N stretch), and two standard errors of its estimate), relative to its mean; where all
    drives are constant.

    Cells that adapt for seconds and networks that fluctuate together have a rate over time that the rate
    model, at rest, has not.
    """

    name = "steady rates"
    meaning = (
        "The rate model is compared at rest. Where cells adapt for seconds, or the network fluctuates as a"
        " whole, the spiking rates are still moving while they are counted."
    )
    limit = 0.12
    reason = (
        "the 15 % that a quantitative reduction may err by, less the 3 % that the reference itself does, of a"
        " population's mean rate, beyond what independent cells do"
    )
    serious = True
    caution = "The network's rates do not hold still at constant drives: compare means, not the time course."
    otherwise = "run longer and leave out more of the beginning (duration, after)"

    def measure(self, evidence):
        worst, where = np.nan, ""
        if not all(drive.constant for drive in evidence.circuit.drives):
            return self.unmeasured("drives change over time, and rates follow them")
        for run in evidence.runs:
            for population, pieces, counted in stretches(run, BIN_):
                if pieces.size < 3:
                    continue
                chance = pieces.mean() / counted
                excess = pieces.var(ddof=1) - chance * (1 + 2 * np.sqrt(2 / (pieces.size - 1)))
                change = np.sqrt(max(excess, 0)) / max(pieces.mean(), FLOOR_)
                if not change <= worst:
                    worst, where = float(change), population
        if np.isnan(worst):
            return self.unmeasured("the run is too short to see rates change")
        return self.judged(
            worst,
            f"population {where}: standard deviation of its rate in {BIN_ * 1e3:g} ms beyond that of"
            " independent cells, over its mean",
            "; cells adapt on, or fluctuate together: compare means over time, not the time course, and leave"
            " out more of the beginning",
        )
