"""Depression and facilitation by Tsodyks and Markram."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .releases import releases

__all__ = ["TsodyksMarkram"]

#: Hz; below it a synapse has long recovered and forgotten by each spike.
LEAST = 1e-6


@dataclass(frozen=True)
class TsodyksMarkram:
    """A spike releases u x of a synapse's size, after u <- u + U (1 - u); then x <- x - u x.

    In between du/dt = -u/tau_facil and dx/dt = (1 - x)/tau_rec [1]_. Both at rest: u = 0, x = 1, so that the
    first spike after a long silence releases U.

    Attributes
    ----------
    U : float
        0 < U <= 1.
    tau_rec_, tau_facil_ : float
        s; 0 is no depression, or no facilitation.

    References
    ----------
    .. [1] Tsodyks, Pawelzik and Markram (1998), doi:10.1162/089976698300017502.
    """

    U: float
    tau_rec_: float
    tau_facil_: float

    def mean(self, rate_):
        """Mean release <u x> at Poisson spikes of a rate, floats or arrays: exact, not <u> <x>."""
        return self._of(rate_, lambda found: found.ux[1], self.U)

    def mean_square(self, rate_):
        """Mean squared release <(u x)^2> at Poisson spikes."""
        return self._of(rate_, lambda found: found.uxx[2], self.U**2)

    def density(self, rate_, frequency_):
        """Two-sided spectral density of the train of releases at a frequency in Hz above 0, in 1/s."""
        turned = lambda found: found.uxx[2] + 2 * found.correlated(2 * np.pi * frequency_).real
        return np.asarray(rate_) * self._of(rate_, turned, self.U**2)

    def _of(self, rate_, value, at_rest):
        each = (value(_releases(rate, self)) if rate > LEAST else at_rest for rate in np.ravel(rate_))
        found = np.fromiter(each, dtype=float).reshape(np.shape(rate_))
        return found if np.ndim(rate_) else float(found)

    def rest(self, rate_):
        """(u before spikes, x) of averaged variables, du/dt = -u/tau_facil + r U (1 - u) and so on."""
        load = self.U * np.asarray(rate_) * self.tau_facil_
        u = load / (1 + load)
        after = u + self.U * (1 - u)
        return u, 1 / (1 + after * np.asarray(rate_) * self.tau_rec_)


@lru_cache(maxsize=4096)
def _releases(rate_, plasticity):
    return releases(rate_, plasticity.U, plasticity.tau_rec_, plasticity.tau_facil_)
