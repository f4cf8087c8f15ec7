"""The engines of spiking networks that there are."""

from __future__ import annotations

from ...basics.arguments import one_of
from ...basics.register import Register
from .automatic import Automatic
from .base import NetworkEngine
from .native import Native
from .nest import Nest
from .runtime import Runtime
from .standalone import Standalone

__all__ = ["AUTO", "MANY", "NATIVE", "NETWORK_ENGINES", "ONE", "engine_of", "names_of_engines", "register"]

#: {name: NetworkEngine}
NETWORK_ENGINES: Register[NetworkEngine] = Register(NetworkEngine, "network engine")
#: Adds one, from outside of the package as well; returns it.
register = NETWORK_ENGINES.add
AUTO = "auto"


NATIVE = register(Native())
#: What is taken for one run, and for many of one structure, of what the native engine cannot run.
ONE, MANY = register(Runtime()), register(Standalone())
register(Nest())


def names_of_engines():
    """What an argument `engine` may be."""
    return (AUTO, *NETWORK_ENGINES)


def engine_of(name, argument="engine"):
    """The NetworkEngine of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    return NETWORK_ENGINES.get(one_of(name, names_of_engines(), argument), Automatic())
