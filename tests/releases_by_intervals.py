"""Releases of a Tsodyks-Markram synapse that Poisson spikes drive, from one interval to the next.

At a spike u <- u + U (1 - u), A = u x is released and x <- x - A; in between u decays to 0 with tau_facil
and x recovers to 1 with tau_rec. u and x at a spike depend on the same intervals, so that <u x> is not
<u> <x>. Their moments <u^k x^l> obey linear equations: intervals of Poisson spikes are independent, and of
one interval only E[exp(-a t)] = r/(r + a) is needed. The equation of <u^k x> holds <u^(k+1) x>, and so on
without end; what comes with k falls as r/(r + k/tau_facil), and the chain is cut where twice its length
changes nothing.
"""

from __future__ import annotations

import numpy as np

from b2reduce.errors import DivergenceError

__all__ = ["Releases", "releases"]

FIRST, LONGEST = 16, 512  # moments
SAME = 1e-10  # relative, when the chain is twice as long


class Releases:
    """Moments of u and x at spikes.

    Parameters
    ----------
    rate_ : float
        Of the Poisson spikes, Hz, above 0.
    U : float
    tau_rec_, tau_facil_ : float
        s; 0 where there is no such process.
    length : int
        Moments of u that are kept.
    """

    def __init__(self, rate_, U, tau_rec_, tau_facil_, length):
        self.rate_, self._recovers, self._forgets = rate_, _inverse(tau_rec_), _inverse(tau_facil_)
        self._powers = np.arange(length)
        # (U + (1 - U) y)^k = sum B_kj y^j
        self._binomial = _binomial(length, U)
        # Moments with x (1 - u) from those with x, the last taken for those behind it
        self._left = np.eye(length) - np.eye(length, k=1)
        self._left[-1, -1] = 0.0
        self.u = self._moments_of_u()
        self.ux = self._fixed(1, self._from(0, 1) @ self.u)
        self.uxx = self._fixed(2, self._from(0, 2) @ self.u + self._from(1, 2) @ self.ux)

    def _passed(self, recoveries, omega_=0.0):
        """E[exp(-t (j/tau_facil + recoveries/tau_rec + i omega))] for the powers j of u."""
        ends = _times(self._powers, self._forgets) + _times(recoveries, self._recovers)
        return self.rate_ / (self.rate_ + ends + (1j * omega_ if omega_ else 0.0))

    def _from(self, power, next_power, omega_=0.0):
        """The matrix from moments with x^power at a spike to what they add to x^next_power at the next.

        Before the next, x is 1 - e + e x with e = exp(-t/tau_rec) and x what the spike has left.
        """
        binomials = {
            (0, 0): (1,),
            (0, 1): (1, -1),
            (1, 1): (0, 1),
            (0, 2): (1, -2, 1),
            (1, 2): (0, 2, -2),
            (2, 2): (0, 0, 1),
        }
        factor = sum(
            weight * self._passed(order, omega_)
            for order, weight in enumerate(binomials[power, next_power])
            if weight
        )
        return (self._binomial * factor) @ np.linalg.matrix_power(self._left, power)

    def _moments_of_u(self):
        moments, onward = np.ones(len(self._powers)), self._from(0, 0)
        for k in self._powers[1:]:
            moments[k] = onward[k, :k] @ moments[:k] / (1 - onward[k, k])
        return moments

    def _fixed(self, power, source):
        """Moments that are the same at every spike."""
        return np.linalg.solve(np.eye(len(self._powers)) - self._from(power, power), source)

    def correlated(self, omega_):
        """Sum over later spikes of <A(0) A(k) exp(-i omega t_k)>, for omega above 0."""
        # Of (<A u^j>, <A u^j x>): u goes on by itself, x takes up what u leaves
        onward = np.block(
            [
                [self._from(0, 0, omega_), np.zeros_like(self._left)],
                [self._from(0, 1, omega_), self._from(1, 1, omega_)],
            ]
        )
        start = np.concatenate([self.ux[1:], self.ux[-1:], self.uxx[1:], self.uxx[-1:]])
        return (onward @ np.linalg.solve(np.eye(len(onward)) - onward, start))[len(self._powers) + 1]


def releases(rate_, U, tau_rec_, tau_facil_):
    """The `Releases` with as many moments as it takes.

    Raises
    ------
    DivergenceError
        If no number of moments is enough.
    """
    length, shorter = FIRST, None
    while length <= LONGEST:
        found = Releases(rate_, U, tau_rec_, tau_facil_, length)
        # The mean release that two lengths agree on, and its second moment
        now = np.array([found.ux[1], found.uxx[2]])
        if shorter is not None and np.all(np.abs(now - shorter) <= SAME * np.abs(now)):
            return found
        length, shorter = 2 * length, now
    raise DivergenceError(
        f"plasticity: {LONGEST} moments do not give the mean release at {rate_:g} Hz with U = {U:g},"
        f" tau_rec = {tau_rec_:g} s and tau_facil = {tau_facil_:g} s"
    )


def _inverse(tau_):
    return 1 / tau_ if tau_ else np.inf


def _times(power, rate_):
    """power*rate_, 0 for the power 0 whatever the rate."""
    power = np.asarray(power, dtype=float)
    return np.where(power == 0, 0.0, power * rate_ if np.isfinite(rate_) else np.inf)


def _binomial(length, U):
    from scipy.stats import binom

    powers = np.arange(length)
    return binom.pmf(powers[None, :], powers[:, None], 1 - U)
