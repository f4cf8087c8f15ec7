"""The self-consistent operating point of a circuit.

Uncoupled cells receive Poisson trains of every pathway at the current guess of the rates; the guess moves until what
goes in comes out. No spiking network is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from .points import measure_points
from .session import seed_streams
from .sweep import Source
from .units import InputError

__all__ = ["OperatingPoint", "OperatingPointError", "find_operating_point", "average", "point_at", "source_rate", "sources_of"]

# Standard error of the operating rate (relative, and its floor in Hz), and the runs that reach it.
RTOL, ATOL_ = 0.004, 0.025
WARMUP_ = 0.25  # s
COARSE, FINE = (0.5, 150), (1.0, 400)  # s after the warm-up, and cells: on the way, and once near
MOST_CELLS = 12000
CV2_RTOL = 0.05  # change of the squared CV from one iteration to the next
LAST_STEP = 0.03  # relative: what the tangent of the last step may span; rates bend by up to ten times its square
MAX_ITERATIONS = 40
FEWEST_INTERVALS, CV2_RANGE = 100, (0.02, 4.0)  # for a CV to mean something; and beyond which events would be too small or too large to stand for spikes
START_ = 2.0  # Hz; from low rates the iteration finds the low branch where there are several
OTHER_STARTS_ = (20.0, 80.0)  # Hz; from here other branches are looked for, roughly
APART, APART_ = 0.15, 1.0  # relative, plus Hz: further apart than the rough search errs, solutions count as different


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
    cv2_: Mapping  #: squared CV of the intervals by which the variance of recurrent input was scaled; 1 for Poisson trains
    response_: Mapping = field(default_factory=dict)  #: {(target, source): d rate out/d rate in}, noise moving with the rates
    others: tuple = ()  #: rates of other solutions, mappings as rate_


class OperatingPointError(InputError):
    """No self-consistent rates were found; `trajectory` is the list of rates that were tried."""

    def __init__(self, message, trajectory):
        super().__init__(message)
        self.trajectory = trajectory


class Output(NamedTuple):
    """What uncoupled cells of one population do at given input."""

    rate: float
    sem: float
    response: dict  #: {source population: d rate/d its rate}
    cv2: float


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


def sources_of(circuit, population, rates_, drives_, cv2_):
    """Poisson sources of every pathway at the given rates.

    Trains that are more regular than Poisson's vary less over a synaptic time: the variance of a recurrent pathway is
    scaled by `cv2_` of its source, its mean kept, by as much smaller and more frequent events.
    """
    sources = []
    for number, pathway in enumerate(circuit.pathways(population)):
        scale = 1.0 if pathway.is_drive else cv2_[pathway.source]
        sources.append(Source(f"s{number}", scale * pathway.G_, pathway.tau_, pathway.E_, pathway.K * source_rate(pathway, rates_, drives_) / scale))
    return tuple(sources)


def _alike(circuit):
    """Populations whose cells can run in one group: the same model and as many pathways."""
    groups = {}
    for name, population in circuit.populations.items():
        groups.setdefault((population.model.hash, len(circuit.pathways(name))), []).append(name)
    return groups.values()


def _outputs(circuit, rates_, drives_, cv2_, *, cells, seed, **settings):
    """{population: Output} of uncoupled cells at given rates."""
    out = {}
    for number, names in enumerate(_alike(circuit)):
        I_, g_ = np.transpose([average(circuit, name, rates_, drives_) for name in names])
        columns = [sources_of(circuit, name, rates_, drives_, cv2_) for name in names]
        join = lambda attribute, k: np.array([getattr(column[k], attribute) for column in columns])
        sources = tuple(Source(f"s{k}", *(join(attribute, k) for attribute in ("G_", "tau_", "E_", "rate_"))) for k in range(len(columns[0])))
        statistics = measure_points(circuit.populations[names[0]].model, I_, g_, sources, replicates=cells, seed=seed_streams(seed, number), **settings).statistics
        T = statistics.duration - statistics.warmup
        for row, name in enumerate(names):
            mine = slice(row * cells, (row + 1) * cells)
            pathways = circuit.pathways(name)
            excess = np.array([statistics.events[f"s{k}"][mine] / T - column.rate_ for k, column in enumerate(columns[row])]).reshape(len(pathways), cells)
            # Expected slopes d out/d in are at most ten times the ratio of the rates: pathways too silent to show theirs count little.
            events = [p.K / (1.0 if p.is_drive else cv2_[p.source]) for p in pathways]  # of the source, per presynaptic spike
            scale = np.array([10 * (statistics.count[mine].mean() / T + 3) / (n * (source_rate(p, rates_, drives_) + 3)) for p, n in zip(pathways, events)])
            rate, sem, slopes = _regress(statistics.count[mine] / T, excess, scale)
            response = {}
            for pathway, n, slope in zip(pathways, events, slopes):
                if not pathway.is_drive:
                    response[pathway.source] = response.get(pathway.source, 0.0) + slope * n
            intervals, sum_, squares = (float(np.sum(getattr(statistics, key)[mine])) for key in ("intervals", "interval_sum", "interval_square_sum"))
            cv2 = squares * intervals / sum_**2 - 1 if intervals >= FEWEST_INTERVALS else 1.0
            out[name] = Output(rate, max(sem, 1 / (cells * T)), response, float(np.clip(cv2, *CV2_RANGE)))
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


def find_operating_point(circuit, drives_, *, seed, dt_, engine="auto", bar, renewal=False):
    """Rates r with r_a = (rate of an uncoupled cell of a driven by Poisson trains at the rates r).

    Parameters
    ----------
    renewal : bool
        Scale the variance of recurrent input by the squared CV of the cells that it comes from.

    Returns
    -------
    OperatingPoint
        The solution that the iteration reaches from low rates; further ones are listed in `others`.

    Raises
    ------
    OperatingPointError
        If the iteration does not end; its `trajectory` holds the rates on the way.
    """
    names = list(circuit.populations)
    settings = dict(dt_=dt_, engine=engine)
    report = bar.stage("operating point")
    search = lambda start, number, rough: _newton(circuit, np.full(len(names), start), drives_, renewal, seed_streams(seed, 1, number), rough, report, settings)
    r, sem, iterations, outputs = search(START_, 0, False)
    others = []
    for number, start in enumerate(OTHER_STARTS_, start=1):
        try:
            found = search(start, number, True)[0]
        except OperatingPointError:  # nothing is to be found from there, which is no fault
            continue
        if all(np.any(np.abs(found - known) > APART * known + APART_) for known in (r, *others)):
            others.append(found)
    report(1.0)
    warnings = []
    if others:
        listed = "; ".join(", ".join(f"{name} {rate:.3g} Hz" for name, rate in zip(names, found)) for found in others)
        warnings.append(f"the circuit has more than one operating point: besides the one used, {', '.join(f'{n} {x:.3g} Hz' for n, x in zip(names, r))}, "
                        f"the iteration also ends at {listed}; the network may jump between them, and the reduction is that of the first")
    slopes = np.array([[outputs[name].response.get(source, 0.0) for source in names] for name in names])
    if np.max(np.linalg.eigvals(slopes).real, initial=0.0) > 1:
        warnings.append("the operating point is unstable: rates that start beside it move away, so that the network will not stay there")
    point = point_at(circuit, dict(zip(names, r.tolist())), drives_, dict(zip(names, sem.tolist())), noise=True, iterations=iterations,
                     warnings=tuple(warnings), cv2_={name: outputs[name].cv2 if renewal else 1.0 for name in names}, **settings)
    return replace(point, response_={(to, source): float(slopes[i, j]) for i, to in enumerate(names) for j, source in enumerate(names)},
                   others=tuple(dict(zip(names, found.tolist())) for found in others))


def _newton(circuit, r, drives_, renewal, seed, rough, report, settings):
    """Newton's method on r = out(r): (rates, their standard errors, iterations, the last outputs).

    Every step measures the rates that come out at the current guess, and with them their derivatives; the number of cells
    grows until the standard error of the crossing is small enough, or stays as it is where a rough answer will do.
    """
    names, near, trajectory = list(circuit.populations), False, []
    duration_, cells = COARSE
    jacobian, weight, cv2 = np.zeros((len(names), len(names))), 0.0, np.ones(len(names))
    for iteration in range(1, MAX_ITERATIONS + 1):
        trajectory.append(dict(zip(names, r.tolist())))
        outputs = _outputs(circuit, trajectory[-1], drives_, dict(zip(names, cv2)), cells=cells, duration_=duration_ + WARMUP_, warmup_=WARMUP_,
                           seed=seed_streams(seed, iteration), **settings)
        out, sem, seen = (np.array([getattr(outputs[name], key) for name in names]) for key in ("rate", "sem", "cv2"))
        # Derivatives change less from step to step than they scatter: earlier ones count on, half as much each time.
        fresh = np.array([[outputs[name].response.get(source, 0.0) for source in names] for name in names])
        weight = 0.5 * weight + cells * duration_
        jacobian = jacobian + (fresh - jacobian) * cells * duration_ / weight
        # Where the rates would grow (an eigenvalue above 1) Newton's step goes backwards, to a point that no network stays at: an
        # implicit Euler step of dr/dt = out(r) - r, short enough for its matrix to be positive, goes where the rates would go.
        growth = max(np.max(np.linalg.eigvals(jacobian).real) - 1.0, 0.0)
        inverse = np.linalg.pinv((1.0 + 2.0 * growth) * np.eye(len(names)) - jacobian)
        move, move_sem = inverse @ (out - r), np.sqrt(inverse**2 @ sem**2)
        tolerance = np.maximum(RTOL * r, ATOL_)
        report(iteration / MAX_ITERATIONS)
        settled = not renewal or np.all(np.abs(seen - cv2) <= CV2_RTOL * cv2)
        if rough and np.all(np.abs(move) <= 0.3 * (APART * r + APART_)):
            return np.maximum(r + move, 0.0), move_sem, iteration, outputs
        if near and settled and np.all(move_sem <= tolerance) and np.all(np.abs(move) <= np.maximum(LAST_STEP * r, 4 * tolerance)):
            return np.maximum(r + move, 0.0), move_sem, iteration, outputs
        cv2 = seen if renewal else cv2
        # A step is held short: the tangent reaches about as far as the rates themselves.
        reach = np.maximum(0.7 * r, 3.0)
        if not rough and near and np.all(np.abs(move) <= 0.2 * reach):
            cells = int(np.clip(1.2 * cells * np.max(move_sem / tolerance) ** 2, FINE[1], MOST_CELLS))
        elif not rough and np.all(np.abs(move) <= 0.5 * reach):
            near, (duration_, cells) = True, FINE
        r = np.maximum(r + move * min(1.0, np.min(reach / np.maximum(np.abs(move), 1e-12))), 0.0)
    show = lambda rates: ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())
    raise OperatingPointError(
        f"circuit {circuit.name!r}: no operating point was found. After {iteration} iterations the rates {show(trajectory[-1])} give "
        f"{show(dict(zip(names, out)))}; before that {'; '.join(map(show, trajectory[-4:-1]))}. The circuit may run away or have no stationary asynchronous "
        f"state: weaken its excitation, strengthen its inhibition, or give reduce() gains measured elsewhere", trajectory)


def point_at(circuit, rate_, drives_, rate_sem_, *, noise, dt_, engine="auto", iterations=0, warnings=(), cv2_=None):
    """The operating point at given rates, with the rate that each cell would have there without noise."""
    names = list(circuit.populations)
    cv2_ = dict.fromkeys(names, 1.0) if cv2_ is None else cv2_
    means = {name: average(circuit, name, rate_, drives_) for name in names}
    I_, g_ = ({name: float(mean[k]) for name, mean in means.items()} for k in (0, 1))
    quiet = {}
    for name in names:
        # The noise is switched off inside the same equations: what differs is the noise alone.
        sources = tuple(Source(s.label, 0.0, s.tau_, s.E_, 0.0) for s in sources_of(circuit, name, rate_, drives_, cv2_)) if noise else ()
        quiet[name] = float(measure_points(circuit.populations[name].model, [I_[name]], [g_[name]], sources, replicates=1, duration_=1.0 + WARMUP_,
                                           warmup_=WARMUP_, dt_=dt_, seed=0, engine=engine).rate_[0])
    return OperatingPoint(dict(rate_), dict(rate_sem_), I_, g_, dict(drives_), quiet, iterations, warnings, dict(cv2_))
