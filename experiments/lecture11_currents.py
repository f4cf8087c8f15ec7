"""Synapses as a current and a leak, in the spiking network: 11.21-11.26 of `lecture11`."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments import lecture11_cells as cells
from b2reduce.experiments import lecture11_clamped as clamped
from b2reduce.experiments import lecture11_network as network
from b2reduce.experiments.lecture11_numbers import EPS, values
from b2reduce.experiments.script import Row


def figure_of(long):
    """The figure, and rows of the table."""
    rows, si, duration = [], cells.lif().si, 3.0 if long else 1.0
    pool, spiking = clamped.pooled(2.0 if long else 0.5), network.spiking(duration)
    E_L, g_L, p = si("E_L"), si("g_L"), pool["p"]
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")

    # 11.21. Events counted over the run: relative error 1/sqrt(events).
    expected = p.G_ * p.tau_ * p.K * pool["rate"] * (p.E_ - pool["V"])
    error = 1 / np.sqrt(p.K * pool["rate"] * pool["duration"] * pool["current"].shape[0])
    measured, k = pool["current"].mean(axis=0), int(np.argmin(np.abs(pool["V"] - E_L)))
    off = np.abs(measured - expected)[expected != 0] / np.abs(expected[expected != 0])
    rows.append(
        Row(
            f"11.21 I_ext <- G tau r (V_ext - V), r the nominal {pool['rate']:g} Hz: current at"
            f" {pool['V'][k] * 1e3:g} mV (pA)",
            f"{expected[k] * 1e12:.1f}",
            f"{measured[k] * 1e12:.1f} +- {expected[k] * error * 1e12:.1f}; at all potentials to"
            f" {100 * off.max():.2f} %",
            off.max() < 4 * error,
        )
    )
    axes[0].plot(pool["V"] * 1e3, expected * 1e12, color="0.5", label=r"$G\tau r\,(V_{ext} - V)$")
    axes[0].plot(
        pool["V"] * 1e3, measured * 1e12, color="black", marker="o", linestyle="", label="clamped cells"
    )
    axes[0].axhline(0, color="0.8", linewidth=1)
    axes[0].set(
        xlabel="membrane potential (mV)",
        ylabel="current of the drive (pA)",
        title="11.16, 11.21: the drive alone",
    )
    axes[0].legend(fontsize="small")

    # 11.22. Cell by cell with the spikes that reached it; the ends as in 11.15, and the drift of V by I T/C.
    V, formula, ends = spiking["v"]["P"][:, :-1].mean(axis=1), 0.0, 0.0
    single = cells.synaptic_current(spiking["v"]["P"]).mean(axis=1)
    for q in spiking["net"].pathways("P"):
        g = spiking["g"]["P"][q.source]
        formula = formula + q.G_ * q.tau_ * spiking["counted"]["P", q.source] / duration * (q.E_ - V)
        ends = ends - q.tau_ * (g[:, -1] - g[:, 0]) / duration * (q.E_ - V)
    slack = (g_L + network.from_rates(spiking)[1] * 2) * np.max(np.abs(single)) * duration / cells.CLAMP_
    off = np.abs(single - formula - ends)
    rows.append(
        Row(
            f"11.22 I_ext + I_net = sum G tau r (E - V) of all inputs, spikes counted: {V.size} cells clamped"
            " in the network, mean (pA)",
            f"{formula.mean() * 1e12:.3f} + {ends.mean() * 1e12:.3f} that synapses hold at the ends",
            f"{single.mean() * 1e12:.3f}; cell by cell to {off.max() * 1e12:.0e}",
            off.max() < slack,
        )
    )

    # 11.23. Cells at each potential have inputs of their own: deviations from the line in standard errors,
    # chi squared of 3, above 16.3 once in a thousand.
    V, current, error = network.clamped(spiking)
    (slope, at_rest), covariance = np.polyfit(V - E_L, current, 1, w=1 / error, cov="unscaled")
    left = current - at_rest - slope * (V - E_L)
    I_app, g_syn = network.from_rates(spiking)
    rows.append(
        Row(
            f"11.23 a constant and a term in E_L - V: currents at {values(V * 1e3, 'g')} mV less a straight"
            " line (pA)",
            f"0 within luck of {error.mean() * 1e12:.1f}: chi squared below 16.3",
            f"{values(left * 1e12, '+.1f')}: {np.sum((left / error) ** 2):.1f}",
            np.sum((left / error) ** 2) < 16.3,
        )
    )
    # 11.24 and 11.25. The scatter of the clamped cells holds that of their inputs; the rates themselves are
    # those of the whole populations.
    errors = np.sqrt(np.diag(covariance))
    rows.append(
        Row(
            "11.24 I_app = sum G tau r (E - E_L): the line at E_L (pA)",
            f"{I_app * 1e12:.1f} from the rates; slip: G_ext, not G_in",
            f"{at_rest * 1e12:.1f} +- {errors[1] * 1e12:.1f}",
            abs(at_rest - I_app) < 4 * errors[1],
        )
    )
    rows.append(
        Row(
            "11.25 g_syn = sum G tau r: minus the slope of the line (nS)",
            f"{g_syn * 1e9:.2f} from the rates; slip: it excludes g_L; with it {(g_syn + g_L) * 1e9:.2f}",
            f"{-slope * 1e9:.2f} +- {errors[0] * 1e9:.2f}",
            abs(-slope - g_syn) < 4 * errors[0] < abs(-slope - g_syn - g_L),
        )
    )
    network.draw_clamp(axes[1], duration)

    # 11.26. Two orders of the same additions: rounding, which lives for C/g.
    (whole, short), (v_whole, v_short) = clamped.constant_input(duration, 1.5)
    quiet = clamped.constant_input(duration, 1.0)[0][0].size / duration
    difference = np.max(np.abs(v_whole - v_short))
    rows.append(
        Row(
            "11.26 C dV/dt = (g_L + g_syn)(E_L - V) + I_app, beside sum g (E - V) with the same constants,"
            " drive 1.5 times as strong",
            "the same spikes and V, to rounding",
            f"{'the same' if np.array_equal(whole, short) else 'different'} {whole.size} spikes, V to"
            f" {difference:.0e} V",
            np.array_equal(whole, short)
            and whole.size > 5
            and difference < 10 * EPS * abs(E_L) * si("C_m") / (g_L * cells.DT_),
        )
    )
    rows.append(
        Row(
            "11.26 with the network's means held constant, and with conductances that fluctuate about them:"
            " rate (Hz)",
            f"{spiking['rate']['E']:.1f} in the network",
            f"{quiet:.1f}: these cells fire through fluctuations, so that gains are measured in noise",
            None,
            "spiking",
        )
    )
    shown = slice(0, 1000)
    time = np.arange(v_whole.size)[shown] * cells.DT_ * 1e3
    axes[2].plot(time, v_whole[shown] * 1e3, color="0.6", linewidth=4, label=r"$\Sigma\,g_k (E_k - V)$")
    axes[2].plot(time, v_short[shown] * 1e3, color="black", label=r"$I_{app}$ and $g_L + g_{syn}$")
    axes[2].set(xlabel="time (ms)", ylabel="V (mV)", title="11.26: the same cell", ylim=(-66, -44))
    axes[2].legend(fontsize="small", loc="upper right", ncols=2)
    return figure, rows
