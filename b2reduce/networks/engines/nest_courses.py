"""The kinds of synapses that NEST's cells have, and with which of its models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...circuit.synapses.alpha import Alpha
from ...circuit.synapses.current import ExponentialCurrent
from ...circuit.synapses.current_alpha import CurrentAlpha
from ...circuit.synapses.exponential import ExponentialConductance
from ...circuit.synapses.jump import Jump
from ...circuit.synapses.rise_decay import RiseAndDecay

__all__ = ["COURSES", "Course", "MS", "MV", "NONE", "NS", "PA", "PF"]

MS, MV, NS, PA, PF = 1e3, 1e3, 1e9, 1e12, 1e12  # of SI, in NEST's units


@dataclass(frozen=True)
class Course:
    """A kind of synapse, and the models of NEST whose synapses have its time course.

    Attributes
    ----------
    two, many : str
        Models of leaky integrate-and-fire cells with two sets of parameters, and with any number.
    adex_two, adex_many : str
        Likewise of adaptive exponential ones; empty where there is none.
    parameters : callable
        Of a synapse, {NEST's name: value}.
    unit : float
    recorded : str
        Of many sets, what is recorded of one.
    """

    two: str = ""
    many: str = ""
    adex_two: str = ""
    adex_many: str = ""
    parameters: Callable[..., Any] = lambda s: {}
    unit: float = NS
    recorded: str = ""
    letter: str = "g"


COURSES = {
    ExponentialConductance: Course(
        "iaf_cond_exp",
        "gif_cond_exp_multisynapse",
        "aeif_cond_exp",
        parameters=lambda s: {"E": s.E_ * MV, "tau_syn": s.tau_ * MS},
    ),
    Alpha: Course(
        "iaf_cond_alpha",
        "aeif_cond_alpha_multisynapse",
        "aeif_cond_alpha",
        "aeif_cond_alpha_multisynapse",
        parameters=lambda s: {"E": s.E_ * MV, "tau_syn": s.tau_ * MS},
        recorded="g_{}",
    ),
    RiseAndDecay: Course(
        "iaf_cond_beta",
        "aeif_cond_beta_multisynapse",
        "",
        "aeif_cond_beta_multisynapse",
        parameters=lambda s: {"E": s.E_ * MV, "tau_rise": s.tau_rise_ * MS, "tau_decay": s.tau_ * MS},
        recorded="g_{}",
    ),
    ExponentialCurrent: Course(
        "",
        "iaf_psc_exp_multisynapse",
        "aeif_psc_exp",
        parameters=lambda s: {"tau_syn": s.tau_ * MS},
        unit=PA,
        recorded="I_syn_{}",
        letter="I_syn",
    ),
    CurrentAlpha: Course(
        "",
        "iaf_psc_alpha_multisynapse",
        "aeif_psc_alpha",
        parameters=lambda s: {"tau_syn": s.tau_ * MS},
        unit=PA,
        recorded="I_syn_{}",
        letter="I_syn",
    ),
    Jump: Course("iaf_psc_delta", "iaf_psc_delta", "aeif_psc_delta", "aeif_psc_delta", unit=MV),
}
NONE = COURSES[Jump]  # of cells without synapses
