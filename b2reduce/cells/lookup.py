"""Measured rates as functions.

Tables on regular grids, interpolated between points and clamped at their edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.polynomial.chebyshev import chebvander

from ..basics.errors import InputError

__all__ = ["Lookup", "axis_table", "missed_between", "surface_lookup", "transfer_lookup"]

FINE = {1: 257, 2: 257, 3: 97, 4: 31}  # points per axis of the table, by the number of axes
# Of the polynomial that smooths a surface; its largest mean squared deviation in standard errors
ORDER, CHI2_LIMIT = 4, 3.0
# Of the polynomials that are tried for a transfer function
ORDERS, MOST_TERMS = (2, 3, 4, 5, 6, 7, 8, 10), 126
GTOL, STEPS = 0.1, 60  # of its fit, in units of half a squared standard error
# What a table may miss cells by that were simulated between its points: relative, in Hz, in standard errors
APART, APART_, SIGMAS = 0.03, 0.02, 3.0
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
        Of two axes (I, g): the table's first axis is I - shift g, along which the curves of all g lie on one
        another.
    error : float
        Of interpolation, relative: what the rates of cells simulated between the points differ by beyond
        their scatter; NaN if there are none.
    moved : float
        By how many Hz the table lay above the point that it was made to pass through.
    """

    first: np.ndarray
    last: np.ndarray
    values: np.ndarray
    shift: float = 0.0
    error: float = np.nan
    moved: float = 0.0
    _flat: memoryview = field(default=None, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "_flat", memoryview(np.ascontiguousarray(self.values, dtype=float).ravel()))

    def _coordinates(self, arguments):
        if not self.shift:
            return arguments
        I, g = arguments
        return I - self.shift * g, g

    def __call__(self, *arguments):
        """Rate in Hz at SI floats or arrays."""
        if np.size(arguments[0]) == 1 and all(np.size(value) == 1 for value in arguments):
            # A rate network asks for one value a step: plain floats are ten times faster than arrays of one.
            return np.full(
                np.shape(arguments[0]), self._one([float(np.reshape(value, -1)[0]) for value in arguments])
            )
        index, weight = [], []
        for value, first, last, size in zip(
            self._coordinates(arguments), self.first, self.last, self.values.shape
        ):
            place = np.clip((np.asarray(value, dtype=float) - first) / (last - first), 0.0, 1.0) * (size - 1)
            lower = np.minimum(place.astype(int), size - 2)
            index.append(lower)
            weight.append(place - lower)
        return sum(
            self.values[tuple(i + bit for i, bit in zip(index, corner))]
            * np.prod(np.broadcast_arrays(*(w if bit else 1 - w for w, bit in zip(weight, corner))), axis=0)
            for corner in product((0, 1), repeat=len(index))
        )

    def _one(self, arguments):
        corners = [(0, 1.0)]
        for value, first, last, size in zip(
            self._coordinates(arguments), self.first.tolist(), self.last.tolist(), self.values.shape
        ):
            place = (
                min(max((value - first) / (last - first), 0.0), 1.0) * (size - 1) if value == value else value
            )
            if place != place:
                return place  # NaN in, NaN out
            lower = min(int(place), size - 2)
            part = place - lower
            corners = [
                (offset * size + lower + bit, share * (part if bit else 1 - part))
                for offset, share in corners
                for bit in (0, 1)
            ]
        return sum(self._flat[offset] * share for offset, share in corners)

    def along_current(self, I_, g_, rate_):
        """The same table of (I, g), moved along the current so that it gives a rate at a point.

        As far as it goes where it has no such rate.
        """
        from scipy.optimize import brentq

        x = float(I_ - self.shift * g_)
        excess = lambda d: float(self(I_ + d, g_)) - rate_
        here = excess(0.0)
        ends = self.first[0] - x, self.last[0] - x
        low, high = (min(ends[0], 0.0), 0.0) if here > 0 else (0.0, max(ends[1], 0.0))
        if here == 0 or excess(low) * excess(high) > 0:
            d = 0.0 if here == 0 else low if here > 0 else high
        else:
            d = brentq(excess, low, high, xtol=1e-12 * (self.last[0] - self.first[0]))
        step = np.array([d, 0.0])
        return replace(self, first=self.first - step, last=self.last - step, moved=here)

    def down_to(self, I_, g_, rate_):
        """The same table of (I, g), which goes on in straight lines to a lower rate that is known at a point
        below its first current, if it lies there.
        """
        x, first, last = float(I_ - self.shift * g_), self.first[0], self.last[0]
        if x >= first or rate_ > self.values[0].max():
            return self
        # As closely spaced as before.
        more = int(np.ceil((first - x) / (last - first) * (len(self.values) - 1)))
        part = np.linspace(0.0, 1.0, more, endpoint=False)[:, None]
        start = first - more * (last - first) / (len(self.values) - 1)
        return replace(
            self,
            first=np.array([start, self.first[1]]),
            values=np.concatenate([rate_ + part * (self.values[0] - rate_), self.values]),
        )

    def along_rate(self, arguments, rate_):
        """The same table, changed so that it gives a rate at a point.

        X + d in place of x where r = log(1 + exp(x)), which adds a factor to small rates and an amount to
        large ones.
        """
        from scipy.optimize import brentq

        here = float(self(*arguments)) - rate_
        size = max(rate_, 0.1)
        with np.errstate(divide="ignore"):
            behind = np.log(np.expm1(np.minimum(self.values / size, 500.0)))
        raised = lambda d: replace(
            self,
            values=np.where(
                self.values / size < 500.0, size * np.logaddexp(0.0, behind + d), self.values + size * d
            ),
            moved=here,
        )
        excess = lambda d: float(raised(d)(*arguments)) - rate_
        if here == 0 or excess(-3.0) * excess(3.0) > 0:
            return replace(self, moved=here)
        return raised(brentq(excess, -3.0, 3.0, xtol=1e-12))

    def outside(self, *arguments):
        """Whether the arguments lie beyond the table, to a thousandth of its width."""
        beyond = False
        for value, first, last in zip(self._coordinates(arguments), self.first, self.last):
            slack = 1e-3 * (last - first)
            beyond = beyond | (np.asarray(value) < first - slack) | (np.asarray(value) > last + slack)
        return beyond


