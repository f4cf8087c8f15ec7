"""The rate dynamics that there are, and which of them `tau=` chooses."""

from __future__ import annotations

from ...basics.errors import InputError, UnitError
from ...basics.register import Register
from .base import RateDynamics
from .fitted import Fitted
from .given import Given
from .membrane import Membrane
from .moving import Moving
from .pathway import Pathway
from .resonant import Resonant
from .synaptic import Synaptic

__all__ = ["DYNAMICS", "dynamics_of", "names_of_dynamics", "register"]

#: {name: RateDynamics}
DYNAMICS: Register[RateDynamics] = Register(RateDynamics, "kind of rate dynamics")
#: Adds one, from outside of the package as well; returns it.
register = DYNAMICS.add


_GIVEN = Given()
for _dynamics in (Membrane(), Synaptic(), Fitted(), Resonant(), Pathway(), Moving(), _GIVEN):
    register(_dynamics)


def names_of_dynamics():
    """What `tau` may name."""
    return [name for name, dynamics in DYNAMICS.items() if dynamics.named]


def dynamics_of(circuit, tau):
    """(RateDynamics, {population: time} of times that are given) that an argument `tau` chooses.

    Raises
    ------
    InputError
        If it is neither a name, nor a time, nor times of all populations.
    """
    if isinstance(tau, str) and tau in names_of_dynamics():
        return DYNAMICS[tau], {}
    known = ", ".join(names_of_dynamics())
    if tau is None:
        raise InputError(f"tau: got None, expected one of {known}, a time, or a dict of population to time")
    try:
        return _GIVEN, _GIVEN.read(circuit, tau)
    except UnitError as error:
        raise InputError(f"{error}; or one of {known}") from None
