"""How synapses and cells answer a step together, and the one time constant that is nearest to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass

from .filters import gradient_of

__all__ = ["step_response_", "nearest_tau_"]


def step_response_(synapses, weights_, filter_, t_):
    """Response at times in s to a step of all inputs at 0: the filters of synapses with weights (of sum 1),
    then the filter.

    Parameters
    ----------
    synapses : sequence of LowPass
    weights_ : sequence of float
    filter_ : RateFilter or None
    """
    from scipy.signal import lti, step

    a, c, b, d = (0.0, 0.0, 0.0, 0.0) if filter_ is None else filter_.coefficients_
    total = np.zeros(len(t_))
    for synapse, weight in zip(synapses, weights_):
        # In units of the mean time, so that coefficients are of order one.
        unit = synapse.delay_ + abs(b) + np.sqrt(abs(d))
        below = np.polymul([d / unit**2, b / unit, 1.0], synapse.below_(unit))
        total += (
            weight
            * step(
                lti(np.trim_zeros([c / unit**2, a / unit, 1.0], "f"), np.trim_zeros(below, "f")),
                T=np.asarray(t_) / unit,
            )[1]
        )
    return total


def nearest_tau_(synapses, weights_, filter_):
    """(tau, standard error) in s of the first-order filter whose step response is nearest, in squared
    distance over time, to that of `step_response_`.

    By Parseval's theorem that weighs the difference of the two responses at each frequency by 1/w^2, the
    spectrum of a step. The standard error is what that of the filter makes of it.
    """
    from dataclasses import replace

    from scipy.optimize import minimize_scalar

    def nearest(values):
        own = None if filter_ is None else replace(filter_, values=tuple(values))
        slowest = max(synapse.delay_ for synapse in synapses) + (
            0.0 if own is None else abs(own.coefficients_[2]) + abs(own.coefficients_[0])
        )
        t_ = np.linspace(0, 20 * slowest, 8001)
        target = step_response_(synapses, weights_, own, t_)
        distance = lambda log: np.trapezoid((target - 1 + np.exp(-t_ / (np.exp(log) * slowest))) ** 2, t_)
        return slowest * np.exp(
            minimize_scalar(
                distance, bounds=(np.log(1e-3), np.log(10.0)), method="bounded", options={"xatol": 1e-10}
            ).x
        )

    if filter_ is None:
        return float(nearest(())), 0.0
    gradient = gradient_of(nearest, filter_.values)
    return float(nearest(filter_.values)), float(np.sqrt(gradient @ np.array(filter_.covariance) @ gradient))
