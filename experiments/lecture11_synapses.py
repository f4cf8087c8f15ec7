"""Synaptic conductances: 11.9-11.14 of `lecture11`."""

from __future__ import annotations

import numpy as np
from b2reduce.experiments import lecture11_cells as cells
from b2reduce.experiments import lecture11_trains as trains
from b2reduce.experiments.lecture11_numbers import EPS
from b2reduce.experiments.script import Row
from scipy.integrate import quad


def clamped_lines():
    """Potentials of four cells clamped under the same spikes, their currents, the conductance in each step, and
    by how much slopes may be off.
    """
    bench, dt, g_L = trains.bench(), cells.DT_, cells.lif().si("g_L")
    V = bench["v"][:4, 0]
    current = cells.synaptic_current(bench["v"][:4])
    total = sum(bench["g"][p.label][0, :-1] * cells.middle(p) for p in map(cells.pathway, ("E->E", "I->E")))
    rounding = cells.CLAMP_ * 4 * EPS * np.max(np.abs(V)) / dt
    return V, current, total, (g_L + total.max()) ** 2 * 2e3 * dt / cells.CLAMP_ + 2 * rounding / np.ptp(V)


def rows_of(axes, number):
    """Rows of the table; draws on four axes."""
    rows, dt = [], cells.DT_
    bench = trains.bench()
    exc, inh = (bench["paths"][label] for label in ("E->E", "I->E"))

    # 11.9. Conductances in the middle of each step; the clamped potential moves within it, and rounding of V
    # is charge.
    V, current, total, slack = clamped_lines()
    mid = {p: bench["g"][p.label][0, :-1] * cells.middle(p) for p in (exc, inh)}
    slope, intercept = np.polyfit(V, current, 1)
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
    lone, x = bench["g"][exc.label][4, trains.LONE + 1 :], dt / exc.tau_
    after, area = lone[round(exc.tau_ / dt)], np.sum(lone) * cells.middle(exc) * dt
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
    from_zero = inh, bench["events"][inh.label][trains.HISTORY :]
    off = np.abs(bench["g"][inh.label][0] - trains.summed(*from_zero))
    bound = trains.summed(*from_zero, weight=lambda age: age * (dt / inh.tau_) ** 2 / 5)
    rows.append(
        Row(
            "11.11 g(t) = G int exp(-(t - t')/tau) sum delta(t' - t_j): simulated, and summed over recorded"
            " spikes (nS)",
            f"{trains.summed(*from_zero).mean() * 1e9:.6f} on average, to {bound.max() * 1e9:.0e}: the"
            " integrator's error",
            f"{bench['g'][inh.label][0].mean() * 1e9:.6f}, different by {off.max() * 1e9:.0e} at most",
            np.all(off <= bound + 1e-12 * inh.G_),
        )
    )

    # 11.12. On the time grid, with the standard deviation of filtered Poisson trains; the largest of about
    # ten independent times.
    of = trains.trains(number)
    p, x = of["p"], dt / of["p"].tau_
    grid = x / -np.expm1(-x)
    full = p.G_ * p.tau_ * trains.R_
    steps = np.arange(1, round(50e-3 / dt))
    after = of["g"][round(trains.PARTS_["step"] / dt) + steps]
    expected = full * grid * -np.expm1(-steps * x)
    sd = np.sqrt(p.G_**2 * p.tau_ * trains.R_ / 2 * -np.expm1(-2 * steps * x) / number)
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
    trains.draw_step(axes[2], number)

    # 11.13. A rate in windows T is the rate smoothed by a box; counts are Poisson: amplitudes at one
    # frequency have sd sqrt(2 R/(n time)), smoothed alike.
    f, depth = trains.SWING
    T, begin = trains.WINDOW_, round((trains.PARTS_["swing"] + trains.WINDOW_ / 2) / dt)
    part = slice(begin, begin + round(4 / f / dt))
    rate = trains.windowed(of, T)
    response = 2j * np.mean(
        (rate[part] - trains.R_) * np.exp(-2j * np.pi * f * (of["t"][part] - trains.PARTS_["swing"]))
    )
    smaller = np.sin(np.pi * f * T) / (np.pi * f * T)
    error = np.sqrt(2 * trains.R_ / (number * 4 / f)) * smaller
    fixed = rate[round(trains.PARTS_["swing"] / dt) + round(0.5 / f / dt)]
    rows.append(
        Row(
            f"11.13 r(t), spikes in a window of {T * 1e3:g} ms around t, of a rate that swings by"
            f" {trains.R_ * depth:g} Hz at {f:g} Hz: amplitude (Hz) in phase",
            f"{trains.R_ * depth * smaller:.2f} = {trains.R_ * depth:g} sin(pi f T)/(pi f T); slip: the window"
            " is t - T/2 .. t + T/2; the printed -T/2 .. T/2 gives the same number at all t: 0",
            f"{abs(response):.2f} +- {error:.2f}, in phase to {abs(np.degrees(np.angle(response))):.1f} deg"
            f" (the printed: {fixed:.1f} Hz throughout)",
            abs(response - trains.R_ * depth * smaller) < 4 * error < abs(response),
        )
    )
    shown = slice(begin, begin + round(2 / f / dt))
    axes[3].plot(
        (of["t"][shown] - trains.PARTS_["swing"]) * 1e3,
        trains.train_rate_(of["t"][shown]),
        color="0.6",
        label="rate of the trains",
    )
    axes[3].plot(
        (of["t"][shown] - trains.PARTS_["swing"]) * 1e3, rate[shown], color="black", label="window around t"
    )
    axes[3].axhline(fixed, color="black", linestyle="--", label="window as printed")
    axes[3].set(
        xlabel="time (ms)", ylabel="rate (Hz)", title=f"11.13: windows of {T * 1e3:g} ms", ylim=(0, 52)
    )
    axes[3].legend(fontsize="x-small", loc="upper right")

    # 11.14. Over a time s a mean has the variance 2 tau sd^2/s.
    late = slice(round((trains.PARTS_["step"] + 10 * p.tau_) / dt), round(trains.PARTS_["swing"] / dt))
    mean, length = of["g"][late].mean(), (late.stop - late.start) * dt
    error = np.sqrt(p.G_**2 * p.tau_ * trains.R_ / 2 * 2 * p.tau_ / length / number)
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
    return rows
