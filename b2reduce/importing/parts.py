"""Which cells of a group are one population: those with the same sources, targets, parameters and
recordings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .object_names import base_of, bounds_of

__all__ = ["Part", "boundaries", "parts_of"]

#: exp(-this) is how probable a gap without synapses at an end would be, were it chance.
_SURE = 20.0
#: Steps of a parameter over the cells, at most; beyond it cells have values of their own.
_MOST_STEPS = 10


@dataclass(frozen=True)
class Part:
    """Cells of a group that are one population.

    Attributes
    ----------
    group : Group
        The whole one.
    start, stop : int
        First cell, and one behind the last.
    name : str
        Of the population.
    sums_ : mapping of str to ndarray
        Values over the whole group of what stands for sums over synapses, which it has no variable of.
    """

    group: Any
    start: int
    stop: int
    name: str
    sums_: Any = field(default_factory=dict)

    @property
    def size(self):
        return self.stop - self.start

    def values_(self, variable):
        """Values of a variable over its cells, in SI; one where the group shares it."""
        if variable in self.sums_:
            return self.sums_[variable][self.start : self.stop]
        values = np.asarray(self.group.variables[variable].get_value())
        return values.reshape(1) if values.size == 1 else values[self.start : self.stop]

    def among(self, indices):
        """Which of some cells of the group are in it."""
        return (indices >= self.start) & (indices < self.stop)

    @property
    def cells(self):
        """For tables."""
        return f"cells {self.start} to {self.stop - 1}"


def parts_of(group, bounds, names, sums_):
    """The `Part`s between boundaries."""
    pairs = list(zip(bounds[:-1], bounds[1:]))
    return [
        Part(group, start, stop, names.of_part(group, start, stop, number, len(pairs)), sums_)
        for number, (start, stop) in enumerate(pairs, start=1)
    ]


def boundaries(group, subgroups, ends, parameters):
    """Sorted cell numbers at which populations begin and end.

    Parameters
    ----------
    group : NeuronGroup
    subgroups : list of Group
        That synapses, inputs and monitors name.
    ends : list of (ndarray, float)
        Cells of the group that synapses come from, or go onto.
    parameters : sequence of str
        Of the group, whose values may step.
    """
    size = int(group.stop)
    found = {0, size}
    for subgroup in subgroups:
        if base_of(subgroup).name == group.name:
            found.update(bounds_of(subgroup))
    loose = set()
    for cells in ends:
        loose.update(_range_of(cells, size, found))
    found |= _snapped(loose - found, ends, size)
    for name in parameters:
        found.update(_steps(np.asarray(group.variables[name].get_value()), size))
    return sorted(found)


def _range_of(cells, size, known):
    """The ends of the cells that some synapses use, where chance does not leave so many others out."""
    if not cells.size:
        return
    first, last = int(cells.min()), int(cells.max()) + 1
    each = cells.size / (last - first)
    if first * each > _SURE:
        yield first
    if (size - last) * each > _SURE:
        yield last


def _snapped(loose, ends, size):
    """Ends of which one is the same as another but for chance, to one of them."""
    kept = []
    for bound in sorted(loose):
        near = [cells.size / max(int(cells.max()) + 1 - int(cells.min()), 1) for cells in ends if cells.size]
        margin = max(1.0, _SURE / max(min(near, default=1.0), 1e-9))
        if kept and bound - kept[-1] <= min(margin, 0.02 * size):
            kept[-1] = max(kept[-1], bound, key=_roundness)
        else:
            kept.append(bound)
    return set(kept)


def _roundness(number):
    """By how many zeros a number ends, in twos and tens."""
    tens = len(str(number)) - len(str(number).rstrip("0"))
    return tens, number & -number


def _steps(values, size):
    """Where a parameter jumps, if it is constant in between."""
    if values.size != size:
        return ()
    steps = np.flatnonzero(np.diff(values) != 0) + 1
    return steps.tolist() if steps.size <= min(_MOST_STEPS, size // 2) else ()
