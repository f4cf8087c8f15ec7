"""What the fields of records hold: how a value is frozen, and what is checked when one is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from .arguments import described
from .errors import InputError
from .frozen import FrozenDict, FrozenList, frozen, read_only

__all__ = [
    "Anything",
    "Array",
    "Complexes",
    "Field",
    "Flag",
    "Floats",
    "Listed",
    "Many",
    "Mapped",
    "Maybe",
    "Measured",
    "Number",
    "Of",
    "Plain",
    "Row",
    "Table",
    "Text",
    "Whole",
    "check_fields",
]


class Field(ABC):
    """What a field holds."""

    def freeze(self, value):
        """The value as a record keeps it."""
        return frozen(value)

    @abstractmethod
    def check(self, value, where, sizes):
        """Raise an InputError that names `where` unless the value fits.

        Parameters
        ----------
        where : str
            The key, for the message.
        sizes : dict of str to int
            Lengths of the axes that were met in the record, which this may add to.
        """


class _Is(Field):
    """What a function tells."""

    def __init__(self, said, fits):
        self.said, self.fits = said, fits

    def check(self, value, where, sizes):
        if not self.fits(value):
            raise InputError(f"{where}: got {described(value)}, expected {self.said}")


_is_bool = lambda value: isinstance(value, (bool, np.bool_))
Anything = _Is("anything", lambda value: True)
Text = _Is("text", lambda value: isinstance(value, str))
Flag = _Is("true or false", _is_bool)
Whole = _Is("a whole number", lambda value: isinstance(value, (int, np.integer)) and not _is_bool(value))
Number = _Is(
    "a number without unit",
    lambda value: (
        isinstance(value, (int, float, np.integer, np.floating))
        and not _is_bool(value)
        and not hasattr(value, "dim")
    ),
)


def _is_plain(value):
    if isinstance(value, Mapping):
        return all(isinstance(key, (str, tuple, int)) and _is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, bool, int, float, complex, np.generic, np.ndarray))


#: Provenance and the like.
Plain = _Is("a table of plain values", lambda value: isinstance(value, Mapping) and _is_plain(value))


def _check_shape(shape, axes, where, sizes):
    if len(shape) != len(axes):
        raise InputError(f"{where}: got the shape {shape}, expected {len(axes)} axes: {', '.join(axes)}")
    for size, axis in zip(shape, axes):
        if sizes.setdefault(axis, size) != size:
            raise InputError(f"{where}: got the shape {shape}, expected {sizes[axis]} along {axis!r}")


def _check_one(kind, item, where, sizes):
    """Check one of many items, whose axes that begin with an underscore are its own."""
    before = set(sizes)
    kind.check(item, where, sizes)
    for axis in set(sizes) - before:
        if axis.startswith("_"):
            del sizes[axis]


class Array(Field):
    """A plain array.

    Parameters
    ----------
    kinds : str
        Kinds of dtype, such as "f" or "iu".
    *axes : str
        Names of its axes; those of one name have one length within a record, and of a name that begins with
        an underscore within one item of a mapping or sequence. None for any number of axes.
    dtype : dtype, optional
        That it is turned into when a record is made.
    """

    def __init__(self, kinds, *axes, dtype=None):
        self.kinds, self.axes, self.dtype = kinds, axes, dtype

    def freeze(self, value):
        return (
            None if value is None else read_only(value, None if self.dtype is None else np.dtype(self.dtype))
        )

    def check(self, value, where, sizes):
        if not isinstance(value, np.ndarray) or hasattr(value, "dim") or value.dtype.kind not in self.kinds:
            got = (
                f"{described(value)} of {value.dtype}" if isinstance(value, np.ndarray) else described(value)
            )
            raise InputError(f"{where}: got {got}, expected an array of kind {self.kinds!r}")
        if self.dtype is not None and value.dtype != np.dtype(self.dtype):
            raise InputError(f"{where}: got an array of {value.dtype}, expected {np.dtype(self.dtype)}")
        if self.axes != (None,):
            _check_shape(value.shape, self.axes, where, sizes)


def Floats(*axes):
    """An array of doubles."""
    return Array("f", *axes, dtype=float)


def Complexes(*axes):
    """An array of complex doubles."""
    return Array("c", *axes, dtype=complex)


class Measured(Field):
    """A Quantity in one of some units, or of any where none is named, with these axes."""

    def __init__(self, *units, axes=()):
        self.units, self.axes = units, axes

    def check(self, value, where, sizes):
        from .units import si_label

        if not self.units and isinstance(value, (int, float)) and not isinstance(value, bool):
            return  # what has no dimension is a number
        if not hasattr(value, "dim"):
            raise InputError(
                f"{where}: got {described(value)}, expected a value in {' or '.join(self.units) or 'a unit'}"
            )
        if self.units and (label := si_label(value)) not in self.units:
            raise InputError(f"{where}: got a value in {label}, expected one in {' or '.join(self.units)}")
        _check_shape(np.shape(value), self.axes, where, sizes)


class Maybe(Field):
    """Another, or None."""

    def __init__(self, kind):
        self.kind = kind

    def freeze(self, value):
        return None if value is None else self.kind.freeze(value)

    def check(self, value, where, sizes):
        if value is not None:
            self.kind.check(value, where, sizes)


class _Sequence(Field):
    of: type = tuple

    def __init__(self, kind, axis=None):
        self.kind, self.axis = kind, axis

    def freeze(self, value):
        if isinstance(value, FrozenList) and type(value) is not FrozenList:
            return value
        return self.of(map(self.kind.freeze, value))

    def check(self, value, where, sizes):
        if not isinstance(value, self.of):
            raise InputError(f"{where}: got {described(value)}, expected a {self.of.__name__}")
        if self.axis is not None:
            _check_shape((len(value),), (self.axis,), where, sizes)
        for number, item in enumerate(value):
            _check_one(self.kind, item, f"{where}[{number}]", sizes)


class Many(_Sequence):
    """A tuple of values of one kind; `axis` names its length."""


class Listed(_Sequence):
    """A list of values of one kind."""

    of: type = FrozenList


class Row(Field):
    """A tuple of values of given kinds."""

    def __init__(self, *kinds):
        self.kinds = kinds

    def freeze(self, value):
        return tuple(kind.freeze(item) for kind, item in zip(self.kinds, value, strict=True))

    def check(self, value, where, sizes):
        if not isinstance(value, tuple) or len(value) != len(self.kinds):
            raise InputError(f"{where}: got {described(value)}, expected {len(self.kinds)} values")
        for number, (kind, item) in enumerate(zip(self.kinds, value)):
            kind.check(item, f"{where}[{number}]", sizes)


class Mapped(Field):
    """A mapping with keys of one kind and values of one kind."""

    def __init__(self, key, value):
        self.key, self.value = key, value

    def freeze(self, value):
        return FrozenDict({key: self.value.freeze(item) for key, item in value.items()})

    def check(self, value, where, sizes):
        if not isinstance(value, Mapping):
            raise InputError(f"{where}: got {described(value)}, expected a mapping")
        for key, item in value.items():
            self.key.check(key, f"{where}, key {key!r}", sizes)
            _check_one(self.value, item, f"{where}[{key!r}]", sizes)


class Either(Field):
    """One of several kinds."""

    def __init__(self, *kinds):
        self.kinds = kinds

    def check(self, value, where, sizes):
        said = []
        for kind in self.kinds:
            try:
                return kind.check(value, where, sizes)
            except InputError as error:
                said.append(str(error))
        raise InputError(" and ".join(said))


class Table(Field):
    """A DataFrame that has at least these columns."""

    def __init__(self, *columns):
        self.columns = columns

    def check(self, value, where, sizes):
        if type(value).__name__ != "DataFrame":
            raise InputError(f"{where}: got {described(value)}, expected a table")
        missing = [column for column in self.columns if column not in value.columns]
        if missing:
            raise InputError(f"{where}: the column {missing[0]!r} is missing")


class Of(_Is):
    """An object of a class, by its name."""

    def __init__(self, *names):
        super().__init__(f"a {' or '.join(names)}", lambda value: type(value).__name__ in names)

    def freeze(self, value):
        return value


def check_fields(kinds, values, where):
    """Raise an InputError that names the key unless values fit the fields of a record."""
    sizes = {}
    for name, kind in kinds.items():
        kind.check(values[name], f"{where}.{name}", sizes)
