"""Averaging synaptic input over trials (Figure 3 of the lecture: Hasenstaub, Shu, Haider, Kraushaar, Duque &
McCormick 2005).

A cell receives excitation and inhibition from many inputs. In one trial its conductances fluctuate about K G
tau r with the standard deviation G sqrt(K r tau/2) (Campbell). The mean of N trials is off by that over
sqrt(N); one trial of K inputs with G ~ 1/K is off by 1/sqrt(2 K r tau) of the mean: trials and inputs average
alike.

Neighbours that share inputs do not: where a share c of the inputs is common to all cells, the mean over N of
them is off by sd sqrt(c + (1 - c)/N), which no number of cells lowers below sd sqrt(c).
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.recorded_conductances import campbell, error_of_mean, error_of_sd, memory, recorded
from b2reduce.experiments.script import Row, run
from brian2 import Hz, ms, mV, nS

import b2reduce as b2r

TITLE = "Conductances: single trial, ensemble, and the error of the ensemble"
DOI = "doi:10.1016/j.neuron.2005.06.016"
SEED = 1
MINUTES = (0.1, 0.2)  # short, long
DEPARTURES = (
    (
        "The lecture takes a figure of the paper as an illustration of averaging; the paper's subject, the"
        " synchrony that inhibition carries, is not reproduced."
    ),
    (
        "Inputs are Poisson trains at constant rates, as the derivation supposes; those of the paper come in"
        " waves (Up states)."
    ),
    (
        "Cells share no input, but for the second panel of fig2. In the paper inhibitory potentials have more"
        " power above some 10 Hz than excitatory ones and are more synchronous between neighbours."
    ),
    "Recorded are the conductances of model cells, not postsynaptic potentials.",
)
EXCITATION = b2r.Drive(name="exc", target="E", inputs=400, rate=5 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
INHIBITION = b2r.Drive(name="inh", target="E", inputs=100, rate=10 * Hz, G=1.0 * nS, tau=10 * ms, E=-80 * mV)
SHARED = 0.1  # of the inputs, in the case that averaging over cells fails


def fig1(long=False):
    """One trial, the mean of all, their scatter, and the error of the mean of N."""
    cells = 4000 if long else 1000
    # Each size divides the next and the number of cells: every block is made of whole smaller ones, and none
    # is left over.
    sizes = np.array([1, 5, 10, 50, 100, 500])
    conductances, t, dt_ = recorded([EXCITATION, INHIBITION], cells, 1.0, SEED)
    duration_ = len(t) * (t[1] - t[0])
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    rows = []
    for drive, line, shade, marker in ((EXCITATION, "-", "black", "o"), (INHIBITION, "--", "0.5", "s")):
        g = conductances[drive.name]
        (limit, limit_sd, _), (mean, sd, excess) = campbell(drive, 1e-9), campbell(drive, dt_)
        name, tau_ = {"exc": "excitation", "inh": "inhibition"}[drive.name], float(drive.tau)
        shown = t < 0.3
        axes[0].plot(t[shown] * 1e3, g[0, shown] * 1e9, color=shade, linewidth=1)
        axes[0].plot(t[shown] * 1e3, g[:, shown].mean(axis=0) * 1e9, color=shade, linewidth=2.5)
        axes[0].text(
            150,
            {"exc": 0.6, "inh": 17.2}[drive.name],
            f"{name}: one trial, mean of {cells}",
            ha="center",
            color=shade,
            fontsize="small",
        )
        axes[1].hist(
            g.ravel() * 1e9, bins=60, density=True, histtype="stepfilled", color=shade, alpha=0.35, label=name
        )
        z = np.linspace(-4, 4, 200)
        normal = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / (sd * 1e9)
        # The third cumulant, K r tau G^3/3, tilts the curve.
        skewness = float(drive.G) ** 3 * drive.inputs * float(drive.rate) * tau_ / 3 / sd**3
        axes[1].plot(
            (mean + z * sd) * 1e9,
            normal * (1 + skewness / 6 * (z**3 - 3 * z)),
            color=shade,
            linestyle=line,
            label="Campbell's cumulants",
        )
        # The mean over cells and time has one independent sample for each memory of a cell.
        error = sd * np.sqrt(memory(tau_, t) / (cells * duration_))
        rows.append(
            Row(
                f"{name}: mean over trials (nS)",
                f"K G tau r = {limit * 1e9:.4f}; {mean * 1e9:.4f} on the time grid",
                f"{g.mean() * 1e9:.4f} +- {error * 1e9:.4f}",
                abs(g.mean() - mean) < 4 * error,
            )
        )
        found, sd_error = np.sqrt(np.mean((g - mean) ** 2)), sd * error_of_sd(excess, tau_, t, cells)
        rows.append(
            Row(
                f"{name}: standard deviation (nS)",
                f"Campbell: {limit_sd * 1e9:.4f}; {sd * 1e9:.4f} on the time grid",
                f"{found * 1e9:.4f} +- {sd_error * 1e9:.4f}",
                abs(found - sd) < 4 * sd_error,
            )
        )
        off = np.array([error_of_mean(g, n, mean) for n in sizes])
        axes[2].loglog(sizes, off * 1e9, color=shade, marker=marker, linestyle="", label=f"{name}, measured")
        axes[2].loglog(
            sizes, sd / np.sqrt(sizes) * 1e9, color=shade, linestyle=line, label="Campbell / sqrt(N)"
        )
        exponent = np.polyfit(np.log(sizes), np.log(off), 1)[0]
        # Means of blocks are made of the same cells. For n <= m the relative covariance of the two mean
        # squares is (2 n + excess) memory/(cells duration): 2 n as a block of m holds m/n blocks of n, each
        # correlated with it by sqrt(n/m). The excess is common to all and shifts no slope.
        covariance = np.minimum.outer(sizes, sizes) * memory(tau_ / 2, t) / (2 * cells * duration_)
        design = np.log(sizes) - np.log(sizes).mean()
        exponent_error = np.sqrt(design @ covariance @ design) / np.sum(design**2)
        rows.append(
            Row(
                f"{name}: error of the mean of N trials, exponent of N",
                "-1/2",
                f"{exponent:.4f} +- {exponent_error:.4f}",
                abs(exponent + 0.5) < 4 * exponent_error,
            )
        )
    axes[0].set(
        xlabel="time (ms)", ylabel="conductance (nS)", ylim=(0, 18.5), title="(a) trials and their mean"
    )
    axes[1].set(
        xlabel="conductance (nS)",
        ylabel="density (1/nS)",
        xlim=(0, 20),
        title="(b) conductances over all trials",
    )
    axes[1].legend(fontsize="small", loc="upper right")
    axes[2].set(
        xlabel="trials averaged, N",
        ylabel="error of the mean (nS)",
        title="(c) error of the mean of N trials",
    )
    axes[2].legend(fontsize="small", loc="lower left")
    return figure, rows


# %%
def fig2(long=False):
    """Averages over inputs in one trial, and averages over cells that share inputs."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    numbers, tau_ = np.array([25, 100, 400, 1600]), float(EXCITATION.tau)
    drives = [
        b2r.Drive(
            name=f"exc{K}",
            target="E",
            inputs=int(K),
            rate=EXCITATION.rate,
            G=EXCITATION.G * EXCITATION.inputs / K,
            tau=EXCITATION.tau,
            E=EXCITATION.E,
        )
        for K in numbers
    ]
    cells = 200 if long else 100
    conductances, t, dt_ = recorded(drives, cells, 4.0 if long else 1.0, SEED)
    mean, sd, excess = np.array([campbell(drive, dt_) for drive in drives]).T
    found = (
        np.array([np.sqrt(np.mean((conductances[drive.name] - m) ** 2)) for drive, m in zip(drives, mean)])
        / mean
    )
    errors = error_of_sd(excess, tau_, t, cells)
    left.errorbar(
        numbers,
        found,
        yerr=found * errors,
        color="black",
        marker="o",
        linestyle="",
        label="single trials, measured",
    )
    left.loglog(
        numbers,
        1 / np.sqrt(2 * numbers * float(EXCITATION.rate) * tau_),
        color="black",
        label="Campbell: 1/sqrt(2 K r tau)",
    )
    left.set(
        xlabel="inputs K, with G ~ 1/K",
        ylabel="standard deviation / mean",
        xticks=numbers,
        xticklabels=numbers,
        title="(a) more inputs",
    )
    left.set_yticks(ticks := [0.1, 0.2, 0.4], labels=[f"{tick:g}" for tick in ticks])
    left.minorticks_off()
    left.legend(fontsize="small")
    design = np.log(numbers) - np.log(numbers).mean()
    exponent, exponent_error = (
        design @ np.log(found) / np.sum(design**2),
        np.sqrt(np.sum((design * errors) ** 2)) / np.sum(design**2),
    )
    rows = [
        Row(
            "excitation: standard deviation/mean in one trial, exponent of K",
            "-1/2",
            f"{exponent:.4f} +- {exponent_error:.4f}",
            abs(exponent + 0.5) < 4 * exponent_error,
        )
    ]

    # Conductances add: a group of cells has its own inputs and, all of them, the common ones, which one cell
    # of each group has drawn.
    groups, size = 20 if long else 8, 100
    common = round(SHARED * EXCITATION.inputs)
    parts = [
        b2r.Drive(
            name=name,
            target="E",
            inputs=inputs,
            rate=EXCITATION.rate,
            G=EXCITATION.G,
            tau=EXCITATION.tau,
            E=EXCITATION.E,
        )
        for name, inputs in (("own", EXCITATION.inputs - common), ("common", common))
    ]
    conductances, t, dt_ = recorded(parts, groups * size, 1.0, SEED)
    g = conductances["own"] + np.repeat(conductances["common"][::size], size, axis=0)
    mean, sd, excess = campbell(EXCITATION, dt_)
    sizes = np.array([1, 2, 5, 10, 20, 50, 100])
    expected = lambda n, c=SHARED: np.sqrt(c + (1 - c) / n)
    off = np.array([error_of_mean(g, n, mean) for n in sizes]) / sd
    dense = np.geomspace(1, size, 100)
    right.loglog(
        sizes,
        off,
        color="black",
        marker="o",
        linestyle="",
        label=f"{100 * SHARED:.0f} % of the inputs shared",
    )
    right.loglog(dense, expected(dense), color="black", label="sqrt(c + (1 - c)/N)")
    right.loglog(dense, expected(dense, 0), color="0.5", linestyle="--", label="none shared: 1/sqrt(N)")
    right.set(
        xlabel="cells averaged, N",
        ylabel="error of the mean / sd of one cell",
        title="(b) cells that share inputs",
    )
    right.legend(fontsize="small", loc="lower left")
    # Cumulants of the mean of a group: of the common inputs as they are, of the others over powers of N.
    peaked = excess * (SHARED + (1 - SHARED) / size**3) / expected(size) ** 4
    error = expected(size) * error_of_sd(peaked, tau_, t, groups)
    unit = expected(size, 0)
    rows.append(
        Row(
            f"{100 * SHARED:.0f} % of the inputs shared: error of the mean of {size} cells, over"
            f" sd/sqrt({size})",
            f"sqrt(1 + c (N - 1)) = {expected(size) / unit:.2f}; 1 with inputs of their own",
            f"{off[-1] / unit:.2f} +- {error / unit:.2f}",
            abs(off[-1] - expected(size)) < 4 * error,
        )
    )
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
