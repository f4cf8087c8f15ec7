"""Figures of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import one_of, require, to_si, wrong_kind
from ..basics.errors import InputError
from ..networks.activity import Activity
from ..results.plots.style import LINES, MARKERS, axes_of, beside
from .comparison import Comparison
from .frequencies import FrequencyComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..basics.types import QuantityLike
    from .validation import Validation

__all__ = ["plot_frequencies", "plot_comparison", "plot_levels", "plot_cells"]


def plot_frequencies(
    slow: FrequencyComparison, *, population: str, column: str = "error", ax: Axes | None = None, **kwargs
) -> Axes:
    """The error of rate models, or a gain or a phase, over the frequency of the drive.

    Parameters
    ----------
    slow : FrequencyComparison
    population : str
    column : {"error", "gain", "phase"}
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the lines.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(slow, FrequencyComparison, "plot_frequencies, slow")
    one_of(column, ("error", "gain", "phase"), "column")
    one_of(population, sorted(set(slow.table["population"])), "population")
    ax = axes_of(ax)
    table, drive = slow.table[slow.table["population"] == population], float(np.asarray(slow.amplitude))
    first = table[table["model"] == table["model"].iloc[0]]
    unit, own = {"error": (100.0, None), "gain": (1 / drive, "spiking"), "phase": (1.0, "spiking_phase")}[
        column
    ]
    if own is None:
        ax.fill_between(
            first["frequency"], 0, unit * first["error_sem"], color="0.85", lw=0, label="counting alone"
        )
        ax.plot(first["frequency"], unit * first["static_error"], color="0.5", ls=":", label="at once")
    else:
        sem = (
            first["spiking_sem"] * unit
            if column == "gain"
            else np.degrees(first["spiking_sem"] / first["spiking"])
        )
        ax.errorbar(
            first["frequency"],
            unit * first[own],
            yerr=sem,
            fmt="o",
            color="k",
            mfc="w",
            capsize=2,
            label="spiking",
        )
    for number, (name, rows) in enumerate(table.groupby("model", sort=False)):
        values = unit * rows[{"error": "error", "gain": "rate", "phase": "rate_phase"}[column]]
        marker = {"marker": MARKERS[number % len(MARKERS)]} if own is None else {}
        ax.plot(
            rows["frequency"], values, **{"ls": LINES[number % len(LINES)], "label": name, **marker, **kwargs}
        )
    ax.set(
        xscale="log",
        xlabel="frequency of the drive (Hz)",
        ylabel={
            "error": f"error of {population} (% of the response)",
            "gain": f"gain of {population} (Hz/Hz)",
            "phase": f"phase of {population} (degrees)",
        }[column],
    )
    if column != "phase":
        ax.set_ylim(bottom=0)
    ax.legend(fontsize=8)
    return ax


