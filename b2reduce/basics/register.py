"""Registers of the objects that differ by kind: levels, dynamics, synapses, premises, engines, exporters."""

from __future__ import annotations

from inspect import isabstract
from typing import Any, TypeVar

from .arguments import described
from .errors import InputError

__all__ = ["Register"]

T = TypeVar("T")


class Register(dict[str, T]):
    """{name: object}, to which a line adds one, from outside of the package as well.

    Parameters
    ----------
    base : type
        What is registered are instances of its subclasses, or these themselves.
    what : str
        What one of them is called in messages.
    name : str
        The attribute that holds the name.
    classes : bool
        Whether the subclasses themselves are registered.
    """

    def __init__(self, base: type, what: str, name: str = "name", classes: bool = False) -> None:
        super().__init__()
        self.base, self.what, self.attribute, self.classes = base, what, name, classes

    def add(self, item: Any) -> Any:
        """Register an object under its name; returns it.

        Raises
        ------
        InputError
            If it is of another kind, leaves something unsaid, or its name is empty or taken.
        """
        fits = (
            isinstance(item, type) and issubclass(item, self.base)
            if self.classes
            else isinstance(item, self.base)
        )
        if not fits:
            kind = "a subclass" if self.classes else "an instance of a subclass"
            raise InputError(f"register: got {described(item)}, expected {kind} of {self.base.__name__}")
        if isabstract(item):
            raise InputError(
                f"register: {item.__name__} does not say {', '.join(sorted(item.__abstractmethods__))}, which"
                f" every {self.what} must"
            )
        name = getattr(item, self.attribute)
        if not isinstance(name, str) or not name:
            raise InputError(
                f"register: got the {self.attribute} {name!r} of a {self.what}, expected some text"
            )
        if self.get(name, item) is not item:
            raise InputError(
                f"register: there is a {self.what} {name!r} already; choose another {self.attribute}"
            )
        self[name] = item
        return item
