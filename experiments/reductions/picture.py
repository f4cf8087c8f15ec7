"""The picture of the benchmark: the error of every entry at every circuit."""

from __future__ import annotations

import numpy as np
from b2reduce.experiments.reductions.entries import ENTRIES
from b2reduce.experiments.reductions.listing import FOLDER, listed
from b2reduce.experiments.reductions.score import outcomes_of
from b2reduce.experiments.reductions.scoring import LIMIT

from b2reduce.results.plots.style import style

__all__ = ["picture"]

LOWEST, HIGHEST = 0.1, 300.0  # percent: errors beyond stand at the edge
# Told apart without colour: by shape, and by whether they are filled
LOOKS = {
    "linear": dict(marker="o", color="black", fill=False),
    "gain": dict(marker="D", color="0.45", fill=False),
    "surface": dict(marker="^", color="black", fill=False),
    "transfer": dict(marker="s", color="black", fill=True),
    "quenched": dict(marker="P", color="black", fill=False),
    "noise-free": dict(marker="x", color="0.35", fill=True),
    "nnmt": dict(marker="*", color="0.45", fill=True),
}
SHIFT = 0.13  # of a row, between entries, which often have the same error


def picture():
    """A Figure: a row a circuit, a mark an entry; none where its prediction is missing."""
    import matplotlib.pyplot as plt

    names = list(listed())
    with plt.style.context(style()):
        figure, ax = plt.subplots(figsize=(8.5, 11))
        for number, entry in enumerate(ENTRIES):
            found = outcomes_of(FOLDER / "entries" / f"{entry}.csv")
            errors = np.array([found[name].error for name in names])
            rows = np.arange(len(names)) + SHIFT * (number - (len(ENTRIES) - 1) / 2)
            told = ~np.isnan(errors)
            look = LOOKS[entry]
            ax.plot(
                np.clip(100 * errors[told], LOWEST, HIGHEST),
                rows[told],
                linestyle="none",
                marker=look["marker"],
                color=look["color"],
                markerfacecolor=look["color"] if look["fill"] else "none",
                markersize=7 if look["marker"] == "*" else 4.5,
                label=f"{entry} ({told.sum()} of {len(names)})",
            )
        for row in range(0, len(names), 2):
            ax.axhspan(row - 0.5, row + 0.5, color="0.95", zorder=0)
        ax.axvline(100 * LIMIT, color="0.3", linestyle="--", linewidth=1)
        ax.text(100 * LIMIT, -0.65, "15 %", ha="center", va="bottom", fontsize=9)
        ax.set(
            xscale="log",
            xlim=(LOWEST * 0.85, HIGHEST * 1.15),
            ylim=(len(names) - 0.5, -0.5),
            ylabel="circuit (in the order of the list)",
            xlabel="largest error of a mean rate (%); at the right edge: 300 % or more, or no number",
        )
        ax.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        ax.set_yticks(range(len(names)), names, fontsize=8.5)
        ax.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper center", ncols=4)
    return figure
