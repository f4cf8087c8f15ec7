"""What users call their objects: the name they gave, else that of the variable."""

from __future__ import annotations

import re

from ..circuit.read_values import NAME

__all__ = ["Names", "base_of", "bounds_of"]


def base_of(group):
    """The group that a subgroup is a part of."""
    from brian2.groups.subgroup import Subgroup

    if not isinstance(group, Subgroup):
        return group.__repr__.__self__ if _is_proxy(group) else group
    return base_of(group.source)


def _is_proxy(item):
    import weakref

    return isinstance(item, weakref.ProxyTypes)


def bounds_of(group):
    """(first cell, one behind the last) of a group or subgroup, counted in the whole group."""
    return int(group.start), int(group.stop)


class Names:
    """Names of objects in messages, tables and circuits.

    Parameters
    ----------
    namespace : mapping
        Variables of the caller.
    """

    def __init__(self, namespace):
        from brian2.core.base import BrianObject
        from brian2.groups.subgroup import Subgroup

        self._of_objects, self._of_subgroups, self._used, self._places = {}, {}, set(), {}
        for place, (name, value) in enumerate(namespace.items()):
            if name.startswith("_") or not isinstance(value, BrianObject):
                continue
            if isinstance(value, Subgroup):
                self._of_subgroups.setdefault((base_of(value).name, *bounds_of(value)), name)
            else:
                self._of_objects.setdefault(value.name, name)
                self._places.setdefault(value.name, place)

    def in_order(self, objects):
        """The objects as the user's variables are defined, those without one behind by their names."""
        last = len(self._places)
        pieces = lambda name: [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", name)]
        return sorted(objects, key=lambda each: (self._places.get(each.name, last), pieces(each.name)))

    def of(self, item):
        """The name that was given to an object, else that of a variable, else Brian2's own."""
        own = item.name
        return self._of_objects.get(own, own) if own.startswith(type(item).__name__.lower()) else own

    def of_part(self, group, start, stop, number, parts):
        """The name of some cells of a group; of all of them, that of the group."""
        if parts == 1:
            return self._free(self.of(group))
        return self._free(self._of_subgroups.get((group.name, start, stop), f"{self.of(group)}_{number}"))

    def of_drive(self, item):
        return self._free(self.of(item))

    def _free(self, name):
        """The name as circuits may have it, and nobody else has."""
        plain = re.sub(r"\W", "_", name).lstrip("_") or "cells"
        plain = plain if NAME.fullmatch(plain) else f"x{plain}"
        found, number = plain, 2
        while found in self._used:
            found, number = f"{plain}_{number}", number + 1
        self._used.add(found)
        return found
