"""How the equations are integrated: methods in the order in which they are tried, and the check that decides.

A sample again at half the step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..basics.streams import OfCells, seed_streams
from .engine import LANES, Cells, Unavailable, kernel_of, ran_off, run_native

__all__ = ["LIMIT", "StepCheck", "check_step", "tries", "uneven"]

# Relative error of a rate above which a measurement says so, and other methods and steps are tried
LIMIT = 0.01
HALVINGS = 4  # of the step, before nothing is left to try
SHARE = 0.1  # of the work of a measurement that its check may cost
SHORTEST_ = 0.25  # s of a check, whatever the share
FEWEST = 3  # intervals that make a rate without noise
# Slope times step below which the exact solution, which divides by it, loses more than half of its digits
FLAT = 1e-7


@dataclass(frozen=True)
class StepCheck:
    """A sample of cells again with rk4 at half the step, the same synaptic events at the same times.

    Attributes
    ----------
    cells : int
        How many were compared.
    difference : float
        Relative difference of their rates: the largest without noise, that of all spikes together in noise.
    sem : float
        Its standard error, 0 where cells fire periodically.
    excess : float
        What of it the time grid does not explain: the threshold is looked at once a step, and a refractory
        time is a whole number of steps, which moves an interval by up to two steps.
    rate_ : float
        Of the cell, or of all cells, that the difference is of, Hz.
    grid : float
        What the time grid alone may do to the fastest cell: one step of its interval, in noise half a step on
        average. Two grids may agree by chance, so that this is no less than what is seen.
    method, dt : str, float
        What was compared with.
    """

    cells: int
    difference: float
    sem: float
    excess: float
    rate_: float
    grid: float
    method: str
    dt: float

    @property
    def error(self):
        """What the step may err by.

        Errors of first order halve with the step, so that as much as was seen is left at half the step.
        """
        return max(2 * self.difference - 4 * self.sem, self.grid)

    def to_dict(self):
        """Plain data, with units in the keys."""
        return {
            "cells": self.cells,
            "difference": self.difference,
            "sem": self.sem,
            "error": self.error,
            "grid": self.grid,
            "rate [Hz]": self.rate_,
            "method": self.method,
            "dt [s]": self.dt,
        }


def tries(model, with_synapses, added_, dt_, fixed=False):
    """(method, step in s) in the order of trial; a `fixed` step stays as it is.

    The model's first choice, the same equations with rk4, then rk4 at half the step and so on. Noise in the
    equations themselves (xi) needs methods of its own: there only the step is halved.
    """
    first = model.method_used(with_synapses)
    if (
        first == "exact"
        and np.min(np.abs(model.slope_ - np.asarray(added_) / model.capacitance_)) * dt_ < FLAT
    ):
        first = "rk4"  # the exact solution divides by the slope
    better = first if model.stochastic else "rk4"
    steps = [dt_ / 2**k for k in range(1, HALVINGS + 1)] if not fixed else []
    return list(dict.fromkeys([(first, dt_), (better, dt_), *((better, step_) for step_ in steps)]))


def check_step(cells, statistics, dt_, seed, *, noisy, duration_, warmup_):
    """Run a sample of `cells` again, with their own method and with rk4 at half the step.

    Without noise they start from where the run has ended, so that they need not settle again, and have
    intervals compared; in noise they get the events of the same random streams, and counts are compared.

    Returns
    -------
    StepCheck or None
        None where there is nothing to compare: no cell fires often enough, or no native engine can run this.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        rate_ = (
            np.where(statistics.count > 1, statistics.intervals / statistics.interval_sum, 0.0)
            if not noisy
            else statistics.count / (statistics.time - statistics.warmup)
        )
    firing = np.flatnonzero(rate_ > 0)
    if not firing.size:
        return None
    better = replace(cells, method=cells.method_used if cells.model.stochastic else "rk4")
    try:
        kernels = kernel_of(cells, dt_), kernel_of(better, dt_ / 2)
    except Unavailable:
        return None
    work = float(np.sum(statistics.time)) / dt_
    rng = np.random.default_rng(seed_streams(seed, OfCells.CHECK))
    chosen = _sample(rng, rate_, firing, cells.count, noisy)
    # One run at the step itself, two steps for one in the other
    longest_ = SHARE * work * dt_ / chosen.size / 3
    if noisy:
        longest_ = max(longest_, SHORTEST_ + min(warmup_, duration_ / 4))
    else:
        longest_ = (
            duration_
            if np.any(uneven(statistics, dt_)[chosen])
            else max(longest_, SHORTEST_, (FEWEST + 3) / rate_[chosen].max())
        )
    time_ = max(round(min(longest_, duration_) / dt_), 1) * dt_
    part = _taken(cells, statistics if not noisy else None, chosen)
    settings = dict(seed=seed, threads=1, numbers=chosen)
    begin_ = min(warmup_, time_ / 4) if noisy else 0.0
    coarse = run_native(kernels[0], part, time_, begin_, dt_, **settings)
    fine = run_native(
        kernels[1], replace(part, method=better.method), time_, begin_, dt_ / 2, stride=2, **settings
    )
    lost = [ran_off(cells.model, x.final_state) for x in (coarse, fine)]
    if np.any(lost):  # one of them ran off: nothing holds
        return StepCheck(
            chosen.size,
            math.inf,
            0.0,
            math.inf,
            float(rate_[chosen][lost[0] | lost[1]].max()),
            math.inf,
            better.method_used,
            dt_ / 2,
        )
    compare = _in_noise if noisy else _periodic
    return compare(coarse, fine, time_ - begin_, dt_, better.method_used)


