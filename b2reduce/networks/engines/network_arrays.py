"""The arrays that the program of a spiking network works on."""

from __future__ import annotations

import ctypes

import numpy as np

from ...basics.streams import OfNative, seed_streams
from ...cells.engine.codegen import LANES
from ...cells.engine.kernel_chance import poisson_table, streams_of

__all__ = ["NetworkArrays", "stream_seed"]

NEVER_ = -1e4  # s; the time of the last spike before there was one, as in Brian2
CALL_ = 0.02  # s of the network's time that a call of the program runs at most


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
        self.stop = np.zeros(1, dtype=np.int32)
        # Steps that parts may go without waiting for each other, and that spikes wait to be sorted
        self.turn, self.kept = self.call, 0

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
        self.turn = min(self.turn, 1)  # they are drawn a step ahead

    def _ring(self, id_, whole, lanes):
        self.bounds[id_] = _bounds(whole, self.parts, lanes)
        self.put(f"{id_}.bounds", self.bounds[id_], np.int64)

    def add_projection(self, projection, i, j, late, differing=None):
        """Synapses, sorted by the part of their target, then source.

        Parameters
        ----------
        projection : ProjectionCode
        i, j : ndarray of int, shape (synapse,)
            Cells that they come from and lead to.
        late : ndarray of int
            Steps, of each or of all.
        differing : ndarray, optional
            Sizes over their mean.
        """
        sources = self.cells[projection.source][1]
        i, j = (np.ascontiguousarray(each, dtype=np.int32) for each in (i, j))
        shortest, longest = int(late.min()), int(late.max())
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
            lates[order] = late - shortest
        self.named[f"{projection.id}.starts"], self.named[f"{projection.id}.targets"] = starts, targets
        self.named[f"{projection.id}.lates"] = lates
        self.put(f"{projection.id}.numbers", [shortest, longest], np.int64)
        if projection.sized:
            sizes = np.empty(i.size)
            sizes[order] = differing
            self.put(f"{projection.id}.sizes", sizes)
        if projection.source not in {each.id for each in self.source.trains}:
            self.turn = min(self.turn, shortest)
        self.kept = max(self.kept, shortest)

    def handed(self, slots):
        """(addresses of the arrays in the program's order, sizes of the groups).

        Spikes have rings of so many steps.
        """
        for id_, (_, whole) in self.cells.items():
            self.put(f"{id_}.cell", np.zeros(slots * whole, dtype=np.int32), np.int32)
            self.put(f"{id_}.number", np.zeros(slots * self.parts, dtype=np.int32), np.int32)
        for group in self.source.groups:
            for each in group.plastic:
                self.put(f"{each.id}.released", np.zeros(slots * self.cells[group.id][1]))
        groups, trains = self.source.groups, self.source.trains
        sizes = [
            *(self.cells[group.id][1] for group in groups),
            *(self.cells[group.id][0] for group in groups),
            *(self.cells[each.id][1] for each in trains),
        ]
        addresses = [self.named[name].ctypes.data for name in self.source.arrays]
        return np.array(addresses, dtype=np.uintp), np.array(sizes, dtype=np.int64)

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
