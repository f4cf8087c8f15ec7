"""The self-consistent operating point of a circuit.

Uncoupled cells receive Poisson trains of every pathway at the current guess of the rates; the guess moves
until what goes in comes out. No spiking network is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ..basics.errors import InputError
from ..basics.streams import seed_streams
from ..cells.engine import Source
from ..cells.points import measure_points
from .inputs import average, source_rate, sources_of, synapses_of

__all__ = ["OperatingPoint", "OperatingPointError", "SILENT_", "find_operating_point", "point_at"]

# Standard error of the operating rate (relative, and its floor in Hz), and the runs that reach it.
RTOL, ATOL_ = 0.004, 0.025
# Times that at drives other than the circuit's, where rates of a model are held against them to 12 %: a
# twenty-fifth of the cells
ELSEWHERE = 5
WARMUP_ = 0.25  # s
COARSE, FINE = (0.5, 150), (1.0, 400)  # s after the warm-up, and cells: on the way, and once near
MOST_CELLS = 12000  # for FINE's second each, fewer for longer
# Only whole intervals are counted, and short ones fit into a run more often: with so many of them in a run
# the squared CV is 1 to 2 % too small.
INTERVALS, LONGEST_, LEAST_CELLS = 30, 20.0, 400  # wanted in a run; s; and cells then
# Change of the squared CV from one iteration to the next; what is left of it is taken out at the end
CV2_RTOL = 0.05
CV2_STEP = 1.25  # factor of all squared CVs by which their effect on the rates is measured
# Relative: what the tangent of the last step may span; rates bend by up to ten times its square
LAST_STEP = 0.03
LEAST_SURE = 5  # times the wanted standard error: beyond it the result says how well its rates are known
# Runs of the most cells that are averaged where the loop multiplies their scatter by more than precision
# allows
ESTIMATES = 4
MAX_ITERATIONS = 40
# For a CV to mean something; and beyond which events would be too small or too large to stand for spikes
FEWEST_INTERVALS, CV2_RANGE = 100, (0.02, 4.0)
START_ = 2.0  # Hz; from low rates the iteration finds the low branch where there are several
OTHER_STARTS_ = (20.0, 80.0)  # Hz; from here other branches are looked for, roughly
SILENT_ = 0.05  # Hz; populations that fire less are silent
# Stretches in s over which cells that start at rest are watched until two rates that follow one another
# agree: within a part, and three standard errors.
STRETCHES_, SETTLED, SETTLING_CELLS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0), 0.02, 400
# Relative, plus Hz: further apart than the rough search errs, solutions count as different
APART, APART_ = 0.15, 1.0


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
    cv2_: Mapping  #: squared CV of the intervals of recurrent trains; 1 for Poisson trains
    #: {(target, source): d rate out/d rate in}, noise moving with the rates
    response_: Mapping = field(default_factory=dict)
    others: tuple = ()  #: rates of other solutions, mappings as rate_
    #: {(population, population): covariance of the errors of the rates, Hz^2}
    covariance_: Mapping = field(default_factory=dict)
    #: Standard error of the cells' rates at the given input, before the loop multiplies it
    out_sem_: Mapping = field(default_factory=dict)
    #: Time in s after which cells that start at rest fire as they go on to, where it was measured
    settled_: Mapping = field(default_factory=dict)


class OperatingPointError(InputError):
    """No self-consistent rates were found; `trajectory` is the list of rates that were tried."""

    def __init__(self, message, trajectory):
        super().__init__(message)
        self.trajectory = trajectory

    def __reduce__(self):  # errors of worker processes travel by pickle
        return type(self), (str(self), self.trajectory)


class Output(NamedTuple):
    """What uncoupled cells of one population do at given input."""

    rate: float
    sem: float
    response: dict  #: {source population: d rate/d its rate}
    cv2: float
    cv2_sem: float
    state: dict  #: of the cells at the end: {variable: values}


def _alike(circuit):
    """Populations whose cells can run in one group: the same model and as many kinds of synapse."""
    groups = {}
    for name, population in circuit.populations.items():
        groups.setdefault((population.model.hash, len(synapses_of(circuit, name))), []).append(name)
    return groups.values()


def _outputs(circuit, rates_, drives_, cv2_, *, cells, seed, state=None, **settings):
    """{population: Output} of uncoupled cells at given rates; `state` is {population: {variable.

    Values}} of cells to go on from, by default they rest.
    """
    out = {}
    for number, names in enumerate(_alike(circuit)):
        I_, g_ = np.transpose([average(circuit, name, rates_, drives_) for name in names])
        columns = [sources_of(circuit, name, rates_, drives_, cv2_) for name in names]
        join = lambda attribute, k: np.array([getattr(column[k], attribute) for column in columns])
        sources = tuple(
            Source(f"s{k}", *(join(attribute, k) for attribute in ("G_", "tau_", "E_", "rate_")))
            for k in range(len(columns[0]))
        )
        model = circuit.populations[names[0]].model
        initial = (
            "rest"
            if state is None
            else {
                key: np.concatenate([np.resize(state[name][key], cells) for name in names])
                for key in model.state_variables
            }
        )
        statistics = measure_points(
            model,
            I_,
            g_,
            sources,
            replicates=cells,
            seed=seed_streams(seed, number),
            initial=initial,
            **settings,
        ).statistics
        T = statistics.duration - statistics.warmup
        for row, name in enumerate(names):
            mine = slice(row * cells, (row + 1) * cells)
            kinds = [pathways for _, pathways in synapses_of(circuit, name)]
            excess = np.array(
                [statistics.events[f"s{k}"][mine] / T - column.rate_ for k, column in enumerate(columns[row])]
            ).reshape(len(kinds), cells)
            # Events of the source that move the mean as one spike of each presynaptic cell does.
            spikes_to_events = [
                [p.K * (G_ / source.G_ if G_ else 0.0) for p in pathways]
                for ((G_, _, _), pathways), source in zip(synapses_of(circuit, name), columns[row])
            ]
            # Expected slopes d out/d in are at most ten times the ratio of the rates: synapses too silent to
            # show theirs count little, weightless ones not at all.
            reach = np.array(
                [
                    sum(n * (source_rate(p, rates_, drives_) + 3) for n, p in zip(numbers, pathways))
                    for numbers, pathways in zip(spikes_to_events, kinds)
                ]
            )
            scale = (
                10
                * (statistics.count[mine].mean() / T + 3)
                * np.divide(1.0, reach, out=np.zeros(len(kinds)), where=reach > 0)
            )
            rate, sem, slopes = _regress(statistics.count[mine] / T, excess, scale)
            response = {}
            for pathways, numbers, slope in zip(kinds, spikes_to_events, slopes):
                for pathway, n in zip(pathways, numbers):
                    if not pathway.is_drive:
                        response[pathway.source] = response.get(pathway.source, 0.0) + slope * n
            out[name] = Output(
                rate,
                max(sem, 1 / (cells * T)),
                response,
                *_squared_cv(statistics, mine),
                {key: statistics.final_state[key][mine] for key in model.state_variables},
            )
    return out


def _squared_cv(statistics, cells):
    """(squared CV of the intervals of some cells pooled, its standard error); (1, 0) where too few fired."""
    intervals, sums, squares = (
        np.asarray(getattr(statistics, key)[cells], dtype=float)
        for key in ("intervals", "interval_sum", "interval_square_sum")
    )
    n = intervals.sum()
    if n < FEWEST_INTERVALS:
        return 1.0, 0.0
    cv2 = squares.sum() * n / sums.sum() ** 2 - 1
    # The delta method over cells: what each adds to the three sums.
    influence = (n * squares + squares.sum() * intervals) / sums.sum() ** 2 - 2 * (
        cv2 + 1
    ) * sums / sums.sum()
    return float(np.clip(cv2, *CV2_RANGE)), float(np.sqrt(np.sum((influence - influence.mean()) ** 2)))


def _regress(rate, excess, scale):
    """Mean rate without what the luck of the input explains, its standard error, and d rate/d source rate.

    How many Poisson events a cell happened to get is known, and so is how many it should: regressing the rate
    on the excess takes out most of the variance. The slope of that regression is the derivative of the mean
    rate with respect to the rate of the events (for Poisson events, cov(y, n) = var(n) dE[y]/d(mean n)): the
    gradient comes for free.

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
        Let recurrent trains be as regular as the cells fire that they come from.

    Returns
    -------
    OperatingPoint
        The solution that the iteration reaches from low rates, or, where that is the silence of a circuit
        without drives, the lowest that is not; further ones are listed in `others`.

    Raises
    ------
    OperatingPointError
        If the iteration does not end; its `trajectory` holds the rates on the way.
    """
    names = list(circuit.populations)
    settings = dict(dt_=dt_, engine=engine)
    report = bar.stage("operating point")
    search = lambda start, number, rough: _newton(
        circuit,
        np.broadcast_to(np.asarray(start, dtype=float), len(names)),
        drives_,
        renewal,
        seed_streams(seed, 1, number),
        rough,
        report,
        settings,
    )
    found, others = search(START_, 0, False), []
    apart = lambda r, known: np.any(np.abs(r - known) > APART * known + APART_)
    new = lambda r: all(apart(r, known.r) for known in (found, *others))
    for number, start in enumerate(OTHER_STARTS_, start=1):
        try:
            rough = search(start, number, True).r
            # What a rough search finds is looked at again.
            if new(rough) and new((other := search(rough, len(OTHER_STARTS_) + number, False)).r):
                others.append(other)
        except OperatingPointError:  # nothing is to be found from there, which is no fault
            continue
    silent, driven = np.zeros(len(names)), any(drives_.values())
    if found.r.max() < SILENT_ and others and not driven:
        # A network that keeps itself firing: at silence there is nothing to reduce.
        found, *others = sorted(others, key=lambda other: other.r.sum())
        others = [silent, *(other.r for other in others)]
    else:
        others = [other.r for other in others]
        if apart(found.r, silent) and not driven:
            quiet = _outputs(
                circuit,
                dict.fromkeys(names, 0.0),
                drives_,
                dict.fromkeys(names, 1.0),
                cells=COARSE[1],
                duration_=COARSE[0] + WARMUP_,
                warmup_=WARMUP_,
                seed=seed_streams(seed, 1, 2 * len(OTHER_STARTS_) + 2),
                **settings,
            )
            others += [silent] if max(output.rate for output in quiet.values()) < SILENT_ else []
    report(1.0)
    r, warnings = found.r, []
    show = lambda rates: (
        ", ".join(f"{name} {rate:.3g} Hz" for name, rate in zip(names, rates))
        if max(rates) >= SILENT_
        else "silence"
    )
    if others:
        warnings.append(
            f"the circuit has more than one operating point: besides the one used, {show(r)}, the iteration"
            f" also ends at {'; '.join(map(show, others))}; the network may jump between them, and the"
            " reduction is that of the first"
        )
    growth = np.max(np.linalg.eigvals(found.jacobian).real, initial=0.0)
    sem = np.sqrt(np.diag(found.covariance))
    if growth > 1:
        warnings.append(
            f"the operating point is unstable (d rates/d rates has the eigenvalue {growth:.3g}): rates that"
            " start beside it move away, so that the network will not stay there"
        )
    elif np.any(sem > LEAST_SURE * np.maximum(RTOL * r, ATOL_)):
        worst = int(np.argmax(sem / np.maximum(RTOL * r, ATOL_)))
        cause = (
            ", close to the instability at 1: the loop multiplies all errors of the gains by about"
            f" {1 / (1 - growth):.2g}"
            if growth > 0.5
            else ""
        )
        warnings.append(
            f"the operating point is known to {names[worst]} {r[worst]:.3g} +- {sem[worst]:.2g} Hz only; d"
            f" rates/d rates has the eigenvalue {growth:.2g} there{cause}"
        )
    mapping = lambda values: dict(zip(names, np.asarray(values).tolist()))
    point = point_at(
        circuit,
        mapping(r),
        drives_,
        mapping(sem),
        noise=True,
        iterations=found.iterations,
        warnings=tuple(warnings),
        cv2_=mapping(found.cv2) if renewal else None,
        **settings,
    )
    pairs = lambda matrix: {
        (a, b): float(matrix[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)
    }
    settled_ = {
        name: _settling_(circuit, name, point, seed=seed_streams(seed, 1, 99, number), **settings)
        for number, name in enumerate(names)
    }
    return replace(
        point,
        settled_=settled_,
        response_=pairs(found.jacobian),
        others=tuple(map(mapping, others)),
        covariance_=pairs(found.covariance),
        out_sem_=mapping(found.out_sem),
    )


def operating_rates_from(circuit, drives_, start_, *, seed, dt_, engine="auto", bar, renewal=False):
    """{population.

    Rate} in Hz of the operating point that the iteration reaches from given rates, as in
    `find_operating_point`.
    """
    start = np.array([start_[name] for name in circuit.populations], dtype=float)
    found = _newton(
        circuit,
        start,
        drives_,
        renewal,
        seed_streams(seed, 1),
        False,
        bar.stage("operating point at other drives"),
        dict(dt_=dt_, engine=engine),
        ELSEWHERE,
    )
    return dict(zip(circuit.populations, found.r.tolist()))


def _settling_(circuit, name, point, *, seed, **settings):
    """Time in s after which the cells of a population, at rest to begin with, fire at the operating point as
    they go on to; the longest looked at where they never do.

    What adapts may take many times longer than a membrane. Cells whose only variable is their membrane's
    voltage have no such memory.
    """
    model = circuit.populations[name].model
    if len(model.state_variables) == 1 or point.rate_[name] < SILENT_:
        return STRETCHES_[0]
    sources, state, before = sources_of(circuit, name, point.rate_, point.drives_, point.cv2_), "rest", None
    for number, (first, last) in enumerate(zip((0.0, *STRETCHES_), STRETCHES_)):
        found = measure_points(
            model,
            [point.I_[name]],
            [point.g_[name]],
            sources,
            replicates=SETTLING_CELLS,
            duration_=last - first,
            warmup_=0.0,
            seed=seed_streams(seed, number),
            initial=state,
            **settings,
        )
        state = {key: found.statistics.final_state[key] for key in model.state_variables}
        rate, sem = found.rate_[0], max(found.rate_sem_[0], 1 / found.time[0])
        if number > 1 and abs(rate - before[0]) <= SETTLED * rate + 3 * np.hypot(sem, before[1]):
            return STRETCHES_[number - 2]
        before = rate, sem
    return STRETCHES_[-1]


class _Solution(NamedTuple):
    """Where Newton's method ended."""

    r: np.ndarray
    covariance: np.ndarray  #: of the errors of r
    out_sem: np.ndarray  #: of the rates that come out
    iterations: int
    jacobian: np.ndarray  #: d rate out/d rate in, shape (target, source)
    cv2: np.ndarray  #: squared CV of the intervals


