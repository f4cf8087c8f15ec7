"""Fixed points of a rate model, and whether they are stable."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import flag, require
from ..basics.errors import AccuracyWarning
from ..basics.frozen import FrozenDict
from ..basics.units import with_units
from ..reduction.drives import constant_drives_
from ..reduction.loops.model_system import slopes_
from ..reduction.reduced_circuit import ReducedCircuit
from .eigenvalues import eigenvalues_at_, kind_of
from .fixed_point import FixedPoint, FixedPoints
from .linearised import is_threshold_linear
from .roots import index_of, is_bounded, roots_
from .threshold_linear import ThresholdLinearNetwork

if TYPE_CHECKING:
    from ..basics.types import Drives

__all__ = ["fixed_points", "point_at_", "point_of_set_", "runaway_statement"]


def fixed_points(
    reduced: ReducedCircuit, *, drives: Drives | None = None, delays: bool = True
) -> FixedPoints:
    """All fixed points of a rate model.

    Parameters
    ----------
    reduced : ReducedCircuit or ThresholdLinearNetwork
    drives : dict of str to Quantity, optional
        Constant rates that replace the circuit's.
    delays : bool
        Whether rates arrive as late as the spikes of the circuit do. There are then more eigenvalues than
        variables, of which the rightmost are given, as many as without, in whole pairs.

    Returns
    -------
    FixedPoints
        A list, the lowest summed rate first; empty where there is none and activity runs away. Its `complete`
        says whether these are all, and a warning says so where they are not.

    Raises
    ------
    InputError
        If a drive varies in time, or there are more than 12 threshold-linear populations.

    Notes
    -----
    With threshold-linear gains and no short-term plasticity every set of firing units is tried, so that none
    is missed. Else the roots of r = F(r) are sought from a grid of rates up to three times the measured ones,
    with those already found divided out (deflation), and where gains are bounded from ever more places until
    the indices of the roots add up. The eigenvalues are those of the rate equations with the model's time
    constants, one a population or, with tau "synaptic", one a pathway and with "resonant" the states of its
    cell's filter beside it; with one a population they are those of T^-1 (W f' - 1); a population that adapts
    has one more, and each short-term plasticity of its synapses one for u and one for x.
    Where a unit stands exactly at its threshold, or an eigenvalue is 0, the point is marginal. Of fixed
    points that form a line one is given, as marginal. Populations stand for their cells where there is one
    unit a cell.

    Examples
    --------
    >>> from b2reduce import reduce
    >>> [point.kind for point in fixed_points(reduce("ei_lif", noise="none"))]
    ['stable node']
    """
    if isinstance(reduced, ThresholdLinearNetwork):
        return FixedPoints(
            _ordered(
                _linear_point(reduced, active, mu)
                for active, mu in zip(reduced.active_sets_, reduced.points_)
            ),
            True,
        )
    require(reduced, ReducedCircuit, "fixed_points, reduced")
    delays = flag(delays, "delays")
    drives_ = constant_drives_(reduced, drives)
    if is_threshold_linear(reduced):
        network = ThresholdLinearNetwork.from_reduced(reduced, drives=drives)
        return FixedPoints(
            _ordered(
                point_of_set_(reduced, network, active, mu, drives_, delays)
                for active, mu in zip(network.active_sets_, network.points_)
            ),
            True,
        )
    found = roots_(reduced, drives_)
    complete = index_of(reduced, found, drives_) == 1 if is_bounded(reduced) else None
    if complete is False:
        warnings.warn(
            f"fixed_points: {len(found)} were found, and their indices do not add up to 1: more exist; start"
            " simulate_rates() from rates of interest (initial=)",
            AccuracyWarning,
            stacklevel=2,
        )
    return FixedPoints(
        _ordered(point_at_(reduced, rates_, drives_, delays=delays) for rates_ in found), complete
    )


def runaway_statement(reduced, *, drives=None):
    """What a model with threshold-linear gains does far above its thresholds: what grows, how fast, in which
    proportion; else empty.

    Other gains are known as far as they were measured; `simulate_rates` says what grows where one runs away.
    """
    return (
        ThresholdLinearNetwork.from_reduced(reduced, drives=drives).runaway_statement()
        if is_threshold_linear(reduced) and not reduced.by_pathway
        else ""
    )


def point_at_(reduced, rates_, drives_, slopes=None, marginal=False, delays=True):
    """The FixedPoint at rates where r = F(r)."""
    eigenvalues = eigenvalues_at_(
        reduced, slopes_(reduced, rates_, drives_) if slopes is None else slopes, rates_, delays
    )
    beyond = tuple(
        name for name in reduced.populations if reduced.kind.is_outside(reduced, name, rates_, drives_)
    )
    return FixedPoint(
        FrozenDict({name: with_units(rate, "Hz") for name, rate in rates_.items()}),
        eigenvalues,
        kind_of(eigenvalues, marginal),
        beyond,
    )


def point_of_set_(reduced, network, active, mu, drives_, delays=True):
    """The FixedPoint of a threshold-linear model at which the units of `active` fire."""
    rates_ = dict(zip(network.names, network.rates_(mu).tolist()))
    slopes = {
        p.label: network.beta_[number] * active[number] * reduced.weight_(p)
        for number, target in enumerate(network.names)
        for p in reduced.circuit.pathways(target)
        if not p.is_drive
    }
    at_threshold = bool(network.at_threshold_(mu).any())
    return point_at_(reduced, rates_, drives_, slopes, at_threshold, delays)


def _linear_point(network, active, mu):
    eigenvalues = network.eigenvalues_(active).astype(complex)
    at_threshold = network.at_threshold_(mu)
    if len(mu) == 1 and at_threshold[0]:  # it moves down as the silent unit does and up as the firing one
        eigenvalues = max(
            (network.eigenvalues_(unit).astype(complex) for unit in ((False,), (True,))),
            key=lambda values: values[0].real,
        )
        at_threshold = np.array([False])
    return FixedPoint(
        FrozenDict(
            {name: with_units(rate, "Hz") for name, rate in zip(network.names, network.rates_(mu).tolist())}
        ),
        eigenvalues,
        kind_of(eigenvalues, bool(at_threshold.any())),
    )


def _ordered(points):
    return sorted(points, key=lambda point: sum(point.rates_.values()))
