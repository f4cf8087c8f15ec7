"""Which engine runs the cells."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ...basics.errors import DivergenceError, InputError, unknown_name
from ...basics.session import divisions_reported
from . import brian, native
from .cells import ran_off

__all__ = ["ENGINES", "simulate_cells", "resting_state", "runs_off"]

ENGINES = ("auto", "native", "brian2")
REST_TIME_ = 2.0  # s; a cell that has not come to rest by then fires by itself or drifts
REST_CHECK_ = 0.05  # s between looks at the state
REST_TOLERANCE = 1e-6  # largest change of a variable between looks, relative to its largest size so far


def _choose(cells, dt_, engine):
    """(native kernel or None, why not)."""
    if engine not in ENGINES:
        raise InputError(f"engine: {unknown_name('engine', engine, ENGINES)}")
    if engine == "brian2":
        return None, ""
    try:
        return native.kernel_of(cells, dt_), ""
    except native.Unavailable as reason:
        if engine == "native":
            raise InputError(f"engine: got 'native', but {reason}; use 'auto' or 'brian2'") from None
        return None, str(reason)


def runs_off(model):
    """Advice for cells whose exponential upstroke is more than a step can follow; empty for others."""
    if not re.search(rf"\bexp\((?!clip)[^:\n]*\b{re.escape(model.membrane)}\b", model.equations):
        return ""
    return (
        "; where exp() runs off within one step of a spike, as in exponential cells with a threshold far up,"
        f" bound its argument: exp(clip(({model.membrane} - V_T)/D_T, -100, 10)) changes no spike time by"
        " more than a step"
    )


def simulate_cells(
    cells,
    duration_,
    warmup_=0.0,
    dt_=None,
    seed=0,
    engine="auto",
    progress=None,
    diverging="raise",
    threads=None,
    stop=None,
):
    """Run all cells.

    Parameters
    ----------
    cells : Cells
    duration_, warmup_, dt_ : float
        Seconds. By default the model's own dt.
    seed : int
        Decides every random number of the run.
    engine : {"auto", "native", "brian2"}
        ``"auto"`` takes the native engine wherever it can express the equations.
    progress : callable, optional
        Called with the fraction done.
    diverging : {"raise", "silent"}
        Raise if a cell's state is not finite at the end, or count that cell as silent.
    threads : int, optional
        Of the native engine; all that the process may use by default. Results do not depend on it.
    stop : Settled or Precise, optional
        When the native engine may end a cell before (or, in noise, after) `duration_`; by default all run for
        just that long.

    Returns
    -------
    statistics : CellStatistics
    engine : str
        The engine that ran, and why where it is not the native one.

    Raises
    ------
    DivergenceError
        If a cell's state is not finite at the end; the message names the cell's parameters.
    """
    dt_ = float(cells.model.dt) if dt_ is None else dt_
    cure = (
        f"the integration diverged with method {cells.method_used!r} and "
        f"dt = {dt_ * 1e3:g} ms: take a smaller dt or a smaller input"
    )
    cure += runs_off(cells.model)
    kernel, reason = _choose(cells, dt_, engine)
    if kernel is not None:
        result = native.run_cells(kernel, cells, duration_, warmup_, dt_, seed, progress, threads, stop)
        name = f"native ({kernel.method})"
    else:
        extremes = ", ".join(
            f"{key} = {np.min(value):.6g} to {np.max(value):.6g} (SI)"
            for key, value in cells.parameters.items()
        )
        with divisions_reported(
            f"model {cells.model.name!r}: a division by zero in a run with {extremes}; {cure}"
        ):
            result, name = brian.run_cells(cells, duration_, warmup_, dt_, seed, progress)
        name += f": {reason}" if reason else ""
    bad = np.broadcast_to(ran_off(cells.model, result.final_state), cells.count)
    if bad.any() and diverging == "raise":
        where = ", ".join(
            f"{key} = {np.broadcast_to(value, cells.count)[bad][0]:.6g} (SI)"
            for key, value in cells.parameters.items()
        )
        raise DivergenceError(
            f"model {cells.model.name!r}: the state is not finite at the end of the run at"
            f" {np.count_nonzero(bad)} of {cells.count} cells, first at {where}; {cure}"
        )
    if bad.any():
        counts = ("total", "count", "late_count", "interval_sum", "interval_square_sum")
        result = replace(result, **{key: np.where(bad, 0, getattr(result, key)) for key in counts})
    return result, name


def resting_state(cells, dt_=None, engine="auto"):
    """State of every cell after relaxing without input and without synaptic events.

    Parameters
    ----------
    cells : Cells
        As they will run; their leak is the total leak to rest at. Input and sources are switched off, so that
        the same compiled code serves the rest and the run.

    Returns
    -------
    dict of str to ndarray, shape (cell,)
        SI values of the cell's own state variables. A cell that fires without input never rests; its state is
        that after `REST_TIME_`.
    """
    dt_ = float(cells.model.dt) if dt_ is None else dt_
    silent = tuple(replace(source, rate_=0.0) for source in cells.sources)
    quiet = replace(cells, parameters={**cells.parameters, cells.model.input: 0.0}, sources=silent)
    kernel, _ = _choose(quiet, dt_, engine)
    if kernel is not None:
        return native.relax_cells(kernel, quiet, REST_TIME_, REST_CHECK_, REST_TOLERANCE, dt_)
    return brian.relax_cells(quiet, REST_TIME_, REST_CHECK_, REST_TOLERANCE, dt_)
