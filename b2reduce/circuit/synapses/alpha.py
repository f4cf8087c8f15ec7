"""Conductances that are alpha functions."""

from __future__ import annotations

from dataclasses import dataclass

from .inputs import AsConductance
from .parameters import REVERSAL, TAU, G
from .two_states import AlphaFunction

__all__ = ["Alpha"]


@dataclass(frozen=True)
class Alpha(AlphaFunction, AsConductance):
    """g = G (t/tau) exp(1 - t/tau) after an event, whose peak is G at t = tau."""

    G_: object
    tau_: object
    E_: object

    kind = "alpha"
    meaning = "conductances that are alpha functions of peak G at tau after each spike; current g (E - v)"
    weight = "K e G tau (E - E_leak - v_theta)"
    weight_latex = r"K\,e\,G\,\tau_\mathrm{syn}\,(E - E_\mathrm{leak} - v_\theta)"
    parameters = (G, TAU, REVERSAL)
    size = "G"
