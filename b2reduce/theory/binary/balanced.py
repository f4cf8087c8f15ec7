"""The balanced state of van Vreeswijk & Sompolinsky (1996)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import described, one_of
from ...basics.errors import InputError
from ...basics.fields import Complexes, Floats, Many
from ...basics.frozen import FrozenDict, Record
from .wiring import WIRINGS, per_population, square_matrix

if TYPE_CHECKING:
    from typing import Any

__all__ = ["BalancedState", "balanced_rates"]


@dataclass(frozen=True, eq=False)
class BalancedState(Record):
    """The balanced state at K -> infinity, and its approach; arrays over populations, read-only.

    Attributes
    ----------
    rates : ndarray
        m with sum_b J_ab m_b + E_a m_0 = 0.
    correction : ndarray
        Finite K moves the rates by correction/sqrt(K), up to terms in 1/K: J^-1 (theta + sigma Phi^-1(m)).
    eigenvalues : ndarray
        Of diag(phi(z)/sigma) J, which times sqrt(K) is how fast deviations decay; all units updated equally
        often.
    others : tuple of ndarray
        Other rates that balance, silence or saturate each population consistently at leading order, without
        those sure to be unstable. Where there are any, it depends on the start where a network goes.
    """

    rates: np.ndarray
    correction: np.ndarray
    eigenvalues: np.ndarray
    others: tuple

    FIELDS = FrozenDict(
        rates=Floats("population"),
        correction=Floats("population"),
        eigenvalues=Complexes("population"),
        others=Many(Floats("population")),
    )

    def at(self, K: float) -> Any:
        """Rates to first order in 1/sqrt(K)."""
        return self.rates + self.correction / np.sqrt(K)


def balanced_rates(
    J: Any, E: Any, m0: float = 1.0, *, thresholds: Any = 0.0, wiring: str = "random"
) -> BalancedState:
    """Rates of the balanced state of van Vreeswijk & Sompolinsky: weights J_ab/sqrt(K), external input
    sqrt(K) E_a m_0.

    Net inputs of order sqrt(K) would silence or saturate every unit unless they cancel: sum_b J_ab m_b + E_a
    m_0 = 0, a linear law whatever the units' own gain. It is a state of the network if 0 < m < 1 and
    deviations decay.

    Parameters
    ----------
    J : array_like, shape (n, n)
        From population b (column) to population a (row); inhibition is negative.
    E : array_like, shape (n,)
    m0 : float
        Activity of the external population.
    thresholds : float or array_like, shape (n,)
        Of order 1; they matter for `correction` alone.
    wiring : {"random", "fixed"}

    Returns
    -------
    BalancedState

    Raises
    ------
    InputError
        If J is singular, a rate does not lie between 0 and 1, or the state is unstable.

    Notes
    -----
    For E and I populations rates are positive and deviations decay only if E_E/E_I > J_EI/J_II > J_EE/J_IE
    (absolute values). The reversed order gives positive rates, too, but det J < 0: unstable.

    Examples
    --------
    >>> balanced_rates([[1, -2], [1, -1.8]], [1, 0.8], 0.1).rates.round(6)
    array([0.1, 0.1])
    """
    from scipy.special import ndtri

    one_of(wiring, WIRINGS, "wiring")
    J = square_matrix(J, "J")
    E, theta = per_population(E, (len(J),), "E"), per_population(thresholds, (len(J),), "thresholds")
    if (
        isinstance(m0, bool)
        or not isinstance(m0, (int, float, np.number))
        or not np.isfinite(m0)
        or not m0 > 0
    ):
        raise InputError(
            f"m0: got {described(m0)}, expected the activity of the external population, above 0"
        )
    h = E * m0
    if np.linalg.cond(J) > 1e12:
        raise InputError(
            f"no balanced state: J = {J.tolist()} is singular, so that inputs cancel for no rates or for a"
            " whole line of them"
        )
    rates = np.linalg.solve(J, -h)
    if np.any(rates <= 0) or np.any(rates >= 1):
        need = (
            "; for E and I it takes E_E/E_I > J_EI/J_II > J_EE/J_IE (absolute values) and a small enough m0"
            if len(J) == 2
            else ""
        )
        raise InputError(
            f"no balanced state: J m + E m0 = 0 gives the rates {rates.round(6).tolist()}, expected all"
            f" between 0 and 1{need}"
        )
    variance = J**2 @ (rates if wiring == "random" else rates * (1 - rates))
    z, sd = ndtri(rates), np.sqrt(variance)
    eigenvalues = np.linalg.eigvals((np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / sd)[:, None] * J).astype(
        complex
    )
    if np.any(eigenvalues.real >= 0):
        raise InputError(
            f"no stable balanced state: deviations from the rates {rates.round(6).tolist()} grow (eigenvalues"
            f" of the gains times J {np.round(eigenvalues, 4).tolist()}, expected negative real parts);"
            " strengthen the inhibition of inhibition or of excitation"
        )
    return BalancedState(rates, np.linalg.solve(J, theta + sd * z), eigenvalues, tuple(_other_states(J, h)))


def _other_states(J, h):
    """Rates at which each population is balanced, silent with net input below 0, or saturated with net input
    above 0, at leading order.
    """
    found = []
    for choice in product((None, 0.0, 1.0), repeat=len(J)):
        m = np.array([0.0 if value is None else value for value in choice])
        free = np.array([value is None for value in choice])
        if free.all():
            continue
        if free.any():
            own = J[np.ix_(free, free)]
            # The product of the decay rates of deviations is det(-own) times positive gains: below 0, one of
            # them grows.
            if np.linalg.cond(own) > 1e12 or np.linalg.det(-own) < 0:
                continue
            m[free] = np.linalg.solve(own, -(h + J @ m)[free])
        net = J @ m + h
        inside = np.all((m[free] > 0) & (m[free] < 1))
        if inside and np.all(net[~free & (m == 0)] < 0) and np.all(net[~free & (m == 1)] > 0):
            found.append(m)
    return found
