"""Physical values: as text such as ``"281 pF"``, as Brian2's Quantities, and as SI floats."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .errors import UnitError
from .unit_parser import LONGEST, dimension_of, parse_unit, split_value

__all__ = ["parse_quantity", "format_quantity", "to_si", "with_units", "si_label", "readable"]

# What a person would type, in the order of preference of `format_quantity`.
PREFERRED = [
    "mV",
    "V",
    "pA",
    "nA",
    "uA",
    "A",
    "nS",
    "uS",
    "mS",
    "S",
    "pF",
    "nF",
    "uF",
    "F",
    "ms",
    "s",
    "us",
    "Hz",
    "kHz",
    "uF/cm^2",
    "mS/cm^2",
    "uA/cm^2",
    "F/m^2",
    "S/m^2",
    "A/m^2",
    "pC",
    "fC",
    "C",
    "C/m^2",
    "Mohm",
    "ohm",
    "um",
    "m",
    "um^2",
    "m^2",
    "mM",
    "mol/m^3",
    "K",
    "Hz/pA",
    "Hz/A",
    "1/s",
    "V/s",
    "1/V",
    "1/mV",
    "A/V",
]


def parse_quantity(text):
    """Read a value with a unit.

    Parameters
    ----------
    text : str, int, float or Quantity
        ``"281 pF"``, ``"0.05 mS/cm^2"``, ``"1e-9 amp"``; a plain number is dimensionless.

    Returns
    -------
    brian2.Quantity or float
        A float when the value is dimensionless.

    Raises
    ------
    UnitError
        If the text is not a number with SI units.

    Examples
    --------
    >>> parse_quantity("281 pF")
    281. * pfarad
    """
    from brian2 import Quantity
    from brian2.units.fundamentalunits import DIMENSIONLESS

    if isinstance(text, Quantity):
        return text
    if isinstance(text, bool) or not isinstance(text, (str, int, float, np.integer, np.floating)):
        raise UnitError(f"got {text!r}, expected a number with a unit such as '281 pF'")
    if not isinstance(text, str):
        return float(text)
    if len(text) > 2 * LONGEST:
        raise UnitError(f"got {len(text)} characters, expected a number with a unit such as '281 pF'")
    number, exponents, scale = split_value(text)
    dim = dimension_of(exponents)
    value = _scaled(number, scale)
    if not np.isfinite(value):
        raise UnitError(f"got {text!r}, expected one finite number within 1e-300 to 1e300")
    return value if dim is DIMENSIONLESS else Quantity(value, dim=dim)


def _scaled(number, scale):
    """A number of a unit in SI."""
    divisor = _divisor(scale)
    return number * scale if divisor is None else number / divisor


@lru_cache(maxsize=4096)
def _divisor(scale):
    """The whole number that a scale below 1 is one over, or None.

    A power of ten applied by division is correctly rounded: 281/1e12 is the double nearest 2.81e-10.
    """
    whole = 0 < scale < 1 and np.isclose(1 / scale, round(1 / scale), rtol=1e-12)
    return round(1 / scale) if whole else None


@lru_cache(maxsize=256)
def _written_as(dim):
    """((unit, scale), ...) of the units that people write for a dimension, in their order."""
    units = ((unit, parse_unit(unit, unit)) for unit in PREFERRED)
    return tuple((unit, scale) for unit, (exponents, scale) in units if dimension_of(exponents) is dim)


def format_quantity(value):
    """Write a value so that `parse_quantity` reads the very same double back.

    Examples
    --------
    >>> format_quantity(parse_quantity("281 pF"))
    '281 pF'
    """
    from brian2 import get_dimensions

    dim = get_dimensions(value)
    si = float(np.asarray(value))
    if dim.is_dimensionless:
        return repr(si)
    if not np.isfinite(si):
        raise UnitError(f"got {si!r} {si_label(dim)}, expected a finite number")
    candidates = []
    for unit, scale in _written_as(dim):
        number = f"{float(f'{si / scale:.12g}'):.12g}"
        if _scaled(float(number), scale) == si:
            text = f"{number} {unit}"
            candidates.append((not 0.1 <= abs(si / scale) < 1000, len(text), text))
    if candidates:
        return min(candidates)[2]
    return f"{si!r} {si_label(dim)}"


SI_NAMES = [
    "V",
    "A",
    "S",
    "F",
    "C",
    "Hz",
    "s",
    "ohm",
    "A/m^2",
    "S/m^2",
    "F/m^2",
    "C/m^2",
    "Hz/A",
    "Hz m^2/A",
    "m^2",
    "m",
]


def si_label(dim):
    """SI unit of a dimension as it stands in column names: ``"A"``, ``"S/m^2"``, ``"Hz"``."""
    from brian2 import get_dimensions

    return _label(get_dimensions(dim) if not hasattr(dim, "get_dimension") else dim)


@lru_cache(maxsize=256)
def _label(dim):
    if dim.is_dimensionless:
        return "1"
    for name in SI_NAMES:
        if dimension_of(parse_unit(name, name)[0]) is dim:
            return name
    parts = zip(["m", "kg", "s", "A", "K", "mol", "cd"], dim._dims)
    return " ".join(
        f"{symbol}^{float(power):g}" if power != 1 else symbol for symbol, power in parts if power
    )


_SCALES = ((1e-15, "f"), (1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""))


def readable(values, unit):
    """SI values of one unit as people write them: what to divide them by, and the unit that they have then.

    Examples
    --------
    >>> readable([1.5e-8, 2.6e-8], "S")
    (1e-09, 'nS')
    >>> readable([0.5, 1.0], "S/m^2")
    (10.0, 'mS/cm²')
    """
    if unit.endswith("/m^2"):
        prefix, factor = ("m", 10.0) if unit.startswith("S") else ("µ", 1e-2)
        return factor, f"{prefix}{unit[0]}/cm²"
    largest = np.nanmax(np.abs(values)) if np.size(values) else 1.0
    factor, prefix = max(((f, p) for f, p in _SCALES if f <= largest), default=_SCALES[0])
    return factor, prefix + unit


def to_si(value, unit, name):
    """Strip the unit of an argument after checking its dimension.

    Parameters
    ----------
    value : Quantity, str or sequence of str
        What the caller gave.
    unit : Quantity, Dimension or str
        Anything with the expected dimension, for instance ``"A"``.
    name : str
        How the argument is called, for the message.

    Returns
    -------
    float or numpy.ndarray
        The value in SI units.

    Raises
    ------
    UnitError
        If the value has another dimension.
    """
    from brian2 import Quantity, get_dimensions

    if isinstance(unit, str):
        unit = dimension_of(parse_unit(unit, unit)[0])
    expected = (
        unit if hasattr(unit, "get_dimension") and not isinstance(unit, Quantity) else get_dimensions(unit)
    )
    try:
        if isinstance(value, str):
            value = parse_quantity(value)
        elif isinstance(value, (list, tuple)) and any(isinstance(item, (str, Quantity)) for item in value):
            value = Quantity([parse_quantity(item) for item in value])
    except Exception as error:
        raise UnitError(f"{name}: {error}") from None
    try:
        dimensions = get_dimensions(value)
    except (TypeError, ValueError):
        raise UnitError(f"{name}: got {value!r}, expected a value in {si_label(expected)}") from None
    if dimensions is not expected:
        got = "a plain number" if dimensions.is_dimensionless else f"a value in {si_label(dimensions)}"
        raise UnitError(
            f"{name}: got {got} ({value}), expected a value in {si_label(expected)}; attach the unit"
        )
    try:
        si = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise UnitError(f"{name}: got {value!r}, expected a number in {si_label(expected)}") from None
    return float(si) if si.ndim == 0 else si.copy()


def with_units(value, unit):
    """Attach the unit (a Dimension or text such as ``"A"``) to an SI float or array."""
    from brian2 import Quantity
    from brian2.units.fundamentalunits import DIMENSIONLESS

    dim = dimension_of(parse_unit(unit, unit)[0]) if isinstance(unit, str) else unit
    return value if dim is DIMENSIONLESS else Quantity(value, dim=dim)
