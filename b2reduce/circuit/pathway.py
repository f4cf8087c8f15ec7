"""What a population receives: one set of equal inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .plasticity.averaged import averaged
from .synapses.base import Synapse

__all__ = ["Pathway"]


@dataclass(frozen=True)
class Pathway:
    """One set of inputs of a population, projection or drive, SI floats.

    Values of its synapse are attributes, such as ``tau_``, for those who know which kind they have. Means are
    of the rate that arrives: with short-term plasticity that is `sent_` of the presynaptic one, else the
    same. Variances are of the presynaptic rate.
    """

    label: str  #: "E->I", "ext->I"; parallel projections "E->I#2"
    target: str
    source: str
    is_drive: bool
    K: float  #: inputs per target cell (the mean, for a probability)
    synapse: Synapse
    second: float = 1.0  #: mean square of the sizes of its synapses over their squared mean
    plasticity: Any = None  #: of every synapse by itself, such as `TsodyksMarkram`

    def __getattr__(self, name):
        synapse = self.__dict__.get("synapse")
        if synapse is not None and name.endswith("_") and name[:-1] in synapse.values_:
            return synapse.values_[name[:-1]]
        raise AttributeError(f"Pathway has no {name!r}")

    def sent_(self, rate_):
        """Rate of events of full size with the mean of what presynaptic spikes of a rate release."""
        return rate_ if self.plasticity is None else averaged(self.plasticity).sent_(rate_)

    def slope_(self, rate_):
        """By how much `sent_` rises with the presynaptic rate."""
        return 1.0 if self.plasticity is None else averaged(self.plasticity).slope_(rate_)

    def release_(self, rate_):
        """Mean of what a presynaptic spike releases, over an event of full size."""
        return 1.0 if self.plasticity is None else averaged(self.plasticity).release_(rate_)

    @property
    def steepest(self):
        """The largest mean release at any rate."""
        return 1.0 if self.plasticity is None else averaged(self.plasticity).steepest

    def second_(self, rate_):
        """Mean square of what a presynaptic spike releases, over the squared mean of events of full size."""
        return self.second if self.plasticity is None else self.second * self.plasticity.square_(rate_)

    def mean_(self, rate_):
        """Mean conductance, or what else its synapses are, at a rate that arrives (Campbell's theorem)."""
        return self.synapse.mean_(rate_, self.K)

    def leak_(self, rate_):
        """What a rate that arrives adds to the mean leak of a cell."""
        return self.synapse.leak_(rate_, self.K)

    def current_(self, rate_, model, above_=0.0):
        """Mean current at a rate that arrives, into a cell so many volts above the reversal of its leak."""
        return self.synapse.current_(rate_, model, above_, self.K)

    def variance_(self, rate_, model, above_=0.0):
        """Variance of that current for independent spikes of a presynaptic rate."""
        return self.second_(rate_) * self.synapse.variance_(rate_, model, above_, self.K)

    def density_(self, rate_, model, above_=0.0):
        """Spectral density of that current at rest, for independent spikes of a presynaptic rate."""
        return self.second_(rate_) * self.synapse.density_(rate_, model, above_, self.K)

    @property
    def sized(self):
        """Names of those of the synapse's `variables_` that change with the size of its events."""
        larger = self.synapse.scaled(2.0).variables_
        return tuple(name for name, value in self.synapse.variables_.items() if larger[name] != value)

    @property
    def symbol(self):
        """The label as an identifier for equations."""
        return self.label.replace("->", "_to_").replace("#", "_")
