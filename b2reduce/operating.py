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

# Relative precision of the operating rate (and its floor in Hz), and the runs that reach it.
RTOL, ATOL_ = 0.007, 0.02
WARMUP_ = 0.25  # s
COARSE, FINE = (0.25, 20), (1.0, 60)  # s after the warm-up, and cells per point: on the way, and once near
CENTRES = 3  # times as many cells at the guess itself as at each point beside it
MOST_REPLICATES = 600
MAX_ITERATIONS = 40
START_ = 2.0  # Hz; from low rates the iteration finds the low branch where there are several
# The surface at the operating point.
G_SPAN, G_POINTS = 0.25, 5
RATE_SPAN, RATE_SPAN_ = 0.5, 3.0  # relative, and in Hz at least
MOST_CURRENTS, ENOUGH_POINTS, SURFACE_REPLICATES = 21, 48, 10
SURFACE_RTOL, SURFACE_ATOL_ = 0.02, 0.05  # wanted standard error of each rate: relative, plus Hz
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


def _presynaptic(circuit, population):
    return [name for name in circuit.populations if any(p.source == name and not p.is_drive for p in circuit.pathways(population))]


def _alike(circuit):
    """Populations whose cells can run in one group: the same model and as many pathways."""
    groups = {}
    for name, population in circuit.populations.items():
        groups.setdefault((population.model.hash, len(circuit.pathways(name))), []).append(name)
    return groups.values()


def _outputs(circuit, points_, drives_, **settings):
    """Rates that come out, and their errors, when given rates go in: {population: (rate, sem)}, arrays over points.

    `points_` is {population: {source population: array over points}}.
    """
    out = {}
    for number, names in enumerate(_alike(circuit)):
        model = circuit.populations[names[0]].model
        sizes = [len(next(iter(points_[name].values()))) for name in names]
        I_, g_ = (np.concatenate(parts) for parts in zip(*(
            [np.broadcast_to(part, size) for part in average(circuit, name, points_[name], drives_)] for name, size in zip(names, sizes))))
        columns = [sources_of(circuit, name, points_[name], drives_) for name in names]
        join = lambda attribute, k: np.concatenate([np.broadcast_to(getattr(column[k], attribute), size) for column, size in zip(columns, sizes)])
        sources = tuple(Source(f"s{k}", *(join(attribute, k) for attribute in ("G_", "tau_", "E_", "rate_"))) for k in range(len(columns[0])))
        measured = measure_points(model, I_, g_, sources, **{**settings, "seed": seed_streams(settings["seed"], number)})
        ends = np.cumsum(sizes)[:-1]
        out.update(zip(names, zip(np.split(measured.rate_, ends), np.split(measured.rate_sem_, ends))))
    return out


def find_operating_point(circuit, drives_, *, seed, dt_, engine="auto", bar):
    """Rates r with r_a = (rate of an uncoupled cell of a driven by Poisson trains at the rates r).

    Every iteration measures the rates that come out at the current guess and with each presynaptic rate changed a
    little, fits a parabola to all that was measured nearby so far, and moves to where it says that out = in.

    Returns
    -------
    OperatingPoint
    """
    names = list(circuit.populations)
    presynaptic = {a: _presynaptic(circuit, a) for a in names}
    r, near, warnings = np.full(len(names), START_), False, []
    (duration_, replicates), spent = COARSE, 0
    seen = {a: [] for a in names}  # rows (rate in of every population..., rate out, its error)
    report = bar.stage("operating point")
    for iteration in range(1, MAX_ITERATIONS + 1):
        step = np.maximum(0.2 * r, 0.5) * (1 if iteration % 2 else -1)
        step = np.where(r + step < 0, -step, step)
        inputs = {}
        for a in names:
            points = np.tile(r, (CENTRES + len(presynaptic[a]), 1))
            for row, b in enumerate(presynaptic[a], start=CENTRES):
                points[row, names.index(b)] += step[names.index(b)]
            inputs[a] = dict(zip(names, points.T))
        out = _outputs(circuit, inputs, drives_, replicates=replicates, duration_=duration_ + WARMUP_, warmup_=WARMUP_, dt_=dt_,
                       seed=seed_streams(seed, 1, iteration), engine=engine)
        for a in names:
            seen[a].extend(np.column_stack([*inputs[a].values(), *out[a]]))
        target, target_sem = _crossing(names, presynaptic, seen, r)
        move = target - r
        tolerance = RTOL * r + ATOL_
        report(iteration / MAX_ITERATIONS)
        if near and np.all(np.abs(move) <= np.maximum(3 * target_sem, tolerance)) and np.all(target_sem <= tolerance):
            r = np.maximum(target, 0.0)
            break
        # A step is held short: the fit reaches about as far as the rates themselves.
        reach = np.maximum(0.7 * r, 3.0)
        if near:  # as many cells as are still missing
            spent += replicates
            replicates = int(np.clip(1.2 * spent * (np.max(target_sem / tolerance) ** 2 - 1), FINE[1], MOST_REPLICATES))
        elif np.all(np.abs(move) <= 0.5 * reach):
            near, (duration_, replicates) = True, FINE
        r = np.maximum(r + move * min(1.0, np.min(reach / np.maximum(np.abs(move), 1e-12))), 0.0)
    else:
        rates = {name: round(float(out[name][0][0]), 2) for name in names}
        warnings.append(f"the operating point is not found: after {iteration} iterations the rates {dict(zip(names, np.round(r, 2).tolist()))} Hz give "
                        f"{rates} Hz; the circuit may run away or have no stationary asynchronous state")
    report(1.0)
    return point_at(circuit, dict(zip(names, r.tolist())), drives_, dict(zip(names, target_sem.tolist())), noise=True, dt_=dt_, engine=engine,
                    iterations=iteration, warnings=tuple(warnings))


