"""Conductances that are alpha functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Parameter
from .inputs import AsConductance
from .two_states import TwoStates

__all__ = ["Alpha"]


@dataclass(frozen=True)
class Alpha(TwoStates, AsConductance):
    """g = G (t/tau) exp(1 - t/tau) after an event, whose peak is G at t = tau."""

    G_: object
    tau_: object
    E_: object

    kind = "alpha"
    meaning = "conductances that are alpha functions of peak G at tau after each spike; current g (E - v)"
    weight = "K e G tau (E - E_leak - v_theta)"
    weight_latex = r"K\,e\,G\,\tau_\mathrm{syn}\,(E - E_\mathrm{leak} - v_\theta)"
    parameters = (
        Parameter("G", "S", "1 nS"),
        Parameter("tau", "s", "1 ms", positive=True),
        Parameter("E", "V", "0 mV", negative=True),
    )
    size = "G"
    rise = "tau"

    @property
    def jump_(self):
        return np.e * self.G_
