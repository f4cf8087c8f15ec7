"""Rates of cells without what the luck of their inputs explains: control variates.

How many Poisson events a cell happened to get is known, and so is how many it should. What the difference
does to its rate is taken out of it, which leaves the mean as it was, and less scatter.
"""

from __future__ import annotations

import numpy as np

__all__ = ["ControlledRates", "regressed", "rise_with_current"]

LEAST_ = 0.2  # Hz; below it rates scatter as those of so many do


def regressed(rate, excess, scale):
    """Mean rate without what the luck of the input explains, its standard error, and d rate/d source rate.

    How many Poisson events a cell happened to get is known, and so is how many it should: regressing the rate
    on the excess takes out most of the variance. The slope of that regression is the derivative of the mean
    rate with respect to the rate of the events (for Poisson events, cov(y, n) = var(n) dE[y]/d(mean n)): the
    gradient comes for free.

    Parameters
    ----------
    rate : ndarray, shape (cell,)
    excess : ndarray, shape (source, cell)
        Rate of the events counted, less the one expected, Hz.
    scale : ndarray, shape (source,)
        Prior standard deviation of the slopes, Hz per Hz.
    """
    cells = rate.size
    design = np.vstack([np.ones(cells), excess * scale[:, None]])
    spread = rate.var() or 1.0
    precision = design @ design.T / spread + np.diag([0.0, *np.ones(len(excess))])
    inverse = np.linalg.pinv(precision)
    values = inverse @ (design @ rate) / spread
    left = rate - values @ design
    free = max(cells - len(values), 1)
    return values[0], np.sqrt(np.sum(left**2) / free / cells), values[1:] * scale


class ControlledRates:
    """Rates at points, from cells of each that differ by chance alone.

    An event more in a second moves the rate of a cell by how steep the rate is at its point, times a number
    for each source that all points have in common, found by least squares over all cells.

    Parameters
    ----------
    steepness : callable
        From the rates of all points how steeply they rise there, in any units, along any directions, shape
        (direction, point).
    sources : sequence of Source
        Their rates are numbers, or arrays over all points.
    observed_ : float
        How long spikes and events of each cell are counted, s.
    """

    def __init__(self, steepness, sources, observed_):
        self.steepness, self.sources, self.observed_ = steepness, sources, observed_
        self.runs = []

    def add(self, points, measured, replicates):
        """Cells at some points, `replicates` of them at each; the first time at all points.

        Parameters
        ----------
        measured : PointRates
        """
        statistics = measured.statistics
        shape = len(points), replicates
        expected = [
            source.rate_ if np.ndim(source.rate_) == 0 else source.rate_[points, None]
            for source in self.sources
        ]
        excess = [
            np.reshape(statistics.events[source.label], shape) / self.observed_ - rate
            for source, rate in zip(self.sources, expected)
        ]
        self.runs.append((points, np.reshape(statistics.count / self.observed_, shape), np.array(excess)))

    @property
    def rates_(self):
        """(rates, their standard errors) of all points."""
        number = len(self.runs[0][1])
        cells, total = np.zeros(number), np.zeros(number)
        for points, rate, _ in self.runs:
            cells[points] += rate.shape[1]
            total[points] += rate.sum(axis=1)
        plain = total / cells
        steepness = self.steepness(plain)
        # Rows of all cells, as far from the mean of their point, and as precise as a rate like that is
        left, luck = [], []
        for points, rate, excess in self.runs:
            weight = 1 / np.sqrt(np.maximum(plain[points], LEAST_))[:, None]
            left.append((weight * (rate - plain[points, None])).ravel())
            own = excess - excess.mean(axis=2, keepdims=True)
            rows = weight * steepness[:, None, points, None] * own
            luck.append(rows.reshape(-1, rate.size))
        moved, *_ = np.linalg.lstsq(np.concatenate(luck, axis=1).T, np.concatenate(left), rcond=None)
        moved = moved.reshape(len(steepness), -1)
        total, square = np.zeros(number), np.zeros(number)
        for points, rate, excess in self.runs:
            freed = rate - np.einsum("dp,dk,kpc->pc", steepness[:, points], moved, excess)
            total[points] += freed.sum(axis=1)
            square[points] += (freed**2).sum(axis=1)
        mean = total / cells
        variance = np.maximum(square - cells * mean**2, 0.0) / np.maximum(cells - 1, 1)
        # Where no cell fired the rate is 0; one spike more or less in all is the least that chance can do
        sem = np.maximum(np.sqrt(variance / cells), 1 / (cells * self.observed_))
        return np.where(plain > 0, np.maximum(mean, 0.0), 0.0), sem


def rise_with_current(I_, g_):
    """What gives the slopes of rates over the current at every leak, none below 0, over the largest.

    Parameters
    ----------
    I_, g_ : ndarray, shape (point,)
        Mean current and mean total leak.
    """

    def steepness(rates):
        found = np.zeros(len(rates))
        for leak in np.unique(g_):
            own = np.flatnonzero(g_ == leak)
            own = own[np.argsort(I_[own])]
            if len(own) > 1:
                found[own] = np.maximum(np.gradient(rates[own], I_[own]), 0.0)
        return np.where(rates > 0, found, 0.0)[None] / (found.max(initial=0.0) or 1.0)

    return steepness