def _newton(circuit, r, drives_, renewal, seed, rough, report, settings, coarser=1):
    """Newton's method on r = out(r).

    Every step measures the rates that come out at the current guess, and with them their derivatives; the
    number of cells grows until the standard error of the crossing is small enough, or stays as it is where a
    rough answer will do. Where the loop multiplies the scatter of the most cells by more than that, several
    crossings are averaged.
    """
    names, near, trajectory, crossings = list(circuit.populations), False, [], []
    duration_, cells = COARSE
    jacobian, weight, regular_weight, cv2, regular = (
        np.zeros((len(names), len(names))),
        0.0,
        0.0,
        np.ones(len(names)),
        np.ones(len(names)),
    )
    # Cells go on from where those of the step before ended: what adapts slowly has adapted once the rates
    # have settled.
    measured = lambda r, cv2, cells, duration_, state, *stream: _outputs(
        circuit,
        dict(zip(names, r.tolist())),
        drives_,
        dict(zip(names, cv2)),
        cells=cells,
        state=state,
        duration_=duration_ + WARMUP_,
        warmup_=WARMUP_,
        seed=seed_streams(seed, *stream),
        **settings,
    )
    state = None
    values = lambda outputs, key: np.array([getattr(outputs[name], key) for name in names])
    for iteration in range(1, MAX_ITERATIONS + 1):
        trajectory.append(dict(zip(names, r.tolist())))
        outputs, before = measured(r, cv2, cells, duration_, state, iteration), state
        state = {name: outputs[name].state for name in names}
        out, sem, seen = (values(outputs, key) for key in ("rate", "sem", "cv2"))
        # Derivatives change less from step to step than they scatter: earlier ones count on, half as much
        # each time.
        fresh = np.array([[outputs[name].response.get(source, 0.0) for source in names] for name in names])
        weight = 0.5 * weight + cells * duration_
        jacobian = jacobian + (fresh - jacobian) * cells * duration_ / weight
        regular_weight = 0.5 * regular_weight + cells * duration_
        share = cells * duration_ / regular_weight
        regular, regular_sem = regular + (seen - regular) * share, values(outputs, "cv2_sem") * np.sqrt(share)
        # Where the rates would grow (an eigenvalue above 1) Newton's step goes backwards, to a point that no
        # network stays at: an implicit Euler step of dr/dt = out(r) - r, short enough for its matrix to be
        # positive, goes where the rates would go.
        growth = max(np.max(np.linalg.eigvals(jacobian).real) - 1.0, 0.0)
        inverse = np.linalg.pinv((1.0 + 2.0 * growth) * np.eye(len(names)) - jacobian)
        move, move_sem = inverse @ (out - r), np.sqrt(inverse**2 @ sem**2)
        tolerance = coarser * np.maximum(RTOL * r, ATOL_)
        report(iteration / MAX_ITERATIONS)
        # CVs are seen at the rates that went in and at those that came out: they hold for the crossing once
        # it is as near as it is known.
        settled = not renewal or (
            np.all(np.abs(regular - cv2) <= np.maximum(CV2_RTOL * cv2, 3 * regular_sem))
            and np.all(np.abs(move) <= 2 * np.maximum(move_sem, 0.2 * tolerance))
        )
        covariance = inverse @ np.diag(sem**2) @ inverse.T
        if rough and np.all(np.abs(move) <= 0.3 * (APART * r + APART_)):
            return _Solution(np.maximum(r + move, 0.0), covariance, sem, iteration, jacobian, regular)
        most = max(int(MOST_CELLS * FINE[0] / duration_), LEAST_CELLS)
        if (
            near
            and settled
            and np.all(
                np.abs(move)
                <= np.maximum(LAST_STEP * r, 4 * np.maximum(tolerance, move_sem if cells >= most else 0.0))
            )
        ):
            precise = np.all(move_sem <= tolerance)
            if precise or cells >= most:
                crossing, error = r + move, covariance
                if renewal:
                    # Once the trains that come in are as regular as those that come out, by first order in
                    # the difference.
                    slope, passed_on = _by_regularity(
                        lambda cv2: measured(r, cv2, cells, duration_, before, iteration),
                        values,
                        cv2,
                        out,
                        seen,
                    )
                    regular = cv2 + (regular - cv2) / (1 - passed_on)
                    crossing = crossing + inverse @ slope @ (regular - cv2)
                    error = (
                        covariance
                        + inverse
                        @ slope
                        @ np.diag((regular_sem / (1 - passed_on)) ** 2)
                        @ slope.T
                        @ inverse.T
                    )
                crossings.append((crossing, error))
                pooled = np.sqrt(np.diag(np.mean([error for _, error in crossings], axis=0)) / len(crossings))
                if precise or np.all(pooled <= tolerance) or len(crossings) == ESTIMATES:
                    crossings = crossings[-1:] if precise else crossings
                    number = len(crossings)
                    return _Solution(
                        np.maximum(np.mean([crossing for crossing, _ in crossings], axis=0), 0.0),
                        np.mean([error for _, error in crossings], axis=0) / number,
                        sem / np.sqrt(number),
                        iteration,
                        jacobian,
                        regular,
                    )
        cv2 = regular if renewal else cv2
        # A step is held short: the tangent reaches about as far as the rates themselves.
        reach = np.maximum(0.7 * r, 3.0)
        if not rough and near and np.all(np.abs(move) <= 0.2 * reach):
            cells = int(np.clip(1.2 * cells * np.max(move_sem / tolerance) ** 2, min(cells, FINE[1]), most))
        elif not rough and not near and np.all(np.abs(move) <= 0.5 * reach):
            near, (duration_, cells), regular_weight = True, FINE, 0.0
            if renewal:
                duration_ = float(
                    np.clip(INTERVALS / np.min(r, where=r > SILENT_, initial=np.inf), FINE[0], LONGEST_)
                )
                cells = max(int(FINE[1] * FINE[0] / duration_), LEAST_CELLS)
        r = np.maximum(r + move * min(1.0, np.min(reach / np.maximum(np.abs(move), 1e-12))), 0.0)
    raise OperatingPointError(
        _unsettled(circuit, trajectory, dict(zip(names, out)), np.max(np.linalg.eigvals(jacobian).real)),
        trajectory,
    )


