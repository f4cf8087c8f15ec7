"""The native engine: kernels generated from the equations, blocks of cells on a pool of threads."""

from __future__ import annotations

import ctypes
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from ...basics.compiler import BuildError, load_library
from ...basics.environment import thread_count
from ...basics.errors import InputError
from ...basics.interrupts import compilers_ended, undisturbed
from .cells import SLACK_, CellStatistics, first_step, gathered, joined, starting_state
from .codegen import LANES, MOST_ENTRIES, NotExpressible
from .sources import kernel_source

__all__ = ["Kernel", "Unavailable", "kernel_of", "relax_cells", "run_cells"]

#: Arrays of a run whose last axis is the cells, in the order of the kernel's arguments.
PER_CELL = ("parameters", "state", "sources", "cumulative", "random", "events", "statistics")
COLUMNS = (
    "total",
    "first_time",
    "second_time",
    "count",
    "first_counted_time",
    "last_time",
    "interval_sum",
    "interval_square_sum",
    "late_count",
    "period",
    "held",
)
NEVER_ = -1e4  # s; the time of the last spike before there was one, as in Brian2
MOST_EVENTS = 500  # in a step; beyond about 700 the probability of none leaves the range of floats
TASKS = 32  # per thread: for progress, and so that threads end together
TABLE_TAIL = 1e-4  # probability of more events in a step than the table of their probabilities holds


class Unavailable(Exception):
    """The native engine cannot run this; the message says why."""


class Run(ctypes.Structure):
    """What kernel.cpp calls Run."""

    _fields_ = [
        ("dt", ctypes.c_double),
        ("warmup", ctypes.c_double),
        ("half", ctypes.c_double),
        ("first_step", ctypes.c_int64),
        ("steps", ctypes.c_int64),
        ("cells", ctypes.c_int64),
        ("table", ctypes.c_int64),
        ("stride", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("constants", *PER_CELL, "stop")),
    ]


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
    key = cells.model.hash, tuple(cells.parameters), labels, cells.method, dt_
    if key not in _kernels:
        try:
            source = kernel_source(cells.model, list(cells.parameters), labels, dt_, cells.method)
            with compilers_ended():
                library = load_library(source.text)
        except NotExpressible as reason:
            raise Unavailable(str(reason)) from None
        except BuildError as reason:
            if str(reason) not in _noticed:
                _noticed.add(str(reason))
                warnings.warn(
                    f"b2reduce measures with Brian2, which is slower: {reason}", RuntimeWarning, stacklevel=2
                )
            raise Unavailable(str(reason)) from None
        library.run_block.argtypes, library.run_block.restype = (
            [ctypes.POINTER(Run), ctypes.c_int64],
            ctypes.c_int,
        )
        _kernels[key] = Kernel(source, library)
    return _kernels[key]


