"""The rate run stays where cells were measured."""

from __future__ import annotations

from ...networks.activity import OUTSIDE_LIMIT
from .base import Premise

__all__ = ["InsideTheMeasuredRange"]


class InsideTheMeasuredRange(Premise):
    """Fraction of the rate run that was spent outside; only where the rate run is given."""

    name = "inside the measured range"
    meaning = (
        "The part of the rate run that was spent where no cell was measured: there the gain is extrapolated,"
        " or its table answers with its nearest edge."
    )
    limit = OUTSIDE_LIMIT
    reason = "as a rate run itself warns: the way up from silence is not counted against it"
    local = serious = True
    otherwise = "reduce at the drives of interest (at=), or widen the window (window=)"

    def measure(self, evidence):
        if evidence.rates is None:
            return None
        outside = evidence.rates.outside
        worst = max(outside, key=outside.get)
        return self.judged(
            outside[worst],
            f"population {worst}: fraction of the rate run spent outside of what was measured",
            "; its rates there are extrapolated, or those of the nearest edge: reduce at other drives (at=),"
            " or widen the window",
        )