def surface_lookup(surface):
    """r = F(I, g) from an f-I surface.

    The curves of neighbouring conductances are laid over one another by their mean shift, monotone cubics run
    through each, and between conductances values at the same place of the curve are joined: a curve that
    moves by more than the spacing of its currents from one conductance to the next is not blurred. What was
    measured in noise is smoothed as in `transfer_lookup`, if that misses the points by no more than their
    errors.

    Raises
    ------
    InputError
        If fewer than two conductances have enough points.
    """
    from scipy.interpolate import PchipInterpolator

    columns = [
        (g, surface.I_[known], surface.rate_[known, j])
        for j, g in enumerate(surface.g_)
        if (known := np.isfinite(surface.rate_[:, j])).sum() >= ROWS
    ]
    if len(columns) < 2:
        raise InputError(
            f"surface: {len(columns)} of {surface.g_.size} conductances have at least {ROWS} currents,"
            " expected two; measure more currents, or at more conductances"
        )
    g = np.array([column[0] for column in columns])
    top = min(rate.max() for _, _, rate in columns)
    crossing = [
        np.mean([np.interp(level * top, np.maximum.accumulate(rate), I) for level in (0.3, 0.5, 0.7)])
        for _, I, rate in columns
    ]
    shift = float(np.polyfit(g, crossing, 1)[0])
    curves = [
        (PchipInterpolator(I - shift * g_, rate), I[0] - shift * g_, I[-1] - shift * g_)
        for g_, I, rate in columns
    ]
    first, last = max(curve[1] for curve in curves), min(curve[2] for curve in curves)
    if not first < last:
        raise InputError(
            "surface: no stretch of the f-I curve was measured at all conductances; measure more currents"
        )
    x = np.linspace(first, last, FINE[2])
    fine = np.linspace(g[0], g[-1], FINE[2])
    values = PchipInterpolator(g, np.array([curve(x) for curve, _, _ in curves]), axis=0)(fine).T
    i, j = np.nonzero(np.isfinite(surface.rate_) & np.isin(surface.g_, g) & (surface.rate_sem_ > 0))
    if i.size > 0.5 * sum(len(rate) for _, _, rate in columns):  # measured in noise, and so with errors
        # Both axes from 0 to 1, so that powers of them are told apart.
        units = lambda x, g_: np.stack([(x - first) / (last - first), (g_ - g[0]) / (g[-1] - g[0])], axis=-1)
        smooth = _softplus_polynomial(
            units(surface.I_[i] - shift * surface.g_[j], surface.g_[j]),
            surface.rate_[i, j],
            surface.rate_sem_[i, j],
            top,
            ORDER,
        )
        smoothed = (
            smooth.on_grid([(x - first) / (last - first), (fine - g[0]) / (g[-1] - g[0])])
            if smooth is not None
            else values
        )
        # Between the points it must not leave what runs through them by more than chance.
        chance = SIGMAS * np.median(surface.rate_sem_[i, j] / np.maximum(surface.rate_[i, j], 1e-9)) + APART
        if (
            smooth is not None
            and smooth.chi2 <= CHI2_LIMIT
            and np.mean(np.abs(smoothed - values) > chance * values + SIGMAS * APART_) < 0.05
        ):
            values = smoothed
    return Lookup(np.array([first, fine[0]]), np.array([last, fine[-1]]), np.maximum(values, 0.0), shift)


