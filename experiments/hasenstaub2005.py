"""Averaging synaptic input over trials (Figure 3 of the lecture: Hasenstaub, Shu, Haider, Kraushaar, Duque & McCormick 2005).

A cell receives excitation and inhibition from many inputs. In one trial its conductances fluctuate; their average over trials or over inputs is
G tau R, their standard deviation Campbell's, and the average of N trials is off by that over the square root of N.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.experiments.script import Row, run

TITLE = "Conductances: single trial, ensemble, and the error of the ensemble"
DOI = "doi:10.1016/j.neuron.2005.06.016"
SEED = 1
MINUTES = (0.1, 0.2)  # short, long
DEPARTURES = ("The paper clamps cells at the reversal potentials; here the conductances themselves are recorded.",
              "Inputs are Poisson trains at constant rates, as the derivation supposes; those of the paper come in waves (Up states).")

EXCITATION = b2r.Drive(name="exc", target="E", inputs=400, rate=5 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
INHIBITION = b2r.Drive(name="inh", target="E", inputs=100, rate=10 * Hz, G=1.0 * nS, tau=10 * ms, E=-80 * mV)


# %%
def recorded(cells, duration, seed):
    """{label: conductances in S, shape (cell, time)} of cells that share no input, from the second half second on, and their times."""
    circuit = b2r.Circuit(name="listeners", populations={"E": b2r.Population("lif", cells)}, drives=[EXCITATION, INHIBITION])
    activity = b2r.simulate_spikes(circuit, duration=(duration + 0.5) * second, seed=seed, record=cells)
    late = np.asarray(activity.conductance_t) >= 0.5
    return {label.split("->")[0]: np.asarray(g)[:, late] for label, g in activity.conductances.items()}, np.asarray(activity.conductance_t)[late] - 0.5


def campbell(drive, dt):
    """(mean, standard deviation) in S of a conductance on a time grid, at the end of a step: K R G dt/(1 - e^-x) and K R G^2 dt/(1 - e^-2x), x = dt/tau."""
    events, G, x = drive.inputs * float(drive.rate) * dt, float(drive.G), dt / float(drive.tau)
    return G * events / -np.expm1(-x), np.sqrt(G**2 * events / -np.expm1(-2 * x))


def fig1(long=False):
    """One trial, the mean of all, their scatter, and the error of the mean of N."""
    cells, dt = 4000 if long else 1000, 1e-4
    conductances, t = recorded(cells, 1.0, SEED)
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.5), layout="constrained")
    rows = []
    for drive, line, shade in ((EXCITATION, "-", "black"), (INHIBITION, "--", "0.45")):
        g = conductances[drive.name]
        mean, sd = campbell(drive, dt)
        name = {"exc": "excitation", "inh": "inhibition"}[drive.name]
        axes[0].plot(t[:300] * 1e3, g[0, :300] * 1e9, color=shade, linewidth=0.8, linestyle=line, label=f"{name}, one trial")
        axes[0].plot(t[:300] * 1e3, g[:, :300].mean(axis=0) * 1e9, color=shade, linewidth=2.5, linestyle=line, label="mean of trials")
        axes[1].hist(g.ravel() * 1e9, bins=60, density=True, histtype="step", color=shade, linestyle=line, label=name)
        # Independent samples: those of a conductance are correlated over 2 tau.
        samples = cells * t[-1] / (2 * float(drive.tau))
        error = sd / np.sqrt(samples)
        rows.append(Row(f"{name}: ensemble mean (nS)", f"K G tau R = {mean * 1e9:.4f}", f"{g.mean() * 1e9:.4f} +- {error * 1e9:.4f}", abs(g.mean() - mean) < 4 * error))
        # The variance of a variance of nearly normal samples, with the excess that shot noise of few events has: third cumulants are neglected at 4 s.e.
        sd_error = sd / np.sqrt(2 * samples / 2)
        rows.append(Row(f"{name}: standard deviation (nS)", f"Campbell: {sd * 1e9:.4f}", f"{g.std() * 1e9:.4f} +- {sd_error * 1e9:.4f}", abs(g.std() - sd) < 4 * sd_error))
        sizes = np.array([1, 3, 10, 30, 100, 300, 1000])
        sizes = sizes[sizes <= cells // 3]
        off = [np.sqrt(np.mean([(g[start:start + n].mean(axis=0) - mean) ** 2 for start in range(0, cells - n + 1, n)])) for n in sizes]
        axes[2].loglog(sizes, np.array(off) * 1e9, color=shade, marker="o", linestyle="", label=name)
        axes[2].loglog(sizes, sd / np.sqrt(sizes) * 1e9, color=shade, linestyle=line, label="Campbell / sqrt(N)")
        exponent = np.polyfit(np.log(sizes), np.log(off), 1)[0]
        # Each root mean square is known to 1/sqrt(2 samples of that size); the largest sizes have cells/N blocks.
        spread = 1 / np.sqrt(2 * samples / sizes)
        design = np.log(sizes) - np.log(sizes).mean()
        exponent_error = np.sqrt(np.sum((design * spread) ** 2)) / np.sum(design**2)
        rows.append(Row(f"{name}: error of the mean of N trials, exponent of N", "-1/2", f"{exponent:.3f} +- {exponent_error:.3f}", abs(exponent + 0.5) < 4 * exponent_error))
    axes[0].set(xlabel="time (ms)", ylabel="conductance (nS)", ylim=(0, None))
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", ncols=4, loc="outside lower center")
    axes[1].set(xlabel="conductance (nS)", ylabel="density (1/nS)")
    axes[1].legend(fontsize="small")
    axes[2].set(xlabel="trials averaged, N", ylabel="error of the mean (nS)")
    axes[2].legend(fontsize="small")
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
