"""The native engine: kernels generated from the equations, blocks of cells on a pool of threads."""

from __future__ import annotations

import ctypes
import os
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from .build import BuildError, load_library
from .cells import CellStatistics, starting_state
from .codegen import LANES, MOST_ENTRIES, NotExpressible, generate

__all__ = ["Kernel", "Unavailable", "kernel_of", "relax_cells", "run_cells"]

NEVER_ = -1e4  # s; the time of the last spike before there was one, as in Brian2
TABLE_TAIL = 1e-4  # probability of more events in a step than the table of their probabilities holds


class Unavailable(Exception):
    """The native engine cannot run this; the message says why."""


class Run(ctypes.Structure):
    """What kernel.cpp calls Run."""

    _fields_ = [("dt", ctypes.c_double), ("warmup", ctypes.c_double), ("half", ctypes.c_double), ("first_step", ctypes.c_int64),
                ("steps", ctypes.c_int64), ("cells", ctypes.c_int64), ("table", ctypes.c_int64), ("seed", ctypes.c_uint64),
                *((name, ctypes.c_void_p) for name in ("constants", "parameters", "state", "sources", "cumulative", "events", "statistics", "stop"))]


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel and the order of its arguments."""

    source: object
    library: object

    @property
    def method(self):
        """The integration method."""
        return self.source.method


_kernels, _noticed = {}, set()


def kernel_of(cells, dt_):
    """The kernel for these cells, built if need be.

    Raises
    ------
    Unavailable
        If the equations cannot be expressed or nothing can be compiled here.
    """
    labels = tuple(source.label for source in cells.sources)
    key = cells.model.hash, tuple(cells.parameters), labels, dt_
    if key not in _kernels:
        try:
            source = generate(cells.model, list(cells.parameters), labels, dt_)
            library = load_library(source.text)
        except NotExpressible as reason:
            raise Unavailable(str(reason)) from None
        except BuildError as reason:
            if str(reason) not in _noticed:
                _noticed.add(str(reason))
                warnings.warn(f"b2reduce measures with Brian2, which is slower: {reason}", RuntimeWarning, stacklevel=2)
            raise Unavailable(str(reason)) from None
        library.run_block.argtypes, library.run_block.restype = [ctypes.POINTER(Run), ctypes.c_int64], ctypes.c_int
        _kernels[key] = Kernel(source, library)
    return _kernels[key]


class _Arrays:
    """The arrays of a run, kept alive while the kernel works on them."""

    def __init__(self, kernel, cells, dt_):
        source, n = kernel.source, cells.count
        table = lambda names, values: np.array([np.broadcast_to(values.get(name, 0.0), n) for name in names], dtype=float).reshape(len(names), n)
        given = dict(cells.parameters)
        for item in cells.sources:
            given.update({f"{name}_syn_{item.label}": getattr(item, f"{name}_") for name in ("G", "tau", "E", "rate")})
        self.constants = np.array(list(source.constants.values()), dtype=float)
        self.parameters = table(source.parameters, given)
        self.state = np.concatenate([table(source.variables, starting_state(cells)), np.full((1, n), NEVER_), np.ones((1, n))])
        self.sources = np.array([[np.broadcast_to(item.G_, n), np.broadcast_to(item.rate_, n) * dt_] for item in cells.sources], dtype=float).reshape(-1, 2, n)
        self.entries, self.cumulative = _poisson_table(self.sources[:, 1])
        self.events = np.zeros((len(cells.sources), n))
        self.statistics = np.zeros((9, n))
        self.stop = np.zeros(1, dtype=np.int32)

    def run(self, kernel, *, first_step, steps, dt_, warmup_, duration_, seed, threads=1, progress=None):
        n = self.state.shape[1]
        pointers = {name: getattr(self, name).ctypes.data for name in ("constants", "parameters", "state", "sources", "cumulative", "events", "statistics", "stop")}
        # Half a nanosecond of slack: a spike at the very step of the warm-up's end counts whatever its last bit says.
        run = ctypes.byref(Run(dt_, warmup_ - 5e-10, duration_ / 2, first_step, steps, n, self.entries, seed, **pointers))
        blocks = range(0, n, LANES)
        if threads == 1 and progress is None and n * steps < 1e7:
            for first in blocks:
                kernel.library.run_block(run, first)
            return
        with ThreadPoolExecutor(threads) as pool:
            tasks = [pool.submit(kernel.library.run_block, run, first) for first in blocks]
            try:
                for done, task in enumerate(as_completed(tasks), start=1):
                    task.result()
                    if progress is not None:
                        progress(done / len(tasks))
            except BaseException:  # Ctrl-C: the kernels look at this flag every few thousand steps
                self.stop[0] = 1
                pool.shutdown(cancel_futures=True)
                raise


def _poisson_table(means):
    """Number of entries, and P(events <= entry) for means of shape (source, cell)."""
    from scipy.stats import poisson

    if not means.size:
        return 1, np.ones(1)
    entries = int(np.clip(poisson.ppf(1 - TABLE_TAIL, means.max()) + 1, 1, MOST_ENTRIES))
    distinct, where = np.unique(means, return_inverse=True)  # replicates share their means
    return entries, np.ascontiguousarray(poisson.cdf(np.arange(entries)[:, None], distinct)[:, where.reshape(means.shape)].transpose(1, 0, 2))


def run_cells(kernel, cells, duration_, warmup_, dt_, seed, progress=None, threads=None):
    """Run all cells; returns their statistics.

    Every cell has a random stream of its own, from the seed and its number: results depend neither on threads nor on
    the order in which blocks are done.
    """
    arrays = _Arrays(kernel, cells, dt_)
    threads = threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    arrays.run(kernel, first_step=0, steps=int(round(duration_ / dt_)), dt_=dt_, warmup_=warmup_, duration_=duration_, seed=seed,
               threads=threads, progress=progress)
    total, first, second, count, first_counted, last, interval_sum, square_sum, late = arrays.statistics
    whole = lambda values: values.astype(np.int64)
    return CellStatistics(
        duration=duration_, warmup=warmup_, total=whole(total), first_time=first, second_time=second, count=whole(count), first_counted_time=first_counted,
        last_time=last, interval_sum=interval_sum, interval_square_sum=square_sum, late_count=whole(late),
        final_state=dict(zip(kernel.source.variables, arrays.state)),
        events={source.label: values for source, values in zip(cells.sources, arrays.events)})


def relax_cells(kernel, cells, longest_, check_, tolerance, dt_):
    """Run until no variable moves any more; returns the state."""
    arrays = _Arrays(kernel, cells, dt_)
    own = [number for number, name in enumerate(kernel.source.variables) if name in cells.model.state_variables]
    steps, done = int(round(check_ / dt_)), 0
    scale = np.abs(arrays.state[own]).max(axis=1, keepdims=True)
    while done < longest_ / dt_:
        before = arrays.state[own].copy()
        arrays.run(kernel, first_step=done, steps=steps, dt_=dt_, warmup_=0.0, duration_=longest_, seed=0)
        done += steps
        scale = np.maximum(scale, np.abs(arrays.state[own]).max(axis=1, keepdims=True))
        if np.all(np.abs(arrays.state[own] - before) <= tolerance * scale):
            break
    return {kernel.source.variables[number]: arrays.state[number].copy() for number in own}
