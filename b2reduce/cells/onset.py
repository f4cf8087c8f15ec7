"""The smallest current that makes a cell fire, searched by simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..basics.errors import DivergenceError, InputError
from ..basics.units import with_units
from ..circuit.spike_counts import check_counts
from .checked_points import failure_of
from .engine import Decided, Settled
from .integration import LIMIT, tries
from .knee import NEAR_, find_knee
from .points import measure_points, rest_of

__all__ = ["RTOL", "Onset", "find_checked_onset", "find_onset", "check_fires"]

RTOL = 1e-4
CURRENTS = 24  # per leak and round
LONGEST = 64  # times the usual duration: how long cells that have not decided are followed
LENGTHENED = 4
FIRES, SILENT, UNDECIDED, DIVERGED = 1, -1, 0, 2


@dataclass(frozen=True)
class Onset:
    """Onsets at some leaks, SI: the currents, by how much each may be lower, and how it was found."""

    current_: np.ndarray
    left_: np.ndarray
    how: tuple  #: "searched", "knee" (of the resting state) or "slow" (cells were still on their way)


ABOVE_ = 2e-3  # V times the leak: how far above the onset cells are checked at half the step


def find_checked_onset(model, g_, *, dt_, fixed, engine="auto", bar, **settings):
    """`find_onset` by the first method and step, in the order of `tries`, whose check a little above the
    onset holds.

    Returns
    -------
    onset : Onset
    notes : tuple of str
        What was replaced, and why.
    """
    notes, failure = [], None
    for method, step_ in tries(model, False, g_ - model.leak_, dt_, fixed):
        tried = model if method == model.method_used(False) else replace(model, method=method)
        try:
            onset = find_onset(tried, g_, dt_=step_, engine=engine, bar=bar, **settings)
            above = onset.current_ + ABOVE_ * np.maximum(g_, model.conductance_scale_)
            check = measure_points(
                tried,
                above,
                g_,
                (),
                replicates=1,
                duration_=2.0,
                warmup_=0.5,
                dt_=step_,
                seed=0,
                engine=engine,
                stop=Settled(),
                check=True,
            ).check
        except DivergenceError as error:
            failure = failure or error
            notes.append(f"{method} at {step_ * 1e3:g} ms diverges")
            continue
        if check is None or check.excess <= LIMIT:
            replaced = (
                f"rheobase of model {model.name!r}: integrated by {method} at {step_ * 1e3:g} ms, since"
                f" {', '.join(notes)}"
            )
            return onset, (replaced,) if notes else ()
        notes.append(failure_of(method, step_, check))
        failure = None
    if failure is not None:
        raise failure
    return onset, (
        (
            f"rheobase of model {model.name!r}: no method is accurate at the steps tried: {', '.join(notes)};"
            " take a smaller dt"
        ),
    )


def find_onset(model, g_, *, sustained, duration_, given, dt_, engine="auto", bar):
    """Smallest currents from rest that make a cell fire.

    Parameters
    ----------
    model : NeuronModel
    g_ : ndarray
        Total leaks.
    sustained : bool
        Firing that goes on, or any spike.
    duration_ : float
    given : bool
        Every cell runs for just `duration_`; otherwise until it fires or rests, up to `LONGEST` times as
        long.

    Returns
    -------
    Onset

    Raises
    ------
    InputError
        If the cell is silent, or fires, at every current up to the one that would hold its leak 1 V above the
        reversal; or a spike is counted twice.
    DivergenceError
        If no current below one at which the integration fails makes the cell fire.
    """
    rest = rest_of(model, g_, dt_, engine=engine)
    size = g_.size
    scale = np.maximum(g_, model.conductance_scale_)[:, None]  # 1 V of it is as far as the search goes
    lower, upper = np.full(size, -np.inf), np.full(size, np.inf)
    counts, seen, longest, knee = np.zeros((size, 2)), [None] * size, np.ones(size), np.full(size, np.nan)
    slow, sure = np.zeros((2, size), dtype=bool)
    resting = [None] * size  # the states at `lower`
    # The smallest current that left a cell on its way, where none is known to be silent
    doubtful = np.full(size, -np.inf)
    candidates = scale * np.concatenate([[0.0], np.geomspace(1e-4, 0.03, CURRENTS - 1)])  # (g, current)
    # Near zero 1 mV is the scale of currents.
    close = lambda: (
        np.subtract(upper, lower, where=bounded, out=np.full(size, np.inf))
        <= RTOL * np.maximum(np.abs(upper), NEAR_ * scale[:, 0])
    )
    on = np.arange(size)
    for round_ in range(1, 40):
        floor = np.maximum(lower, doubtful)
        before = np.where(np.isfinite(floor) & np.isfinite(upper), upper - floor, np.inf)
        followed = longest.copy()
        for far in np.unique(longest[on]):
            rows = on[longest[on] == far]
            stop = None if given else Decided(sustained, far)
            stats = measure_points(
                model,
                candidates[rows].ravel(),
                np.repeat(g_[rows], CURRENTS),
                (),
                replicates=1,
                duration_=duration_,
                warmup_=0.0,
                dt_=dt_,
                seed=0,
                initial={name: np.repeat(values[rows], CURRENTS) for name, values in rest.items()},
                engine=engine,
                diverging="silent",
                stop=stop,
                report=bar.stage(f"rheobase, round {round_}"),
            ).statistics
            # Not in Brian2, nor where time or chance is part of the equations
            by_state = stop is not None and stop.verdict is not None
            verdicts = _verdicts(stats, stop, by_state, sustained).reshape(-1, CURRENTS)
            for k, row in enumerate(rows):
                here = slice(k * CURRENTS, (k + 1) * CURRENTS)
                lower[row], upper[row], first = _narrowed(
                    candidates[row], verdicts[k], lower[row], upper[row]
                )
                if first is not None:
                    counts[row] = stats.total[here][first], stats.held[here][first]
                    seen[row] = _slowness(candidates[row], verdicts[k], stats, here, sustained, seen[row])
                if upper[row] == np.inf and verdicts[k][-1] == DIVERGED:
                    raise DivergenceError(
                        f"model {model.name!r}: the integration diverged with dt = {dt_ * 1e3:g} ms at I ="
                        f" {with_units(candidates[row][-1], model.current_dim)} before any smaller current"
                        " made the cell fire; take a smaller dt or another method"
                    )
                still = (verdicts[k] == UNDECIDED) & (candidates[row] < upper[row])
                slow[row] = bool(still.any())
                if (at := np.flatnonzero((verdicts[k] == SILENT) & (candidates[row] == lower[row]))).size:
                    resting[row] = {
                        name: values[k * CURRENTS + at[0]] for name, values in stats.final_state.items()
                    }
                doubtful[row] = (
                    candidates[row][np.argmax(still)] if slow[row] and lower[row] == -np.inf else -np.inf
                )
                if np.isfinite(doubtful[row]) and longest[row] < LONGEST:  # not one of them has come to rest
                    longest[row] *= LENGTHENED
                if not (slow[row] and longest[row] < LONGEST and np.isfinite(upper[row] - lower[row])):
                    continue
                if np.isfinite(knee[row]):  # looked at from near by in this round
                    sure[row] = lower[row] <= knee[row] < upper[row] and _agrees(knee[row], seen[row])
                    if not sure[row]:
                        knee[row], longest[row] = np.nan, LENGTHENED * longest[row]
                elif resting[row] is not None and longest[row] == 1:
                    knee[row] = find_knee(
                        model, g_[row], lower[row], upper[row], resting[row], stats.final_state, dt_, engine
                    )
                if not np.isfinite(knee[row]) and upper[row] - lower[row] > before[row] / 4:
                    # Most of what is left is on its way: runs of this length get no further
                    longest[row] *= LENGTHENED
        floor = np.maximum(lower, doubtful)
        _refuse_endless(model, g_, candidates, floor, upper, scale, sustained, duration_)
        bounded = np.isfinite(upper) & np.isfinite(floor)
        stuck = (followed == LONGEST) & slow & (upper - floor > before / 4)
        done = sure | bounded & (close() | stuck)
        on = np.flatnonzero(~done)
        if not on.size:
            break
        # Step by step outwards until both sides are known: extreme currents are where integrations diverge.
        reach = np.minimum(3 * np.maximum(np.abs(candidates).max(axis=1), 0.01 * scale[:, 0]), scale[:, 0])
        near = np.where(bounded, floor, np.where(np.isinf(upper), floor, -reach))
        far = np.where(bounded, upper, np.where(np.isinf(upper), reach, upper))
        inner = np.linspace(near, far, CURRENTS + 2, axis=1)[:, 1:-1]
        candidates = np.where(bounded[:, None], inner, np.linspace(near, far, CURRENTS, axis=1))
        for row in np.flatnonzero(np.isfinite(knee)):
            candidates[row] = _around(knee[row], lower[row], upper[row])
    for row in range(size):
        where = (
            f"at I = {with_units(upper[row], model.current_dim)}, g ="
            f" {with_units(g_[row], model.conductance_dim)}"
        )
        check_counts(model, counts[row, 0], counts[row, 1], where)
    found = sure
    left = np.where(found, 1e-6 * np.abs(knee), upper - np.maximum(lower, doubtful))
    if not by_state:
        for row in np.flatnonzero(~found):
            left[row] = max(left[row], _below(upper[row], seen[row], duration_))
    how = tuple(
        "knee" if k else "slow" if e > 1.5 * RTOL * max(abs(u), NEAR_ * size_) else "searched"
        for k, e, u, size_ in zip(found, left, upper, scale[:, 0])
    )
    return Onset(np.where(found, knee, upper), left, how)


def _verdicts(stats, stop, by_state, sustained):
    """What each cell does."""
    finite = np.all([np.isfinite(values) for values in stats.final_state.values()], axis=0)
    verdict = (
        stop.verdict
        if by_state
        else np.where(stats.late_count >= 2 if sustained else stats.total >= 1, FIRES, SILENT)
    )
    return np.where(finite, verdict, DIVERGED)


def _narrowed(currents, verdicts, lower, upper):
    """(largest silent, smallest firing current, which candidate that is or None)."""
    firing = np.flatnonzero(verdicts == FIRES)
    first = int(firing[0]) if firing.size else None
    below = np.flatnonzero(verdicts[:first] == SILENT)
    return (
        currents[below[-1]] if below.size else lower,
        currents[first] if first is not None else upper,
        first,
    )


def _slowness(currents, verdicts, stats, here, sustained, known):
    """(currents, times they took) of the two smallest known to fire.

    The last interval, or the first spike.
    """
    firing = np.flatnonzero(verdicts == FIRES)
    with np.errstate(invalid="ignore", divide="ignore"):
        times = (stats.interval_sum / stats.intervals if sustained else stats.first_time)[here][firing]
    I, times = (
        np.concatenate([old, new])
        for old, new in zip(known if known is not None else ([], []), (currents[firing], times))
    )
    known = np.isfinite(times) & (times > 0)
    I, which = np.unique(I[known], return_index=True)
    return I[:2], times[known][which][:2]


def _extrapolated(seen):
    """Where one over the squared time vanishes, as it does for a cell that crawls past where its rest was, by
    two firing currents; or None.
    """
    if seen is None or seen[0].size < 2 or not seen[1][0] > seen[1][1]:
        return None
    I, speed = seen[0], 1 / seen[1] ** 2
    return float(I[0] - speed[0] * (I[1] - I[0]) / (speed[1] - speed[0]))


def _around(knee, lower, upper):
    """Currents between two others, closer and closer to a third between them."""
    each, least = CURRENTS // 2, RTOL / 10 * (upper - lower + abs(knee))

    def away(end):
        return (
            np.geomspace(min(least, abs(end - knee) / 2), abs(end - knee), each + 1)[:-1]
            if end != knee
            else least * np.arange(1, each + 1)
        )

    return np.concatenate([knee - away(lower)[::-1], knee + away(upper)])


def _agrees(knee, seen):
    """Whether the times of firing cells lead to the knee.

    They grow as one over the root of the distance to it.
    """
    where = _extrapolated(seen)
    return where is not None and abs(where - knee) <= 0.5 * (seen[0][0] - knee) + 0.1 * RTOL * abs(knee)


def _below(upper, seen, duration_):
    """By how much a search by runs of one length may be too high.

    Where cells took long, what their times extrapolate to.
    """
    where = _extrapolated(seen)
    if where is None or seen[1][0] < duration_ / 10:
        return 0.0
    return max(upper - where, 0.0)


def _refuse_endless(model, g_, candidates, lower, upper, scale, sustained, duration_):
    """An error where currents of either sign lead nowhere."""
    kind = "sustained" if sustained else "first_spike"
    for missing, end, verb, bound in (
        (np.isinf(upper), candidates[:, -1], "does not fire", "up to"),
        (np.isinf(lower), candidates[:, 0], "fires", "down to"),
    ):
        at = np.flatnonzero(missing & (np.abs(end) >= scale[:, 0]))
        if at.size:
            raise InputError(
                f"model {model.name!r} {verb} ({kind}) at g = {with_units(g_[at[0]], model.conductance_dim)}"
                f" at every current {bound} {with_units(end[at[0]], model.current_dim)} within {duration_:g}"
                f" s, so there is no rheobase; check the threshold {model.threshold!r} and the duration"
            )


def check_fires(model, g_, dt_, engine, duration_=0.3):
    """Refuse a cell that no current makes fire: its threshold is out of reach.

    Raises
    ------
    InputError
    """
    # Up to 1 V times the leak
    currents = max(g_, model.conductance_scale_) * np.geomspace(1e-4, 1.0, CURRENTS)
    stats = measure_points(
        model,
        currents,
        np.full(CURRENTS, g_),
        (),
        replicates=1,
        duration_=max(duration_, dt_),
        warmup_=0.0,
        dt_=dt_,
        seed=0,
        engine=engine,
        diverging="silent",
    ).statistics
    if not np.any(_verdicts(stats, None, False, False) != SILENT):
        raise InputError(
            f"model {model.name!r} does not fire (first_spike) at g = {with_units(g_, model.conductance_dim)}"
            f" at every current up to {with_units(currents[-1], model.current_dim)} within {duration_:g} s;"
            f" check the threshold {model.threshold!r}"
        )
