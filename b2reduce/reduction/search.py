"""The search for self-consistent rates: Newton steps on what uncoupled cells fire."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..basics.errors import OperatingPointError
from ..basics.streams import seed_streams
from .driven_cells import CV2_RANGE, outputs_of

SILENT_ = 0.05  # Hz; populations that fire less are silent
# Relative, plus Hz: further apart than the rough search errs, solutions count as different
APART, APART_ = 0.15, 1.0

# Standard error of the operating rate (relative, and its floor in Hz), and the runs that reach it.
RTOL, ATOL_ = 0.004, 0.025
WARMUP_ = 0.25  # s
COARSE, FINE = (0.5, 150), (1.0, 400)  # s after the warm-up, and cells: on the way, and once near
MOST_CELLS = 12000  # for FINE's second each, fewer for longer
# Only whole intervals are counted, and short ones fit into a run more often: with so many of them in a run
# the squared CV is 1 to 2 % too small.
INTERVALS, LONGEST_, LEAST_CELLS = 30, 20.0, 400  # wanted in a run; s; and cells then
# Change of the squared CV from one iteration to the next; what is left of it is taken out at the end
CV2_RTOL = 0.05
UNEQUAL_RTOL = 0.03  # the same of how much rates differ from cell to cell
CV2_STEP = 1.25  # factor of all squared CVs by which their effect on the rates is measured
# Relative: what the tangent of the last step may span; rates bend by up to ten times its square
LAST_STEP = 0.03
LEAST_SURE = 5  # times the wanted standard error: beyond it the result says how well its rates are known
# Runs of the most cells at most, where the loop multiplies their scatter by more than precision allows
ESTIMATES = 4
# Cells grow once the step is no larger than its own scatter, by so much at a time: with many more at once
# the next step would be as large as the scatter of the few, and had to be done again with the many
GROWTH = 8.0
# Of what earlier steps say of derivatives: the least that is kept, and the relative step after which no more
# is
FORGOTTEN, FAR = 0.5, 0.2
SLOPE_CELLS = 4  # a part of the cells, for how rates hang on the regularity of trains
MAX_ITERATIONS = 40


class _Solution(NamedTuple):
    """Where Newton's method ended."""

    r: np.ndarray
    covariance: np.ndarray  #: of the errors of r
    out_sem: np.ndarray  #: of the rates that come out
    iterations: int
    jacobian: np.ndarray  #: d rate out/d rate in, shape (target, source)
    cv2: np.ndarray  #: squared CV of the intervals
    unequal: np.ndarray  #: <r^2>/<r>^2 over cells


