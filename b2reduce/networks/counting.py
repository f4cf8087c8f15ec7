"""What counting spikes for a finite time adds to the rates of cells."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import to_si
from ..basics.units import with_units


def counting_variance(run, population, after_):
    """Variance in Hz^2 that counting for a finite time adds to the rates of cells.

    A cell's count scatters whatever its rate. The counts n_1 and n_2 in the two halves of the run differ by
    that scatter alone, so that Var(n_1 - n_2) over cells is the variance that counting adds to n_1 + n_2.
    """
    T = run.duration_ - after_
    i, t = run.spikes_[population]
    halves = [
        np.bincount(i[(t >= first) & (t < first + T / 2)], minlength=run.sizes[population])
        for first in (after_, after_ + T / 2)
    ]
    return float(np.var(halves[0] - halves[1])) / T**2


def counted_rates(run, rates, population, after_):
    """Rates of units thinned to at most a thousand, and the standard deviation that counting would add to
    each.
    """
    rate = rates.cell_means_(with_units(after_, "s"))[population]
    some = rate if rate.size <= 1000 else np.quantile(rate, (np.arange(1000) + 0.5) / 1000)
    mean = max(len(run.spikes_[population][0]) / (run.sizes[population] * run.duration_), 1e-12)
    # One Fano factor for all cells: the variance of a count grows with its mean.
    return some, np.sqrt(counting_variance(run, population, after_) * np.maximum(some, 1e-12) / mean + 1e-18)


def counted_density(run, rates, population, after=None):
    """(rates in Hz, density in 1/Hz) of the units of a rate run with the scatter that counting adds to the
    cells of a spiking run.
    """
    after_ = 0.0 if after is None else to_si(after, "s", "after")
    some, scatter = counted_rates(run, rates, population, after_)
    x = np.linspace(max((some - 4 * scatter).min(), 0.0), (some + 4 * scatter).max(), 300)
    return x, np.mean(
        np.exp(-(((x[:, None] - some) / scatter) ** 2) / 2) / (scatter * np.sqrt(2 * np.pi)), axis=1
    )
