"""Names for what stands for a neuron, a circuit or noise, for editors and type checkers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .circuit import Circuit
    from .neuron import NeuronModel
    from .parts import Drive

__all__ = ["CircuitLike", "ModelLike", "Noise"]

ModelLike: TypeAlias = "NeuronModel | str | os.PathLike[str]"
CircuitLike: TypeAlias = "Circuit | str | os.PathLike[str]"
#: Sources of noise: drives without targets
Noise: TypeAlias = "Sequence[Drive] | None"
