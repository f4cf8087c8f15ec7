"""Gain functions and their fit to an f-I surface: r = f(I - I_theta - v_theta g)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, one_of, one_value, rate_limits, require, to_si
from ..basics.errors import InputError
from ..basics.units import readable, with_units
from .gain_fit import GainFit
from .gain_fitting import cross_validated, least_squares_of, slope_change_of, slopes_alone, within_window
from .gain_forms import FORMS, slope_by_name
from .plausible import implausible, implausible_shift
from .silences import silence_warnings
from .surface import FISurface

if TYPE_CHECKING:
    from typing import Any

    from ..basics.types import QuantityLike

__all__ = ["fit_gain"]

# Relative change of the slope over the g range beyond which "extra leak only shifts" is poor
SLOPE_LIMIT = 0.15
RMSE_LIMIT = 0.05  # of the width of the rate window


def fit_gain(
    surface: FISurface,
    *,
    form: str = "threshold_linear",
    rates: tuple[QuantityLike, QuantityLike] | None = None,
    weights: str | None = None,
    through: Any = None,
    v_theta: QuantityLike | None = None,
) -> GainFit:
    """Fit r = f(I - I_theta - v_theta g) to the points of a surface within a window of rates.

    Parameters
    ----------
    surface : FISurface
        At least two conductances with points in the window, otherwise v_theta is undetermined and must be
        given.
    form : {"threshold_linear", "sqrt", "softplus", "threshold_power", "logistic", "spline", "auto"}
        beta [x]_+; r_ref sqrt([x]_+/x_ref), the onset of a type I cell; k x_0 log(1 + exp(x/x_0)); r_ref
        ([x]_+/x_ref)^n; r_max/(1 + exp(-x/x_0)); a monotone cubic spline through knots of the collapsed data;
        or the first of these that predicts points left out as well as any (cross-validation, within two
        standard errors).
    rates : (Quantity, Quantity), optional
        Window of rates, ends included; by default all. Points that are silent, blocked (`FISurface.blocked`)
        or not finite never count.
    weights : None or "sem"
        Weight all points alike, or by one over their standard error.
    through : (Quantity, Quantity, Quantity), optional
        Mean current, mean leak and rate of a point that the law is to pass through: one that is known better
        than the surface, such as the operating point of a network.
    v_theta : Quantity, optional
        The shift where it is known from elsewhere, V: held there, with a standard error of 0, instead of
        fitted. At one conductance g slope and threshold I_theta + v_theta g do not depend on it.

    Returns
    -------
    GainFit

    Raises
    ------
    InputError
        If the window holds too few points, or only one conductance and no `v_theta` is given.

    Notes
    -----
    Equations 11.3-11.7 of the lecture; Shriki, Hansel & Sompolinsky (2003), section 2. That extra leak shifts
    the curve without changing its slope is an approximation: the slope is also fitted at each conductance
    alone, and the result warns if it changes by more than 15 % or if the residual exceeds 5 % of the window.

    Examples
    --------
    >>> import pandas as pd
    >>> from b2reduce import FISurface
    >>> I = [1e-10, 2e-10, 3e-10]
    >>> rows = [(i, g, 1e11*(i - 2e-11 - 0.001*g)) for i in I for g in (1e-8, 2e-8)]
    >>> fit = fit_gain(FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"])))
    >>> fit.v_theta
    1. * mvolt
    """
    import pandas as pd

    require(surface, FISurface, "fit_gain, surface")
    one_of(form, (*FORMS, "auto"), "form")
    if weights is not None and not (isinstance(weights, str) and weights == "sem"):
        raise InputError(f"weights: got {described(weights)}, expected None or 'sem'")
    I_, g_ = np.meshgrid(surface.I_, surface.g_, indexing="ij")
    rate_ = surface.rate_
    lo, hi = (0.0, np.inf) if rates is None else rate_limits(rates)
    inside = within_window(rate_, lo, hi) & ~surface.blocked
    if rates is None and inside.any():
        lo, hi = rate_[inside].min(), rate_[inside].max()
    I, g, r = I_[inside], g_[inside], rate_[inside]
    needed = FORMS["threshold_linear" if form == "auto" else form].free + 3
    if r.size < needed:
        seen = rate_[np.isfinite(rate_)]
        span = (
            f"the surface spans {seen.min():.4g} to {seen.max():.4g} Hz"
            if seen.size
            else "the surface holds no finite rate"
        )
        raise InputError(
            f"rates: {r.size} points fire at {lo:.4g} to {hi:.4g} Hz, expected at least {needed} for the form"
            f" {form!r}; {span}: widen the window or measure more currents within it"
        )
    if np.ptp(r) == 0:
        raise InputError(
            f"rates: all {r.size} points of the window fire at {lo:.4g} Hz, so that no slope can be told;"
            " measure where the rate moves with the current"
        )
    shift = None if v_theta is None else one_value(v_theta, "V", "v_theta")
    _determined(I, g, lo, hi, shift)
    weight = np.ones(r.size)
    if weights == "sem":
        sem = surface.rate_sem_[inside]
        lacking = np.flatnonzero(~(np.isfinite(sem) & (sem > 0)))
        if lacking.size:
            I_factor, I_unit = readable(I, surface.current_unit)
            g_factor, g_unit = readable(g, surface.conductance_unit)
            raise InputError(
                f"weights: 'sem' needs a positive rate_sem at every point of the window, and {lacking.size}"
                f" of {sem.size} have none or zero, the first at I = {I[lacking[0]] / I_factor:.4g} {I_unit},"
                f" g = {g[lacking[0]] / g_factor:.4g} {g_unit}; repeat these measurements, measure with"
                " noise, or leave weights out"
            )
        weight = sem.min() / sem
    held = None if through is None else _held(through, surface)
    chosen = None
    if form == "auto":
        form, chosen = cross_validated(I, g, r, weight, held, shift)
    gain = FORMS[form]
    values, covariance, residual = least_squares_of(gain, I, g, r, weight, shift=shift)
    moved = 0.0
    if held is not None:
        moved = float(gain.f(held[0] - values[0] - values[1] * held[1], *values[2:])) - held[2]
        values, covariance, residual = least_squares_of(gain, I, g, r, weight, held, shift)
    shape, middle = values[2:], (lo + hi) / 2
    slope_at = lambda shape: slope_by_name(gain, shape, middle)
    beta = slope_at(shape)
    # The delta method, with the derivative of beta by central differences.
    step = lambda k: np.where(np.arange(shape.size) == k, 1e-6 * np.abs(shape), 0.0)
    gradient = np.array(
        [
            0,
            0,
            *(
                (slope_at(shape + step(k)) - slope_at(shape - step(k))) / (2e-6 * abs(shape[k]) or 1.0)
                for k in range(shape.size)
            ),
        ]
    )
    units = {
        "beta": "Hz m^2/A" if surface.per_area else "Hz/A",
        "I_theta": surface.current_unit,
        "v_theta": "V",
    }
    known = {"{I}": surface.current_unit, "Hz/{I}": units["beta"]}
    units.update({name: known.get(unit, unit) for name, unit in gain.shape})
    names = ["I_theta", "v_theta", *gain.names]
    params = {"beta": beta, **dict(zip(names, values))}
    rows = np.array([np.eye(len(names))[names.index(name)] if name in names else gradient for name in params])
    covariance = pd.DataFrame(rows @ covariance @ rows.T, index=list(params), columns=list(params))
    stderr = dict(zip(params, np.sqrt(np.diag(covariance))))
    slopes, information = slopes_alone(gain, surface, I, g, r, weight, shape, beta)
    change = float(slope_change_of(surface.g_, slopes.iloc[:, 1].to_numpy(), information) / beta)
    rmse = float(np.sqrt(np.mean(residual**2)))
    warnings = [
        *_given(shift, g),
        *surface.warnings,
        *implausible(surface),
        *implausible_shift(params["v_theta"], stderr["v_theta"], I, g, surface),
        *silence_warnings(surface),
    ]
    if change > SLOPE_LIMIT:
        factor, g_unit = readable(g, surface.conductance_unit)
        warnings.append(
            f"the slope of the f-I curve changes by {100 * change:.0f} % over g = {g.min() / factor:.3g} to"
            f" {g.max() / factor:.3g} {g_unit} (limit {100 * SLOPE_LIMIT:.0f} %): extra leak does more than"
            " shift the curve; narrow the range of g or of rates"
        )
    if rmse > RMSE_LIMIT * (hi - lo):
        warnings.append(
            f"the residual of the {form} gain is {rmse:.3g} Hz, {100 * rmse / (hi - lo):.1f} % of the window"
            f" {lo:.3g} to {hi:.3g} Hz (limit {100 * RMSE_LIMIT:.0f} %): the form is poor here; narrow the"
            " window or try another form"
        )
    if beta <= 0:
        warnings.append(
            f"the fitted slope is {beta:.3g} {units['beta']}, not positive: rates fall with the current in"
            " this window"
        )
    return GainFit(
        form=form,
        params={name: with_units(float(value), units[name]) for name, value in params.items()},
        stderr={name: with_units(float(value), units[name]) for name, value in stderr.items()},
        r2=float(1 - np.sum(residual**2) / np.sum((r - r.mean()) ** 2)),
        rmse=with_units(rmse, "Hz"),
        slopes=slopes,
        slope_change=change,
        rates=(with_units(float(lo), "Hz"), with_units(float(hi), "Hz")),
        points=int(r.size),
        warnings=tuple(warnings),
        per_area=surface.per_area,
        provenance=dict(surface.provenance),
        cross_validation=chosen,
        covariance=covariance,
        through=(
            None
            if held is None
            else {
                "I": with_units(held[0], surface.current_unit),
                "g": with_units(held[1], surface.conductance_unit),
                "rate": with_units(held[2], "Hz"),
                "moved": with_units(moved, "Hz"),
            }
        ),
    )


def _determined(I, g, lo, hi, shift):
    """Refuse points that do not tell the parameters that are to be fitted."""
    if shift is not None:
        if np.ptp(I - shift * g) <= 1e-9 * np.abs(I).max():  # but for rounding
            raise InputError(
                "rates: the points of the window have one current, once v_theta has shifted it; measure"
                " more currents"
            )
        return
    if np.unique(g).size < 2:
        raise InputError(
            f"rates: points within {lo:.4g} to {hi:.4g} Hz exist at one conductance only, expected at least"
            " two to determine v_theta; widen the window, measure more conductances, or give v_theta="
        )
    plane = np.column_stack(
        [np.ones(g.size), (I - I.mean()) / (np.ptp(I) or 1.0), (g - g.mean()) / np.ptp(g)]
    )
    if np.linalg.matrix_rank(plane, tol=1e-9) < 3:
        raise InputError(
            "rates: the points of the window lie on one line in (I, g), so that current and leak cannot be"
            " told apart; measure at least two currents at one conductance"
        )


def _given(shift, g):
    if shift is not None:
        yield (
            f"v_theta = {1e3 * shift:.4g} mV was given and not fitted"
            + (": all points have one conductance" if np.unique(g).size < 2 else "")
            + "; weights and thresholds of a circuit depend on it"
        )


def _held(through, surface):
    """(I, g, rate) of the point to pass through, SI."""
    if (
        isinstance(through, (str, bytes, Mapping))
        or np.ndim(through) == 0
        and not isinstance(through, (tuple, list))
        or len(through) != 3
    ):
        raise InputError(
            f"through: got {described(through)}, expected a current, a leak and a rate, such as (400*pA,"
            " 30*nS, 15*Hz)"
        )
    I_, g_, rate_ = (
        float(to_si(value, unit, f"through, {name}"))
        for value, unit, name in zip(
            through, (surface.current_unit, surface.conductance_unit, "Hz"), ("current", "leak", "rate")
        )
    )
    if not (np.isfinite([I_, g_, rate_]).all() and rate_ > 0):
        raise InputError(
            f"through: got a rate of {rate_:g} Hz at {I_:g}, {g_:g} (SI), expected finite values and a rate"
            " above 0 Hz: a silent point says no more than that the threshold is not reached there"
        )
    return I_, g_, rate_
