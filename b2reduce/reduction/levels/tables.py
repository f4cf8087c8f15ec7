"""What levels share that read the rate off a table."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from ...basics.units import with_units
from .base import Level

__all__ = ["Table"]


class Table(Level):
    """The rate as it was measured, between the points of a grid, moved onto the operating point."""

    @abstractmethod
    def function(self, reduced, name):
        """The table of one population through its operating point."""

    def functions(self, reduced):
        return {name: self.function(reduced, name) for name in reduced.populations}

    def moved(self, reduced):
        return {
            name: with_units(reduced.functions_[name].moved, "Hz")
            for name in reduced.populations
            if reduced.gains[name].through is not None
        }

    def through(self, reduced, name):
        """The rate of cells at the operating point, known best of all; None where gains were given."""
        held = reduced.gains[name].through
        return None if held is None else float(np.asarray(held["rate"]))
