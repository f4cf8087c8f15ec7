"""What a population receives: one set of equal inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .delays import AT_ONCE, Delays, delays_of
from .plasticity.averaged import averaged
from .synapses.base import Synapse

__all__ = ["Pathway", "pathways_onto"]


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
    #: variance over cells of the number of inputs over its mean, as if all differences of rates were of it
    scatter: float = 0.0
    share: float = 0.0  #: part of the source's cells, or of shared trains, that one cell has as inputs
    delays: Delays = AT_ONCE  #: of its synapses

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


def pathways_onto(circuit, target):
    """All inputs of a population, drives first."""
    drives = [
        Pathway(
            f"{d.name}->{target}",
            target,
            d.name,
            True,
            float(d.inputs),
            d.synapse,
            d.second,
            scatter=_scatter_of_drive(d),
            share=d.overlap,
        )
        for d in circuit.drives
        if d.target == target
    ]
    return drives + [
        Pathway(
            label,
            target,
            p.source,
            False,
            circuit.K(p),
            p.synapse,
            p.second,
            p.plasticity,
            scatter=_scatter(p, circuit.populations[target].size),
            share=circuit.K(p) / circuit.populations[p.source].size,
            delays=delays_of(p),
        )
        for label, p in zip(circuit.labels, circuit.projections)
        if p.target == target
    ]


def _scatter_of_drive(drive):
    """K cv^2 where each cell has a rate, cv^2 (1 - K/N) where each of N shared trains has one."""
    rates = drive.differing_rates
    if rates is None:
        return 0.0
    return rates.cv**2 * (1 - drive.overlap if drive.by_trains else drive.inputs)


def _scatter(projection, cells):
    """Variance over the cells of a population of their number of inputs, over its mean."""
    if projection.wiring is not None:
        degrees = projection.wiring.in_degrees(cells)
        return float(degrees.var() / degrees.mean())
    return 0.0 if projection.in_degree is not None else 1.0 - projection.probability
