"""Whether rates of a network have moved where something of it was taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Rate", "moved", "rate_of_run"]

#: Of a rate, or of 1 Hz where it is lower: an error up to which comparisons call a rate model quantitative.
LEAST = 0.15
_PARTS = 10  # of a run, whose counts say what its noise does to its rate


@dataclass(frozen=True)
class Rate:
    """The rate of a population in one run, in Hz, and the variance that it has by noise within the run."""

    value: float
    variance: float


def rate_of_run(times, size, length_):
    """The `Rate` of spikes of so many cells, at times from 0 to a length in s.

    The variance is that of the counts in parts of the run, and at least that of chance: a population that
    never fires may have done so for that time at up to some rate.
    """
    counts = np.histogram(times, bins=_PARTS, range=(0.0, length_))[0]
    whole = max(_PARTS * counts.var(ddof=1), counts.sum() + 1.0)
    return Rate(counts.sum() / (size * length_), whole / (size * length_) ** 2)


def moved(own, other, drawn_once):
    """Whether the mean rate of some runs differs from that of others by more than their spread allows.

    It has to be beyond each of three bounds: 15 %, which a mean field would be off by if it were exact for
    the others; 3.3 standard deviations (0.1 %) of the difference by noise within runs; and with n runs of
    each the 99 % interval by how far runs are apart, for which the larger of both variances counts. Where
    wiring and weights were drawn once, `own` is one draw, however often it was run: by chance alone it lies
    off the mean of n other draws by sqrt(1 + 1/n) of their standard deviation, and not by sqrt(2/n).
    Student's t has 2 (n - 1) degrees of freedom as long as noise makes the runs differ; where draws do, half
    as many are there, and the 99 % are about 95 %. Of a single run nothing says how far draws are apart, and
    twice the 15 % are asked for.

    Parameters
    ----------
    own, other : list of Rate
        As many of each.
    drawn_once : bool
        Whether all runs of `own` have the same wiring, and those of `other` each its own.
    """
    from scipy.stats import t as student

    own_, other_ = (np.array([each.value for each in runs]) for runs in (own, other))
    difference = abs(other_.mean() - own_.mean())
    number = other_.size
    least = LEAST * max(own_.mean(), 1.0) * (2 if number == 1 else 1)
    within = sum(sum(each.variance for each in runs) / len(runs) ** 2 for runs in (own, other))
    bound = max(least, 3.3 * np.sqrt(within))
    if number > 1:
        variance = max(own_.var(ddof=1), other_.var(ddof=1))
        draws = 1 + 1 / number if drawn_once else 2 / number
        bound = max(bound, student.ppf(0.995, 2 * (number - 1)) * np.sqrt(variance * draws))
    return bool(difference > bound)
