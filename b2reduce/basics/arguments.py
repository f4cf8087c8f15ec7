"""Whether an argument is the right kind of thing, and what to say in one line where it is not."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from .cures import MADE_BY, NAMED, cure_of
from .errors import InputError, UnitError, unknown_name
from .units import si_label
from .units import to_si as si_of

__all__ = [
    "described",
    "flag",
    "mapping",
    "one_of",
    "one_time",
    "one_value",
    "pair_of",
    "require",
    "runs_of",
    "to_si",
    "whole",
    "wrong_kind",
    "axis",
    "needed_seconds",
    "rate_limits",
    "seconds",
]


LONGEST = 40  # characters of a text that are shown


def described(value):
    """What was got, in a few words, whatever it is.

    Examples
    --------
    >>> described("ei_lif"), described([{}, {}]), described(np.zeros((3, 4)))
    ("'ei_lif'", 'a list of 2 dicts', 'an array of shape (3, 4)')
    """
    kind = type(value).__name__
    if value is None or isinstance(value, (bool, np.bool_)):
        return str(value)
    if isinstance(value, (str, bytes)):
        return repr(
            value
            if len(value) <= LONGEST
            else value[: LONGEST - 3] + type(value)(b"..." if isinstance(value, bytes) else "...")
        )
    if hasattr(value, "dim") and isinstance(value, np.ndarray):
        unit = si_label(value) if value.ndim or not value.dim.is_dimensionless else ""
        return (
            f"a Quantity of shape {value.shape} in {unit}"
            if value.ndim
            else f"{float(value):g} {unit}".strip()
        )
    if isinstance(value, (int, float, complex, np.number)):
        return f"{value:.6g}" if not isinstance(value, int) or abs(value) > 1e6 else str(value)
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" + (
            "" if value.dtype.kind in "fiub" else f" of {value.dtype}"
        )
    if kind in ("DataFrame", "Series"):
        return f"a {kind} of {len(value)} rows" + (
            f" and {value.shape[1]} columns" if kind == "DataFrame" else ""
        )
    if isinstance(value, Mapping):
        keys = ", ".join(str(key)[:LONGEST] for key in list(value)[:4])
        return f"a dict of {keys}{', ...' if len(value) > 4 else ''}" if value else "an empty dict"
    if isinstance(value, (list, tuple, set, frozenset)):
        kinds = {type(item).__name__ for item in value}
        if not value:
            return f"an empty {kind}"
        if (
            isinstance(value, (list, tuple))
            and len(value) <= 4
            and all(isinstance(item, (str, int, float, np.number)) or item is None for item in value)
        ):
            inside = ", ".join(described(item) for item in value)
            return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
        return (
            f"a {kind} of {len(value)}"
            f" {kinds.pop() + ('s' if len(value) > 1 else '') if len(kinds) == 1 else 'things'}"
        )
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    return f"{'an' if kind[0] in 'AEIOUaeiou' or kind.startswith('FI') else 'a'} {kind}"


def require(value, kind, where, error=InputError):
    """The value, if it is of the right kind.

    Parameters
    ----------
    value : object
    kind : type
        What is expected.
    where : str
        The verb and its argument, such as ``"fixed_points, reduced"``.
    error : type

    Raises
    ------
    InputError
        That says what was got, what was expected, and what to do.
    """
    if isinstance(value, kind):
        return value
    raise error(f"{where}: {wrong_kind(value, kind.__name__)}")


def wrong_kind(value, name):
    """What was got, what was expected, and what to do, for a thing of another class than the one named."""
    got = type(value).__name__
    cure = (
        cure_of(name, got)
        or cure_of(name, "dict" if isinstance(value, Mapping) else got)
        or MADE_BY.get(name)
    )
    expected = NAMED.get(name, f"{'an' if name[0] in 'AEIOU' or name.startswith('FI') else 'a'} {name}")
    return f"got {described(value)}, expected {expected}" + (f"; {cure}" if cure else "")


def runs_of(values, kind, where):
    """A list of activities from one or several."""
    values = [values] if isinstance(values, kind) else values
    if not isinstance(values, (list, tuple)) or not values:
        raise InputError(
            f"{where}: got"
            f" {described(values) if values is None or not isinstance(values, (list, tuple)) else 'no run'},"
            f" expected one {kind.__name__} or a list of them; {MADE_BY['Activity']}"
        )
    return [require(value, kind, f"{where}, entry {number}") for number, value in enumerate(values)]


MOST = 2**63  # what a whole number of the machine holds


def whole(value, where, least=0, error=InputError):
    """An int from anything that is a whole number: ints, numpy's, floats such as 10.0.

    Not from text, booleans or 7.5.
    """
    plain = not isinstance(value, (bool, np.bool_)) and (
        isinstance(value, (int, float, np.integer, np.floating))
        or isinstance(value, np.ndarray)
        and np.ndim(value) == 0
        and value.dtype.kind in "fiu"
        and getattr(getattr(value, "dim", None), "is_dimensionless", True)
    )
    if (
        not plain
        or not isinstance(value, int)
        and (not np.isfinite(value) or value != int(value))
        or not least <= int(value) < MOST
    ):
        raise error(
            f"{where}: got {described(value)}, expected a whole number of at least"
            f" {least}{' and below 2^63' if plain and value >= MOST else ''}"
        )
    return int(value)


def to_si(value, unit, where):
    """`units.to_si` of an argument, whose message says what was got in a few words."""
    from brian2 import Quantity

    plain = (str, int, float, np.number, Quantity)
    listed = isinstance(value, (list, tuple)) and all(
        isinstance(item, plain) and not np.ndim(item) for item in value
    )
    fits = not isinstance(value, (bool, np.bool_)) and (
        isinstance(value, plain) or listed or isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
    )
    short = fits and (isinstance(value, str) and len(value) <= LONGEST or np.ndim(value) == 0)
    try:
        if fits:
            return si_of(value, unit, where)
    except UnitError:
        if short:
            raise
    label = unit if isinstance(unit, str) else si_label(unit)
    bare = " without a unit" if isinstance(value, np.ndarray) and not hasattr(value, "dim") else ""
    raise UnitError(f"{where}: got {described(value)}{bare}, expected a value in {label}")


def pair_of(values, unit, where, example):
    """Two values of one unit as SI floats."""
    if (
        isinstance(values, (str, Mapping, set))
        or np.ndim(values) == 0
        or len(values) != 2
        or any(np.ndim(value) for value in values)
    ):
        raise InputError(f"{where}: got {described(values)}, expected a pair such as {example}")
    lo, hi = (to_si(value, unit, where) for value in values)
    return float(lo), float(hi)


def one_value(value, unit, name, positive=False):
    """One finite value in SI."""
    value_ = to_si(value, unit, name)
    if np.ndim(value_) or not np.isfinite(value_) or positive and not value_ > 0:
        raise InputError(f"{name}: got {described(value)}, expected one value{' above 0' * positive}")
    return value_


def one_time(value, where):
    """One finite time in s."""
    time_ = to_si(value, "s", where)
    if np.ndim(time_) or not np.isfinite(time_):
        raise InputError(f"{where}: got {described(value)}, expected one time such as 0.5*second")
    return time_


def flag(value, where):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{where}: got {described(value)}, expected True or False")
    return bool(value)


def one_of(value, known, where, error=InputError):
    """A name that is known."""
    if not isinstance(value, str):
        raise error(f"{where}: got {described(value)}, expected one of {', '.join(map(str, known))}")
    if value not in known:
        raise error(f"{where}: {unknown_name(where.split(', ')[-1], value, known)}")
    return value


def mapping(value, where, example, error=InputError):
    """A dict."""
    if not isinstance(value, Mapping):
        raise error(f"{where}: got {described(value)}, expected a dict such as {example}")
    return value


def axis(values, dim, name):
    """An axis as ascending SI floats."""
    values_ = np.atleast_1d(to_si(values, dim, name))
    if values_.ndim != 1 or values_.size == 0:
        raise InputError(
            f"{name}: got an axis of shape {values_.shape}, expected a list of at least one value"
        )
    if not np.isfinite(values_).all():
        raise InputError(f"{name}: the axis holds NaN or infinity")
    if np.any(np.diff(values_) <= 0):
        raise InputError(
            f"{name}: the axis must increase from value to value without repeats; sort it first (np.unique"
            " does both)"
        )
    return values_


def seconds(value, name):
    """A positive time in SI, or None."""
    if value is None:
        return None
    value_ = to_si(value, "s", name)
    if not np.ndim(value_) == 0 or not value_ > 0 or not np.isfinite(value_):
        raise InputError(f"{name}: got {described(value)}, expected a time above 0 s")
    return value_


def needed_seconds(value, name):
    """A positive time in SI that has no default."""
    if value is None:
        raise InputError(f"{name}: got None, expected a time such as 2*second")
    return seconds(value, name)


def rate_limits(rates, name="rates"):
    """A window of rates as two floats in Hz."""
    lo, hi = pair_of(rates, "Hz", name, "(5*Hz, 60*Hz)")
    if not 0 <= lo < hi:
        raise InputError(f"{name}: got {lo:g} to {hi:g} Hz, expected a window that rises from at least 0 Hz")
    return lo, hi
