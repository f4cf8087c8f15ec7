"""The engines of spiking networks that there are."""

from __future__ import annotations

from ...basics.arguments import one_of
from ...basics.errors import InputError
from ...basics.register import Register
from ...cells.engine.native import Unavailable
from .base import NetworkEngine
from .native import Native, program_of
from .nest import Nest
from .runtime import Runtime
from .standalone import Standalone

__all__ = [
    "AUTO",
    "MANY",
    "NATIVE",
    "NETWORK_ENGINES",
    "ONE",
    "check_engine_name",
    "engine_of",
    "names_of_engines",
    "register",
]

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


def engine_of(name, circuit, dt_):
    """The NetworkEngine of a name, for a circuit and a step.

    Of "auto" it is the native one wherever that can run the circuit, else Brian2's runtime mode, which then
    says why.

    Raises
    ------
    InputError
        If there is none of that name, or it cannot run the circuit.
    """
    check_engine_name(name)
    if name != AUTO:
        engine = NETWORK_ENGINES[name]
        if problem := engine.problem(circuit):
            raise InputError(f"engine: {problem}")
        return engine
    try:
        program_of(circuit, dt_)
    except Unavailable as reason:
        return Runtime(because=str(reason))
    return NATIVE


def check_engine_name(name, argument="engine"):
    """Raise an InputError unless an engine has this name, or it is "auto"."""
    one_of(name, names_of_engines(), argument)
