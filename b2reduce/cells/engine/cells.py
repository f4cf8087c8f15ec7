"""What every engine takes and gives: cells to simulate, and the statistics of their spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from ...circuit.neuron import NeuronModel
from ...circuit.synapses.base import Synapse

__all__ = [
    "Source",
    "Cells",
    "CellStatistics",
    "SLACK_",
    "count_sem",
    "first_step",
    "gathered",
    "joined",
    "ran_off",
    "starting_state",
    "statistics",
]

SLACK_ = 5e-10  # s: a spike at the very step of the warm-up's end counts, whatever its last bit says


def first_step(time_, dt_):
    """The first step at or after a time."""
    return int(np.ceil((time_ - SLACK_) / dt_))


@dataclass(frozen=True)
class Source:
    """Pooled Poisson events on one synapse. SI floats or arrays over cells.

    Events of all inputs together arrive at `rate_` (number of inputs times the rate of one), which may swing
    in time, the same in all cells.
    """

    label: str
    synapse: Synapse
    rate_: object
    #: By how much its rate lies above `rate_` at every step, over `rate_`, shape (step,); None where it is
    #: constant
    swing: object = None

    @property
    def leak_(self):
        """What it adds to the mean leak."""
        return self.synapse.leak_(self.rate_)

    def current_(self, model):
        """What it adds to the mean current, beside that leak."""
        return self.synapse.current_(self.rate_, model)

    @property
    def start_(self):
        """{variable: starting value}, where events have long come."""
        return self.synapse.start_(self.label, self.rate_)

    def parameters_(self):
        """{variable of the cell: value}."""
        values = {f"{name}_syn_{self.label}": value for name, value in self.synapse.variables_.items()}
        return {**values, f"rate_syn_{self.label}": self.rate_}

    def mapped(self, function):
        """The source with a function of every value."""
        return replace(self, synapse=self.synapse.mapped(function), rate_=function(self.rate_))


@dataclass(frozen=True)
class Cells:
    """What to simulate: `count` copies of `model`, SI values per cell.

    `parameters` holds arrays over cells for anything that varies (the input and the leak always do); `state`
    holds starting values of state variables; synapses of sources start at their means.
    """

    model: NeuronModel
    count: int
    parameters: Mapping
    sources: tuple = ()
    state: Mapping = field(default_factory=dict)
    method: str | None = None  #: of integration; the model's first choice by default

    @property
    def synapses(self):
        """{label: synapse} of its sources."""
        return {source.label: source.synapse for source in self.sources}

    @property
    def swinging(self):
        """Whether rates of sources swing in time."""
        return any(source.swing is not None for source in self.sources)

    @property
    def method_used(self):
        """The integration method that runs."""
        return self.method or self.model.method_used(bool(self.sources))


@dataclass(frozen=True)
class CellStatistics:
    """Spike statistics of every cell, arrays over cells; times in s from the start of the run, NaN where
    undefined.

    An engine keeps these sums while it runs, so that memory does not grow with the number of spikes.
    """

    duration: float  #: of the run as planned
    warmup: float
    time: np.ndarray  #: simulated
    total: np.ndarray  #: spikes in the whole run
    first_time: np.ndarray  #: first spike of all
    second_time: np.ndarray  #: second spike of all
    count: np.ndarray  #: spikes at t >= warmup
    first_counted_time: np.ndarray
    last_time: np.ndarray  #: last spike of all
    interval_sum: np.ndarray  #: over intervals that begin at t >= warmup
    interval_square_sum: np.ndarray
    late_count: np.ndarray  #: spikes in the last half of the run
    #: Spikes counted although the threshold condition had not been false since the one before
    held: np.ndarray
    final_state: Mapping  #: {variable: array over cells}, conductances included
    events: Mapping = field(default_factory=dict)  #: {source: synaptic events at t >= warmup}
    #: The last interval where the state came back bit for bit, else 0; of engines that compare it
    period: np.ndarray | None = None

    @property
    def intervals(self):
        """Number of intervals that began after the warm-up."""
        return np.maximum(self.count - 1, 0)

    @property
    def periodic_rate_(self):
        """(n - 1)/(t_last - t_first) after the warm-up; 0 where the last half is silent."""
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = self.intervals / self.interval_sum
        return np.where((self.late_count == 0) | (self.intervals == 0), 0.0, rate)

    @property
    def warming_up(self):
        """Whether all of this lies within the warm-up."""
        return self.time[0] <= self.warmup + SLACK_

    def taken(self, cells):
        """The statistics of some cells."""
        pick = lambda value: (
            {key: values[cells] for key, values in value.items()}
            if isinstance(value, Mapping)
            else value[cells]
        )
        return CellStatistics(
            self.duration, self.warmup, **{name: pick(getattr(self, name)) for name in _PER_CELL}
        )


_PER_CELL = [item.name for item in fields(CellStatistics) if item.name not in ("duration", "warmup")]


def joined(first, second):
    """The statistics of a run from those of two stretches of it, in each of which all spikes were counted.

    What the first counted is forgotten if it lies within the warm-up.
    """
    add = {name: getattr(first, name) + getattr(second, name) for name in ("total", "late_count", "held")}
    second_time = np.where(
        first.total >= 2, first.second_time, np.where(first.total == 1, second.first_time, second.second_time)
    )
    result = (
        {name: getattr(second, name) for name in _PER_CELL}
        | add
        | dict(
            first_time=np.where(first.total >= 1, first.first_time, second.first_time),
            second_time=second_time,
            last_time=np.where(second.total >= 1, second.last_time, first.last_time),
        )
    )
    if not first.warming_up:
        both = (first.count > 0) & (second.count > 0)
        gap = np.where(both, second.first_counted_time - first.last_time, 0.0)
        result |= dict(
            count=first.count + second.count,
            first_counted_time=np.where(first.count > 0, first.first_counted_time, second.first_counted_time),
            interval_sum=first.interval_sum + gap + second.interval_sum,
            interval_square_sum=first.interval_square_sum + gap**2 + second.interval_square_sum,
            events={label: first.events[label] + values for label, values in second.events.items()},
        )
    return CellStatistics(first.duration, first.warmup, **result)


def gathered(pieces):
    """One CellStatistics from a list of (cells, their statistics)."""
    order = np.argsort(np.concatenate([cells for cells, _ in pieces]))

    def gather(name):
        values = [getattr(piece, name) for _, piece in pieces]
        if isinstance(values[0], Mapping):
            return {key: np.concatenate([value[key] for value in values])[order] for key in values[0]}
        return np.concatenate(values)[order]

    first = pieces[0][1]
    return CellStatistics(first.duration, first.warmup, **{name: gather(name) for name in _PER_CELL})


def count_sem(spikes, square_sum, replicates):
    """Standard error of the sum of the spike counts of replicates, from their sum and the sum of their
    squares.

    One spike more or less in all is the least that chance can do; a single replicate is taken as Poisson.
    """
    variance = (
        np.maximum(square_sum / replicates - (spikes / replicates) ** 2, 0)
        * replicates
        / np.maximum(replicates - 1, 1)
    )
    return np.maximum(
        np.where(np.asarray(replicates) > 1, np.sqrt(replicates * variance), np.sqrt(spikes)), 1.0
    )


def statistics(i, t, count, duration, warmup, final_state, events, held=0.0):
    """Sums of `CellStatistics` from spike lists (cell indices and times in s)."""
    order = np.lexsort((t, i))
    i, t = np.asarray(i)[order], np.asarray(t)[order]
    counted = t >= warmup - SLACK_

    def nth(cells, times, n):
        out = np.full(count, np.nan)
        starts = np.searchsorted(cells, np.arange(count))
        has = np.bincount(cells, minlength=count) > n
        out[has] = times[starts[has] + n]
        return out

    late = np.bincount(i[t >= duration / 2 - SLACK_], minlength=count)
    ic, tc = i[counted], t[counted]
    gaps = np.diff(tc)
    same = ic[1:] == ic[:-1]
    last = np.full(count, np.nan)
    last[i] = t  # sorted by time within a cell, so the last write is the last spike
    return CellStatistics(
        duration=duration,
        warmup=warmup,
        time=np.full(count, duration),
        total=np.bincount(i, minlength=count),
        first_time=nth(i, t, 0),
        second_time=nth(i, t, 1),
        count=np.bincount(ic, minlength=count),
        first_counted_time=nth(ic, tc, 0),
        last_time=last,
        interval_sum=np.bincount(ic[1:][same], weights=gaps[same], minlength=count),
        interval_square_sum=np.bincount(ic[1:][same], weights=gaps[same] ** 2, minlength=count),
        late_count=late,
        held=np.broadcast_to(np.asarray(held, dtype=float), count),
        final_state=final_state,
        events=events,
    )


FARTHEST_ = 10.0  # V; a membrane beyond it has left every cell behind, though its numbers may still be finite


def ran_off(model, final_state):
    """Which cells ended in no state that a cell can have: not a number, infinite, or volts away."""
    finite = np.all([np.isfinite(values) for values in final_state.values()], axis=0)
    return ~finite | (np.abs(final_state[model.membrane]) > FARTHEST_)


def starting_state(cells):
    """Starting values of all state variables: the caller's, then the model's.

    The membrane at its leak reversal, synapses at their means.
    """
    model = cells.model
    state = {model.membrane: model.leak_reversal_}
    state.update({name: float(np.asarray(value)) for name, value in model.initial.items()})
    synapses = [source.start_ for source in cells.sources]
    return {name: value for part in (state, cells.state, *synapses) for name, value in part.items()}
