"""What a cell does at an event, and the projections and drives that were made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .starting import start_of

__all__ = ["Answer"]


@dataclass(frozen=True)
class Answer:
    """What a cell does at an event.

    Attributes
    ----------
    entry : Entry
        The synapse, for an event of size 1.
    reading : str
        What it was read from, for tables.
    cells : Cells
    way : Way or None
        None of a jump.
    """

    entry: Any
    reading: str
    cells: Any
    way: Any

    def made(self, part_of, /, *arguments, **keywords):
        """A projection or drive of this answer, with what it starts from."""
        part = part_of(*arguments, **keywords, **self._start())
        self.cells.uses.append((self, part))
        return part

    def _start(self):
        """``{"start": ...}`` of the first projection or drive that it is asked for, where there is a
        start.
        """
        cells = self.cells
        named = [] if self.way is None else zip(cells.synaptic, self.way.readout)
        states = {name for name, share in named if share and name not in cells.kept}
        if not states or states & self.cells._started:
            return {}
        self.cells._started |= states
        values = self.cells.summed_(self.way)
        if not values.any():
            return {}
        model = self.cells.model
        return {"start": start_of(values, self.entry.kind.recorded("x", model)[1])}
