"""Rates over time, uniform feedback with all its cases, and binary neurons: 11.32-11.39 of `lecture11`."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments import lecture11_cells as cells
from b2reduce.experiments import lecture11_feedback as feedback
from b2reduce.experiments.lecture11_numbers import values
from b2reduce.experiments.script import Row
from scipy.integrate import solve_ivp

import b2reduce as b2r


def figure_of(long):
    """The figure, and rows of the table."""
    rows, rng = [], np.random.default_rng(cells.SEED)
    figure, axes = plt.subplots(1, 4, figsize=(15.5, 3.6), layout="constrained")

    # 11.32. A step multiplies the distance from rest by exp(-dt/tau) + (1 - exp(-dt/tau)) beta W; a bin holds
    # 1 ms of them.
    step, shown, ok, ends = 5e-5, [], True, []
    for tau in ("membrane", "synaptic", "5 ms"):
        reduced, activity = feedback.feedback_population(tau, (13.0, 15.0), step)
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
            -(feedback.RUN_ - feedback.STEP_AT_) * (1 - loop) / longest
        )
        if tau != "synaptic":
            away = rest[1] - activity.rate_[0, activity.t_ > feedback.STEP_AT_ + 2e-3]
            here = away > 1e-4
            measured = -1e-3 / np.polyfit(np.arange(here.sum()), np.log(away[here]), 1)[0]
            decay = np.exp(-step / longest)
            stepped = -step / np.log(decay + (1 - decay) * loop)
            ok &= abs(measured / stepped - 1) < 1e-6
            shown.append((longest, stepped, measured))
        t = (activity.t_ - feedback.STEP_AT_) * 1e3
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
        feedback.feedback_population("5 ms", (6.0, 14.0), width) for width in (step, step / 2)
    )
    f = reduced.gains["E"].f_
    slope = lambda t, mu, drive: (-mu + W * f(mu) + W_ext * drive - theta) / 5e-3
    solved = lambda drive, begin, span: solve_ivp(
        slope, (0, span), begin, args=(drive,), rtol=1e-9, atol=1e-20, dense_output=True
    )
    before = solved(6.0, [-theta], feedback.STEP_AT_)
    after = solved(14.0, before.y[:, -1], feedback.RUN_ - feedback.STEP_AT_)
    t = (np.arange(fine.t_.size * 50) + 0.5) * fine.bin_ / 50
    mu = np.where(
        t < feedback.STEP_AT_,
        before.sol(np.minimum(t, feedback.STEP_AT_))[0],
        after.sol(np.maximum(t - feedback.STEP_AT_, 0))[0],
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
    t, r = feedback.uniform(N, loop, theta, rng.uniform(5, 60, N), duration)
    rest = float(feedback.feedback_at(theta, loop).points[0][0])
    side = feedback.BETA_ * max(loop / (feedback.BETA_ * N) * r[:, -1].sum() - theta, 0.0)
    slack = 100 * np.exp(-duration * (1 - loop) / feedback.TAU_) + 1e-6 * rest
    rows.append(
        Row(
            f"11.34 r_i = beta [W_o sum r - theta]_+: {N} units from random rates of 5 to 60 Hz (Hz)",
            f"{rest:.4f} all; slip: f must contain beta; with f = [mu]_+ the right-hand side is a current,"
            f" {side / feedback.BETA_ * 1e12:.0f} pA",
            f"{r[:, -1].min():.4f} to {r[:, -1].max():.4f}, right-hand side {side:.4f}",
            np.max(np.abs(r[:, -1] - rest)) < slack and abs(side - rest) < slack,
        )
    )
    early = t < 6 * feedback.TAU_
    speeds = [
        np.polyfit(t[early], np.log(each[early]), 1)[0]
        for each in (r.std(axis=0), np.abs(r.mean(axis=0) - rest))
    ]
    rows.append(
        Row(
            "11.35 r_o = mean of r_i: growth of the spread over units, and of r_o about its rest (1/s)",
            f"{-1 / feedback.TAU_:.1f} = -1/tau, {(loop - 1) / feedback.TAU_:.1f} = (beta N W_o - 1)/tau",
            values(speeds, ".3f"),
            abs(speeds[0] * feedback.TAU_ + 1) < 1e-5 and abs(speeds[1] * feedback.TAU_ - loop + 1) < 1e-5,
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
        means.append(feedback.uniform(n, loop, theta, start - start.mean() + 30, 0.05)[1].mean(axis=0))
    apart = max(np.abs(mean - means[0]).max() for mean in means[1:])
    # The same weight of a unit for ten times as many is another network.
    unscaled = feedback.uniform(100, 10 * loop, theta, 30.0, 0.05)[1].mean(axis=0)
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
    for theta, loop in feedback.REGIMES:
        state = feedback.feedback_at(theta, loop)
        begin = feedback.starts(state)
        end = [feedback.uniform(1, loop, theta, start, 0.3)[1][0, -1] for start in begin]
        points = [float(point) for point, _ in state.points]
        goes = {
            "silent": lambda r: 0.0,
            "active": lambda r: points[-1],
            "bistable": lambda r: 0.0 if r < float(state.separatrix) else np.inf,
            "runaway": lambda r: np.inf,
            "marginal": lambda r: r,
        }[state.regime]
        expected = [goes(start) for start in begin]
        ok = all(
            found > 1e3 if want == np.inf else abs(found - want) < 1e-4 * max(start, want, 1.0)
            for found, want, start in zip(end, expected, begin)
        )
        case = theta / (loop - 1) * feedback.BETA_ if loop > 1 else 0.0
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
                f"{text(expected)} ({state.regime}); {printed}",
                text([0.0 if number < 1e-4 * 24 else number for number in end]),
                ok,
            )
        )
    feedback.draw_regimes(axes[2], 1)
    feedback.draw_regimes(axes[3], -1)

    # 11.38. Whole numbers: nothing is rounded. sgn(0) = -1, inactive, in both lines.
    S, line1, line2, theta, W, W_ext = feedback.binary_states()
    primed = 2 * theta - W.sum(axis=1) - W_ext
    same, ties = np.array_equal(line1 > 0, line2 > primed), int(np.sum(line1 == 0))
    runs = []
    for external in (0.0, 1.0):
        network = b2r.binary.BinaryNetwork(
            W.astype(float),
            thresholds=theta.astype(float),
            external_weights=W_ext.astype(float),
            external=external,
        )
        both = network, network.with_encoding("-1/+1")
        runs += [
            [b2r.binary.simulate_binary(each, sweeps=10, seed=seed, record=True).history > 0 for each in both]
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
        theta: b2r.binary.BinaryNetwork(-inhibited, thresholds=theta)
        for theta in (0.0, -5.5, -inhibited.sum(axis=1)[0] / 2)
    }
    prime = [network.with_encoding("-1/+1").thresholds[0] for network in of.values()]
    firing = [
        int(
            np.sum(
                b2r.binary.simulate_binary(network.with_encoding("-1/+1"), sweeps=20, seed=cells.SEED).states
                > 0
            )
        )
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
