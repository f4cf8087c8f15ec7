"""Conductances that rise and decay after an event."""

from __future__ import annotations

from dataclasses import dataclass

from .inputs import AsConductance
from .parameters import NORM, REVERSAL, TAU, TAU_RISE, G
from .two_states import RisesAndDecays

__all__ = ["RiseAndDecay"]


@dataclass(frozen=True)
class RiseAndDecay(RisesAndDecays, AsConductance):
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
    parameters = (G, TAU_RISE, TAU, REVERSAL, NORM)
    size = "G"
    alike = "alpha"
