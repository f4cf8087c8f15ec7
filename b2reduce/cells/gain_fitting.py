"""Least squares for gains.

The shift by leak with the shape of the curve, and the slopes at each leak alone.
"""

from __future__ import annotations

import numpy as np

from .gain_forms import FORMS, inverse_at

__all__ = ["within_window"]

EDGE = 1e-9  # of the ends of the window: times of spikes are rounded to less in any run below a minute
FOLDS = 5  # of the cross-validation


def cross_validated(I, g, r, weight, held=None, shift=None):
    """(the form that is taken, table of all forms)."""
    import pandas as pd

    # Every fold takes every fifth point in the order of the rates: all folds span window and conductances.
    fold = np.empty(r.size, dtype=int)
    fold[np.lexsort((g, r))] = np.arange(r.size) % FOLDS
    squares = {}
    for gain in FORMS.values():
        if r.size * (FOLDS - 1) // FOLDS >= gain.free + 3:
            squares[gain.name] = np.empty(r.size)
            for k in range(FOLDS):
                squares[gain.name][fold == k] = (
                    _prediction_errors(gain, I, g, r, weight, fold == k, held, shift) ** 2
                )
    best = min(squares.values(), key=np.mean)
    # Of the forms whose excess over the best one is within twice its standard error, the simplest: by chance
    # alone freedom wins.
    chosen = next(
        name
        for name, own in squares.items()
        if np.mean(own - best) <= 2 * np.std(own - best) / np.sqrt(r.size)
    )
    return chosen, pd.DataFrame(
        [(name, float(np.sqrt(np.mean(own))), FORMS[name].free + 2) for name, own in squares.items()],
        columns=["form", "cv_rmse [Hz]", "parameters"],
    )


def _prediction_errors(gain, I, g, r, weight, out, held, shift):
    values = least_squares_of(gain, I[~out], g[~out], r[~out], weight[~out], held, shift)[0]
    return gain.f(I[out] - values[0] - values[1] * g[out], *values[2:]) - r[out]


def within_window(rate_, lo, hi):
    """Which rates lie in a window, its ends included.

    On a time grid rates are whole fractions of 1/dt, which round limits often are but for rounding.
    """
    return np.isfinite(rate_) & (rate_ > 0) & (rate_ >= lo * (1 - EDGE)) & (rate_ <= hi * (1 + EDGE))


