"""Directions in which the activity of a threshold-linear network grows without end."""

from __future__ import annotations

from itertools import combinations

import numpy as np

__all__ = ["runaway_modes", "runaway_text"]

#: Relative; rounding decides nothing
ROUNDING = 1e-9


def runaway_modes(network):
    """[(growth in 1/s, rates relative to the largest)]: for every set of firing units an eigenvector with
    positive entries whose silent units stay silent, far from threshold.
    """
    modes, size = [], len(network.beta_)
    for number in range(1, size + 1):
        for chosen in combinations(range(size), number):
            S = list(chosen)
            rest = [unit for unit in range(size) if unit not in chosen]
            growth, vectors = np.linalg.eig(network.jacobian_(np.isin(np.arange(size), S))[np.ix_(S, S)])
            for s, v in zip(growth, vectors.T):
                if abs(s.imag) > ROUNDING * abs(s) or s.real <= ROUNDING * np.max(1 / network.tau_[S]):
                    continue
                v = v.real * np.sign(v.real[np.argmax(np.abs(v.real))])
                if np.all(v > ROUNDING * v.max()) and np.all(
                    network.W_[np.ix_(rest, S)] @ (network.beta_[S] * v) <= 0
                ):
                    rates = np.zeros(size)
                    rates[S] = network.beta_[S] * v
                    modes.append((float(s.real), rates / rates.max()))
    return sorted(modes, key=lambda mode: -mode[0])


def runaway_text(names, modes):
    """What grows, how fast, and in which proportion; empty where nothing does."""
    if not modes:
        return ""
    growth, rates = modes[0]
    grown = [number for number in np.argsort(-rates) if rates[number] > 0]
    share = (
        f" in the proportion {' : '.join(f'{rates[number]:.2g}' for number in grown)}"
        if len(grown) > 1
        else ""
    )
    return (
        f"far above threshold {', '.join(names[number] for number in grown)}"
        f" grow{'' if share else 's'} without end as exp(t / {1e3 / growth:.3g} ms){share}"
    )
