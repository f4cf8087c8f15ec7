"""Rates at a list of points (mean current, mean leak): the one measurement that surfaces and operating points share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .session import seed_streams
from .sweep import Cells, CellStatistics, Precise, Settled, Source, count_sem, resting_state, simulate_cells
from .units import InputError, to_si, with_units

__all__ = ["PointRates", "measure_points", "measure_until", "noise_sources", "rest_of"]

_RUN, _SPREAD = 0, 7  # purposes of random streams
LONGEST = 16  # times the usual time after the warm-up, in all: before a wanted precision counts as out of reach


@dataclass(frozen=True)
class PointRates:
    """Rates at points, replicates pooled; arrays over points, SI.

    Sums are kept rather than rates, so that later replicates can be added.
    """

    simulated: np.ndarray  #: time, warm-up included, all replicates together, s
    time: np.ndarray  #: the part of it that was observed
    replicates: np.ndarray
    spikes: np.ndarray
    square_sum: np.ndarray  #: of the count of each replicate
    first_interval_sum: np.ndarray
    first_intervals: np.ndarray
    interval_sum: np.ndarray
    interval_square_sum: np.ndarray
    intervals: np.ndarray
    periodic: np.ndarray | None  #: rate from intervals, where there is no noise
    dt: float
    engine: str
    statistics: CellStatistics  #: of the last run, arrays over cells = points x replicates

    @property
    def rate_(self):
        """Sustained rate."""
        return self.spikes / self.time if self.periodic is None else self.periodic

    @property
    def rate_sem_(self):
        """Standard error of the rate."""
        if self.periodic is not None:  # a run of intervals is known to one time step at either end
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(self.intervals > 0, self.periodic * self.dt / self.interval_sum, 0.0)
        return count_sem(self.spikes, self.square_sum, self.replicates) / self.time

    @property
    def onset_rate_(self):
        """One over the mean first interval; NaN where no replicate fired twice."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.first_intervals > 0, self.first_intervals / self.first_interval_sum, np.nan)

    @property
    def cv_(self):
        """Coefficient of variation of all intervals; NaN below two."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.interval_sum / self.intervals
            variance = np.maximum(self.interval_square_sum / self.intervals - mean**2, 0)
            return np.where(self.intervals > 1, np.sqrt(variance) / mean, np.nan)

    def pooled(self, points, more):
        """These rates with `more` replicates added at some points."""
        changed = {}
        for name in ("simulated", "time", "replicates", "spikes", "square_sum", "first_interval_sum", "first_intervals",
                     "interval_sum", "interval_square_sum", "intervals"):
            total = getattr(self, name).copy()
            total[points] += getattr(more, name)
            changed[name] = total
        return replace(self, **changed)


def noise_sources(drives, model, rates_=None, what="noise"):
    """Sources in SI from drives, checked against the model's units; `rates_` holds rates over points of drives by their name."""
    sources, rates_ = [], rates_ or {}
    for number, drive in enumerate(drives):
        key = f"{what}, drive {drive.name!r}"
        if drive.name not in rates_ and not drive.constant:
            raise InputError(f"{key}: its rate is a table; expected one constant rate")
        G_ = to_si(drive.G, model.conductance_dim, f"{key}, G")
        rate_ = drive.inputs * (rates_[drive.name] if drive.name in rates_ else drive.rate_)
        sources.append(Source(f"s{number}", G_, to_si(drive.tau, "s", "tau"), to_si(drive.E, "V", "E"), rate_))
    return tuple(sources)


def rest_of(model, leak_, dt_, parameters=None, sources=(), engine="auto"):
    """Resting state at every entry of `leak_` (and of per-cell parameters); equal entries rest once."""
    parameters = parameters or {}
    table = np.column_stack([leak_, *(np.broadcast_to(values, np.shape(leak_)) for values in parameters.values())])
    rows, where = np.unique(table, axis=0, return_inverse=True)
    values = dict(zip([model.leak, *parameters], rows.T))
    ordered = {model.input: 0.0, **values}  # the order that runs use, so that the compiled code is the same
    state = resting_state(Cells(model, len(rows), ordered, sources), dt_, engine)
    return {name: values[where.ravel()] for name, values in state.items()}


