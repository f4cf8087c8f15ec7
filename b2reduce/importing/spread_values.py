"""Values that differ, as distributions: whether a test refuses that they are normal, lognormal or uniform.

Tests are at 0.1 %: what they let through is what a user has most likely written.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "LEAST",
    "REFUSED",
    "estimated",
    "looks_lognormal",
    "looks_normal",
    "looks_uniform",
    "round_ends",
    "same",
]

REFUSED = 1e-3
_SAME = 1e-9
LEAST = 20  # values; of fewer nothing is to be told
# Of Kolmogorov's distance of a normal distribution with mean and deviation of the same values, times sqrt(n)
# -
# 0.01 + 0.85/sqrt(n): Stephens 1974, J Am Stat Assoc 69:730, table 1A, has 1.035 at 1 %; 1.2 is beyond 0.1 %.
_STEPHENS = 1.2


def estimated(value):
    """A float in six digits: what a sample says of a distribution has no more."""
    return float(f"{value:.6g}")


def looks_normal(values):
    """Whether skew, kurtosis and the largest distance of the distribution are those of normal values."""
    from scipy import stats

    values = np.asarray(values, dtype=float)
    if values.size < LEAST or np.ptp(values) == 0:
        return False
    if np.unique(values).size < 0.9 * values.size:  # ties: few values that repeat
        return False
    scores = (values - values.mean()) / values.std(ddof=1)
    distance = stats.kstest(scores, "norm").statistic
    root = np.sqrt(values.size)
    return bool(
        stats.normaltest(scores).pvalue > REFUSED and distance * (root - 0.01 + 0.85 / root) < _STEPHENS
    )


def looks_lognormal(values):
    """The same of their logarithms, of values of one sign."""
    values = np.asarray(values, dtype=float)
    return bool(np.all(values > 0) or np.all(values < 0)) and looks_normal(np.log(np.abs(values)))


def looks_uniform(values):
    """Whether they lie evenly between the least and the largest of them."""
    from scipy import stats

    values = np.asarray(values, dtype=float)
    if values.size < LEAST or np.ptp(values) == 0 or np.unique(values).size < 0.9 * values.size:
        return False
    inner = np.sort(values)[1:-1]
    low, high = values.min(), values.max()
    return bool(stats.kstest((inner - low) / (high - low), "uniform").pvalue > REFUSED)


def round_ends(low, high, number):
    """Ends of an even distribution that are round, and as near as chance leaves the extremes: they are more
    than 7 of the mean distances between neighbours away with a probability of exp(-7), 0.1 %.
    """
    distance = 7 * (high - low) / number
    return [_rounder(end, away * distance) for end, away in ((low, -1), (high, 1))]


def _rounder(end, reach):
    """The number with the fewest digits between an end and what is so far away from it."""
    if min(end, end + reach) <= 0 <= max(end, end + reach):
        return 0.0
    for digits in range(1, 13):
        candidate = float(f"{end + reach / 2:.{digits}g}")
        if min(end, end + reach) <= candidate <= max(end, end + reach):
            return candidate
    return end


def same(values):
    """Whether values are one but for rounding."""
    values = np.asarray(values)
    return bool(values.size <= 1 or np.ptp(values) <= _SAME * np.abs(values).max())
