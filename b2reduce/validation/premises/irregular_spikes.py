"""Trains are as irregular as those that the gains were measured in."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from ...reduction.inputs import pathway_factor
from ...reduction.noises import NOISES
from .asynchrony import Asynchrony
from .base import Ratio

__all__ = ["IrregularSpikes", "renewal_instead"]


def renewal_instead(reduced):
    """What a reduction that took trains for Poisson's can do where they are not."""
    return (
        ({"noise": "renewal"}, "trains are not as irregular as Poisson's")
        if reduced.noise == "matched"
        else None
    )


class IrregularSpikes(Ratio):
    """Variance of the synaptic current with the intervals of each source as they are, over the variance
    assumed.

    Pathways count with K G^2 tau r (E - E_leak - v_theta)^2/2, recurrent ones times what renewal trains of
    their CV have behind synapse and membrane.
    """

    name = "irregular spikes"
    meaning = (
        "The gains were measured in trains of a given irregularity. Regular trains make less noise, bursts"
        " make more. The number is the variance of the synaptic current with the intervals that the network's"
        " cells really have, over the variance that was assumed."
    )
    limit, reason = Asynchrony.limit, Asynchrony.reason
    change = FrozenDict({"noise": "renewal"})

    def leading_remedy(self, reduced):
        return renewal_instead(reduced)

    def measure(self, evidence):
        circuit, reduced = evidence.circuit, evidence.reduced
        cv2, ratios = _squared_cvs(evidence), {}
        for target in circuit.populations:
            seen, assumed, tau_m = 0.0, 0.0, evidence.membrane_taus_[target]
            # The variance of charge that comes at once is one of the membrane: then all are.
            at_once = any(p.synapse.filter.at_once for p in circuit.pathways(target))
            for p, rate, variance in evidence.variances_(target, behind_membrane=at_once):
                seen += variance * float(pathway_factor(p, rate, cv2, tau_m))
                assumed += variance * float(pathway_factor(p, rate, reduced.cv2, tau_m))
            if assumed > 0:
                ratios[target] = seen / assumed
        if not ratios:
            return self.unmeasured("there are no synapses")
        worst = self.farthest(ratios)
        return self.judged(
            ratios[worst],
            f"population {worst}: variance of its synaptic current with the intervals as they are (CV"
            f" {', '.join(f'{n} {np.sqrt(c):.2f}' for n, c in cv2.items())}) over that of the trains that the"
            " gains were measured with",
            "; use noise = 'renewal'"
            if not NOISES[reduced.noise].renewal
            else "; the spiking network is more regular or more irregular than its cells in noise",
        )


def _squared_cvs(evidence):
    """{population: squared CV of the intervals within cells}, pooled over cells and runs.

    1 where too few fired.
    """
    populations = evidence.circuit.populations
    variance, square, cells = (dict.fromkeys(populations, 0.0) for _ in range(3))
    for run in evidence.runs:
        for name, i, t in evidence.trains(run):
            order = np.lexsort((t, i))
            i, gaps = i[order], np.diff(t[order])
            same = i[1:] == i[:-1]
            cell, gaps, N = i[1:][same], gaps[same], run.sizes[name]
            n, sums, squares = (np.bincount(cell, weights=gaps**power, minlength=N) for power in (0, 1, 2))
            enough = n >= 3
            mean = sums[enough] / n[enough]
            variance[name] += np.sum((squares[enough] - n[enough] * mean**2) / (n[enough] - 1))
            square[name] += np.sum(mean**2)
            cells[name] += np.count_nonzero(enough)
    return {name: variance[name] / square[name] if cells[name] >= 10 else 1.0 for name in populations}