def _sample(rng, rate_, firing, count, noisy):
    """Cells to run again: a block of lanes, or in noise as many as a hundredth of all.

    The fastest is always one of them.
    """
    fastest = firing[np.argmax(rate_[firing])]
    number = min(count, max(LANES, count // 100 // LANES * LANES if noisy else LANES))
    pool = np.arange(count) if noisy else firing
    others = rng.permutation(pool[pool != fastest])[: number - 1]
    return np.sort(np.append(others, fastest))


def _taken(cells, statistics, chosen):
    pick = lambda values: np.broadcast_to(values, cells.count)[chosen]
    sources = tuple(source.mapped(pick) for source in cells.sources)
    state = (
        cells.state
        if statistics is None
        else {
            name: values
            for name, values in statistics.final_state.items()
            if name in cells.model.state_variables
        }
    )
    return Cells(
        cells.model,
        chosen.size,
        {name: pick(values) for name, values in cells.parameters.items()},
        sources,
        {name: pick(values) for name, values in state.items()},
        cells.method,
    )


def uneven(statistics, dt_):
    """Which cells do not fire periodically: bursts, or two spikes in turn."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = statistics.interval_sum / statistics.intervals
        return (statistics.intervals > 1) & (
            statistics.interval_square_sum / statistics.intervals - mean**2 > (2 * dt_ + 1e-2 * mean) ** 2
        )


def _periodic(coarse, fine, time_, dt_, method):
    known = (coarse.intervals >= FEWEST) & (fine.intervals >= FEWEST)
    if not known.any():
        return None
    # The first interval began where the other run had stopped, held or not.
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = [
            np.where(known, (x.interval_sum - (x.second_time - x.first_time)) / (x.intervals - 1), np.nan)
            for x in (coarse, fine)
        ]
        # Where intervals are uneven the mean depends on where in a burst the run ends: by the interval that a
        # moment lies in, over all of them.
        sem = np.where(
            uneven(coarse, dt_) | uneven(fine, dt_), coarse.interval_square_sum / coarse.interval_sum**2, 0.0
        )
        difference = np.abs(mean[1] / mean[0] - 1)
        beyond = np.maximum(difference - 2 * sem - 2 * dt_ / mean[0], 0)
    worst = int(np.nanargmax(beyond if np.nanmax(beyond) > 0 else difference - 2 * sem))
    return StepCheck(
        int(known.sum()),
        float(difference[worst]),
        float(sem[worst]),
        float(np.nanmax(beyond)),
        float(1 / mean[1][worst]),
        float(dt_ / np.nanmin(mean[1])),
        method,
        dt_ / 2,
    )


def _in_noise(coarse, fine, time_, dt_, method):
    spikes = fine.count.sum()
    if not spikes:
        return None
    each = coarse.count - fine.count
    difference, sem = abs(each.sum()) / spikes, math.sqrt(np.sum(each.astype(float) ** 2)) / spikes
    rate_ = spikes / (fine.count.size * time_)
    fastest_ = fine.count.max() / time_
    # Cells scatter more than if they had independent events: a few of them do something else altogether,
    # which is no luck.
    allowed = 0.0 if sem > 2 * math.sqrt(2 / spikes) else 2 * sem
    return StepCheck(
        int(fine.count.size),
        float(difference),
        float(sem),
        float(max(difference - allowed - 2 * dt_ * fastest_, 0.0)),
        float(rate_),
        float(dt_ * fastest_ / 2),
        method,
        dt_ / 2,
    )
