"""The whole job in one call: reduce, run both networks, compare, check the premises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .assumptions import check_assumptions
from .circuit import load_circuit
from .comparison import compare
from .progress import Progress
from .rate import simulate_rates
from .reduction import reduce
from .spiking import simulate_spikes
from .surface import seconds
from .units import InputError, to_si, with_units

__all__ = ["Validation", "validate"]


@dataclass(frozen=True, eq=False)
class Validation:
    """A reduction and how it fared.

    Attributes
    ----------
    circuit : Circuit
    reduced : ReducedCircuit
    spikes : list of Activity
        One per seed.
    rates : Activity
    comparison : Comparison
    assumptions : pandas.DataFrame
    seconds : mapping of str to float
        Wall time of each step, s.
    """

    circuit: object
    reduced: object
    spikes: list
    rates: object
    comparison: object
    assumptions: object
    seconds: Mapping

    @property
    def provenance(self):
        """What was run: the reduction's provenance, and those of the spiking runs and of the rate run."""
        return {**self.reduced.provenance, **self.comparison.provenance}

    def save(self, folder):
        """Write report.html, result.json, comparison.csv, assumptions.csv and figures/ into a new folder."""
        from .report import write_report

        write_report(self, folder)

    def __repr__(self):
        broken = self.assumptions.loc[~self.assumptions["holds"], "assumption"]
        return f"{self.comparison!r}\npremises that do not hold: {', '.join(broken) or 'none'}"


def validate(circuit, *, duration="2 s", seed=1, seeds=3, level="linear", noise="matched", tau="membrane", at=None, window=None, after=None,
             dt=None, engine="auto", progress=None):
    """Reduce a circuit, run it both ways, and say by how much and why they differ.

    Parameters
    ----------
    circuit : Circuit, str or path
    duration : Quantity
    seed : int
        Of the reduction and of the first spiking run; further runs take the seeds that follow.
    seeds : int
        Number of spiking runs.
    level, noise, tau, at, window
        As in `reduce`.
    after : Quantity, optional
        Start of the averages; by default 0.5 s or a quarter of the duration, whichever is shorter.
    dt : Quantity, optional
        Time step of gains and spiking network; by default the circuit's.
    engine, progress
        As in `measure_fi`; the networks themselves run in Brian2.

    Returns
    -------
    Validation

    Examples
    --------
    >>> from brian2 import second
    >>> v = validate("ei_lif", duration=1*second, seeds=1)
    >>> v.comparison.tier
    'quantitative'
    """
    import time

    circuit = load_circuit(circuit)
    if dt is not None:
        circuit = circuit.replace({"dt": dt})
    if isinstance(seeds, bool) or not isinstance(seeds, (int, np.integer)) or seeds < 1:
        raise InputError(f"seeds: got {seeds!r}, expected a whole number of at least 1")
    duration_ = seconds(duration, "duration")
    duration = with_units(duration_, "s")
    after = with_units(min(0.5, duration_ / 4) if after is None else to_si(after, "s", "after"), "s")
    took = {}

    def timed(name, task):
        start = time.perf_counter()
        result = task()
        took[name] = took.get(name, 0.0) + time.perf_counter() - start
        return result

    with Progress(progress) as bar:
        reduced = timed("reduction", lambda: reduce(circuit, level=level, noise=noise, tau=tau, at=at, window=window, seed=seed, engine=engine, progress=bar))
        rates = timed("rate network", lambda: simulate_rates(reduced, duration=duration))
        spikes = [timed("spiking network", lambda: simulate_spikes(circuit, duration=duration, seed=seed + number, progress=bar))
                  for number in range(seeds)]
    return Validation(circuit, reduced, spikes, rates, compare(spikes, rates, after=after), check_assumptions(circuit, spikes, reduced), took)
