"""One rate stands for a population."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from .base import Premise

__all__ = ["CellsAlike"]


class CellsAlike(Premise):
    """Standard deviation of the rates of cells without what counting adds (from the counts of two halves),
    over their mean.
    """

    name = "cells alike"
    meaning = (
        "One rate stands for a whole population. Where cells of a population fire at rates that differ much,"
        " through their wiring or their parameters, the rate of the mean cell is not the mean of the rates,"
        " since the gain is curved."
    )
    limit = 0.3
    reason = (
        "where the slope of the gain changes by k over a window as wide as the rate, the mean over cells is"
        " off by k (sd/mean)^2/2: by 5 % at 0.3 for a slope that doubles"
    )
    change = FrozenDict({"cells": True})

    def measure(self, evidence):
        worst, where, followed = np.nan, "", evidence.reduced.cells
        for run in evidence.runs:
            start, half = run.duration_ / 4, 0.375 * run.duration_
            for population, i, t in evidence.trains(run):
                N = run.sizes[population]
                n_1, n_2 = (
                    np.bincount(i[(t >= first) & (t < first + half)], minlength=N)
                    for first in (start, start + half)
                )
                mean = np.mean(n_1 + n_2)
                if N < 2 or not mean > 0:
                    continue
                # The covariance of two stretches is what cells keep; what they do not share is counting.
                spread = float(
                    np.sqrt(max(np.mean((n_1 - n_1.mean()) * (n_2 - n_2.mean())), 0.0)) / (mean / 2)
                )
                if not spread <= worst:
                    worst, where = spread, population
        if np.isnan(worst):
            return self.unmeasured("no population of at least two cells fired")
        advice = (
            f"population {where}: standard deviation of the rates of its cells over their mean, without what"
            " counting adds"
        )
        if not self.allows(worst):
            advice += (
                "; here every cell has a unit of its own"
                if followed
                else "; the rate of a mean cell is not the mean rate: use reduce(..., cells=True)"
            )
        return self.row(worst, self.allows(worst) or followed, advice)