def plot_comparison(comparison: Comparison, *, ax: Axes | None = None, **kwargs) -> Axes:
    """Bars of the spiking rate against the rate model's, the spread over seeds as error bars.

    Parameters
    ----------
    comparison : Comparison
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to both sets of bars.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(comparison, Comparison, "plot_comparison, comparison")
    ax = axes_of(ax)
    table, place = comparison.table, np.arange(len(comparison.table))
    seeds = comparison.seeds.shape[1]
    ax.bar(
        place - 0.2,
        table["spiking"],
        0.38,
        yerr=table["spread"] if seeds > 1 else None,
        capsize=4,
        color="#1b3a57",
        label=f"spiking ({seeds} seed{'s' if seeds > 1 else ''})",
        **kwargs,
    )
    ax.bar(
        place + 0.2,
        table["rate"],
        0.38,
        color="#e9c9a8",
        edgecolor="k",
        hatch="///",
        label="rate model",
        **kwargs,
    )
    for x, (_, row) in zip(place, table.iterrows()):
        ax.annotate(
            f"{100 * row['error']:+.1f} %",
            (x + 0.2, row["rate"]),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    top = max(table["spiking"].max(), table["rate"].max())
    ax.set(ylabel="rate (Hz)", xlabel="population", ylim=(0, 1.35 * top if top > 0 else 1))
    ax.set_xticks(place, table.index)
    ax.legend(loc="upper center", ncols=2)
    return ax


def plot_levels(validation: Validation, *, ax: Axes | None = None, **kwargs) -> Axes:
    """Mean rates of every level of the rate model beside those of the spiking network, a row a population.

    Parameters
    ----------
    validation : Validation
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the bars of the spiking network.

    Returns
    -------
    matplotlib.axes.Axes
        Rates over populations. The grey band is 15 % around the spiking rate, the range of a quantitative
        reduction, and never less than 15 % of 1 Hz.
    """
    if type(validation).__name__ != "Validation":  # which is made of what stands below the figures
        raise InputError(f"plot_levels, validation: {wrong_kind(validation, 'Validation')}")
    ax = axes_of(ax)
    table, levels = validation.comparison.table, validation.levels
    place = np.arange(len(table))
    band = 0.15 * np.maximum(table["spiking"], 1.0)
    ax.barh(place, 2 * band, 0.9, left=table["spiking"] - band, color="0.88", lw=0)
    ax.barh(
        place,
        table["spiking"],
        0.38,
        xerr=table["spread"] if validation.comparison.seeds.shape[1] > 1 else None,
        **{"color": "#8fa3b8", "capsize": 3, "label": "spiking", **kwargs},
    )
    top = 1.25 * (table["spiking"] + band).max()
    shown = [
        level
        for level in levels.index
        if np.isfinite(levels.loc[level, list(table.index)].to_numpy(dtype=float)).all()
    ]
    for number, level in enumerate(shown):
        rates = levels.loc[level, list(table.index)].to_numpy(dtype=float)
        own = level == validation.reduced.level
        beyond = rates > top
        ax.plot(
            np.minimum(rates, top),
            place - 0.24 + 0.16 * number,
            ls="",
            marker=MARKERS[number % len(MARKERS)],
            ms=7 if own else 6,
            mfc="k" if own else "w",
            mec="k",
            clip_on=False,
            zorder=4,
            label=level,
        )
        for x in place[beyond]:
            ax.annotate(
                f"{rates[x]:.3g} Hz",
                (top, x - 0.24 + 0.16 * number),
                xytext=(-6, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=7,
            )
    ax.set(xlabel="mean rate (Hz)", xlim=(0, top), ylim=(len(table) - 0.5, -0.5))
    ax.set_yticks(place, table.index)
    ax.legend(fontsize=8, **beside(ax))
    return ax


def plot_cells(
    spikes: Activity,
    rates: Activity,
    population: str,
    *,
    after: QuantityLike | None = None,
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
    """How rates are distributed over the cells of a population.

    Parameters
    ----------
    spikes : Activity
        A spiking run.
    rates : Activity
        The rate run with one unit a cell on the same wiring.
    population : str
    after : Quantity, optional
        Start of the time over which rates are taken.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the histogram of the spiking cells.

    Returns
    -------
    matplotlib.axes.Axes
        The histogram of spike counts, the rates of the units, and these with the scatter that counting adds.
    """
    require(spikes, Activity, "plot_cells, spikes")
    require(rates, Activity, "plot_cells, rates")
    one_of(population, rates.populations, "population")
    from ..networks.counting import counted_density

    ax = axes_of(ax)
    measured = spikes.cell_means_(after)[population]
    own = rates.cell_means_(after)[population]
    x, density = counted_density(spikes, rates, population, after)
    # Rates are whole numbers of spikes, and so must bins be
    one = 1 / (spikes.duration_ - (0.0 if after is None else to_si(after, "s", "after")))
    width = max(np.ceil(np.ptp(measured) / 30 / one), 1) * one
    edges = np.arange(measured.min() - one / 2, measured.max() + width + one, width)
    ax.hist(measured, list(edges), density=True, **{"color": "0.75", "label": "spiking", **kwargs})
    ax.plot(x, density, "k", lw=1.5, label="rate model, counted")
    ax.axvline(own.mean(), color="k", ls="--", lw=1.0, label="rate model, mean")
    ax.plot(own, np.full(own.size, -0.03 * density.max()), "|", color="k", ms=6, mew=0.5)
    ax.set(xlabel=f"rate of cells of {population} (Hz)", ylabel="density (1/Hz)")
    ax.legend(fontsize=7)
    return ax