def measure_points(model, I_, g_, sources, *, replicates, duration_, warmup_, dt_, seed, initial="rest", engine="auto", threads=None, report=None,
                   diverging="raise", stop=None):
    """Run `replicates` cells at every point and pool them.

    Parameters
    ----------
    model : NeuronModel
    I_, g_ : ndarray, shape (point,)
        Mean current and mean total leak, SI; the sources' means are taken out of both.
    sources : sequence of Source
        Values are floats or arrays over points. A source of rate 0 is noise switched off.
    initial : "rest" or mapping
        Starting values of state variables, Quantities or SI floats, per point.
    diverging : {"raise", "silent"}
        What a cell whose integration ends in NaN is: an error, or silent, where a search goes to extreme currents.
    stop : Settled or Precise, optional
        When a cell may end before or after `duration_`.

    Returns
    -------
    PointRates

    Raises
    ------
    InputError
        If a point would need a negative leak.
    """
    I_, g_ = np.asarray(I_, dtype=float), np.asarray(g_, dtype=float)
    tile = lambda values: np.repeat(np.broadcast_to(values, I_.shape), replicates)
    mean = np.sum([np.broadcast_to(source.mean_, I_.shape) for source in sources], axis=0) if sources else np.zeros(I_.shape)
    drive = np.sum([source.mean_ * (source.E_ - model.si(model.leak_reversal)) * np.ones(I_.shape) for source in sources], axis=0)
    leak = g_ - mean
    if np.any(leak < -1e-12 * np.abs(g_)):
        worst = leak.argmin()
        show = lambda value: with_units(value, model.conductance_dim)
        raise InputError(f"g = {show(g_[worst])} is below the mean conductance of the noise alone, {show(mean[worst])}: the cell would need a "
                         f"negative leak; start the g axis at {show(np.max(mean))} or above, or lower the noise")
    leak = np.maximum(leak, 0.0)
    spread = {}
    rng = np.random.default_rng(seed_streams(seed, _SPREAD))
    for name, normal in sorted(model.spreads.items()):
        # Every point gets the same draws, so that differences between points are not those between samples.
        draws = rng.normal(float(np.asarray(normal.mean)), float(np.asarray(normal.sd)), replicates)
        spread[name] = np.tile(draws if replicates > 1 else float(np.asarray(normal.mean)) * np.ones(1), I_.size)
    current, leak = tile(I_ - drive), tile(leak)
    if model.input in spread:
        current = current + spread.pop(model.input) - model.constant_input_
    if model.leak in spread:
        leak = np.maximum(leak + spread.pop(model.leak) - model.si(model.leak), 0.0)
    sources = tuple(Source(s.label, *(tile(value) for value in (s.G_, s.tau_, s.E_, s.rate_))) for s in sources)
    if isinstance(initial, str):
        if initial != "rest":
            raise InputError(f"initial: got {initial!r}, expected 'rest' or a dict of starting values")
        state = rest_of(model, tile(g_) if not model.leak in model.spreads else leak + tile(mean), dt_, spread, sources_at_rest(sources), engine)
    else:
        state = {name: tile(value) for name, value in starting_values(model, initial).items()}
    cells = Cells(model, current.size, {model.input: current, model.leak: leak, **spread}, sources, state)
    stats, engine_used = simulate_cells(cells, duration_, warmup_, dt_, seed_streams(seed, _RUN), engine, report, diverging, threads, stop)
    noisy = model.noisy or any(np.any(source.rate_ > 0) for source in sources)
    return _pool(stats, I_.size, replicates, noisy, dt_, engine_used)


def measure_until(model, I_, g_, sources, *, rtol, adaptive, replicates, duration_, seed, bar, stage, **settings):
    """`measure_points` to a wanted precision.

    Parameters
    ----------
    rtol : float or None
        Wanted relative standard error of rates in noise; None without noise, or where none is wanted.
    adaptive : bool
        Whether cells may end before or after `duration_`. Otherwise replicates are added instead.
    """
    noisy = model.noisy or bool(sources)
    stop = None if not adaptive else Precise(rtol, replicates, LONGEST) if rtol else None if noisy else Settled()
    points = measure_points(model, I_, g_, sources, seed=seed, stop=stop, report=bar.stage(stage), replicates=replicates, duration_=duration_, **settings)
    longest = LONGEST * points.replicates * (duration_ - settings["warmup_"])
    for round_ in range(1, LONGEST if rtol else 1):
        unsure = np.flatnonzero((points.rate_ > 0) & (points.rate_sem_ > rtol * points.rate_) & (points.time < 0.99 * longest))
        if not unsure.size:
            break
        some = lambda values: np.broadcast_to(values, I_.shape)[unsure]
        chosen = tuple(replace(source, **{name: some(getattr(source, name)) for name in ("G_", "tau_", "E_", "rate_")}) for source in sources)
        more = measure_points(model, I_[unsure], g_[unsure], chosen, seed=seed_streams(seed, 1, round_), replicates=replicates, duration_=duration_,
                              report=bar.stage(f"{stage}, round {round_ + 1}: {unsure.size} points"), **settings)
        points = points.pooled(unsure, more)
    return points


def sources_at_rest(sources):
    """The same sources without events, one value for all cells."""
    return tuple(Source(s.label, 0.0, float(np.min(s.tau_)), float(np.min(s.E_)), 0.0) for s in sources)


def starting_values(model, initial):
    """SI starting values from a mapping of Quantities or SI floats."""
    values = {}
    for name, value in dict(initial).items():
        if name not in model.state_variables:
            raise InputError(f"initial: got the unknown variable {name!r}; known: {', '.join(model.state_variables)}")
        values[name] = np.asarray(value, dtype=float) if isinstance(value, np.ndarray) and not hasattr(value, "dim") else (
            to_si(value, model.dimension_of_variable(name), f"initial, {name}"))
    return values


def _pool(stats, points, replicates, noisy, dt_, engine):
    total = lambda values: np.nansum(np.reshape(values, (points, replicates)), axis=1)
    first = stats.second_time - stats.first_time
    periodic = None
    if not noisy:
        periodic = stats.periodic_rate_.reshape(points, replicates).mean(axis=1)
    return PointRates(
        simulated=total(stats.time), time=total(stats.time - stats.warmup), replicates=np.full(points, replicates), spikes=total(stats.count),
        square_sum=total(stats.count.astype(float) ** 2), first_interval_sum=total(first), first_intervals=total(np.isfinite(first)),
        interval_sum=total(stats.interval_sum), interval_square_sum=total(stats.interval_square_sum), intervals=total(stats.intervals),
        periodic=periodic, dt=dt_, engine=engine, statistics=stats)
