"""Several inputs act at once."""

from __future__ import annotations

from ...basics.frozen import FrozenDict
from ...reduction.inputs import source_rate
from .base import Premise

__all__ = ["ManyInputs"]


class ManyInputs(Premise):
    """Events per synaptic time constant, K r tau, or of jumps, which the membrane sums up, per that of it.

    A Poisson conductance has the skewness (2 sqrt(2)/3)/sqrt(K r tau), from the second and third cumulants
    G^2 tau R/2 and G^3 tau R/3.
    """

    name = "many inputs"
    meaning = (
        "A conductance is described by its mean and its noise if several inputs act within one synaptic time."
        " With few it is a train of separate jumps. Gains measured in matched or renewal noise include that,"
        " since they are measured with just these jumps; gains without noise do not."
    )
    limit = 3.6
    reason = "with fewer events per synaptic time the skewness of the conductance exceeds 0.5"
    change = FrozenDict({"noise": "renewal"})

    @property
    def bound(self):
        return f">= {self.limit:g}"

    def allows(self, measured):
        return measured >= self.limit

    def measure(self, evidence):
        circuit, events = evidence.circuit, {}
        for target in circuit.populations:
            for pathway in circuit.pathways(target):
                rate = source_rate(pathway, evidence.spiking_rates, circuit.drives_)
                within = pathway.synapse.filter.delay_
                if pathway.synapse.filter.at_once:
                    within = evidence.membrane_taus_[target]
                # As many equal ones as vary as much, where some synapses or releases are larger than others
                relative = pathway.second_(rate) / pathway.release_(rate) ** 2
                events[pathway.label] = pathway.K * rate * within / relative
        worst = min(events, key=events.get, default=None)
        if worst is None:
            return self.unmeasured("there are no synapses")
        return self.judged(
            events[worst],
            f"{worst}: events per synaptic time constant",
            "; the conductance is a train of separate jumps rather than a mean with noise: gains measured in"
            " matched noise include that, noise = 'none' does not",
        )
