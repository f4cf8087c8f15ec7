"""The native engine: kernels generated from the equations, blocks of cells on a pool of threads."""

from __future__ import annotations

import ctypes
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...basics.compiler import BuildError, load_library
from ...basics.environment import thread_count
from ...basics.processes import compilers_ended
from .cells import CellStatistics, first_step, gathered, joined
from .kernel_arrays import COLUMNS, Run, RunArrays
from .rendering import NotExpressible
from .sources import kernel_source

__all__ = ["Kernel", "Unavailable", "building", "built", "kernel_of", "relax_cells", "run_cells"]


class Unavailable(Exception):
    """The native engine cannot run this; the message says why."""


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel and the order of its arguments."""

    source: object
    library: object

    @property
    def method(self):
        """The integration method."""
        return self.source.method


@contextmanager
def building(instead):
    """Raise `Unavailable` where equations cannot be expressed, or nothing can be compiled, which is a warning
    once: what happens `instead`.
    """
    try:
        yield
    except NotExpressible as reason:
        raise Unavailable(str(reason)) from None
    except BuildError as reason:
        said = f"{instead}: {reason}"
        if said not in _noticed:
            _noticed.add(said)
            warnings.warn(said, RuntimeWarning, stacklevel=4)
        raise Unavailable(str(reason)) from None


def built(text):
    """The library of a source text."""
    with compilers_ended():
        return load_library(text)


_kernels: dict[tuple, Any] = {}
_noticed: set[str] = set()


def kernel_of(cells, dt_):
    """The kernel for these cells, built if need be.

    Raises
    ------
    Unavailable
        If the equations cannot be expressed or nothing can be compiled here.
    """
    synapses = cells.synapses
    kinds = tuple((label, type(synapse)) for label, synapse in synapses.items())
    key = cells.model.hash, tuple(cells.parameters), kinds, cells.method, dt_, cells.swinging
    if key not in _kernels:
        with building("b2reduce measures with Brian2, which is slower"):
            source = kernel_source(
                cells.model, list(cells.parameters), synapses, dt_, cells.method, cells.swinging
            )
            library = built(source.text)
        library.run_block.argtypes, library.run_block.restype = (
            [ctypes.POINTER(Run), ctypes.c_int64],
            ctypes.c_int,
        )
        _kernels[key] = Kernel(source, library)
    return _kernels[key]


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
    arrays = RunArrays(kernel, cells, dt_, seed, stride, numbers)
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
    arrays = RunArrays(kernel, cells, dt_)
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
