"""The kinds of synapses that there are."""

from __future__ import annotations

from ...basics.errors import CircuitError, unknown_name
from ...basics.register import Register
from .alpha import Alpha
from .base import Synapse
from .current import ExponentialCurrent
from .current_alpha import CurrentAlpha
from .current_rise_decay import CurrentRiseAndDecay
from .exponential import ExponentialConductance
from .jump import Jump
from .nmda import Nmda
from .rise_decay import RiseAndDecay

__all__ = ["DEFAULT", "SYNAPSES", "register", "synapse_kind"]

#: {kind: class}.
SYNAPSES: Register[type[Synapse]] = Register(Synapse, "kind of synapse", name="kind", classes=True)
#: Adds one, from outside of the package as well; returns it.
register = SYNAPSES.add
#: Where none is given.
DEFAULT = ExponentialConductance.kind


def synapse_kind(name, key):
    """The class of that name."""
    if not isinstance(name, str) or name not in SYNAPSES:
        raise CircuitError(f"{key}: {unknown_name('kind of synapse', name, SYNAPSES)}")
    return SYNAPSES[name]


for _kind in (
    ExponentialConductance,
    RiseAndDecay,
    Alpha,
    ExponentialCurrent,
    CurrentRiseAndDecay,
    CurrentAlpha,
    Jump,
    Nmda,
):
    register(_kind)
