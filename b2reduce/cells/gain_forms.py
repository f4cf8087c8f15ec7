"""Gain functions r = f(x) of the current x in excess of the threshold, one object each.

All that depends on the form stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..basics.errors import InputError

__all__ = ["FORMS", "Form", "inverse_at", "slope_by_name"]

KNOTS = 7  # of the spline


@dataclass(frozen=True)
class Form:
    """A gain function.

    Attributes
    ----------
    name : str
    f : callable
        Rate in Hz of (x, *shape).
    inverse : callable
        The x of (rate, *shape); NaN where there is none.
    slope : callable
        df/dx of (x, *shape).
    shape : tuple of (str, str)
        Names and units of the parameters, ``{I}`` for the current's unit.
    fixed : tuple of bool
        Which of them set a scale and are not fitted.
    start : callable
        (shape to start from, the target that is nearly linear in x) of (slope of a straight line, rates,
        currents' range).
    equation : str
        The rate as Brian2 writes it, of ``mu`` and the parameters; ``{I}`` for the current's unit.
    steepest : callable, optional
        Slope by which the form is known, of (*shape); else that at the middle of the window.
    """

    name: str
    f: Callable
    inverse: Callable
    slope: Callable
    shape: tuple
    fixed: tuple
    start: Callable | None
    equation: str
    steepest: Callable | None = None

    @property
    def names(self):
        """Names of the parameters."""
        return tuple(name for name, _ in self.shape)

    @property
    def free(self):
        """Number of parameters that are fitted."""
        return len(self.fixed) - sum(self.fixed)


def _outside(rate, good, values):
    return np.where(good, values, np.nan)


def _linear_f(x, beta):
    return beta * np.maximum(x, 0.0)


def _logistic_f(x, r_max, x_0):
    from scipy.special import expit

    return r_max * expit(np.asarray(x) / x_0)


def _logistic_inverse(r, r_max, x_0):
    r = np.asarray(r, dtype=float)
    good = (r > 0) & (r < r_max)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _outside(r, good, x_0 * np.log(r / (r_max - r)))


def _logistic_start(rise, r, width):
    r_max = 1.1 * r.max()
    return (r_max, 1.0), np.log(r / (r_max - r))


def _power_f(x, x_ref, n, r_ref):
    return r_ref * (np.maximum(x, 0.0) / x_ref) ** n


def _power_slope(x, x_ref, n, r_ref):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(x) > 0, n * r_ref / x_ref * (np.maximum(x, 0.0) / x_ref) ** (n - 1), 0.0)


def _softplus_f(x, k, x_0):
    return k * x_0 * np.logaddexp(0.0, np.asarray(x) / x_0)


def _softplus_inverse(r, k, x_0):
    y = np.maximum(np.asarray(r, dtype=float), 1e-300) / (k * x_0)
    # log(exp(y) - 1) without overflow
    return _outside(r, np.asarray(r) > 0, x_0 * (y + np.log(-np.expm1(-y))))


def _softplus_slope(x, k, x_0):
    from scipy.special import expit

    return k * expit(np.asarray(x) / x_0)


def _spline(shape):
    from scipy.interpolate import PchipInterpolator

    x, r = np.array(shape[:KNOTS]), np.array(shape[KNOTS:])
    return x, r, PchipInterpolator(x, r)


def _spline_ends(shape):
    """Slopes of the straight continuations: those of the first and the last stretch."""
    x, r = np.array(shape[:KNOTS]), np.array(shape[KNOTS:])
    return (r[1] - r[0]) / (x[1] - x[0]), (r[-1] - r[-2]) / (x[-1] - x[-2])


def _spline_f(x_, *shape):
    x, r, curve = _spline(shape)
    first, last = _spline_ends(shape)
    x_ = np.asarray(x_, dtype=float)
    beyond = np.where(x_ < x[0], r[0] + first * (x_ - x[0]), r[-1] + last * (x_ - x[-1]))
    return np.maximum(np.where((x_ < x[0]) | (x_ > x[-1]), beyond, curve(np.clip(x_, x[0], x[-1]))), 0.0)


def _spline_slope(x_, *shape):
    x, _, curve = _spline(shape)
    first, last = _spline_ends(shape)
    x_ = np.asarray(x_, dtype=float)
    return np.where(
        _spline_f(x_, *shape) <= 0,
        0.0,
        np.where(x_ < x[0], first, np.where(x_ > x[-1], last, curve.derivative()(np.clip(x_, x[0], x[-1])))),
    )


def _spline_inverse(r_, *shape):
    """By linear interpolation on a fine grid: the spline rises, so that there is one answer."""
    x, r, curve = _spline(shape)
    first, last = _spline_ends(shape)
    fine = np.linspace(x[0], x[-1], 2001)
    r_ = np.asarray(r_, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = np.where(r_ < r[0], x[0] + (r_ - r[0]) / first, x[-1] + (r_ - r[-1]) / last)
    inside = np.interp(r_, curve(fine), fine)
    return _outside(r_, r_ > 0, np.where((r_ < r[0]) | (r_ > r[-1]), beyond, inside))


def _scale_start(rise, r, width):
    middle = (r.min() + r.max()) / 2
    return (middle / abs(rise), 1.0, middle), r


#: In the order of their freedom: of two that predict alike the first is taken.
FORMS = {
    form.name: form
    for form in (
        Form(
            "threshold_linear",
            _linear_f,
            lambda r, beta: np.where(np.asarray(r) > 0, np.asarray(r) / beta, np.nan),
            lambda x, beta: np.where(np.asarray(x) > 0, beta, 0.0),
            (("beta", "Hz/{I}"),),
            (False,),
            lambda rise, r, width: ((rise,), r),
            "beta*mu*int(mu > 0*{I})",
            lambda beta: beta,
        ),
        Form(
            "sqrt",
            lambda x, x_ref, r_ref: _power_f(x, x_ref, 0.5, r_ref),
            lambda r, x_ref, r_ref: np.where(np.asarray(r) > 0, x_ref * (np.asarray(r) / r_ref) ** 2, np.nan),
            lambda x, x_ref, r_ref: _power_slope(x, x_ref, 0.5, r_ref),
            (("x_ref", "{I}"), ("r_ref", "Hz")),
            (False, True),
            lambda rise, r, width: (
                (_scale_start(rise, r, width)[0][0] / 2, _scale_start(rise, r, width)[0][2]),
                r**2 / r.mean(),
            ),
            "r_ref*sqrt(clip(mu/x_ref, 0, inf))",
        ),
        Form(
            "softplus",
            _softplus_f,
            _softplus_inverse,
            _softplus_slope,
            (("k", "Hz/{I}"), ("x_0", "{I}")),
            (False, False),
            lambda rise, r, width: ((rise, 0.1 * width), r),
            "k*x_0*(clip(mu/x_0, 0, inf) + log(1 + exp(-abs(mu/x_0))))",
            lambda k, x_0: k,
        ),
        Form(
            "threshold_power",
            _power_f,
            lambda r, x_ref, n, r_ref: np.where(
                np.asarray(r) > 0, x_ref * (np.maximum(r, 0) / r_ref) ** (1 / n), np.nan
            ),
            _power_slope,
            (("x_ref", "{I}"), ("n", "1"), ("r_ref", "Hz")),
            (False, False, True),
            _scale_start,
            "r_ref*clip(mu/x_ref, 0, inf)**n",
        ),
        Form(
            "logistic",
            _logistic_f,
            _logistic_inverse,
            lambda x, r_max, x_0: _logistic_f(x, r_max, x_0) * (1 - _logistic_f(x, r_max, x_0) / r_max) / x_0,
            (("r_max", "Hz"), ("x_0", "{I}")),
            (False, False),
            _logistic_start,
            "r_max/(1 + exp(-mu/x_0))",
            lambda r_max, x_0: r_max / (4 * x_0),
        ),
        Form(
            "spline",
            _spline_f,
            _spline_inverse,
            _spline_slope,
            (
                *((f"x_{k}", "{I}") for k in range(1, KNOTS + 1)),
                *((f"r_{k}", "Hz") for k in range(1, KNOTS + 1)),
            ),
            (True,) * KNOTS + (False,) * KNOTS,
            None,
            "",
        ),
    )
}


def slope_by_name(form, shape, middle):
    """The slope by which a form is known, beta: its steepest, or that at a rate in Hz."""
    return form.steepest(*shape) if form.steepest else float(form.slope(form.inverse(middle, *shape), *shape))


def inverse_at(form, rate_, shape):
    """The current in excess of the threshold that gives a rate.

    Raises
    ------
    InputError
        If the gain never takes that rate.
    """
    if rate_ == 0 and form.name != "logistic":
        return 0.0
    x = float(form.inverse(rate_, *shape))
    if not np.isfinite(x):
        top = f" between 0 and r_max = {shape[0]:g} Hz" if form.name == "logistic" else " above 0 Hz"
        raise InputError(f"initial: got {rate_:g} Hz, expected a rate{top} of the {form.name} gain")
    return x
