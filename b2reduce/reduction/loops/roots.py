"""Roots of linear equations with delays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Delayed", "DelayedSystem", "refined"]

# Nodes of the polynomials over the longest delay: at least and at most, and how many for each second of it
NODES, NODES_PER_SECOND = (16, 100), 1500.0
SAME = 1e-6  # relative distance of roots that are one
RESIDUAL = 1e-8


@dataclass(frozen=True, eq=False)
class Delayed:
    """A term b (c state) that arrives after delays: columns of the state and of its derivative."""

    b: np.ndarray
    c: np.ndarray
    delays: object


class DelayedSystem:
    """D state/dt = A state + sum over terms of b c state(t - d).

    Parameters
    ----------
    A : ndarray, shape (state, state)
    terms : sequence of Delayed
    """

    def __init__(self, A, terms):
        self.A, self.terms = np.array(A, dtype=float), tuple(terms)

    def eigenvalues_(self, delays=True):
        """Of what the equations do within the longest delay: approximations of their rightmost roots, 1/s;
        without delays those of their matrix.

        What is sent is a polynomial over the past, which moves along (Breda, Maset & Vermiglio 2005, SIAM J.
        Sci. Comput. 27, 482): only the numbers that are sent have a past, not the whole state.
        """
        late = [term for term in self.terms if delays and not term.delays.none]
        A = self.A + sum(np.outer(term.b, term.c) for term in self.terms if term not in late)
        if not late:
            return np.linalg.eigvals(A)
        longest = max(term.delays.longest_ for term in late)
        number = int(np.clip(NODES[0] + NODES_PER_SECOND * longest, *NODES))
        nodes = longest / 2 * (np.cos(np.pi * np.arange(number + 1) / number) - 1)  # 0 first, then the past
        weights = np.where(np.isin(np.arange(number + 1), (0, number)), 0.5, 1.0) * (-1.0) ** np.arange(
            number + 1
        )
        D = _differentiation(nodes, weights)
        sent, places = [], []
        for term in late:
            same = [k for k, c in enumerate(sent) if np.array_equal(c, term.c)]
            places.append(same[0] if same else len(sent))
            sent += [] if same else [term.c]
        n, m = len(A), len(sent)
        J = np.zeros((n + m * number,) * 2)
        J[:n, :n] = A
        past = lambda k: slice(n + k * number, n + (k + 1) * number)
        for k, c in enumerate(sent):
            J[past(k), past(k)] = D[1:, 1:]
            J[past(k), :n] = np.outer(D[1:, 0], c)
        for term, k in zip(late, places):
            times, shares = term.delays.quadrature_()
            seen = shares @ _barycentric(nodes, weights, -times)
            J[:n, :n] += seen[0] * np.outer(term.b, term.c)
            J[:n, past(k)] += np.outer(term.b, seen[1:])
        return np.linalg.eigvals(J)


def _differentiation(nodes, weights):
    with np.errstate(divide="ignore"):
        D = weights[None, :] / weights[:, None] / (nodes[:, None] - nodes[None, :])
    np.fill_diagonal(D, 0.0)
    np.fill_diagonal(D, -D.sum(axis=1))
    return D


def _barycentric(nodes, weights, at):
    """Rows that interpolate values at the nodes."""
    distance = at[:, None] - nodes[None, :]
    exact = np.abs(distance) < 1e-13 * np.ptp(nodes)
    rows = weights / np.where(exact, 1.0, distance)
    rows /= rows.sum(axis=1, keepdims=True)
    hit = exact.any(axis=1)
    rows[hit] = exact[hit]
    return rows


def refined(candidates, function, scale_):
    """The zeros of an analytic function beside candidates, by Newton's method; those that are none are left
    out.

    Parameters
    ----------
    candidates : ndarray of complex
        1/s.
    function : callable
        Of arrays of complex s; of order one away from its zeros.
    scale_ : float
        1/s: over which it changes.
    """
    s = np.asarray(candidates, dtype=complex)
    step = 1e-4 * scale_
    with np.errstate(all="ignore"):
        for _ in range(40):
            value = function(s)
            slope = (function(s + step) - function(s - step)) / (2 * step)
            change = value / slope
            s = s - change / np.maximum(1.0, np.abs(change) / scale_)
        found = s[np.isfinite(s) & (np.abs(function(s)) < RESIDUAL)]
    kept = []
    for root in found[np.lexsort((-found.imag, -found.real))]:
        root = complex(root.real, 0.0 if abs(root.imag) < SAME * abs(root) else root.imag)
        if all(abs(root - other) > SAME * scale_ for other in kept):
            kept.append(root)
    return np.array(kept, dtype=complex)
