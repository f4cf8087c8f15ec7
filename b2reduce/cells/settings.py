"""Settings of measurements, checked.

Durations, replicates, precision, engine, and what is changed of a cell.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from ..basics.arguments import axis, described, mapping, one_of, seconds, to_si, whole
from ..basics.errors import AccuracyWarning, InputError
from ..basics.units import with_units
from .engine import ENGINES

DURATION_, WARMUP_ = 2.0, 0.5  # s, without noise
NOISE_DURATION_ = 2.5  # s, with noise
NOISE_REPLICATES = 20
LONGEST_RUN_ = 86400.0  # s of computing at the best of speeds: what takes longer is a slip in a unit
# s that a step takes: of a cell in the native engine at its fastest, and in Brian2 however few the cells
CELL_STEP_, BRIAN_STEP_ = 1e-9, 1e-5


def leaks(values, model):
    """An axis of total leaks as ascending SI floats."""
    values_ = axis(values, model.conductance_dim, "g")
    if values_[0] < 0 or values_[0] == 0 and model.leak_ > 0:
        raise InputError(
            f"g: got {with_units(values_[0], model.conductance_dim)}, expected total leak conductances"
            f" {'above' if model.leak_ else 'of at least'} 0"
        )
    return values_


def run_times(duration, warmup, noisy):
    """Duration and warm-up in s, chosen where not given."""
    duration_ = seconds(duration, "duration") or (NOISE_DURATION_ if noisy else DURATION_)
    if warmup is None:
        return duration_, min(WARMUP_, duration_ / 4)
    warmup_ = to_si(warmup, "s", "warmup")
    if np.ndim(warmup_) or not 0 <= warmup_ < duration_:
        raise InputError(
            f"warmup: got {described(warmup)}, expected at least 0 s and less than the duration of"
            f" {duration_:g} s"
        )
    return duration_, warmup_


def check_run(duration_, dt_, *, cells=1, least_=0.0, fewest=1):
    """Refuse runs shorter than a step, and those that could not end within a day: then their steps also fit
    the integers that count them.

    Parameters
    ----------
    duration_, dt_ : float
    cells : int
    least_ : float
        What a step takes however few the cells, s.
    fewest : int
        Steps that the run must have.
    """
    steps = duration_ / dt_
    if steps < fewest - 1e-9:
        expected = "less than one time step" if steps < 1 else f"less than {fewest} time steps"
        raise InputError(
            f"duration: got {duration_:g} s, which is {expected} of {dt_:g} s; take a longer duration or a"
            " smaller dt"
        )
    takes = steps * max(cells * CELL_STEP_, least_)
    if takes > LONGEST_RUN_:
        raise InputError(
            f"duration: got {duration_:g} s, which at a time step of {dt_:g} s are {steps:.3g} steps of"
            f" {cells} cell{'s' * (cells > 1)}: at least {takes / 86400:.2g} days of computing; expected at"
            f" most {duration_ * LONGEST_RUN_ / takes:.3g} s, which could be done in one; check the units of"
            " duration and dt"
        )


def check_replicates(replicates, noisy):
    """The number of cells per point, chosen where not given."""
    replicates = (NOISE_REPLICATES if noisy else 1) if replicates is None else replicates
    return whole(replicates, "replicates", 1)


def check_rtol(rtol):
    """Refuse what is no relative error."""
    if rtol is not None and (
        isinstance(rtol, bool) or not isinstance(rtol, (int, float, np.number)) or not 0 < rtol < 1
    ):
        raise InputError(f"rtol: got {described(rtol)}, expected a relative error between 0 and 1")


def check_engine(engine, threads):
    """Refuse unknown engines and impossible numbers of threads."""
    one_of(engine, ENGINES, "engine")
    if threads is not None:
        whole(threads, "threads", 1)


def changed_parameters(parameters):
    """A dict of the parameters to replace."""
    return {} if parameters is None else dict(mapping(parameters, "parameters", '{"V_th": -50*mV}'))


def check_initial(initial):
    """ "rest", or a dict of starting values."""
    if isinstance(initial, Mapping):
        return initial
    return one_of(initial, ("rest",), "initial")


def warned(warnings_):
    """Warnings of a result, said once to whoever measures."""
    for text in warnings_:
        warnings.warn(text, AccuracyWarning, stacklevel=3)
    return tuple(warnings_)
