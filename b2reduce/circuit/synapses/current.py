"""Currents that jump at an event and decay exponentially."""

from __future__ import annotations

from dataclasses import dataclass

from .inputs import AsCurrent
from .one_state import OneState
from .parameters import TAU, W

__all__ = ["ExponentialCurrent"]


@dataclass(frozen=True)
class ExponentialCurrent(OneState, AsCurrent):
    """tau dI/dt = -I, I += w at an event."""

    w_: object
    tau_: object

    kind = "current"
    meaning = "currents that jump by w at each spike and decay exponentially"
    weight = "K w tau"
    weight_latex = r"K\,w\,\tau_\mathrm{syn}"
    parameters = (W, TAU)
    size = "w"
