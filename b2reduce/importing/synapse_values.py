"""Weights and delays of synapses, as a circuit gives them: one value, a distribution, or one a synapse."""

from __future__ import annotations

import numpy as np

from ..basics.units import format_quantity, with_units
from ..circuit.sizes import MOST_CUT
from .algebra import rounded
from .audit import shown
from .spread_values import REFUSED, estimated, looks_lognormal, looks_normal, looks_uniform, round_ends, same

__all__ = ["any_of", "delays_of", "independent", "sizes_of"]

_LISTED = 500
_TREND = 3.3  # standard deviations of a correlation: beyond it is 0.1 %


def sizes_of(values, i, j, unit):
    """(text of a distribution of sizes, what it is) that no test refuses, or (None, why).

    Parameters
    ----------
    values : ndarray
        SI, of one sign.
    i, j : ndarray of int
        Cells that the synapses connect: sizes that go with one of them are no independent draws.
    unit : str
    """
    for what, cells in (("comes from", i), ("goes onto", j)):
        if not independent(values, cells):
            return None, f"weights go with the cell that a synapse {what}"
    mean, sd = values.mean(), values.std(ddof=1)
    moments = [with_units(estimated(each), unit) for each in (mean, sd)]
    written = ", ".join(map(format_quantity, moments))
    told = f"{', '.join(map(shown, moments))}); networks draw their own"
    if looks_normal(values):
        from scipy.special import ndtr

        if ndtr(-abs(mean) / sd) <= MOST_CUT / 2:
            return f"normal({written})", f"weights normal({told}"
    if looks_lognormal(values):
        return f"lognormal({written})", f"weights lognormal({told}"
    return None, "weights follow no distribution that circuits know"


def any_of(values, unit):
    """Sizes that are drawn from these, all of them or as many of their quantiles as say the same."""
    values = np.sort(values)
    if values.size > _LISTED:
        values = values[((np.arange(_LISTED) + 0.5) * values.size / _LISTED).astype(int)]
    return with_units(values, unit)


def independent(values, cells):
    """Whether values differ between cells by no more than between the synapses of a cell (one-way analysis of
    variance), and do not grow or fall from cell to cell."""
    from scipy.stats import f as fisher

    if np.ptp(cells) > 0 and np.ptp(values) > 0:
        trend = np.corrcoef(values, cells)[0, 1] * np.sqrt(values.size)
        if abs(trend) > _TREND:
            return False
    count = np.bincount(cells)
    used = count > 0
    groups, number = int(used.sum()), values.size
    if groups < 2 or number - groups < 2:
        return True
    total = np.bincount(cells, weights=values)[used]
    between = np.sum(total**2 / count[used]) - values.sum() ** 2 / number
    within = np.sum((values - values.mean()) ** 2) - between
    if within <= 0:
        return between <= 0
    statistic = (between / (groups - 1)) / (within / (number - groups))
    return bool(fisher.sf(statistic, groups - 1, number - groups) >= REFUSED)


def delays_of(values, i, j):
    """(delay as a projection has it, None) of delays in s, or (None, why) where each synapse keeps its
    own.
    """
    values = np.atleast_1d(values)
    second = lambda value: with_units(rounded(float(value)), "s")
    if same(values):
        return second(values[0]), f"delay {shown(second(values[0]))}"
    if looks_uniform(values) and independent(values, i) and independent(values, j):
        ends = [second(end) for end in round_ends(float(values.min()), float(values.max()), values.size)]
        return ends, f"delays {shown(ends[0])} to {shown(ends[1])}, as evenly drawn"
    return None, "delays of each synapse"
