"""Results to plain data: what JSON holds, with arrays in place or put aside."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from ..arguments import described
from ..errors import InputError
from ..units import si_label, with_units
from .register import AS_TEXT, is_registered, parts_of

__all__ = ["encode"]

QUIET = struct.pack("<d", float("nan"))


def encode(value, arrays=None, where="result"):
    """Plain data of a value, which `decode` reads back bit for bit.

    Parameters
    ----------
    value : object
        A registered result, a Quantity, an array, a table, or plain values; mappings and sequences of these.
    arrays : dict, optional
        Where arrays are put, by a name; by default they stand in the data as lists of numbers.
    where : str
        The key, for the message of an error.

    Raises
    ------
    InputError
        If something has no plain form.
    """
    kind = type(value)
    go_on = lambda item, key: encode(item, arrays, f"{where}.{key}")
    if value is None or kind in (bool, str, int):
        return value
    if kind is float:
        return _number(value)
    if kind is complex:
        return {"complex": [_number(value.real), _number(value.imag)]}
    if isinstance(value, np.generic):
        return {"scalar": value.dtype.str, "value": _item(value, where)}
    if isinstance(value, np.ndarray):
        plain = np.asarray(value)
        if not hasattr(value, "dim"):
            return _array(plain, arrays, where)
        unit = si_label(value)
        if getattr(with_units(1.0, unit), "dim", value.dim) is not value.dim:
            raise InputError(f"save, {where}: got a value in {unit}, a unit that cannot be read back")
        simple = plain.ndim == 0 and plain.dtype == float
        return {"quantity": _number(float(plain)) if simple else _array(plain, arrays, where), "unit": unit}
    if is_registered(value):
        if kind.__name__ in AS_TEXT:
            return {"object": kind.__name__, "text": value.to_dict()}
        return {
            "object": kind.__name__,
            "fields": {name: go_on(item, name) for name, item in parts_of(value).items()},
        }
    if kind.__name__ in ("DataFrame", "Series") or kind.__name__.endswith("Index"):
        from .tables import encode_table

        return encode_table(value, go_on)
    if kind.__name__ == "csc_array":
        return {
            "sparse": list(map(int, value.shape)),
            **{part: go_on(getattr(value, part), part) for part in ("data", "indices", "indptr")},
        }
    if isinstance(value, Mapping):
        return {"mapping": [[go_on(key, "key"), go_on(item, _written(key))] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {
            "tuple" if isinstance(value, tuple) else "list": [
                go_on(item, number) for number, item in enumerate(value)
            ]
        }
    raise InputError(
        f"save, {where}: got {described(value)}, expected a result of this package or of a registered class,"
        " or tables, quantities, arrays and plain values"
    )


def _written(key):
    return "->".join(map(str, key)) if isinstance(key, tuple) else key


def _number(value):
    """A float as JSON has it; what JSON has not as its bits."""
    if np.isfinite(value):
        return value
    bits = struct.pack("<d", value)
    return {"float": repr(value) if not np.isnan(value) or bits == QUIET else bits[::-1].hex()}


def _item(value, where):
    if value.dtype.kind not in "biufcU" or value.dtype.itemsize > 16 and value.dtype.kind in "fc":
        raise InputError(f"save, {where}: got a value of {value.dtype}, which has no plain form")
    plain = value.item()
    return _number(plain) if value.dtype.kind == "f" else encode(plain, None, where)


def _array(values, arrays, where):
    if values.dtype.kind not in "biufcU" or values.dtype.kind in "fc" and values.dtype.itemsize > 16:
        raise InputError(f"save, {where}: got an array of {values.dtype}, which has no plain form")
    form = {"dtype": values.dtype.str, "shape": list(values.shape)}
    if arrays is not None:
        key = f"a{len(arrays)}"
        arrays[key] = values
        return {"array": key, **form, "is": where}
    return {"values": [encode(item) for item in values.ravel().tolist()], **form}
