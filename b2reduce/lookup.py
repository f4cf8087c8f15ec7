"""Measured rates as functions: tables on regular grids, interpolated between points and clamped at their edges."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from .units import InputError

__all__ = ["Lookup", "surface_lookup", "transfer_lookup"]

FINE = {1: 257, 2: 97, 3: 33, 4: 17}  # points per axis of the table, by the number of axes
ORDER, CHI2_LIMIT = 4, 3.0  # of the polynomial that smooths a transfer function; its largest mean squared deviation in standard errors
ROWS = 4  # currents that a column of a surface needs to count


@dataclass(frozen=True, eq=False)
class Lookup:
    """Multilinear interpolation on a regular grid.

    Outside of the grid the nearest edge answers, and `outside` says so.

    Attributes
    ----------
    first, last : ndarray, shape (axis,)
        Ends of each axis.
    values : ndarray, shape (axis 0, axis 1, ...)
        Hz.
    shift : float
        Of two axes (I, g): the table's first axis is I - shift g, along which the curves of all g lie on one another.
    """

    first: np.ndarray
    last: np.ndarray
    values: np.ndarray
    shift: float = 0.0
    _flat: list = field(default=None, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "_flat", self.values.ravel().tolist())

    def _coordinates(self, arguments):
        if not self.shift:
            return arguments
        I, g = arguments
        return I - self.shift * g, g

    def __call__(self, *arguments):
        """Rate in Hz at SI floats or arrays."""
        if np.size(arguments[0]) == 1 and all(np.size(value) == 1 for value in arguments):
            # A rate network asks for one value a step: plain floats are ten times faster than arrays of one.
            return np.full(np.shape(arguments[0]), self._one([float(np.reshape(value, -1)[0]) for value in arguments]))
        index, weight = [], []
        for value, first, last, size in zip(self._coordinates(arguments), self.first, self.last, self.values.shape):
            place = np.clip((np.asarray(value, dtype=float) - first) / (last - first), 0.0, 1.0) * (size - 1)
            lower = np.minimum(place.astype(int), size - 2)
            index.append(lower)
            weight.append(place - lower)
        return sum(self.values[tuple(i + bit for i, bit in zip(index, corner))] * np.prod(np.broadcast_arrays(
            *(w if bit else 1 - w for w, bit in zip(weight, corner))), axis=0) for corner in product((0, 1), repeat=len(index)))

    def _one(self, arguments):
        corners = [(0, 1.0)]
        for value, first, last, size in zip(self._coordinates(arguments), self.first.tolist(), self.last.tolist(), self.values.shape):
            place = min(max((value - first) / (last - first), 0.0), 1.0) * (size - 1) if value == value else value
            if place != place:
                return place  # NaN in, NaN out
            lower = min(int(place), size - 2)
            part = place - lower
            corners = [(offset * size + lower + bit, share * (part if bit else 1 - part)) for offset, share in corners for bit in (0, 1)]
        return sum(self._flat[offset] * share for offset, share in corners)

    def outside(self, *arguments):
        """Whether the arguments lie beyond the table, to a thousandth of its width."""
        beyond = False
        for value, first, last in zip(self._coordinates(arguments), self.first, self.last):
            slack = 1e-3 * (last - first)
            beyond = beyond | (np.asarray(value) < first - slack) | (np.asarray(value) > last + slack)
        return beyond


def surface_lookup(surface):
    """r = F(I, g) from an f-I surface.

    The curves of neighbouring conductances are laid over one another by their mean shift, monotone cubics run through
    each, and between conductances values at the same place of the curve are joined: a curve that moves by more than the
    spacing of its currents from one conductance to the next is not blurred. What was measured in noise is smoothed as in
    `transfer_lookup`, if that misses the points by no more than their errors.

    Raises
    ------
    InputError
        If fewer than two conductances have enough points.
    """
    from scipy.interpolate import PchipInterpolator

    columns = [(g, surface.I_[known], surface.rate_[known, j]) for j, g in enumerate(surface.g_)
               if (known := np.isfinite(surface.rate_[:, j])).sum() >= ROWS]
    if len(columns) < 2:
        raise InputError(f"surface: {len(columns)} of {surface.g_.size} conductances have at least {ROWS} currents, expected two; "
                         f"measure more currents, or at more conductances")
    g = np.array([column[0] for column in columns])
    top = min(rate.max() for _, _, rate in columns)
    crossing = [np.mean([np.interp(level * top, np.maximum.accumulate(rate), I) for level in (0.3, 0.5, 0.7)]) for _, I, rate in columns]
    shift = float(np.polyfit(g, crossing, 1)[0])
    curves = [(PchipInterpolator(I - shift * g_, rate), I[0] - shift * g_, I[-1] - shift * g_) for g_, I, rate in columns]
    first, last = max(curve[1] for curve in curves), min(curve[2] for curve in curves)
    if not first < last:
        raise InputError("surface: no stretch of the f-I curve was measured at all conductances; measure more currents")
    x = np.linspace(first, last, FINE[2])
    fine = np.linspace(g[0], g[-1], FINE[2])
    values = PchipInterpolator(g, np.array([curve(x) for curve, _, _ in curves]), axis=0)(fine).T
    i, j = np.nonzero(np.isfinite(surface.rate_) & np.isin(surface.g_, g) & (surface.rate_sem_ > 0))
    if i.size > 0.5 * sum(len(rate) for _, _, rate in columns):  # measured in noise, and so with errors
        # Both axes from 0 to 1, so that powers of them are told apart.
        units = lambda x, g_: np.stack([(x - first) / (last - first), (g_ - g[0]) / (g[-1] - g[0])], axis=-1)
        smooth, chi2 = _softplus_polynomial(units(surface.I_[i] - shift * surface.g_[j], surface.g_[j]), surface.rate_[i, j], surface.rate_sem_[i, j], top)
        if chi2 <= CHI2_LIMIT:
            values = smooth(units(*np.meshgrid(x, fine, indexing="ij")))
    return Lookup(np.array([first, fine[0]]), np.array([last, fine[-1]]), np.maximum(values, 0.0), shift)


def transfer_lookup(transfer, top_=None):
    """r = F(r_1, ..., r_n) from a transfer function.

    Rates up to `top_` are smoothed: a polynomial of order `ORDER` in the presynaptic rates behind r = r_0 log(1 + exp(x)), which
    is exponential where cells fire through noise and linear above, fitted by weighted least squares. Beyond, monotone cubics
    run through the points along each axis; everywhere, if the polynomial misses the points by more than their errors.

    Parameters
    ----------
    transfer : TransferFunction
    top_ : float, optional
        Hz; without it nothing is smoothed.

    Raises
    ------
    InputError
        If an axis has fewer than two rates, or there are more than four axes.
    """
    from scipy.interpolate import PchipInterpolator

    axes, values = list(transfer.rates_.values()), transfer.rate_
    if len(axes) > max(FINE) or min(map(len, axes)) < 2:
        raise InputError(f"transfer: got axes of {' x '.join(str(len(axis)) for axis in axes)} rates, expected at most {max(FINE)} of at least two each")
    fine = [np.linspace(axis[0], axis[-1], FINE[len(axes)]) for axis in axes]
    for number, axis in enumerate(axes):
        values = PchipInterpolator(axis, values, axis=number)(fine[number])
    smooth, chi2 = (None, np.inf) if top_ is None else _softplus_polynomial(
        np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes)), transfer.rate_.ravel(), transfer.rate_sem_.ravel(), top_)
    if chi2 <= CHI2_LIMIT:
        smoothed = smooth(np.stack(np.meshgrid(*fine, indexing="ij"), axis=-1))
        # Near the top the two are blended, so that the table has no step.
        share = np.clip((1.3 * top_ - values) / (0.3 * top_), 0.0, 1.0)
        values = share * smoothed + (1 - share) * values
    return Lookup(np.array([axis[0] for axis in axes]), np.array([axis[-1] for axis in axes]), np.maximum(values, 0.0))


def _softplus_polynomial(points, rate, sem, top_):
    """A polynomial behind a softplus through rates at points.

    Parameters
    ----------
    points : ndarray, shape (point, axis)
    rate, sem : ndarray, shape (point,)
    top_ : float
        Rates beyond 1.3 times this do not count.

    Returns
    -------
    function : callable or None
        Of coordinates along the last axis.
    chi2 : float
        Mean squared deviation in standard errors.
    """
    from itertools import combinations_with_replacement

    from scipy.optimize import least_squares
    from scipy.special import expit

    width = points.max(axis=0)
    powers = [c for order in range(ORDER + 1) for c in combinations_with_replacement(range(len(width)), order)]
    terms = lambda points: np.stack([np.prod((points / width)[..., list(c)], axis=-1) for c in powers], axis=-1)
    used = rate <= 1.3 * top_
    if used.sum() < 2 * len(powers):
        return None, np.inf
    design = terms(points[used])
    # One per cent of each rate is what a polynomial may miss of a smooth curve; it keeps high rates from outweighing low ones.
    r, error = rate[used], np.hypot(sem[used], 0.01 * rate[used])
    knee = max(0.3 * top_, 1.0)
    gain = lambda p: knee * np.logaddexp(0, p)
    fires = r > error
    if fires.sum() < len(powers):
        return None, np.inf
    start = np.linalg.lstsq(design[fires], np.log(np.expm1(r[fires] / knee)), rcond=None)[0]
    solution = least_squares(lambda p: (gain(design @ p) - r) / error, start, method="lm",
                             jac=lambda p: (knee * expit(design @ p) / error)[:, None] * design)
    return lambda points: gain(terms(points) @ solution.x), 2 * solution.cost / max(np.count_nonzero(fires) - len(powers), 1)
