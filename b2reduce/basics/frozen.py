"""Records that cannot be changed, nor what is in them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

__all__ = ["FrozenDict", "FrozenList", "Record", "Weights", "frozen", "put", "read_only"]


class FrozenDict(dict):
    """A dict that cannot be changed, and, unlike a mapping proxy, can be pickled."""

    def _refuse(self, *args, **kwargs):
        raise TypeError("results cannot be changed; make a changed copy with replace()")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self):
        return FrozenDict, (dict(self),)


class FrozenList(list):
    """A list that cannot be changed, for fields that are documented as lists."""

    def _refuse(self, *args, **kwargs):
        raise TypeError("results cannot be changed; list(...) makes a list of its own")

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self):
        return FrozenList, (list(self),)


class Weights(FrozenDict):
    """{(target, source): value}, which answers to "source->target" as well."""

    def __missing__(self, key):
        source, arrow, target = key.partition("->") if isinstance(key, str) else ("", "", "")
        if not arrow or (target.strip(), source.strip()) not in self:
            known = ", ".join(f"{source}->{target}" for target, source in self)
            raise KeyError(f'got {key!r}, expected (target, source) or "source->target"; known: {known}')
        return self[target.strip(), source.strip()]

    def __reduce__(self):
        return Weights, (dict(self),)


def put(instance, **values):
    """Set fields of a frozen dataclass while it is made."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def _is_sealed(values):
    """Whether an array lies on bytes, so that nobody can make it writable again."""
    while isinstance(values, np.ndarray):
        if values.flags.writeable:
            return False
        values = values.base
    return isinstance(values, bytes)


def read_only(values, dtype=None):
    """A copy of an array that cannot be written to, nor made writable again; a Quantity keeps its unit."""
    dim = getattr(values, "dim", None)
    if isinstance(values, np.ndarray) and dtype in (None, values.dtype) and _is_sealed(values):
        return values
    plain = np.asarray(values, dtype=dtype)
    if plain.dtype.hasobject or not plain.size:
        sealed = plain.copy()
        sealed.setflags(write=False)
    else:
        sealed = np.frombuffer(plain.tobytes(), dtype=plain.dtype).reshape(plain.shape)
    if dim is None:
        return sealed
    from brian2 import Quantity

    return Quantity(sealed, dim=dim, copy=False)


def frozen(data):
    """A deep copy that cannot be changed: dicts refuse, lists become tuples, arrays are read-only copies.

    Tables are copied. Other objects are records already, or not ours to copy.
    """
    if isinstance(data, dict):
        kind = type(data) if isinstance(data, FrozenDict) else FrozenDict
        return kind({key: frozen(value) for key, value in data.items()})
    if isinstance(data, FrozenList):
        return FrozenList(map(frozen, data)) if type(data) is FrozenList else data
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(frozen, data))
    if isinstance(data, (list, tuple)):
        return tuple(map(frozen, data))
    if isinstance(data, np.ndarray):
        return read_only(data)
    return data.copy() if type(data).__name__ in ("DataFrame", "Series") else data


def remade(kind, values):
    """A record from the values of its fields, which its constructor freezes: what pickle calls."""
    return kind(**values)


class Record:
    """Base of results: frozen dataclasses of which nothing can be changed.

    Attributes
    ----------
    FIELDS : mapping of str to Field
        What each field holds (`b2reduce.basics.fields`): how it is frozen when a record is made, and what is
        checked when one is read from a file.
    """

    FIELDS = FrozenDict()

    def __post_init__(self):
        for item in fields(self):
            value, kind = getattr(self, item.name), self.FIELDS.get(item.name)
            put(self, **{item.name: frozen(value) if kind is None else kind.freeze(value)})

    def to_dict(self):
        """Plain data for JSON; `from_dict` reads it back bit for bit."""
        from .codec.encode import encode

        return encode(self)

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote.

        Raises
        ------
        InputError
            If a key is unknown or missing, or a value of another type, shape or unit.
        """
        from .arguments import require
        from .codec.decode import decode

        return require(decode(data), cls, f"{cls.__name__}.from_dict")

    def __reduce__(self):
        # Through the constructor: arrays that pickle makes are writable
        return remade, (type(self), {item.name: getattr(self, item.name) for item in fields(self)})
