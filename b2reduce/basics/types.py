"""Names for what arguments may be, for editors and type checkers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from brian2 import Quantity

    from ..cells.gain_fit import GainFit
    from ..cells.surface import FISurface
    from ..circuit.circuit import Circuit
    from ..circuit.neuron import NeuronModel
    from ..circuit.parts import Drive

__all__ = []

PathLike: TypeAlias = "str | os.PathLike[str]"
#: One value with a unit, or its text: ``3*nS`` or ``"3 nS"``
QuantityLike: TypeAlias = "Quantity | str"
#: Several of them
ArrayQuantity: TypeAlias = "Quantity | str | Sequence[Quantity] | Sequence[str]"
ModelLike: TypeAlias = "NeuronModel | str | os.PathLike[str]"
CircuitLike: TypeAlias = "Circuit | str | os.PathLike[str]"
#: Sources of noise: drives without targets
Noise: TypeAlias = "Sequence[Drive] | None"
Initial: TypeAlias = "str | Mapping[str, Any] | None"
#: Whether progress is shown, or what is called with it
ProgressLike: TypeAlias = "bool | Callable[..., Any] | None"
#: {name: rate, or (times, values)}
Drives: TypeAlias = "Mapping[Any, Any]"
#: A name of dynamics, one time constant, or one a population
Tau: TypeAlias = "str | Quantity | Mapping[str, Any]"
Gains: TypeAlias = "Mapping[str, GainFit | FISurface]"
