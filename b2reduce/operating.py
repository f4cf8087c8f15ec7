"""The self-consistent operating point of a circuit, and the f-I surfaces measured there.

Uncoupled cells receive Poisson trains of every pathway at the current guess of the rates; the guess moves until what
goes in comes out. No spiking network is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .points import measure_points
from .session import seed_streams
from .surface import FISurface
from .sweep import Source

__all__ = ["OperatingPoint", "find_operating_point", "average", "rate_window", "surface_at"]

# Standard error of the operating rate (relative, and its floor in Hz), and the runs that reach it.
RTOL, ATOL_ = 0.004, 0.025
WARMUP_ = 0.25  # s
COARSE, FINE = (0.5, 150), (1.0, 400)  # s after the warm-up, and cells: on the way, and once near
MOST_CELLS = 12000
LAST_STEP = 0.03  # relative: what the tangent of the last step may span; rates bend by up to ten times its square
MAX_ITERATIONS = 40
START_ = 2.0  # Hz; from low rates the iteration finds the low branch where there are several
# The surface at the operating point.
G_SPAN, G_POINTS = 0.25, 5
RATE_SPAN, RATE_SPAN_ = 0.5, 3.0  # relative, and in Hz at least
CURRENTS, QUIET_CURRENTS, SURFACE_REPLICATES = 9, 25, 24  # within the window at each conductance, in noise and without; cells per point
SURFACE_RTOL, SURFACE_ATOL_ = 0.015, 0.04  # wanted standard error of each rate: relative, plus Hz
NOISE_FREE_RATE_ = 60.0
_PILOT = dict(duration_=0.5, warmup_=0.1)  # only to find the currents that span the window


@dataclass(frozen=True)
class OperatingPoint:
    """Self-consistent rates and mean inputs; mappings over populations, SI."""

    rate_: Mapping
    rate_sem_: Mapping
    I_: Mapping  #: mean current, driving forces taken from the leak reversal
    g_: Mapping  #: mean total leak
    drives_: Mapping  #: {(drive, target): rate of one input}
    noise_free_rate_: Mapping  #: rate of the cell at (I, g) without noise
    iterations: int
    warnings: tuple


def average(circuit, population, rates_, drives_):
    """Mean current and mean total leak of a population (equations 11.10-11.26).

    Parameters
    ----------
    rates_, drives_ : mapping
        Rates in Hz of populations and of (drive, target); floats or arrays over points.

    Returns
    -------
    I_, g_ : float or ndarray
        I_const + sum K G tau r (E - E_L) and g_L + sum K G tau r.
    """
    model = circuit.populations[population].model
    I_, g_ = model.constant_input_, model.si(model.leak)
    for pathway in circuit.pathways(population):
        mean = pathway.mean_(source_rate(pathway, rates_, drives_))
        I_, g_ = I_ + mean * (pathway.E_ - model.si(model.leak_reversal)), g_ + mean
    return I_, g_


def source_rate(pathway, rates_, drives_):
    """Presynaptic rate of a pathway."""
    return drives_[pathway.source, pathway.target] if pathway.is_drive else rates_[pathway.source]


def sources_of(circuit, population, rates_, drives_):
    """Poisson sources of every pathway at the given rates."""
    return tuple(Source(f"s{number}", pathway.G_, pathway.tau_, pathway.E_, pathway.K * source_rate(pathway, rates_, drives_))
                 for number, pathway in enumerate(circuit.pathways(population)))


def _alike(circuit):
    """Populations whose cells can run in one group: the same model and as many pathways."""
    groups = {}
    for name, population in circuit.populations.items():
        groups.setdefault((population.model.hash, len(circuit.pathways(name))), []).append(name)
    return groups.values()


def _outputs(circuit, rates_, drives_, *, cells, seed, **settings):
    """Rates that come out when given rates go in: {population: (rate, standard error, {source population: d out/d in})}."""
    out = {}
    for number, names in enumerate(_alike(circuit)):
        I_, g_ = np.transpose([average(circuit, name, rates_, drives_) for name in names])
        columns = [sources_of(circuit, name, rates_, drives_) for name in names]
        join = lambda attribute, k: np.array([getattr(column[k], attribute) for column in columns])
        sources = tuple(Source(f"s{k}", *(join(attribute, k) for attribute in ("G_", "tau_", "E_", "rate_"))) for k in range(len(columns[0])))
        statistics = measure_points(circuit.populations[names[0]].model, I_, g_, sources, replicates=cells, seed=seed_streams(seed, number), **settings).statistics
        T = statistics.duration - statistics.warmup
        for row, name in enumerate(names):
            mine = slice(row * cells, (row + 1) * cells)
            pathways = circuit.pathways(name)
            excess = np.array([statistics.events[f"s{k}"][mine] / T - column.rate_ for k, column in enumerate(columns[row])]).reshape(len(pathways), cells)
            # Expected slopes d out/d in are at most ten times the ratio of the rates: pathways too silent to show theirs count little.
            scale = np.array([10 * (statistics.count[mine].mean() / T + 3) / (p.K * (source_rate(p, rates_, drives_) + 3)) for p in pathways])
            rate, sem, slopes = _regress(statistics.count[mine] / T, excess, scale)
            response = {}
            for pathway, slope in zip(pathways, slopes):
                if not pathway.is_drive:
                    response[pathway.source] = response.get(pathway.source, 0.0) + slope * pathway.K
            out[name] = rate, max(sem, 1 / (cells * T)), response
    return out


def _regress(rate, excess, scale):
    """Mean rate without what the luck of the input explains, its standard error, and d rate/d source rate.

    How many Poisson events a cell happened to get is known, and so is how many it should: regressing the rate on the
    excess takes out most of the variance. The slope of that regression is the derivative of the mean rate with respect
    to the rate of the events (for Poisson events, cov(y, n) = var(n) dE[y]/d(mean n)): the gradient comes for free.

    Parameters
    ----------
    rate : ndarray, shape (cell,)
    excess : ndarray, shape (source, cell)
        Rate of the events counted, less the one expected, Hz.
    scale : ndarray, shape (source,)
        Prior standard deviation of the slopes, Hz per Hz.
    """
    cells = rate.size
    design = np.vstack([np.ones(cells), excess * scale[:, None]])
    spread = rate.var() or 1.0
    precision = design @ design.T / spread + np.diag([0.0, *np.ones(len(excess))])
    inverse = np.linalg.pinv(precision)
    values = inverse @ (design @ rate) / spread
    left = rate - values @ design
    free = max(cells - len(values), 1)
    return values[0], np.sqrt(np.sum(left**2) / free / cells), values[1:] * scale


def find_operating_point(circuit, drives_, *, seed, dt_, engine="auto", bar):
    """Rates r with r_a = (rate of an uncoupled cell of a driven by Poisson trains at the rates r).

    Newton's method. Every step measures the rates that come out at the current guess, and with them their derivatives;
    the number of cells grows until the standard error of the crossing is small enough.

    Returns
    -------
    OperatingPoint
    """
    names = list(circuit.populations)
    r, near, warnings = np.full(len(names), START_), False, []
    duration_, cells = COARSE
    jacobian, weight = np.zeros((len(names), len(names))), 0.0
    report = bar.stage("operating point")
    for iteration in range(1, MAX_ITERATIONS + 1):
        measured = _outputs(circuit, dict(zip(names, r)), drives_, cells=cells, duration_=duration_ + WARMUP_, warmup_=WARMUP_, dt_=dt_,
                            seed=seed_streams(seed, 1, iteration), engine=engine)
        out, sem = (np.array([measured[name][k] for name in names]) for k in (0, 1))
        # Derivatives change less from step to step than they scatter: earlier ones count on, half as much each time.
        fresh = np.array([[measured[name][2].get(source, 0.0) for source in names] for name in names])
        weight = 0.5 * weight + cells * duration_
        jacobian = jacobian + (fresh - jacobian) * cells * duration_ / weight
        inverse = np.linalg.pinv(np.eye(len(names)) - jacobian)
        move, move_sem = inverse @ (out - r), np.sqrt(inverse**2 @ sem**2)
        tolerance = np.maximum(RTOL * r, ATOL_)
        report(iteration / MAX_ITERATIONS)
        if near and np.all(move_sem <= tolerance) and np.all(np.abs(move) <= np.maximum(LAST_STEP * r, 4 * tolerance)):
            r = np.maximum(r + move, 0.0)
            break
        # A step is held short: the tangent reaches about as far as the rates themselves.
        reach = np.maximum(0.7 * r, 3.0)
        if near and np.all(np.abs(move) <= 0.2 * reach):
            cells = int(np.clip(1.2 * cells * np.max(move_sem / tolerance) ** 2, FINE[1], MOST_CELLS))
        elif np.all(np.abs(move) <= 0.5 * reach):
            near, (duration_, cells) = True, FINE
        r = np.maximum(r + move * min(1.0, np.min(reach / np.maximum(np.abs(move), 1e-12))), 0.0)
    else:
        rates = {name: round(float(measured[name][0]), 2) for name in names}
        warnings.append(f"the operating point is not found: after {iteration} iterations the rates {dict(zip(names, np.round(r, 2).tolist()))} Hz give "
                        f"{rates} Hz; the circuit may run away or have no stationary asynchronous state")
    report(1.0)
    return point_at(circuit, dict(zip(names, r.tolist())), drives_, dict(zip(names, move_sem.tolist())), noise=True, dt_=dt_, engine=engine,
                    iterations=iteration, warnings=tuple(warnings))


def point_at(circuit, rate_, drives_, rate_sem_, *, noise, dt_, engine="auto", iterations=0, warnings=()):
    """The operating point at given rates, with the rate that each cell would have there without noise."""
    names = list(circuit.populations)
    means = {name: average(circuit, name, rate_, drives_) for name in names}
    I_, g_ = ({name: float(mean[k]) for name, mean in means.items()} for k in (0, 1))
    quiet = {}
    for name in names:
        # The noise is switched off inside the same equations: what differs is the noise alone.
        sources = tuple(Source(s.label, 0.0, s.tau_, s.E_, 0.0) for s in sources_of(circuit, name, rate_, drives_)) if noise else ()
        quiet[name] = float(measure_points(circuit.populations[name].model, [I_[name]], [g_[name]], sources, replicates=1, duration_=1.0 + WARMUP_,
                                           warmup_=WARMUP_, dt_=dt_, seed=0, engine=engine).rate_[0])
    return OperatingPoint(dict(rate_), dict(rate_sem_), I_, g_, dict(drives_), quiet, iterations, warnings)


def rate_window(rate_, noise=True):
    """The rates at which a gain is fitted, Hz.

    In noise 0.5 to 1.5 of the operating rate, at least 3 Hz either side, from 0. Without noise the whole range up to
    60 Hz or 1.5 of the operating rate: near its onset the noise-free curve is too steep to mean anything.
    """
    if not noise:
        return 0.0, max((1 + RATE_SPAN) * rate_, NOISE_FREE_RATE_)
    return max(0.0, min((1 - RATE_SPAN) * rate_, rate_ - RATE_SPAN_)), max((1 + RATE_SPAN) * rate_, rate_ + RATE_SPAN_)


def surface_at(circuit, population, point, window_, noise=True, *, seed, dt_, engine="auto", bar):
    """The f-I surface of a population around its operating point, under the noise it has there.

    Conductances lie within 25 % of the operating value, currents where rates pass through the window. Points
    expected far outside the window are left out (NaN).

    Returns
    -------
    surface : FISurface
    warnings : list of str
    """
    model, warnings = circuit.populations[population].model, []
    sources = sources_of(circuit, population, point.rate_, point.drives_) if noise else ()
    g_0, floor = point.g_[population], sum(source.mean_ for source in sources)
    lowest = (1 - G_SPAN) * g_0
    if lowest < floor:
        # Nearly all of the leak is synaptic: below its mean the cell would need a negative leak.
        lowest = floor + 0.05 * (g_0 - floor)
        warnings.append(f"population {population}: the synapses carry {100 * floor / g_0:.0f} % of the leak, so the gain is measured from "
                        f"{lowest / g_0:.2f} instead of {1 - G_SPAN:.2f} of the operating conductance")
    g_ = np.linspace(lowest, (1 + G_SPAN) * g_0, G_POINTS)
    lo, hi = window_
    settings = dict(dt_=dt_, engine=engine)
    tried = _pilot(model, point.I_[population], g_, sources, max(lo, 0.05 * hi), hi, noise, seed, settings, bar, population)
    tried = [(currents, np.maximum.accumulate(rates)) for currents, rates in zip(*tried)]  # the pilot's scatter is not the curve's
    crossing = lambda level: np.array([np.interp(level, rates, currents) for currents, rates in tried])
    I_ = _currents(g_, crossing(max(lo, 0.05 * hi)), crossing(hi), CURRENTS if noise else QUIET_CURRENTS)
    if I_ is None:
        warnings.append(f"population {population}: no current spans the rates {lo:.3g} to {hi:.3g} Hz; the f-I curve jumps over them")
        I_ = np.linspace(-1e-3, 1e-3, CURRENTS) * g_0 + np.median(crossing(hi))
    margin = 0.25 * (hi - lo)
    expected = np.array([np.interp(I_, currents, rates) for currents, rates in tried]).T  # (I, g)
    i, j = np.nonzero((expected >= lo - margin) & (expected <= hi + margin))
    duration_ = 2.5 if noise else 2.0
    measure = lambda points, replicates, key: measure_points(
        model, I_[i[points]], g_[j[points]], sources, replicates=replicates, duration_=duration_, warmup_=0.5, seed=seed_streams(seed, *key),
        report=bar.stage(f"f-I surface of {population}"), **settings)
    measured = measure(slice(None), SURFACE_REPLICATES if noise else 1, (2,))
    unsure = np.flatnonzero(measured.rate_sem_ > SURFACE_RTOL * measured.rate_ + SURFACE_ATOL_) if noise else []
    if len(unsure):
        excess = np.median((measured.rate_sem_ / (SURFACE_RTOL * measured.rate_ + SURFACE_ATOL_))[unsure])
        more = int(min(3 * SURFACE_REPLICATES, np.ceil(SURFACE_REPLICATES * (excess**2 - 1))))
        measured = measured.pooled(unsure, measure(unsure, more, (2, 1)))
    grids = {}
    for name in ("rate_", "rate_sem_", "onset_rate_", "cv_"):
        grids[name] = np.full((I_.size, g_.size), np.nan)
        grids[name][i, j] = getattr(measured, name)
    provenance = {"model": model.name, "model_hash": model.hash, "population": population, "engine": measured.engine, "dt [s]": dt_,
                  "duration [s]": duration_, "warmup [s]": 0.5, "replicates": int(measured.replicates.max()), "seed": seed,
                  "noise": [{"pathway": p.label, "rate [Hz]": float(source_rate(p, point.rate_, point.drives_))} for p in circuit.pathways(population)] if noise else []}
    return FISurface(I_, g_, **grids, per_area=circuit.per_area(population), provenance=provenance), warnings


def _currents(g_, first, last, number):
    """Currents, evenly spaced, about `number` of them between `first` and `last` of each conductance; None if they coincide.

    The spacing divides the shift of the curve from one conductance to the next, so that the rates sampled are the same
    at all of them: a curve that bends would otherwise seem to change its slope with g.
    """
    width = np.median(last - first)
    if not width > 0:
        return None
    shift = abs(np.polyfit(np.arange(g_.size), (first + last) / 2, 1)[0])
    spacing = width / (number - 1)
    spacing = shift / np.ceil(shift / spacing) if shift > 0.1 * spacing else spacing
    return np.arange(first.min(), last.max() + spacing, spacing)


def _pilot(model, I_0, g_, sources, lo, hi, noise, seed, settings, bar, population):
    """Currents and rates, one row a conductance, closing in on where the rates rise through lo and hi."""
    volts = np.geomspace(2e-4, 0.05, 9)
    currents = I_0 + g_[:, None] * np.concatenate([-volts[::-1], [0.0], volts])
    tried_I = tried_rate = np.empty((g_.size, 0))
    rounds = 3
    for round_ in range(rounds):
        measured = measure_points(model, currents.ravel(), np.repeat(g_, currents.shape[1]), sources, replicates=16 if noise else 1,
                                  seed=seed_streams(seed, 3, round_), report=bar.stage(f"range of currents of {population}, round {round_ + 1}"),
                                  diverging="silent", **_PILOT if noise else dict(duration_=2.0, warmup_=0.5), **settings)
        tried_I = np.concatenate([tried_I, currents], axis=1)
        tried_rate = np.concatenate([tried_rate, measured.rate_.reshape(currents.shape)], axis=1)
        order = np.argsort(tried_I, axis=1)
        tried_I, tried_rate = np.take_along_axis(tried_I, order, 1), np.take_along_axis(tried_rate, order, 1)
        inside = (tried_rate >= lo) & (tried_rate <= hi)
        if np.all(inside.sum(axis=1) >= 4):
            break
        below = np.array([I[max(np.argmax(rate > lo) - 1, 0)] for I, rate in zip(tried_I, tried_rate)])
        above = np.array([I[np.argmax(rate >= hi)] if (rate >= hi).any() else I[-1] for I, rate in zip(tried_I, tried_rate)])
        currents = np.linspace(below, above, 14, axis=1)[:, 1:-1]
    return tried_I, tried_rate
