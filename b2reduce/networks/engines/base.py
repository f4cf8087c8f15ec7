"""What an engine of spiking networks is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...basics.environment import free_memory
from ...basics.errors import DivergenceError, InputError
from ...basics.provenance import versions
from ...basics.streams import OfNetwork, seed_streams
from ...basics.units import si_label
from ...circuit.circuit import Circuit
from ...circuit.spike_counts import check_counts
from ..activity import Activity
from ..spiking_network import recorded_of
from ..starting_state import StartingState

__all__ = ["NetworkEngine", "Recorded", "SpikingRun", "check_finite", "check_held"]


SLACK = 1e-4  # of a step, within which Brian2 takes times as equal


@dataclass(frozen=True, eq=False)
class SpikingRun:
    """A run of a spiking network that is asked for.

    Attributes
    ----------
    circuit : Circuit
        As it can be integrated with this step.
    seed : int
        Of wiring, starting values and noise.
    dt_, duration_ : float
    record : int
        Cells of each population whose conductances are recorded, every millisecond.
    bin_ : float
        Width of the bins of the rates, s; the duration is a whole number of them.
    circuit_hash : str
        Of the circuit as the user has it.
    notes : sequence of str
        What was changed so that it can be integrated.
    state : StartingState, optional
        What it starts from instead of what the circuit says.
    """

    circuit: Circuit
    seed: int
    dt_: float
    duration_: float
    record: int
    bin_: float = 1e-3
    circuit_hash: str = ""
    notes: Sequence = ()
    state: StartingState | None = None

    def __post_init__(self):
        for drive in self.circuit.drives:  # here, where the user's process can say it
            drive.check_step(self.dt_)

    @property
    def steps(self):
        """How many steps Brian2 takes: one more where the last one begins before the end of the run."""
        steps = round(self.duration_ / self.dt_)
        whole = abs(steps * self.dt_ - self.duration_) <= SLACK * self.dt_
        return steps if whole else math.ceil(self.duration_ / self.dt_)

    @property
    def noise_seed(self):
        """Seed of the noise."""
        return seed_streams(self.seed, OfNetwork.NOISE)


@dataclass(frozen=True, eq=False)
class Recorded:
    """What an engine recorded.

    Attributes
    ----------
    spikes : dict of str to (ndarray, ndarray)
        Cell indices of a population and times in s.
    conductances : dict of str to ndarray, shape (cell, time)
        By pathway.
    conductance_t_ : ndarray or None
        s.
    """

    spikes: dict
    conductances: dict
    conductance_t_: object


class NetworkEngine(ABC):
    """Runs the spiking network of a circuit.

    Nobody asks for the name of an engine: what differs between engines is said here. A new one is a subclass
    in a file of its own, and one line in `register`. Equal runs give equal activity.

    Attributes
    ----------
    name : str
        As `simulate_spikes` takes it.
    title : str
        As an Activity records it.
    synapse_bytes, cell_bytes : int
        Memory that a synapse and a cell take while the network is set up, as measured on large ones.
    """

    name = ""
    title = ""
    synapse_bytes, cell_bytes = 80, 400

    def problem(self, circuit):
        """Why it cannot run a circuit, or anything here; empty where it can."""
        return ""

    def structure(self, run):
        """What two runs share that `prepare` serves both, as plain data; None where nothing is prepared.

        Parameters
        ----------
        run : SpikingRun
        """
        return None

    def prepare(self, run):
        """Do once what serves all runs of this structure; here nothing does."""
        return None

    def check_memory(self, circuit):
        """Refuse a network that is too large for the memory that is free.

        Raises
        ------
        InputError
            With the bytes.
        """
        synapses = sum(
            p.K * circuit.populations[name].size
            for name in circuit.populations
            for p in circuit.pathways(name)
            if not p.is_drive or circuit.drive(p.source, name).by_trains
        )
        cells = sum(population.size for population in circuit.populations.values())
        needed, free = synapses * self.synapse_bytes + cells * self.cell_bytes, free_memory()
        if needed > free:
            raise InputError(
                f"circuit {circuit.name!r}: its {cells} cells and {synapses:.3g} synapses take some"
                f" {needed / 1e9:.3g} GB with engine {self.name!r}, and {free / 1e9:.3g} GB are free; take"
                " fewer cells or inputs, or a machine with more memory"
            )

    @abstractmethod
    def record(self, run, report):
        """Run it.

        Parameters
        ----------
        run : SpikingRun
        report : callable
            Takes the fraction that is done.

        Returns
        -------
        Recorded

        Raises
        ------
        DivergenceError
            If the integration ends in NaN.
        """

    def activity(self, run, report):
        """The Activity of a run."""
        circuit, names, bin_ = run.circuit, tuple(run.circuit.populations), run.bin_
        found = self.record(run, report)
        bins = round(run.duration_ / bin_)
        edges = np.arange(bins + 1) * bin_
        # Spikes lie on the grid: half a step of slack keeps those at an edge in the bin that starts there.
        rate_ = np.array(
            [
                np.histogram(found.spikes[name][1] + 0.25 * run.dt_, edges)[0]
                / (circuit.populations[name].size * bin_)
                for name in names
            ]
        )
        models = {name: circuit.populations[name].model for name in names}
        return Activity(
            names,
            (np.arange(bins) + 0.5) * bin_,
            rate_,
            bin_,
            {name: p.size for name, p in circuit.populations.items()},
            spikes_=found.spikes,
            conductances_=found.conductances,
            conductance_t_=found.conductance_t_,
            conductance_units={
                label: si_label(dim)
                for name in names
                for label, (_, dim) in recorded_of(circuit, name).items()
            },
            provenance={
                "kind": "spikes",
                "circuit": circuit.name,
                "circuit_hash": run.circuit_hash,
                "seed": run.seed,
                "dt [s]": run.dt_,
                "method": {name: m.method_used(bool(circuit.pathways(name))) for name, m in models.items()},
                "replaced": run.notes,
                "duration [s]": run.duration_,
                **({} if run.state is None else {"initial [Hz]": dict(run.state.rates_)}),
                "engine": self.title,
                "versions": versions(),
            },
        )


def check_finite(run, population, variable, values):
    """Refuse the end of a run at which a variable is no number any more."""
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise DivergenceError(
            f"circuit {run.circuit.name!r}, population {population}: {variable} is not finite in {bad} of"
            f" {len(values)} cells at the end of the run with dt = {run.dt_ * 1e3:g} ms; take a smaller dt or"
            " weaker synapses"
        )


def check_held(run, spikes, held):
    """Refuse models that count their spikes wrongly: {population: spikes held back}."""
    for name, number in held.items():
        check_counts(
            run.circuit.populations[name].model,
            spikes[name][0].size,
            number,
            f"in circuit {run.circuit.name!r}, population {name}",
        )
