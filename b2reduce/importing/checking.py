"""The user's own network beside the circuit that was read from it: rates, conductances, irregularity."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import needed_seconds, seconds, whole
from ..basics.errors import InputError
from ..basics.units import with_units
from ..networks.simulate_spikes import simulate_spikes
from .own_runs import own_run

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
    found = {}
    for seed in range(1, seeds + 1):
        _add(found, "network", own_run(source, duration_, seed, after_), after_, duration_)
        _add(found, "circuit", _circuit_run(circuit, source, duration_, seed, after_), after_, duration_)
    rows = []
    for (population, quantity), runs in found.items():
        own, ours = (np.array(runs.get(which, [np.nan])) for which in ("network", "circuit"))
        # A network without noise has the same run for every seed; other wiring of its kind would not
        variance = np.fmax(_variance(own), _variance(ours))
        spread = np.sqrt(variance * (1 / own.size + 1 / ours.size))
        difference = ours.mean() - own.mean()
        rows.append(
            {
                "population": population,
                "quantity": quantity,
                "network": own.mean(),
                "network sd": np.sqrt(_variance(own)),
                "circuit": ours.mean(),
                "circuit sd": np.sqrt(_variance(ours)),
                "difference": difference,
                "difference over its sd": difference / spread if spread > 0 else np.nan,
            }
        )
    return pd.DataFrame(rows).set_index(["population", "quantity"])


def _variance(values):
    return float(np.var(values, ddof=1)) if values.size > 1 else np.nan


def _add(found, which, run, after_, duration_):
    """Put the numbers of one run to those of others."""
    spikes, means = run
    for name, (cells, times, size) in spikes.items():
        late = times >= after_
        rate = np.count_nonzero(late) / (size * (duration_ - after_))
        found.setdefault((name, "rate [Hz]"), {}).setdefault(which, []).append(rate)
        fano = _fano(cells[late], times[late] - after_, size, duration_ - after_)
        found.setdefault((name, "Fano factor"), {}).setdefault(which, []).append(fano)
    for (name, label), value in means.items():
        found.setdefault((name, label), {}).setdefault(which, []).append(value)


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
