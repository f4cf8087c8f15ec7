"""Rates and inputs of single cells of a balanced network."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.balanced_networks import (
    BALANCED,
    POPULATIONS,
    SEEDS,
    SIZE,
    balanced,
    measure,
    theories,
)
from b2reduce.experiments.script import Row


def figure_of(long):
    """The figure, and rows of the table."""
    K, size, seeds = (800, SIZE, SEEDS) if long else (400, 4000, 3)
    external = np.linspace(0.1, 0.5, 5)
    networks = [BALANCED | {"m0": m0} for m0 in external]
    # (m0, seed, population)
    each = np.array([measure(network, K, size=size, seeds=seeds) for network in networks])
    runs = each.mean(axis=1)
    law = np.array([balanced(network).rates for network in networks])
    counted = np.array([theories(network, K, size)["counted"] for network in networks])
    figure, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
    for number, (name, marker) in enumerate(zip(POPULATIONS, "os")):
        ax.plot(
            external,
            runs[:, number],
            ls="none",
            marker=marker,
            color="black",
            mfc="white" if number else "black",
            label=f"{name}, simulated, K = {K}",
        )
        ax.plot(
            external,
            counted[:, number],
            color="black",
            ls=("-", "--")[number],
            label=f"{name}, mean field, inputs counted",
        )
        ax.plot(
            external, law[:, number], color="0.5", ls=("-", "--")[number], lw=1, label=f"{name}, linear law"
        )
    ax.set(
        xlabel="external activity m0 (fraction active)",
        ylabel="activity (fraction active)",
        title="activity follows the input",
        ylim=(0, None),
    )
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    slope_of = lambda values: np.polyfit(external, values, 1)[0]
    slopes, fields, wanted = slope_of(runs), slope_of(counted), -np.linalg.solve(BALANCED["J"], BALANCED["E"])
    # Over seeds, pooled over m0 as they are few.
    sem = np.sqrt(each.var(axis=1, ddof=1).mean(axis=0) / seeds / np.sum((external - external.mean()) ** 2))
    curved = lambda rates: max(
        np.abs(values - np.polyval(np.polyfit(external, values, 1), external)).max() / np.ptp(values)
        for values in rates.T
    )
    spread = 3 * np.max(sem / slopes)  # three standard errors of a slope, of the range
    pair = lambda values: ", ".join(f"{value:.3f}" for value in values)
    return figure, [
        Row(
            "slope of activity over external activity, E and I",
            f"{pair(wanted)} as K grows; mean field with counted inputs at K = {K}: {pair(fields)}",
            ", ".join(f"{value:.3f} +- {error:.3f}" for value, error in zip(slopes, sem)),
            np.all(np.abs(slopes - fields) < 4 * sem),
        ),
        Row(
            "largest distance from a straight line, of the range",
            f"linear as K grows, though units are thresholds; mean field {100 * curved(counted):.1f} % at K"
            f" = {K}",
            f"{100 * curved(runs):.1f} %",
            curved(runs) < curved(counted) + spread,
        ),
    ]
