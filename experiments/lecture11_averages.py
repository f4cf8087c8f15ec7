"""Averages of synaptic conductances, of the network and of the drive: 11.15-11.20 of `lecture11`."""

from __future__ import annotations

import numpy as np
from b2reduce.experiments import lecture11_cells as cells
from b2reduce.experiments import lecture11_clamped as clamped
from b2reduce.experiments import lecture11_network as network
from b2reduce.experiments import lecture11_trains as trains
from b2reduce.experiments.lecture11_numbers import values
from b2reduce.experiments.lecture11_synapses import clamped_lines
from b2reduce.experiments.script import Row


def rows_of(long):
    """Rows of the table."""
    rows, dt, si = [], cells.DT_, cells.lif().si
    number, duration = (8000, 2.0) if long else (2000, 0.5)
    bench, of = trains.bench(), trains.trains(number)
    ext = bench["paths"]["ext->E"]
    V, current, total, slack = clamped_lines()

    # 11.15. Time averages of a cell that fires: <g V> = <g><V> + cov(g, V). What synapses hold at both ends
    # belongs to no rate in between.
    spiking = network.spiking(3.0 if long else 1.0)
    v, measured, formula, covariance, ends = spiking["v"]["E"][:, :-1], 0.0, 0.0, 0.0, 0.0
    for q in spiking["net"].pathways("E"):
        if not q.is_drive:
            g = spiking["g"]["E"][q.source]
            middle, force = g[:, :-1] * cells.middle(q), q.E_ - v.mean(axis=1)
            measured = measured + np.mean(middle * (q.E_ - v), axis=1)
            formula = (
                formula + q.G_ * q.tau_ * spiking["counted"]["E", q.source] / spiking["duration"] * force
            )
            covariance = covariance - np.mean(middle * v, axis=1) + middle.mean(axis=1) * v.mean(axis=1)
            ends = ends - q.tau_ * (g[:, -1] - g[:, 0]) / spiking["duration"] * force
    off = np.max(np.abs(measured - formula - covariance - ends))
    rows.append(
        Row(
            f"11.15 I_net <- sum G tau r (E - V), rates counted: mean over time of {network.SHOWN} firing cells"
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
    pool = clamped.pooled(duration)
    lines = np.polyfit(pool["V"], pool["current"].T, 1)
    zeros = -lines[1] / lines[0]
    whole = np.abs(pool["current"] + si("g_L") * (si("E_L") - pool["V"])).max()
    drift = whole * (duration + clamped.POOL_["warmup"]) / cells.CLAMP_ * (1 + si("g_L") / np.min(-lines[0]))
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
    p, R, size = pool["p"], pool["p"].K * pool["rate"], pool["trains"].shape[0]
    x, m_error, v_error = (
        dt / pool["p"].tau_,
        1 / np.sqrt(R * duration * size),
        np.sqrt(2 * pool["p"].tau_ / (size * duration)),
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
    past = trains.summed(ext, bench["events"][ext.label])[trains.HISTORY :]
    t, simulated = np.arange(past.size) * dt, bench["g"][ext.label][5]
    bound = trains.summed(
        ext, bench["events"][ext.label][trains.HISTORY :], weight=lambda age: age * (dt / ext.tau_) ** 2 / 5
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
    T, width = trains.WINDOW_, round(trains.WINDOW_ / dt)
    middles = round(trains.PARTS_["ramp"] / dt) + width // 2 + width * np.arange(5)
    t, error = of["t"][middles] - of["t"][middles[0]], np.sqrt(np.mean(trains.RAMP_) / (number * T))
    climb = np.diff(trains.RAMP_)[0] / (trains.PARTS_["end"] - trains.PARTS_["ramp"])
    bias = trains.windowed(of, T)[middles] - trains.train_rate_(of["t"][middles])
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
    return rows
