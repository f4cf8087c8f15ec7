"""Averaging synaptic input over time (Figure 4 of the lecture: Chen & Fetz 2005), and the rates it can follow.

The average of one conductance over time is that over trials, as long as the rate of the inputs changes slowly: a conductance follows a rate that
swings at a frequency f with 1/sqrt(1 + (2 pi f tau)^2) of its amplitude and a delay. Averages over a window T see the same only for f T << 1.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.experiments.script import Row, run

TITLE = "Time average against ensemble average; slow and fast rates"
DOI = "doi:10.1152/jn.00024.2005"
SEED = 1
MINUTES = (0.1, 0.2)  # short, long
DEPARTURES = ("The paper records membrane potentials in awake monkeys; here the conductances of model inputs are recorded.",)

INPUTS, RATE_, G_, TAU_ = 400, 5.0, 0.4e-9, 5e-3
SLOW, FAST = 4.0, 100.0  # Hz
STEP_, HELD = 0.1e-3, 5  # s; steps for which a table of rates holds each value
# Spikes come on a time grid and are recorded at the end of their step: the mean of a conductance is long by dt/2 in tau.
GRID = STEP_ / TAU_ / -np.expm1(-STEP_ / TAU_)


def filtered(frequency):
    """What a conductance on the time grid makes of a rate that swings at a frequency, relative to its mean; 1/(1 + 2 pi i f tau) as dt -> 0."""
    turn = np.exp(-2j * np.pi * frequency * STEP_)
    return -np.expm1(-STEP_ / TAU_) / (1 - np.exp(-STEP_ / TAU_) * turn) * np.mean(turn ** np.arange(HELD)) * turn


# %%
def recorded(rate, cells, duration, seed):
    """(times in s, conductances in S, shape (cell, time)) of cells driven by Poisson trains of a rate or table."""
    drive = b2r.Drive(name="exc", target="E", inputs=INPUTS, rate=rate, G=G_ * 1e9 * nS, tau=TAU_ * second, E=0 * mV)
    circuit = b2r.Circuit(name="listeners", populations={"E": b2r.Population("lif", cells)}, drives=[drive])
    activity = b2r.simulate_spikes(circuit, duration=(duration + 0.2) * second, seed=seed, record=cells)
    late = np.asarray(activity.conductance_t) >= 0.2
    return np.asarray(activity.conductance_t)[late], np.asarray(activity.conductances["exc->E"])[:, late]


def fig1(long=False):
    """Averages over time of one cell, over windows T, beside the average over cells: both readings of the average."""
    cells, duration = (1000, 20.0) if long else (400, 6.0)
    t, g = recorded(RATE_ * Hz, cells, duration, SEED)
    dt = t[1] - t[0]
    figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    windows = np.array([1e-3, 3e-3, 10e-3, 30e-3, 0.1, 0.3, 1.0])
    over_time = []
    for T in windows:
        n = max(1, int(round(T / dt)))
        blocks = g[:, : g.shape[1] // n * n].reshape(cells, -1, n).mean(axis=2)
        over_time.append(blocks.std() / g.mean())
    alone = 1 / np.sqrt(2 * INPUTS * RATE_ * TAU_)  # Campbell
    # Of n samples with correlation rho^k at a distance k, which the windows above hold.
    held = np.maximum(1, np.round(windows / dt).astype(int))
    sampled = alone * np.array([np.sqrt(n + 2 * np.sum((n - np.arange(1, n)) * np.exp(-np.arange(1, n) * dt / TAU_))) / n for n in held])
    ax.loglog(windows * 1e3, over_time, color="black", marker="o", linestyle="", label="one cell over a window T")
    dense = np.geomspace(windows[0], windows[-1], 200)
    ax.loglog(dense * 1e3, alone * np.sqrt(2 * TAU_ / dense * (1 - TAU_ / dense * -np.expm1(-dense / TAU_))), color="black", label="theory")
    ax.set(xlabel="window T (ms)", ylabel="scatter of the average / mean")
    ax.legend()
    # A time average of a second of one cell, and one moment of many cells: the same number.
    one, moment = g[0].mean(), g[:, g.shape[1] // 2].mean()
    sd = g.mean() * alone
    error = sd * np.hypot(np.sqrt(2 * TAU_ / duration), 1 / np.sqrt(cells))
    expected = GRID * INPUTS * G_ * TAU_ * RATE_
    # A standard deviation is known to 1/sqrt(2 n) of n independent squares, which lose memory with tau/2: one in T or tau, whichever is longer.
    known = 1 / np.sqrt(2 * cells * duration / np.maximum(windows, TAU_))
    worst = np.max(np.abs(np.array(over_time) / sampled - 1) / known)
    return figure, [Row("one cell over all time, all cells at one time (nS)", f"both K G tau R = {INPUTS * G_ * TAU_ * RATE_ * 1e9:.3f}; {expected * 1e9:.3f} on the time grid", f"{one * 1e9:.3f}, {moment * 1e9:.3f}, +- {error * 1e9:.3f} together",
                    abs(one - moment) < 4 * error and max(abs(one - expected), abs(moment - expected)) < 4 * error),
                    Row("scatter of averages over 1 ms to 1 s", f"theory of filtered Poisson trains: {sampled[0]:.3f} to {sampled[-1]:.4f} of the mean", f"{over_time[0]:.3f} to {over_time[-1]:.4f}; largest difference {worst:.1f} standard errors", bool(worst < 3.5))]


# %%
def fig2(long=False):
    """Rates that swing slowly and fast: what the mean conductance makes of them."""
    cells = 4000 if long else 1500
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    rows = []
    for ax, frequency in zip(axes, (SLOW, FAST)):
        times = np.arange(0, 1.2, 5e-4)
        swing = RATE_ * (1 + 0.5 * np.sin(2 * np.pi * frequency * times))
        t, g = recorded((times * second, swing * Hz), cells, 1.0, SEED + 1)
        mean = g.mean(axis=0)
        phase = np.exp(-2j * np.pi * frequency * t)
        amplitude = 0.5 * GRID * INPUTS * G_ * TAU_ * RATE_
        response = 2j * np.mean((mean - mean.mean()) * phase) / amplitude  # of a sine
        expected = filtered(frequency)
        # The amplitude of noise at one frequency over T = 1 s, for N cells: sqrt(2 S/(N T)), S = 2 tau sd^2/(1 + (w tau)^2) one-sided half.
        sd = np.sqrt(INPUTS * RATE_ * TAU_ / 2) * G_
        error = np.sqrt(4 * TAU_ * sd**2 * abs(expected) ** 2 / cells) / amplitude
        shown = t < 0.2 + 2 / frequency
        ax.plot((t[shown] - 0.2) * 1e3, mean[shown] * 1e9, color="black", label=f"mean of {cells} cells")
        ax.plot((t[shown] - 0.2) * 1e3, INPUTS * G_ * TAU_ * RATE_ * (1 + 0.5 * np.sin(2 * np.pi * frequency * t[shown])) * 1e9, color="0.5", linestyle="--", label="K G tau R(t)")
        ax.set(xlabel="time (ms)", ylabel="conductance (nS)", title=f"rate swings at {frequency:g} Hz", ylim=(0, None))
        ax.legend(fontsize="small", loc="lower right")
        theory = 1 / (1 + 2j * np.pi * frequency * TAU_)
        rows.append(Row(f"{frequency:g} Hz: amplitude and phase (deg) of <g> over G tau R(t)", f"{abs(theory):.3f}, {np.degrees(np.angle(theory)):.1f}; {abs(expected):.3f}, {np.degrees(np.angle(expected)):.1f} on the time grid",
                        f"{abs(response):.4f} +- {error:.4f}, {np.degrees(np.angle(response)):.1f} +- {np.degrees(error / abs(expected)):.1f}", abs(response - expected) < 4 * error))
    rows.append(Row("is K G tau R(t) a fair description?", "only if the rate changes slowly against tau", f"{SLOW:g} Hz: to {100 * (1 - abs(1 / (1 + 2j * np.pi * SLOW * TAU_))):.1f} %; {FAST:g} Hz: the swing is three times smaller"))
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
