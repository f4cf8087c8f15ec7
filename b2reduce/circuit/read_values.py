"""Values of circuits as they are written: read, checked, and written again."""

from __future__ import annotations

import re

import numpy as np

from ..basics.arguments import described, to_si, whole
from ..basics.errors import CircuitError, InputError, UnitError
from ..basics.units import format_quantity, parse_quantity
from .given_wiring import GivenWiring
from .orientation import read_profile
from .sizes import Sizes

__all__ = ["NAME", "check_step", "profile_of", "read_quantity", "text_of", "whole_number"]

_EXAMPLES = {"s": "5*ms", "V": "-70*mV", "Hz": "10*Hz"}
LEAST_STEP_ = 1e-9  # s
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)  # names become parts of equations


def check_step(dt_, error=InputError):
    """Refuse a time step so short that no run ends, which is a slip of its unit."""
    if dt_ < LEAST_STEP_:
        raise error(f"dt: got {dt_:g} s, expected a time step of at least {LEAST_STEP_:g} s; check its unit")


def read_quantity(value, unit, key, positive=False):
    """A Quantity of the right dimension from text or Quantity."""
    from brian2 import Quantity

    if not isinstance(value, (str, Quantity, bool, int, float, np.number)) or np.ndim(value):
        raise CircuitError(
            f"{key}: got {described(value)}, expected one value{f' in {unit}' if unit else ''} with its unit,"
            f" such as {_EXAMPLES.get(unit, '0.5*nS')}"
        )
    try:
        value = parse_quantity(value)
        si = to_si(value, unit, key) if unit else float(np.asarray(value))
    except UnitError as error:
        raise CircuitError(str(error) if str(error).startswith(key) else f"{key}: {error}") from None
    if np.ndim(si) or not np.isfinite(si) or (positive and not si > 0) or (unit in ("Hz",) and si < 0):
        raise CircuitError(
            f"{key}: got {value}, expected one finite"
            f" value{' above 0' if positive else ' of at least 0' if unit == 'Hz' else ''}"
        )
    return value


def profile_of(profile, key, centred=False):
    try:
        return read_profile(profile, key, centred)
    except InputError as error:
        raise CircuitError(str(error)) from None


def whole_number(value, key, least=1):
    return whole(value, key, least, CircuitError)


def text_of(value):
    """A field as plain data, as in the TOML file."""
    from brian2 import Quantity

    if hasattr(value, "to_dict"):  # a profile, a plasticity
        return value.to_dict()
    if isinstance(value, Sizes):
        return value.text()
    if isinstance(value, GivenWiring):
        return value.plain
    return format_quantity(value) if isinstance(value, Quantity) else value