def least_squares_of(gain, I, g, r, weight, held=None, shift=None):
    """Values (I_theta, v_theta, shape...), their covariance, and residuals in Hz.

    `held` is a point (I, g, r) that the law passes through; `shift` a v_theta that is not fitted.
    """
    from scipy.optimize import least_squares

    if shift is not None:
        # Currents that are shifted already lie on one curve, and nothing is left for a leak to do
        point = None if held is None else (held[0] - shift * held[1], 0.0, held[2])
        values, covariance, misses = least_squares_of(gain, I - shift * g, 0.0 * g, r, weight, point)
        values[1], covariance[1], covariance[:, 1] = shift, 0.0, 0.0
        return values, covariance, misses

    # In units of the range of the currents and of the leaks, threshold taken at their means: all numbers are
    # of order one.
    I_0, g_0, width, g_width = I.mean(), g.mean(), np.ptp(I) or abs(I.mean()), np.ptp(g) or 1.0
    x, y = (I - I_0) / width, (g - g_0) / g_width
    if gain.name == "spline":
        return _spline_fit(gain, x, y, r, weight, (I_0, g_0, width, g_width), held)
    units = np.array([{"{I}": width, "Hz/{I}": 1 / width}.get(unit, 1.0) for _, unit in gain.shape])
    free = ~np.array(gain.fixed)
    plane = lambda target: np.linalg.lstsq(
        np.column_stack([np.ones(r.size), x, y]) * weight[:, None], target * weight, rcond=None
    )[0]
    rise = plane(r)[1] or 1e-12
    begin, target = gain.start(rise, r, 1.0)
    # The target is nearly a plane in I and g: the exact answer for points on the rising part of a
    # threshold-linear gain.
    level, rise, tilt = plane(target)
    rise = rise or 1e-12
    begin = np.array(begin, dtype=float)
    if gain.name == "threshold_linear":
        begin[0] = rise
    elif gain.name == "logistic":
        begin[1] = 1 / rise
    scale = np.where(free, np.maximum(np.abs(begin), 1e-12), 1.0)

    def shape_of(p):
        shape = begin.copy()
        shape[free] = p[2:] * scale[free]
        return shape

    def whole(p):
        """All parameters: of a law that is held at a point the threshold follows from the others."""
        if held is None:
            return p
        p = np.append(0.0, p)
        p[0] = (
            (held[0] - I_0) / width - p[1] * (held[1] - g_0) / g_width - gain.inverse(held[2], *shape_of(p))
        )
        return p

    def residual(p):
        with np.errstate(all="ignore"):
            p = whole(p)
            return np.nan_to_num(
                (gain.f(x - p[0] - p[1] * y, *shape_of(p)) - r) * weight, nan=1e6, posinf=1e6, neginf=-1e6
            )

    lower = np.where(
        np.array([name in ("x_ref", "x_0", "n", "r_max") for name in gain.names]), 1e-3, -np.inf
    )[free]
    start = np.concatenate([[-level / rise, -tilt / rise], begin[free] / scale[free]])
    if gain.name == "threshold_power":  # convex or concave: both are tried
        starts = [start, np.concatenate([start[:2] - [0.3, 0], [start[2], 1.7]])]
    else:
        starts = [start]
    first = 0 if held is None else 1
    fits = [
        least_squares(
            residual,
            p[first:],
            x_scale="jac",
            method="trf",
            ftol=1e-14,
            xtol=1e-14,
            gtol=1e-14,
            bounds=(np.concatenate([[-np.inf] * (2 - first), lower]), np.inf),
        )
        for p in starts
    ]
    solution = min(fits, key=lambda fit: fit.cost)
    covariance = (
        np.linalg.pinv(solution.jac.T @ solution.jac)
        * np.sum(solution.fun**2)
        / max(r.size - solution.x.size, 1)
    )
    p = whole(solution.x)
    if held is not None:
        step = lambda k: np.where(
            np.arange(solution.x.size) == k, 1e-6 * np.maximum(np.abs(solution.x), 1e-6), 0.0
        )
        follows = np.column_stack(
            [
                (whole(solution.x + step(k)) - whole(solution.x - step(k))) / (2 * step(k)[k])
                for k in range(solution.x.size)
            ]
        )
        covariance = follows @ covariance @ follows.T
    v_theta = p[1] * width / g_width
    values = np.array([I_0 + width * p[0] - v_theta * g_0, v_theta, *(shape_of(p) * units)])
    transform = np.zeros((values.size, p.size))
    transform[0, :2], transform[1, 1] = (width, -width * g_0 / g_width), width / g_width
    transform[2 + np.flatnonzero(free), 2 + np.arange(free.sum())] = (scale * units)[free]
    return values, transform @ covariance @ transform.T, residual(solution.x) / weight


