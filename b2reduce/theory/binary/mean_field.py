"""Theory of random binary networks: mean-field rates, and the balanced state of van Vreeswijk & Sompolinsky
(1996).

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
from itertools import product

import numpy as np

from ...basics.arguments import described, one_of
from ...basics.errors import InputError
from ...basics.fields import Complexes, Floats, Many, Number
from ...basics.frozen import FrozenDict, Record
from .wiring import WIRINGS, per_population, square_matrix, wiring_parameters

__all__ = ["BalancedState", "BinaryMeanField", "balanced_rates", "binary_mean_field"]

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
        Largest |m - Phi|.
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
    def stable(self):
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
    weights, *, in_degree, thresholds, external=0.0, sizes=None, wiring="random", initial=0.5
):
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

    def at(self, K):
        """Rates to first order in 1/sqrt(K)."""
        return self.rates + self.correction / np.sqrt(K)


def balanced_rates(J, E, m0=1.0, *, thresholds=0.0, wiring="random"):
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
