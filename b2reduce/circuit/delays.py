"""How delays are distributed over the synapses of a projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["AT_ONCE", "Delays", "delays_of"]

FEW = 40  # different delays of given synapses that are kept as they are; more are put into as many stretches


@dataclass(frozen=True)
class Delays:
    """Shares of synapses whose delays are uniform between two times in s, which may be the same.

    Attributes
    ----------
    least_, greatest_, share : tuple of float
        Of every stretch; shares add up to 1.
    """

    least_: tuple
    greatest_: tuple
    share: tuple

    @property
    def none(self):
        """Whether all is there at once."""
        return self.longest_ == 0

    @property
    def longest_(self):
        """The longest delay, s."""
        return max(self.greatest_)

    @property
    def mean_(self):
        """The mean delay, s."""
        return sum(share * (a + b) / 2 for a, b, share in self._stretches)

    @property
    def variance_(self):
        """Variance of the delays, s^2."""
        square = sum(share * (a * a + a * b + b * b) / 3 for a, b, share in self._stretches)
        return max(square - self.mean_**2, 0.0)

    @property
    def _stretches(self):
        return zip(self.least_, self.greatest_, self.share)

    def transfer_(self, s):
        """The mean of exp(-s d) over the delays d, at complex s in 1/s."""
        s, found = np.asarray(s, dtype=complex), 0.0
        for a, b, share in self._stretches:
            half = s * (b - a) / 2
            small = np.abs(half) < 1e-4
            # sinh(x)/x about the middle, which two exponentials lose near 0
            spread = np.where(small, 1 + half**2 / 6, np.sinh(half) / np.where(small, 1.0, half))
            found = found + share * np.exp(-s * (a + b) / 2) * spread
        return found

    def quadrature_(self, points=24):
        """(times in s, weights) whose sum is the mean over the delays."""
        nodes, weights = np.polynomial.legendre.leggauss(points)
        times, shares = [], []
        for a, b, share in self._stretches:
            if a == b:
                times.append([a])
                shares.append([share])
            else:
                times.append((a + b) / 2 + (b - a) / 2 * nodes)
                shares.append(share * weights / 2)
        return np.concatenate(times), np.concatenate(shares)

    def steps_(self, dt_):
        """Weights of the values now, one step ago, ... of what is delayed and straight between steps."""
        number = int(np.ceil(self.longest_ / dt_ - 1e-9)) + 1
        steps, weights = np.arange(number + 1), np.zeros(number + 1)
        for a, b, share in self._stretches:
            first, last = a / dt_, b / dt_
            weights += share * (
                np.maximum(1 - np.abs(steps - first), 0.0)
                if last - first < 1e-9
                else (_under_hat(last - steps) - _under_hat(first - steps)) / (last - first)
            )
        return weights[: np.flatnonzero(weights > 1e-12)[-1] + 1]


def _under_hat(x):
    """The integral up to x of the hat function of width one either side of 0."""
    x = np.clip(x, -1.0, 1.0)
    return np.where(x < 0, (1 + x) ** 2 / 2, 1 - (1 - x) ** 2 / 2)


AT_ONCE = Delays((0.0,), (0.0,), (1.0,))


def delays_of(projection):
    """The Delays of a projection."""
    given = None if projection.wiring is None else projection.wiring.delay
    if given is None:
        return Delays((float(projection.delay[0]),), (float(projection.delay[-1]),), (1.0,))
    weight = np.ones(len(given)) if projection.wiring.weight is None else np.abs(projection.wiring.weight)
    values, where = np.unique(given, return_inverse=True)
    if len(values) > FEW:
        edges = np.linspace(values[0], values[-1], FEW + 1)
        shares = np.histogram(given, edges, weights=weight)[0]
        least, greatest = edges[:-1], edges[1:]
    else:
        shares, least, greatest = np.bincount(where.ravel(), weights=weight), values, values
    used = shares > 0
    return Delays(*(tuple(x[used].tolist()) for x in (least, greatest, shares / shares.sum())))
