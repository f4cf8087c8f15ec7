"""The balanced state of binary networks (van Vreeswijk & Sompolinsky 1996) as the number of inputs K grows.

Weights J_ab/sqrt(K), external input sqrt(K) E_a m_0, random wiring with probability K/N. Mean activities
approach the linear law J m + E m_0 = 0 as 1/sqrt(K). What is left at finite K is laid beside three theories:
the law to first order in 1/sqrt(K), the Gaussian mean field, and the mean field with the numbers of active
inputs counted as they are, binomial. Inputs are sums of a few weights and take steps: what the Gaussian
leaves, up to O(1/K) and uneven in K, is the width of these steps and skewness.

Activity is irregular without noise from outside: units of one population differ in their mean activities, as
their numbers of inputs do, and each fluctuates about its own, as its input does.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.balanced_cells import figure_of
from b2reduce.experiments.balanced_networks import (
    BALANCED,
    KS,
    POPULATIONS,
    SEED,
    SEEDS,
    SIZE,
    WARMUP,
    balanced,
    counted_squares,
    exponent,
    settings,
    sweep_over_K,
    theories,
    verdicts,
)
from b2reduce.experiments.script import Row, run

import b2reduce as b2r

__all__ = ["draw", "fig1", "fig2", "fig3"]

TITLE = "Balanced networks of binary units"
DOI = "doi:10.1126/science.274.5293.1724"
MINUTES = (0.6, 2.9)  # short, long
DEPARTURES = (
    (
        "Weights and thresholds are chosen so that terms in 1/K are small from K = 50 on; the claims, not the"
        " paper's curves, are reproduced."
    ),
    (
        "Chaos, that is how two nearby states of one network part, is not tested. Fast tracking is tested by"
        " the decay rates of the mean field alone: runs are kept after every sweep of all units, by when a"
        " change has been tracked."
    ),
    "Wiring has a given mean number of inputs from each population, drawn with probability K/N.",
)


def draw(rows, ax):
    """Distance of mean activities from the linear law over K, both axes logarithmic."""
    Ks = np.array([row["K"] for row in rows])
    for number, (name, marker) in enumerate(zip(POPULATIONS, "os")):
        distance = lambda key: np.array([abs(row[key][number] - row["linear"][number]) for row in rows])
        ax.errorbar(
            Ks,
            distance("rates"),
            yerr=[row["sem"][number] for row in rows],
            ls="none",
            marker=marker,
            color="black",
            mfc="white" if number else "black",
            label=f"{name}, simulated",
        )
        ax.plot(
            Ks,
            distance("Gaussian"),
            color="black",
            ls=("-", "--")[number],
            label=f"{name}, Gaussian mean field",
        )
        ax.plot(
            Ks,
            distance("counted"),
            ls="none",
            marker="x",
            ms=9,
            color="0.4",
            label="inputs counted" if number else None,
        )
    for number, name in enumerate(POPULATIONS):
        ax.plot(
            Ks,
            [abs(row["first order"][number] - row["linear"][number]) for row in rows],
            color="0.6",
            ls=(":", "-.")[number],
            label=rf"{name}, first order, $\propto 1/\sqrt{{K}}$",
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="mean number of inputs K",
        ylabel="|activity − linear law| (fraction active)",
        title="what finite K leaves of the linear law",
        xticks=Ks,
        xticklabels=Ks,
    )
    ax.set_yticks(ticks := [0.01, 0.02, 0.05, 0.1], labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


# %%
def fig1(long=False):
    """Distance of mean activities from the linear law J m + E m0 = 0, simulated and by three theories."""
    size, seeds, Ks = (SIZE, SEEDS, KS) if long else (5000, 3, (50, 100, 200, 400, 800))
    rows = sweep_over_K(BALANCED, Ks, size=size, seeds=seeds)
    figure, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
    draw(rows, ax)
    far = np.array([1e6, 1e7, 1e8])
    state = balanced(BALANCED)
    fields = [b2r.binary.binary_mean_field(**settings(BALANCED, K), initial=state.rates) for K in far]
    distances, first = (
        np.array([field.rates - state.rates for field in fields]).T,
        np.array([state.at(K) - state.rates for K in far]).T,
    )
    decays, leading = (
        np.array([-np.sort(field.eigenvalues.real) for field in fields]).T,
        -np.sort(state.eigenvalues.real)[:, None] * np.sqrt(far),
    )
    table = []
    for what, values, limits, wanted in (
        ("distance from the linear law", distances, first, -0.5),
        ("decay rates of deviations in sweeps", decays, leading, 0.5),
    ):
        slopes = np.array([exponent(far, each)[0] for each in values])
        # The next order is a share c/sqrt(K): what it is at 1e6 falls to a tenth over a hundredfold K, and
        # shifts the slope by 0.9 of it over log 100. Twice that, for the orders beyond.
        bounds = 1.8 * np.abs(values[:, 0] / limits[:, 0] - 1) / np.log(100)
        table.append(
            Row(
                f"mean field: {what}, exponent over K = 1e6 to 1e8",
                f"{wanted:+.1f} +- {', '.join(f'{bound:.5f}' for bound in bounds)} (the next order in"
                " 1/sqrt(K))",
                ", ".join(f"{value:+.5f}" for value in slopes),
                np.all(np.abs(slopes - wanted) <= bounds),
            )
        )
    table += [
        Row(
            f"{found['population']}: exponent over K = {Ks[0]} to {Ks[-1]}, simulated",
            f"-0.5 as K grows; {found['expected']:.3f} over these K, where 1/K counts",
            f"{found['slope']:.3f} +- {found['sem']:.3f}",
            found["good"],
        )
        for found in verdicts(rows)
    ]
    # Four standard errors; of ten numbers whose errors are pooled over ten runs of each population or more,
    # one in 100 tables has one outside.
    off = np.array([(row["rates"] - row["counted"]) / row["sem"] for row in rows])
    last = rows[-1]
    table.append(
        Row(
            f"mean activities of E and I, with counted inputs, over all K; at K = {last['K']}",
            f"{last['counted'][0]:.4f}, {last['counted'][1]:.4f}; linear law {last['linear'][0]:.4f},"
            f" {last['linear'][1]:.4f}",
            ", ".join(f"{value:.4f} +- {sem:.4f}" for value, sem in zip(last["rates"], last["sem"]))
            + f"; {np.abs(off).max():.1f} standard errors at most over {len(Ks)} K",
            np.abs(off).max() < 4,
        )
    )
    return figure, table


# %%
def fig2(long=False):
    """Mean activities over the external activity.

    Linear in the balanced state, though each unit is a threshold.
    """
    return figure_of(long)


# %%
def fig3(long=False):
    """Irregular activity.

    Single units over time, and the mean activities of all, which differ as wiring does.
    """
    from scipy.special import ndtr, ndtri

    K, size, seeds, sweeps = (800, SIZE, 5, 1000) if long else (800, 4000, 4, 400)
    found = []
    for seed in range(SEED, SEED + seeds):
        drawn = b2r.binary.random_binary_network(**settings(BALANCED, K, size), seed=seed)
        states = b2r.binary.simulate_binary(
            drawn, sweeps=WARMUP + sweeps, initial=0.3, seed=seed, record=True
        ).history[WARMUP + 1 :]
        # Means over two stretches of time, twenty sweeps apart: their product is not raised by what
        # fluctuates in either.
        first, second = states[: sweeps // 2 - 10].mean(axis=0), states[sweeps // 2 + 10 :].mean(axis=0)
        found.append([(first[part] * second[part]).mean() for part in drawn.slices.values()])
    squares, sem = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(seeds)
    rates = theories(BALANCED, K, size)["counted"]
    counted = counted_squares(BALANCED, K, size, rates)
    # Of the variance of a unit's input: that which its wiring makes
    share = BALANCED["J"] ** 2 @ counted / (BALANCED["J"] ** 2 @ rates)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    shown = states[-80:, np.r_[0:20, size : size + 20]]
    time, unit = np.nonzero(shown)
    left.plot(time, unit, color="black", ls="none", marker="|", ms=4)
    left.axhline(19.5, color="0.5", lw=1)
    left.set(
        xlabel="time (sweeps of all units)",
        ylabel="unit",
        yticks=[10, 30],
        yticklabels=["20 of E", "20 of I"],
        title=f"(a) when units are active, K = {K}",
    )
    last, edges = states.mean(axis=0), np.linspace(0, 1, 51)
    for number, (part, line, shade) in enumerate(zip(drawn.slices.values(), ("-", "--"), ("0.75", "0.45"))):
        right.hist(
            last[part],
            edges,
            density=True,
            histtype="stepfilled" if number == 0 else "step",
            color=shade,
            label=f"{POPULATIONS[number]}, simulated",
        )
        # Mean activity of a unit whose wiring gives it x standard deviations of input more than others have;
        # (0, 1) is cut into the same bins.
        x = np.linspace(-8, 8, 20_001)
        activity = ndtr((ndtri(rates[number]) + np.sqrt(share[number]) * x) / np.sqrt(1 - share[number]))
        density, _ = np.histogram(activity, edges, weights=np.exp(-(x**2) / 2))
        right.plot(
            (edges[1:] + edges[:-1]) / 2,
            density / density.sum() / (edges[1] - edges[0]),
            color="black",
            ls=line,
            label=f"{POPULATIONS[number]}, Gaussian inputs",
        )
    right.set(
        xlabel="mean activity of a unit (fraction of time)",
        ylabel="density",
        title="(b) units differ",
        xlim=(0, 1),
    )
    right.legend(fontsize="small")
    pair = lambda values: ", ".join(f"{value:.4f}" for value in values)
    # A standard error from four seeds is itself uncertain: four of them are exceeded by chance in 3 of 100
    # such numbers.
    return figure, [
        Row(
            f"mean square of the units' mean activities, E and I, K = {K}",
            f"counted inputs: {pair(counted)}; {pair(rates)} if units were frozen, {pair(rates**2)} if all"
            " were alike",
            ", ".join(f"{value:.4f} +- {error:.4f}" for value, error in zip(squares, sem)),
            np.all(np.abs(squares - counted) < 4 * sem),
        )
    ]


# %%
if __name__ == "__main__":
    run(globals())