def axis_table(axes, rates):
    """Monotone cubics through rates on a grid, along one axis after the other, as a Lookup."""
    from scipy.interpolate import PchipInterpolator

    fine, values = [np.linspace(axis[0], axis[-1], FINE[len(axes)]) for axis in axes], rates
    for number, axis in enumerate(axes):
        values = PchipInterpolator(axis, values, axis=number)(fine[number])
    return Lookup(
        np.array([axis[0] for axis in axes]), np.array([axis[-1] for axis in axes]), np.maximum(values, 0.0)
    )


def missed_between(table, transfer):
    """By how much a table misses the cells that were simulated between the points of a transfer function, in
    units of 3 % and three standard errors.
    """
    rate, sem = transfer.between["rate"], transfer.between["rate_sem"]
    return np.abs(table(*transfer.between["rates"].T) - rate) / (SIGMAS * sem + APART * rate + APART_)


def transfer_lookup(transfer, top_=None):
    """r = F(r_1, ..., r_n) from a transfer function.

    Rates up to `top_` are smoothed: a polynomial in the presynaptic rates behind r = r_0 log(1 + exp(x)),
    which is exponential where cells fire through noise and linear above, fitted by weighted least squares, of
    the order with the smallest information criterion (Akaike). Where monotone cubics through the points along
    each axis meet the cells simulated between them better, they answer. Beyond `top_` they do in any case. A
    transfer function without points between has order 4, if that misses its own points by no more than their
    errors.

    Parameters
    ----------
    transfer : TransferFunction
    top_ : float, optional
        Hz; by default that of the transfer function, if it has one; without it nothing is smoothed.

    Raises
    ------
    InputError
        If an axis has fewer than two rates, or there are more than four axes.
    """
    axes = list(transfer.rates_.values())
    if len(axes) > max(FINE) or min(map(len, axes)) < 2:
        raise InputError(
            f"transfer: got axes of {' x '.join(str(len(axis)) for axis in axes)} rates, expected at most"
            f" {max(FINE)} of at least two each"
        )
    top_ = transfer.top_ if top_ is None else top_
    rough = axis_table(axes, transfer.rate_)
    if not np.isfinite(top_):
        return rough
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    # A point that stayed silent is known to one spike in its time.
    sem = np.where(transfer.rate_sem_ > 0, transfer.rate_sem_, 1 / np.maximum(transfer.time_, 1.0)).ravel()

    def blended(smooth, cubic):
        """A polynomial's rates below the top, those of the cubics above it, and silence where all points
        around are silent: its tail means nothing there.
        """
        share = np.clip((1.3 * top_ - cubic) / (0.3 * top_), 0.0, 1.0)
        return np.where(cubic > 0, share * smooth + (1 - share) * cubic, 0.0)

    fits = []
    for order in ORDERS if transfer.between else (ORDER,):
        fit = _softplus_polynomial(
            points, transfer.rate_.ravel(), sem, top_, order, fits[-1] if fits else None
        )
        if fit is None:
            break
        fits.append(fit)
    chosen = min(fits, key=lambda fit: fit.criterion, default=None)
    if transfer.between:
        at, rate, scatter = (transfer.between[name] for name in ("rates", "rate", "rate_sem"))
        cubic = rough(*at.T)
        # An error counts against what chance makes and against the size of the rate.
        score = lambda values: np.mean((values - rate) ** 2 / (scatter**2 + (APART * rate + APART_) ** 2))
        chosen = None if chosen is None or score(cubic) < score(blended(chosen(at), cubic)) else chosen
    elif chosen is not None and chosen.chi2 > CHI2_LIMIT:
        chosen = None
    table = rough
    if chosen is not None:
        table = replace(
            rough,
            values=blended(
                chosen.on_grid([np.linspace(axis[0], axis[-1], FINE[len(axes)]) for axis in axes]),
                rough.values,
            ),
        )
    if transfer.between:
        miss = table(*at.T) - rate
        table = replace(
            table, error=float(np.sqrt(max(np.mean(miss**2 - scatter**2), 0.0) / np.mean(rate**2)))
        )
    return table


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


def _softplus_polynomial(points, rate, sem, top_, order, lower=None):
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
