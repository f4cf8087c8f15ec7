"""What the filters of synapses have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

__all__ = ["LinearFilter"]


class LinearFilter(ABC):
    """A filter of gain 1 at rest without zeros. `LowPass` says what every one answers."""

    @abstractmethod
    def below_(self, unit_):
        """Coefficients of the denominator, highest power first, with times in some unit."""

    def transfer_(self, s):
        """The filter at complex s in 1/s."""
        return 1 / np.polyval(self.below_(1.0), s)
