"""Currents that jump at an event and decay exponentially."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Parameter
from .inputs import AsCurrent
from .low_pass import LowPass

__all__ = ["ExponentialCurrent"]


@dataclass(frozen=True)
class ExponentialCurrent(AsCurrent):
    """tau dI/dt = -I, I += w at an event."""

    w_: object
    tau_: object

    kind = "current"
    meaning = "currents that jump by w at each spike and decay exponentially"
    weight = "K w tau"
    weight_latex = r"K\,w\,\tau_\mathrm{syn}"
    parameters = (Parameter("w", "A", "20 pA", negative=True), Parameter("tau", "s", "1 ms", positive=True))
    size = "w"

    @classmethod
    def equations(cls, label, model):
        return [(f"I_syn_{label}", f"-I_syn_{label}/tau_syn_{label}", model.current_dim)]

    @classmethod
    def jumps(cls, label, model, at=""):
        return {f"I_syn_{label}{at}": f"w_syn_{label}{at}"}

    def start_(self, label, rate_):
        return {f"I_syn_{label}": self.mean_(rate_)}

    def recorded_variance_(self, rate_, dt_):
        return self.w_**2 * rate_ * dt_ / -np.expm1(-2 * dt_ / self.tau_)

    def mean_(self, rate_, inputs=1.0):
        return inputs * self.w_ * self.tau_ * rate_

    def summed_variance_(self, rate_, inputs=1.0):
        """Variance of the current in continuous time."""
        return inputs * self.w_**2 * self.tau_ * rate_ / 2

    @property
    def filter(self):
        return LowPass(self.tau_)
