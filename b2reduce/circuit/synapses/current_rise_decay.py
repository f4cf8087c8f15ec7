"""Currents that rise and decay after an event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Parameter
from .inputs import AsCurrent
from .two_states import NORM, TwoStates, check_rise, scale_of

__all__ = ["CurrentRiseAndDecay"]


@dataclass(frozen=True)
class CurrentRiseAndDecay(TwoStates, AsCurrent):
    """I is a difference of two exponentials after an event, of peak w or of area w tau (norm)."""

    w_: object
    tau_rise_: object
    tau_: object
    scale_: object  #: what an event adds to the first state, over w: the norm

    kind = "current_rise_decay"
    meaning = (
        "currents that rise with tau_rise and decay with tau after each spike, of peak w or of area w tau"
        " (norm), A is the area over w"
    )
    weight = "K w A"
    weight_latex = r"K\,w\,A"
    parameters = (
        Parameter("w", "A", "20 pA", negative=True),
        Parameter("tau_rise", "s", "0.5 ms", positive=True),
        Parameter("tau", "s", "1 ms", positive=True),
        NORM,
    )
    tied = ("tau_rise", "tau")
    size = "w"

    @classmethod
    def check_together(cls, values, key):
        check_rise(values, key, "current_alpha")

    @classmethod
    def of(cls, values):
        return cls(*(float(np.asarray(values[each.name])) for each in cls.numbers()), scale_of(values))

    @property
    def jump_(self):
        return self.scale_ * self.w_
