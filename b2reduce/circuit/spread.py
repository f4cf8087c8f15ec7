"""Parameters that differ from cell to cell."""

from __future__ import annotations

from dataclasses import dataclass

from ..basics.units import format_quantity


@dataclass(frozen=True)
class Normal:
    """A parameter drawn for every cell of a network from a normal distribution."""

    mean: object
    sd: object

    def __str__(self):
        return f"normal({scalar_text(self.mean)}, {scalar_text(self.sd)})"


def scalar_text(value):
    from brian2 import Quantity

    return format_quantity(value) if isinstance(value, Quantity) else value
