"""Figures of maps.

Where the rate model holds over parameters of a circuit, and the rates of both networks there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, one_of, require
from ..basics.errors import InputError
from ..basics.units import readable
from ..results.plots.style import LINES, MARKERS, axes_of, beside, colours_of
from .regime_map import RegimeMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["in_field_units", "map_figure", "plot_map"]


def plot_map(
    regimes: RegimeMap,
    *,
    show: str = "error",
    population: str | None = None,
    level: str | None = None,
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
    """The largest error over one or two parameters, with its tiers, or the rates themselves; crosses mark
    points that carry a warning.

    Parameters
    ----------
    regimes : RegimeMap
        Over one or two parameters.
    show : {"error", "rates", "spiking", "rate"}
        The largest error; the rates of both networks over one parameter; or those of the spiking network or
        of the rate model that was validated over two, whose colours mean the same.
    population : str, optional
        Of rates: by default all over one parameter, the first over two.
    level : str, optional
        Of errors; by default the one that was validated.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the line, or to the map.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there are more than two parameters, or what is to be shown does not go with their number.
    """
    require(regimes, RegimeMap, "plot_map, regimes")
    one_of(show, ("error", "rates", "spiking", "rate"), "show")
    if show != "error":
        return _map_of_rates(regimes, show, population, ax, kwargs)
    from matplotlib.colors import BoundaryNorm, ListedColormap

    if level is not None and not isinstance(level, str):
        raise InputError(f"level: got {described(level)}, expected the name of a level")
    level, points, names = level or regimes.level, regimes.points, regimes.parameters
    if f"largest_error {level}" not in points or not 1 <= len(names) <= 2:
        raise InputError(
            f"regimes: got level {level!r} over {len(names)} parameters, expected a level of the map and one"
            " or two parameters"
        )
    points = points.assign(error=100 * points[f"largest_error {level}"].astype(float))
    # A model that runs away or a point that failed has no error: it is a breakdown.
    points["error"] = points["error"].fillna(np.inf).clip(upper=150)
    warned = points["warned"].fillna(True).astype(bool)
    points, labels = in_field_units(points, names)
    ax = axes_of(ax)
    if len(names) == 1:
        for limit in (15, 50):
            ax.axhline(limit, color="0.6", lw=0.8, ls=":")
        ax.plot(points[names[0]], points["error"], **{"color": "k", "marker": "o", "mfc": "w", **kwargs})
        ax.plot(points[names[0]][warned], points["error"][warned], "kx", label="with a warning")
        ax.set(xlabel=labels[names[0]], ylabel=f"largest error, level {level} (%)", ylim=(0, None))
    else:
        table = points.pivot_table(index=names[1], columns=names[0], values="error", dropna=False)
        edges = [0, 5, 15, 30, 50, 150]
        # Light to dark, so that tiers are told apart in grey.
        colours = ListedColormap(["#f7fbff", "#c6dbef", "#fdd49e", "#fc8d59", "#7f0000"])
        x, y = (np.asarray(axis, dtype=float) for axis in (table.columns, table.index))
        shown = ax.pcolormesh(
            x,
            y,
            table.to_numpy(),
            **{
                "cmap": colours,
                "norm": BoundaryNorm(edges, colours.N),
                "shading": "nearest",
                "rasterized": True,
                **kwargs,
            },
        )
        for a, b, error in zip(points[names[0]], points[names[1]], points["error"]):
            ax.annotate(
                f"{error:.0f}" if error < 150 else ">150",
                (a, b),
                ha="center",
                va="bottom",
                fontsize=7,
                color="w" if error > 50 else "k",
                xytext=(0, 4),
                textcoords="offset points",
            )
        # Beneath the crosses, which so are seen on dark tiles
        ax.plot(points[names[0]][warned], points[names[1]][warned], "x", color="w", ms=6.5, mew=2.5)
        ax.plot(
            points[names[0]][warned], points[names[1]][warned], "x", color="k", ms=5, label="with a warning"
        )
        bar = ax.figure.colorbar(shown, ax=ax, ticks=edges[1:-1])
        bar.set_label(f"largest error, level {level} (%)")
        ax.set(xlabel=labels[names[0]], ylabel=labels[names[1]])
    if warned.any():
        ax.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, 1.12), frameon=False)
    return ax


def in_field_units(table, names):
    """(table, {column: label}) with parameters in units that people use."""
    labels = {}
    for name in names:
        title, _, unit = name.rstrip("]").partition(" [")
        factor, unit = (
            readable(table[name].to_numpy(dtype=float), unit) if unit and unit != "Hz" else (1.0, unit)
        )
        table = table.assign(**{name: table[name] / factor})
        labels[name] = f"{title} ({unit})" if unit else title
    return table, labels


def _map_of_rates(regimes, show, population, ax, kwargs):
    """Rates of a scan of validations over its parameters."""
    names, table = list(regimes.parameters), regimes.table
    if len(names) != (1 if show == "rates" else 2):
        raise InputError(
            f"show: got {show!r} over {len(names)} parameters; 'rates' shows both networks over one,"
            " 'spiking' and 'rate' one of them over two"
        )
    if not {"spiking [Hz]", "rate [Hz]"} <= set(table.columns) or not table["spiking [Hz]"].notna().any():
        raise InputError("regimes: holds no rates; every point failed")
    known = list(dict.fromkeys(table["population"].dropna()))
    if population is not None:
        one_of(population, known, "population")
    table, labels = in_field_units(
        table[
            table["population"].isin([population] if population else known if show == "rates" else known[:1])
        ],
        names,
    )
    ax = axes_of(ax)
    if show == "rates":
        colours = colours_of(known)
        for number, (name, own) in enumerate(table.groupby("population", sort=False)):
            own = own.sort_values(names[0])
            ax.plot(
                own[names[0]],
                own["rate [Hz]"],
                **{
                    "color": colours[name],
                    "ls": LINES[number % len(LINES)],
                    "label": f"{name}, rate model",
                    **kwargs,
                },
            )
            ax.plot(
                own[names[0]],
                own["spiking [Hz]"],
                ls="",
                marker=MARKERS[number % len(MARKERS)],
                color=colours[name],
                mfc="w",
                label=f"{name}, spiking",
            )
        ax.set(xlabel=labels[names[0]], ylabel="mean rate (Hz)", ylim=(0, None))
        ax.legend(fontsize=8, **beside(ax))
        return ax
    both = table[["spiking [Hz]", "rate [Hz]"]].to_numpy(dtype=float)
    grid = table.pivot_table(index=names[1], columns=names[0], values=f"{show} [Hz]", dropna=False)
    drawn = ax.pcolormesh(
        np.asarray(grid.columns, dtype=float),
        np.asarray(grid.index, dtype=float),
        grid.to_numpy(dtype=float),
        **{
            "cmap": "viridis",
            "vmin": 0.0,
            "vmax": np.nanmax(both),
            "shading": "nearest",
            "rasterized": True,
            **kwargs,
        },
    )
    middle = np.nanmax(both) / 2
    for a, b, rate in zip(table[names[0]], table[names[1]], table[f"{show} [Hz]"]):
        if np.isfinite(rate):
            ax.annotate(
                f"{rate:.3g}",
                (a, b),
                ha="center",
                va="center",
                fontsize=7,
                color="w" if rate < middle else "k",
            )
    ax.figure.colorbar(
        drawn,
        ax=ax,
        label=(
            f"{'spiking network' if show == 'spiking' else 'rate model'}, {table['population'].iloc[0]} (Hz)"
        ),
    )
    ax.set(xlabel=labels[names[0]], ylabel=labels[names[1]])
    return ax


def map_figure(regimes):
    """Rates of both networks, and the error beside them: over two parameters a row a population."""
    from matplotlib.figure import Figure

    if len(regimes.parameters) == 1:
        figure = Figure(figsize=(11.0, 3.8))
        for ax, show in zip(figure.subplots(1, 2), ("rates", "error")):
            plot_map(regimes, show=show, ax=ax)
        return figure
    populations = list(dict.fromkeys(regimes.table["population"].dropna()))
    figure = Figure(figsize=(16.0, 3.9 * max(len(populations), 1)))
    axes = figure.subplots(max(len(populations), 1), 3, squeeze=False)
    plot_map(regimes, ax=axes[0, 2])
    for row, name in enumerate(populations):
        for ax, show in zip(axes[row], ("spiking", "rate")):
            plot_map(regimes, show=show, population=name, ax=ax)
    for ax in axes[1:, 2]:
        ax.set_axis_off()
    return figure
