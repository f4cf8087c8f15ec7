"""Conductances that jump at an event and decay exponentially."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Parameter, Synapse
from .low_pass import LowPass

__all__ = ["ExponentialConductance"]


@dataclass(frozen=True)
class ExponentialConductance(Synapse):
    """tau dg/dt = -g, g += G at an event, and the current g (E - v)."""

    G_: object
    tau_: object
    E_: object

    kind = "exponential"
    meaning = "conductances that jump by G at each spike and decay exponentially; current g (E - v)"
    weight = "K G tau (E - E_leak - v_theta)"
    weight_latex = r"K\,G\,\tau_\mathrm{syn}\,(E - E_\mathrm{leak} - v_\theta)"
    parameters = (
        Parameter("G", "S", "1 nS"),
        Parameter("tau", "s", "1 ms", positive=True),
        Parameter("E", "V", "0 mV", negative=True),
    )
    size = "G"

    @classmethod
    def equations(cls, label, model):
        return [(f"g_syn_{label}", f"-g_syn_{label}/tau_syn_{label}", model.conductance_dim)]

    @classmethod
    def current(cls, label, model):
        return f"g_syn_{label}*(E_syn_{label} - {model.membrane})"

    @classmethod
    def jumps(cls, label, model, at=""):
        return {f"g_syn_{label}{at}": f"G_syn_{label}{at}"}

    def start_(self, label, rate_):
        return {f"g_syn_{label}": self.mean_(rate_)}

    @classmethod
    def recorded(cls, label, model):
        return f"g_syn_{label}", model.conductance_dim

    def recorded_variance_(self, rate_, dt_):
        return self.G_**2 * rate_ * dt_ / -np.expm1(-2 * dt_ / self.tau_)

    def mean_(self, rate_, inputs=1.0):
        return inputs * self.G_ * self.tau_ * rate_

    def leak_(self, rate_, inputs=1.0):
        return self.mean_(rate_, inputs)

    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.mean_(rate_, inputs) * (self.E_ - model.leak_reversal_ - above_)

    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        force = self.E_ - model.leak_reversal_ - above_
        return inputs * self.G_**2 * self.tau_ * rate_ * force**2 / 2

    @property
    def filter(self):
        return LowPass(self.tau_)
