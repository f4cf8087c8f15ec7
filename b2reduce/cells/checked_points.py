"""Measurements that are held against half the step, and that go on until their rates are known."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np

from ..basics.errors import DivergenceError
from ..basics.streams import OfCells, seed_streams
from .engine import Precise, Settled, runs_off
from .integration import LIMIT, tries
from .points import LONGEST, measure_points

__all__ = ["measure_checked", "failure_of", "measure_until"]


def measure_checked(model, I_, g_, sources, *, dt_, fixed=False, stop=None, **settings):
    """`measure_points` with the first method and step, in the order of `tries`, whose check at half the step
    holds.

    Parameters
    ----------
    fixed : bool
        The step is the caller's wish and stays.

    Returns
    -------
    PointRates
        Its `dt` is the step that was taken, its `notes` say what was replaced and why. Where nothing holds it
        is the nearest.

    Raises
    ------
    DivergenceError
        If all methods and steps end in NaN.
    """
    added = np.asarray(g_) - sum(np.asarray(source.leak_) for source in sources) - model.leak_
    notes, best, failure = [], None, None
    for method, step_ in tries(model, bool(sources), added, dt_, fixed):
        try:
            points = measure_points(
                model, I_, g_, sources, dt_=step_, method=method, check=True, stop=deepcopy(stop), **settings
            )
        except DivergenceError as error:
            failure = failure or error
            notes.append(f"{method} at {step_ * 1e3:g} ms diverges")
            continue
        if best is None or points.check is None or points.check.excess < best[0].check.excess:
            best = points, method, step_
        if points.check is None or points.check.excess <= LIMIT:
            break
        notes.append(failure_of(method, step_, points.check))
    if best is None:
        raise failure
    points, method, step_ = best
    if notes and (points.check is None or points.check.excess <= LIMIT):
        cure = runs_off(model) if step_ < dt_ else ""
        notes = [
            f"model {model.name!r} was integrated by {method} at {step_ * 1e3:g} ms, since"
            f" {', '.join(notes)}{cure}"
        ]
    elif notes:
        notes = [
            f"model {model.name!r}: no method is accurate at the steps tried: {', '.join(notes)}; take a"
            f" smaller dt{runs_off(model)}"
        ]
    return replace(points, notes=tuple(notes))


def failure_of(method, step_, check):
    """What a check found wrong, in a few words."""
    if not np.isfinite(check.difference):
        return f"{method} at {step_ * 1e3:g} ms cannot be held against half the step, which diverges"
    return f"{method} at {step_ * 1e3:g} ms errs by {100 * check.difference:.1f} % at {check.rate_:.3g} Hz"


def measure_until(model, I_, g_, sources, run, bar, stage):
    """`measure_checked` to a wanted precision.

    Parameters
    ----------
    run : CellRun
        Where cells may not end before or after its duration, replicates are added instead.
    bar : Progress
    stage : str
        What is shown of it.
    """
    noisy = model.noisy or bool(sources)
    rtol = run.rtol if noisy else None
    stop = (
        None
        if not run.adaptive
        else Precise(rtol, run.replicates, LONGEST)
        if rtol
        else None
        if noisy
        else Settled()
    )
    settings = dict(
        replicates=run.replicates,
        duration_=run.duration_,
        warmup_=run.warmup_,
        initial=run.initial,
        engine=run.engine,
        threads=run.threads,
    )
    points = measure_checked(
        model,
        I_,
        g_,
        sources,
        seed=run.seed,
        stop=stop,
        report=bar.stage(stage),
        dt_=run.dt_,
        fixed=run.fixed,
        **settings,
    )
    longest = LONGEST * points.replicates * (run.duration_ - run.warmup_)
    for round_ in range(1, LONGEST if rtol else 1):
        unsure = np.flatnonzero(
            (points.rate_ > 0) & (points.rate_sem_ > rtol * points.rate_) & (points.time < 0.99 * longest)
        )
        if not unsure.size:
            break
        some = lambda values: np.broadcast_to(values, I_.shape)[unsure]
        more = measure_points(
            model,
            I_[unsure],
            g_[unsure],
            tuple(source.mapped(some) for source in sources),
            seed=seed_streams(run.seed, OfCells.MORE, round_),
            report=bar.stage(f"{stage}, round {round_ + 1}: {unsure.size} points"),
            dt_=points.dt,
            method=points.method,
            **settings,
        )
        points = points.pooled(unsure, more)
    return points
