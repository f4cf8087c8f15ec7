"""Gain functions and their fit to an f-I surface: r = f(I - I_theta - v_theta g)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.arguments import described, one_of, rate_limits, require, to_si
from ..basics.display import gain_rows, sheet_html
from ..basics.errors import InputError
from ..basics.frozen import frozen
from ..basics.units import format_quantity, parse_quantity, readable, with_units
from .gain_forms import FORMS, inverse_at, slope_by_name
from .plausible import implausible, implausible_shift
from .silences import silence_warnings
from .surface import FISurface

__all__ = ["GainFit", "fit_gain", "within_window"]

# Relative change of the slope over the g range beyond which "extra leak only shifts" is poor
SLOPE_LIMIT = 0.15
RMSE_LIMIT = 0.05  # of the width of the rate window
EDGE = 1e-9  # of the ends of the window: times of spikes are rounded to less in any run below a minute


FOLDS = 5  # of the cross-validation


@dataclass(frozen=True, eq=False)
class GainFit:
    """The law r = f(I - I_theta - v_theta g) fitted to a surface.

    Attributes
    ----------
    form : str
    beta : Quantity
        Slope of the gain, Hz/A or Hz m^2/A: of the softplus that at high rates, of the logistic its steepest,
        r_max/(4 x_0), of "sqrt", "threshold_power" and "spline" that at the middle of the window.
    I_theta : Quantity
        Threshold current extrapolated to g = 0, A or A/m^2; for the logistic the current of half the maximal
        rate, for the softplus that of its knee, for the spline where its first stretch, continued, meets
        zero.
    v_theta : Quantity
        Threshold voltage: the shift of the f-I curve per unit of extra leak, V.
    params : mapping
        All parameters, those of the shape included.
    stderr : mapping
        Standard error of each parameter, from the scatter of the points around the fit.
    r2 : float
    rmse : Quantity
        Root mean square residual, Hz.
    slopes : pandas.DataFrame
        Slope at each g by itself, its standard error and the number of points.
    slope_change : float
        Range of the parabola through these slopes (which smooths their errors), relative to `beta`.
    warnings : list of str
        Where the law is poor; empty if it is not.
    rates : tuple of Quantity
        The window of rates that was fitted.
    points : int
        Number of points in it.
    provenance : mapping
        That of the surface.
    cross_validation : pandas.DataFrame or None
        Where the form was chosen: cross-validated error of each form in Hz, and its number of parameters.
    covariance : pandas.DataFrame or None
        Of the errors of the parameters, rows and columns named as in `params`: SI floats, each in the product
        of the units of its two parameters. Errors of I_theta and v_theta go together, so that those of a
        threshold I_theta + v_theta g need it. The diagonal is the square of `stderr`; a parameter that was
        not fitted has zeros. None in files of earlier versions.
    through : mapping or None
        The point that the law was made to pass through: ``I``, ``g``, ``rate``, and ``moved``, by how many Hz
        the law without that condition lies above it.
    """

    form: str
    params: Mapping
    stderr: Mapping
    r2: float
    rmse: object
    slopes: object
    slope_change: float
    rates: tuple
    points: int
    warnings: tuple
    per_area: bool
    provenance: Mapping
    cross_validation: object = None
    covariance: object = None
    through: Mapping | None = None

    def __post_init__(self):
        for name in ("params", "stderr", "provenance", *(("through",) if self.through is not None else ())):
            object.__setattr__(self, name, frozen(dict(getattr(self, name))))
        object.__setattr__(self, "warnings", list(self.warnings))

    beta = property(lambda self: self.params["beta"])
    I_theta = property(lambda self: self.params["I_theta"])
    v_theta = property(lambda self: self.params["v_theta"])

    @property
    def current_unit(self):
        """``"A"`` or ``"A/m^2"``."""
        return "A/m^2" if self.per_area else "A"

    def _si(self, name):
        return float(np.asarray(self.params[name]))

    @property
    def shape_(self):
        """Shape parameters of the gain, SI."""
        return tuple(self._si(name) for name in FORMS[self.form].names)

    def f_(self, x_):
        """The gain alone on SI floats: Hz from A (or A/m^2)."""
        return FORMS[self.form].f(np.asarray(x_, dtype=float), *self.shape_)

    def slope_(self, x_):
        """df/dx on SI floats."""
        return FORMS[self.form].slope(np.asarray(x_, dtype=float), *self.shape_)

    def inverse_(self, rate_):
        """The current in excess of the threshold, SI, that gives a rate in Hz."""
        return inverse_at(FORMS[self.form], rate_, self.shape_)

    @property
    def equation(self):
        """The gain of ``mu`` as a Brian2 expression; empty for a spline, which is a function."""
        return FORMS[self.form].equation.format(I="amp/meter**2" if self.per_area else "amp")

    @property
    def parameters(self):
        """Brian2 declarations of the parameters in `equation`."""
        current = "amp/meter**2" if self.per_area else "amp"
        units = {"{I}": current, "Hz/{I}": "Hz*meter**2/amp" if self.per_area else "Hz/amp"}
        return (
            [f"{name} : {units.get(unit, unit)} (constant)" for name, unit in FORMS[self.form].shape]
            if self.equation
            else []
        )

    @property
    def parameter_values(self):
        """SI values of the parameters in `equation`."""
        return dict(zip(FORMS[self.form].names, self.shape_)) if self.equation else {}

    def f(self, x):
        """The gain alone: rate at the current `x` in excess of the threshold."""
        return with_units(self.f_(to_si(x, self.current_unit, "x")), "Hz")

    def predict_(self, I_, g_):
        """Rate at mean current and leak, SI floats."""
        return self.f_(np.asarray(I_) - self._si("I_theta") - self._si("v_theta") * np.asarray(g_))

    def __call__(self, I, g):
        """Predicted rate at mean current `I` and mean total leak `g` (broadcast against each other)."""
        g_ = to_si(g, "S/m^2" if self.per_area else "S", "g")
        return with_units(self.predict_(to_si(I, self.current_unit, "I"), g_), "Hz")

    def to_dict(self):
        """Plain data for JSON; `from_dict` reads it back to the same values."""
        text = lambda values: {name: format_quantity(value) for name, value in values.items()}
        return {
            "form": self.form,
            "params": text(self.params),
            "stderr": text(self.stderr),
            "r2": self.r2,
            "rmse": format_quantity(self.rmse),
            "slopes": self.slopes.to_dict("list"),
            "slope_change": self.slope_change,
            "rates": [format_quantity(rate) for rate in self.rates],
            "points": self.points,
            "warnings": list(self.warnings),
            "per_area": self.per_area,
            "provenance": dict(self.provenance),
            "cross_validation": (
                None if self.cross_validation is None else self.cross_validation.to_dict("list")
            ),
            "covariance": None if self.covariance is None else self.covariance.to_dict(),
            "through": None if self.through is None else text(self.through),
        }

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote."""
        import pandas as pd

        read = lambda values: {name: parse_quantity(value) for name, value in values.items()}
        chosen, covariance, through = (
            data.get(name) for name in ("cross_validation", "covariance", "through")
        )
        return cls(
            **{
                **data,
                "through": None if through is None else read(through),
                "cross_validation": None if chosen is None else pd.DataFrame(chosen),
                "covariance": None if covariance is None else pd.DataFrame(covariance, dtype=float),
                "params": read(data["params"]),
                "stderr": read(data["stderr"]),
                "rmse": parse_quantity(data["rmse"]),
                "slopes": pd.DataFrame(data["slopes"], dtype=float),
                "rates": tuple(parse_quantity(rate) for rate in data["rates"]),
                "slope_change": np.nan if data["slope_change"] is None else data["slope_change"],
            }
        )

    def __repr__(self):
        shown = ", ".join(
            f"{name} = {value}{f' +- {error}' if error else ''}" for name, value, error in gain_rows(self)
        )
        return (
            f"GainFit({self.form}: {shown}, r2 = {self.r2:.4f}, {self.points}"
            f" points{', ' + str(len(self.warnings)) + ' warnings' if self.warnings else ''})"
        )

    def _repr_html_(self):
        return sheet_html(
            ("parameter", "value", "standard error"),
            gain_rows(self),
            f"{self.form} gain: r2 {self.r2:.4f}, {self.points} points",
            self.warnings,
        )


