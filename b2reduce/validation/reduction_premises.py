"""Premises that the reduction itself shows: of the gains, of the loop, of the cell without noise."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import seconds
from ..basics.errors import UnitError
from ..cells.gain import SLOPE_LIMIT
from ..cells.gain_fitting import within_window
from .hysteresis import no_hysteresis
from .premise import Premise

__all__ = ["gain_premises"]

#: Over the window of rates. A slope that changes by the fraction k bends the curve away from its chord by
#: k/12 of the window (the parabola's largest deviation from its best line), and the window is about as wide
#: as the operating rate: at 0.6 a straight gain errs by 5 %.
CURVATURE_LIMIT = 0.6
#: Errors of the gains are multiplied by up to 1/(1 - eigenvalue): by four at 0.75.
EIGENVALUE_LIMIT = 0.75
#: How far d rate/d source rate with noise that moves may be from that with frozen noise, either way: a drive
#: that moves the rates by half then moves them by at most an eighth too much or too little.
FROZEN_LIMIT = 1.25
# Pathways whose d rate/d source rate is below this do not count: their error moves a rate by little
WEAK = 0.1
#: The slope of a curve with a refractory time is (1 - r t_ref)^2 of that without: at 0.1 a fifth is gone.
SATURATION_LIMIT = 0.1


def gain_premises(circuit, reduced, rates):
    """[Premise] from the reduction and the spiking rates {population: Hz}."""
    loop = reduced.loop_
    return [
        _inside_window(reduced, rates),
        _slope(reduced),
        _curvature(reduced),
        _frozen_noise(reduced, loop),
        _stability(loop),
        _one_point(reduced),
        _saturation(circuit, rates),
        no_hysteresis(circuit, reduced),
        _noise_free(reduced),
    ]


def _inside_window(reduced, rates):
    outside = {}
    for name, rate in rates.items():
        lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[name].rates)
        outside[name] = max(lo - rate, rate - hi) / (hi - lo)
    worst = max(outside, key=outside.get)
    lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[worst].rates)
    holds = outside[worst] <= 0
    advice = f"population {worst}: spiking rate in Hz, and the window of rates of its gain"
    if not holds:
        advice += "; the gain is extrapolated: reduce at these drives (at=), or widen the window"
    return "operating rate in the window", rates[worst], f"{lo:.3g} to {hi:.3g}", holds, advice


def _slope(reduced):
    changes = {
        name: gain.slope_change for name, gain in reduced.gains.items() if np.isfinite(gain.slope_change)
    }
    limit = f"<= {SLOPE_LIMIT:g}"
    if not changes:
        return (
            "slope unchanged by leak",
            np.nan,
            limit,
            False,
            (
                "the slope was not measured at two conductances: it is unknown whether leak only shifts the"
                " f-I curve"
            ),
        )
    worst = max(changes, key=changes.get)
    holds = changes[worst] <= SLOPE_LIMIT
    advice = f"population {worst}: relative change of the slope of the f-I curve over the range of leak"
    if not holds:
        advice += (
            "; extra leak does more than shift the curve: W and theta hold near the operating point only"
        )
    return "slope unchanged by leak", changes[worst], limit, holds, advice


def _noise_free(reduced):
    rates = {name: float(np.asarray(rate)) for name, rate in reduced.noise_free_rate.items()}
    worst = min(rates, key=rates.get)
    silent, measured_in_noise = rates[worst] <= 0, reduced.noise != "none"
    advice = f"population {worst}: rate in Hz of the cell at its mean current and leak without noise"
    if silent:
        advice += "; it fires through noise alone" + (
            ", in which the gains were measured"
            if measured_in_noise
            else ", which these gains leave out: use noise = 'renewal'"
        )
    # A premise of gains without noise only.
    return (
        "fires without noise",
        rates[worst],
        "any" if measured_in_noise else "> 0",
        measured_in_noise or not silent,
        advice,
    )


def _curvature(reduced):
    limit, changes = (
        (f"<= {CURVATURE_LIMIT:g}" if reduced.kind.straight else f"none at level {reduced.level!r}"),
        {},
    )
    for name, surface in reduced.surfaces.items():
        gain = reduced.gains[name]
        lo, hi = (float(np.asarray(rate)) for rate in gain.rates)
        i, j = np.nonzero(within_window(surface.rate_, lo, hi))
        x, rate = surface.I_[i] - float(np.asarray(gain.v_theta)) * surface.g_[j], surface.rate_[i, j]
        if x.size < 4:
            continue
        middle, width = x.mean(), np.ptp(x)
        square, slope, _ = np.polyfit((x - middle) / width, rate, 2)
        changes[name] = 2 * abs(square) / slope
    if not changes:
        return Premise(
            "straight gain",
            np.nan,
            limit,
            not reduced.kind.straight,
            "no surface was measured here: whether the f-I curve bends within the window is unknown",
        )
    worst = max(changes, key=changes.get)
    bends = changes[worst] > CURVATURE_LIMIT
    advice = f"population {worst}: relative change of the slope of the f-I curve over the window of rates"
    if bends:
        advice += (
            "; a straight gain errs towards the ends of the window: use level = 'gain'"
            if reduced.kind.straight
            else f"; level = {reduced.level!r} follows it"
        )
    return Premise("straight gain", changes[worst], limit, not bends or not reduced.kind.straight, advice)


def _frozen_noise(reduced, loop):
    limit = f"{1 / FROZEN_LIMIT:g} to {FROZEN_LIMIT:g}"
    if reduced.kind.noise_moves:
        return Premise(
            "noise stays",
            np.nan,
            f"none at level {reduced.level!r}",
            True,
            f"at level {reduced.level!r} the noise moves with the rates",
        )
    if not reduced.moving_response:
        return Premise(
            "noise stays",
            np.nan,
            limit,
            False,
            "the gains were not measured in noise here, so that it is unknown what noise that moves with the"
            " rates does",
        )
    ratios = {
        f"{source}->{target}": reduced.moving_response[target, source] / slope
        for (target, source), slope in loop.items()
        if abs(slope) >= WEAK and (target, source) in reduced.moving_response
    }
    if not ratios:
        return Premise(
            "noise stays",
            np.nan,
            limit,
            True,
            f"no population moves another by {WEAK:g} Hz per Hz: recurrent noise matters little",
        )
    worst = max(ratios, key=lambda key: abs(np.log(max(ratios[key], 1e-3))))
    holds = 1 / FROZEN_LIMIT <= ratios[worst] <= FROZEN_LIMIT
    advice = f"{worst}: d rate/d source rate with noise that moves along, over that of this rate model"
    if not holds:
        advice += (
            "; away from the operating point rates follow their noise as well: use level = 'transfer', or"
            " reduce at the drives of interest (at=)"
        )
    return Premise("noise stays", ratios[worst], limit, holds, advice)


def _stability(loop):
    names = list(dict.fromkeys(target for target, _ in loop))
    value = float(np.max(np.linalg.eigvals(np.array([[loop[a, b] for b in names] for a in names])).real))
    holds = value <= EIGENVALUE_LIMIT
    advice = (
        "largest real part of the eigenvalues of d rates/d rates at the operating point; at 1 the rates run"
        " away"
    )
    if not holds:
        advice += (
            f"; errors of the gains are multiplied by about {1 / (1 - value):.2g}"
            if value < 1
            else "; the operating point is unstable"
        )
        advice += ": use level = 'transfer', or weaken the excitation"
    return Premise("far from instability", value, f"<= {EIGENVALUE_LIMIT:g}", holds, advice)


def _one_point(reduced):
    show = lambda rates: ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())
    others = [show(rates) for rates in reduced.others] + [show(rates) for rates in reduced.states_[1:]]
    number = 1 + len(others)
    advice = "operating points found from several starts, and states of the rate model" + (
        f"; the others: {'; '.join(others)}. The network may jump between them" if others else ""
    )
    return Premise("one operating point", float(number), "1", number == 1, advice)


def _saturation(circuit, rates):
    fractions = {}
    for name, population in circuit.populations.items():
        model = population.model
        refractory = model.refractory
        if isinstance(refractory, str) and refractory in model.parameters:
            refractory = model.parameters[refractory]
        try:
            fractions[name] = (
                rates[name] * seconds(refractory, "refractory") if refractory is not None else 0.0
            )
        except UnitError:  # a condition: how long it lasts is the cell's affair
            continue
    limit = f"<= {SATURATION_LIMIT:g}"
    if not fractions:
        return Premise(
            "no saturation",
            np.nan,
            limit,
            True,
            "no cell has a refractory time; a bend of the f-I curve shows in 'straight gain'",
        )
    worst = max(fractions, key=fractions.get)
    holds = fractions[worst] <= SATURATION_LIMIT
    advice = f"population {worst}: fraction of the time that its cells are refractory"
    if not holds:
        advice += (
            "; the f-I curve flattens and leak divides more than it subtracts: use level = 'surface' or"
            " 'transfer'"
        )
    return Premise("no saturation", fractions[worst], limit, holds, advice)
