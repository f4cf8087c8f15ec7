"""Whether a rate is right, or came with a word that says why it is not."""

from __future__ import annotations

import re
import warnings

import numpy as np

import b2reduce as b2r

from .oracle import Reference, Stuck

ROUNDING = 1e-9  # relative; of all that is known of a current after the reference's integration
RIGHT = 0.01  # what comes out without a word is right to this


def surface_of(model, I, g):
    """(f-I surface, what the package said about it)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        surface = b2r.measure_fi(model, I, g)
    return surface, list(
        dict.fromkeys([str(item.message) for item in caught] + [str(text) for text in surface.warnings])
    )


def excused(said):
    """Whether something says that rates are off.

    That another method took the place of the model's is not such a word: its numbers are to be right.
    """
    return any(re.search(r"rates err by|no method is accurate|limited by the grid", text) for text in said)


def wrong_rate(model, I, g, rate, onset, duration, warmup):
    """What is wrong with a rate and an onset rate, beyond `RIGHT` and one step at either end of what the rate
    was taken from.
    """
    dt, trains = float(model.dt), []

    def train(change=0.0):
        reference = Reference(model, I * (1 + change), g)
        trains.append(reference.run(duration, reference.rest()))
        return trains[-1]

    def fits():
        ranges = [one.rates(duration, warmup) for one in trains]
        slack = RIGHT + dt / (duration - warmup)
        return (
            min(low for low, _ in ranges) * (1 - slack)
            <= rate
            <= max(high for _, high in ranges) * (1 + slack)
        )

    try:
        first = np.diff(train().times[:2]).sum() or np.nan
        if not fits():
            # Right at the rheobase, where round numbers lead, the rate rises with infinite slope: rounding
            # decides what neither can know.
            train(ROUNDING), train(-ROUNDING)
    except Stuck as stuck:
        return f"at I = {I:g}, g = {g:g}: {rate:g} Hz, where there is no rate: {stuck}"
    if not fits():
        return f"at I = {I:g}, g = {g:g}: {rate:.4g} Hz for {trains[0].rate(duration, warmup):.4g}"
    # A first interval is known to a step at either end: late by less than one, or with a refractory period
    # early by less than one.
    if (
        np.isfinite(first)
        and len(trains) == 1
        and first < 0.9 * (duration - trains[0].times[0])
        and not abs(1 / onset - first) <= RIGHT * first + 2 * dt
    ):
        return f"at I = {I:g}, g = {g:g}: onset rate {onset:.4g} Hz for {1 / first:.4g}"
    return None
