"""Which objects a run would simulate, and where it would look for names.

By Brian2's rules: a network holds its objects; without one, a run takes all objects that stand in variables
of its caller and belong to the present scope. Names are looked for in what was given to the run, else in the
caller's local and global variables.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..basics.arguments import described
from ..basics.errors import CircuitError

__all__ = ["collected", "namespace_of", "with_contained"]


def namespace_of(frame):
    """The variables that a run in this frame would see."""
    return {**frame.f_globals, **frame.f_locals}


def collected(given, frame):
    """The objects, each once, in the order of their names.

    Parameters
    ----------
    given : tuple
        Networks, objects, or containers of objects; where it is empty, what `brian2.run` would take.
    frame : frame
        Of the caller.
    """
    from brian2 import Network
    from brian2.core.base import BrianObject
    from brian2.core.magic import MagicNetwork

    found = []

    def add(item):
        if isinstance(item, MagicNetwork):
            found.extend(_visible(frame))
        elif isinstance(item, Network):
            found.extend(item.objects)
        elif isinstance(item, BrianObject):
            found.append(item)
        elif isinstance(item, Mapping):
            add(tuple(item.values()))
        elif isinstance(item, (list, tuple, set, frozenset)):
            for each in item:
                add(each)
        else:
            raise CircuitError(
                f"from_brian2: got {described(item)}, expected a brian2.Network, Brian2 objects, or nothing:"
                " then it takes what run() would take here"
            )

    add(given) if given else found.extend(_visible(frame))
    unique = {id(each): each for each in found}
    if not unique:
        raise CircuitError(
            "from_brian2: found no Brian2 object, expected a NeuronGroup at least; call it where run() would"
            " stand, or pass the Network: objects in lists are seen by neither"
        )
    return sorted(unique.values(), key=lambda each: each.name)


def _visible(frame):
    """What a run takes without being told: variables of the caller, not what is in lists."""
    from brian2.core.base import BrianObject

    return [
        value
        for value in namespace_of(frame).values()
        if isinstance(value, BrianObject)
        and value.add_to_magic_network
        and value._scope_key == BrianObject._scope_current_key
    ]


def with_contained(objects):
    """The objects with those that they contain, each once."""
    found, todo = {}, list(objects)
    while todo:
        item = todo.pop()
        if id(item) not in found:
            found[id(item)] = item
            todo.extend(getattr(item, "contained_objects", []))
    return list(found.values())