def _by_regularity(measured, values, cv2, out, seen):
    """(d rate out/d squared CV of every source, how much of a change of all squared CVs that come in comes
    out again), from one run at larger ones.

    What each source does alone is taken as its part of what all do together.
    """
    step = np.minimum(CV2_STEP * cv2, CV2_RANGE[1]) - cv2
    larger = measured(cv2 + step)
    slope = (values(larger, "rate") - out)[:, None] / np.maximum(step, 1e-12) / len(cv2)
    passed_on = np.mean(values(larger, "cv2") - seen) / max(np.mean(step), 1e-12)
    return np.where(step > 0, slope, 0.0), float(np.clip(passed_on, 0.0, 0.8))


def _unsettled(circuit, trajectory, last, growth):
    """What to say of a search that did not end."""
    show = lambda rates: ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())
    top = [max(rates.values()) for rates in trajectory]
    text = (
        f"circuit {circuit.name!r}: no operating point was found. After {len(trajectory)} iterations the"
        f" rates {show(trajectory[-1])} give {show(last)}; before that"
        f" {'; '.join(map(show, trajectory[-4:-1]))}. "
    )
    if len(top) > 5 and np.all(np.diff(top[-6:]) > 0) and top[-1] > 1.5 * top[-6]:
        return (
            text
            + "They still rise: the circuit runs away; weaken its excitation, strengthen its inhibition, or"
            " give reduce() gains measured elsewhere"
        )
    return (
        text + f"They do not settle (d rates/d rates has the eigenvalue {growth:.3g}; at 1 a state loses its"
        " stability): the cells may jump between rates, or the circuit may have no stationary asynchronous"
        " state; try other drives (at=), or give reduce() gains measured elsewhere"
    )


