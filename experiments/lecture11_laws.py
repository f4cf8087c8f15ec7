"""Currents that compensate for conductances, and the weights that follow, behind `lecture11`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from b2reduce.experiments.holt_koch1997 import exact_current
from b2reduce.experiments.lecture11_cells import inside, law, lif, pathway, surfaces
from b2reduce.experiments.lecture11_clamped import alone

LINES = ("-", "--", "-.", ":")
FINE_ = 5e-5  # s, time step of `compensated`
READ_ = 1e-13  # A, step of the finest currents it tries


@lru_cache
def compensated(rate_, shunt_, reversals):
    """For each reversal the current in A that a cell with a constant conductance needs for a rate, and first
    that of a cell without one.
    """
    g, E = np.repeat([0.0, *[shunt_] * len(reversals)], 101), np.repeat([lif().si("E_L"), *reversals], 101)
    grid = lambda low, step: (
        (np.reshape(low, (-1, 1)) + step * np.arange(101)) * np.ones((len(reversals) + 1, 1))
    )
    I = grid(-0.4e-9, 100 * READ_)
    for fine in (True, False):
        rates = alone(I.ravel(), lif().si("g_L"), g, E, FINE_, 0.5).reshape(I.shape)
        # The rate rises with the current: the first at which it is reached.
        found = I[np.arange(len(I)), np.argmax(rates >= rate_, axis=1)]
        if fine:
            I = grid(found - 100 * READ_, READ_)
    return found


def draw_shift(ax):
    """f-I curves at three leaks, and the law within its window."""
    I, g, surface = surfaces()
    fit = law()
    for j, line in enumerate(LINES[:3]):
        ax.plot(
            I * 1e12,
            np.where(surface.rate_[:, j] > 0, surface.rate_[:, j], np.nan),
            color="black",
            linestyle=line,
            label=f"{g[j] * 1e9:g} nS",
        )
        predicted = fit.predict_(I, g[j])
        ax.plot(
            I[inside(predicted)] * 1e12,
            predicted[inside(predicted)],
            color="0.6",
            linewidth=4,
            alpha=0.7,
            zorder=0,
            label="law, 5-60 Hz" if j == 0 else None,
        )
    ax.set(
        xlabel="current (pA)",
        ylabel="rate (Hz)",
        title="11.6: leak shifts the f-I curve",
        ylim=(0, 100),
        xlim=(200, 620),
    )
    ax.legend(fontsize="x-small", loc="lower right")


def draw_weights(ax):
    """W over the reversal of the synapse, by compensation, beside the closed form and the law."""
    rate, shunt, E, W, expected, _, zero = weights()
    K_G_tau = pathway("E->E").mean_(1.0)
    E_L, v_theta = lif().si("E_L"), float(np.asarray(law().v_theta))
    ax.plot(E * 1e3, expected * 1e12, color="0.5", label="closed form at 30 Hz")
    ax.plot(E * 1e3, W * 1e12, color="black", marker="o", linestyle="", label="by compensation")
    ax.plot(
        E * 1e3,
        K_G_tau * (E - E_L - v_theta) * 1e12,
        color="black",
        linestyle="--",
        linewidth=1,
        label=r"K G $\tau$ (E - $E_L$ - $v_\theta$), law",
    )
    ax.axhline(0, color="0.8", linewidth=1)
    ax.axvline(E_L * 1e3, color="0.8", linewidth=1)
    ax.text(E_L * 1e3 - 1, 0.97 * ax.get_ylim()[1], "$E_L$", ha="right", va="top")
    ax.set(xlabel="reversal of the synapse (mV)", ylabel="W (pC)", title="11.29: shunts inhibit")
    ax.legend(fontsize="x-small", loc="lower right")


def weights(
    label="E->E",
    rate=30.0,
    shunt=4e-9,
    reversals=(-80e-3, -72e-3, -65e-3, -58e-3, -50e-3, -40e-3, -20e-3, 0.0),
):
    """W of a pathway by compensation, over the reversal.

    (rate, conductance added, reversals, W, that of the closed form, its tolerance, reversal where W is 0).
    """
    model, K_G_tau, E = lif(), pathway(label).mean_(1.0), np.array(reversals)
    E_L, g_L = model.si("E_L"), model.si("g_L")
    found = compensated(rate, shunt, reversals)
    per_hertz = K_G_tau / shunt  # 1/Hz: the conductance that was added stands for a presynaptic rate
    W = -(found[1:] - found[0]) * per_hertz
    shift = (exact_current(rate, g_L + shunt, model) - exact_current(rate, g_L, model)) / shunt
    # Currents are read on a grid, and intervals are short by up to a step.
    steepest = max(
        (exact_current(rate * 1.01, g, model) - exact_current(rate, g, model)) / (0.01 * rate)
        for g in (g_L, g_L + shunt)
    )
    slack = (READ_ + rate**2 * FINE_ * steepest) * per_hertz
    slope, intercept = np.polyfit(E, W, 1) if E.size > 1 else (np.nan, np.nan)
    return rate, shunt, E, W, K_G_tau * (E - E_L - shift), slack, -intercept / slope


def interpolated(surface, gain, I, g):
    """Rates of a surface at (I, g), the law's worst distance from the four points that they come from, and
    whether there are four.

    Between two currents of each neighbouring leak, at equal distances from the law's threshold, and then
    between these leaks.
    """
    I_theta, v_theta, beta = (float(np.asarray(value)) for value in (gain.I_theta, gain.v_theta, gain.beta))
    j = np.clip(np.searchsorted(surface.g_, g) - 1, 0, surface.g_.size - 2)
    share, rate, worst = (g - surface.g_[j]) / np.diff(surface.g_)[j], 0.0, 0.0
    there = (share >= 0) & (share <= 1)
    for column, part in ((j, 1 - share), (j + 1, share)):
        current = I + v_theta * (surface.g_[column] - g)
        i = np.clip(np.searchsorted(surface.I_, current) - 1, 0, surface.I_.size - 2)
        a = (current - surface.I_[i]) / np.diff(surface.I_)[i]
        there &= (a >= 0) & (a <= 1)
        for row, weight in ((i, 1 - a), (i + 1, a)):
            rate = rate + part * weight * surface.rate_[row, column]
            worst = np.maximum(
                worst,
                np.abs(
                    surface.rate_[row, column]
                    - beta * (surface.I_[row] - I_theta - v_theta * surface.g_[column])
                ),
            )
    return rate, worst, there
