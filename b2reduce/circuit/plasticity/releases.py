"""Moments of a Tsodyks-Markram synapse that Poisson spikes drive, and of its releases at different times.

In y = 1 - u a spike does y -> (1 - U) y and x -> (1 - U) y x, and releases (1 - (1 - U) y) x. Just before
spikes, which come at any time alike, N_kj = <y^k x^j> obeys

    dN_kj/dt = k/tau_facil (N_(k-1)j - N_kj) + j/tau_rec (N_k(j-1) - N_kj)
               + r ((1 - U)^(k+j) N_(k+j)j - N_kj).

Each asks for a higher one, which counts less and less: a chain cut above order n leaves out at most
(1 - U)^(n^2/4).
"""

from __future__ import annotations

import numpy as np

__all__ = ["Releases"]

#: What is left out of the moments is below exp(-this).
_LEFT_OUT = 40.0


class Releases:
    """Moments of what is released at a spike.

    Parameters
    ----------
    rate_ : float
        Of the Poisson spikes, Hz.
    U : float
    tau_rec_, tau_facil_ : float
        s; 0 where there is no such process.

    Attributes
    ----------
    mean, square : float
        <u x> and <(u x)^2>, with the u that acts.
    """

    def __init__(self, rate_, U, tau_rec_, tau_facil_):
        self._rate_, self._tau_rec_, self._stays = rate_, tau_rec_, 1.0 - U
        order = 4
        if self._stays > 0:
            order += int(np.ceil(2 * np.sqrt(_LEFT_OUT / -np.log(self._stays))))
        self._k = np.arange(order + 1.0)
        # All is multiplied by tau_facil but for k = 0, where it would leave nothing of tau_facil = 0
        self._scale = np.where(self._k == 0, 1.0, tau_facil_)
        k = self._k[1:]
        fixed = np.cumprod([1.0, *(k / (k + tau_facil_ * rate_ * (1 - self._stays**k)))])
        self._N = [fixed]
        for j in (1, 2):
            self._N.append(self._solved(j, 0.0, j / tau_rec_ * self._N[-1]) if tau_rec_ else fixed)
        _, one, two = self._N
        self.mean = one[0] - self._stays * one[1]
        self.square = two[0] - 2 * self._stays * two[1] + self._stays**2 * two[2]

    def later_(self, end_):
        """Sum over later spikes of <A(0) A(t) exp(-end t)> of the releases A, for a complex `end_` in 1/s.

        The moments go on from what a spike leaves of them, weighted by its release.
        """
        found = self._solved(0, end_, self._left(0))
        if self._tau_rec_:
            found = self._solved(1, end_, self._left(1) + found / self._tau_rec_)
        return self._rate_ * (found[0] - self._stays * found[1])

    def _left(self, j):
        """<A y^k x^j> of a release A and of the y and x that its spike leaves."""
        # A x^j has one x more, and the spike multiplies each y and each x by what stays of y
        N, size = np.append(self._N[j + 1], [0.0, 0.0]), self._k.size
        return self._stays ** (self._k + j) * (N[j : size + j] - self._stays * N[j + 1 : size + j + 1])

    def _solved(self, j, end_, source):
        """N_kj of end N_kj = dN_kj/dt + source, in which the lower j is part of the source."""
        from scipy.linalg import solve_banded

        k, scale = self._k, self._scale
        bands = np.zeros((j + 2, k.size), dtype=type(end_))
        bands[j] = k + scale * (end_ + self._rate_ + (j / self._tau_rec_ if j else 0.0))
        bands[j + 1, :-1] = -k[1:]
        bands[0, j:] -= (scale * self._rate_ * self._stays ** (k + j))[: k.size - j]
        return solve_banded((1, j), bands, scale * source)
