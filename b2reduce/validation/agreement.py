"""Premises that need an operating point of their own to be held against."""

from __future__ import annotations

import numpy as np

from ..reduction.transfer_axes import transfer_problem
from .premise import Premise

__all__ = ["follows_the_drives", "renewal_agrees"]

#: Between two ways to predict the same rates: the 15 % that a quantitative reduction may err by, less the 3 %
#: by which the reference itself does.
AGREEMENT_LIMIT = 0.12
AWAY = (0.75, 1.25)  # of all drives, where a level is held against operating points
FLOOR_ = 1.0  # Hz; below it differences are taken relative to 1 Hz


def follows_the_drives(reduced, operating_rates):
    """How far the rates of a level are from the operating points that uncoupled cells have at drives a
    quarter weaker and stronger.

    Parameters
    ----------
    operating_rates : callable
        ({(drive, target): Hz}, {population: Hz} to start from) to the rates of the operating point there, {}
        where none is found.
    """
    worst, where = 0.0, ""
    for factor in AWAY:
        drives_ = {key: factor * rate for key, rate in reduced.at_.items()}
        rates = reduced.steady_rates_(drives_, reduced.operating_rate_)
        expected = operating_rates(
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
    holds = worst <= AGREEMENT_LIMIT
    advice = (
        "relative difference of rates from the operating points of uncoupled cells at drives a quarter"
        f" weaker and stronger, at most{f', {where}' if where else ''}"
    )
    if not holds:
        better = (
            ""
            if reduced.kind.noise_moves or transfer_problem(reduced.circuit)
            else "use level = 'transfer', or "
        )
        advice += (
            f"; there this rate model is off by about as much: {better}reduce at the drives of interest (at=)"
        )
    return Premise("follows the drives", worst, f"<= {AGREEMENT_LIMIT:g}", holds, advice)


def renewal_agrees(reduced, renewal_rate_):
    """How far the operating rates move when recurrent input is as regular as the cells fire.

    Rates {population: Hz}.
    """
    moved = {
        name: abs(rate - renewal_rate_[name]) / max(renewal_rate_[name], FLOOR_)
        for name, rate in reduced.operating_rate_.items()
    }
    worst = max(moved, key=moved.get)
    holds = moved[worst] <= AGREEMENT_LIMIT
    advice = (
        f"population {worst}: relative change of its operating rate, {reduced.operating_rate_[worst]:.3g} to"
        f" {renewal_rate_[worst]:.3g} Hz, when recurrent trains are as regular as the cells fire"
    )
    return Premise(
        "Poisson trains will do",
        moved[worst],
        f"<= {AGREEMENT_LIMIT:g}",
        holds,
        advice + ("" if holds else "; use noise = 'renewal'"),
    )
