"""Two populations in their phase plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, pair_of, require
from ..basics.errors import InputError
from ..basics.fields import Floats, Listed, Mapped, Of, Row, Text
from ..basics.frozen import FrozenDict, Record
from ..reduction.reduced_circuit import ReducedCircuit
from .fixed_points import fixed_points
from .flow import Flow, mu_of
from .separatrix import separatrices

if TYPE_CHECKING:
    from typing import Any

    from ..basics.types import Drives

__all__ = ["PhasePlane", "phase_plane"]

GRID = 201  # points along each axis on which nullclines are drawn


@dataclass(frozen=True, eq=False)
class PhasePlane(Record):
    """Flow of two populations over their currents in excess of the threshold.

    Attributes
    ----------
    names : tuple of str
        Populations along x and y.
    x_, y_ : ndarray
        Currents, A or A/m^2.
    flow_ : ndarray, shape (2, y, x)
        dmu/dt of each, A/s; a nullcline is where one of them is 0.
    points : list of FixedPoint
    points_ : ndarray, shape (point, 2)
        Their currents.
    separatrices : list of Separatrix
    nullclines_ : dict of str to list of ndarray, shape (point, 2)
        Lines along which the current of a population stays.
    unit : tuple of str
        Of each axis.
    """

    names: tuple
    x_: np.ndarray
    y_: np.ndarray
    flow_: np.ndarray
    points: list
    points_: np.ndarray
    separatrices: list
    nullclines_: dict
    unit: tuple

    FIELDS = FrozenDict(
        names=Row(Text, Text),
        x_=Floats("x"),
        y_=Floats("y"),
        flow_=Floats("axis", "y", "x"),
        points=Listed(Of("FixedPoint"), "point"),
        points_=Floats("point", "axis"),
        separatrices=Listed(Of("Separatrix")),
        nullclines_=Mapped(Text, Listed(Floats("_place", "axis"))),
        unit=Row(Text, Text),
    )


def phase_plane(reduced: ReducedCircuit, *, drives: Drives | None = None, span: Any = None) -> PhasePlane:
    """Nullclines, fixed points, flow and separatrices of two populations.

    Parameters
    ----------
    reduced : ReducedCircuit
        Of two populations, at level "linear" or "gain", with one time constant a population.
    drives : dict of str to Quantity, optional
    span : pair of pairs of Quantity, optional
        Currents of either population that are shown; by default all fixed points and the rest without
        activity.

    Returns
    -------
    PhasePlane

    Examples
    --------
    >>> from b2reduce import reduce
    >>> plane = phase_plane(reduce("ei_lif", noise="none"))
    >>> sorted(plane.nullclines_)
    ['E', 'I']
    """
    from contourpy import contour_generator

    require(reduced, ReducedCircuit, "phase_plane, reduced")
    if span is not None and (
        not isinstance(span, (list, tuple, np.ndarray)) or np.ndim(span) == 0 or len(span) != 2
    ):
        raise InputError(
            f"span: got {described(span)}, expected a pair of currents for either population, such as ((0*pA,"
            " 100*pA), (0*pA, 50*pA))"
        )
    if len(reduced.populations) != 2:
        raise InputError(
            f"reduced: got {len(reduced.populations)} populations, expected two: a plane has two axes"
        )
    flow, points = Flow(reduced, drives), fixed_points(reduced, drives=drives)
    mus = np.array([mu_of(flow, point) for point in points]).reshape(-1, 2)
    axes = []
    for number, name in enumerate(flow.names):
        if span is None:
            shown = [*mus[:, number], -flow.theta_[number], 0.0]
            lo, hi = min(shown), max(shown)
            axes.append(np.linspace(lo - 0.25 * (hi - lo), hi + 0.5 * (hi - lo), GRID))
        else:
            lo, hi = pair_of(
                span[number], reduced.gains[name].current_unit, f"span, {name}", "(0*pA, 100*pA)"
            )
            if not lo < hi:
                raise InputError(f"span, {name}: got {span[number]}, expected a lower and an upper current")
            axes.append(np.linspace(lo, hi, GRID))
    x, y = axes
    field = np.moveaxis(flow(np.stack(np.meshgrid(x, y), axis=-1)), -1, 0)
    lines = {
        name: contour_generator(x, y, field[number] / np.max(np.abs(field[number]))).lines(0.0)
        for number, name in enumerate(flow.names)
    }
    return PhasePlane(
        flow.names,
        x,
        y,
        field,
        points,
        mus,
        separatrices(reduced, drives=drives),
        lines,
        tuple(reduced.gains[name].current_unit for name in flow.names),
    )
