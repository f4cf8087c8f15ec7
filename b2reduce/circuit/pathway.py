"""What a population receives: one set of equal inputs."""

from __future__ import annotations

from dataclasses import dataclass

from .synapses.base import Synapse

__all__ = ["Pathway", "pathways_onto"]


@dataclass(frozen=True)
class Pathway:
    """One set of inputs of a population, projection or drive, SI floats.

    Values of its synapse are attributes, such as ``tau_``, for those who know which kind they have.
    """

    label: str  #: "E->I", "ext->I"; parallel projections "E->I#2"
    target: str
    source: str
    is_drive: bool
    K: float  #: inputs per target cell (the mean, for a probability)
    synapse: Synapse
    second: float = 1.0  #: mean square of the sizes of its synapses over their squared mean
    scatter: float = 0.0  #: variance over cells of the number of inputs over its mean
    share: float = 0.0  #: part of the source's cells that one cell has as inputs

    def __getattr__(self, name):
        synapse = self.__dict__.get("synapse")
        if synapse is not None and name.endswith("_") and name[:-1] in synapse.values_:
            return synapse.values_[name[:-1]]
        raise AttributeError(f"Pathway has no {name!r}")

    def mean_(self, rate_):
        """Mean conductance, or what else its synapses are, at a presynaptic rate (Campbell's theorem)."""
        return self.synapse.mean_(rate_, self.K)

    def leak_(self, rate_):
        """What a presynaptic rate adds to the mean leak of a cell."""
        return self.synapse.leak_(rate_, self.K)

    def current_(self, rate_, model, above_=0.0):
        """Mean current at a presynaptic rate into a cell so many volts above the reversal of its leak."""
        return self.synapse.current_(rate_, model, above_, self.K)

    def variance_(self, rate_, model, above_=0.0):
        """Variance of that current for independent events."""
        return self.second * self.synapse.variance_(rate_, model, above_, self.K)

    def density_(self, rate_, model, above_=0.0):
        """Spectral density of that current at rest."""
        return self.second * self.synapse.density_(rate_, model, above_, self.K)

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
        Pathway(f"{d.name}->{target}", target, d.name, True, float(d.inputs), d.synapse, d.second)
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
            _scatter(p, circuit.populations[target].size),
            circuit.K(p) / circuit.populations[p.source].size,
        )
        for label, p in zip(circuit.labels, circuit.projections)
        if p.target == target
    ]


def _scatter(projection, cells):
    """Variance over the cells of a population of their number of inputs, over its mean."""
    if projection.wiring is not None:
        degrees = projection.wiring.in_degrees(cells)
        return float(degrees.var() / degrees.mean())
    return 0.0 if projection.in_degree is not None else 1.0 - projection.probability
