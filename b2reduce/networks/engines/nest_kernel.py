"""NEST's kernel: imported when asked for, reset before and after a run, silent, run in pieces."""

from __future__ import annotations

import math
import os
import time
from contextlib import contextmanager
from fractions import Fraction
from importlib.util import find_spec

from ...basics.environment import thread_count
from ...basics.errors import DivergenceError, InputError
from ...basics.whole_imports import imported

__all__ = ["advance", "installed", "kernel", "nest_threads"]

PIECE_ = 0.25  # s of computing in which nothing answers Ctrl-C
TICS = 1000  # a ms, NEST's own number; steps are whole tics
_QUIET = "PYNEST_QUIET"  # said before NEST is imported it keeps its banner to itself


def installed():
    """What is to be said where NEST cannot be imported; else empty."""
    if find_spec("nest") is None:
        return "'nest' needs NEST, which is not installed: pip install \"b2reduce[nest]\""
    return ""


def nest_threads():
    """Threads of NEST: ``$B2REDUCE_THREADS`` where it is set, else 1.

    A seed gives other random numbers with another number of threads, so that how many cores a machine has
    must not decide it.
    """
    return thread_count() if os.environ.get("B2REDUCE_THREADS", "").strip() else 1


@contextmanager
def kernel(dt_, seed):
    """NEST's module, with an empty kernel of this step and seed; it is empty again afterwards."""
    nest = _module()
    before = _silenced(nest)
    try:
        nest.ResetKernel()
        _silenced(nest)
        if nest.num_processes > 1:
            raise InputError(
                f"engine: got NEST in {nest.num_processes} MPI processes, whose spikes are not"
                " gathered; run it in one process, with threads: B2REDUCE_THREADS=8"
            )
        step = Fraction(dt_ * 1e3).limit_denominator(10**6)
        nest.SetKernelStatus({"tics_per_ms": math.lcm(TICS, step.denominator), "resolution": float(step)})
        nest.SetKernelStatus({"local_num_threads": nest_threads(), "rng_seed": max(int(seed), 1)})
        yield nest
    except Exception as error:
        if not _of_nest(error):
            raise
        raise InputError(f"engine: NEST refuses this network: {error}") from error
    finally:
        nest.ResetKernel()
        if before is not None:
            nest.verbosity = before


def _module():
    said = os.environ.get(_QUIET)
    os.environ[_QUIET] = "1"
    try:
        return imported("nest")
    finally:
        if said is None:
            del os.environ[_QUIET]
        else:
            os.environ[_QUIET] = said


def _silenced(nest):
    """Let NEST speak of errors alone; returns what it spoke of before, where it can be put back."""
    if not hasattr(nest, "VerbosityLevel"):  # before 3.10
        nest.set_verbosity("M_ERROR")
        return None
    before, nest.verbosity = nest.verbosity, nest.VerbosityLevel.ERROR
    return before


def _of_nest(error):
    return any(kind.__module__.split(".")[0] in ("NESTErrors", "nest") for kind in type(error).__mro__)


def advance(nest, steps, dt_, report, diverged):
    """Run so many steps, in pieces after each of which Ctrl-C is heard.

    A piece is whole slices of the least delay, in which NEST advances anyway: events are drawn in the same
    order whatever the pieces.

    Parameters
    ----------
    report : callable
        Takes the fraction that is done.
    diverged : str
        What to say where cells go beyond all bounds.
    """
    slice_ = max(round(nest.min_delay / (dt_ * 1e3)), 1)
    done, slices = 0, 1
    try:
        with nest.RunManager():
            while done < steps:
                began, piece = time.monotonic(), min(slices * slice_, steps - done)
                nest.Run(piece * nest.resolution)
                done += piece
                report(done / steps)
                took_ = max(time.monotonic() - began, 1e-6)
                slices = max(int(min(slices * PIECE_ / took_, 4 * slices)), 1)
    except Exception as error:
        if not _of_nest(error):
            raise
        raise DivergenceError(f"{diverged} (NEST: {error})") from error
