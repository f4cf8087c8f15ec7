"""Where rates come to rest."""

from __future__ import annotations

import numpy as np

__all__ = ["steady_rates"]

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
