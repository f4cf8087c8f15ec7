"""What the words of a validation mean, and what to change where a premise does not hold.

For the report and for notebooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PREMISES", "TERMS", "TRUST_MEANS", "About"]


@dataclass(frozen=True)
class About:
    """What a premise means.

    Attributes
    ----------
    meaning : str
        One paragraph: what is assumed, why the derivation needs it, what goes wrong without.
    change : mapping
        Arguments of `validate` and `reduce` that mend it; empty where none does.
    otherwise : str
        What else helps.
    """

    meaning: str
    change: Mapping = field(default_factory=dict)
    otherwise: str = ""


PREMISES = {
    "asynchrony": About(
        "A cell's input is taken for the sum of trains that know nothing of one another. Then the variance of"
        " a conductance is Campbell's, K G² r tau/2. Where cells fire together it is a multiple of that:"
        " cells fire on common waves of input, which no mean current describes, and rates that agree do so by"
        " chance.",
        otherwise=(
            "spread the delays, make connections sparser, weaken recurrent excitation, or describe the rhythm"
            " instead of the rate"
        ),
    ),
    "weak correlation": About(
        "The sum of K inputs that are correlated by c varies 1 + (K - 1) c times as much as that of"
        " independent ones. Below c = 0.5/K that is at most half more, which the gains hardly notice; above"
        " it cells live in other noise than the one their gains were measured in.",
        otherwise="make connections sparser, spread the delays, or give every cell drives of its own",
    ),
    "irregular spikes": About(
        "The gains were measured in trains of a given irregularity. Regular trains make less noise, bursts"
        " make more. The number is the variance of the synaptic current with the intervals that the network's"
        " cells really have, over the variance that was assumed.",
        {"noise": "renewal"},
    ),
    "many inputs": About(
        "A conductance is described by its mean and its noise if several inputs act within one synaptic time."
        " With few it is a train of separate jumps. Gains measured in matched or renewal noise include that,"
        " since they are measured with just these jumps; gains without noise do not.",
        {"noise": "renewal"},
    ),
    "slow variation": About(
        "The average over synapses assumes that rates hold still while a synapse decays. Where the population"
        " rate changes as fast, the rate model's time course is another one; means over time may still"
        " agree.",
        otherwise=(
            "compare means over time only, or choose tau = 'resonant', which follows the cells' own response"
        ),
    ),
    "steady rates": About(
        "The rate model is compared at rest. Where cells adapt for seconds, or the network fluctuates as a"
        " whole, the spiking rates are still moving while they are counted.",
        otherwise="run longer and leave out more of the beginning (duration, after)",
    ),
    "cells alike": About(
        "One rate stands for a whole population. Where cells of a population fire at rates that differ much,"
        " through their wiring or their parameters, the rate of the mean cell is not the mean of the rates,"
        " since the gain is curved.",
        {"cells": True},
    ),
    "operating rate in the window": About(
        "The gain was fitted within a window of rates around the operating point. The spiking network fires"
        " outside of it: the gain is used where nothing was measured.",
        otherwise="reduce at these drives (at=), or widen the window (window=)",
    ),
    "slope unchanged by leak": About(
        "The law r = f(I - I_theta - v_theta g) says that leak shifts the f-I curve and leaves its slope"
        " alone. Only then are W and theta numbers rather than functions of the state. Where the slope"
        " changes over the range of leak, they hold near the operating point.",
        {"level": "surface"},
    ),
    "straight gain": About(
        "At level 'linear' the f-I curve is a straight line above a threshold. Where it bends within the"
        " window of rates, the line errs towards the ends of the window.",
        {"level": "gain"},
    ),
    "noise stays": About(
        "The gains were measured in the noise of the operating point, and that noise stays what it was when"
        " rates move. In the network it moves along: stronger input is noisier input. The number compares how"
        " a rate follows its sources with the noise moving along and with it held still.",
        {"level": "transfer"},
    ),
    "far from instability": About(
        "Feedback multiplies every error of the gains by 1/(1 - eigenvalue): by four at 0.75. Close to 1 the"
        " smallest error of a weight moves the rates far, and the network's own rates fluctuate slowly.",
        otherwise="move the circuit away from the border: less recurrent excitation, more inhibition",
    ),
    "one operating point": About(
        "The search for rates that the cells themselves give back found more than one answer. The spiking"
        " network may rest in either, or change between them.",
        otherwise="say at which drives to look (at=), and start both networks in the state that is meant",
    ),
    "no saturation": About(
        "Near its largest rate, one over the refractory time, a cell's f-I curve bends down. A straight gain"
        " does not.",
        {"level": "transfer"},
    ),
    "no hysteresis": About(
        "An f-I curve is a curve only if the rate depends on the current and not on where the current comes"
        " from. This cell fires at other rates on the way up than on the way down.",
        otherwise="no rate model of this kind can hold two states of one cell apart",
    ),
    "fires without noise": About(
        "At its mean current the cell may be silent and fire through fluctuations alone. Gains without noise"
        " then know nothing of the network's rates.",
        {"noise": "renewal"},
    ),
    "inside the measured range": About(
        "The part of the rate run that was spent where no cell was measured: there the gain is extrapolated,"
        " or its table answers with its nearest edge.",
        otherwise="reduce at the drives of interest (at=), or widen the window (window=)",
    ),
    "follows the drives": About(
        "With all drives a quarter weaker and a quarter stronger, operating points of uncoupled cells were"
        " found anew, without this rate model. Its rates there differ by the number given. It is the error to"
        " expect when the model is used at other drives than its own.",
        {"level": "transfer"},
        "reduce at the drives of interest (at=)",
    ),
    "Poisson trains will do": About(
        "With noise 'matched' recurrent trains are Poisson's. The number is by how much the operating rates"
        " move when they are made as regular as the cells fire.",
        {"noise": "renewal"},
    ),
}
TERMS = {
    "gains alone": (
        "the rate that the gains give where the spiking network's own rates go in, so that no feedback is"
        " involved; what the error has beyond that is feedback"
    ),
    "spread": "standard deviation over the seeds, each with a wiring and noise of its own",
    "operating point": (
        "the rates that uncoupled cells give back when they are driven by trains of just these rates"
    ),
    "window": "the rates around the operating point within which a gain was fitted",
    "theta": (
        "threshold current I_theta + g_leak v_theta - I_const, of the current in excess of the leak reversal"
    ),
    "v_theta": "how far a siemens of extra leak shifts the f-I curve: by v_theta amperes",
    "W": "charge by which one hertz of a source moves a cell's current",
}
TRUST_MEANS = {
    "trust": "Rates agree, and every premise that limits the range of the model holds.",
    "near these drives": (
        "Rates agree here. A premise that limits how far from these drives the model reaches does not hold."
    ),
    "do not rely": (
        "Rates differ, or agree although a premise is broken without which they can only do so by chance."
    ),
}
