"""The border between the basins of two stable states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import require
from ..basics.fields import Floats, Mapped, Maybe, Measured, Of, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units
from ..reduction.reduced_circuit import ReducedCircuit
from .fixed_points import fixed_points
from .flow import Flow, mu_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..basics.types import Drives
    from .fixed_point import FixedPoint

__all__ = ["Separatrix", "separatrices"]

SETTLED = 1e3  # of the longest time constant: how long a trajectory is followed to see where it ends
# Of the distance between the stable states: start of a separatrix beside its saddle; where it is crossed
OFFSET, PRECISE = 1e-4, 1e-8


@dataclass(frozen=True, eq=False)
class Separatrix(Record):
    """What divides the states from which activity ends here from those from which it ends there.

    Attributes
    ----------
    saddle : FixedPoint
        The unstable fixed point on it.
    low, high : FixedPoint or None
        The stable states it divides; None where one side runs away.
    crossing : dict of str to Quantity
        Currents in excess of the thresholds where the straight line from the low state to the high one
        crosses it; where one side runs away the line from the other state through the saddle.
    curve_ : ndarray, shape (point, population) or None
        Currents in excess of the threshold along it, A, for one or two populations; of more it is a surface
        and not drawn.
    """

    saddle: FixedPoint
    low: FixedPoint | None
    high: FixedPoint | None
    crossing: Mapping[str, Any]
    curve_: np.ndarray

    FIELDS = FrozenDict(
        saddle=Of("FixedPoint"),
        low=Maybe(Of("FixedPoint")),
        high=Maybe(Of("FixedPoint")),
        crossing=Mapped(Text, Measured("A", "A/m^2")),
        curve_=Maybe(Floats("point", "population")),
    )


def separatrices(reduced: ReducedCircuit, *, drives: Drives | None = None) -> list[Separatrix]:
    """The border between the basins of two stable states, or of one and running away.

    Parameters
    ----------
    reduced : ReducedCircuit
        At level "linear" or "gain", with one time constant a population.
    drives : dict of str to Quantity, optional

    Returns
    -------
    list of Separatrix
        One for every fixed point with one growing direction.

    Raises
    ------
    InputError
        If the state of the model is not one current a population.

    Notes
    -----
    For two populations the stable manifold of the saddle, by integration backwards in time from either side
    of it. For any number the place where it is crossed on the way between the two states that its growing
    direction leads to, by bisection.

    Examples
    --------
    >>> from b2reduce import reduce
    >>> separatrices(reduce("ei_lif", noise="none"))  # one state alone
    []
    """
    flow = Flow(require(reduced, ReducedCircuit, "separatrices, reduced"), drives)
    points = fixed_points(reduced, drives=drives)
    stable = [point for point in points if point.stable]
    found = []
    for point in points:
        if point.kind != "marginal" and np.sum(point.eigenvalues_.real > 0) == 1:
            found.append(_separatrix(flow, point, stable))
    return found


def _separatrix(flow, saddle, stable):
    mu = mu_of(flow, saddle)
    values, vectors = np.linalg.eig(flow.jacobian_(mu))
    out = vectors[:, np.argmax(values.real)].real
    out = out if out.sum() > 0 else -out
    scale = (
        max([np.max(np.abs(mu_of(flow, point) - mu)) for point in stable], default=0.0)
        or np.max(np.abs(mu))
        or 1e-12
    )
    bound = 1e3 * (scale + np.max(np.abs(mu)))
    high, low = (_end(flow, mu + sign * 1e-3 * scale * out, stable, bound) for sign in (1, -1))
    # Where one side runs away the line goes on beyond the saddle by as much again.
    first = (
        mu_of(flow, low)
        if low is not None
        else 2 * mu - mu_of(flow, high)
        if high is not None
        else mu - scale * out
    )
    last = mu_of(flow, high) if high is not None else 2 * mu - first
    inside, outside = 0.0, 1.0
    while outside - inside > PRECISE:
        middle = (inside + outside) / 2
        same = _end(flow, first + middle * (last - first), stable, bound) is low
        inside, outside = (middle, outside) if same else (inside, middle)
    crossed = first + inside * (last - first)
    return Separatrix(
        saddle,
        low,
        high,
        {
            name: with_units(float(x), gain.current_unit)
            for name, x, gain in zip(flow.names, crossed, flow.gains)
        },
        _manifold(flow, mu, values, vectors, scale),
    )


def _end(flow, mu, stable, bound):
    """The stable point at which a trajectory ends, None where it runs away or never rests."""
    end = flow.run_(mu, SETTLED * np.max(flow.tau_), bound)[-1]
    if np.max(np.abs(end)) >= 0.99 * bound:
        return None
    apart = [np.max(np.abs(mu_of(flow, point) - end)) for point in stable]
    near = int(np.argmin(apart)) if apart else None
    return (
        stable[near]
        if near is not None
        and apart[near] < 1e-3 * max(np.max(np.abs(mu_of(flow, stable[near]))), np.max(np.abs(mu)))
        else None
    )


def _manifold(flow, mu, values, vectors, scale):
    """The stable manifold of a saddle of two populations, the point itself of one."""
    if len(mu) == 1:
        return mu[None]
    if len(mu) > 2:
        return None
    into = vectors[:, np.argmin(values.real)].real
    bound, sides = 10 * (scale + np.max(np.abs(mu))), []
    for sign in (-1, 1):
        backwards = 30 / abs(values.real.min())
        sides.append(flow.run_(mu + sign * OFFSET * scale * into, -backwards, bound))
    return np.vstack([sides[0][::-1], mu[None], sides[1]])
