"""Gain functions and their fit to an f-I surface: r = f(I - I_theta - v_theta g)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .provenance import frozen, unknown_name
from .units import InputError, format_quantity, parse_quantity, to_si, with_units

__all__ = ["GainFit", "fit_gain", "FORMS"]

SLOPE_LIMIT = 0.15  # relative change of the slope over the g range beyond which "extra leak only shifts" is poor
RMSE_LIMIT = 0.05  # of the width of the rate window


def threshold_linear(x, beta):
    """beta [x]_+ (Shriki, Hansel & Sompolinsky 2003)."""
    return beta * np.maximum(x, 0.0)


def logistic(x, r_max, x_0):
    """r_max / (1 + exp(-x/x_0)); its steepest slope, at x = 0 where r = r_max/2, is r_max/(4 x_0)."""
    from scipy.special import expit

    return r_max * expit(x / x_0)


#: form -> (function of x in A, names of its shape parameters, their units with A for the current)
FORMS = {
    "threshold_linear": (threshold_linear, ("beta",), ("Hz/{I}",)),
    "logistic": (logistic, ("r_max", "x_0"), ("Hz", "{I}")),
}


def slope_of(form, shape):
    """The slope beta of a gain from its shape parameters: the steepest, for a sigmoid."""
    return shape[0] if form == "threshold_linear" else shape[0] / (4 * shape[1])


@dataclass(frozen=True, eq=False)
class GainFit:
    """The law r = f(I - I_theta - v_theta g) fitted to a surface.

    Attributes
    ----------
    form : str
    beta : Quantity
        Slope of the gain, Hz/A or Hz m^2/A; for the logistic its steepest, r_max/(4 x_0).
    I_theta : Quantity
        Threshold current extrapolated to g = 0 (for the logistic the current of half the maximal rate), A or A/m^2.
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

    def __post_init__(self):
        for name in ("params", "stderr", "provenance"):
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
        return tuple(self._si(name) for name in FORMS[self.form][1])

    def f_(self, x_):
        """The gain alone on SI floats: Hz from A (or A/m^2)."""
        return FORMS[self.form][0](np.asarray(x_, dtype=float), *self.shape_)

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
        return {"form": self.form, "params": text(self.params), "stderr": text(self.stderr), "r2": self.r2, "rmse": format_quantity(self.rmse),
                "slopes": self.slopes.to_dict("list"), "slope_change": self.slope_change, "rates": [format_quantity(rate) for rate in self.rates],
                "points": self.points, "warnings": list(self.warnings), "per_area": self.per_area, "provenance": dict(self.provenance)}

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote."""
        import pandas as pd

        read = lambda values: {name: parse_quantity(value) for name, value in values.items()}
        return cls(**{**data, "params": read(data["params"]), "stderr": read(data["stderr"]), "rmse": parse_quantity(data["rmse"]),
                      "slopes": pd.DataFrame(data["slopes"], dtype=float), "rates": tuple(parse_quantity(rate) for rate in data["rates"]),
                      "slope_change": np.nan if data["slope_change"] is None else data["slope_change"]})

    def __repr__(self):
        return (f"GainFit({self.form}: beta = {self.beta}, I_theta = {self.I_theta}, v_theta = {self.v_theta}, r2 = {self.r2:.4f}, "
                f"{self.points} points{', ' + str(len(self.warnings)) + ' warnings' if self.warnings else ''})")


def fit_gain(surface, *, form="threshold_linear", rates=None, weights=None):
    """Fit r = f(I - I_theta - v_theta g) to the points of a surface within a window of rates.

    Parameters
    ----------
    surface : FISurface
        At least two conductances with points in the window, otherwise v_theta is undetermined.
    form : {"threshold_linear", "logistic"}
    rates : (Quantity, Quantity), optional
        Window of rates, ends included; by default all. Points that are silent or not finite never count.
    weights : None or "sem"
        Weight all points alike, or by one over their standard error.

    Returns
    -------
    GainFit

    Raises
    ------
    InputError
        If the window holds too few points or only one conductance.

    Notes
    -----
    Equations 11.3-11.7 of the lecture; Shriki, Hansel & Sompolinsky (2003), section 2. That extra leak shifts the
    curve without changing its slope is an approximation: the slope is also fitted at each conductance alone, and the
    result warns if it changes by more than 15 % or if the residual exceeds 5 % of the window.

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
    if form not in FORMS:
        raise InputError(f"form: {unknown_name('form', form, FORMS)}")
    if weights not in (None, "sem"):
        raise InputError(f"weights: got {weights!r}, expected None or 'sem'")
    I_, g_ = np.meshgrid(surface.I_, surface.g_, indexing="ij")
    rate_ = surface.rate_
    lo, hi = (0.0, np.inf) if rates is None else rate_limits(rates)
    inside = np.isfinite(rate_) & (rate_ > 0) & (rate_ >= lo) & (rate_ <= hi)
    if rates is None and inside.any():
        lo, hi = rate_[inside].min(), rate_[inside].max()
    I, g, r = I_[inside], g_[inside], rate_[inside]
    shape_names, shape_units = FORMS[form][1:]
    needed = len(shape_names) + 3
    if r.size < needed:
        seen = rate_[np.isfinite(rate_)]
        span = f"the surface spans {seen.min():.4g} to {seen.max():.4g} Hz" if seen.size else "the surface holds no finite rate"
        raise InputError(f"rates: {r.size} points fire at {lo:.4g} to {hi:.4g} Hz, expected at least {needed} for the form {form!r}; {span}: "
                         f"widen the window or measure more currents within it")
    if np.unique(g).size < 2:
        raise InputError(f"rates: points within {lo:.4g} to {hi:.4g} Hz exist at one conductance only, expected at least two to determine v_theta; "
                         f"widen the window or measure more conductances")
    plane = np.column_stack([np.ones(r.size), (I - I.mean()) / (np.ptp(I) or 1.0), (g - g.mean()) / np.ptp(g)])
    if np.linalg.matrix_rank(plane, tol=1e-9) < 3:
        raise InputError("rates: the points of the window lie on one line in (I, g), so that current and leak cannot be told apart; "
                         "measure at least two currents at one conductance")
    weight = np.ones(r.size)
    if weights == "sem":
        sem = surface.rate_sem_[inside]
        if not np.all(np.isfinite(sem) & (sem > 0)):
            raise InputError("weights: 'sem' needs a positive rate_sem at every point of the window; measure with noise or leave weights out")
        weight = sem.min() / sem
    values, covariance, residual = _least_squares(form, I, g, r, weight)
    shape = values[2:]
    beta = slope_of(form, shape)
    gradient = np.array([0, 0, 1.0]) if form == "threshold_linear" else np.array([0, 0, beta / shape[0], -beta / shape[1]])
    units = {"beta": "Hz m^2/A" if surface.per_area else "Hz/A", "I_theta": surface.current_unit, "v_theta": "V"}
    units.update({name: unit.format(I=surface.current_unit) for name, unit in zip(shape_names, shape_units) if name != "beta"})
    names = ["I_theta", "v_theta", *shape_names]
    params = {"beta": beta, **dict(zip(names, values))}
    stderr = {"beta": np.sqrt(gradient @ covariance @ gradient), **dict(zip(names, np.sqrt(np.diag(covariance))))}
    slopes, information = _slopes_alone(form, surface, I, g, r, weight, shape)
    change = float(_change(surface.g_, slopes.iloc[:, 1].to_numpy(), information) / beta)
    rmse = float(np.sqrt(np.mean(residual**2)))
    warnings = []
    if change > SLOPE_LIMIT:
        warnings.append(f"the slope of the f-I curve changes by {100 * change:.0f} % over g = {g.min():.3g} to {g.max():.3g} {surface.conductance_unit} "
                        f"(limit {100 * SLOPE_LIMIT:.0f} %): extra leak does more than shift the curve; narrow the range of g or of rates")
    if rmse > RMSE_LIMIT * (hi - lo):
        warnings.append(f"the residual of the {form} gain is {rmse:.3g} Hz, {100 * rmse / (hi - lo):.1f} % of the window {lo:.3g} to {hi:.3g} Hz "
                        f"(limit {100 * RMSE_LIMIT:.0f} %): the form is poor here; narrow the window or try another form")
    if beta <= 0:
        warnings.append(f"the fitted slope is {beta:.3g} {units['beta']}, not positive: rates fall with the current in this window")
    return GainFit(
        form=form, params={name: with_units(float(value), units[name]) for name, value in params.items()},
        stderr={name: with_units(float(value), units[name]) for name, value in stderr.items()},
        r2=float(1 - np.sum(residual**2) / np.sum((r - r.mean()) ** 2)), rmse=with_units(rmse, "Hz"), slopes=slopes, slope_change=change,
        rates=(with_units(float(lo), "Hz"), with_units(float(hi), "Hz")), points=int(r.size), warnings=warnings, per_area=surface.per_area,
        provenance=dict(surface.provenance))


