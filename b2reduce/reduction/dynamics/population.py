"""Dynamics with one time constant a population."""

from __future__ import annotations

import numpy as np

from ...circuit.synapses.low_pass import LowPass
from ..rate_filters import by_source, sum_of
from .base import RateDynamics

__all__ = ["OnePerPopulation"]


class OnePerPopulation(RateDynamics):
    """Under a shift law the current in excess of the threshold is filtered, else the rate of every source."""

    def filters(self, reduced, population):
        return by_source(reduced, population)

    def filter_(self, reduced, pathway):
        return LowPass(self._tau(reduced, pathway.target))

    def lines(self, reduced, population, sources, external, area):
        recurrent = dict.fromkeys(f.input for f in sources if not f.is_drive)
        if reduced.kind.shift_law:
            drives = dict.fromkeys(f.source for f in sources if f.is_drive)
            terms = [f"I_{key}" for key in recurrent]
            terms += [f"W_ext_{drive}*{external(drive)}" for drive in drives]
            lines = [
                f"dmu/dt = (-mu + {sum_of([*terms, '-theta'])})/tau : amp{area}",
                *(f"I_{key} : amp{area}" for key in recurrent),
                *(f"W_ext_{drive} : coulomb{area} (constant)" for drive in drives),
            ]
        else:
            incoming = lambda f: external(f.source) if f.is_drive else f"r_from_{f.input}"
            lines = [line for f in sources for line in f.filter.equations(f.key, incoming(f), "tau")]
            lines += [f"r_from_{key} : Hz" for key in recurrent]
        return [*lines, "tau : second (constant)"]

    def values(self, reduced, population, sources):
        return {"tau": self._tau(reduced, population)}

    def _tau(self, reduced, population):
        return float(np.asarray(reduced.tau[population]))

    def chains_(self, reduced, pathways, rates_):
        return [LowPass(self._tau(reduced, name)).chain_() for name in reduced.populations]
