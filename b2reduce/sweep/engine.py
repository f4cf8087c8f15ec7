"""The interface behind which engines stand: what goes in, what comes out, which engine runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..model import NeuronModel
from ..provenance import unknown_name
from ..session import DivergenceError, divisions_reported
from ..units import InputError

__all__ = ["DivergenceError", "Source", "Cells", "CellStatistics", "simulate_cells", "resting_state", "ENGINES"]

ENGINES = ("auto", "brian2")
REST_TIME_ = 2.0  # s; a cell that has not come to rest by then fires by itself or drifts
REST_CHECK_ = 0.05  # s between looks at the state
REST_TOLERANCE = 1e-6  # largest change of a variable between looks, relative to its largest size so far


@dataclass(frozen=True)
class Source:
    """Pooled Poisson events on one exponential conductance. SI floats or arrays over cells.

    The conductance decays with `tau_`, jumps by `G_` at each event, drives the cell towards `E_`; events of all
    inputs together arrive at `rate_` (number of inputs times the rate of one).
    """

    label: str
    G_: object
    tau_: object
    E_: object
    rate_: object

    @property
    def mean_(self):
        """Mean conductance G tau R (Campbell)."""
        return np.asarray(self.G_) * self.tau_ * self.rate_


@dataclass(frozen=True)
class Cells:
    """What to simulate: `count` copies of `model`, SI values per cell.

    `parameters` holds arrays over cells for anything that varies (the input and the leak always do); `state` holds
    starting values of state variables; conductances of sources start at their means.
    """

    model: NeuronModel
    count: int
    parameters: Mapping
    sources: tuple = ()
    state: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class CellStatistics:
    """Spike statistics of every cell, arrays over cells; times in s from the start of the run, NaN where undefined.

    An engine keeps these sums while it runs, so that memory does not grow with the number of spikes.
    """

    duration: float
    warmup: float
    total: np.ndarray  #: spikes in the whole run
    first_time: np.ndarray  #: first spike of all
    second_time: np.ndarray  #: second spike of all
    count: np.ndarray  #: spikes at t >= warmup
    first_counted_time: np.ndarray
    last_time: np.ndarray  #: last spike of all
    interval_sum: np.ndarray  #: over intervals that begin at t >= warmup
    interval_square_sum: np.ndarray
    late_count: np.ndarray  #: spikes in the last half of the run
    final_state: Mapping  #: {variable: array over cells}
    events: Mapping = field(default_factory=dict)  #: {source: synaptic events at t >= warmup}

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
    def count_rate_(self):
        """Spikes after the warm-up over the time after the warm-up."""
        return self.count / (self.duration - self.warmup)

    @property
    def onset_rate_(self):
        """One over the first interval; NaN below two spikes."""
        return 1 / (self.second_time - self.first_time)


def statistics(i, t, count, duration, warmup, final_state, events):
    """Sums of `CellStatistics` from spike lists (cell indices and times in s)."""
    order = np.lexsort((t, i))
    i, t = np.asarray(i)[order], np.asarray(t)[order]
    # Half a nanosecond of slack: a spike at the very step of the warm-up's end counts whatever its last bit says.
    counted = t >= warmup - 5e-10

    def nth(cells, times, n):
        out = np.full(count, np.nan)
        starts = np.searchsorted(cells, np.arange(count))
        has = np.bincount(cells, minlength=count) > n
        out[has] = times[starts[has] + n]
        return out

    late = np.bincount(i[t >= duration / 2], minlength=count)
    ic, tc = i[counted], t[counted]
    gaps = np.diff(tc)
    same = ic[1:] == ic[:-1]
    last = np.full(count, np.nan)
    last[i] = t  # sorted by time within a cell, so the last write is the last spike
    return CellStatistics(
        duration=duration, warmup=warmup, total=np.bincount(i, minlength=count), first_time=nth(i, t, 0), second_time=nth(i, t, 1),
        count=np.bincount(ic, minlength=count), first_counted_time=nth(ic, tc, 0), last_time=last,
        interval_sum=np.bincount(ic[1:][same], weights=gaps[same], minlength=count),
        interval_square_sum=np.bincount(ic[1:][same], weights=gaps[same] ** 2, minlength=count),
        late_count=late, final_state=final_state, events=events)


def simulate_cells(cells, duration_, warmup_=0.0, dt_=None, seed=0, engine="auto", progress=None, diverging="raise"):
    """Run all cells for the same time.

    Parameters
    ----------
    cells : Cells
    duration_, warmup_, dt_ : float
        Seconds. By default the model's own dt.
    seed : int
        Decides every random number of the run.
    engine : str
        ``"auto"`` or ``"brian2"``.
    progress : callable, optional
        Called with the fraction done.

    diverging : {"raise", "silent"}
        Raise if a cell's state is not finite at the end, or count that cell as silent.

    Returns
    -------
    statistics : CellStatistics
    engine : str
        The engine that ran.

    Raises
    ------
    DivergenceError
        If a cell's state is not finite at the end; the message names the cell's parameters.
    """
    from .brian import run_cells

    if engine not in ENGINES:
        raise InputError(f"engine: {unknown_name('engine', engine, ENGINES)}")
    dt_ = float(cells.model.dt) if dt_ is None else dt_
    cure = (f"the integration diverged with method {cells.model.method_used(bool(cells.sources))!r} and "
            f"dt = {dt_ * 1e3:g} ms: take a smaller dt or a smaller input")
    extremes = ", ".join(f"{key} = {np.min(value):.6g} to {np.max(value):.6g} (SI)" for key, value in cells.parameters.items())
    with divisions_reported(f"model {cells.model.name!r}: a division by zero in a run with {extremes}; {cure}"):
        result, name = run_cells(cells, duration_, warmup_, dt_, seed, progress)
    bad = np.zeros(cells.count, dtype=bool)
    for values in result.final_state.values():
        bad |= ~np.isfinite(values)
    if bad.any() and diverging == "raise":
        where = ", ".join(f"{key} = {np.broadcast_to(value, cells.count)[bad][0]:.6g} (SI)" for key, value in cells.parameters.items())
        raise DivergenceError(
            f"model {cells.model.name!r}: the state is not finite at the end of the run at {np.count_nonzero(bad)} of {cells.count} cells, "
            f"first at {where}; {cure}")
    if bad.any():
        counts = ("total", "count", "late_count", "interval_sum", "interval_square_sum")
        result = replace(result, **{key: np.where(bad, 0, getattr(result, key)) for key in counts})
    return result, name


def resting_state(cells, dt_=None):
    """State of every cell after relaxing without input and without synaptic events.

    Parameters
    ----------
    cells : Cells
        As they will run; their leak is the total leak to rest at. Input and sources are switched off, so that the
        same compiled code serves the rest and the run.

    Returns
    -------
    dict of str to ndarray, shape (cell,)
        SI values of the cell's own state variables. A cell that fires without input never rests; its state is that
        after `REST_TIME_`.
    """
    from .brian import relax_cells

    dt_ = float(cells.model.dt) if dt_ is None else dt_
    silent = tuple(replace(source, rate_=0.0) for source in cells.sources)
    quiet = replace(cells, parameters={**cells.parameters, cells.model.input: 0.0}, sources=silent)
    return relax_cells(quiet, REST_TIME_, REST_CHECK_, REST_TOLERANCE, dt_)
