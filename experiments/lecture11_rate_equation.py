"""Weights and thresholds of the rate equation, each by an experiment of its own: 11.27-11.31 of `lecture11`."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments import lecture11_cells as cells
from b2reduce.experiments import lecture11_laws as laws
from b2reduce.experiments import lecture11_network as network
from b2reduce.experiments.exact_lif import exact_interval_
from b2reduce.experiments.holt_koch1997 import exact_current
from b2reduce.experiments.lecture11_numbers import values
from b2reduce.experiments.script import Row
from brian2 import Hz, amp, second, siemens, volt
from scipy.integrate import quad

import b2reduce as b2r


def figure_of(long):
    """The figure, and rows of the table."""
    rows, model, reduced = [], cells.lif(), cells.reduction()
    si, gain, surface = model.si, reduced.gains["E"], reduced.surfaces["E"]
    E_L, g_L, beta = si("E_L"), si("g_L"), float(np.asarray(gain.beta))
    paths = cells.circuit().pathways("E")
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    at = {**reduced.operating_rate_, "ext": cells.circuit().drive("ext", "E").rate_}
    weight = {
        p.source: reduced.W_ext_["E", p.source] if p.is_drive else reduced.W_["E", p.source] for p in paths
    }
    low, high = (float(np.asarray(rate)) for rate in gain.rates)

    # 11.27. First line: the surface, interpolated. Where the law is straight it is off by at most what it is
    # off at the worst of the four points used.
    rates = [at[p.source] * np.linspace(1 - wide, 1 + wide, 5) for p, wide in zip(paths, (0.1, 0.3, 0.3))]
    grid = np.stack(np.meshgrid(*rates, indexing="ij"), axis=-1).reshape(-1, len(paths))
    each = np.array([p.mean_(1.0) for p in paths])
    I, g = grid @ (each * [p.E_ - E_L for p in paths]), g_L + grid @ each
    last = gain.f_(grid @ [weight[p.source] for p in paths] - reduced.theta_["E"])
    first, bound, measured = laws.interpolated(surface, gain, I, g)
    used = (first > low) & (first < high) & measured
    off, rmse = np.abs(first - last)[used], float(np.asarray(gain.rmse))
    rows.append(
        Row(
            "11.27 first line, the measured F(I_app, g_total), against the last, f(sum W r + W_ext r_ext -"
            f" theta): {used.sum()} triples (r_ext, r_E, r_I)",
            "no further apart than the fit from the points measured around each: rms"
            f" {np.sqrt(np.mean(bound[used] ** 2)):.2f} Hz; slip: r_ext, not r_in",
            f"rms {np.sqrt(np.mean(off**2)):.2f}, at most {off.max():.2f} Hz at {low:.0f}-{high:.0f} Hz (fit:"
            f" {rmse:.2f})",
            np.all(off <= bound[used] + 1e-9) and used.sum() > 20,
        )
    )
    axes[0].plot(last[used], first[used], color="black", marker="o", linestyle="", markersize=3)
    axes[0].plot([low, high], [low, high], color="0.6")
    axes[0].set(
        xlabel=r"f(W r + $W_{ext} r_{ext}$ - $\theta$) (Hz)",
        ylabel="F($I_{app}$, $g_{total}$) measured (Hz)",
        title="11.27: last line and first line",
    )

    # 11.28. A chord of fresh measurements under frozen noise: the law is off at either end as in 11.27,
    # measurements by four standard errors.
    noise = [
        b2r.Drive(
            name=p.symbol,
            inputs=int(p.K),
            rate=at[p.source] * Hz,
            G=p.G_ * siemens,
            tau=p.tau_ * second,
            E=p.E_ * volt,
        )
        for p in paths
    ]
    base_I, base_g, chords = (
        sum(p.mean_(at[p.source]) * (p.E_ - E_L) for p in paths),
        g_L + sum(p.mean_(at[p.source]) for p in paths),
        {},
    )
    for p in paths:
        if p.source != "E":
            delta = 0.45 * (high - low) / (beta * abs(weight[p.source]))
            more = delta * p.mean_(1.0) * np.array([-1, 1])
            there = b2r.measure_fi(
                model,
                np.sort(base_I + more * (p.E_ - E_L)) * amp,
                (base_g + more) * siemens,
                noise=noise,
                replicates=3000 if long else 1000,
                seed=cells.SEED,
            )
            # Current and leak rise together with excitation; with inhibition the current falls as the leak
            # rises.
            place = [(0, 0), (1, 1)] if p.E_ > E_L else [(1, 0), (0, 1)]
            off = laws.interpolated(surface, gain, there.I_[[k for k, _ in place]], there.g_)[1]
            slack = off.sum() + 4 * np.hypot(*(there.rate_sem_[each] for each in place))
            chords[p.source] = (
                (there.rate_[place[1]] - there.rate_[place[0]]) / (2 * delta),
                slack / (2 * delta),
            )
    moving = reduced.moving_response["E", "I"] / (beta * weight["I"])
    rows.append(
        Row(
            "11.28 r = f(sum W r + W_ext r_ext - theta): d r_E/d r_I and d r_E/d r_ext under frozen noise",
            f"beta W = {beta * weight['I']:.2f}, {beta * weight['ext']:.2f}",
            f"{chords['I'][0]:.2f}, {chords['ext'][0]:.2f}, to {chords['I'][1]:.2f}, {chords['ext'][1]:.2f};"
            f" noise moving along, d r_E/d r_I is {moving:.2f} of beta W",
            all(abs(chord - beta * weight[name]) < slack for name, (chord, slack) in chords.items()),
        )
    )

    # 11.29. Scanned over the reversal; the zero has the slack of one weight over the slope.
    rate, shunt, E, W, expected, slack, zero = laws.weights()
    K_G_tau, fit = cells.pathway("E->E").mean_(1.0), cells.law()
    v_theta = float(np.asarray(fit.v_theta))
    shift = -(expected / K_G_tau - E + E_L)[0]
    rows.append(
        Row(
            f"11.29 W = K G tau (E - E_L - v_theta): current that compensates {shunt * 1e9:g} nS at {rate:g}"
            f" Hz, for each Hz, at E = -80, {E_L * 1e3:g}, 0 mV (pC); and the reversal where it is 0 (mV)",
            f"{values(expected[[0, 2, -1]] * 1e12, '.3f')}; {(E_L + shift) * 1e3:.2f} = E_L + dI/dg at"
            f" {rate:g} Hz (law: {(E_L + v_theta) * 1e3:.2f})",
            f"{values(W[[0, 2, -1]] * 1e12, '.3f')} +- {slack * 1e12:.3f}; {zero * 1e3:.2f}",
            np.all(np.abs(W - expected) <= slack) and abs(zero - E_L - shift) < 2 * slack / K_G_tau,
        )
    )
    # A spike moves with every charge before it by Z(t), exp(g t/C) from the reset on. Central differences are
    # exact to h^2.
    T, h = 1 / rate - si("t_ref"), 1e-4
    V_inf = E_L + exact_current(rate, g_L, model) / g_L
    V = lambda t: V_inf + (si("V_r") - V_inf) * np.exp(-g_L * t / si("C_m"))
    Z = lambda t: np.exp(g_L * t / si("C_m"))
    weighted = quad(lambda t: Z(t) * (V(t) - E_L), 0, T)[0] / quad(Z, 0, T)[0]
    local = (exact_current(rate, g_L * (1 + h), model) - exact_current(rate, g_L * (1 - h), model)) / (
        2 * h * g_L
    )
    depolarised, in_noise = (
        network.spiking(3.0 if long else 1.0)["v"]["E"].mean() - E_L,
        float(np.asarray(gain.v_theta)),
    )
    printed = cells.pathway("E->E").E_ - in_noise - E_L
    rows.append(
        Row(
            "under 11.29: <V_j - V_leak> ~ V_syn - v_theta - V_leak (mV)",
            f"slip: <V_i> - V_leak ~ v_theta = {in_noise * 1e3:.1f} in noise, exactly <Z (V - E_L)>/<Z> ="
            f" dI/dg = {local * 1e3:.4f} at {rate:g} Hz without; as printed {printed * 1e3:.1f}, above"
            " threshold",
            f"{depolarised * 1e3:.1f} in the network; {weighted * 1e3:.4f}",
            abs(weighted / local - 1) < 1e-6 and abs(depolarised - in_noise) < abs(depolarised - printed),
        )
    )
    laws.draw_weights(axes[1])

    # 11.30.
    ext, extra = cells.pathway("ext->E"), 12.0
    _, _, _, W, expected, slack, _ = laws.weights("ext->E", 20.0, extra * ext.mean_(1.0), (ext.E_,))
    rows.append(
        Row(
            f"11.30 W_ext = K G tau (V_ext - E_L - v_theta): current that compensates {extra:g} Hz more of"
            " the drive at 20 Hz, for each Hz (pC)",
            f"{expected[0] * 1e12:.2f}, with v_theta of the law"
            f" {ext.mean_(1.0) * (ext.E_ - E_L - v_theta) * 1e12:.2f}",
            f"{W[0] * 1e12:.2f} +- {slack * 1e12:.2f}",
            abs(W[0] - expected[0]) <= slack,
        )
    )

    # 11.31. The same least squares of rates in closed form; simulated rates are high by 0 to r^2 dt, which
    # moves a zero by its gradient over them.
    I, leaks, curves = cells.surfaces()
    here, exact = cells.inside(curves.rate_), 1 / exact_interval_(model, I[:, None], leaks)
    theta, zeros = float(np.asarray(fit.I_theta)) + g_L * v_theta, []
    for points, known in ((here, 3), (here & (leaks == g_L), 2)):
        # NA, nS
        columns = np.stack(np.broadcast_arrays(1.0, I[:, None] * 1e9, leaks * 1e9)[:known], axis=-1)[points]
        inverse = np.linalg.pinv(columns)
        a, b, c = [*(inverse @ exact[points]), 0.0][:3]
        zero = -(a + c * g_L * 1e9) / b
        gradient = inverse[0] + zero * inverse[1] + (g_L * 1e9 * inverse[2] if known == 3 else 0.0)
        zeros.append((zero * 1e-9, np.sum(np.abs(gradient / b) * exact[points] ** 2) * cells.DT_ * 1e-9))
    slope, intercept = np.polyfit(I[here[:, 0]], curves.rate_[here[:, 0], 0], 1)
    start = -intercept / slope
    rows.append(
        Row(
            "11.31 theta = I_theta0 + g_L v_theta of the law, and where the straight line through the curve"
            " at g_L alone starts (pA)",
            f"{zeros[0][0] * 1e12:.1f} +- {zeros[0][1] * 1e12:.1f}, {zeros[1][0] * 1e12:.1f} +-"
            f" {zeros[1][1] * 1e12:.1f} of the closed form; with g_L counted twice"
            f" {(theta + g_L * v_theta) * 1e12:.1f}",
            f"{theta * 1e12:.1f}, {start * 1e12:.1f}",
            all(
                abs(found - zero) <= slack < g_L * v_theta
                for found, (zero, slack) in zip((theta, start), zeros)
            ),
        )
    )
    axes[2].plot(I * 1e12, curves.rate_[:, 0], color="0.6", linewidth=4, label="curve at $g_L$")
    axes[2].plot(I * 1e12, np.maximum(slope * I + intercept, 0), color="black", label="line through 5-60 Hz")
    axes[2].plot(
        theta * 1e12, 0, color="black", marker="o", linestyle="", clip_on=False, label=r"$\theta$ of the law"
    )
    axes[2].set(
        xlabel="current (pA)",
        ylabel="rate (Hz)",
        title="11.31: one curve, one threshold",
        xlim=(200, 420),
        ylim=(0, 75),
    )
    axes[2].legend(fontsize="small", loc="upper left")
    return figure, rows
