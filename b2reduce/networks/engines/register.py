"""The engines of spiking networks that there are."""

from __future__ import annotations

from ...basics.arguments import one_of
from .base import NetworkEngine
from .runtime import Runtime
from .standalone import Standalone

__all__ = ["AUTO", "MANY", "NETWORK_ENGINES", "ONE", "engine_of", "names_of_engines", "register"]

#: {name: NetworkEngine}
NETWORK_ENGINES: dict[str, NetworkEngine] = {}
AUTO = "auto"


def register(engine):
    """Add an engine, which `simulate_spikes` and `validate` know by its name from now on; returns it."""
    if not isinstance(engine, NetworkEngine) or not engine.name:
        raise TypeError(f"engine: got {engine!r}, expected a NetworkEngine with a name")
    NETWORK_ENGINES[engine.name] = engine
    return engine


#: What is taken for one run, and for many of one structure, where the user leaves it to us.
ONE, MANY = register(Runtime()), register(Standalone())


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
    return NETWORK_ENGINES.get(one_of(name, names_of_engines(), argument), ONE)