def _crossing(names, presynaptic, seen, r):
    """Where the parabola through the measured rates says that out = in, and the standard error of that.

    One Newton step from r on a local fit of value, gradient and curvature. Rates fall about exponentially with
    inhibition, so that without the curvature points to either side of r would pull its value up.
    """
    n = len(names)
    jacobian, offset, variance = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    for a, name in enumerate(names):
        table = np.array(seen[name])
        columns = [names.index(b) for b in presynaptic[name]]
        distance = (table[:, columns] - r[columns]) / (r[columns] + 3.0)  # in units of the rates themselves
        out, sem = table[:, n], table[:, n + 1]
        # What is beyond the curvature: about a third of the rate, where the distance is the rate itself.
        weight = 1 / np.hypot(sem, 0.3 * np.linalg.norm(distance, axis=1) ** 3 * (out + 3.0))
        i, j = np.triu_indices(len(columns))
        design = np.column_stack([np.ones(len(out)), distance, distance[:, i] * distance[:, j]]) * weight[:, None]
        # Curvatures are expected within ten times the rate, so that a few points near r are enough to begin with.
        prior = np.concatenate([np.zeros(1 + len(columns)), np.full(i.size, 1 / (10 * (np.median(out) + 3.0)))])
        inverse = np.linalg.pinv(design.T @ design + np.diag(prior**2))
        fit = inverse @ design.T @ (out * weight)
        offset[a], variance[a] = fit[0], inverse[0, 0]
        jacobian[a, columns] = fit[1:1 + len(columns)] / (r[columns] + 3.0)
    inverse = np.linalg.pinv(np.eye(n) - jacobian)
    return r + inverse @ (offset - r), np.sqrt(inverse**2 @ variance)


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
    tried_I, tried_rate = _pilot(model, point.I_[population], g_, sources, max(lo, 0.05 * hi), hi, noise, seed, settings, bar, population)
    crossing = lambda level: [np.interp(level, np.maximum.accumulate(rates), currents) for currents, rates in zip(tried_I, tried_rate)]
    first, last = min(crossing(max(lo, 0.05 * hi))), max(crossing(hi))
    if first == last:
        warnings.append(f"population {population}: no current spans the rates {lo:.3g} to {hi:.3g} Hz; the f-I curve jumps over them")
        first, last = first - 1e-3 * g_0, last + 1e-3 * g_0
    margin = 0.25 * (hi - lo)
    # Cells without noise are cheap, and near their onset the curve is steep: there all currents stay.
    for currents in range(MOST_CURRENTS, 8, -1) if noise else (3 * MOST_CURRENTS,):
        I_ = np.linspace(first, last, currents)
        expected = np.array([np.interp(I_, *tried) for tried in zip(tried_I, tried_rate)]).T  # (I, g)
        i, j = np.nonzero((expected >= lo - margin) & (expected <= hi + margin))
        if i.size <= ENOUGH_POINTS:
            break
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


def _pilot(model, I_0, g_, sources, lo, hi, noise, seed, settings, bar, population):
    """Currents and rates, one row a conductance, closing in on where the rates rise through lo and hi."""
    volts = np.geomspace(2e-4, 0.05, 9)
    currents = I_0 + g_[:, None] * np.concatenate([-volts[::-1], [0.0], volts])
    tried_I = tried_rate = np.empty((g_.size, 0))
    rounds = 3
    for round_ in range(rounds):
        measured = measure_points(model, currents.ravel(), np.repeat(g_, currents.shape[1]), sources, replicates=8 if noise else 1,
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
