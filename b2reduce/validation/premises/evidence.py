"""What premises are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...reduction.inputs import average, membrane_tau_, source_rate

__all__ = ["Evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A circuit, its spiking runs and its rate model.

    The first quarter of every spiking run is left out.

    Attributes
    ----------
    circuit : Circuit
    runs : sequence of Activity
        With spikes.
    reduced : ReducedCircuit
    rates : Activity, optional
        The rate run.
    uncoupled : UncoupledCells, optional
        Where more operating points may be found.
    """

    circuit: object
    runs: object
    reduced: object
    rates: object = None
    uncoupled: object = None

    @cached_property
    def spiking_rates(self):
        """{population: Hz}, the mean over the runs."""
        means = [mean_rates(run) for run in self.runs]
        return {name: float(np.mean([mean[name] for mean in means])) for name in self.circuit.populations}

    @cached_property
    def membrane_taus_(self):
        """{population: time constant of the membrane in s} at the rates of the spiking network."""
        return {
            name: membrane_tau_(
                population.model, average(self.circuit, name, self.spiking_rates, self.circuit.drives_)[1]
            )
            for name, population in self.circuit.populations.items()
        }

    def variances_(self, target, behind_membrane):
        """[(pathway, its presynaptic rate in Hz, variance of its current for independent spikes)] at the
        rates of the spiking network and at v_theta; of the current itself, or of what the membrane lets pass.
        """
        model, tau_m = self.circuit.populations[target].model, self.membrane_taus_[target]
        v_theta = float(np.asarray(self.reduced.gains[target].v_theta))
        for p in self.circuit.pathways(target):
            rate = source_rate(p, self.spiking_rates, self.circuit.drives_)
            yield (
                p,
                rate,
                p.density_(rate, model, v_theta) * p.synapse.filter.band_(tau_m)
                if behind_membrane
                else p.variance_(rate, model, v_theta),
            )

    def trains(self, run):
        """[(population, cell indices, times)] of the spikes, where there are any."""
        for name in self.circuit.populations:
            if name in run.spikes_:
                i, t = run.spikes_[name]
                later = t > run.duration_ / 4
                if later.any():
                    yield name, i[later], t[later]


def mean_rates(run):
    """{population: Hz} of a run."""
    return dict(zip(run.populations, run.rate_[:, _later(run)].mean(axis=1)))


def stretches(run, stretch_):
    """[(population, its rates in Hz in stretches of about that many s, cell seconds that each counts)]."""
    each = max(1, round(stretch_ / run.bin_))
    for name, rate in zip(run.populations, run.rate_[:, _later(run)]):
        pieces = rate[: rate.size // each * each].reshape(-1, each).mean(axis=1)
        yield name, pieces, run.sizes[name] * each * run.bin_


def _later(run):
    return run.t_ > run.duration_ / 4
