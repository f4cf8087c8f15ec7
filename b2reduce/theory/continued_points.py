"""Fixed points along a parameter: followed one by one, or found by which populations fire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, require, to_si
from ..basics.errors import InputError, unknown_name
from ..basics.units import parse_quantity, si_label, with_units
from ..circuit.parameter_names import numbers_of, resolve
from ..reduction.drives import constant_drives_
from ..reduction.frozen import free_parameters
from ..reduction.reduced_circuit import ReducedCircuit
from .arclength import PRECISE, crossing, distinct
from .fixed_points import point_of_set_
from .threshold_linear import ThresholdLinearNetwork

if TYPE_CHECKING:
    pass

__all__ = ["by_active_sets", "family"]

BESIDE = 1e-6  # of the range: how far from an edge one looks which fixed points there are


def family(reduced, parameter, values):
    """(model at an SI value of the parameter, SI values, their unit)."""
    require(reduced, ReducedCircuit, "continue_fixed_points, reduced")
    if not isinstance(parameter, str):
        raise InputError(
            f'parameter: got {described(parameter)}, expected a dotted name such as "drive.ext.rate"'
        )
    if isinstance(values, (str, bytes, Mapping)) or np.ndim(values) != 1:
        raise InputError(f"values: got {described(values)}, expected a range such as [8, 20]*Hz")
    kind, which, attribute = resolve(
        reduced.circuit, parameter, lambda message: InputError(f"parameter, {parameter}: {message}")
    )
    frozen = reduced.kind.holds_synapses  # synapses, currents and leaks are in its tables
    values_of_synapses = () if frozen else numbers_of(reduced.circuit, kind, which)
    allowed = {
        "drive": ("rate", *values_of_synapses),
        "projection": values_of_synapses,
        "population": (
            ()
            if frozen or kind != "population"
            else free_parameters(reduced.circuit.populations[which].model)
        ),
    }
    if any(
        np.ndim(value)
        or not isinstance(value, (str, int, float, np.number, np.ndarray))
        or isinstance(value, bool)
        for value in values
    ):
        raise InputError(f"values: got {described(values)}, expected a range such as [8, 20]*Hz")
    values = [parse_quantity(value) for value in values]
    if attribute not in allowed[kind]:
        raise InputError(
            f"parameter: {unknown_name('field', attribute, allowed[kind])}: {parameter} decides the gains"
            " themselves, or is no continuous value; reduce anew at each value instead, as `scan` does"
        )
    if len(values) < 2:
        raise InputError(f"values: got {len(values)}, expected at least the two ends of a range")
    dim, label = getattr(values[0], "dim", None), si_label(values[0])
    reduced.circuit.replace({parameter: values[0]})  # a unit that does not fit is refused
    si = np.array([float(to_si(value, label, "values")) for value in values])
    if not np.isfinite(si).all() or si.min() == si.max():
        raise InputError(f"values: got {si.tolist()}, expected a range of finite values")

    def at(p):
        return reduced.frozen_on_(
            reduced.circuit.replace({parameter: with_units(float(p), dim) if dim is not None else float(p)})
        )

    return at, si, label


def by_active_sets(at, names, grid):
    """Branches of a threshold-linear model.

    One for each set of firing units and stretch on which it has a fixed point.
    """
    from scipy.optimize import brentq

    width, cache, rows, special, branch = grid[-1] - grid[0], {}, [], [], 0

    def model(p):
        if p not in cache:
            reduced = at(p)
            cache[p] = reduced, ThresholdLinearNetwork.from_reduced(reduced), constant_drives_(reduced)
        return cache[p]

    def point(p, active):
        reduced, network, drives_ = model(p)
        return point_of_set_(reduced, network, active, network.at_set_(active), drives_)

    def margin(p, active):
        return model(p)[1].margin_(active)

    def edge(active, p, inside):
        """What happens where a set of firing units begins or ends, `inside` being the side (1 or -1) on which
        it is.
        """
        here, there = p + inside * BESIDE * width, p - inside * BESIDE * width
        rates = tuple(point(here, active).rates_.values())
        near, nearer, beyond = (
            model(q)[1].at_set_(active) for q in (here, p + inside * BESIDE * width / 10, there)
        )
        # A unit that reaches its threshold comes closer to it in proportion; where lines become parallel all
        # move away.
        reached = np.flatnonzero((near * beyond < 0) & (np.abs(nearer) < 0.5 * np.abs(near)))
        if not reached.size:
            return [("runaway", p, rates, 0.0)]
        unit = int(reached[0])
        other = tuple(value != (number == unit) for number, value in enumerate(active))
        if margin(here, other) >= 0:
            return [("fold", p, rates, 0.0)]
        if margin(there, other) >= 0 and point(there, other).stable != point(here, active).stable:
            return [("border", p, rates, 0.0)]
        return [("silent", p, rates, 0.0)]

    for active in dict.fromkeys(active for p in grid for active in model(p)[1].active_sets_):
        held = [margin(p, active) >= 0 for p in grid]
        for k, p in enumerate(grid):
            if k and held[k] != held[k - 1]:
                end = brentq(lambda q: margin(q, active) or 1e-300, grid[k - 1], p, xtol=PRECISE * width)
                special += edge(active, end, -1 if held[k - 1] else 1)
            if held[k]:
                branch += not (k and held[k - 1])
                rows.append((branch, p, point(p, active)))
                if k and held[k - 1]:
                    special += crossing(lambda q: point(q, active), grid[k - 1], p)
    return rows, distinct(special, grid)
