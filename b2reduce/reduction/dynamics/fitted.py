"""The one time constant a population that is nearest to synapses and cells together."""

from __future__ import annotations

import numpy as np

from ...basics.units import with_units
from ...cells.step_responses import nearest_tau_
from ..inputs import arriving_rate
from .population import OnePerPopulation

__all__ = ["Fitted"]


class Fitted(OnePerPopulation):
    """The time constant whose step response is nearest to that of synapses and measured cells."""

    name = "fitted"
    meaning = "the one time constant a population nearest to its synapses and its cells' measured response"
    measures_response = True

    def time_constants(self, circuit, given, point, fits, responses):
        found = {
            name: fitted_tau_(circuit, name, point, float(np.asarray(fits[name].v_theta)), response)
            for name, response in responses.items()
        }
        return (
            {name: with_units(value, "s") for name, (value, _) in found.items()},
            {name: error for name, (_, error) in found.items()},
        )


def fitted_tau_(circuit, population, point, v_theta_, response):
    """(tau, standard error) in s of the first-order filter nearest to that of the synapses and the cell
    together.

    A presynaptic rate passes its synapse first, then the cell. Pathways count by the size of their mean
    current at v_theta above the reversal of the leak, |W| r: all presynaptic rates change by the same
    fraction.
    """
    model, pathways = circuit.populations[population].model, circuit.pathways(population)
    weights = np.array(
        [abs(p.current_(arriving_rate(p, point.rate_, point.drives_), model, v_theta_)) for p in pathways]
    )
    weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(pathways), 1 / len(pathways))
    return nearest_tau_([p.synapse.filter for p in pathways], weights, response.best)
