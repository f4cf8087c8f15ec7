"""When a cell has told all that is asked of it.

It repeats itself, rests, has settled, or is known well enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .cells import count_sem, first_step

__all__ = ["Decided", "Settled", "Spiked", "Precise"]


@dataclass
class Settled:
    """Stop cells without noise once their rate is known. One object serves one run.

    A cell is done at a look if, in the stretch since the look before,

    - its state after a spike was bit for bit that after the spike before: the rest of the run is known and is
    filled in;
    - it was silent and no variable moved by more than `still`, relative to the largest size it has had in any
    cell;
    - its intervals were even to one time step, and their mean agrees with that of the stretch before, half as
    long, to
      `rtol`. A slow process of time constant tau that still moves the rate by `rtol` over such stretches, T/4
      and T/2 long up to time T, leaves it x/(1 - x) times that from where it goes, x = exp(-3 T/(8 tau)): 2
      rtol at tau = T, 13 rtol at 5 T.

    The first two give what the whole run would give, the third the rate of the last stretch.
    """

    rtol: float = 2e-4
    still: float = 1e-6
    _before: object = None  # the last stretch, of the cells that are still on
    _scale: dict = field(default_factory=dict)

    def applies(self, kernel_source):
        """Whether the future of a cell follows from its state."""
        return kernel_source.autonomous

    def looks_(self, duration_, warmup_):
        """Times of the looks: doubling, the end of the warm-up among them."""
        return sorted({duration_ / 2**k for k in range(6)} | ({warmup_} if warmup_ > 0 else set()))

    def finished(self, whole, stretch, dt_):
        """(which cells are done, statistics in which those that are done have their final values)."""
        before, repeats, rests, settled = self.seen(stretch, dt_)
        whole = _repeated(whole, stretch.period, repeats, dt_)
        if before is not None:
            for name in ("count", "first_counted_time", "interval_sum", "interval_square_sum"):
                getattr(whole, name)[settled] = getattr(stretch, name)[settled]
            whole.late_count[settled] = stretch.count[settled]
        return repeats | rests | settled, whole

    def seen(self, stretch, dt_):
        """(the stretch before, which cells repeat themselves, which rest, which have settled)."""
        before, self._before = self._before, stretch
        for name, values in stretch.final_state.items():
            self._scale[name] = max(self._scale.get(name, 0.0), np.nanmax(np.abs(values), initial=0.0))
        repeats = stretch.period > 0
        rests = settled = np.zeros(repeats.size, dtype=bool)
        if before is not None:
            moved = [
                np.abs(values - before.final_state[name]) <= self.still * self._scale[name]
                for name, values in stretch.final_state.items()
            ]
            rests = (stretch.count == 0) & (before.count == 0) & np.all(moved, axis=0)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean, mean_before = (x.interval_sum / x.intervals for x in (stretch, before))
                spread = np.sqrt(np.maximum(stretch.interval_square_sum / stretch.intervals - mean**2, 0))
                settled = (
                    (np.minimum(stretch.intervals, before.intervals) >= 3)
                    & (dt_ <= self.rtol * stretch.interval_sum)
                    & (np.abs(mean - mean_before) <= self.rtol * mean)
                    & (spread <= dt_ + self.rtol * mean)
                    & ~repeats
                )
        return before, repeats, rests, settled

    def keep(self, cells):
        """Leave all other cells behind."""
        self._before = self._before.taken(cells)


def _repeated(whole, period, repeats, dt_):
    """Statistics up to the planned end of cells whose last interval comes again and again."""
    step = lambda time_: np.round(time_ / dt_).astype(np.int64)
    interval, last = (
        np.maximum(step(np.where(repeats, period, dt_)), 1),
        step(np.where(repeats, whole.last_time, 0.0)),
    )
    # Repetitions at steps below it
    spikes_before = lambda end: np.maximum(-((last - end) // interval) - 1, 0)
    warmup, half = first_step(whole.warmup, dt_), first_step(whole.duration / 2, dt_)
    total = spikes_before(int(round(whole.duration / dt_)))
    counted, late = (total - np.minimum(spikes_before(begin), total) for begin in (warmup, half))
    known = 0 if whole.warming_up else 1  # what was counted within the warm-up is forgotten
    fresh = known * whole.count == 0
    intervals = np.where(fresh, np.maximum(counted - 1, 0), counted)
    first = np.where(counted > 0, (last + (spikes_before(warmup) + 1) * interval) * dt_, np.nan)
    changed = {
        "total": whole.total + total,
        "held": whole.held + whole.held / np.maximum(whole.total, 1) * total,
        "late_count": whole.late_count + late,
        "last_time": whole.last_time + total * interval * dt_,
        "count": known * whole.count + counted,
        "first_counted_time": np.where(fresh, first, whole.first_counted_time),
        "interval_sum": known * whole.interval_sum + intervals * interval * dt_,
        "interval_square_sum": known * whole.interval_square_sum + intervals * (interval * dt_) ** 2,
    }
    return replace(
        whole, **{name: np.where(repeats, values, getattr(whole, name)) for name, values in changed.items()}
    )


PATIENT = 4  # times the usual duration


@dataclass
class Decided:
    """Stop cells without noise once it is known whether they fire. One object serves one run.

    A cell that waits for its first spike is decided by it. One that is to go on firing is decided once it
    repeats itself or has settled, or, from the usual duration on, if it fired at least twice in the stretch
    since the look before, and no more slowly than in the one before, half as long; from `PATIENT` times as
    long on if it was slower by less than `falling`. A cell that rests (see `Settled`) is silent. What is
    still on its way at the end is undecided.
    """

    sustained: bool
    longest: float = 1.0  #: times the usual duration
    falling: float = 0.1
    verdict: object = None  #: of each cell, when the run is over: 1 fires, -1 silent, 0 undecided
    judges_the_end = True
    _settled: Settled = field(default_factory=Settled)
    _cells: object = None  # the numbers of those that are still on

    def applies(self, kernel_source):
        """Whether the future of a cell follows from its state."""
        return kernel_source.autonomous

    def looks_(self, duration_, warmup_):
        """Times of the looks, doubling."""
        return [self.longest * duration_ / 2**k for k in range(5 + int(np.log2(self.longest)), -1, -1)]

    def finished(self, whole, stretch, dt_):
        """(which cells are done, their statistics)."""
        if self.verdict is None:
            self.verdict, self._cells = np.zeros(whole.total.size, dtype=int), np.arange(whole.total.size)
        before, repeats, rests, settled = self._settled.seen(stretch, dt_)
        if self.sustained:
            fires = repeats | settled
            if whole.time[0] >= whole.duration * (1 - 1e-9):
                with np.errstate(invalid="ignore", divide="ignore"):
                    lengthened = (
                        stretch.interval_sum / stretch.intervals
                        > (1 + self._settled.rtol) * before.interval_sum / before.intervals
                    )
                slowing = lengthened & (whole.time[0] < PATIENT * whole.duration * (1 - 1e-9))
                fires |= (
                    (stretch.count >= 2)
                    & (stretch.count >= 2 * (1 - self.falling) * before.count - 1)
                    & ~slowing
                )
        else:
            fires = whole.total > 0
        self.verdict[self._cells[fires]] = 1
        self.verdict[self._cells[rests & ~fires]] = -1
        return fires | rests, whole

    def keep(self, cells):
        """Leave all other cells behind."""
        self._cells = self._cells[cells]
        self._settled.keep(cells)


@dataclass
class Spiked:
    """Stop cells once they have fired a number of spikes."""

    number: int

    def applies(self, kernel_source):
        """Always."""
        return True

    def looks_(self, duration_, warmup_):
        """Times of the looks: doubling."""
        return [duration_ / 2**k for k in range(6, -1, -1)]

    def finished(self, whole, stretch, dt_):
        """(which cells are done, their statistics)."""
        return whole.total >= self.number, whole

    def keep(self, cells):
        """Nothing to leave behind."""


@dataclass
class Precise:
    """Stop points in noise once the standard error of their rate, over replicates, is below `rtol` times the
    rate.

    Replicates of a point are neighbours among the cells. A point that has not fired once by the usual end is
    done.
    """

    rtol: float
    replicates: int
    longest: int = 16  #: times the usual duration

    def applies(self, kernel_source):
        """Always."""
        return True

    def looks_(self, duration_, warmup_):
        """Times of the looks.

        The end of the warm-up, then doubling from a quarter of the usual time after it.
        """
        fractions, looks = 0.25, [warmup_] if warmup_ > 0 else []
        while fractions <= self.longest:
            looks.append(warmup_ + fractions * (duration_ - warmup_))
            fractions *= 2
        return looks

    def finished(self, whole, stretch, dt_):
        """(which cells are done, their statistics)."""
        observed = whole.time[0] - whole.warmup
        if observed <= dt_:
            return np.zeros(whole.count.size, dtype=bool), whole
        counts = whole.count.reshape(-1, self.replicates)
        spikes = counts.sum(axis=1)
        sem = count_sem(spikes, (counts.astype(float) ** 2).sum(axis=1), self.replicates)
        usual = whole.duration - whole.warmup
        done = (spikes > 0) & (sem <= self.rtol * spikes) | (spikes == 0) & (observed >= usual - dt_)
        return np.repeat(done, self.replicates), whole

    def keep(self, cells):
        """Nothing to leave behind."""