def rate_limits(rates, name="rates"):
    """A window of rates as two floats in Hz."""
    try:
        lo, hi = (to_si(rate, "Hz", name) for rate in rates)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, InputError) else InputError(f"{name}: got {rates!r}, expected a pair such as (5*Hz, 60*Hz)") from None
    if not 0 <= lo < hi:
        raise InputError(f"{name}: got {lo:g} to {hi:g} Hz, expected a window that rises from at least 0 Hz")
    return lo, hi


def _least_squares(form, I, g, r, weight):
    """Values (I_theta, v_theta, shape...), their covariance, and residuals in Hz."""
    from scipy.optimize import least_squares

    function = FORMS[form][0]
    # r is first taken as a plane in I and g: the exact answer for points on the rising part of a threshold-linear gain.
    I_0, g_0, I_scale, g_scale = I.mean(), g.mean(), np.ptp(I) or abs(I.mean()), np.ptp(g)
    target = r
    if form == "logistic":
        r_max = 1.1 * r.max()
        target = np.log(r / (r_max - r))
    design = np.column_stack([np.ones(r.size), (I - I_0) / I_scale, (g - g_0) / g_scale])
    level, rise, tilt = np.linalg.lstsq(design * weight[:, None], target * weight, rcond=None)[0]
    rise = rise or 1e-12
    # argument of f: x = I - I_theta - v_theta g, in units of the current range, threshold taken at the middle of g
    start = [-level / rise, -tilt / rise]
    if form == "threshold_linear":
        start = [*start, rise]
        shape = lambda p: (p[2] / I_scale,)
    else:
        start = [*start, 1.0, 1 / rise]
        shape = lambda p: (p[2] * r_max, p[3] * I_scale)

    def residual(p):
        x = (I - I_0) - I_scale * (p[0] + p[1] * (g - g_0) / g_scale)
        return (function(x, *shape(p)) - r) * weight

    solution = least_squares(residual, start, x_scale="jac", method="trf", ftol=1e-14, xtol=1e-14, gtol=1e-14)
    p = solution.x
    free = max(r.size - p.size, 1)
    inverse = np.linalg.pinv(solution.jac.T @ solution.jac)
    covariance = inverse * np.sum(solution.fun**2) / free
    v_theta = p[1] * I_scale / g_scale
    values = np.array([I_0 + I_scale * p[0] - v_theta * g_0, v_theta, *shape(p)])
    transform = np.zeros((values.size, p.size))
    transform[0, :2] = I_scale, -I_scale * g_0 / g_scale
    transform[1, 1] = I_scale / g_scale
    transform[2, 2] = 1 / I_scale if form == "threshold_linear" else r_max
    if form == "logistic":
        transform[3, 3] = I_scale
    return values, transform @ covariance @ transform.T, residual(p) / weight


