"""Two kinds of adaptation and a shunt (Prescott, Ratte, De Koninck & Sejnowski 2006, with the cell of
Prescott & Sejnowski 2008).

An M-type current raises the threshold for firing that lasts, and the more so the larger the shunt: over a
window of currents the cell fires at onset and then falls silent. An afterhyperpolarisation that needs spikes
divides the gain and leaves the threshold where it was.

For the reduction the two are opposites. The afterhyperpolarisation makes the steady f-I curve straight, and
as an averaged variable, tau da/dt = -a + J r, it gives the rate model the overshoot of the spiking cells. The
M-type current is there before the first spike, follows the voltage and not the rate, and leaves a curve that
is neither straight nor shifted: the reduction warns of it and misses most of the overshoot.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.curvature_of_gains import figure_of
from b2reduce.experiments.script import Row, run
from b2reduce.experiments.two_adaptations import KINDS, LEAKS, RATES, SEED, SHUNTS, cell
from brian2 import Hz, cm, ms, msiemens, mV, second, uA

import b2reduce as b2r

TITLE = "Adaptation and shunting: transient against sustained firing"
DOI = "doi:10.1523/JNEUROSCI.1388-06.2006"
MINUTES = (0.7, 1.5)  # short, long
PICTURES = ("fig1", "fig3")
DEPARTURES = (
    (
        "The 2006 paper records cells; the model is the group's of 2008 (doi:10.1523/JNEUROSCI.1792-08.2008),"
        " with parameters from public re-implementations."
    ),
    "The paper's shunt is dynamic clamp; here the leak itself is 2, 3 and 4 mS/cm2, with the same reversal.",
    "No number of the 2006 paper is used: its claims are tested in kind, and the windows are this model's.",
    (
        "The population that takes a step of its drive is this package's own: 400 uncoupled cells with"
        " Poisson input."
    ),
)
GREYS = ("black", "0.35", "0.6")


# %%
def fig1(long=False):
    """Onset and steady state over current, for three leaks.

    Where they part, and where only the onset fires.
    """
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.8), sharey=True, layout="constrained")
    # UA/cm2
    first, sustained = (
        {kind: np.asarray(b2r.rheobase(cell(kind), SHUNTS, kind=how)) * 100 for kind in KINDS}
        for how in ("first_spike", "sustained")
    )
    for ax, kind in zip(axes, KINDS):
        # Curves jump at their thresholds: a point on either side of each.
        edges = np.concatenate([first[kind], sustained[kind]])
        currents = np.unique(
            np.concatenate([np.linspace(30, 160, 131 if long else 53), edges * 0.9995, edges * 1.0005])
        )
        surface = b2r.measure_fi(cell(kind), currents * uA / cm**2, SHUNTS, seed=SEED)
        for j, (g, grey) in enumerate(zip(LEAKS, GREYS)):
            ax.plot(
                currents, surface.rate_[:, j], color=grey, linestyle="-", label=f"steady state, {g} mS/cm²"
            )
        for j, grey in enumerate(GREYS):
            ax.plot(
                currents,
                np.nan_to_num(surface.onset_rate_[:, j]),
                color=grey,
                linestyle="--",
                label="onset" if j == 0 else None,
            )
            ax.axvspan(
                first[kind][j],
                sustained[kind][j],
                ymax=0.05,
                facecolor=grey,
                linewidth=0,
                label="fires at onset only" if j == 0 else None,
            )
        ax.set(title=kind, xlabel="current (µA/cm²)", xlim=(30, 160), ylim=(0, None))
    axes[0].set_ylabel("rate (Hz)")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=5)
    rows, show = [], lambda values: ", ".join(f"{value:.2f}" for value in values)
    widths = {kind: sustained[kind] - first[kind] for kind in KINDS}
    # Two searches to 1e-4; and firing of less than two spikes in the last second of two counts as none, which
    # adaptation may cause above threshold.
    searched = {kind: 1e-4 * (sustained[kind] + first[kind]) for kind in KINDS}
    rows.append(
        Row(
            "window of transient firing, I_M, at leaks 2, 3, 4 mS/cm² (µA/cm²)",
            "spiking stops, and the more easily the larger the shunt",
            show(widths["I_M"]),
            bool(np.all(np.diff(widths["I_M"]) > 2 * searched["I_M"][1:])),
            source="paper",
        )
    )
    slow = b2r.measure_adaptation(cell("I_AHP"), g=SHUNTS, rates=RATES * Hz, seed=SEED).J_ * 100 * 2
    rows.append(
        Row(
            "the same, I_AHP",
            f"none; up to {slow:.2f} is firing below 2 Hz",
            show(widths["I_AHP"]),
            bool(np.all(widths["I_AHP"] < searched["I_AHP"] + slow)),
            source="paper",
        )
    )
    rows.append(
        Row(
            "the same, no adaptation",
            "none",
            show(widths["no adaptation"]),
            bool(np.all(widths["no adaptation"] <= searched["no adaptation"])),
            source="paper",
        )
    )
    raised = {kind: sustained[kind] - sustained["no adaptation"] for kind in ("I_M", "I_AHP")}
    rows.append(
        Row(
            "threshold of lasting firing, less that without adaptation: I_M (µA/cm²)",
            "raised, the more the larger the shunt",
            show(raised["I_M"]),
            bool(
                np.all(np.diff(raised["I_M"]) > 2 * searched["I_M"][1:])
                and raised["I_M"][0] > searched["I_M"][0]
            ),
            source="paper",
        )
    )
    rows.append(
        Row(
            "the same, I_AHP",
            f"unchanged, to {slow:.2f}",
            show(raised["I_AHP"]),
            bool(np.all(np.abs(raised["I_AHP"]) < searched["I_AHP"] + slow)),
            source="paper",
        )
    )
    return figure, rows


def fig2(long=False):
    """What adaptation takes away.

    Current over rate, the kind that the package names, and what it makes of the linear law.
    """
    return figure_of(long)


# %%
def fig3(long=False):
    """A population of adapting cells after a step of its drive.

    Spikes, and the rate model with and without the averaged variable.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    rows, seeds, before, width = [], (5 if long else 2), 1.0, 10
    for ax, kind in zip(axes, ("I_M", "I_AHP")):
        drive = b2r.Drive(
            name="ext",
            target="E",
            inputs=400,
            rate=([0, before] * second, [15, 19] * Hz),
            G=0.03 * msiemens / cm**2,
            tau=5 * ms,
            E=0 * mV,
        )
        circuit = b2r.Circuit(
            name="adapting", populations={"E": b2r.Population(cell(kind), 400)}, drives=[drive], dt=0.05 * ms
        )
        runs = [
            b2r.simulate_spikes(circuit, duration=2 * before * second, seed=seed, record=0)
            for seed in range(SEED, SEED + seeds)
        ]
        t, trials = runs[0].t_ - before, np.array([run_.rate_[0] for run_ in runs])
        overshoot = lambda rate: rate[(t > 0) & (t < 0.1)].mean() / rate[t > 0.5].mean()
        spiking = overshoot(trials.mean(axis=0))
        # Counts of the first 100 ms are Poisson at worst; those of the rest are five times as many.
        counted = trials[:, (t > 0) & (t < 0.1)].mean() * 0.1 * 400 * seeds
        error = spiking * np.sqrt(1.2 / counted)
        binned = lambda values: values[: len(values) // width * width].reshape(-1, width).mean(axis=1)
        ax.plot(
            binned(t) * 1e3,
            binned(trials.mean(axis=0)),
            color="0.6",
            linestyle="-",
            linewidth=2.5,
            label="spiking, bins of 10 ms",
        )
        measured = b2r.measure_adaptation(cell(kind), g=SHUNTS, rates=RATES * Hz, seed=SEED)
        found = {}
        for label, adaptation, line in (
            ("rate model with adaptation", {"E": measured}, "-"),
            ("rate model without", None, "--"),
        ):
            reduced = b2r.reduce(circuit, at={"ext": 19 * Hz}, adaptation=adaptation, seed=SEED)
            rate = b2r.simulate_rates(reduced, duration=2 * before * second).rate_[0]
            ax.plot(t * 1e3, rate, color="black", linestyle=line, label=label)
            found[label] = overshoot(rate)
        ax.set(
            xlabel="time after the step (ms)",
            ylabel="rate (Hz)",
            xlim=(-100, 500),
            ylim=(0, None),
            title=kind,
        )
        with_it, without = found.values()
        share, share_error = (with_it - 1) / (spiking - 1), (with_it - 1) / (spiking - 1) ** 2 * error
        text = f"{spiking:.2f} +- {error:.2f}"
        measure = (
            f"{with_it:.2f} with adaptation, {without:.2f} without: {100 * share:.0f} +-"
            f" {100 * share_error:.0f} % of the overshoot"
        )
        if kind == "I_AHP":
            rows.append(
                Row(
                    f"{kind}: rate of the first 100 ms over the steady one",
                    text,
                    measure,
                    share - 2 * share_error > 0.5 and abs(without - 1) < (spiking - 1) / 2,
                    source="spiking",
                )
            )
        else:
            rows.append(
                Row(
                    f"{kind}: rate of the first 100 ms over the steady one",
                    text,
                    f"{measure}. It follows the voltage, which the rate model does not have",
                    source="spiking",
                )
            )
        rows.append(
            Row(
                f"{kind}: does the reduction warn?",
                "only where it should: at I_M",
                f"{len(reduced.warnings)} warnings",
                bool(reduced.warnings) == (kind == "I_M"),
            )
        )
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=3)
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
