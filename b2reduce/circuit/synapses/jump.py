"""Jumps of the membrane."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Parameter, Synapse
from .through import Through

__all__ = ["Jump"]


@dataclass(frozen=True)
class Jump(Synapse):
    """v += J at an event: the charge C J at once, without a state and without a filter.

    As in Brian2 events act after the threshold and before the reset, and they are lost while the membrane is
    held (``unless refractory``).
    """

    J_: object

    kind = "jump"
    meaning = "jumps of the membrane by J at each spike"
    weight = "K C J"
    weight_latex = r"K\,C\,J"
    parameters = (Parameter("J", "V", "0.1 mV", negative=True),)
    size = "J"
    brings_leak = False

    @classmethod
    def equations(cls, label, model):
        return []

    @classmethod
    def current(cls, label, model):
        return ""

    @classmethod
    def jumps(cls, label, model, at=""):
        return {f"{model.membrane}{at}": f"J_syn_{label}{at}"}

    def start_(self, label, rate_):
        return {}

    @classmethod
    def recorded(cls, label, model):
        return None

    def recorded_variance_(self, rate_, dt_):
        return 0.0 * rate_  # of nothing that is recorded

    def mean_(self, rate_, inputs=1.0):
        return inputs * self.J_ * rate_

    def leak_(self, rate_, inputs=1.0):
        return 0.0 * rate_

    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        return model.capacitance_ * self.mean_(rate_, inputs)

    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        """g_L^2 times the variance K J^2 r C/(2 g_L) of the membrane."""
        return inputs * self.J_**2 * rate_ * model.capacitance_ * model.leak_ / 2

    @property
    def filter(self):
        return Through()
