"""Where rates come to rest."""

from __future__ import annotations

import numpy as np

from .search import APART, APART_

__all__ = ["apart", "loop_of", "states_of", "steady_rates"]

LOOP_STEP = 0.05  # relative, of the differences that give derivatives
# Relative: where the search for rest starts from, so that a point which small changes leave is not taken for
# rest
BESIDE = 0.01
CEILING_ = 1e5  # Hz: a rate model that reaches it runs away


def steady_rates(names, response_, start_=None):
    """Rates at which r = response(r) comes to rest, Hz; NaN where they run away.

    Integrates ds/dt = -s + r(s), one time constant for all: fixed points do not depend on it.

    Parameters
    ----------
    names : sequence of str
    response_ : callable
        {population: rate out} of {population: rate in}.
    start_ : mapping of str to float, optional
        Rates to start from, by default none.
    """
    from scipy.integrate import solve_ivp

    def out(s):
        rates = response_(dict(zip(names, s)))
        # With a ceiling what runs away comes to rest there, and a transient beyond it is none.
        return np.minimum([float(rates[name]) for name in names], CEILING_)

    start = [0.0 if start_ is None else start_[name] for name in names]
    solution = solve_ivp(lambda t, s: out(s) - s, (0, 500), start, method="LSODA", rtol=1e-8, atol=1e-8)
    rates = out(solution.y[:, -1])
    return dict(
        zip(
            names,
            (
                rates if solution.status == 0 and rates.max() < CEILING_ else np.full(len(names), np.nan)
            ).tolist(),
        )
    )


def loop_of(reduced):
    """{(target, source): d rate/d rate} of the rate model at its operating point, by differences."""
    point = reduced.operating_rate_
    slopes = {}
    for source in reduced.populations:
        change = max(LOOP_STEP * point[source], 0.1)
        down = max(point[source] - change, 0.0)
        low, high = (
            reduced.response_({**point, source: rate}, reduced.at_) for rate in (down, point[source] + change)
        )
        slopes.update(
            {
                (target, source): float(high[target] - low[target]) / (point[source] + change - down)
                for target in reduced.populations
            }
        )
    return slopes


def states_of(reduced):
    """[{population: rate}] in Hz at which the rate model comes to rest."""
    beside = {name: (1 + BESIDE) * rate for name, rate in reduced.operating_rate_.items()}
    known, silent = (reduced.steady_rates_(reduced.at_, start) for start in (beside, None))
    runaway = any(np.isnan(rate) for rate in [*known.values(), *silent.values()])
    return [known, silent] if apart(silent, known) and not runaway else [known]


def apart(rates_, known):
    """Whether rates in Hz are those of another state than the known ones."""
    return any(abs(rates_[name] - known[name]) > APART * known[name] + APART_ for name in known)
