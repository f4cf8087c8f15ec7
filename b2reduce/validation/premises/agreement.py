"""Premises that need an operating point of their own to be held against."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from ...reduction.transfer_axes import transfer_problem
from .base import Premise
from .irregular_spikes import renewal_instead

__all__ = ["FollowsTheDrives", "PoissonTrains"]

AWAY = (0.75, 1.25)  # of all drives, where a level is held against operating points
FLOOR_ = 1.0  # Hz; below it differences are taken relative to 1 Hz


class _Agreement(Premise):
    """Two ways to predict the same rates."""

    limit = 0.12
    reason = (
        "the 15 % that a quantitative reduction may err by, less the 3 % by which the reference itself does"
    )
    serious = True


class FollowsTheDrives(_Agreement):
    """Difference of the rates, at drives a quarter weaker and stronger, from operating points of uncoupled
    cells that are found there anew, relative; where there are drives, and one unit a population.
    """

    name = "follows the drives"
    meaning = (
        "With all drives a quarter weaker and a quarter stronger, operating points of uncoupled cells were"
        " found anew, without this rate model. Its rates there differ by the number given. It is the error to"
        " expect when the model is used at other drives than its own."
    )
    local = True
    change = FrozenDict({"level": "transfer"})
    otherwise = "reduce at the drives of interest (at=)"

    def measure(self, evidence):
        reduced = evidence.reduced
        if evidence.uncoupled is None or reduced.cells or not any(reduced.at_.values()):
            return None
        worst, where = _farthest(reduced, evidence.uncoupled)
        better = (
            ""
            if reduced.kind.noise_moves or transfer_problem(reduced.circuit)
            else "use level = 'transfer', or "
        )
        return self.judged(
            worst,
            "relative difference of rates from the operating points of uncoupled cells at drives a quarter"
            f" weaker and stronger, at most{f', {where}' if where else ''}",
            f"; there this rate model is off by about as much: {better}reduce at the drives of interest"
            " (at=)",
        )


def _farthest(reduced, uncoupled):
    """(largest relative difference of rates from those of uncoupled cells, where that is)."""
    worst, where = 0.0, ""
    for factor in AWAY:
        drives_ = {key: factor * rate for key, rate in reduced.at_.items()}
        rates = reduced.steady_rates_(drives_, reduced.operating_rate_)
        expected = uncoupled.rates(
            drives_, rates if np.isfinite(list(rates.values())).all() else reduced.operating_rate_
        )
        for name in reduced.populations:
            known = expected.get(name, np.nan)
            difference = (
                abs(rates[name] - known) / max(known, FLOOR_)
                if np.isfinite([rates[name], known]).all()
                else np.inf
            )
            if not difference <= worst:
                said = (
                    f"{rates[name]:.3g} for {known:.3g} Hz"
                    if np.isfinite(difference)
                    else "where it runs away"
                    if np.isfinite(known)
                    else "where no operating point was found"
                )
                worst, where = float(difference), f"population {name} at {factor:g} of the drives, {said}"
    return worst, where


class PoissonTrains(_Agreement):
    """Of noise "matched": relative change of the operating rates when recurrent trains are as regular as the
    cells fire.
    """

    name = "Poisson trains will do"
    meaning = (
        "With noise 'matched' recurrent trains are Poisson's. The number is by how much the operating rates"
        " move when they are made as regular as the cells fire."
    )
    change = FrozenDict({"noise": "renewal"})

    def leading_remedy(self, reduced):
        return renewal_instead(reduced)

    def measure(self, evidence):
        reduced = evidence.reduced
        if evidence.uncoupled is None or reduced.noise != "matched":
            return None
        before, after = reduced.operating_rate_, evidence.uncoupled.renewal_rates()
        moved = {name: abs(rate - after[name]) / max(after[name], FLOOR_) for name, rate in before.items()}
        worst = max(moved, key=moved.get)
        return self.judged(
            moved[worst],
            f"population {worst}: relative change of its operating rate, {before[worst]:.3g} to"
            f" {after[worst]:.3g} Hz, when recurrent trains are as regular as the cells fire",
            "; use noise = 'renewal'",
        )
