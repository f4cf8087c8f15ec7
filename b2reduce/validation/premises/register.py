"""The premises that there are."""

from __future__ import annotations

from ...basics.register import Register
from .agreement import FollowsTheDrives, PoissonTrains
from .asynchrony import Asynchrony
from .base import Premise
from .cells_alike import CellsAlike
from .exchangeable_weights import ExchangeableWeights
from .instability import FarFromInstability
from .irregular_spikes import IrregularSpikes
from .leak_slope import LeakSlope
from .many_inputs import ManyInputs
from .measured_range import InsideTheMeasuredRange
from .no_hysteresis import NoHysteresis
from .noise_free import FiresWithoutNoise
from .noise_stays import NoiseStays
from .one_operating_point import OneOperatingPoint
from .operating_window import OperatingWindow
from .releases import IndependentReleases, MeanRelease
from .saturation import NoSaturation
from .slow_variation import SlowVariation
from .steady_rates import SteadyRates
from .straight_currents import StraightCurrents
from .straight_gain import StraightGain
from .weak_correlation import WeakCorrelation

__all__ = ["PREMISES", "premise_of", "register"]

#: {name: Premise}, in the order of the table.
PREMISES: Register[Premise] = Register(Premise, "premise")
#: Adds one, from outside of the package as well; returns it.
register = PREMISES.add


class _Foreign(Premise):
    """A premise of a result from elsewhere: what it weighs is not known here, so that its failure warns."""

    meaning = "This premise was added from outside of the package, and nobody registered it here."
    serious = True
    otherwise = "register the premise, which says what"

    def measure(self, evidence):
        return None


def premise_of(name):
    """The premise of that name, which may be one that is not registered here."""
    return PREMISES.get(name) or _Foreign()


for _premise in (
    Asynchrony(),
    WeakCorrelation(),
    IrregularSpikes(),
    ManyInputs(),
    SlowVariation(),
    SteadyRates(),
    CellsAlike(),
    ExchangeableWeights(),
    OperatingWindow(),
    LeakSlope(),
    StraightGain(),
    StraightCurrents(),
    IndependentReleases(),
    MeanRelease(),
    NoiseStays(),
    FarFromInstability(),
    OneOperatingPoint(),
    NoSaturation(),
    NoHysteresis(),
    FiresWithoutNoise(),
    InsideTheMeasuredRange(),
    FollowsTheDrives(),
    PoissonTrains(),
):
    register(_premise)
