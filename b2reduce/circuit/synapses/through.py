"""The filter of synapses that act at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .linear_filter import LinearFilter

__all__ = ["Through"]


@dataclass(frozen=True)
class Through(LinearFilter):
    """No filter: what comes in is what goes out. Answers as `LowPass` does.

    It has no state and thus no `chain_`: dynamics that put nothing else behind it refuse recurrent pathways.
    """

    at_once = True
    delay_ = 0.0
    fastest_ = np.inf

    def equations(self, key, incoming):
        """Brian2 lines that make ``s_<key>`` of a rate."""
        return [f"s_{key} = {incoming} : Hz"]

    def parameters_(self, key):
        """{variable: SI value} of what `equations` name and declare."""
        return {}

    def held_(self, key, rate):
        """{variable: value} of its state where the rate in Hz has long been."""
        return {}

    def latex(self, symbol, incoming, shown):
        """The same as a line of LaTeX."""
        return f"{symbol} &= {incoming}"

    def below_(self, unit_):
        """Coefficients of the denominator, highest power first."""
        return [1.0]

    def band_(self, tau_m_):
        """Variance behind a membrane for white noise of spectral density 1, in 1/s."""
        return 1 / (2 * tau_m_)

    def behind_(self, passed, rate_, tau_m_):
        """As of `LowPass`, with the membrane's K(t) = exp(-t/tau_m) alone."""
        return passed(tau_m_) / tau_m_ - rate_ * tau_m_
