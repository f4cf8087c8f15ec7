"""Slopes and shifts of f-I curves, read off as chords."""

from __future__ import annotations

import numpy as np
from b2reduce.experiments.holt_koch1997 import exact_current, exact_rate
from brian2 import nS
from scipy.optimize import brentq

import b2reduce as b2r
from b2reduce.cells.gain import SLOPE_LIMIT

SEED = 1
SHUNT_ = 32e-9
WINDOW = (10.0, 60.0)  # Hz, of slopes
MIDDLE = 35.0  # Hz, of shifts
TOP = 170.0  # Hz, of the figure
DT_ = 2e-5  # s, of leaky cells without noise
AREA_ = 6.4e-8  # m2
LARGE = b2r.load_model("lif").replace(g_L=40 * nS, C_m=40 / 16.7 * b2r.load_model("lif").parameters["C_m"])


def chords(current, parts=5):
    """Slopes in Hz/A between rates that divide the window evenly, and over all of it."""
    edges = np.linspace(*WINDOW, parts + 1)
    return np.diff(edges) / np.diff(current(edges)), (WINDOW[1] - WINDOW[0]) / (
        current(WINDOW[1]) - current(WINDOW[0])
    )


def inverse(rate, I):
    """Current over rate of a curve."""
    last = np.flatnonzero(rate <= WINDOW[0])[-1]
    if not rate[last:].max() > WINDOW[1]:
        raise ValueError(f"the curve ends at {rate.max():.0f} Hz, inside the window up to {WINDOW[1]:g} Hz")
    return lambda r: np.interp(r, rate[last:], I[last:])


def kept_from(model, g_, shunt_):
    """Rate in Hz from which a shunt changes the slope of a leaky cell, at one rate, by less than SLOPE_LIMIT."""
    slope = lambda r, g: 0.002 * r / (exact_current(r * 1.001, g, model) - exact_current(r * 0.999, g, model))
    return brentq(lambda r: slope(r, g_ + shunt_) / slope(r, g_) - 1 - SLOPE_LIMIT, 25, 400)


def beside_closed_form(surface, j, model):
    """Of a leaky cell: (measured, in closed form, bound of their difference) of the slope over the window in
    Hz/A, and of the current at mid-window in A.

    Both are read off the same grid of currents. A rate whose interval is long by up to dt is low by r^2 dt;
    the current read off for it is high by that over the slope.
    """
    g, I = surface.g_[j], surface.I_
    current, exact = inverse(surface.rate_[:, j], I), inverse(exact_rate(I, g, model), I)
    unsure = lambda r: (
        r**2 * DT_ * (exact_current(r * 1.001, g, model) - exact_current(r * 0.999, g, model)) / (0.002 * r)
    )
    slope = chords(exact)[1]
    return (
        chords(current)[1],
        slope,
        slope * sum(unsure(r) for r in WINDOW) / (exact(WINDOW[1]) - exact(WINDOW[0])),
    ), (current(MIDDLE), exact(MIDDLE), unsure(MIDDLE))


def ratio_of(before, after):
    """(measured, in closed form, bound) of the second slope over the first."""
    exact = after[1] / before[1]
    return after[0] / before[0], exact, exact * (after[2] / after[1] + before[2] / before[1])
