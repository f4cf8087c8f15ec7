"""The derivation, equation by equation (lecture 11 of D. Kleinfeld, revised 9 Feb 2022): every numbered
equation as something to compute.

Each of the 39 equations, and each sentence between them that says something more, is held against a
simulation or against a derivation of its own. Where the lecture slips the row says so, uses the corrected
form, and shows what the printed one would give. A cell is clamped by a capacitance hundreds of thousands of
times its own: the charge that moves its potential by microvolts is the current of its own membrane equation.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments import lecture11_parts as parts
from b2reduce.experiments.accuracy import exact_interval_, rounding_
from b2reduce.experiments.holt_koch1997 import exact_current
from b2reduce.experiments.script import Row, run
from brian2 import Hz, amp, second, siemens, volt
from scipy.integrate import quad, solve_ivp

import b2reduce as b2r

TITLE = "Lecture 11, equation by equation"
DOI = "doi:10.1162/08997660360675053"
SEED = parts.SEED
MINUTES = (0.6, 0.9)  # short, long
PICTURES = ("fig6",)
DEPARTURES = (
    "The source is the lecture; the DOI is of the paper that it follows.",
    (
        "The lecture gives no numbers: cells, synapses and drive are those of ei_lif, and every number is"
        " computed here."
    ),
    "The spiking network has 2000 of its 5000 cells, with the same number of inputs each.",
)

EPS = np.finfo(float).eps


def values(numbers, form=".2f"):
    """Numbers as text."""
    return ", ".join(f"{number:{form}}" for number in numbers)


# %%
def fig1(long=False):
    """11.1-11.8: from the membrane equation to a rate that current raises and leak shifts."""
    model, rows = parts.lif(), []
    si = model.si
    E_L, g_L, C, dt = si("E_L"), si("g_L"), si("C_m"), parts.DT_
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")

    # 11.1. A rate that lags (or leads) by at most the cell's time constant T is off by at most T dr/dt; the
    # rms of luck in 20 bins is known to a sixth, and taken twice.
    (slow, fast), T = parts.slow_rates((1.0, 50.0), 0.3, 4000 if long else 1500, (2, 50))
    rms = lambda part, name: np.sqrt(np.mean(name**2)) / part["rate"].mean()
    gap, luck = (
        (lambda part: rms(part, part["rate"] - part["quasi"])),
        (lambda part: 2 * rms(part, part["error"])),
    )
    premise = lambda part, f: (
        T * f * rms(part, np.gradient(np.tile(part["quasi"], 3), part["phase"][1] - part["phase"][0])[20:40])
    )
    bound = premise(slow, 1.0) + luck(slow)
    rows.append(
        Row(
            "11.1 dr/dt << r/T, T = C/<g>: rms of r(t) - F(<g>(t)) over the mean rate, drive swings at 1 and"
            " 50 Hz",
            f"T dr/dt / r = {premise(slow, 1.0):.3f} at 1 Hz, below {bound:.3f} with luck;"
            f" {premise(fast, 50.0):.1f} at 50 Hz, premise broken: above 0.15",
            f"{gap(slow):.3f}, {gap(fast):.3f}",
            gap(slow) < bound and gap(fast) > 0.15,
        )
    )
    for part, f, marker, line in ((slow, 1, "o", "-"), (fast, 50, "s", "--")):
        axes[0].plot(part["phase"], part["quasi"], color="0.5", linestyle=line, label=f"F(<g>), {f} Hz")
        axes[0].plot(
            part["phase"],
            part["rate"],
            color="black",
            marker=marker,
            linestyle="",
            markerfacecolor="black" if f == 1 else "white",
            label=f"r, {f} Hz",
        )
    axes[0].set(
        xlabel="phase of the drive (turns)",
        ylabel="rate (Hz)",
        title="11.1: slow and fast drives",
        ylim=(0, 1.55 * max(slow["rate"].max(), fast["rate"].max())),
    )
    axes[0].legend(fontsize="x-small", ncols=2, loc="upper right")

    # 11.2. The exact integrator multiplies once a step: rounding of V in each of 600 steps.
    step = 100e-12
    v, t = parts.stepped(step), np.arange(600) * dt
    expected, at = step / g_L * -np.expm1(-t * g_L / C), [50, 150, 590]
    rows.append(
        Row(
            "11.2 C dV/dt + g_L (V - E_L) = I: V - E_L at 5, 15, 59 ms of 100 pA (mV)",
            values(expected[at] * 1e3, ".4f") + ": (I/g_L)(1 - exp(-t g_L/C))",
            values((v - E_L)[at] * 1e3, ".4f"),
            np.max(np.abs(v - E_L - expected)) < 600 * EPS * abs(E_L),
        )
    )
    # Relaxation ends once nothing moves by 1e-6 of itself in 50 ms; without active currents, whose time
    # constant is 20 ms, less than that is then still to come.
    (E_hh, active), (_, passive) = parts.resting(True), parts.resting(False)
    rows.append(
        Row(
            "11.2 at rest V = V_leak: shriki2003 with its active currents, and with their conductances at 0"
            " (mV)",
            f"slip: {E_hh * 1e3:g} = V_leak only where I_active = 0; else the root of all currents",
            f"{active * 1e3:.2f}, {passive * 1e3:.4f}",
            abs(passive - E_hh) < 1e-6 * abs(E_hh) < abs(active - E_hh),
        )
    )

    # 11.3. A spike waits for the end of its step, by up to one, and refractoriness counts from the beginning
    # of that step.
    I, g, surface = parts.surfaces()
    exact = exact_interval_(model, I[:, None], g)
    counted = exact < 1 / parts.WINDOW[0]
    late, slack = (
        (1 / surface.rate_[counted] - exact[counted]) / dt,
        rounding_(model, I[:, None], g, dt)[counted] / dt,
    )
    rows.append(
        Row(
            f"11.3 r = f(I - I_theta): simulated less exact interval at {counted.sum()} points, in time"
            " steps",
            "-1 to 0: a spike waits for the end of its step, refractoriness does not",
            f"{late.min():.3f} to {late.max():.3f}",
            slack.max() < 0.01 and np.all(late >= -1 - slack) and np.all(late <= slack),
        )
    )

    # 11.4. No curve below 1 Hz comes nearer to rates above 1 Hz than their distance from 1 Hz.
    here = parts.inside(surface.rate_)
    logistic = b2r.fit_gain(surface, form="logistic", rates=parts.WINDOW * Hz)
    wider = b2r.fit_gain(surface, form="logistic", rates=(5, 120) * Hz)
    least, x = np.sqrt(np.mean((surface.rate_[here] - 1) ** 2)), np.linspace(0, 3e-10, 50)
    tops = [float(np.asarray(fit.params["r_max"])) for fit in (logistic, wider)]
    symmetric = np.max(np.abs(logistic.f_(x) + logistic.f_(-x) - tops[0]))
    rows.append(
        Row(
            "11.4 logistic f, r_max/(1 + exp(-x/x_0)): rms distance from the curves, 5-60 Hz (Hz)",
            f"slip: no r_max as printed; capped at 1 Hz it misses by {least:.1f} at least",
            f"{float(np.asarray(logistic.rmse)):.2f}; f(x) + f(-x) = r_max to {symmetric:.0e}; r_max ="
            f" {values(tops, '.0f')} Hz, set by windows up to 60, 120 Hz (the cell's own is"
            f" {1 / si('t_ref'):.0f})",
            float(np.asarray(logistic.rmse)) < least and symmetric < 4 * EPS * tops[0],
        )
    )

    # 11.5. Rates are high by 0 to r^2 dt; a slope is a weighted sum of them.
    fit = parts.law()
    slopes, ok, shown = fit.slopes.iloc[:, 1].to_numpy(), True, []
    for j in range(g.size):
        points, true = here[:, j], 1 / exact[:, j]
        weight = (I[points] - I[points].mean()) / np.sum((I[points] - I[points].mean()) ** 2)
        shown.append(weight @ true[points])
        ok &= abs(slopes[j] - shown[j]) <= np.sum(np.abs(weight) * true[points] ** 2) * dt
    rows.append(
        Row(
            f"11.5 f = [beta x]_+: slope at {values(g * 1e9, 'g')} nS, 5-60 Hz (Hz/nA)",
            values(np.array(shown) * 1e-9, ".1f") + " of the closed form",
            f"{values(slopes * 1e-9, '.1f')}: they change by {100 * np.ptp(slopes) / slopes.mean():.0f} %",
            ok,
        )
    )

    # 11.6. Currents read off both sets of curves alike; of the simulated ones each is low by 0 to r^2 dt over
    # the slope of its segment.
    targets, shifts, truths, ok = (5.0, 30.0, 60.0), [], [], True
    for rate in targets:
        read = [
            [np.interp(rate, each[:, j], I) for j in (0, -1)]
            for each in (surface.rate_, np.where(np.isfinite(exact), 1 / exact, 0.0))
        ]
        slack = 0.0
        for j in (0, -1):
            k = np.searchsorted(1 / exact[:, j], rate)
            slack = max(
                slack, dt / exact[k, j] ** 2 * (I[k] - I[k - 1]) / (1 / exact[k, j] - 1 / exact[k - 1, j])
            )
        measured, true = (np.diff(pair)[0] / (g[-1] - g[0]) for pair in read)
        ok &= abs(measured - true) <= slack / (g[-1] - g[0])
        shifts.append(measured)
        truths.append((exact_current(rate, g[-1], model) - exact_current(rate, g[0], model)) / (g[-1] - g[0]))
    v_theta = float(np.asarray(fit.v_theta))
    rows.append(
        Row(
            "11.6 I_theta = I_theta0 + v_theta g: shift dI/dg at 5, 30, 60 Hz (mV)",
            values(np.array(truths) * 1e3) + " of the closed form",
            f"{values(np.array(shifts) * 1e3)} read off the curves; v_theta = {v_theta * 1e3:.2f} of the fit",
            ok,
        )
    )
    rates = np.linspace(2, 90, 100)
    axes[2].plot(
        rates,
        [
            (exact_current(r, g[-1], model) - exact_current(r, g[0], model)) / (g[-1] - g[0]) * 1e3
            for r in rates
        ],
        color="black",
        label="closed form",
    )
    axes[2].plot(
        targets, np.array(shifts) * 1e3, color="black", marker="o", linestyle="", label="read off the curves"
    )
    axes[2].axhline(v_theta * 1e3, color="0.5", linestyle="--", label=r"$v_\theta$ of the fit")
    axes[2].set(
        xlabel="rate (Hz)",
        ylabel="shift by leak, dI/dg (mV)",
        title="11.6: the shift depends on the rate",
        ylim=(10, 18),
    )
    axes[2].legend(fontsize="small")

    # 11.7. A leak between those fitted is off by what the fit left over, as it says itself, and by r^2 dt.
    held = 22e-9
    new = b2r.measure_fi(model, I * amp, [held] * siemens, seed=SEED).rate_[:, 0]
    off = lambda r, leak: np.sqrt(np.mean((r - fit.predict_(I, leak))[parts.inside(r)] ** 2))
    left, late = float(np.asarray(fit.rmse)), parts.WINDOW[1] ** 2 * dt
    k = np.argmin(np.abs(new - 30))
    rows.append(
        Row(
            f"11.7 r = f(I - I_theta0 - v_theta g) at a leak that was not fitted, {held * 1e9:g} nS: rms"
            " error, 5-60 Hz (Hz)",
            f"at most {left:.2f}, of the fit, and {late:.2f}, of the time step",
            f"{off(new, held):.2f}; at {I[k] * 1e12:.0f} pA {float(fit.predict_(I[k], held)):.1f} for"
            f" {new[k]:.1f}",
            off(new, held) < left + late,
        )
    )
    parts.draw_shift(axes[1])

    # 11.8. The same arithmetic but for the order of additions: an error of rounding lives for C/g_L.
    replay = parts.replayed(3.0 if long else 1.0)
    difference = np.max(np.abs(replay["network"] - replay["alone"]))
    rows.append(
        Row(
            "11.8 C dV/dt = ... + I_ext + I_net: a network cell, and a cell alone with both recorded currents"
            " injected",
            "the same spikes and V, to rounding",
            f"{'the same' if np.array_equal(replay['spikes'], replay['alone_spikes']) else 'different'}"
            f" {replay['spikes'].size} spikes, V to {difference:.0e} V; rms"
            f" {np.std(replay['ext']) * 1e12:.0f} and {np.std(replay['net']) * 1e12:.0f} pA",
            np.array_equal(replay["spikes"], replay["alone_spikes"])
            and difference < 10 * EPS * abs(E_L) * C / (g_L * dt)
            and replay["spikes"].size > 0,
        )
    )
    return figure, rows


# %%
def fig2(long=False):
    """11.9-11.20: synaptic conductances and their averages, of the network and of the drive."""
    rows, dt, si = [], parts.DT_, parts.lif().si
    number, duration = (8000, 2.0) if long else (2000, 0.5)
    figure, axes = plt.subplots(1, 4, figsize=(15.5, 3.5), layout="constrained")
    bench = parts.bench()
    exc, inh, ext = (bench["paths"][label] for label in ("E->E", "I->E", "ext->E"))

    # 11.9. Conductances in the middle of each step; the clamped potential moves within it, and rounding of V
    # is charge.
    V = bench["v"][:4, 0]
    current = parts.synaptic_current(bench["v"][:4])
    mid = {p: bench["g"][p.label][0, :-1] * parts.middle(p) for p in (exc, inh)}
    total = sum(mid.values())
    slope, intercept = np.polyfit(V, current, 1)
    rounding = parts.CLAMP_ * 4 * EPS * np.max(np.abs(V)) / dt
    slack = (si("g_L") + total.max()) ** 2 * 2e3 * dt / parts.CLAMP_ + 2 * rounding / np.ptp(V)
    straight = np.max(np.abs(current - np.outer(V, slope) - intercept))
    reversal, zero = (
        sum(g * p.E_ for p, g in mid.items()).mean() / total.mean(),
        -intercept.mean() / slope.mean(),
    )
    rows.append(
        Row(
            "11.9 I_net = sum g (E - V): clamped at -80 to -20 mV under the same spikes, mean slope (nS) and"
            " zero (mV)",
            f"{-total.mean() * 1e9:.4f} = -sum g, {reversal * 1e3:.2f} = sum g E / sum g: a straight line at"
            " every moment",
            f"{slope.mean() * 1e9:.4f}, {zero * 1e3:.2f}; off a line by {straight * 1e12:.0e} pA at most",
            np.max(np.abs(slope + total)) < slack
            and straight < slack * np.ptp(V)
            and abs(zero - reversal) < slack / total.mean(),
        )
    )
    axes[0].plot(
        V * 1e3,
        current.mean(axis=1) * 1e12,
        color="black",
        marker="o",
        linestyle="",
        label="four clamped cells",
    )
    axes[0].plot(
        V * 1e3, (slope.mean() * V + intercept.mean()) * 1e12, color="0.5", label=r"$\Sigma$ g (E - V)"
    )
    axes[0].set(
        xlabel="membrane potential (mV)",
        ylabel="mean synaptic current (pA)",
        title="11.9: current over potential",
    )
    axes[0].axhline(0, color="0.8", linewidth=1)
    axes[0].legend(fontsize="small")

    # 11.10. The midpoint method takes 1 - x + x^2/2 for exp(-x): after tau that is off by x^2/6; of the area
    # exp(-30) is still to come.
    lone, x = bench["g"][exc.label][4, parts.LONE + 1 :], dt / exc.tau_
    after, area = lone[round(exc.tau_ / dt)], np.sum(lone) * parts.middle(exc) * dt
    rows.append(
        Row(
            "11.10 tau dg/dt + g = tau G sum delta: jump, value after tau (pS) and area (fS s) of one event",
            f"G = {exc.G_ * 1e12:.1f}, G/e = {exc.G_ / np.e * 1e12:.3f}, G tau ="
            f" {exc.G_ * exc.tau_ * 1e15:.4f}; without tau on the right the jump would be G/tau",
            f"{lone[0] * 1e12:.1f}, {after * 1e12:.3f}, {area * 1e15:.4f}",
            abs(lone[0] / exc.G_ - 1) < EPS
            and abs(after / exc.G_ * np.e - 1) < x**2 / 5
            and abs(area / exc.G_ / exc.tau_ - 1) < 1e-12,
        )
    )
    t = (np.arange(lone.size)) * dt
    axes[1].plot(t[t < 25e-3] * 1e3, lone[t < 25e-3] * 1e12, color="black", label="simulated")
    axes[1].plot(
        exc.tau_ * 1e3, exc.G_ / np.e * 1e12, color="black", marker="o", linestyle="", label="G/e after tau"
    )
    axes[1].set(xlabel="time after the event (ms)", ylabel="g (pS)", title="11.10: one event", ylim=(0, None))
    axes[1].legend(fontsize="small")

    # 11.11. The same difference for every event, by its age: a x^2/6 of it, summed.
    from_zero = inh, bench["events"][inh.label][parts.HISTORY :]
    off = np.abs(bench["g"][inh.label][0] - parts.summed(*from_zero))
    bound = parts.summed(*from_zero, weight=lambda age: age * (dt / inh.tau_) ** 2 / 5)
    rows.append(
        Row(
            "11.11 g(t) = G int exp(-(t - t')/tau) sum delta(t' - t_j): simulated, and summed over recorded"
            " spikes (nS)",
            f"{parts.summed(*from_zero).mean() * 1e9:.6f} on average, to {bound.max() * 1e9:.0e}: the"
            " integrator's error",
            f"{bench['g'][inh.label][0].mean() * 1e9:.6f}, different by {off.max() * 1e9:.0e} at most",
            np.all(off <= bound + 1e-12 * inh.G_),
        )
    )

    # 11.12. On the time grid, with the standard deviation of filtered Poisson trains; the largest of about
    # ten independent times.
    of = parts.trains(number)
    p, x = of["p"], dt / of["p"].tau_
    grid = x / -np.expm1(-x)
    full = p.G_ * p.tau_ * parts.R_
    steps = np.arange(1, round(50e-3 / dt))
    after = of["g"][round(parts.PARTS_["step"] / dt) + steps]
    expected = full * grid * -np.expm1(-steps * x)
    sd = np.sqrt(p.G_**2 * p.tau_ * parts.R_ / 2 * -np.expm1(-2 * steps * x) / number)
    worst, at_tau = np.max(np.abs(after - expected) / sd), round(p.tau_ / dt) - 1
    rows.append(
        Row(
            f"11.12 <g> after a step of the rate of {number} trains, at t = tau over its final value",
            "0.632 = 1 - 1/e, within 4 s.e. for 50 ms; slip: delta(t' - t_j); with the printed delta(t -"
            " t_j) 1.000, without memory",
            f"{after[at_tau] / full / grid:.3f} +- {sd[at_tau] / full / grid:.3f}; worst {worst:.1f} s.e.;"
            f" {(full - after[at_tau]) / sd[at_tau]:.0f} s.e. from the printed form",
            worst < 4 and full * grid - after[at_tau] > 4 * sd[at_tau],
        )
    )
    parts.draw_step(axes[2], number)

    # 11.13. A rate in windows T is the rate smoothed by a box; counts are Poisson: amplitudes at one
    # frequency have sd sqrt(2 R/(n time)), smoothed alike.
    f, depth = parts.SWING
    T, begin = parts.WINDOW_, round((parts.PARTS_["swing"] + parts.WINDOW_ / 2) / dt)
    part = slice(begin, begin + round(4 / f / dt))
    rate = parts.windowed(of, T)
    response = 2j * np.mean(
        (rate[part] - parts.R_) * np.exp(-2j * np.pi * f * (of["t"][part] - parts.PARTS_["swing"]))
    )
    smaller = np.sin(np.pi * f * T) / (np.pi * f * T)
    error = np.sqrt(2 * parts.R_ / (number * 4 / f)) * smaller
    fixed = rate[round(parts.PARTS_["swing"] / dt) + round(0.5 / f / dt)]
    rows.append(
        Row(
            f"11.13 r(t), spikes in a window of {T * 1e3:g} ms around t, of a rate that swings by"
            f" {parts.R_ * depth:g} Hz at {f:g} Hz: amplitude (Hz) in phase",
            f"{parts.R_ * depth * smaller:.2f} = {parts.R_ * depth:g} sin(pi f T)/(pi f T); slip: the window"
            " is t - T/2 .. t + T/2; the printed -T/2 .. T/2 gives the same number at all t: 0",
            f"{abs(response):.2f} +- {error:.2f}, in phase to {abs(np.degrees(np.angle(response))):.1f} deg"
            f" (the printed: {fixed:.1f} Hz throughout)",
            abs(response - parts.R_ * depth * smaller) < 4 * error < abs(response),
        )
    )
    shown = slice(begin, begin + round(2 / f / dt))
    axes[3].plot(
        (of["t"][shown] - parts.PARTS_["swing"]) * 1e3,
        parts.train_rate_(of["t"][shown]),
        color="0.6",
        label="rate of the trains",
    )
    axes[3].plot(
        (of["t"][shown] - parts.PARTS_["swing"]) * 1e3, rate[shown], color="black", label="window around t"
    )
    axes[3].axhline(fixed, color="black", linestyle="--", label="window as printed")
    axes[3].set(
        xlabel="time (ms)", ylabel="rate (Hz)", title=f"11.13: windows of {T * 1e3:g} ms", ylim=(0, 52)
    )
    axes[3].legend(fontsize="x-small", loc="upper right")

    # 11.14. Over a time s a mean has the variance 2 tau sd^2/s.
    late = slice(round((parts.PARTS_["step"] + 10 * p.tau_) / dt), round(parts.PARTS_["swing"] / dt))
    mean, length = of["g"][late].mean(), (late.stop - late.start) * dt
    error = np.sqrt(p.G_**2 * p.tau_ * parts.R_ / 2 * 2 * p.tau_ / length / number)
    kernel, printed = (
        quad(lambda s: np.exp(-s / p.tau_), 0, np.inf)[0],
        quad(lambda s: np.exp(-s * p.tau_), 0, np.inf)[0],
    )
    rows.append(
        Row(
            "11.14 <g> = G r tau (pS), and the integral of the kernel (ms)",
            f"{full * grid * 1e12:.2f} on the time grid ({full * 1e12:.2f}), {p.tau_ * 1e3:g}; slip: exp(-(t"
            f" - t')/tau); printed with a product, {printed:.0f} = 1/tau in numbers, in no unit",
            f"{mean * 1e12:.2f} +- {error * 1e12:.2f}, {kernel * 1e3:.4f}",
            abs(mean - full * grid) < 4 * error
            and abs(kernel / p.tau_ - 1) < 1e-7 < abs(printed / p.tau_ - 1),
        )
    )

    # 11.15. Time averages of a cell that fires: <g V> = <g><V> + cov(g, V). What synapses hold at both ends
    # belongs to no rate in between.
    spiking = parts.spiking(3.0 if long else 1.0)
    v, measured, formula, covariance, ends = spiking["v"]["E"][:, :-1], 0.0, 0.0, 0.0, 0.0
    for q in spiking["net"].pathways("E"):
        if not q.is_drive:
            g = spiking["g"]["E"][q.source]
            middle, force = g[:, :-1] * parts.middle(q), q.E_ - v.mean(axis=1)
            measured = measured + np.mean(middle * (q.E_ - v), axis=1)
            formula = (
                formula + q.G_ * q.tau_ * spiking["counted"]["E", q.source] / spiking["duration"] * force
            )
            covariance = covariance - np.mean(middle * v, axis=1) + middle.mean(axis=1) * v.mean(axis=1)
            ends = ends - q.tau_ * (g[:, -1] - g[:, 0]) / spiking["duration"] * force
    off = np.max(np.abs(measured - formula - covariance - ends))
    rows.append(
        Row(
            f"11.15 I_net <- sum G tau r (E - V), rates counted: mean over time of {parts.SHOWN} firing cells"
            " (pA)",
            f"{formula.mean() * 1e12:.2f}, plus {covariance.mean() * 1e12:.2f} = -cov(g, V), plus"
            f" {ends.mean() * 1e12:.2f} of the ends",
            f"{measured.mean() * 1e12:.2f}; cell by cell to {off * 1e12:.0e}",
            off < 1e-9 * np.abs(measured).max() and np.max(np.abs(ends)) < 0.1 * np.abs(measured).max(),
        )
    )
    same = current.mean(axis=1)
    rows.append(
        Row(
            "under 11.15: 'the presynaptic current to cell i'; the same presynaptic spikes at -80 and -20 mV"
            " of the cell itself (pA)",
            "slip: it is the postsynaptic current; differs by sum g x 60 mV ="
            f" {total.mean() * np.ptp(V) * 1e12:.3f}",
            f"{same[0] * 1e12:.3f}, {same[-1] * 1e12:.3f}: by {(same[0] - same[-1]) * 1e12:.3f}",
            abs(same[0] - same[-1] - total.mean() * np.ptp(V)) < slack * np.ptp(V),
        )
    )

    # 11.16. While charge is counted the clamped potential drifts by I T/C, which shifts the leak, too.
    pool = parts.pooled(duration)
    lines = np.polyfit(pool["V"], pool["current"].T, 1)
    zeros = -lines[1] / lines[0]
    whole = np.abs(pool["current"] + si("g_L") * (si("E_L") - pool["V"])).max()
    drift = whole * (duration + parts.POOL_["warmup"]) / parts.CLAMP_ * (1 + si("g_L") / np.min(-lines[0]))
    rows.append(
        Row(
            f"11.16 I_ext = g_ext (V_ext - V): {zeros.size} cells clamped at -80 to 20 mV with the drive"
            " alone, reversal (mV)",
            f"{ext.E_ * 1e3:g} = V_ext in every cell, to {drift * 1e3:.0e}; slip: the text under it calls it"
            " V_in",
            f"{zeros.min() * 1e3:.4f} to {zeros.max() * 1e3:.4f}",
            np.max(np.abs(zeros - ext.E_)) < drift,
        )
    )

    # 11.17. Relative errors of a mean (1/sqrt(events)) and of a variance whose squares lose memory with tau/2
    # (sqrt(2 tau/(cells time))).
    p, R, cells = pool["p"], pool["p"].K * pool["rate"], pool["trains"].shape[0]
    x, m_error, v_error = (
        dt / pool["p"].tau_,
        1 / np.sqrt(R * duration * cells),
        np.sqrt(2 * pool["p"].tau_ / (cells * duration)),
    )
    mean, variance = p.G_ * R * dt / -np.expm1(-x), p.G_**2 * R * dt / -np.expm1(-2 * x)
    both = [
        (each.mean() / mean, np.mean((each - mean) ** 2) / variance) for each in (pool["trains"], pool["one"])
    ]
    cell = si("C_m") / si("g_L")
    rows.append(
        Row(
            f"11.17 one (G, tau_ext) for all trains: mean and variance of g, {p.K:g} trains of"
            f" {pool['rate']:g} Hz, and one of {R:g} Hz, over Campbell's",
            f"1, 1 twice; slip: tau_ext, not tau_in, on the left: the cell's {cell * 1e3:.0f} ms there would"
            f" make the variance {p.tau_ / cell:.2f}",
            "; ".join(f"{m:.4f} +- {m_error:.4f}, {s:.3f} +- {v_error:.3f}" for m, s in both),
            all(abs(m - 1) < 4 * m_error and abs(s - 1) < 4 * v_error for m, s in both),
        )
    )

    # 11.18. From g(0) = 0, the difference from the integral over all of the past is what that past left at 0.
    past = parts.summed(ext, bench["events"][ext.label])[parts.HISTORY :]
    t, simulated = np.arange(past.size) * dt, bench["g"][ext.label][5]
    bound = parts.summed(
        ext, bench["events"][ext.label][parts.HISTORY :], weight=lambda age: age * (dt / ext.tau_) ** 2 / 5
    )
    off = np.abs(past - simulated - past[0] * np.exp(-t / ext.tau_))
    rows.append(
        Row(
            "11.18 g_ext from t = -infinity, less a run begun at g(0) = 0: at 0, tau, 3 tau (nS)",
            values(past[0] * np.exp(-np.array([0, 1, 3])) * 1e9, ".5f")
            + ": what is left of the past, exp(-t/tau)",
            values((past - simulated)[[0, round(ext.tau_ / dt), round(3 * ext.tau_ / dt)]] * 1e9, ".5f"),
            np.all(off <= bound + 1e-9 * ext.G_) and past[0] > 0,
        )
    )

    # 11.19. Windows side by side are independent: the bias of the centred one and its slope over the ramp
    # have errors of counts.
    T, width = parts.WINDOW_, round(parts.WINDOW_ / dt)
    middles = round(parts.PARTS_["ramp"] / dt) + width // 2 + width * np.arange(5)
    t, error = of["t"][middles] - of["t"][middles[0]], np.sqrt(np.mean(parts.RAMP_) / (number * T))
    climb = np.diff(parts.RAMP_)[0] / (parts.PARTS_["end"] - parts.PARTS_["ramp"])
    bias = parts.windowed(of, T)[middles] - parts.train_rate_(of["t"][middles])
    slope, slope_error = np.polyfit(t, bias, 1)[0], error / np.sqrt(np.sum((t - t.mean()) ** 2))
    rows.append(
        Row(
            f"11.19 r_ext(t) of a ramp of {climb:.1f} Hz/s: bias of windows around t (Hz), and its slope"
            " (Hz/s)",
            "0, 0; slip: the window is t - T/2 .. t + T/2; the printed one stays where it was, slope"
            f" {-climb:.1f}",
            f"{bias.mean():.2f} +- {error / np.sqrt(t.size):.2f}, {slope:.1f} +- {slope_error:.1f}",
            abs(bias.mean()) < 4 * error / np.sqrt(t.size)
            and abs(slope) < 4 * slope_error
            and abs(slope + climb) > 4 * slope_error,
        )
    )

    # 11.20. As for 11.17; counts in windows of tau have their own Poisson error.
    events, error = pool["counts"].mean(), np.sqrt(pool["counts"].mean() / pool["counts"].size)
    rows.append(
        Row(
            "11.20 <g_ext> = G r tau (nS), and r tau, the inputs in one time constant",
            f"{mean * 1e9:.3f} on the time grid, {R * p.tau_:.1f}; slip: the synapse's time constant, not the"
            f" cell's: that of {cell * 1e3:.0f} ms holds {R * cell:.1f}",
            f"{pool['trains'].mean() * 1e9:.3f} +- {pool['trains'].mean() * m_error * 1e9:.3f}, {events:.2f}"
            f" +- {error:.2f}",
            abs(both[0][0] - 1) < 4 * m_error and abs(events - R * p.tau_) < 4 * error,
        )
    )
    return figure, rows


# %%
def fig3(long=False):
    """11.21-11.26: synapses as a current and a leak, in the spiking network."""
    rows, si, duration = [], parts.lif().si, 3.0 if long else 1.0
    pool, spiking = parts.pooled(2.0 if long else 0.5), parts.spiking(duration)
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
    single = parts.synaptic_current(spiking["v"]["P"]).mean(axis=1)
    for q in spiking["net"].pathways("P"):
        g = spiking["g"]["P"][q.source]
        formula = formula + q.G_ * q.tau_ * spiking["counted"]["P", q.source] / duration * (q.E_ - V)
        ends = ends - q.tau_ * (g[:, -1] - g[:, 0]) / duration * (q.E_ - V)
    slack = (g_L + parts.from_rates(spiking)[1] * 2) * np.max(np.abs(single)) * duration / parts.CLAMP_
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
    V, current, error = parts.clamped(spiking)
    (slope, at_rest), covariance = np.polyfit(V - E_L, current, 1, w=1 / error, cov="unscaled")
    left = current - at_rest - slope * (V - E_L)
    I_app, g_syn = parts.from_rates(spiking)
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
    parts.draw_clamp(axes[1], duration)

    # 11.26. Two orders of the same additions: rounding, which lives for C/g.
    (whole, short), (v_whole, v_short) = parts.constant_input(duration, 1.5)
    quiet = parts.constant_input(duration, 1.0)[0][0].size / duration
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
            and difference < 10 * EPS * abs(E_L) * si("C_m") / (g_L * parts.DT_),
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
    time = np.arange(v_whole.size)[shown] * parts.DT_ * 1e3
    axes[2].plot(time, v_whole[shown] * 1e3, color="0.6", linewidth=4, label=r"$\Sigma\,g_k (E_k - V)$")
    axes[2].plot(time, v_short[shown] * 1e3, color="black", label=r"$I_{app}$ and $g_L + g_{syn}$")
    axes[2].set(xlabel="time (ms)", ylabel="V (mV)", title="11.26: the same cell", ylim=(-66, -44))
    axes[2].legend(fontsize="small", loc="upper right", ncols=2)
    return figure, rows


# %%
def fig4(long=False):
    """11.27-11.31: weights and thresholds of the rate equation, each by an experiment of its own."""
    rows, model, reduced = [], parts.lif(), parts.reduction()
    si, gain, surface = model.si, reduced.gains["E"], reduced.surfaces["E"]
    E_L, g_L, beta = si("E_L"), si("g_L"), float(np.asarray(gain.beta))
    paths = parts.circuit().pathways("E")
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    at = {**reduced.operating_rate_, "ext": parts.circuit().drive("ext", "E").rate_}
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
    first, bound, measured = parts.interpolated(surface, gain, I, g)
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
                seed=SEED,
            )
            # Current and leak rise together with excitation; with inhibition the current falls as the leak
            # rises.
            place = [(0, 0), (1, 1)] if p.E_ > E_L else [(1, 0), (0, 1)]
            off = parts.interpolated(surface, gain, there.I_[[k for k, _ in place]], there.g_)[1]
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
    rate, shunt, E, W, expected, slack, zero = parts.weights()
    K_G_tau, fit = parts.pathway("E->E").mean_(1.0), parts.law()
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
        parts.spiking(3.0 if long else 1.0)["v"]["E"].mean() - E_L,
        float(np.asarray(gain.v_theta)),
    )
    printed = parts.pathway("E->E").E_ - in_noise - E_L
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
    parts.draw_weights(axes[1])

    # 11.30.
    ext, extra = parts.pathway("ext->E"), 12.0
    _, _, _, W, expected, slack, _ = parts.weights("ext->E", 20.0, extra * ext.mean_(1.0), (ext.E_,))
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
    I, leaks, curves = parts.surfaces()
    here, exact = parts.inside(curves.rate_), 1 / exact_interval_(model, I[:, None], leaks)
    theta, zeros = float(np.asarray(fit.I_theta)) + g_L * v_theta, []
    for points, known in ((here, 3), (here & (leaks == g_L), 2)):
        # NA, nS
        columns = np.stack(np.broadcast_arrays(1.0, I[:, None] * 1e9, leaks * 1e9)[:known], axis=-1)[points]
        inverse = np.linalg.pinv(columns)
        a, b, c = [*(inverse @ exact[points]), 0.0][:3]
        zero = -(a + c * g_L * 1e9) / b
        gradient = inverse[0] + zero * inverse[1] + (g_L * 1e9 * inverse[2] if known == 3 else 0.0)
        zeros.append((zero * 1e-9, np.sum(np.abs(gradient / b) * exact[points] ** 2) * parts.DT_ * 1e-9))
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


# %%
def fig5(long=False):
    """11.32-11.39: rates over time, uniform feedback with all its cases, and binary neurons."""
    rows, rng = [], np.random.default_rng(SEED)
    figure, axes = plt.subplots(1, 4, figsize=(15.5, 3.6), layout="constrained")

    # 11.32. A step multiplies the distance from rest by exp(-dt/tau) + (1 - exp(-dt/tau)) beta W; a bin holds
    # 1 ms of them.
    step, shown, ok, ends = 5e-5, [], True, []
    for tau in ("membrane", "synaptic", "5 ms"):
        reduced, activity = parts.feedback_population(tau, (13.0, 15.0), step)
        beta, W, W_ext, theta = (
            float(np.asarray(reduced.gains["E"].beta)),
            reduced.W_["E", "E"],
            reduced.W_ext_["E", "ext"],
            reduced.theta_["E"],
        )
        loop, rest = beta * W, [beta * (W_ext * rate - theta) / (1 - beta * W) for rate in (13.0, 15.0)]
        longest = max(float(np.asarray(value)) for value in reduced.tau.values())
        ends.append(activity.rate_[0, -1])
        ok &= abs(ends[-1] - rest[1]) < 10 * np.diff(rest)[0] * np.exp(
            -(parts.RUN_ - parts.STEP_AT_) * (1 - loop) / longest
        )
        if tau != "synaptic":
            away = rest[1] - activity.rate_[0, activity.t_ > parts.STEP_AT_ + 2e-3]
            here = away > 1e-4
            measured = -1e-3 / np.polyfit(np.arange(here.sum()), np.log(away[here]), 1)[0]
            decay = np.exp(-step / longest)
            stepped = -step / np.log(decay + (1 - decay) * loop)
            ok &= abs(measured / stepped - 1) < 1e-6
            shown.append((longest, stepped, measured))
        t = (activity.t_ - parts.STEP_AT_) * 1e3
        look = {
            "membrane": dict(color="black", linestyle="--"),
            "synaptic": dict(color="0.7", linewidth=5),
            "5 ms": dict(color="black"),
        }[tau]
        axes[0].plot(t[t > -20], activity.rate_[0][t > -20], **look, label=tau)
    rows.append(
        Row(
            "11.32 tau dmu/dt + mu = W r + W_ext r_ext - theta after a step of the drive, beta W ="
            f" {loop:.3f}: time constant with tau = {values([tau * 1e3 for tau, *_ in shown])} ms (ms), and"
            " rest for tau membrane, synaptic, 5 ms (Hz)",
            f"{values([tau / (1 - loop) * 1e3 for tau, *_ in shown])} = tau/(1 - beta W),"
            f" {values([stepped * 1e3 for _, stepped, _ in shown])} in steps of {step * 1e3:g} ms;"
            f" {rest[1]:.4f} for all",
            f"{values([measured * 1e3 for *_, measured in shown])}; {values(ends, '.4f')}",
            ok,
        )
    )
    axes[0].set(
        xlabel="time after the step (ms)",
        ylabel="rate (Hz)",
        title="11.32: tau moves transients only",
        xlim=(-20, 60),
    )
    axes[0].legend(title="tau", fontsize="small", loc="lower right")

    # 11.33. Errors of first order: what is left at half the step is the difference that halving made.
    (reduced, coarse), (_, fine) = (
        parts.feedback_population("5 ms", (6.0, 14.0), width) for width in (step, step / 2)
    )
    f = reduced.gains["E"].f_
    slope = lambda t, mu, drive: (-mu + W * f(mu) + W_ext * drive - theta) / 5e-3
    solved = lambda drive, begin, span: solve_ivp(
        slope, (0, span), begin, args=(drive,), rtol=1e-9, atol=1e-20, dense_output=True
    )
    before = solved(6.0, [-theta], parts.STEP_AT_)
    after = solved(14.0, before.y[:, -1], parts.RUN_ - parts.STEP_AT_)
    t = (np.arange(fine.t_.size * 50) + 0.5) * fine.bin_ / 50
    mu = np.where(
        t < parts.STEP_AT_,
        before.sol(np.minimum(t, parts.STEP_AT_))[0],
        after.sol(np.maximum(t - parts.STEP_AT_, 0))[0],
    ).reshape(-1, 50)
    expected, silent = f(mu).mean(axis=1), mu.max(axis=1) < 0
    off, slack = (
        np.max(np.abs(fine.rate_[0] - expected)),
        1.5 * np.max(np.abs(fine.rate_[0] - coarse.rate_[0])),
    )
    rows.append(
        Row(
            "11.33 r = f(mu), mu from 11.32 solved apart, along a drive that brings the cell across threshold"
            " (Hz)",
            f"0 while mu < 0, {silent.sum()} ms; then the same to {slack:.2f}, the integrator's error",
            f"{fine.rate_[0][silent].max():g}; to {off:.2f} on the way to {fine.rate_[0, -1]:.1f}",
            off < slack and np.all(fine.rate_[0][silent] == 0) and silent.sum() > 50,
        )
    )

    # 11.34-11.36. Integrated to 1e-9 of the rates; what is left of the start after a time t decays with (1 -
    # beta N W)/tau.
    theta, loop, N, duration = -100e-12, 0.5, 50, 0.3
    t, r = parts.uniform(N, loop, theta, rng.uniform(5, 60, N), duration)
    rest = float(parts.feedback_at(theta, loop).points[0][0])
    side = parts.BETA_ * max(loop / (parts.BETA_ * N) * r[:, -1].sum() - theta, 0.0)
    slack = 100 * np.exp(-duration * (1 - loop) / parts.TAU_) + 1e-6 * rest
    rows.append(
        Row(
            f"11.34 r_i = beta [W_o sum r - theta]_+: {N} units from random rates of 5 to 60 Hz (Hz)",
            f"{rest:.4f} all; slip: f must contain beta; with f = [mu]_+ the right-hand side is a current,"
            f" {side / parts.BETA_ * 1e12:.0f} pA",
            f"{r[:, -1].min():.4f} to {r[:, -1].max():.4f}, right-hand side {side:.4f}",
            np.max(np.abs(r[:, -1] - rest)) < slack and abs(side - rest) < slack,
        )
    )
    early = t < 6 * parts.TAU_
    speeds = [
        np.polyfit(t[early], np.log(each[early]), 1)[0]
        for each in (r.std(axis=0), np.abs(r.mean(axis=0) - rest))
    ]
    rows.append(
        Row(
            "11.35 r_o = mean of r_i: growth of the spread over units, and of r_o about its rest (1/s)",
            f"{-1 / parts.TAU_:.1f} = -1/tau, {(loop - 1) / parts.TAU_:.1f} = (beta N W_o - 1)/tau",
            values(speeds, ".3f"),
            abs(speeds[0] * parts.TAU_ + 1) < 1e-5 and abs(speeds[1] * parts.TAU_ - loop + 1) < 1e-5,
        )
    )
    axes[1].plot(t[early] * 1e3, r[::5, early].T, color="0.6", linewidth=0.8)
    axes[1].plot(t[early] * 1e3, r.mean(axis=0)[early], color="black", label="mean $r_o$")
    axes[1].set(
        xlabel="time (ms)", ylabel="rate (Hz)", title=f"11.34-11.36: {N} units, one rate", ylim=(0, 100)
    )
    axes[1].legend(fontsize="small")
    means = []
    for n in (1, 10, 100):
        start = rng.uniform(10, 50, n)
        means.append(parts.uniform(n, loop, theta, start - start.mean() + 30, 0.05)[1].mean(axis=0))
    apart = max(np.abs(mean - means[0]).max() for mean in means[1:])
    # The same weight of a unit for ten times as many is another network.
    unscaled = parts.uniform(100, 10 * loop, theta, 30.0, 0.05)[1].mean(axis=0)
    rows.append(
        Row(
            "11.36 r_o = [beta N W_o r_o - beta theta]_+: means of 10 and of 100 units with W_o ~ 1/N, of one"
            " unit; and of 100 with the W_o of 10, after 50 ms (Hz)",
            "N drops out, to 1e-6 of the rate; beta N W_o = 5 runs away",
            f"{means[1][-1]:.6f}, {means[2][-1]:.6f}, {means[0][-1]:.6f}, apart by {apart:.0e} at most;"
            f" {unscaled[-1]:.0e}",
            apart < 1e-6 * rest and unscaled[-1] > 1e3,
        )
    )

    # 11.37. After 30 time constants anything that dies is below 1e-4 of its start, anything that grows far
    # beyond.
    for theta, loop in parts.REGIMES:
        feedback = parts.feedback_at(theta, loop)
        begin = parts.starts(feedback)
        end = [parts.uniform(1, loop, theta, start, 0.3)[1][0, -1] for start in begin]
        points = [float(point) for point, _ in feedback.points]
        goes = {
            "silent": lambda r: 0.0,
            "active": lambda r: points[-1],
            "bistable": lambda r: 0.0 if r < float(feedback.separatrix) else np.inf,
            "runaway": lambda r: np.inf,
            "marginal": lambda r: r,
        }[feedback.regime]
        expected = [goes(start) for start in begin]
        ok = all(
            found > 1e3 if want == np.inf else abs(found - want) < 1e-4 * max(start, want, 1.0)
            for found, want, start in zip(end, expected, begin)
        )
        case = theta / (loop - 1) * parts.BETA_ if loop > 1 else 0.0
        printed = {
            (1, True): "as printed 0, right",
            (
                1,
                False,
            ): f"slip: as printed {case:g} Hz, but silence is stable, and what exceeds {case:g} Hz runs away",
            (-1, True): "slip: as printed 0, but it fires by itself",
            (-1, False): f"slip: as printed {case:g} Hz, which is no rate",
            (0, True): "as printed 0, right",
            (0, False): "slip: the printed cases leave 1 out",
        }[np.sign(theta), loop < 1]
        text = lambda numbers: ", ".join(
            "runs away" if number > 1e3 else f"{number:.3g}" for number in numbers
        )
        rows.append(
            Row(
                f"11.37 theta = {theta * 1e12:g} pA, beta N W_o = {loop:g}: where rates go from"
                f" {values(begin, 'g')} Hz",
                f"{text(expected)} ({feedback.regime}); {printed}",
                text([0.0 if number < 1e-4 * 24 else number for number in end]),
                ok,
            )
        )
    parts.draw_regimes(axes[2], 1)
    parts.draw_regimes(axes[3], -1)

    # 11.38. Whole numbers: nothing is rounded. sgn(0) = -1, inactive, in both lines.
    S, line1, line2, theta, W, W_ext = parts.binary_states()
    primed = 2 * theta - W.sum(axis=1) - W_ext
    same, ties = np.array_equal(line1 > 0, line2 > primed), int(np.sum(line1 == 0))
    runs = []
    for external in (0.0, 1.0):
        network = b2r.BinaryNetwork(
            W.astype(float),
            thresholds=theta.astype(float),
            external_weights=W_ext.astype(float),
            external=external,
        )
        both = network, network.with_encoding("-1/+1")
        runs += [
            [b2r.simulate_binary(each, sweeps=10, seed=seed, record=True).history > 0 for each in both]
            for seed in range(200 if long else 20)
        ]
    alike = sum(np.array_equal(*pair) for pair in runs)
    rows.append(
        Row(
            f"11.38 both lines for {len(theta)} units in all {len(S)} states of units and input; and"
            f" {len(runs)} runs in both encodings",
            f"the same signs, with sgn(0) = -1, {ties} ties among them; the same runs",
            f"{'the same' if same else 'different'}; {alike} the same",
            same and ties > 0 and alike == len(runs),
        )
    )
    # 11.39. Twice the first argument and the second without its threshold, over all states.
    constant = line2 - 2 * line1
    rows.append(
        Row(
            "11.39 theta' = 2 theta - sum W - W_ext: what twice the first argument lacks of the second, in"
            " every state",
            values(primed, "d"),
            f"{values(constant[0], 'd')}, varies by {np.ptp(constant, axis=0).max()}",
            np.array_equal(constant, np.broadcast_to(primed, constant.shape)),
        )
    )
    inhibited = np.ones((20, 20)) - np.eye(20)
    of = {
        theta: b2r.BinaryNetwork(-inhibited, thresholds=theta)
        for theta in (0.0, -5.5, -inhibited.sum(axis=1)[0] / 2)
    }
    prime = [network.with_encoding("-1/+1").thresholds[0] for network in of.values()]
    firing = [
        int(np.sum(b2r.simulate_binary(network.with_encoding("-1/+1"), sweeps=20, seed=SEED).states > 0))
        for network in of.values()
    ]
    rows.append(
        Row(
            f"under 11.39: 20 cells that inhibit one another, theta = {values(of, 'g')}: theta', and how many"
            " fire",
            "slip: theta' > 0, not < 0: such cells are silent, 0; a positive bias, theta < 0, makes them"
            " fire; theta = sum W/2 makes theta' = 0",
            f"{values(prime, 'g')}; {values(firing, 'd')}",
            prime[0] > 0 and firing[0] == 0 and firing[1] > 0 and prime[2] == 0 and firing[2] > 0,
        )
    )
    return figure, rows


# %%
def fig6(long=False):
    """The derivation in six panels.

    Leak shifts, averages, synapses are a current and a leak, weights, and what uniform feedback does.
    """
    figure, axes = plt.subplots(2, 3, figsize=(12.5, 7), layout="constrained")
    parts.draw_shift(axes[0, 0])
    parts.draw_step(axes[0, 1], 8000 if long else 2000)
    parts.draw_clamp(axes[0, 2], 3.0 if long else 1.0)
    parts.draw_weights(axes[1, 0])
    parts.draw_regimes(axes[1, 1], 1)
    parts.draw_regimes(axes[1, 2], -1)
    return figure, []


# %%
if __name__ == "__main__":
    run(globals())
