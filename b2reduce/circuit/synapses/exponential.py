"""Conductances that jump at an event and decay exponentially."""

from __future__ import annotations

from dataclasses import dataclass

from .inputs import AsConductance
from .one_state import OneState
from .parameters import REVERSAL, TAU, G

__all__ = ["ExponentialConductance"]


@dataclass(frozen=True)
class ExponentialConductance(OneState, AsConductance):
    """tau dg/dt = -g, g += G at an event, and the current g (E - v)."""

    G_: object
    tau_: object
    E_: object

    kind = "exponential"
    meaning = "conductances that jump by G at each spike and decay exponentially; current g (E - v)"
    weight = "K G tau (E - E_leak - v_theta)"
    weight_latex = r"K\,G\,\tau_\mathrm{syn}\,(E - E_\mathrm{leak} - v_\theta)"
    parameters = (G, TAU, REVERSAL)
    size = "G"
