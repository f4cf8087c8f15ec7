"""Mean-field rates of random binary networks (van Vreeswijk & Sompolinsky 1996).

Encoding 0/1 throughout. A cell of a has K_ab inputs of weight w_ab from b. At population activities m its
input has

    mean  mu_a = sum_b K_ab w_ab m_b + external_a,
    variance  sigma_a^2 = sum_b K_ab w_ab^2 m_b (1 - K_ab/A_ab)                            wiring "random":
    each pair by itself with probability K/A
                      or  sum_b K_ab w_ab^2 m_b (1 - m_b) (A_ab - K_ab)/(A_ab - 1)         wiring "fixed":
                      exactly K of the A available cells

over cells at one time: number of active inputs binomial, or hypergeometric. "random" counts the spread of
in-degrees, which stays with a cell for ever, and that of states alike. Gaussian fields give m_a = P(input >
theta_a) = Phi((mu_a - theta_a)/sigma_a).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...basics.errors import InputError
from .wiring import per_population, wiring_parameters

__all__ = ["BinaryMeanField", "binary_mean_field"]
from ...basics.fields import Complexes, Floats, Number
from ...basics.frozen import FrozenDict, Record

if TYPE_CHECKING:
    from typing import Any

SETTLE = 200.0  # updates per unit: how long rates are followed before the fixed point is looked for
RESIDUAL = 1e-9  # |m - Phi| at a fixed point


@dataclass(frozen=True, eq=False)
class BinaryMeanField(Record):
    """A self-consistent state of a random binary network; arrays over populations, read-only.

    Attributes
    ----------
    rates : ndarray
        m, the fraction of active units.
    mean, sd : ndarray
        mu and sigma of the input of a unit.
    jacobian : ndarray, shape (n, n)
        d Phi_a/d m_b, the variance moving along.
    eigenvalues : ndarray
        Of dm/dt = -m + Phi(m), all units updated equally often, per update.
    residual : float
        Largest ``|m - Phi|``.
    """

    rates: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    jacobian: np.ndarray
    eigenvalues: np.ndarray
    residual: float

    FIELDS = FrozenDict(
        rates=Floats("population"),
        mean=Floats("population"),
        sd=Floats("population"),
        jacobian=Floats("population", "population"),
        eigenvalues=Complexes("population"),
        residual=Number,
    )

    @property
    def stable(self) -> bool:
        """Whether all eigenvalues have a negative real part."""
        return bool(np.all(self.eigenvalues.real < 0))


def _spread(m, wiring, A, K):
    """(variance of the number of active inputs per squared weight, its derivative with respect to m)."""
    if wiring == "random":
        share = K * (1 - K / A)
        return share * m, share * np.ones_like(m)
    left = np.divide(A - K, A - 1, out=np.where(np.isinf(A), 1.0, 0.0), where=np.isfinite(A) & (A > 1))
    return K * left * m * (1 - m), K * left * (1 - 2 * m)


def binary_mean_field(
    weights: Any,
    *,
    in_degree: Any,
    thresholds: Any,
    external: Any = 0.0,
    sizes: Any = None,
    wiring: str = "random",
    initial: Any = 0.5,
) -> BinaryMeanField:
    """Self-consistent mean rates of a random binary network: m_a = Phi((mu_a - theta_a)/sigma_a), Gaussian
    fields.

    Parameters
    ----------
    weights, in_degree, thresholds, external, wiring
        As in `random_binary_network`; encoding 0/1.
    sizes : dict of str to int or sequence of int, optional
        Numbers of units; by default infinitely many, K/N = 0.
    initial : float or array_like, shape (n,)
        Rates from which dm/dt = -m + Phi(m) is followed to where the fixed point is looked for.

    Returns
    -------
    BinaryMeanField
        `stable` says whether a network would stay there.

    Raises
    ------
    InputError
        If a shape does not fit, K is more than the units available, or no fixed point is found.

    Notes
    -----
    The Gaussian law leaves out the skewness of the input, O(1/sqrt(K)), and correlations between units,
    O(1/N). In a balanced network errors of Phi move the rates only by another factor of 1/sqrt(K): the result
    is good to O(1/K).

    Examples
    --------
    One inhibitory population held in balance by its input:

    >>> K = 400
    >>> state = binary_mean_field([[-1 / K**0.5]], in_degree=K, thresholds=0.5, external=0.3 * K**0.5)
    >>> state.rates.round(3), state.stable
    (array([0.29]), True)
    """
    from scipy.integrate import solve_ivp
    from scipy.optimize import root
    from scipy.special import ndtr

    w, K, theta, h, A, _ = wiring_parameters(weights, in_degree, thresholds, external, sizes, wiring)
    start = per_population(initial, theta.shape, "initial")
    if np.any((start < 0) | (start > 1)):
        raise InputError(f"initial: got {start.tolist()}, expected rates from 0 to 1")

    def state(m):
        mu = (K * w) @ m + h
        variance, slope = _spread(m[None, :], wiring, A, K)
        # Rounding and trial steps may leave [0, 1]; a variance stays one.
        return mu, np.sqrt(np.maximum((w**2 * variance).sum(axis=1), 1e-300)), slope

    def phi(m):
        mu, sd, _ = state(m)
        return ndtr((mu - theta) / sd)

    def jacobian(m):
        mu, sd, slope = state(m)
        z = (mu - theta) / sd
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        return (density / sd)[:, None] * (K * w - (z / (2 * sd))[:, None] * w**2 * slope)

    one = np.eye(theta.size)
    # Slopes grow as sqrt(K): the solver must be one for stiff equations.
    settled = np.clip(
        solve_ivp(
            lambda t, m: phi(np.clip(m, 0, 1)) - m, (0, SETTLE), start, method="LSODA", rtol=1e-8, atol=1e-10
        ).y[:, -1],
        0,
        1,
    )
    found = root(lambda m: phi(m) - m, settled, jac=lambda m: jacobian(m) - one, tol=1e-13)
    rates = np.clip(found.x, 0, 1)
    residual = float(np.abs(phi(rates) - rates).max())
    if not residual <= RESIDUAL:
        raise InputError(
            f"no mean-field rates were found: from {start.tolist()} the search ends at {rates.tolist()},"
            f" where m and Phi differ by {residual:.2g}; try other initial rates"
        )
    mu, sd, _ = state(rates)
    slopes = jacobian(rates)
    return BinaryMeanField(rates, mu, sd, slopes, np.linalg.eigvals(slopes - one).astype(complex), residual)
