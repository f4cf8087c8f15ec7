"""The feedback of a network beside its operating point, in frequency and in time."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag

from ...basics.errors import AccuracyWarning
from .roots import Delayed, DelayedSystem, refined

__all__ = ["RateLoop"]

SCALE_ = 100.0  # 1/s: over which feedback changes with s
MOST_ROOTS = 12
MARGIN_ = 1e-6  # 1/s: a real part closer to 0 than this neither grows nor dies
# Of the frequencies at which encirclements are counted, rad/s: how far, and how many
FARTHEST_, POINTS = 2 * np.pi * 2e4, 40000


@dataclass(frozen=True)
class RateLoop:
    """Rates of populations that follow one another: r = H r + noise.

    Attributes
    ----------
    names : tuple of str
        Of the populations.
    links : tuple of Link
    """

    names: tuple
    links: tuple

    def matrix_(self, s):
        """H at complex s in 1/s, shape (..., target, source)."""
        s = np.asarray(s, dtype=complex)
        H = np.zeros((*s.shape, len(self.names), len(self.names)), dtype=complex)
        for link in self.links:
            p = link.pathway
            H[..., self.names.index(p.target), self.names.index(p.source)] += link.transfer_(s)
        return H

    def determinant_(self, s):
        """det(1 - H), which is 0 at the roots."""
        return np.linalg.det(np.eye(len(self.names)) - self.matrix_(s))

    def propagated_(self, s):
        """(1 - H)^-1, what feedback makes of noise."""
        return np.linalg.inv(np.eye(len(self.names)) - self.matrix_(s))

    def roots_(self):
        """The rightmost s at which activity goes on by itself, 1/s, complex, the fastest growing first.

        From the equations of synapses and cells with the past of the rates as a polynomial, then by Newton's
        method on det(1 - H(s)) = 0.

        Warns
        -----
        AccuracyWarning
            If those that grow are not as many as the determinant encircles 0 along the imaginary axis
            (Nyquist), which counts them without looking for them.
        """
        links = [link for link in self.links if link.gain]
        if not links:
            return np.zeros(0, dtype=complex)
        chains = [link.chain_() for link in links]
        A = block_diag(*[chain[0] for chain in chains])
        ends = np.cumsum([0, *(len(chain[1]) for chain in chains)])
        place = lambda k, values: np.concatenate(
            [np.zeros(ends[k]), values, np.zeros(ends[-1] - ends[k + 1])]
        )
        rates = {name: np.zeros(ends[-1]) for name in self.names}
        for k, (link, chain) in enumerate(zip(links, chains)):
            rates[link.pathway.target] = rates[link.pathway.target] + place(k, chain[2])
        terms = [
            Delayed(place(k, chain[1]), rates[link.pathway.source], link.pathway.delays)
            for k, (link, chain) in enumerate(zip(links, chains))
        ]
        values = DelayedSystem(A, terms).eigenvalues_()
        values = values[np.argsort(-values.real)]
        found = refined(values[: 8 * MOST_ROOTS], self.determinant_, SCALE_)
        growing, counted = int(np.sum(found.real > 0)), self.growing_()
        marginal = np.any(np.abs(found.real) < MARGIN_)
        if growing != counted and not marginal:
            warnings.warn(
                f"roots of the feedback of {', '.join(self.names)}: {growing} were found that grow, and the"
                f" determinant encircles 0 {counted} times: do not rely on which grow",
                AccuracyWarning,
                stacklevel=2,
            )
        return found[:MOST_ROOTS]

    def growing_(self):
        """How many roots have a positive real part: encirclements of 0 by det(1 - H) along the imaginary
        axis.

        H has no poles there, and vanishes far out.
        """
        w = np.concatenate([[0.0], np.geomspace(1e-2, FARTHEST_, POINTS)])
        value = self.determinant_(1j * w)
        turns = np.sum(np.angle(value[1:] / value[:-1])) / np.pi  # of both halves of the axis
        return int(np.rint(-turns))
