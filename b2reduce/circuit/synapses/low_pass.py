"""The filter of first order, which exponential synapses are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .linear_filter import LinearFilter

__all__ = ["LowPass"]


@dataclass(frozen=True)
class LowPass(LinearFilter):
    """The filter 1/(1 + tau s) of gain 1 at rest.

    What a filter of synapses answers is what this one does; ``s_<key>`` is what is filtered.
    """

    tau_: float

    #: Whether a change of the rate is there at once.
    at_once = False

    @property
    def fastest_(self):
        """The time constant in s that a time step must resolve; infinite where there is none."""
        return self.tau_

    @property
    def delay_(self):
        """Mean delay in s, by how much slow changes come late."""
        return self.tau_

    def equations(self, key, incoming, tau=None):
        """Brian2 lines that filter a rate into ``s_<key>``.

        `tau` names a time constant that other lines declare.
        """
        line = f"ds_{key}/dt = (-s_{key} + {incoming})/{tau or f'tau_{key}'} : Hz"
        return [line] if tau else [line, *(f"{name} : second (constant)" for name in self.parameters_(key))]

    def parameters_(self, key):
        """{variable: SI value} of what `equations` name and declare."""
        return {f"tau_{key}": self.tau_}

    def held_(self, key, rate):
        """{variable: value} of its state where the rate in Hz has long been."""
        return {f"s_{key}": rate}

    def latex(self, symbol, incoming, shown):
        """The same as a line of LaTeX; `shown` writes an SI value with its unit."""
        return rf"{shown(self.tau_, 's')}\;\frac{{d{symbol}}}{{dt}} &= -{symbol} + {incoming}"

    def chain_(self):
        """(A, B, C) of d state/dt = A state + B input, output C state."""
        return np.array([[-1 / self.tau_]]), np.array([1 / self.tau_]), np.array([1.0])

    def below_(self, unit_):
        """Coefficients of the denominator, highest power first, with times in some unit."""
        return [self.tau_ / unit_, 1.0]

    def band_(self, tau_m_):
        """Variance behind this filter and a membrane for white noise of spectral density 1, in 1/s."""
        return 1 / (2 * (self.tau_ + tau_m_))

    def behind_(self, passed, rate_, tau_m_):
        """int (m(t) - r) K(t) dt of a train of rate r in which m(t) is the density of spikes at t after one.

        K(t) = (tau exp(-t/tau) - tau_m exp(-t/tau_m))/(tau - tau_m) is the autocorrelation of this filter and
        a membrane; `passed(tau)` is tau times the Laplace transform of m at 1/tau.
        """
        # The limit of equal ones, to 1e-8 of it
        tau_m_ = np.where(np.abs(tau_m_ - self.tau_) < 1e-4 * self.tau_, self.tau_ * (1 + 1e-4), tau_m_)
        return (passed(self.tau_) - passed(tau_m_)) / (self.tau_ - tau_m_) - rate_ * (self.tau_ + tau_m_)
