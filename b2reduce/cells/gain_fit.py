"""A gain that was fitted to an f-I surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import to_si
from ..basics.display import gain_rows, sheet_html
from ..basics.fields import Flag, Listed, Mapped, Maybe, Measured, Number, Plain, Row, Table, Text, Whole
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units
from .gain_forms import FORMS, inverse_at

if TYPE_CHECKING:
    from typing import Any

    import pandas
    from brian2 import Quantity
    from numpy.typing import ArrayLike

    from ..basics.types import ArrayQuantity

__all__ = ["GainFit"]


@dataclass(frozen=True, eq=False)
class GainFit(Record):
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
    rmse: Quantity
    slopes: pandas.DataFrame
    slope_change: float
    rates: tuple
    points: int
    warnings: tuple
    per_area: bool
    provenance: Mapping
    cross_validation: Any = None
    covariance: Any = None
    through: Mapping | None = None

    FIELDS = FrozenDict(
        form=Text,
        params=Mapped(Text, Measured()),
        stderr=Mapped(Text, Measured()),
        r2=Number,
        rmse=Measured("Hz"),
        slopes=Table(),
        slope_change=Number,
        rates=Row(Measured("Hz"), Measured("Hz")),
        points=Whole,
        warnings=Listed(Text),
        per_area=Flag,
        provenance=Plain,
        cross_validation=Maybe(Table()),
        covariance=Maybe(Table()),
        through=Maybe(Mapped(Text, Measured())),
    )

    beta = property(lambda self: self.params["beta"])
    I_theta = property(lambda self: self.params["I_theta"])
    v_theta = property(lambda self: self.params["v_theta"])

    @property
    def current_unit(self) -> str:
        """``"A"`` or ``"A/m^2"``."""
        return "A/m^2" if self.per_area else "A"

    def _si(self, name):
        return float(np.asarray(self.params[name]))

    @property
    def shape_(self) -> Any:
        """Shape parameters of the gain, SI."""
        return tuple(self._si(name) for name in FORMS[self.form].names)

    def f_(self, x_: ArrayLike) -> Any:
        """The gain alone on SI floats: Hz from A (or A/m^2)."""
        return FORMS[self.form].f(np.asarray(x_, dtype=float), *self.shape_)

    def slope_(self, x_: ArrayLike) -> Any:
        """df/dx on SI floats."""
        return FORMS[self.form].slope(np.asarray(x_, dtype=float), *self.shape_)

    def inverse_(self, rate_: ArrayLike) -> Any:
        """The current in excess of the threshold, SI, that gives a rate in Hz."""
        return inverse_at(FORMS[self.form], rate_, self.shape_)

    @property
    def equation(self) -> str:
        """The gain of ``mu`` as a Brian2 expression; empty for a spline, which is a function."""
        return FORMS[self.form].equation.format(I="amp/meter**2" if self.per_area else "amp")

    @property
    def parameters(self) -> Any:
        """Brian2 declarations of the parameters in `equation`."""
        current = "amp/meter**2" if self.per_area else "amp"
        units = {"{I}": current, "Hz/{I}": "Hz*meter**2/amp" if self.per_area else "Hz/amp"}
        return (
            [f"{name} : {units.get(unit, unit)} (constant)" for name, unit in FORMS[self.form].shape]
            if self.equation
            else []
        )

    @property
    def parameter_values(self) -> Any:
        """SI values of the parameters in `equation`."""
        return dict(zip(FORMS[self.form].names, self.shape_)) if self.equation else {}

    def f(self, x: ArrayQuantity) -> Quantity:
        """The gain alone: rate at the current `x` in excess of the threshold."""
        return with_units(self.f_(to_si(x, self.current_unit, "x")), "Hz")

    def predict_(self, I_: ArrayLike, g_: ArrayLike) -> Any:
        """Rate at mean current and leak, SI floats."""
        return self.f_(np.asarray(I_) - self._si("I_theta") - self._si("v_theta") * np.asarray(g_))

    def __call__(self, I, g):
        """Predicted rate at mean current `I` and mean total leak `g` (broadcast against each other)."""
        g_ = to_si(g, "S/m^2" if self.per_area else "S", "g")
        return with_units(self.predict_(to_si(I, self.current_unit, "I"), g_), "Hz")

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