class _Arrays:
    """The arrays of a run, kept alive while the kernel works on them."""

    def __init__(self, kernel, cells, dt_, seed=0, stride=1, numbers=None):
        source, n = kernel.source, cells.count
        table = lambda names, values: np.array(
            [np.broadcast_to(values.get(name, 0.0), n) for name in names], dtype=float
        ).reshape(len(names), n)
        given = dict(cells.parameters)
        for item in cells.sources:
            given.update(
                {f"{name}_syn_{item.label}": getattr(item, f"{name}_") for name in ("G", "tau", "E", "rate")}
            )
        self.kernel, self.dt_, self.stride = kernel, dt_, stride
        self.constants = np.array(list(source.constants.values()), dtype=float)
        self.parameters = table(source.parameters, given)
        self.state = np.concatenate(
            [
                table(source.variables, starting_state(cells)),
                np.full((1, n), NEVER_),
                np.ones((1, n)),
                np.zeros((1, n)),
            ]
        )
        self.sources = np.array(
            [
                [np.broadcast_to(item.G_, n), np.broadcast_to(item.rate_, n) * (dt_ * stride)]
                for item in cells.sources
            ],
            dtype=float,
        ).reshape(-1, 2, n)
        self.cumulative = _poisson_table(self.sources[:, 1])
        self.random = (
            _streams(seed, n)
            if numbers is None
            else np.ascontiguousarray(_streams(seed, int(np.max(numbers)) + 1)[:, numbers])
        )
        self.events = np.zeros((len(cells.sources), n))
        self.statistics = np.zeros((len(COLUMNS), n))
        self.stop = np.zeros(1, dtype=np.int32)

    def keep(self, cells):
        """Leave all other cells behind."""
        for name in PER_CELL:
            setattr(self, name, np.compress(cells, getattr(self, name), axis=-1))

    def run(self, first, last, *, warmup_, half_, threads=1, progress=None):
        """Run all cells over steps first .. last - 1; fills the statistics of this stretch."""
        n, steps = self.state.shape[1], last - first
        pointers = {name: getattr(self, name).ctypes.data for name in ("constants", *PER_CELL, "stop")}
        run = ctypes.byref(
            Run(
                self.dt_,
                warmup_ - SLACK_,
                half_ - SLACK_,
                first,
                steps,
                n,
                self.cumulative.shape[1],
                self.stride,
                **pointers,
            )
        )
        run_block, blocks = self.kernel.library.run_block, range(0, n, LANES)
        if threads == 1 and progress is None and n * steps < 1e7:
            for block in blocks:
                run_block(run, block)
            return

        def several(own):
            for block in own:
                # `self` is named here so that the arrays live as long as a thread that works on them.
                if self.stop[0] or run_block(run, block):
                    break

        # Handing over a block of few steps would take longer than running it
        each = -(-len(blocks) // (TASKS * threads))
        with ThreadPoolExecutor(threads) as pool:
            try:
                with undisturbed():  # a thread that starts and is not known would not be waited for
                    tasks = [
                        pool.submit(several, blocks[number : number + each])
                        for number in range(0, len(blocks), each)
                    ]
                for done, task in enumerate(as_completed(tasks), start=1):
                    task.result()
                    if progress is not None:
                        progress(done / len(tasks))
            except BaseException:  # Ctrl-C: the kernels look at this flag every few thousand steps
                with undisturbed():
                    self.stop[0] = 1
                    pool.shutdown(cancel_futures=True)
                raise


def _streams(seed, cells):
    """Random state of every cell, shape (4, cell): splitmix64 from the run's seed and the cell's number.

    Not numpy's SeedSequence, whose streams are others: every number that was measured until now came from
    these.
    """
    word = lambda number: np.uint64(number % 2**64)
    golden, out = word(0x9E3779B97F4A7C15), np.empty((4, cells), dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = word(seed) + golden * np.arange(cells, dtype=np.uint64) * word(4)
        x ^= word(seed) << word(32) | word(seed) >> word(32)
        for row in out:
            x = x + golden
            z = (x ^ x >> word(30)) * word(0xBF58476D1CE4E5B9)
            z = (z ^ z >> word(27)) * word(0x94D049BB133111EB)
            row[:] = z ^ z >> word(31)
    return out


def _poisson_table(means):
    """P(events in a step <= entry), shape (source, entry, cell), for means of shape (source, cell)."""
    from scipy.special import pdtr  # not scipy.stats, whose import takes longer than a sweep

    if not means.size:
        return np.ones((1, 1, means.shape[1]))
    if means.max() > MOST_EVENTS:
        raise InputError(
            f"a synaptic source brings {means.max():.4g} events a time step, more than the {MOST_EVENTS} that"
            " are counted exactly; take a smaller dt, or a constant current and leak instead: their"
            f" fluctuations are below {100 / MOST_EVENTS**0.5:.0f} % a step"
        )
    entries = min(
        np.count_nonzero(pdtr(np.arange(MOST_ENTRIES), means.max()) < 1 - TABLE_TAIL) + 1, MOST_ENTRIES
    )
    distinct, where = np.unique(means, return_inverse=True)  # replicates share their means
    return np.ascontiguousarray(
        pdtr(np.arange(entries)[:, None], distinct)[:, where.reshape(means.shape)].transpose(1, 0, 2)
    )


def run_cells(
    kernel,
    cells,
    duration_,
    warmup_,
    dt_,
    seed,
    progress=None,
    threads=None,
    stop=None,
    stride=1,
    numbers=None,
):
    """Run all cells; returns their statistics.

    With a stride above 1 synaptic events arrive at the end of every stride-th step, drawn for all of them:
    the events of a run whose step is longer by that factor. `numbers` are those of the cells in such a run,
    whose streams they are given.

    Every cell has a random stream of its own, from the seed and its number: results depend neither on threads
    nor on the order in which blocks are done, nor on who else has stopped already.
    """
    arrays = _Arrays(kernel, cells, dt_, seed, stride, numbers)
    threads = threads or thread_count()
    stop = stop if stop is not None and stop.applies(kernel.source) else None
    looks = [] if stop is None else [first_step(look, dt_) for look in stop.looks_(duration_, warmup_)]
    *looks, last = looks or [int(round(duration_ / dt_))]
    labels = [source.label for source in cells.sources]
    active, whole, pieces, begin = np.arange(cells.count), None, [], 0
    for end in [*looks, last]:
        report = (
            None if progress is None else lambda fraction: progress((begin + fraction * (end - begin)) / last)
        )
        arrays.run(
            begin,
            end,
            warmup_=warmup_ if stop is None else begin * dt_,
            half_=duration_ / 2,
            threads=threads,
            progress=report,
        )
        stretch = _statistics(arrays, end * dt_, duration_, warmup_, labels)
        whole = stretch if whole is None else joined(whole, stretch)
        if end == last and not getattr(stop, "judges_the_end", False):
            break
        done, whole = stop.finished(whole, stretch, dt_)
        if done.any():
            pieces.append((active[done], whole.taken(done)))
            active, whole = active[~done], whole.taken(~done)
            arrays.keep(~done)
            stop.keep(~done)
        if not active.size or end == last:
            break
        begin = end
    return gathered([*pieces, (active, whole)])


def _statistics(arrays, end_, duration_, warmup_, labels):
    columns = dict(zip(COLUMNS, arrays.statistics.copy()))
    for name in ("total", "count", "late_count"):
        columns[name] = columns[name].astype(np.int64)
    final = dict(zip(arrays.kernel.source.variables, arrays.state.copy()))
    return CellStatistics(
        duration_,
        warmup_,
        np.full(arrays.state.shape[1], end_),
        **columns,
        final_state=final,
        events=dict(zip(labels, arrays.events.copy())),
    )


def relax_cells(kernel, cells, longest_, check_, tolerance, dt_):
    """Run until no variable moves any more; returns the state."""
    arrays = _Arrays(kernel, cells, dt_)
    own = [
        number for number, name in enumerate(kernel.source.variables) if name in cells.model.state_variables
    ]
    steps, done = int(round(check_ / dt_)), 0
    scale = np.abs(arrays.state[own]).max(axis=1, keepdims=True)
    while done < longest_ / dt_:
        before = arrays.state[own].copy()
        arrays.run(done, done + steps, warmup_=0.0, half_=0.0)
        done += steps
        scale = np.maximum(scale, np.abs(arrays.state[own]).max(axis=1, keepdims=True))
        if np.all(np.abs(arrays.state[own] - before) <= tolerance * scale):
            break
    return {kernel.source.variables[number]: arrays.state[number].copy() for number in own}
