"""Figures of where the asynchronous state ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import require
from ..basics.errors import InputError
from ..reduction.loops.foretold import LIMITS, VARIANCE
from ..results.plots.style import axes_of
from .asynchrony_map import AsynchronyMap
from .map_plot import in_field_units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_asynchrony"]

MOST = 10.0  # of the ratio: what is more, or grows by itself, is as dark


def plot_asynchrony(asynchrony: AsynchronyMap, *, ax: Axes | None = None, **kwargs) -> Axes:
    """How much more inputs are foretold to vary than independent ones, over two parameters, with spikes over
    it.

    Parameters
    ----------
    asynchrony : AsynchronyMap
        Over two parameters.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the map.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there are not two parameters.
    """
    require(asynchrony, AsynchronyMap, "plot_asynchrony, asynchrony")
    from matplotlib.colors import LogNorm

    names, limit = list(asynchrony.parameters), LIMITS[VARIANCE]
    if len(names) != 2:
        raise InputError(f"asynchrony: got {len(names)} parameters, expected two")
    table, labels = in_field_units(asynchrony.table, names)
    grid = table.pivot_table(index=names[1], columns=names[0], values="foretold", dropna=False)
    grid = grid.clip(upper=MOST)
    x, y = (np.asarray(axis, dtype=float) for axis in (grid.columns, grid.index))
    ax = axes_of(ax)
    shown = ax.pcolormesh(
        x,
        y,
        grid.to_numpy(dtype=float),
        **{"cmap": "Greys", "norm": LogNorm(0.7, MOST), "shading": "nearest", "rasterized": True, **kwargs},
    )
    if min(grid.shape) > 1 and (grid <= limit).to_numpy().any() and (grid > limit).to_numpy().any():
        ax.contour(x, y, grid.to_numpy(dtype=float), levels=[limit], colors="tab:red", linewidths=2)
    if "spiking" in table:
        for holds, marker, said in ((True, "o", "asynchronous"), (False, "s", "cells fire together")):
            own = table[table["spiking"].notna() & ((table["spiking"] <= limit) == holds)]
            colour = "w" if holds else "tab:red"
            ax.plot(
                own[names[0]],
                own[names[1]],
                marker,
                ls="",
                mfc=colour,
                mec="k",
                ms=6,
                label=f"spikes: {said}",
            )
        ax.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, 1.14), ncols=2, frameon=False)
    bar = ax.figure.colorbar(shown, ax=ax, ticks=[1, limit, 3, MOST])
    bar.ax.set_yticklabels(["1", f"{limit:g}", "3", f">{MOST:g}"])
    bar.ax.minorticks_off()
    bar.set_label("variance of inputs (of independent trains)")
    ax.set(xlabel=labels[names[0]], ylabel=labels[names[1]])
    return ax
