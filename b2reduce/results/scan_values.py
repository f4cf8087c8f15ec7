"""Values of parameters and settings as plain data, by which a later process knows them again."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np

from ..basics.arguments import described
from ..basics.errors import InputError
from ..basics.units import format_quantity, parse_quantity, si_label

__all__ = ["name_of", "parsed", "plain_value"]


def parsed(value):
    """A value, or the Quantity that a text stands for."""
    try:
        read = parse_quantity(value) if isinstance(value, str) else value
    except InputError:
        return value
    return read if hasattr(read, "dim") else value  # a text of a number alone stays one


def plain_value(value, where):
    """Plain data of a value: equal for values that are equal, and read back to the same.

    Raises
    ------
    InputError
        If a later process could not tell it from another.
    """
    plain = lambda item: plain_value(item, where)
    value = parsed(value)
    if hasattr(value, "dim") and isinstance(value, np.ndarray):
        if np.ndim(value):
            return [plain(item) for item in value]
        finite = np.isfinite(float(np.asarray(value)))
        return format_quantity(value) if finite else f"{float(np.asarray(value))!r} {si_label(value)}"
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return _plain_object(value, where, plain)


def _plain_object(value, where, plain):
    kind = type(value).__name__
    if kind == "TimedArray":
        times = [f"{float(value.dt) * number!r} s" for number in range(len(value.values))]
        return {
            "times": times,
            "values": [f"{item!r} {si_label(value.dim)}" for item in value.values.tolist()],
        }
    if hasattr(value, "to_dict"):  # circuits, neurons, drives, tables
        return {kind: plain(value.to_dict())}
    if is_dataclass(value) and not isinstance(value, type):
        return {kind: {item.name: plain(getattr(value, item.name)) for item in fields(value)}}
    if inspect.isfunction(value) or inspect.isbuiltin(value) or isinstance(value, type):
        return f"{value.__module__}.{name_of(value, where)}"
    raise InputError(
        f"{where}: got {described(value)}, which a later process could not tell from another; expected plain"
        " values: numbers, text, quantities, arrays, lists or dicts of them"
    )


def name_of(function, where):
    """The name under which every process finds a function in its module.

    Raises
    ------
    InputError
        If there is none: of a lambda, a function within a function, one that another has replaced.
    """
    name = getattr(function, "__qualname__", "")
    found = sys.modules.get(getattr(function, "__module__", None) or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    if not name or found is not function:
        raise InputError(
            f"{where}: got {described(function)} that no module holds under its name"
            f" ({name or 'it has none'}), so that a later process could not tell it from another;"
            " define it with def at the top of a module, or leave out= away"
        )
    return name
