"""The arrays that the program of a spiking network works on, and the threads that run it."""

from __future__ import annotations

import ctypes
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np

from ...basics.interrupts import undisturbed
from ...basics.streams import OfNative, seed_streams
from ...cells.engine.codegen import LANES
from ...cells.engine.kernel_chance import poisson_table, streams_of
from .network_handles import Network, UnderWay

__all__ = ["NetworkArrays", "ring_of", "stream_seed"]

NEVER_ = -1e4  # s; the time of the last spike before there was one, as in Brian2
# Of one call: s of the network's time at most, and s that it shall take, for progress and Ctrl-C
CALL_, PATIENCE_ = 0.02, 0.2


def ring_of(longest, call):
    """How many steps a ring of spikes holds: a power of 2."""
    return 1 << int(longest + 2 * call + 4).bit_length()


def _bounds(cells, parts, lanes=LANES):
    """First cells of the parts, and the end."""
    blocks = -(-cells // lanes)
    return np.minimum(np.arange(parts + 1) * blocks // parts * lanes, blocks * lanes).astype(np.int64)


class NetworkArrays:
    """The arrays of a run, kept alive while the program works on them.

    Parameters
    ----------
    source : NetworkSource
    library : ctypes.CDLL
    dt_ : float
    steps : int
    every : int
        Steps between records.
    parts : int
        Threads.
    """

    def __init__(self, source, library, dt_, steps, every, parts):
        self.source, self.library, self.dt_, self.steps, self.every = source, library, dt_, steps, every
        self.parts = parts
        self.named, self.bounds, self.sizes = {}, {}, {}
        self.cells = {}
        self.call = max(1, round(CALL_ / dt_))
        self.stop, self.shortest = np.zeros(1, dtype=np.int32), None
        self.longest = 0

    def put(self, name, values, dtype=float):
        """An array under the name by which the program asks for it."""
        self.named[name] = np.ascontiguousarray(values, dtype=dtype)

    def add_group(self, group, cells, values, seed, recorded):
        """The cells of a population.

        Parameters
        ----------
        group : Group
        cells : int
        values : mapping of str to float or ndarray
            SI values of parameters and of the state; what is missing is 0.
        seed : int
        recorded : int
            Cells whose conductances are recorded.
        """
        code, whole = group.code, -(-cells // LANES) * LANES
        padded = lambda value: (
            np.resize(np.broadcast_to(value, cells), whole) if np.ndim(value) else np.full(whole, value)
        )
        value = lambda name: values.get(name, code.constants.get(name, 0.0))
        self.cells[group.id] = cells, whole
        rows = [padded(values.get(name, 0.0)) for name in code.variables]
        rows += [padded(values.get("lastspike", NEVER_)), padded(values.get("not_refractory", 1.0))]
        rows += [np.zeros(whole)] * ((2 if code.watch else 0) + len(group.kept))
        self.put(f"{group.id}.state", np.concatenate(rows))
        self.put(f"{group.id}.shared", [float(value(name[2:])) for name in group.shared] or [0.0])
        differing = [padded(value(name[2:])) for name in group.differing]
        self.put(f"{group.id}.differing", np.concatenate(differing) if differing else [0.0])
        fixed = [
            2 if switched else 1
            for name, (_, switched) in code.invariants.items()
            if name not in group.uniform
        ]
        self.put(f"{group.id}.fixed", np.zeros(max(1, sum(fixed) * whole)))
        self.put(f"{group.id}.random", _blocks(seed, whole), np.uint64)
        self.put(f"{group.id}.records", [min(recorded, cells), -(-self.steps // self.every)], np.int64)
        self.put(
            f"{group.id}.recorded",
            np.zeros(max(1, len(group.recorded) * min(recorded, cells) * -(-self.steps // self.every))),
        )
        self._ring(group.id, whole, LANES)
        for each in group.plastic:
            self.named[f"{each.id}.whole"] = whole

    def add_drive(self, group, drive, rate_, factor):
        """Poisson events: their rate in a cell in Hz, or over cells, and a factor of it at each step."""
        whole = self.cells[group.id][1]
        means = (
            np.resize(np.atleast_1d(np.asarray(rate_, dtype=float)), whole if drive.differs else 1) * self.dt_
        )
        highest = float(np.max(factor, initial=1.0)) if drive.table else 1.0
        table = poisson_table(means[None], highest)  # (1, entry, cell)
        self.put(f"{drive.id}.means", means)
        self.put(f"{drive.id}.factor", factor if drive.table else [1.0])
        self.put(f"{drive.id}.sizes", [table.shape[1], len(factor) if drive.table else 1], np.int64)
        self.put(f"{drive.id}.cumulative", table[0] if drive.differs else [0.0])

    def add_plastic(self, plastic, cells_of, values, constants):
        """Plasticity, from values of its variables at the start."""
        whole = self.cells[cells_of][1]
        rows = [np.full(whole, values.get(name[2:], 0.0)) for name in plastic.variables]
        self.put(f"{plastic.id}.state", np.concatenate([*rows, np.zeros(whole)]))
        self.put(f"{plastic.id}.constants", [constants[name[2:]] for name in plastic.constants])

    def add_trains(self, trains, number, *, chance=None, factor=None, given=None, seed=0):
        """Shared trains: the chance of a spike in a step, times a factor at each step; or recorded spikes
        (trains, steps).
        """
        if given is None:
            whole = -(-number // LANES) * LANES
            padded = np.zeros(whole)
            padded[:number] = chance
            self.put(f"{trains.id}.chance", padded)
            self.put(f"{trains.id}.factor", factor)
            self.put(f"{trains.id}.sizes", [len(factor)], np.int64)
            self.put(f"{trains.id}.random", _blocks(seed, whole), np.uint64)
        else:
            whole, (i, steps) = number, given
            order = np.lexsort((i, steps))
            order = order[steps[order] < self.steps + 1]
            self.put(f"{trains.id}.given", i[order], np.int32)
            self.put(f"{trains.id}.first", np.searchsorted(steps[order], np.arange(self.steps + 3)), np.int64)
        self.cells[trains.id] = number, whole
        self._ring(trains.id, whole, LANES if given is None else 1)
        self.shortest = 1 if self.shortest is None else min(self.shortest, 1)

    def _ring(self, id_, whole, lanes):
        self.bounds[id_] = _bounds(whole, self.parts, lanes)
        self.put(f"{id_}.bounds", self.bounds[id_], np.int64)

    def add_projection(self, projection, wired):
        """Synapses, sorted by the part of their target, then source."""
        sources = self.cells[projection.source][1]
        i, j = (np.ascontiguousarray(each, dtype=np.int32) for each in (wired.i, wired.j))
        shortest, longest = int(wired.late.min()), int(wired.late.max())
        starts = np.empty(self.parts * (sources + 1), dtype=np.int32)
        order = np.empty(i.size, dtype=np.int32)
        pointer = lambda values: ctypes.c_void_p(values.ctypes.data)
        self.library.sort_synapses(
            ctypes.c_int64(i.size),
            *map(pointer, (i, j)),
            *map(ctypes.c_int64, (sources, self.parts)),
            *map(pointer, (self.bounds[projection.target], starts, order)),
        )
        targets, lates = np.empty(i.size, dtype=np.int32), np.zeros(1, dtype=np.int32)
        targets[order] = j
        if longest > shortest:
            lates = np.empty(i.size, dtype=np.int32)
            lates[order] = wired.late - shortest
        self.named[f"{projection.id}.starts"], self.named[f"{projection.id}.targets"] = starts, targets
        self.named[f"{projection.id}.lates"] = lates
        self.put(f"{projection.id}.numbers", [shortest, longest], np.int64)
        if projection.sized:
            sizes = np.empty(i.size)
            sizes[order] = wired.sizes
            self.put(f"{projection.id}.sizes", sizes)
        if not projection.source.startswith("Trains"):
            self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
        self.longest = max(self.longest, longest)

    def run(self, report):
        """Run all steps; gives {id of a group: (cells, steps of their spikes)}."""
        slots = ring_of(self.longest, self.call)
        for id_, (_, whole) in self.cells.items():
            self.put(f"{id_}.cell", np.zeros(slots * whole, dtype=np.int32), np.int32)
            self.put(f"{id_}.number", np.zeros(slots * self.parts, dtype=np.int32), np.int32)
        for group in self.source.groups:
            for each in group.plastic:
                self.put(f"{each.id}.released", np.zeros(slots * self.cells[group.id][1]))
        arrays = np.array([self.named[name].ctypes.data for name in self.source.arrays], dtype=np.uintp)
        groups, trains = self.source.groups, self.source.trains
        sizes = np.array(
            [
                *(self.cells[group.id][1] for group in groups),
                *(self.cells[group.id][0] for group in groups),
                *(self.cells[each.id][1] for each in trains),
            ],
            dtype=np.int64,
        )
        found = {group.id: [] for group in groups}
        shortest = self.call if self.shortest is None else self.shortest
        turn = 1 if trains and shortest > 0 else shortest
        first, length = 0, min(self.call, 20)
        widths = [self.named[f"{each.id}.numbers"] for each in self.source.projections]
        widths = np.array([longest - shortest + 1 for shortest, longest in widths], dtype=np.int64)
        under_way = self.library.new_under_way(widths.size, self.parts, widths.ctypes.data)
        with ThreadPoolExecutor(self.parts) as pool, closing(UnderWay(self.library, under_way)):
            while first < self.steps:
                last, begun = min(first + length, self.steps), time.perf_counter()
                arrived = np.zeros(8, dtype=np.int64)
                net = Network(
                    self.dt_,
                    first,
                    last,
                    self.parts,
                    slots - 1,
                    self.every,
                    turn,
                    *(each.ctypes.data for each in (arrays, sizes, arrived, self.stop)),
                    under_way,
                )
                self._call(pool, net)
                for group in groups:
                    found[group.id].append(self._collected(group.id, net))
                report(last / self.steps)
                first, took = last, time.perf_counter() - begun
                length = min(self.call, 2 * length if took < PATIENCE_ else max(1, length // 2))
        return {id_: tuple(map(np.concatenate, zip(*each))) for id_, each in found.items()}

    def _call(self, pool, net):
        run_part, tasks = self.library.run_part, []
        try:
            with undisturbed():  # a thread that starts and is not known would not be waited for
                tasks = [pool.submit(run_part, ctypes.byref(net), part) for part in range(self.parts)]
            for task in tasks:
                task.result()
        except BaseException:
            with undisturbed():
                self.stop[0] = 1
                for task in tasks:
                    task.exception()
            raise

    def _collected(self, id_, net):
        """(cells, steps) of the spikes of the last call."""
        collect = self.library.collect
        place = lambda name: ctypes.c_void_p(self.named[f"{id_}.{name}"].ctypes.data)
        ring = [place("cell"), place("number"), place("bounds"), ctypes.c_int64(self.cells[id_][1])]
        ring += map(ctypes.c_int64, (net.parts, net.mask, net.first, net.last))
        number = collect(*ring, None, None)
        cells, steps = np.empty(number, dtype=np.int32), np.empty(number, dtype=np.int64)
        collect(*ring, ctypes.c_void_p(cells.ctypes.data), ctypes.c_void_p(steps.ctypes.data))
        return cells, steps

    def state_of(self, group):
        """{variable: values at the end}."""
        cells, whole = self.cells[group.id]
        rows = self.named[f"{group.id}.state"].reshape(-1, whole)[:, :cells]
        found = dict(zip(group.code.variables, rows))
        if group.code.watch:
            found["held"] = rows[len(group.code.variables) + 3]
        return found

    def recorded_of(self, group):
        """Records of every variable, shape (variable, cell, record)."""
        cells, records = self.named[f"{group.id}.records"]
        number = len(group.recorded)
        # One record after the other: memory of a long run is touched as it goes on
        whole = self.named[f"{group.id}.recorded"][: number * cells * records].reshape(records, number, cells)
        return np.ascontiguousarray(whole.transpose(1, 2, 0))


def _blocks(seed, cells):
    """Random streams of cells, those of a block side by side: shape (block, word, lane)."""
    return streams_of(seed, cells).reshape(4, -1, LANES).transpose(1, 0, 2)


def stream_seed(seed, number):
    """The seed of the streams of a group or of trains."""
    return seed_streams(seed, OfNative.CELLS, number)
