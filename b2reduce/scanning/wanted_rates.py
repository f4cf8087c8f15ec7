"""What is wanted of a network, and within which bounds it is looked for."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import described, mapping, to_si
from ..basics.errors import InputError, unknown_name
from ..basics.units import si_label
from ..circuit.parameter_names import resolve
from ..reduction.frozen import free_parameters

__all__ = ["read_wanted"]

REACH = 10.0  # by which factor a value is looked for, either way
VOLTS_ = 0.05  # V either way of a reversal potential or a threshold


def read_wanted(circuit, rates, vary, bounds):
    """Checked ({population: wanted rate in Hz}, the parameter's value, lowest, highest of it in SI)."""
    wanted = {}
    for name, rate in mapping(rates, "rates", '{"E": 5*Hz}').items():
        if name not in circuit.populations:
            raise InputError(f"rates: {unknown_name('population', name, circuit.populations)}")
        wanted[name] = float(to_si(rate, "Hz", f"rates, {name}"))
        if not 0 < wanted[name] < np.inf:
            raise InputError(f"rates, {name}: got {described(rate)}, expected a rate above 0 Hz")
    if not wanted:
        raise InputError('rates: there is none; say what is wanted, such as {"E": 5*Hz}')
    if not isinstance(vary, str):
        raise InputError(
            f'vary: got {described(vary)}, expected the name of one parameter such as "projection.I->E.G"'
        )
    kind, which, attribute = resolve(circuit, vary, lambda message: InputError(f"vary, {vary}: {message}"))
    start = circuit.value(vary)
    if kind == "population" and attribute not in ("size", *free_parameters(circuit.populations[which].model)):
        raise InputError(
            f"vary, {vary}: is the cells' own, so that their gain changes with it; vary a drive, a synapse or"
            " a constant current, or scan over it"
        )
    return (wanted, start, *_bounds(start, bounds, vary))


def _bounds(start, bounds, vary):
    """(lowest, highest) in SI."""
    now = float(np.asarray(start, dtype=float))
    unit = getattr(start, "dim", None)
    if bounds is not None:
        if not isinstance(bounds, (tuple, list)) and np.ndim(bounds) != 1 or len(bounds) != 2:
            raise InputError(f"bounds: got {described(bounds)}, expected a lowest and a highest value")
        lo_, hi_ = (
            float(to_si(value, unit, "bounds")) if unit is not None else float(value) for value in bounds
        )
    elif unit is not None and si_label(unit) == "V":
        lo_, hi_ = now - VOLTS_, now + VOLTS_
    elif now == 0:
        raise InputError(
            f"bounds: {vary} is 0 now, so that nothing says where to look; give a lowest and a highest value"
        )
    else:
        lo_, hi_ = sorted((now / REACH, now * REACH))
    if not np.isfinite([lo_, hi_]).all() or not lo_ < hi_:
        raise InputError(f"bounds: got {described(bounds)}, expected a lowest value below a highest")
    return lo_, hi_
