"""Units as text, read into dimension and scale.

A table lookup, never ``eval``: a model file is data, and a file from a stranger must not be able to run
anything.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from .errors import UnitError

__all__ = ["dimension_of", "parse_unit", "split_value"]

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


def split_value(text):
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
    return number, *parse_unit(rest, text)


def parse_unit(rest, text):
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


def dimension_of(exponents):
    """Brian2's Dimension of seven exponents: metre, kilogram, second, ampere, kelvin, mole, candela."""
    from brian2.units.fundamentalunits import get_or_create_dimension

    return get_or_create_dimension(tuple(exponents))
