"""Currents that rise and decay after an event."""

from __future__ import annotations

from dataclasses import dataclass

from .inputs import AsCurrent
from .parameters import NORM, TAU, TAU_RISE, W
from .two_states import RisesAndDecays

__all__ = ["CurrentRiseAndDecay"]


@dataclass(frozen=True)
class CurrentRiseAndDecay(RisesAndDecays, AsCurrent):
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
    parameters = (W, TAU_RISE, TAU, NORM)
    size = "w"
    alike = "current_alpha"
