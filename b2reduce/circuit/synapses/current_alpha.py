"""Currents that are alpha functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Parameter
from .inputs import AsCurrent
from .two_states import TwoStates

__all__ = ["CurrentAlpha"]


@dataclass(frozen=True)
class CurrentAlpha(TwoStates, AsCurrent):
    """I = w (t/tau) exp(1 - t/tau) after an event, whose peak is w at t = tau."""

    w_: object
    tau_: object

    kind = "current_alpha"
    meaning = "currents that are alpha functions of peak w at tau after each spike"
    weight = "K e w tau"
    weight_latex = r"K\,e\,w\,\tau_\mathrm{syn}"
    parameters = (Parameter("w", "A", "20 pA", negative=True), Parameter("tau", "s", "1 ms", positive=True))
    size = "w"
    rise = "tau"

    @property
    def jump_(self):
        return np.e * self.w_