def newton(circuit, r, drives_, noise, seed, rough, report, settings, coarser=1):
    """Newton's method on r = out(r).

    Every step measures the rates that come out at the current guess, and with them their derivatives; the
    number of cells grows until the standard error of the crossing is small enough, or stays as it is where a
    rough answer will do. All crossings that were found on the way count by their cells.
    """
    names, near, trajectory, crossings = list(circuit.populations), False, [], _Crossings()
    renewal = noise.renewal
    duration_, cells = COARSE
    jacobian, weight, regular_weight, cv2, regular = (
        np.zeros((len(names), len(names))),
        0.0,
        0.0,
        np.ones(len(names)),
        np.ones(len(names)),
    )
    unequal, unequal_sem = np.ones(len(names)), np.zeros(len(names))
    # Cells go on from where those of the step before ended: what adapts slowly has adapted once the rates
    # have settled.
    measured = lambda r, cv2, cells, duration_, state, *stream: outputs_of(
        circuit,
        dict(zip(names, r.tolist())),
        drives_,
        dict(zip(names, cv2)),
        dict(zip(names, unequal)) if noise.quenched else None,
        cells=cells,
        state=state,
        duration_=duration_ + WARMUP_,
        warmup_=WARMUP_,
        seed=seed_streams(seed, *stream),
        **settings,
    )
    state, kept, steps = None, FORGOTTEN, None
    values = lambda outputs, key: np.array([getattr(outputs[name], key) for name in names])
    for iteration in range(1, MAX_ITERATIONS + 1):
        trajectory.append(dict(zip(names, r.tolist())))
        outputs, before = measured(r, cv2, cells, duration_, state, iteration), state
        state = {name: outputs[name].state for name in names}
        out, sem, seen = (values(outputs, key) for key in ("rate", "sem", "cv2"))
        # Derivatives change less from step to step than they scatter: earlier ones count on, the less the
        # further the step went.
        fresh = np.array([[outputs[name].response.get(source, 0.0) for source in names] for name in names])
        weight = kept * weight + cells * duration_
        jacobian = jacobian + (fresh - jacobian) * cells * duration_ / weight
        regular_weight = 0.5 * regular_weight + cells * duration_
        share = cells * duration_ / regular_weight
        regular, regular_sem = regular + (seen - regular) * share, values(outputs, "cv2_sem") * np.sqrt(share)
        came_in, differ = unequal, values(outputs, "unequal")
        unequal = unequal + (differ - unequal) * share
        unequal_sem = values(outputs, "unequal_sem") * np.sqrt(share)
        # Where the rates would grow (an eigenvalue above 1) Newton's step goes backwards, to a point that no
        # network stays at: an implicit Euler step of dr/dt = out(r) - r, short enough for its matrix to be
        # positive, goes where the rates would go.
        derivative = jacobian if steps is None else steps.corrected(jacobian, r, out, sem, cv2)
        growth = max(np.max(np.linalg.eigvals(derivative).real) - 1.0, 0.0)
        inverse = np.linalg.pinv((1.0 + 2.0 * growth) * np.eye(len(names)) - derivative)
        move, move_sem = inverse @ (out - r), np.sqrt(inverse**2 @ sem**2)
        tolerance = coarser * np.maximum(RTOL * r, ATOL_)
        report(iteration / MAX_ITERATIONS)
        # CVs are seen at the rates that went in and at those that came out: they hold for the crossing once
        # it is as near as it is known.
        settled = not renewal or (
            np.all(np.abs(regular - cv2) <= np.maximum(CV2_RTOL * cv2, 3 * regular_sem))
            and np.all(np.abs(move) <= 3 * np.maximum(move_sem, tolerance))
        )
        settled = settled and np.all(
            np.abs(unequal - came_in) <= np.maximum(UNEQUAL_RTOL * came_in, 3 * unequal_sem)
        )
        covariance = inverse @ np.diag(sem**2) @ inverse.T
        if rough and np.all(np.abs(move) <= 0.3 * (APART * r + APART_)):
            return _Solution(
                np.maximum(r + move, 0.0), covariance, sem, iteration, jacobian, regular, unequal
            )
        most = max(int(MOST_CELLS * FINE[0] / duration_), LEAST_CELLS)
        bound = np.maximum(LAST_STEP * r, 4 * np.maximum(tolerance, move_sem if cells >= most else 0.0))
        if near and settled and np.all(np.abs(move) <= bound):
            crossings.add(r + move, covariance, sem, cv2, cells)
            if np.all(crossings.sem <= tolerance) or crossings.count(most) == ESTIMATES:
                crossing, error = crossings.mean, crossings.covariance
                if renewal:
                    # Once the trains that come in are as regular as those that come out, by first order in
                    # the difference.
                    few = max(cells // SLOPE_CELLS, min(cells, FINE[1]))
                    slope, passed_on = _by_regularity(
                        lambda cv2: measured(r, cv2, few, duration_, before, iteration),
                        values,
                        cv2,
                        out,
                        seen,
                    )
                    regular = cv2 + (regular - cv2) / (1 - passed_on)
                    slope = inverse @ slope
                    crossing = crossing + slope @ (regular - crossings.cv2)
                    error = error + slope @ np.diag((regular_sem / (1 - passed_on)) ** 2) @ slope.T
                return _Solution(
                    np.maximum(crossing, 0.0), error, crossings.out_sem, iteration, jacobian, regular, unequal
                )
        cv2 = regular if renewal else cv2
        # A step is held short: the tangent reaches about as far as the rates themselves.
        reach = np.maximum(0.7 * r, 3.0)
        if not rough and near and settled and np.all(np.abs(move) <= 0.2 * reach):
            wanted = 1.2 * cells * np.max(move_sem / tolerance) ** 2
            wanted = wanted if 2 * GROWTH * cells >= most else min(wanted, GROWTH * cells)
            cells = int(np.clip(wanted, min(cells, FINE[1]), most))
        elif not rough and not near and np.all(np.abs(move) <= 0.5 * reach):
            near, (duration_, cells), regular_weight, steps = True, FINE, 0.0, _Steps()
            if renewal:
                duration_ = float(
                    np.clip(INTERVALS / np.min(r, where=r > SILENT_, initial=np.inf), FINE[0], LONGEST_)
                )
                cells = max(int(FINE[1] * FINE[0] / duration_), LEAST_CELLS)
        step = move * min(1.0, np.min(reach / np.maximum(np.abs(move), 1e-12)))
        kept = float(np.clip(1 - np.max(np.abs(step) / np.maximum(r, 1.0)) / FAR, FORGOTTEN, 1.0))
        r = np.maximum(r + step, 0.0)
    raise OperatingPointError(
        _unsettled(circuit, trajectory, dict(zip(names, out)), np.max(np.linalg.eigvals(jacobian).real)),
        trajectory,
    )


class _Crossings:
    """Where rates that come out met those that went in, of every run that was near: their mean by cells."""

    def __init__(self):
        self.runs = []

    def add(self, *run):
        """One more: rates, their covariance, standard errors of what came out, squared CVs, cells."""
        self.runs.append(run)

    def count(self, cells):
        """How many had so many cells."""
        return sum(run[-1] >= cells for run in self.runs)

    def _over(self, column, power=1, change=lambda value: value):
        weights = np.array([run[-1] for run in self.runs]) / sum(run[-1] for run in self.runs)
        return sum(weight**power * change(run[column]) for weight, run in zip(weights, self.runs))

    mean = property(lambda self: self._over(0))
    covariance = property(lambda self: self._over(1, 2))
    out_sem = property(lambda self: np.sqrt(self._over(2, 2, np.square)))
    cv2 = property(lambda self: self._over(3))
    sem = property(lambda self: np.sqrt(np.diag(self.covariance)))


class _Steps:
    """What the last step did to the rates that come out, which derivatives at fixed sizes of events miss: how
    regular trains seem to synapse and membrane hangs on their rate.
    """

    def __init__(self):
        self.last = self.seen = None

    def corrected(self, jacobian, r, out, sem, cv2):
        """Derivatives that agree with what the last step did, as far as it is known (Broyden 1965)."""
        if self.last is not None:
            went, came, scatter, regular = (now - then for now, then in zip((r, out, 0.0, cv2), self.last))
            if np.all(np.abs(regular) <= CV2_RTOL * cv2):
                noise = np.sum(sem**2) + np.sum(scatter**2)
                self.seen = went, came, 1.0 / (went @ went + noise)
        self.last = r, out, sem, cv2
        if self.seen is None:
            return jacobian
        went, came, share = self.seen
        return jacobian + np.outer(came - jacobian @ went, went) * share


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
