"""Physical values as text: ``"281 pF"`` to a Brian2 Quantity and back.

The parser is a table lookup, never ``eval``: a model file is data, and a file
from a stranger must not be able to run anything.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from .errors import UnitError

__all__ = ["parse_quantity", "format_quantity", "to_si", "with_units", "si_label", "readable"]


_PREFIXES = {
    "": 1.0,
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "µ": 1e-6,
    "μ": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
}
# Exponents of (metre, kilogram, second, ampere, kelvin, mole, candela), and the scale to SI.
_BASE = {
    "V": ((2, 1, -3, -1, 0, 0, 0), 1.0),
    "A": ((0, 0, 0, 1, 0, 0, 0), 1.0),
    "S": ((-2, -1, 3, 2, 0, 0, 0), 1.0),
    "F": ((-2, -1, 4, 2, 0, 0, 0), 1.0),
    "C": ((0, 0, 1, 1, 0, 0, 0), 1.0),
    "ohm": ((2, 1, -3, -2, 0, 0, 0), 1.0),
    "s": ((0, 0, 1, 0, 0, 0, 0), 1.0),
    "Hz": ((0, 0, -1, 0, 0, 0, 0), 1.0),
    "m": ((1, 0, 0, 0, 0, 0, 0), 1.0),
    "g": ((0, 1, 0, 0, 0, 0, 0), 1e-3),
    "K": ((0, 0, 0, 0, 1, 0, 0), 1.0),
    "mol": ((0, 0, 0, 0, 0, 1, 0), 1.0),
    "cd": ((0, 0, 0, 0, 0, 0, 1), 1.0),
    "M": ((-3, 0, 0, 0, 0, 1, 0), 1e3),
}
_NAMES = {
    "volt": "V",
    "amp": "A",
    "ampere": "A",
    "siemens": "S",
    "farad": "F",
    "coulomb": "C",
    "second": "s",
    "hertz": "Hz",
    "meter": "m",
    "metre": "m",
    "gram": "g",
    "kelvin": "K",
    "mole": "mol",
    "molar": "M",
    "Ω": "ohm",
}


def _unit_table():
    table = {}
    for symbol, (dim, scale) in _BASE.items():
        for prefix, factor in _PREFIXES.items():
            table[prefix + symbol] = (dim, factor * scale)
    for name, symbol in _NAMES.items():
        dim, scale = _BASE[symbol]
        for prefix, factor in _PREFIXES.items():
            table[prefix + name] = (dim, factor * scale)
    centi = (1, 0, 0, 0, 0, 0, 0), 1e-2
    table.update(cm=centi, cmeter=centi, cmetre=centi)
    table["1"] = ((0,) * 7, 1.0)
    return table


_UNITS = _unit_table()
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_FACTOR = re.compile(
    r"\s*([A-Za-zµμΩ]+|1)(?:\s*(?:\^|\*\*)\s*(\(?)([+-]?\d{1,3}(?:\.[05])?(?:/2)?)(\)?)|([+-]?\d+))?(?![\d.])\s*"
)
_PREFIX_WORDS = {
    "milli": "m",
    "micro": "u",
    "nano": "n",
    "pico": "p",
    "femto": "f",
    "kilo": "k",
    "mega": "M",
    "giga": "G",
}
_SHORTENED = {"sec": "s", "secs": "s", "msec": "ms", "msecs": "ms", "usec": "us", "nsec": "ns"}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
LARGEST_EXPONENT = 9  # of a written factor
LONGEST = 100  # characters of a unit
# What a person would type, in the order of preference of `format_quantity`.
_PREFERRED = [
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


def _split(text):
    """Return (number, dimension exponents, scale) of a value such as ``"0.1 mS/cm^2"``."""
    match = _NUMBER.match(text.replace("−", "-", 1))
    if not match:
        finite = " finite" if re.match(r"\s*[+-]?(nan|inf)", text, re.IGNORECASE) else ""
        raise UnitError(
            f"got {text[:LONGEST]!r}, expected a{finite} number and a unit such as '281 pF' or '0.05 mS/cm^2'"
        )
    number, rest = float(match[1]), text[match.end() :]
    if re.match(r"\s*[+-]?\d+,\d", text):
        raise UnitError(
            f"got {text[:LONGEST]!r}, expected a point before decimals and nothing between thousands; "
            f"write {text[:LONGEST].replace(',', '.', 1)!r}"
        )
    if re.match(r"(?!1\s*/)[\d_'’]", rest):
        raise UnitError(
            f"got {text[:LONGEST]!r}: cannot read {rest[:LONGEST]!r} as a unit; write digits without anything"
            " between them"
        )
    if not np.isfinite(number) or not number and re.search("[1-9]", match[1].lower().partition("e")[0]):
        raise UnitError(f"got {text[:LONGEST]!r}, expected one finite number within 1e-300 to 1e300")
    return number, *_parse_unit(rest, text)


def _parse_unit(rest, text):
    """(dimension exponents, scale) of a unit; `text` is for messages."""
    try:
        return _unit(rest)
    except UnitError as error:
        raise UnitError(f"got {text[:LONGEST]!r}: {error}") from None


@lru_cache(maxsize=4096)
def _unit(rest):
    if len(rest) > LONGEST:
        raise UnitError(f"got {len(rest)} characters of a unit, expected at most {LONGEST}")
    rest = _RAISED.sub(lambda match: f"^{match[0].translate(_SUPERSCRIPTS)}", rest)
    exponents = np.zeros(7)
    scale, sign, position = 1.0, 1, 0
    while rest[position:].strip():
        factor = _FACTOR.match(rest, position)
        if not factor or bool(factor[2]) != bool(factor[4]):
            raise UnitError(f"cannot read {rest[position:].strip()!r} as a unit")
        symbol = factor[1]
        if symbol not in _UNITS:
            raise UnitError(f"unknown unit {symbol!r}{_suggest(symbol)}")
        dim, factor_scale = _UNITS[symbol]
        power = sign * _power(symbol, dim, factor)
        exponents += power * np.array(dim)
        # Dividing by a power of the reciprocal keeps 1e-6/1e-4 closer to 1e-2 than a product would.
        scale = scale * factor_scale**power if power > 0 else scale / factor_scale**-power
        position = factor.end()
        tail = rest[position : position + 1]
        if tail and tail in "*/·" and not rest.startswith("**", position):
            sign = -1 if tail == "/" else 1
            position += 1
            if not rest[position:].strip():
                raise UnitError(f"the unit ends in {tail!r}")
        elif tail:
            sign = 1
    if np.any(np.abs(exponents) > 50) or not 1e-150 < scale < 1e150:
        raise UnitError(f"{rest.strip()!r} is no unit of anything measured; lower the exponents")
    return tuple(int(e) if e == int(e) else float(e) for e in exponents), scale


def _power(symbol, dim, factor):
    """The exponent of a factor: after ^ or **.

    Else a negative one, as in cm-2, or 2 or 3 of a length or a time, as in cm2.
    """
    written, plain = factor[3], factor[5]
    if written is None and plain is None:
        return 1
    if written is None:
        if not (plain[0] == "-" or plain in ("2", "3") and dim in (_BASE["m"][0], _BASE["s"][0])):
            more = f"; write {symbol}^{plain.lstrip('+')}" if plain.lstrip("+") not in ("0", "1") else ""
            raise UnitError(
                f"cannot read {symbol + plain!r} as a"
                f" unit{more or f'; write {symbol}, or a power with ^ as in {symbol}^2'}"
            )
        written = plain
    whole, slash, _ = written.partition("/")
    power = float(whole) / (2 if slash else 1)
    if not 0 < abs(power) <= LARGEST_EXPONENT or power * 2 != int(power * 2):
        raise UnitError(
            f"the exponent of {symbol} is {power:g}, expected halves up to {LARGEST_EXPONENT}, not 0"
        )
    return int(power) if power == int(power) else power


def _suggest(symbol):
    from difflib import get_close_matches

    if symbol in ("e", "E"):
        return (
            "; write an exponent of ten right behind the number and whole, as in 1e-3 mV, and powers of units"
            " as in mV^2"
        )
    word = next((word for word in _PREFIX_WORDS if symbol.lower().startswith(word)), "")
    plain = symbol.lower().removeprefix(word)
    plain = _SHORTENED.get(plain, plain if plain in _NAMES else plain.removesuffix("s"))
    if plain in _NAMES or word and plain in _BASE or plain in _SHORTENED.values():
        return f"; write {_PREFIX_WORDS.get(word, '') + _NAMES.get(plain, plain)}"
    same = [name for name in _UNITS if name.lower() == symbol.lower()]
    near = list(dict.fromkeys(same + get_close_matches(symbol, _UNITS, n=3)))[:3]
    return (
        f"; did you mean {' or '.join(near)}?"
        if near
        else "; expected SI units such as mV, nS, pF, ms, Hz, mS/cm^2"
    )


def _dimension(exponents):
    from brian2.units.fundamentalunits import get_or_create_dimension

    return get_or_create_dimension(tuple(exponents))


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
    number, exponents, scale = _split(text)
    dim = _dimension(exponents)
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
    units = ((unit, _parse_unit(unit, unit)) for unit in _PREFERRED)
    return tuple((unit, scale) for unit, (exponents, scale) in units if _dimension(exponents) is dim)


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


_SI_NAMES = [
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
    for name in _SI_NAMES:
        if _dimension(_parse_unit(name, name)[0]) is dim:
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
        unit = _dimension(_parse_unit(unit, unit)[0])
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

    dim = _dimension(_parse_unit(unit, unit)[0]) if isinstance(unit, str) else unit
    return value if dim is DIMENSIONLESS else Quantity(value, dim=dim)
