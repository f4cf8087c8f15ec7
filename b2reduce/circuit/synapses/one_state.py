"""Time courses that jump at an event and decay exponentially: one state."""

from __future__ import annotations

import numpy as np

from .base import Synapse
from .low_pass import LowPass

__all__ = ["OneState"]


class OneState(Synapse):
    """x' = -x/tau, and x += size at an event, where x is what is summed up.

    How x reaches the cell, its `letter` and `dimension`, says the class that stands beside this one.
    """

    @classmethod
    def equations(cls, label, model):
        x = f"{cls.letter}_syn_{label}"
        return [(x, f"-{x}/tau_syn_{label}", cls.dimension(model))]

    @classmethod
    def jumps(cls, label, model, at=""):
        return {f"{cls.letter}_syn_{label}{at}": f"{cls.size}_syn_{label}{at}"}

    def start_(self, label, rate_):
        return {f"{self.letter}_syn_{label}": self.mean_(rate_)}

    def recorded_variance_(self, rate_, dt_):
        return self.size_**2 * rate_ * dt_ / -np.expm1(-2 * dt_ / self.tau_)

    def mean_(self, rate_, inputs=1.0):
        return inputs * self.size_ * self.tau_ * rate_

    def summed_variance_(self, rate_, inputs=1.0):
        """Variance of x in continuous time."""
        return inputs * self.size_**2 * self.tau_ * rate_ / 2

    @property
    def filter(self):
        return LowPass(self.tau_)
