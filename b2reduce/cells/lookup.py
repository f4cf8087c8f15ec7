"""Measured rates as functions.

Tables on regular grids, interpolated between points and clamped at their edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

__all__ = ["Lookup", "axis_table"]

NODES = 9  # of the mean over cells that differ
FINE = {1: 257, 2: 257, 3: 97, 4: 31}  # points per axis of the table, by the number of axes


@dataclass(frozen=True, eq=False)
class Lookup:
    """Multilinear interpolation on a regular grid.

    Outside of the grid the nearest edge answers, and `outside` says so.

    Attributes
    ----------
    first, last : ndarray, shape (axis,)
        Ends of each axis.
    values : ndarray, shape (axis 0, axis 1, ...)
        Hz.
    shift : float
        Of two axes (I, g): the table's first axis is I - shift g, along which the curves of all g lie on one
        another.
    error : float
        Of interpolation, relative: what the rates of cells simulated between the points differ by beyond
        their scatter; NaN if there are none.
    moved : float
        By how many Hz the table lay above the point that it was made to pass through.
    """

    first: np.ndarray
    last: np.ndarray
    values: np.ndarray
    shift: float = 0.0
    error: float = np.nan
    moved: float = 0.0
    _flat: Any = field(default=None, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "_flat", memoryview(np.ascontiguousarray(self.values, dtype=float).ravel()))

    def _coordinates(self, arguments):
        if not self.shift:
            return arguments
        I, g = arguments
        return I - self.shift * g, g

    def __call__(self, *arguments):
        """Rate in Hz at SI floats or arrays."""
        if np.size(arguments[0]) == 1 and all(np.size(value) == 1 for value in arguments):
            # A rate network asks for one value a step: plain floats are ten times faster than arrays of one.
            return np.full(
                np.shape(arguments[0]), self._one([float(np.reshape(value, -1)[0]) for value in arguments])
            )
        index, weight = [], []
        for value, first, last, size in zip(
            self._coordinates(arguments), self.first, self.last, self.values.shape
        ):
            place = np.clip((np.asarray(value, dtype=float) - first) / (last - first), 0.0, 1.0) * (size - 1)
            lower = np.minimum(place.astype(int), size - 2)
            index.append(lower)
            weight.append(place - lower)
        return sum(
            self.values[tuple(i + bit for i, bit in zip(index, corner))]
            * np.prod(np.broadcast_arrays(*(w if bit else 1 - w for w, bit in zip(weight, corner))), axis=0)
            for corner in product((0, 1), repeat=len(index))
        )

    def _one(self, arguments):
        corners = [(0, 1.0)]
        for value, first, last, size in zip(
            self._coordinates(arguments), self.first.tolist(), self.last.tolist(), self.values.shape
        ):
            place = (
                min(max((value - first) / (last - first), 0.0), 1.0) * (size - 1) if value == value else value
            )
            if place != place:
                return place  # NaN in, NaN out
            lower = min(int(place), size - 2)
            part = place - lower
            corners = [
                (offset * size + lower + bit, share * (part if bit else 1 - part))
                for offset, share in corners
                for bit in (0, 1)
            ]
        return sum(self._flat[offset] * share for offset, share in corners)

    def along_current(self, I_, g_, rate_):
        """The same table of (I, g), moved along the current so that it gives a rate at a point.

        As far as it goes where it has no such rate.
        """
        from scipy.optimize import brentq

        x = float(I_ - self.shift * g_)
        excess = lambda d: float(self(I_ + d, g_)) - rate_
        here = excess(0.0)
        ends = self.first[0] - x, self.last[0] - x
        low, high = (min(ends[0], 0.0), 0.0) if here > 0 else (0.0, max(ends[1], 0.0))
        if here == 0 or excess(low) * excess(high) > 0:
            d = 0.0 if here == 0 else low if here > 0 else high
        else:
            d = brentq(excess, low, high, xtol=1e-12 * (self.last[0] - self.first[0]))
        step = np.array([d, 0.0])
        return replace(self, first=self.first - step, last=self.last - step, moved=here)

    def down_to(self, I_, g_, rate_):
        """The same table of (I, g), which goes on in straight lines to a lower rate that is known at a point
        below its first current, if it lies there.
        """
        x, first, last = float(I_ - self.shift * g_), self.first[0], self.last[0]
        if x >= first or rate_ > self.values[0].max():
            return self
        # As closely spaced as before.
        more = int(np.ceil((first - x) / (last - first) * (len(self.values) - 1)))
        part = np.linspace(0.0, 1.0, more, endpoint=False)[:, None]
        start = first - more * (last - first) / (len(self.values) - 1)
        return replace(
            self,
            first=np.array([start, self.first[1]]),
            values=np.concatenate([rate_ + part * (self.values[0] - rate_), self.values]),
        )

    def along_rate(self, arguments, rate_):
        """The same table, changed so that it gives a rate at a point.

        X + d in place of x where r = log(1 + exp(x)), which adds a factor to small rates and an amount to
        large ones.
        """
        from scipy.optimize import brentq

        here = float(self(*arguments)) - rate_
        size = max(rate_, 0.1)
        with np.errstate(divide="ignore"):
            behind = np.log(np.expm1(np.minimum(self.values / size, 500.0)))
        raised = lambda d: replace(
            self,
            values=np.where(
                self.values / size < 500.0, size * np.logaddexp(0.0, behind + d), self.values + size * d
            ),
            moved=here,
        )
        excess = lambda d: float(raised(d)(*arguments)) - rate_
        if here == 0 or excess(-3.0) * excess(3.0) > 0:
            return replace(self, moved=here)
        return raised(brentq(excess, -3.0, 3.0, xtol=1e-12))

    def over_cells(self, spreads):
        """The mean of the table over cells whose arguments differ by independent normal factors, of mean 1
        and the given standard deviations; it goes on in straight lines beyond its ends.
        """
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        values = self.values
        for axis, (first, last, size, spread) in enumerate(
            zip(self.first, self.last, self.values.shape, spreads)
        ):
            if not spread:
                continue
            line = np.linspace(first, last, size)
            mean, rows = np.zeros((size, size)), np.arange(size)
            for node, weight in zip(nodes, weights / weights.sum()):
                place = (line * (1 + spread * node) - first) / (last - first) * (size - 1)
                lower = np.clip(place.astype(int), 0, size - 2)
                mean[rows, lower] += weight * (1 - place + lower)
                mean[rows, lower + 1] += weight * (place - lower)
            values = np.moveaxis(np.tensordot(mean, values, (1, axis)), 0, axis)
        return replace(self, values=np.maximum(values, 0.0))

    def outside(self, *arguments):
        """Whether the arguments lie beyond the table, to a thousandth of its width."""
        beyond = False
        for value, first, last in zip(self._coordinates(arguments), self.first, self.last):
            slack = 1e-3 * (last - first)
            beyond = beyond | (np.asarray(value) < first - slack) | (np.asarray(value) > last + slack)
        return beyond


def axis_table(axes, rates):
    """Monotone cubics through rates on a grid, along one axis after the other, as a Lookup."""
    from scipy.interpolate import PchipInterpolator

    fine, values = [np.linspace(axis[0], axis[-1], FINE[len(axes)]) for axis in axes], rates
    for number, axis in enumerate(axes):
        values = PchipInterpolator(axis, values, axis=number)(fine[number])
    return Lookup(
        np.array([axis[0] for axis in axes]), np.array([axis[-1] for axis in axes]), np.maximum(values, 0.0)
    )
