"""The law mu = W r + W_ext r_ext - theta: what a rate model's weights and thresholds are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..basics.frozen import Weights
from ..basics.units import with_units
from .model_table import pathway_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas
    from brian2 import Quantity

__all__ = ["CurrentLaw"]


class CurrentLaw:
    """Weights and thresholds of a rate model, from its circuit and its gains."""

    def _charge(self, population):
        return "C/m^2" if self.circuit.per_area(population) else "C"

    def _v_theta_(self, population):
        return float(np.asarray(self.gains[population].v_theta))

    def weight_(self: Any, pathway: Any) -> Any:
        """Current per hertz that arrives by one pathway at v_theta above the leak reversal, SI (equations
        11.28-11.30).
        """
        model = self.circuit.populations[pathway.target].model
        return pathway.current_(1.0, model, self._v_theta_(pathway.target))

    def charge_(self: Any, f: Any) -> Any:
        """Current per hertz that arrives by all pathways of a `Filter`, SI."""
        return sum(map(self.weight_, f.pathways), 0.0)

    def at_rest_(self: Any, pathway: Any, of: Any) -> Any:
        """What a function of a presynaptic rate is at the one that a pathway has at the operating point."""
        return of(
            self.at_[pathway.source, pathway.target]
            if pathway.is_drive
            else self.operating_rate_[pathway.source]
        )

    def _weights(self, drives, at_most=False):
        columns = self.circuit.drive_names if drives else self.populations
        weights = {(target, source): 0.0 for target in self.populations for source in columns}
        for target in self.populations:
            for pathway in self.circuit.pathways(target):
                if pathway.is_drive == drives:
                    release = pathway.steepest if at_most else self.at_rest_(pathway, pathway.release_)
                    weights[target, pathway.source] += self.weight_(pathway) * release
        return weights

    @property
    def W_(self: Any) -> Mapping[tuple[str, str], float]:
        """W in SI floats."""
        return self._weights(drives=False)

    @property
    def strongest_W_(self: Any) -> Mapping[tuple[str, str], float]:
        """W in SI floats, of synapses with short-term plasticity where they release most."""
        return self._weights(drives=False, at_most=True)

    @property
    def W_ext_(self: Any) -> Mapping[tuple[str, str], float]:
        """W_ext in SI floats."""
        return self._weights(drives=True)

    @property
    def theta_(self: Any) -> Mapping[str, float]:
        """theta in SI floats (equation 11.31)."""
        theta = {}
        for name, population in self.circuit.populations.items():
            model, gain = population.model, self.gains[name]
            theta[name] = (
                float(np.asarray(gain.I_theta)) + model.leak_ * self._v_theta_(name) - model.constant_input_
            )
        return theta

    @property
    def W(self: Any) -> Mapping[Any, Quantity]:
        """{(target, source): charge}; "source->target" is the same key."""
        return Weights({key: with_units(value, self._charge(key[0])) for key, value in self.W_.items()})

    @property
    def W_ext(self: Any) -> Mapping[Any, Quantity]:
        """{(target, drive): charge}; "drive->target" is the same key."""
        return Weights({key: with_units(value, self._charge(key[0])) for key, value in self.W_ext_.items()})

    @property
    def theta(self: Any) -> Mapping[str, Quantity]:
        """{population: threshold current}."""
        return {name: with_units(value, self.gains[name].current_unit) for name, value in self.theta_.items()}

    @property
    def pathways(self: Any) -> pandas.DataFrame:
        """One row a projection or drive, SI floats; the weight of one synapse is W/K."""
        return pathway_table(self)
