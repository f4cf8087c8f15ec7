"""Results from plain data, with every key checked."""

from __future__ import annotations

import re
import struct

import numpy as np

from ..errors import InputError, UnitError
from ..fields import check_fields
from ..units import with_units
from .register import AS_TEXT, class_of, names_of

__all__ = ["decode"]

_DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f[248]|c8|c16|U\d{1,6})")
_BITS = re.compile(r"[0-9a-f]{16}")


def decode(data, arrays=None, where="data"):
    """What plain data stand for.

    Parameters
    ----------
    data : object
        As `encode` made it.
    arrays : dict of str to ndarray, optional
        Those that were put aside.
    where : str
        The key, for the message of an error.

    Raises
    ------
    InputError
        If something is unknown, missing, or of another type, shape or unit; the message names the key.
    """
    wrong = lambda message: InputError(f"{where}: {message}")
    back = lambda item, key: decode(item, arrays, f"{where}.{key}")
    if data is None or isinstance(data, (bool, str, int, float)):
        return data
    if not isinstance(data, dict):
        raise wrong(f"got a {type(data).__name__}, expected a value in a form of b2reduce")
    form = next((name for name in FORMS if name in data), None)
    if form is None:
        raise wrong(f"got the keys {sorted(map(str, data))}, expected one of {', '.join(FORMS)}")
    keys, read = FORMS[form]
    if keys is not None and set(data) != keys:
        raise wrong(f"got the keys {', '.join(sorted(data))}, expected {', '.join(sorted(keys))}")
    return read(data, back, wrong, arrays)


def _float(data, back, wrong, arrays):
    text = data["float"]
    if text in ("inf", "-inf", "nan"):
        return float(text)
    if isinstance(text, str) and _BITS.fullmatch(text):
        return struct.unpack(">d", bytes.fromhex(text))[0]
    raise wrong(f"got the number {text!r}, expected inf, -inf, nan or 16 hexadecimal digits")


def _list(value, wrong, length=None):
    if not isinstance(value, list) or length is not None and len(value) != length:
        raise wrong(f"got {type(value).__name__}, expected a list" + (f" of {length}" if length else ""))
    return value


def _complex(data, back, wrong, arrays):
    parts = [back(item, "complex") for item in _list(data["complex"], wrong, 2)]
    if not all(type(part) in (int, float) for part in parts):
        raise wrong("got no two numbers, expected the parts of a complex one")
    return complex(*parts)


def _dtype(text, wrong):
    if not isinstance(text, str) or not _DTYPE.fullmatch(text):
        raise wrong(f"got the type {text!r}, expected one of numbers or text")
    return np.dtype(text)


def _held(values, dtype, wrong):
    """Plain values as an array; every one must be a value of that type."""
    kinds = {"b": (bool,), "i": (int,), "u": (int,), "f": (float, int), "c": (complex,), "U": (str,)}[
        dtype.kind
    ]
    if not all(type(value) in kinds for value in values):
        raise wrong(f"got values that are not of {dtype}")
    try:
        return np.array(values, dtype=dtype)
    except (OverflowError, ValueError) as error:
        raise wrong(f"got values that are not of {dtype}: {error}") from None


def _scalar(data, back, wrong, arrays):
    return _held([back(data["value"], "value")], _dtype(data["scalar"], wrong), wrong)[0]


def _shape(data, wrong):
    shape = _list(data["shape"], wrong)
    if not all(type(size) is int and size >= 0 for size in shape):
        raise wrong(f"got the shape {shape}, expected whole numbers")
    return tuple(shape)


def _array(data, back, wrong, arrays):
    dtype, shape = _dtype(data["dtype"], wrong), _shape(data, wrong)
    if not isinstance(data["array"], str) or data["array"] not in (arrays or {}):
        raise wrong(f"the array {data['array']!r} is missing")
    array = arrays[data["array"]]
    if array.dtype != dtype or array.shape != shape:
        raise wrong(
            f"got the array {data['array']} of {array.dtype} and shape {array.shape}, expected {dtype} and"
            f" {shape}"
        )
    return array


def _values(data, back, wrong, arrays):
    dtype, shape = _dtype(data["dtype"], wrong), _shape(data, wrong)
    values = [back(item, number) for number, item in enumerate(_list(data["values"], wrong))]
    if len(values) != int(np.prod(shape, dtype=object)):
        raise wrong(f"got {len(values)} values, expected those of the shape {shape}")
    return _held(values, dtype, wrong).reshape(shape)


