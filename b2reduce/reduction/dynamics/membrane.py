"""The time constant of the membrane, with the synapses' mean conductance in it."""

from __future__ import annotations

import numpy as np

from ...basics.units import with_units
from .population import OnePerPopulation

__all__ = ["Membrane"]


class Membrane(OnePerPopulation):
    """C/<g> at the operating point."""

    name = "membrane"
    meaning = "C/<g> of every population at the operating point"

    def time_constants(self, circuit, given, point, fits, responses):
        return {
            name: with_units(population.model.capacitance_ / point.g_[name], "s")
            for name, population in circuit.populations.items()
        }, {}

    def stderr_(self, reduced, population, covariance):
        """<g> follows the rates of the sources."""
        pathways = [p for p in reduced.circuit.pathways(population) if not p.is_drive]
        moves = np.array(
            [
                sum(
                    p.leak_(1.0) * p.slope_(reduced.operating_rate_[source])
                    for p in pathways
                    if p.source == source
                )
                for source in reduced.populations
            ]
        )
        g_ = float(np.asarray(reduced.operating_g[population]))
        return self._tau(reduced, population) / g_ * float(np.sqrt(moves @ covariance @ moves))