def point_at(
    circuit, rate_, drives_, rate_sem_, *, noise, dt_, engine="auto", iterations=0, warnings=(), cv2_=None
):
    """The operating point at given rates, with the rate that each cell would have there without noise."""
    names = list(circuit.populations)
    cv2_ = dict.fromkeys(names, 1.0) if cv2_ is None else cv2_
    means = {name: average(circuit, name, rate_, drives_) for name in names}
    I_, g_ = ({name: float(mean[k]) for name, mean in means.items()} for k in (0, 1))
    quiet = {}
    for name in names:
        # The noise is switched off inside the same equations: what differs is the noise alone.
        sources = (
            tuple(
                Source(s.label, 0.0, s.tau_, s.E_, 0.0)
                for s in sources_of(circuit, name, rate_, drives_, cv2_)
            )
            if noise
            else ()
        )
        quiet[name] = float(
            measure_points(
                circuit.populations[name].model,
                [I_[name]],
                [g_[name]],
                sources,
                replicates=1,
                duration_=1.0 + WARMUP_,
                warmup_=WARMUP_,
                dt_=dt_,
                seed=0,
                engine=engine,
            ).rate_[0]
        )
    return OperatingPoint(
        dict(rate_), dict(rate_sem_), I_, g_, dict(drives_), quiet, iterations, warnings, dict(cv2_)
    )
