"""Names for what arguments may be, for editors and type checkers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from brian2 import Quantity

__all__ = ["ArrayQuantity", "Drives", "Initial", "PathLike", "ProgressLike", "QuantityLike", "Tau"]

PathLike: TypeAlias = "str | os.PathLike[str]"
#: One value with a unit, or its text: ``3*nS`` or ``"3 nS"``
QuantityLike: TypeAlias = "Quantity | str"
#: Several of them
ArrayQuantity: TypeAlias = "Quantity | str | Sequence[Quantity] | Sequence[str]"
Initial: TypeAlias = "str | Mapping[str, Any] | None"
#: Whether progress is shown, or what is called with it
ProgressLike: TypeAlias = "bool | Callable[..., Any] | None"
#: {name: rate, or (times, values)}
Drives: TypeAlias = "Mapping[Any, Any]"
#: A name of dynamics, one time constant, or one a population
Tau: TypeAlias = "str | Quantity | Mapping[str, Any]"
