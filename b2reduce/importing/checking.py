"""The user's own network beside the circuit that was read from it: rates, conductances, irregularity."""

from __future__ import annotations

import warnings

import numpy as np

from ..basics.arguments import needed_seconds, seconds, whole
from ..basics.errors import AccuracyWarning, InputError
from ..basics.units import with_units
from ..networks.simulate_spikes import simulate_spikes
from .moved import rate_of_run
from .own_runs import own_run
from .taken_away import independent_circuit, said_of_trains, said_of_weights

__all__ = ["checked"]

_WINDOW_ = 0.1  # s, in which spikes of cells are counted for Fano factors


def checked(circuit, source, duration, seeds, after):
    """The table of `Imported.check`."""
    import pandas as pd

    duration_, seeds = needed_seconds(duration, "duration"), whole(seeds, "seeds", 1)
    after_ = seconds(after, "after")
    after_ = duration_ / 5 if after_ is None else after_
    if not 0 <= after_ < duration_:
        raise InputError(f"after: got {after}, expected a time before the end at {duration_:g} s")
    runs = _Runs(after_, duration_)
    independent = independent_circuit(circuit)
    for seed in range(1, seeds + 1):
        runs.add("network", own_run(source, duration_, seed, after_))
        runs.add("circuit", _circuit_run(circuit, source, duration_, seed, after_))
        if source.blocks:
            runs.add("shuffled", own_run(source, duration_, seed, after_, shuffled=True))
        if independent is not None:
            runs.add("independent", _circuit_run(independent, source, duration_, seed, after_))
    for line in (
        said_of_weights(source.blocks, runs.rates.get("network"), runs.rates.get("shuffled")),
        said_of_trains(circuit, runs.rates.get("circuit"), runs.rates.get("independent")),
    ):
        if line:
            warnings.warn(line, AccuracyWarning, stacklevel=3)
    rows = [
        {"population": name, "quantity": what, **_row(found)} for (name, what), found in runs.found.items()
    ]
    table = pd.DataFrame(rows).set_index(["population", "quantity"])
    ran = {"shuffled": bool(source.blocks), "independent": independent is not None}
    return table.drop(columns=[f"{which}{sd}" for which, yes in ran.items() if not yes for sd in ("", " sd")])


class _Runs:
    """Numbers of runs, by what was run.

    Attributes
    ----------
    found : dict of (population, quantity) to dict of str to list of float
    rates : dict of str to dict of str to list of Rate
        By what was run and populations.
    """

    def __init__(self, after_, duration_):
        self.after_, self.length_ = after_, duration_ - after_
        self.found, self.rates = {}, {}

    def add(self, which, run):
        """Put the numbers of one run to those of others."""
        spikes, means = run
        for name, (cells, times, size) in spikes.items():
            late = times >= self.after_
            cells, times = cells[late], times[late] - self.after_
            rate = rate_of_run(times, size, self.length_)
            self.rates.setdefault(which, {}).setdefault(name, []).append(rate)
            self._put(name, "rate [Hz]", which, rate.value)
            self._put(name, "Fano factor", which, _fano(cells, times, size, self.length_))
        for (name, label), value in means.items():
            self._put(name, label, which, value)

    def _put(self, name, quantity, which, value):
        self.found.setdefault((name, quantity), {}).setdefault(which, []).append(value)


def _row(runs):
    own, ours, shuffled, independent = (
        np.array(runs.get(which, [np.nan])) for which in ("network", "circuit", "shuffled", "independent")
    )
    # A network without noise has the same run for every seed; other wiring of its kind would not
    variance = np.fmax(_variance(own), _variance(ours))
    spread = np.sqrt(variance * (1 / own.size + 1 / ours.size))
    difference = ours.mean() - own.mean()
    return {
        "network": own.mean(),
        "network sd": np.sqrt(_variance(own)),
        "circuit": ours.mean(),
        "circuit sd": np.sqrt(_variance(ours)),
        "difference": difference,
        "difference over its sd": difference / spread if spread > 0 else np.nan,
        "shuffled": shuffled.mean(),
        "shuffled sd": np.sqrt(_variance(shuffled)),
        "independent": independent.mean(),
        "independent sd": np.sqrt(_variance(independent)),
    }


def _variance(values):
    return float(np.var(values, ddof=1)) if values.size > 1 else np.nan


def _fano(cells, times, size, length_):
    """Variance over mean of the spike counts of a cell in windows, over cells that spike."""
    windows = int(length_ / _WINDOW_)
    if windows < 2:
        return np.nan
    inside = times < windows * _WINDOW_
    counts = np.zeros((size, windows))
    np.add.at(counts, (cells[inside], (times[inside] / _WINDOW_).astype(int).clip(max=windows - 1)), 1)
    means = counts.mean(axis=1)
    spiking = means > 0
    return float(np.mean(counts[spiking].var(axis=1, ddof=1) / means[spiking])) if spiking.any() else np.nan


def _circuit_run(circuit, source, duration_, seed, after_):
    """({population: (cells, times, size)}, {(population, what): mean}) of one run of the circuit."""
    run = simulate_spikes(circuit, duration=with_units(duration_, "s"), seed=seed)
    spikes = {name: (i, t, circuit.populations[name].size) for name, (i, t) in run.spikes_.items()}
    means = {}
    for target, ways in source.sums.items():
        late = run.conductance_t_ > after_
        for key, (_, labels) in ways.items():
            means[target, key] = float(sum(run.conductances_[label][:, late].mean() for label in labels))
    return spikes, means
