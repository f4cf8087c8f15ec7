"""What cells receive at given arguments of a transfer function where synapses have short-term plasticity.

Arguments are rates that arrive. The noise that comes with them is that of the presynaptic rates at which, at
rest, they would arrive; more than arrives at the highest of these is as many more spikes that release the
same.
"""

from __future__ import annotations

import numpy as np

from .inputs import membrane_tau_, source_rate, sources_at
from .transfer_grid import highest_rate

__all__ = ["plastic_inputs"]

HALVINGS = 60  # of an interval: to the last digit


def plastic_inputs(circuit, population, axes, arguments, point, noise):
    """(mean current, mean leak, sources) at arguments, one array an axis."""
    model = circuit.populations[population].model
    I_, g_ = (np.full(arguments[0].size, value) for value in (model.constant_input_, model.leak_))
    rates, times = {}, {}
    for axis, values in zip(axes, arguments):
        base, top = _base(circuit, axis, point)
        scale = _scale(axis, base, values, top)
        whole = _arriving(axis, base, scale)
        more = np.divide(values, whole, out=np.ones_like(values), where=whole > 0)
        for p, _ in axis.members:
            rates[p.label], times[p.label] = base[p.label] * scale, more
            arrives = p.sent_(rates[p.label]) * more
            I_, g_ = I_ + p.current_(arrives, model), g_ + p.leak_(arrives)
    if not noise:
        return I_, g_, ()
    return I_, g_, sources_at(circuit, population, rates, membrane_tau_(model, g_), point.cv2_, times)


def _base(circuit, axis, point):
    """({pathway label: presynaptic rate that a scale multiplies}, the largest scale).

    Of one source 1 Hz; sources that share an axis go together as they do at the operating point.
    """
    if axis.kind is None:
        return {p.label: 1.0 for p, _ in axis.members}, max(
            np.inf if p.is_drive else highest_rate(circuit, p, point) for p, _ in axis.members
        )
    base = {p.label: float(source_rate(p, point.rate_, point.drives_)) for p, _ in axis.members}
    highest = max(base.values())
    if highest == 0:  # none is more active than another
        return dict.fromkeys(base, 1.0), max(highest_rate(circuit, p, point) for p, _ in axis.members)
    fastest = next(p for p, _ in axis.members if base[p.label] == highest)
    return base, (np.inf if fastest.is_drive else highest_rate(circuit, fastest, point) / highest)


def _arriving(axis, base, scale):
    return sum(factor * p.sent_(base[p.label] * scale) for p, factor in axis.members) + 0.0 * scale


def _scale(axis, base, values, top):
    """The scale at which as much arrives as the values say, at most `top`, by halving an interval."""
    if all(p.plasticity is None for p, _ in axis.members):
        return values / _arriving(axis, base, np.ones(1))
    if not np.isfinite(top):
        top = 1.0
        while np.any(_arriving(axis, base, np.array([top])) < np.max(values)) and top < 1e6:
            top *= 2
    low, high = np.zeros_like(values), np.full(values.shape, float(top))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = _arriving(axis, base, middle) < values
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
