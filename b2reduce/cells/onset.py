"""The smallest current that makes a cell fire, searched by simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.errors import DivergenceError, InputError
from ..basics.units import with_units
from ..circuit.spike_counts import check_counts
from .engine import Decided
from .knee import NEAR_, find_knee
from .onset_times import RTOL, agrees, slowest_two, still_below
from .onset_verdicts import DIVERGED, SILENT, UNDECIDED, narrowed, verdicts_of
from .points import measure_points, rest_of

__all__ = ["Onset", "find_onset"]

CURRENTS = 24  # per leak and round
LONGEST = 64  # times the usual duration: how long cells that have not decided are followed
LENGTHENED = 4


@dataclass(frozen=True)
class Onset:
    """Onsets at some leaks, SI: the currents, by how much each may be lower, and how it was found."""

    current_: np.ndarray
    left_: np.ndarray
    how: tuple  #: "searched", "knee" (of the resting state) or "slow" (cells were still on their way)


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
            verdicts = verdicts_of(stats, stop, by_state, sustained).reshape(-1, CURRENTS)
            for k, row in enumerate(rows):
                here = slice(k * CURRENTS, (k + 1) * CURRENTS)
                lower[row], upper[row], first = narrowed(candidates[row], verdicts[k], lower[row], upper[row])
                if first is not None:
                    counts[row] = stats.total[here][first], stats.held[here][first]
                    seen[row] = slowest_two(candidates[row], verdicts[k], stats, here, sustained, seen[row])
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
                    sure[row] = lower[row] <= knee[row] < upper[row] and agrees(knee[row], seen[row])
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
            candidates[row] = around(knee[row], lower[row], upper[row])
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
            left[row] = max(left[row], still_below(upper[row], seen[row], duration_))
    how = tuple(
        "knee" if k else "slow" if e > 1.5 * RTOL * max(abs(u), NEAR_ * size_) else "searched"
        for k, e, u, size_ in zip(found, left, upper, scale[:, 0])
    )
    return Onset(np.where(found, knee, upper), left, how)


def around(knee, lower, upper):
    """Currents between two others, closer and closer to a third between them."""
    each, least = CURRENTS // 2, RTOL / 10 * (upper - lower + abs(knee))

    def away(end):
        return (
            np.geomspace(min(least, abs(end - knee) / 2), abs(end - knee), each + 1)[:-1]
            if end != knee
            else least * np.arange(1, each + 1)
        )

    return np.concatenate([knee - away(lower)[::-1], knee + away(upper)])


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
