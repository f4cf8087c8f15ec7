"""How irregular recorded trains are, and how much together they spike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["FEWEST_WINDOWS", "WINDOW_", "TrainStatistics", "train_statistics"]

WINDOW_ = 20e-3  # s, of counts: about what a membrane sums up over
FEWEST_WINDOWS = 50  # a variance is then known to a fifth: sqrt(2/windows)


class TrainStatistics(NamedTuple):
    """Of recorded trains; NaN where too little was recorded."""

    cv: float  #: standard deviation of intervals over their mean, averaged over trains
    fano: float  #: variance over mean of the counts of single trains in windows of 20 ms
    summed: float  #: the same of the counts of all trains that a cell sees

    @property
    def said(self):
        """In words, by which trains can be told from Poisson trains."""
        if np.isnan(self.summed):
            return f"less than {FEWEST_WINDOWS * WINDOW_:g} s were recorded, too little to see their variance"
        return (
            f"variance over mean of spikes in {WINDOW_ * 1e3:g} ms is {self.summed:.2g} of all that a cell"
            f" sees and {self.fano:.2g} of single trains, the CV of their intervals {self.cv:.2g} (1 for"
            " independent Poisson trains)"
        )


def train_statistics(trains, inputs):
    """TrainStatistics of a `GivenTrains`, of which a cell sees so many.

    The variance of a sum of K trains is K times that of one plus K (K - 1) times the covariance of two, whose
    mean over pairs follows from the variance of the sum of all.
    """
    return TrainStatistics(_cv(trains), *_fano(trains, inputs))


def _cv(trains):
    order = np.lexsort((trains.t, trains.i))
    i, t = trains.i[order], trains.t[order]
    intervals, own = np.diff(t), np.diff(i) == 0
    whose, intervals = i[1:][own], intervals[own]
    number = np.bincount(whose)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(whose, intervals) / number
        variance = np.bincount(whose, (intervals - mean[whose]) ** 2) / (number - 1)
        cv = np.sqrt(variance) / mean
    enough = number >= 5  # intervals: fewer say little about their spread
    return float(np.mean(cv[enough])) if enough.any() else np.nan


def _fano(trains, inputs):
    windows = int(trains.duration_ / WINDOW_ * (1 + 1e-9))
    if windows < FEWEST_WINDOWS:
        return np.nan, np.nan
    window = (trains.t / WINDOW_).astype(np.int64)
    inside = window < windows
    i, window = trains.i[inside].astype(np.int64), window[inside]
    _, counts = np.unique(i * windows + window, return_counts=True)
    rates = np.bincount(i, minlength=trains.number) / windows
    mean = rates.sum()
    if not mean:
        return np.nan, np.nan
    spread = windows / (windows - 1)
    fano = (np.sum(counts**2) / windows - np.sum(rates**2)) * spread / mean
    total = np.bincount(window, minlength=windows)
    whole = float(np.var(total, ddof=1)) / mean
    if trains.number == 1:
        return float(fano), float(fano)
    return float(fano), float(fano + (inputs - 1) * (whole - fano) / (trains.number - 1))