def _slopes_alone(form, surface, I, g, r, weight, shape):
    """The slope beta at each conductance by itself (for the logistic with the common r_max), and how well the currents determine it."""
    import pandas as pd

    rows, information = [], []
    for g_alone in surface.g_:
        here = g == g_alone
        x, y, w = I[here], r[here], weight[here]
        factor = 1.0
        if form == "logistic":
            below = y < shape[0]
            x, y, w, factor = x[below], np.log(y[below] / (shape[0] - y[below])), w[below], shape[0] / 4
        slope, error, spread = np.nan, np.nan, 0.0
        if x.size >= 2:
            mean = np.average(x, weights=w**2)
            spread = np.sum((w * (x - mean)) ** 2)
            slope = np.sum(w**2 * (x - mean) * y) / spread
            if x.size > 2:
                left = y - np.average(y, weights=w**2) - slope * (x - mean)
                error = np.sqrt(np.sum((w * left) ** 2) / (x.size - 2) / spread)
        rows.append((g_alone, factor * slope, factor * error, int(here.sum())))
        information.append(spread)
    unit = "Hz m^2/A" if surface.per_area else "Hz/A"
    return pd.DataFrame(rows, columns=[f"g [{surface.conductance_unit}]", f"slope [{unit}]", f"stderr [{unit}]", "points"]), np.array(information)


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
