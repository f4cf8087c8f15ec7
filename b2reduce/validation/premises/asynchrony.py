"""Cells fire independently of one another: the variance of conductances."""

from __future__ import annotations

import numpy as np

from ...reduction.loops.foretold import LIMITS, VARIANCE
from .base import Premise
from .evidence import mean_rates

__all__ = ["Asynchrony"]


class Asynchrony(Premise):
    """Variance of each recurrent conductance or current over time within a cell, relative to Campbell's for
    Poisson trains of the same rate, of exponential ones K G^2 r dt/(1 - exp(-2 dt/tau)) at the end of steps.

    Irregular independent trains give 0.7 to 1; synchronous ones multiply it by the number of spikes that come
    together.
    """

    name = "asynchrony"
    meaning = (
        "A cell's input is taken for the sum of trains that know nothing of one another. Then the variance of"
        " a conductance is Campbell's, K G² r tau/2. Where cells fire together it is a multiple of that:"
        " cells fire on common waves of input, which no mean current describes, and rates that agree do so by"
        " chance."
    )
    limit = LIMITS[VARIANCE]
    reason = "noise moves the threshold by about its standard deviation, and 1.5 is a fifth of that"
    fatal = "cells fire together"
    otherwise = (
        "spread the delays, make connections sparser, weaken recurrent excitation, or describe the rhythm"
        " instead of the rate"
    )

    def measure(self, evidence):
        circuit, worst, where, what = evidence.circuit, np.nan, "", ""
        for run in evidence.runs:
            rates = mean_rates(run)
            dt_ = run.provenance["dt [s]"]
            for target in circuit.populations:
                for pathway in circuit.pathways(target):
                    recorded = (run.conductances_ or {}).get(pathway.label)
                    if pathway.is_drive or recorded is None:
                        continue
                    rate = rates[pathway.source]
                    events = pathway.K * pathway.second_(rate) * rate
                    campbell = pathway.synapse.recorded_variance_(events, dt_)
                    if campbell == 0:
                        continue
                    inside = run.conductance_t_ > run.duration_ / 4
                    ratio = float(np.mean(np.var(recorded[:, inside], axis=1)) / campbell)
                    if not ratio <= worst:
                        worst, where, what = ratio, pathway.label, pathway.synapse.quantity
        if np.isnan(worst):
            unseen = [
                pathway.label
                for target, population in circuit.populations.items()
                for pathway in circuit.pathways(target)
                if not pathway.is_drive and pathway.synapse.recorded(pathway.symbol, population.model) is None
            ]
            nothing = (
                "no recurrent conductance was active or recorded: there is nothing that could synchronise"
            )
            seen = f"{', '.join(unseen)}: leaves nothing behind that could be recorded; see weak correlation"
            return self.unmeasured(seen if unseen else nothing)
        return self.judged(
            worst,
            f"{where}: {what} variance relative to independent Poisson trains",
            "; cells fire together, so that mean rates do not describe the input: spread delays, make"
            " connections sparser, or do not reduce this circuit",
        )
