"""Onsets that are held against half the step, and cells that never fire."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..basics.errors import DivergenceError, InputError
from ..basics.units import with_units
from .checked_points import failure_of
from .engine import Settled
from .integration import LIMIT, tries
from .onset import CURRENTS, find_onset
from .onset_verdicts import SILENT, verdicts_of
from .points import measure_points

__all__ = ["find_checked_onset", "check_fires"]

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
    if not np.any(verdicts_of(stats, None, False, False) != SILENT):
        raise InputError(
            f"model {model.name!r} does not fire (first_spike) at g = {with_units(g_, model.conductance_dim)}"
            f" at every current up to {with_units(currents[-1], model.current_dim)} within {duration_:g} s;"
            f" check the threshold {model.threshold!r}"
        )
