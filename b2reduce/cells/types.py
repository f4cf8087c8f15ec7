"""Names for what stands for the gains of a circuit, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .gain_fit import GainFit
    from .surface import FISurface

__all__ = ["Gains"]

Gains: TypeAlias = "Mapping[str, GainFit | FISurface]"
