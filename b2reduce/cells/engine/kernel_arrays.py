"""The arrays that a kernel works on, and how blocks of cells are shared among threads."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from ...basics.interrupts import undisturbed
from .cells import SLACK_, starting_state
from .codegen import LANES
from .kernel_chance import poisson_table, streams_of, swings_of

__all__ = ["Run", "RunArrays"]

#: Arrays of a run whose last axis is the cells, in the order of the kernel's arguments.
PER_CELL = ("parameters", "state", "means", "cumulative", "random", "events", "statistics")
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
TASKS = 32  # per thread: for progress, and so that threads end together


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
        *((name, ctypes.c_void_p) for name in ("constants", *PER_CELL, "stop", "swing")),
        ("swing_steps", ctypes.c_int64),
    ]


class RunArrays:
    """The arrays of a run, kept alive while the kernel works on them."""

    def __init__(self, kernel, cells, dt_, seed=0, stride=1, numbers=None):
        source, n = kernel.source, cells.count
        table = lambda names, values: np.array(
            [np.broadcast_to(values.get(name, 0.0), n) for name in names], dtype=float
        ).reshape(len(names), n)
        given = dict(cells.parameters)
        for item in cells.sources:
            given.update(item.parameters_())
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
        # Events of every source in a step
        self.means = np.array(
            [np.broadcast_to(item.rate_, n) * (dt_ * stride) for item in cells.sources], dtype=float
        ).reshape(-1, n)
        self.swing = swings_of(cells.sources)
        self.cumulative = poisson_table(self.means, 1 + self.swing.max(initial=0.0))
        self.random = (
            streams_of(seed, n)
            if numbers is None
            else np.ascontiguousarray(streams_of(seed, int(np.max(numbers)) + 1)[:, numbers])
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
        pointers = {
            name: getattr(self, name).ctypes.data for name in ("constants", *PER_CELL, "stop", "swing")
        }
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
                swing_steps=self.swing.shape[1],
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
