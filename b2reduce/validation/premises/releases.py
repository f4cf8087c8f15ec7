"""What plastic synapses release, on average and in its variance."""

from __future__ import annotations

import numpy as np

from ...reduction.inputs import release_factor
from .asynchrony import Asynchrony
from .base import Ratio

__all__ = ["IndependentReleases", "MeanRelease", "released_"]


class IndependentReleases(Ratio):
    """Variance of the synaptic current with releases that depend on those before, over that of releases of
    the same sizes that do not, behind synapse and membrane; for Poisson spikes, exactly.
    """

    name = "releases independent"
    meaning = (
        "Noise counts what spikes release by its mean and its mean square, as if one release knew nothing of"
        " the last. A depressed synapse has less to release soon after a spike, which makes slow noise"
        " smaller; a facilitated one more, which makes it larger."
    )
    limit, reason = Asynchrony.limit, Asynchrony.reason
    otherwise = "synapses that are faster than the intervals of spikes, or lower rates"

    def measure(self, evidence):
        ratios = {}
        if not evidence.reduced.plastic:
            return None
        for target, tau_m in evidence.membrane_taus_.items():
            seen = assumed = 0.0
            for p, rate, variance in evidence.variances_(target, behind_membrane=True):
                seen += variance * release_factor(p, rate, tau_m)
                assumed += variance
            if assumed > 0:
                ratios[target] = seen / assumed
        if not ratios:
            return self.unmeasured("no synapse releases anything")
        worst = self.farthest(ratios)
        return self.judged(
            ratios[worst],
            f"population {worst}: variance of its synaptic current with releases that follow one another,"
            " over that of independent ones",
            "; gains were measured in other noise than the network's synapses make",
        )


class MeanRelease(Ratio):
    """What the synapses of the network's cells release at their very spikes, over what the rate model says at
    their mean rate, which takes spikes for Poisson's and cells for equal.
    """

    name = "mean release"
    meaning = (
        "The mean input through plastic synapses is the mean release of Poisson spikes at the mean rate."
        " Regular spikes find synapses more recovered, bursts find them depressed or facilitated, and cells"
        " of different rates release less than as many equal ones where synapses depress."
    )
    limit = 1.1
    reason = "the input is off by as much, and rates by that times their gain: a tenth is near the 15 %"
    otherwise = (
        "reduce with cells = True where rates of cells differ; the mean release is that of Poisson spikes"
    )

    def measure(self, evidence):
        circuit, ratios = evidence.circuit, {}
        plastic = dict.fromkeys(
            (p.source, p.plasticity) for p in circuit.projections if p.plasticity is not None
        )
        for source, plasticity in plastic:
            seen = expected = 0.0
            for run in evidence.runs:
                if source in run.spikes_:
                    i, t = run.spikes_[source]
                    seen += released_(plasticity, np.asarray(i), np.asarray(t), run.duration_ / 4)
                    expected += 0.75 * run.duration_ * run.sizes[source]
            rate = evidence.spiking_rates[source]
            if seen > 0 and rate > 0:
                ratios[source] = seen / (expected * rate * plasticity.release_(rate))
        if not ratios:
            return self.unmeasured("no cell with plastic synapses fired") if plastic else None
        worst = self.farthest(ratios)
        return self.judged(
            ratios[worst],
            f"population {worst}: what synapses release at its cells' very spikes, over what they would at"
            " Poisson spikes of its mean rate",
            "; mean inputs are off by as much",
        )


def released_(plasticity, i, t, start_):
    """Sum over spikes after a time in s of what one synapse of each cell releases, from rest at 0 s."""
    order = np.lexsort((t, i))
    cells, t = np.unique(i[order], return_inverse=True)[1], t[order]
    if not t.size:
        return 0.0
    number = np.arange(t.size) - np.searchsorted(cells, cells)  # of the spike within its cell
    u, x, last = np.zeros(cells[-1] + 1), np.ones(cells[-1] + 1), np.full(cells[-1] + 1, -np.inf)
    total, ends = 0.0, np.cumsum(np.bincount(number))[:-1]
    for at in np.split(np.argsort(number, kind="stable"), ends):
        cell, now = cells[at], t[at]
        used, left = plasticity.passed_(u[cell], x[cell], now - last[cell])
        total += float(np.sum((used * left)[now > start_]))
        u[cell], x[cell], last[cell] = used, left * (1 - used), now
    return total
