"""Two populations in their phase plane, and the border between the basins of two stable states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arguments import described, pair_of, require
from ..basics.errors import InputError
from ..basics.fields import Floats, Listed, Mapped, Maybe, Measured, Of, Row, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units
from ..reduction.drives import constant_drives_
from ..reduction.reduced_circuit import ReducedCircuit
from .fixed_points import fixed_points

__all__ = ["PhasePlane", "Separatrix", "phase_plane", "separatrix"]

GRID = 201  # points along each axis on which nullclines are drawn
SETTLED = 1e3  # of the longest time constant: how long a trajectory is followed to see where it ends
# Of the distance between the stable states: start of a separatrix beside its saddle; where it is crossed
OFFSET, PRECISE = 1e-4, 1e-8


class Flow:
    """tau dmu/dt = -mu + W f(mu) - theta of a reduced circuit with constant drives, in arrays over
    populations.
    """

    def __init__(self, reduced, drives=None):
        require(reduced, ReducedCircuit, "reduced")
        if reduced.adaptation:
            raise InputError(
                f"reduced: {', '.join(reduced.adaptation)} adapts, and its state is not one current a"
                " population; reduce with adaptation = None"
            )
        if not reduced.kind.shift_law or reduced.by_pathway:
            raise InputError(
                f"reduced: got level {reduced.level!r} with tau {reduced.tau_choice!r}, whose state is not"
                " one current a population; reduce with level = 'linear' or 'gain' and one time constant a"
                " population"
            )
        self.names, drives_ = reduced.populations, constant_drives_(reduced, drives)
        self.gains = [reduced.gains[name] for name in self.names]
        self.W_ = np.array([[reduced.W_[target, source] for source in self.names] for target in self.names])
        self.theta_ = np.array(
            [
                reduced.theta_[target]
                - sum(
                    reduced.weight_(p) * drives_[p.source, target]
                    for p in reduced.circuit.pathways(target)
                    if p.is_drive
                )
                for target in self.names
            ]
        )
        self.tau_ = np.array([float(np.asarray(reduced.tau[name])) for name in self.names])

    def rates_(self, mu_):
        """Rates in Hz, populations along the last axis."""
        return np.stack(
            [np.asarray(gain.f_(mu_[..., number]), dtype=float) for number, gain in enumerate(self.gains)],
            axis=-1,
        )

    def rest_(self, rates_):
        """mu at which populations stay where all fire at given rates."""
        return np.asarray(rates_) @ self.W_.T - self.theta_

    def __call__(self, mu_):
        """dmu/dt in A/s."""
        return (self.rest_(self.rates_(mu_)) - mu_) / self.tau_

    def jacobian_(self, mu_):
        slopes = np.array([float(gain.slope_(x)) for gain, x in zip(self.gains, mu_)])
        return (self.W_ * slopes - np.eye(len(mu_))) / self.tau_[:, None]

    def run_(self, mu_, duration_, bound=np.inf):
        """Trajectory from mu, shape (time, population); ends early where a current exceeds `bound`."""
        from scipy.integrate import solve_ivp

        beyond = lambda t, mu: bound - np.max(np.abs(mu))
        beyond.terminal = True
        scale = np.max(np.abs(mu_)) or 1.0
        return solve_ivp(
            lambda t, mu: self(mu),
            (0, duration_),
            mu_,
            method="LSODA",
            rtol=1e-9,
            atol=1e-9 * scale,
            events=beyond if np.isfinite(bound) else None,
            max_step=abs(duration_) / 100 if duration_ < 0 else np.inf,
        ).y.T


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

    saddle: object
    low: object
    high: object
    crossing: dict
    curve_: np.ndarray

    FIELDS = FrozenDict(
        saddle=Of("FixedPoint"),
        low=Maybe(Of("FixedPoint")),
        high=Maybe(Of("FixedPoint")),
        crossing=Mapped(Text, Measured("A", "A/m^2")),
        curve_=Maybe(Floats("point", "population")),
    )


def separatrix(reduced, *, drives=None):
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
    >>> separatrix(reduce("ei_lif", noise="none"))  # one state alone
    []
    """
    flow = Flow(require(reduced, ReducedCircuit, "separatrix, reduced"), drives)
    points = fixed_points(reduced, drives=drives)
    stable = [point for point in points if point.stable]
    found = []
    for point in points:
        if point.kind != "marginal" and np.sum(point.eigenvalues_.real > 0) == 1:
            found.append(_separatrix(flow, point, stable))
    return found


def _mu(flow, point):
    return flow.rest_([point.rates_[name] for name in flow.names])


def _separatrix(flow, saddle, stable):
    mu = _mu(flow, saddle)
    values, vectors = np.linalg.eig(flow.jacobian_(mu))
    out = vectors[:, np.argmax(values.real)].real
    out = out if out.sum() > 0 else -out
    scale = (
        max([np.max(np.abs(_mu(flow, point) - mu)) for point in stable], default=0.0)
        or np.max(np.abs(mu))
        or 1e-12
    )
    bound = 1e3 * (scale + np.max(np.abs(mu)))
    high, low = (_end(flow, mu + sign * 1e-3 * scale * out, stable, bound) for sign in (1, -1))
    # Where one side runs away the line goes on beyond the saddle by as much again.
    first = (
        _mu(flow, low)
        if low is not None
        else 2 * mu - _mu(flow, high)
        if high is not None
        else mu - scale * out
    )
    last = _mu(flow, high) if high is not None else 2 * mu - first
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
    apart = [np.max(np.abs(_mu(flow, point) - end)) for point in stable]
    near = int(np.argmin(apart)) if apart else None
    return (
        stable[near]
        if near is not None
        and apart[near] < 1e-3 * max(np.max(np.abs(_mu(flow, stable[near]))), np.max(np.abs(mu)))
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


def phase_plane(reduced, *, drives=None, span=None):
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
    mus = np.array([_mu(flow, point) for point in points]).reshape(-1, 2)
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
        separatrix(reduced, drives=drives),
        lines,
        tuple(reduced.gains[name].current_unit for name in flow.names),
    )