def _spline_fit(gain, x, y, r, weight, frame, held):
    """`least_squares_of` for the spline.

    The shift by leak, and the rates at knots that keep their places among the collapsed points.
    """
    from scipy.optimize import least_squares

    I_0, g_0, width, g_width = frame
    _, rise, tilt = np.linalg.lstsq(
        np.column_stack([np.ones(r.size), x, y]) * weight[:, None], r * weight, rcond=None
    )[0]
    tilt = -tilt / (rise or 1e-12)
    count = len(gain.shape) // 2
    collapsed = x - tilt * y
    knots = np.linspace(collapsed.min(), collapsed.max(), count)
    order = np.argsort(collapsed)
    first = np.maximum(
        np.diff(np.interp(knots, collapsed[order], np.maximum.accumulate(r[order]))), 1e-3 * r.max()
    )
    # Increments are not negative: it rises
    rates = lambda p: np.concatenate([[p[1]], p[1] + np.cumsum(p[2:])])
    residual = lambda p: (gain.f(x - p[0] * y, *knots, *rates(p)) - r) * weight
    solution = least_squares(
        residual,
        [tilt, max(r.min(), 0.0), *first],
        x_scale="jac",
        bounds=([-np.inf, -np.inf, *np.full(count - 1, 1e-6 * r.max())], np.inf),
    )
    p = solution.x
    covariance = (
        np.linalg.pinv(solution.jac.T @ solution.jac) * np.sum(solution.fun**2) / max(r.size - p.size, 1)
    )

    def values_of(p):
        v_theta, r_knots = p[0] * width / g_width, rates(p)
        # x = 0 is where the first stretch, continued, meets zero: the knots are measured from there.
        zero = knots[0] - r_knots[0] * (knots[1] - knots[0]) / (r_knots[1] - r_knots[0])
        values = np.array([I_0 + width * zero - v_theta * g_0, v_theta, *(width * (knots - zero)), *r_knots])
        if held is not None:  # knots and rates stay, and the whole curve moves
            values[0] = held[0] - v_theta * held[1] - inverse_at(gain, held[2], tuple(values[2:]))
        return values

    values = values_of(p)
    misses = gain.f(I_0 + width * x - values[0] - values[1] * (g_0 + g_width * y), *values[2:]) - r
    # Errors of the rates at the first two knots are errors of where the curve meets zero
    steps = 1e-6 * np.diag(np.maximum(np.abs(p), 1e-3))
    transform = np.column_stack(
        [(values_of(p + step) - values_of(p - step)) / (2 * step.sum()) for step in steps]
    )
    return values, transform @ covariance @ transform.T, misses


def slopes_alone(gain, surface, I, g, r, weight, shape, beta):
    """The slope beta at each conductance by itself, and how well the currents determine it.

    The common gain, inverted, makes a straight line of the curve at each conductance; its slope is the factor
    by which that curve is stretched.
    """
    import pandas as pd

    rows, information = [], []
    stretched = gain.inverse(r, *shape)
    for g_alone in surface.g_:
        here = (g == g_alone) & np.isfinite(stretched)
        # An error of the rate counts in x by as much more as the gain is flat there.
        x, y, w = I[here], stretched[here], weight[here] * gain.slope(stretched[here], *shape) / beta
        slope, error, spread = np.nan, np.nan, 0.0
        if x.size >= 2 and (w**2).any():  # where the gain is flat at every point, its slope there is unknown
            mean = np.average(x, weights=w**2)
            spread = np.sum((w * (x - mean)) ** 2)
            slope = np.sum(w**2 * (x - mean) * y) / spread
            if x.size > 2:
                left = y - np.average(y, weights=w**2) - slope * (x - mean)
                error = np.sqrt(np.sum((w * left) ** 2) / (x.size - 2) / spread)
        rows.append((g_alone, beta * slope, beta * error, int(here.sum())))
        information.append(spread)
    unit = "Hz m^2/A" if surface.per_area else "Hz/A"
    return pd.DataFrame(
        rows, columns=[f"g [{surface.conductance_unit}]", f"slope [{unit}]", f"stderr [{unit}]", "points"]
    ), np.array(information)


def slope_change_of(g, slopes, information):
    """Range over the conductances of the parabola through the slopes.

    The range of the slopes themselves would grow with their number by chance alone.
    """
    known = np.isfinite(slopes)
    g, slopes = g[known], slopes[known]
    if g.size < 2:
        return np.nan
    smooth = np.polynomial.Polynomial.fit(g, slopes, min(2, g.size - 1), w=np.sqrt(information[known]))
    return float(np.ptp(smooth(g)))
