"""The filter of second order, which synapses with a rise are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .linear_filter import LinearFilter

__all__ = ["TwoPoles"]

#: Relative distance that time constants are taken to have at least in sums over poles, which cancel where
#: they are equal: the sums are then off by as much, and by rounding to 1e-8.
APART = 1e-4


def _apart(*taus_):
    """The time constants, ascending along the first axis, and moved apart where two are next to equal."""
    taus_ = np.sort(np.array(np.broadcast_arrays(*taus_), dtype=float), axis=0)
    near = np.any(np.diff(taus_, axis=0) < APART / 3 * taus_[:-1], axis=0)
    shifts = APART * (np.arange(len(taus_)) - (len(taus_) - 1) / 2)
    return taus_ * (1 + np.multiply.outer(shifts, near))


def _shares(taus_):
    """A of 1/prod(1 + tau_i^2 w^2) = sum A_i/(1 + tau_i^2 w^2)."""
    squares = taus_**2
    return np.array(
        [
            np.prod([own / (own - other) for j, other in enumerate(squares) if j != i], axis=0)
            for i, own in enumerate(squares)
        ]
    )


@dataclass(frozen=True)
class TwoPoles(LinearFilter):
    """The filter 1/((1 + tau_rise s)(1 + tau s)) of gain 1 at rest. Answers as `LowPass` does.

    Both time constants may be the same.
    """

    tau_rise_: float
    tau_: float

    at_once = False

    @property
    def delay_(self):
        """Mean delay in s, by how much slow changes come late."""
        return self.tau_rise_ + self.tau_

    @property
    def fastest_(self):
        """The time constant in s that a time step must resolve."""
        return min(self.tau_rise_, self.tau_)

    def equations(self, key, incoming):
        """Brian2 lines that filter a rate into ``s_<key>``, in two steps."""
        return [
            f"dh_{key}/dt = (-h_{key} + {incoming})/tau_rise_{key} : Hz",
            f"ds_{key}/dt = (-s_{key} + h_{key})/tau_{key} : Hz",
            *(f"{name} : second (constant)" for name in self.parameters_(key)),
        ]

    def parameters_(self, key):
        """{variable: SI value} of what `equations` name and declare."""
        return {f"tau_rise_{key}": self.tau_rise_, f"tau_{key}": self.tau_}

    def held_(self, key, rate):
        """{variable: value} of its state where the rate in Hz has long been."""
        return {f"h_{key}": rate, f"s_{key}": rate}

    def latex(self, symbol, incoming, shown):
        """The same as a line of LaTeX; `shown` writes an SI value with its unit."""
        factor = lambda tau_: rf"\left(1 + {shown(tau_, 's')}\;\frac{{d}}{{dt}}\right)"
        return f"{factor(self.tau_rise_)}{factor(self.tau_)}{symbol} &= {incoming}"

    def chain_(self):
        """(A, B, C) of d state/dt = A state + B input, output C state."""
        rise, fall = 1 / self.tau_rise_, 1 / self.tau_
        return np.array([[-rise, 0.0], [fall, -fall]]), np.array([rise, 0.0]), np.array([0.0, 1.0])

    def below_(self, unit_):
        """Coefficients of the denominator, highest power first, with times in some unit."""
        return [self.tau_rise_ * self.tau_ / unit_**2, (self.tau_rise_ + self.tau_) / unit_, 1.0]

    def band_(self, tau_m_):
        """Variance behind this filter and a membrane for white noise of spectral density 1, in 1/s."""
        taus_ = _apart(self.tau_rise_, self.tau_, tau_m_)
        return np.sum(_shares(taus_) / (2 * taus_), axis=0)

    def behind_(self, passed, rate_, tau_m_):
        """As of `LowPass`, with K(t) = sum (A_i/tau_i) exp(-t/tau_i)/sum (A_i/tau_i) over the three poles."""
        taus_ = _apart(self.tau_rise_, self.tau_, tau_m_ + 0.0 * rate_)
        weights = _shares(taus_) / taus_
        weights = weights / np.sum(weights, axis=0)
        return np.sum(weights * (passed(taus_) / taus_ - rate_ * taus_), axis=0)
