"""The program of a spiking network at work: in calls that last for moments, on threads."""

from __future__ import annotations

import ctypes
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...basics.interrupts import undisturbed

__all__ = ["run_network"]

PATIENCE_ = 0.2  # s that a call shall take, for progress and Ctrl-C


class Network(ctypes.Structure):
    """What network.cpp calls Network."""

    _fields_ = [
        ("dt", ctypes.c_double),
        *((name, ctypes.c_int64) for name in ("first", "last", "parts", "mask", "every", "turn")),
        *((name, ctypes.c_void_p) for name in ("arrays", "sizes", "arrived", "stop", "under_way")),
    ]


def run_network(arrays, report):
    """Run all steps of NetworkArrays; gives {id of a group: (cells, steps of their spikes)}."""
    slots, groups = _ring(arrays.kept, arrays.call), arrays.source.groups
    addresses, sizes = arrays.handed(slots)
    numbers = [arrays.named[f"{each.id}.numbers"] for each in arrays.source.projections]
    widths = np.array([longest - shortest + 1 for shortest, longest in numbers], dtype=np.int64)
    under_way = arrays.library.new_under_way(widths.size, arrays.parts, widths.ctypes.data)
    found = {group.id: [] for group in groups}
    first, length = 0, min(arrays.call, 20)
    try:
        with ThreadPoolExecutor(arrays.parts) as pool:
            while first < arrays.steps:
                last, begun = min(first + length, arrays.steps), time.perf_counter()
                arrived = np.zeros(8, dtype=np.int64)
                net = Network(
                    arrays.dt_,
                    first,
                    last,
                    arrays.parts,
                    slots - 1,
                    arrays.every,
                    arrays.turn,
                    *(each.ctypes.data for each in (addresses, sizes, arrived, arrays.stop)),
                    under_way,
                )
                _call(arrays, pool, net)
                for group in groups:
                    found[group.id].append(_collected(arrays, group.id, net))
                report(last / arrays.steps)
                first, took = last, time.perf_counter() - begun
                length = min(arrays.call, 2 * length if took < PATIENCE_ else max(1, length // 2))
    finally:
        arrays.library.delete_under_way(under_way)
    return {id_: tuple(map(np.concatenate, zip(*each))) for id_, each in found.items()}


def _ring(held, call):
    """How many steps a ring of spikes holds that are read so many steps later: a power of 2."""
    return 1 << int(held + 2 * call + 4).bit_length()


def _call(arrays, pool, net):
    run_part, tasks = arrays.library.run_part, []
    try:
        with undisturbed():  # a thread that starts and is not known would not be waited for
            tasks = [pool.submit(run_part, ctypes.byref(net), part) for part in range(arrays.parts)]
        for task in tasks:
            task.result()
    except BaseException:
        with undisturbed():
            arrays.stop[0] = 1
            for task in tasks:
                task.exception()
        raise


def _collected(arrays, id_, net):
    """(cells, steps) of the spikes of the last call."""
    collect = arrays.library.collect
    place = lambda name: ctypes.c_void_p(arrays.named[f"{id_}.{name}"].ctypes.data)
    ring = [place("cell"), place("number"), place("bounds"), ctypes.c_int64(arrays.cells[id_][1])]
    ring += map(ctypes.c_int64, (net.parts, net.mask, net.first, net.last))
    number = collect(*ring, None, None)
    cells, steps = np.empty(number, dtype=np.int32), np.empty(number, dtype=np.int64)
    collect(*ring, ctypes.c_void_p(cells.ctypes.data), ctypes.c_void_p(steps.ctypes.data))
    return cells, steps
