"""A linear filter that moves with the rate: linear-nonlinear cascades with an adaptive time constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.fields import Many, Number, Whole
from ..basics.frozen import FrozenDict, Record
from .filters import RateFilter

if TYPE_CHECKING:
    from typing import Any

__all__ = ["MovingFilter", "fit_moving"]

DEGREE = 2  # of the polynomials in the logarithm of the rate
# Where fits begin: tau in s at the rate of reference, and lead
_STARTS = ((1e-3, 0.5), (2e-3, 0.5), (6e-3, 0.5), (2e-3, 1.5))
# Standard deviations of what is thought of log tau / 2 ms, of lead, and of how either moves with the log of
# the rate, before anything is measured: far wider than cells are, they only hold what no response decides
_WIDE = {"log_tau": (2.5, 3.0), "lead": (10.0, 10.0)}
_USUAL = 2e-3


@dataclass(frozen=True)
class MovingFilter(Record):
    """A filter of gain 1 at rest, H(s) = (1 + lead tau s)/(1 + tau s), of which tau and lead move with the
    rate r.

    log(tau/1 s) and lead are parabolas in l = log(r/reference), r within the rates that were measured.

    Attributes
    ----------
    reference_, lowest_, highest_ : float
        Hz; beyond the last two the filter stays what it is there.
    log_tau, lead : tuple of three floats
        Coefficients of 1, l and l^2.
    covariance : tuple of tuple of float
        Of `log_tau` and then `lead`.
    chi2 : float
        Weighted sum of squares of the residuals.
    dof : int
        Its degrees of freedom.
    """

    reference_: float
    lowest_: float
    highest_: float
    log_tau: tuple
    lead: tuple
    covariance: tuple
    chi2: float = np.nan
    dof: int = 0

    FIELDS = FrozenDict(
        reference_=Number,
        lowest_=Number,
        highest_=Number,
        log_tau=Many(Number, "coefficient"),
        lead=Many(Number, "coefficient"),
        covariance=Many(Many(Number, "parameter"), "parameter"),
        chi2=Number,
        dof=Whole,
    )

    def level_(self, rate_: Any) -> Any:
        """Log(r/reference) of rates in Hz, within what was measured."""
        return np.log(np.clip(rate_, self.lowest_, self.highest_) / self.reference_)

    def tau_(self, rate_: Any) -> Any:
        """Time constant in s at rates in Hz."""
        level = self.level_(rate_)
        return np.exp(self.log_tau[0] + level * (self.log_tau[1] + level * self.log_tau[2]))

    def lead_(self, rate_: Any) -> Any:
        """What passes at once, at rates in Hz."""
        level = self.level_(rate_)
        return self.lead[0] + level * (self.lead[1] + level * self.lead[2])

    @property
    def fastest_(self) -> float:
        """The shortest time constant, s, which a time step must resolve."""
        return float(np.min(self.tau_(np.geomspace(self.lowest_, self.highest_, 200))))

    @property
    def slowest_(self) -> float:
        """The longest time constant, s."""
        return float(np.max(self.tau_(np.geomspace(self.lowest_, self.highest_, 200))))

    def at_(self, rate_: float) -> RateFilter:
        """The filter of small changes beside a rate in Hz."""
        tau = float(self.tau_(rate_))
        unknown = (np.nan,) * 2
        return RateFilter("lead", 1.0, 0.0, (tau, tau * float(self.lead_(rate_))), unknown, (unknown,) * 2)


def fit_moving(responses, reference_):
    """The MovingFilter of linear responses at several rates, by least squares of all together, a gain each.

    Real and imaginary parts are weighted by their standard errors. Beside them stands a wide guess of the
    coefficients: where cells answer at once nothing measured tells a time constant.

    Parameters
    ----------
    responses : sequence of LinearResponse
        At different rates; of one, two or more the coefficients are constants, straight lines or parabolas.
    reference_ : float
        Hz.
    """
    from scipy.optimize import least_squares

    count = len(responses)
    number = min(DEGREE + 1, count)
    rates = np.array([each.rate_ for each in responses])
    powers = np.log(rates / reference_)[:, None] ** np.arange(number)
    scales = [np.abs(each.gain[each.frequency_.argmin()]) for each in responses]
    guess = np.zeros(2 * number)
    guess[0] = np.log(_USUAL)
    guess[number] = 1.0
    wide = np.concatenate(
        [[first, *[others] * (number - 1)] for first, others in (_WIDE["log_tau"], _WIDE["lead"])]
    )

    def residuals(p):
        own = p[count:]
        # Steps of the search may go anywhere
        taus, leads = np.exp(np.clip(powers @ own[:number], -20, 5)), powers @ own[number:]
        parts = [(own - guess) / wide]
        for gain, scale, tau, lead, each in zip(p, scales, taus, leads, responses):
            s = 2j * np.pi * each.frequency_
            left = (gain * scale * (1 + lead * tau * s) / (1 + tau * s) - each.gain) / each.gain_sem
            # At rest there is no imaginary part to count
            parts += [left.real, left.imag[each.frequency_ > 0]]
        return np.concatenate(parts)

    best = None
    for tau, lead in _STARTS:
        start = np.concatenate([np.ones(count), np.zeros(2 * number)])
        start[count], start[count + number] = np.log(tau), lead
        found = least_squares(residuals, start, x_scale="jac", max_nfev=2000)
        best = found if best is None or found.cost < best.cost else best
    own = best.x[count:]
    inverse = np.linalg.pinv(best.jac.T @ best.jac)[count:, count:]
    at = np.concatenate([np.arange(number), DEGREE + 1 + np.arange(number)])
    covariance, values = np.zeros((2 * (DEGREE + 1),) * 2), np.zeros(2 * (DEGREE + 1))
    covariance[np.ix_(at, at)], values[at] = inverse, own
    return MovingFilter(
        float(reference_),
        float(rates.min()),
        float(rates.max()),
        tuple(values[: DEGREE + 1].tolist()),
        tuple(values[DEGREE + 1 :].tolist()),
        tuple(map(tuple, covariance.tolist())),
        float(np.sum(best.fun[own.size :] ** 2)),
        int(best.fun.size - own.size - best.x.size),
    )
