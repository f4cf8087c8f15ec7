"""Rates at a list of points, replicates pooled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .engine import CellStatistics, count_sem
from .integration import LIMIT, StepCheck

__all__ = ["PointRates", "pooled_rates"]


@dataclass(frozen=True)
class PointRates:
    """Rates at points, replicates pooled; arrays over points, SI.

    Sums are kept rather than rates, so that later replicates can be added.
    """

    simulated: np.ndarray  #: time, warm-up included, all replicates together, s
    time: np.ndarray  #: the part of it that was observed
    replicates: np.ndarray
    spikes: np.ndarray
    square_sum: np.ndarray  #: of the count of each replicate
    first_interval_sum: np.ndarray
    first_intervals: np.ndarray
    interval_sum: np.ndarray
    interval_square_sum: np.ndarray
    intervals: np.ndarray
    periodic: np.ndarray | None  #: rate from intervals, where there is no noise
    dt: float
    engine: str
    method: str
    statistics: CellStatistics  #: of the last run, arrays over cells = points x replicates
    check: StepCheck | None = None  #: a sample of them at half the step
    notes: tuple = ()  #: what was replaced, and why
    remarks: tuple = ()  #: on rates that the run cannot tell, or that stand for one cell of many
    periodic_sem: np.ndarray | None = None  #: scatter of cells that differ, without noise

    @property
    def warnings(self):
        """What the numbers must not be used without."""
        return (*self._of_step, *self.remarks)

    @property
    def _of_step(self):
        if self.check is None or not LIMIT < self.check.error < np.inf:
            return self.notes
        grid = self.check.excess <= LIMIT
        cause = (
            f", as much as spikes on a time grid do, and the fastest interval is {1 / self.check.grid:.0f}"
            " steps"
            if grid and self.check.grid
            else ""
        )
        return (
            *self.notes,
            (
                f"rates err by up to {100 * self.check.error:.1f} %: at half the step they differ by"
                f" {100 * self.check.difference:.1f} % at {self.check.rate_:.3g} Hz{cause}; take dt below"
                f" {self.dt * 1e3 * LIMIT / self.check.error:.2g} ms"
            ),
        )

    @property
    def rate_(self):
        """Sustained rate."""
        return self.spikes / self.time if self.periodic is None else self.periodic

    @property
    def rate_sem_(self):
        """Standard error of the rate."""
        if self.periodic is not None:  # a run of intervals is known to one time step at either end
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.maximum(
                    np.where(self.intervals > 0, self.periodic * self.dt / self.interval_sum, 0.0),
                    self.periodic_sem,
                )
        return count_sem(self.spikes, self.square_sum, self.replicates) / self.time

    @property
    def onset_rate_(self):
        """One over the mean first interval; NaN where no replicate fired twice."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.first_intervals > 0, self.first_intervals / self.first_interval_sum, np.nan)

    @property
    def cv_(self):
        """Coefficient of variation of all intervals; NaN below two."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.interval_sum / self.intervals
            variance = np.maximum(self.interval_square_sum / self.intervals - mean**2, 0)
            return np.where(self.intervals > 1, np.sqrt(variance) / mean, np.nan)

    def pooled(self, points, more):
        """These rates with `more` replicates added at some points."""
        changed = {}
        for name in (
            "simulated",
            "time",
            "replicates",
            "spikes",
            "square_sum",
            "first_interval_sum",
            "first_intervals",
            "interval_sum",
            "interval_square_sum",
            "intervals",
        ):
            total = getattr(self, name).copy()
            total[points] += getattr(more, name)
            changed[name] = total
        return replace(self, **changed)


def pooled_rates(stats, points, replicates, noisy, dt_, engine, method):
    """`PointRates` of the statistics of cells, `replicates` of them at each point."""
    total = lambda values: np.nansum(np.reshape(values, (points, replicates)), axis=1)
    first = stats.second_time - stats.first_time
    periodic = periodic_sem = None
    if not noisy:
        each = stats.periodic_rate_.reshape(points, replicates)
        periodic, periodic_sem = (
            each.mean(axis=1),
            (each.std(axis=1, ddof=1) / np.sqrt(replicates) if replicates > 1 else np.zeros(points)),
        )
    return PointRates(
        simulated=total(stats.time),
        time=total(stats.time - stats.warmup),
        replicates=np.full(points, replicates),
        spikes=total(stats.count),
        square_sum=total(stats.count.astype(float) ** 2),
        first_interval_sum=total(first),
        first_intervals=total(np.isfinite(first)),
        interval_sum=total(stats.interval_sum),
        interval_square_sum=total(stats.interval_square_sum),
        intervals=total(stats.intervals),
        periodic=periodic,
        periodic_sem=periodic_sem,
        dt=dt_,
        engine=engine,
        method=method,
        statistics=stats,
    )
