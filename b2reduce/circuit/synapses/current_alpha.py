"""Currents that are alpha functions."""

from __future__ import annotations

from dataclasses import dataclass

from .inputs import AsCurrent
from .parameters import TAU, W
from .two_states import AlphaFunction

__all__ = ["CurrentAlpha"]


@dataclass(frozen=True)
class CurrentAlpha(AlphaFunction, AsCurrent):
    """I = w (t/tau) exp(1 - t/tau) after an event, whose peak is w at t = tau."""

    w_: object
    tau_: object

    kind = "current_alpha"
    meaning = "currents that are alpha functions of peak w at tau after each spike"
    weight = "K e w tau"
    weight_latex = r"K\,e\,w\,\tau_\mathrm{syn}"
    parameters = (W, TAU)
    size = "w"