def fit_gain(surface, *, form="threshold_linear", rates=None, weights=None, through=None):
    """Fit r = f(I - I_theta - v_theta g) to the points of a surface within a window of rates.

    Parameters
    ----------
    surface : FISurface
        At least two conductances with points in the window, otherwise v_theta is undetermined.
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

    Returns
    -------
    GainFit

    Raises
    ------
    InputError
        If the window holds too few points or only one conductance.

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
    if np.unique(g).size < 2:
        raise InputError(
            f"rates: points within {lo:.4g} to {hi:.4g} Hz exist at one conductance only, expected at least"
            " two to determine v_theta; widen the window or measure more conductances"
        )
    plane = np.column_stack(
        [np.ones(r.size), (I - I.mean()) / (np.ptp(I) or 1.0), (g - g.mean()) / np.ptp(g)]
    )
    if np.linalg.matrix_rank(plane, tol=1e-9) < 3:
        raise InputError(
            "rates: the points of the window lie on one line in (I, g), so that current and leak cannot be"
            " told apart; measure at least two currents at one conductance"
        )
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
        form, chosen = _cross_validated(I, g, r, weight, held)
    gain = FORMS[form]
    values, covariance, residual = _least_squares(gain, I, g, r, weight)
    moved = 0.0
    if held is not None:
        moved = float(gain.f(held[0] - values[0] - values[1] * held[1], *values[2:])) - held[2]
        values, covariance, residual = _least_squares(gain, I, g, r, weight, held)
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
    slopes, information = _slopes_alone(gain, surface, I, g, r, weight, shape, beta)
    change = float(_change(surface.g_, slopes.iloc[:, 1].to_numpy(), information) / beta)
    rmse = float(np.sqrt(np.mean(residual**2)))
    warnings = [
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
        warnings=warnings,
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


def _cross_validated(I, g, r, weight, held=None):
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
                    _prediction_errors(gain, I, g, r, weight, fold == k, held) ** 2
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


def _prediction_errors(gain, I, g, r, weight, out, held):
    values = _least_squares(gain, I[~out], g[~out], r[~out], weight[~out], held)[0]
    return gain.f(I[out] - values[0] - values[1] * g[out], *values[2:]) - r[out]


def within_window(rate_, lo, hi):
    """Which rates lie in a window, its ends included.

    On a time grid rates are whole fractions of 1/dt, which round limits often are but for rounding.
    """
    return np.isfinite(rate_) & (rate_ > 0) & (rate_ >= lo * (1 - EDGE)) & (rate_ <= hi * (1 + EDGE))


def _least_squares(gain, I, g, r, weight, held=None):
    """Values (I_theta, v_theta, shape...), their covariance, and residuals in Hz.

    `held` is a point (I, g, r) that the law passes through.
    """
    from scipy.optimize import least_squares

    # In units of the range of the currents and of the leaks, threshold taken at their means: all numbers are
    # of order one.
    I_0, g_0, width, g_width = I.mean(), g.mean(), np.ptp(I) or abs(I.mean()), np.ptp(g)
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
    """`_least_squares` for the spline.

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
    v_theta = p[0] * width / g_width
    # x = 0 is where the first stretch, continued, meets zero: the knots are measured from there.
    r_knots = rates(p)
    zero = knots[0] - r_knots[0] * (knots[1] - knots[0]) / (r_knots[1] - r_knots[0])
    values = np.array([I_0 + width * zero - v_theta * g_0, v_theta, *(width * (knots - zero)), *r_knots])
    misses = residual(p) / weight
    if held is not None:  # knots and rates stay, and the whole curve moves
        values[0] = held[0] - v_theta * held[1] - inverse_at(gain, held[2], tuple(values[2:]))
        misses = gain.f(I_0 + width * x - values[0] - v_theta * (g_0 + g_width * y), *values[2:]) - r
    transform = np.zeros((values.size, p.size))
    transform[0, 0], transform[1, 0] = -width * g_0 / g_width, width / g_width
    transform[2 + count :, 1] = 1.0
    for k in range(1, count):
        transform[2 + count + k :, 1 + k] = 1.0
    return values, transform @ covariance @ transform.T, misses


def _slopes_alone(gain, surface, I, g, r, weight, shape, beta):
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


def _change(g, slopes, information):
    """Range over the conductances of the parabola through the slopes.

    The range of the slopes themselves would grow with their number by chance alone.
    """
    known = np.isfinite(slopes)
    g, slopes = g[known], slopes[known]
    if g.size < 2:
        return np.nan
    smooth = np.polynomial.Polynomial.fit(g, slopes, min(2, g.size - 1), w=np.sqrt(information[known]))
    return float(np.ptp(smooth(g)))