def _quantity(data, back, wrong, arrays):
    value = back(data["quantity"], "quantity")
    if type(value) not in (int, float, np.ndarray):
        raise wrong("got no number, expected one with a unit")
    if not isinstance(data["unit"], str):
        raise wrong(f"got the unit {data['unit']!r}, expected text")
    if data["unit"] == "1":
        from brian2 import Quantity

        return Quantity(value)
    try:
        return with_units(float(value) if type(value) is int else value, data["unit"])
    except UnitError as error:
        raise wrong(str(error)) from None


def _object(data, back, wrong, arrays):
    name = data["object"]
    if not isinstance(name, str):
        raise wrong(f"got the kind {name!r}, expected the name of one")
    cls = class_of(name, wrong)
    [form] = set(data) - {"object"} if len(data) == 2 else [None]
    if form != ("text" if name in AS_TEXT else "fields") or not isinstance(data[form], dict):
        raise wrong(f"got the keys {', '.join(sorted(data))}, expected those of a {name}")
    if form == "text":
        return _made(lambda: cls.from_dict(data["text"]), wrong)
    known = names_of(cls)
    for key in data["fields"]:
        if key not in known:
            raise wrong(f"got the unknown field {key!r} of {name}; known: {', '.join(known)}")
    for key in known:
        if key not in data["fields"]:
            raise wrong(f"the field {key!r} of {name} is missing")
    values = {key: back(item, key) for key, item in data["fields"].items()}
    made = _made(lambda: cls(**values), wrong)
    kinds = getattr(cls, "FIELDS", {})
    check_fields(kinds, {key: getattr(made, key, values[key]) for key in kinds}, f"{name}")
    return made


def _made(make, wrong):
    """What a constructor makes of values that were read; what it stumbles over is the file's fault."""
    try:
        return make()
    except InputError as error:
        raise wrong(str(error)) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise wrong(f"{type(error).__name__}: {error}") from error


def _table(data, back, wrong, arrays):
    from .tables import decode_table

    return decode_table(data, back, wrong)


def _sparse(data, back, wrong, arrays):
    from scipy.sparse import csc_array

    shape = tuple(_list(data["sparse"], wrong, 2))
    if not all(type(size) is int and size >= 0 for size in shape):
        raise wrong(f"got the shape {shape}, expected two whole numbers")
    parts = [np.array(back(data[part], part)) for part in ("data", "indices", "indptr")]
    if parts[0].dtype.kind != "f" or any(part.dtype.kind != "i" for part in parts[1:]):
        raise wrong("got parts of a sparse matrix that are no numbers, expected weights and indices")

    def make():
        matrix = csc_array(tuple(parts), shape=shape)
        matrix.check_format(full_check=True)  # indices beyond the matrix would be read as they are
        return matrix

    return _made(make, wrong)


def _mapping(data, back, wrong, arrays):
    found = {}
    for entry in _list(data["mapping"], wrong):
        key, item = _list(entry, wrong, 2)
        try:
            key = back(key, "key")
            if key in found:
                raise wrong(f"got the key {key!r} twice")
        except TypeError:
            raise wrong("got a key that cannot be one") from None
        found[key] = back(item, key)
    return found


def _sequence(kind):
    def read(data, back, wrong, arrays):
        [items] = data.values()
        return kind(back(item, number) for number, item in enumerate(_list(items, wrong)))

    return read


#: What each form is told by, all of its keys, and how it is read.
FORMS = {
    "float": ({"float"}, _float),
    "complex": ({"complex"}, _complex),
    "scalar": ({"scalar", "value"}, _scalar),
    "object": (None, _object),
    "quantity": ({"quantity", "unit"}, _quantity),
    "array": ({"array", "dtype", "shape", "is"}, _array),
    "sparse": ({"sparse", "data", "indices", "indptr"}, _sparse),
    "table": (None, _table),
    "values": ({"values", "dtype", "shape"}, _values),
    "mapping": ({"mapping"}, _mapping),
    "tuple": ({"tuple"}, _sequence(tuple)),
    "list": ({"list"}, _sequence(list)),
}
