"""Smooth functions through measured rates: softplus of a polynomial, by the likelihood of the counts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.polynomial.chebyshev import chebvander

__all__ = ["softplus_polynomial"]

# Of the polynomial that smooths a surface; its largest mean squared deviation in standard errors
ORDER, CHI2_LIMIT = 4, 3.0
MOST_TERMS = 126  # of a polynomial
GTOL, STEPS = 0.1, 60  # of its fit, in units of half a squared standard error
# What a table may miss cells by that were simulated between its points: relative, in Hz, in standard errors
APART, APART_, SIGMAS = 0.03, 0.02, 3.0


@dataclass(frozen=True, eq=False)
class _Smooth:
    """A polynomial behind a softplus, r = knee log(1 + exp(sum of coefficients times Chebyshev polynomials)).

    Attributes
    ----------
    coefficients : ndarray, shape (order + 1, ...), one axis for each coordinate
    width : ndarray, shape (axis,)
        Coordinates run from 0 to these.
    knee : float
        Hz.
    chi2 : float
        Mean squared deviation in standard errors.
    criterion : float
        Akaike's: what it misses and what it takes to miss no more; for comparison over the same points.
    """

    coefficients: np.ndarray
    width: np.ndarray
    knee: float
    chi2: float
    criterion: float

    def __call__(self, points):
        """Rates at points, shape (point, axis)."""
        values = self.coefficients
        terms = _chebyshev(points, self.width, len(values) - 1)
        values = np.tensordot(terms[0], values, 1)
        for own in terms[1:]:
            values = np.einsum("pk,pk...->p...", own, values)
        return self.knee * np.logaddexp(0, values)

    def on_grid(self, axes):
        """Rates on the grid of one array of coordinates an axis."""
        values = self.coefficients
        for axis, width in zip(axes, self.width):
            # Each axis in turn goes to the end, so that they are in order once all have gone.
            values = np.tensordot(
                values, chebvander(2 * np.asarray(axis) / width - 1, len(self.coefficients) - 1), (0, 1)
            )
        return self.knee * np.logaddexp(0, values)


def _chebyshev(points, width, order):
    """Chebyshev polynomials of every coordinate, from 0 to the order.

    A list of arrays of shape (point, order + 1), one an axis.
    """
    return [chebvander(2 * points[..., axis] / size - 1, order) for axis, size in enumerate(width)]


def softplus_polynomial(points, rate, sem, top_, order, lower=None):
    """A polynomial behind a softplus through rates at points.

    Parameters
    ----------
    points : ndarray, shape (point, axis)
    rate, sem : ndarray, shape (point,)
    top_ : float
        Rates beyond 1.3 times this do not count.
    order : int
    lower : _Smooth, optional
        One of lower order through the same points, to begin from.

    Returns
    -------
    _Smooth or None
        None where there are too few points.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    width = points.max(axis=0)
    powers = np.array(
        [power for power in product(range(order + 1), repeat=len(width)) if sum(power) <= order]
    )
    used = rate <= 1.3 * top_
    if len(powers) > MOST_TERMS or used.sum() < 2 * len(powers):
        return None
    design = np.prod(
        [own[:, power] for own, power in zip(_chebyshev(points[used], width, order), powers.T)], axis=0
    )
    # One per cent of each rate is what a polynomial may miss of a smooth curve; it keeps high rates from
    # outweighing low ones.
    r, error = rate[used], np.hypot(sem[used], 0.01 * rate[used])
    knee = max(0.3 * top_, 1.0)
    gain = lambda p: knee * np.logaddexp(0, p)
    fires = r > error
    if fires.sum() < len(powers):
        return None
    if lower is None:
        start = np.linalg.lstsq(design[fires], np.log(np.expm1(r[fires] / knee)), rcond=None)[0]
    else:
        start = np.pad(lower.coefficients, [(0, order + 1 - size) for size in lower.coefficients.shape])[
            tuple(powers.T)
        ]

    def cost(p):
        """Half the sum of squared deviations, and its gradient."""
        x = design @ p
        miss = (gain(x) - r) / error
        return 0.5 * miss @ miss, design.T @ (miss * knee * expit(x) / error)

    def curvature(p):
        """Its second derivatives without those of the softplus (Gauss-Newton)."""
        slopes = (knee * expit(design @ p) / error)[:, None] * design
        return slopes.T @ slopes

    solution = minimize(
        cost,
        start,
        jac=True,
        hess=curvature,
        method="trust-exact",
        options={"gtol": GTOL, "maxiter": STEPS, "initial_trust_radius": 1.0, "max_trust_radius": 100.0},
    )
    coefficients = np.zeros((order + 1,) * len(width))
    coefficients[tuple(powers.T)] = solution.x
    chi2 = 2 * float(solution.fun)
    return _Smooth(
        coefficients,
        width,
        knee,
        chi2 / max(np.count_nonzero(fires) - len(powers), 1),
        chi2 + 2 * len(powers),
    )
