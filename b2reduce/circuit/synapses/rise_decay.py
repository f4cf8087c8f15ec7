"""Conductances that rise and decay after an event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Parameter
from .inputs import AsConductance
from .two_states import NORM, TwoStates, check_rise, scale_of

__all__ = ["RiseAndDecay"]


@dataclass(frozen=True)
class RiseAndDecay(TwoStates, AsConductance):
    """g is a difference of two exponentials after an event.

    Its peak is G (norm "peak"), or its area is G tau (norm "area"), that of an exponential synapse with the
    same G and tau.
    """

    G_: object
    tau_rise_: object
    tau_: object
    E_: object
    scale_: object  #: what an event adds to the first state, over G: the norm

    kind = "rise_decay"
    meaning = (
        "conductances that rise with tau_rise and decay with tau after each spike, of peak G or of area G tau"
        " (norm), A is the area over G; current g (E - v)"
    )
    weight = "K G A (E - E_leak - v_theta)"
    weight_latex = r"K\,G\,A\,(E - E_\mathrm{leak} - v_\theta)"
    parameters = (
        Parameter("G", "S", "1 nS"),
        Parameter("tau_rise", "s", "0.5 ms", positive=True),
        Parameter("tau", "s", "1 ms", positive=True),
        Parameter("E", "V", "0 mV", negative=True),
        NORM,
    )
    tied = ("tau_rise", "tau")
    size = "G"

    @classmethod
    def check_together(cls, values, key):
        check_rise(values, key, "alpha")

    @classmethod
    def of(cls, values):
        return cls(*(float(np.asarray(values[each.name])) for each in cls.numbers()), scale_of(values))

    @property
    def jump_(self):
        return self.scale_ * self.G_
