"""Cells fire independently of one another: the correlation of spike counts."""

from __future__ import annotations

import numpy as np

from ...reduction.loops.foretold import CORRELATION, COUNT_BIN_, LIMITS
from .asynchrony import Asynchrony
from .base import Premise

__all__ = ["WeakCorrelation"]


class WeakCorrelation(Premise):
    """Mean correlation of the spike counts of two cells in 5 ms, from the variance of the population's count
    N Var(mean)/ mean(Var) = 1 + (N - 1) c.
    """

    name = "weak correlation"
    meaning = (
        "The sum of K inputs that are correlated by c varies 1 + (K - 1) c times as much as that of"
        " independent ones. Below c = 0.5/K that is at most half more, which the gains hardly notice; above"
        " it cells live in other noise than the one their gains were measured in."
    )
    limit = LIMITS[CORRELATION]  # of the correlation times the in-degree
    reason = (
        "sums of K inputs that are correlated by 0.5/K vary at most 1.5 times as much as independent ones"
    )
    fatal = Asynchrony.fatal
    otherwise = "make connections sparser, spread the delays, or give every cell drives of its own"

    def measure(self, evidence):
        worst, where, limit = np.nan, "", np.nan  # the worst relative to its limit
        alone = {}  # of populations that share trains and project nowhere: nothing limits it
        for run in evidence.runs:
            start, bins = run.duration_ / 4, int(0.75 * run.duration_ / COUNT_BIN_)
            for population, i, t in evidence.trains(run):
                K, N = _in_degree(evidence.circuit, population), run.sizes[population]
                if N < 2 or not (K or _shared(evidence.circuit, population)) or bins < 2:
                    continue
                column = np.minimum(((t - start) / COUNT_BIN_).astype(int), bins - 1)
                total = np.bincount(column, minlength=bins)
                # Var of single cells: E[n^2] - E[n]^2, n^2 summed over the (cell, bin) that hold spikes.
                _, counts = np.unique(i.astype(np.int64) * bins + column, return_counts=True)
                own = np.bincount(i, minlength=N) / bins
                single = np.sum(counts**2) / bins - np.sum(own**2)
                correlation = (np.var(total) - single) / (single * (N - 1))
                if not K:
                    alone[population] = float(correlation)
                    continue
                if not correlation * K <= worst * self.limit / limit:
                    worst, where = float(correlation), f"population {population}, in-degree {K:g}"
                    name = population
                    limit = self.limit / K
        what = f"mean correlation of the spike counts of two cells in {COUNT_BIN_ * 1e3:g} ms"
        if np.isnan(worst) and alone:
            where = max(alone, key=lambda name: abs(alone[name]))
            return self.row(
                alone[where],
                True,
                f"population {where}: {what}, which no cell sums up{_shared(evidence.circuit, where)}",
                f"<= {self.limit:g}/K",
            )
        if np.isnan(worst):
            return self.unmeasured(
                "no recurrent population fired: there is nothing that could correlate",
                bound=f"<= {self.limit:g}/K",
            )
        advice = f"{where}: {what}{_shared(evidence.circuit, name)}"
        if worst > limit:
            advice += (
                "; the inputs of a cell fire together and vary more than gains assume: make connections"
                " sparser, spread delays"
            )
        return self.row(worst, worst <= limit, advice, f"<= {limit:.2g}")


def _shared(circuit, population):
    """What cells of a population have in common through drives, in words; empty where nothing."""
    return "".join(
        f"; of the {d.inputs} trains of drive {d.name} two cells share {d.inputs * d.overlap:.3g} on average,"
        f" by which its currents correlate by {d.overlap:.2g}"
        for d in circuit.drives
        if d.target == population and d.overlap
    )


def _in_degree(circuit, population):
    """How many inputs from a population a cell has, at most."""
    return max(
        (
            p.K
            for target in circuit.populations
            for p in circuit.pathways(target)
            if not p.is_drive and p.source == population
        ),
        default=0,
    )
