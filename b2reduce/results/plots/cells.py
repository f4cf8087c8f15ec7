"""Figures of what is measured of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import described, require, to_si
from ...basics.errors import InputError
from ...basics.units import readable
from ...cells.gain_fit import GainFit
from ...cells.surface import FISurface
from ...cells.transfer import TransferFunction
from .style import LINES, MARKERS, axes_of, beside

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

__all__ = ["plot_fi", "plot_transfer"]

_NAMED = 10  # conductances that a legend names; of more it names evenly spaced ones


def plot_fi(
    surface: FISurface,
    fit: GainFit | None = None,
    *,
    point: tuple[Any, Any] | None = None,
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
    """The f-I curve at each conductance, with the fitted law.

    Parameters
    ----------
    surface : FISurface
    fit : GainFit, optional
        Drawn as lines over the measured points: strong within the window of rates that was fitted, faint
        beyond it.
    point : (Quantity, Quantity), optional
        Mean current and rate of the operating point, marked by a star.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the surface holds no rate.

    Notes
    -----
    Crosses mark points that no fit uses since the cell is blocked there (`FISurface.blocked`).
    """
    require(surface, FISurface, "plot_fi, surface")
    if fit is not None:
        require(fit, GainFit, "plot_fi, fit")
    if point is not None and (
        isinstance(point, str)
        or np.ndim(point) == 0
        and not isinstance(point, (tuple, list))
        or len(point) != 2
    ):
        raise InputError(
            f"plot_fi, point: got {described(point)}, expected a current and a rate such as (0.3*nA, 10*Hz)"
        )
    from matplotlib import colormaps
    from matplotlib.lines import Line2D

    ax = axes_of(ax)
    I_factor, I_unit = readable(surface.I_, surface.current_unit)
    g_factor, g_unit = readable(surface.g_, surface.conductance_unit)
    shown = np.isfinite(surface.rate_).any(axis=1)
    if not shown.any():
        raise InputError("surface: holds no finite rate, so there is nothing to draw")
    named = {round(k) for k in np.linspace(0, surface.g_.size - 1, min(surface.g_.size, _NAMED))}
    I_ = surface.I_[shown]
    fine = np.linspace(I_.min(), I_.max(), 1000)
    window = [] if fit is None else [float(np.asarray(limit)) for limit in fit.rates]
    # Dark to light along one colour scale, and a marker and line style each: told apart in grey as well.
    colours = colormaps["viridis"](np.linspace(0.05, 0.85, surface.g_.size))
    for number, (g, colour) in enumerate(zip(surface.g_, colours)):
        rate, error = surface.rate_[shown, number], np.nan_to_num(surface.rate_sem_[shown, number])
        counts = np.where(surface.blocked[shown, number], np.nan, rate)
        ax.errorbar(
            I_ / I_factor,
            counts,
            yerr=error,
            ls="none",
            marker=MARKERS[number % len(MARKERS)],
            color=colour,
            **{"label": f"{g / g_factor:.3g}" if number in named else "_nolegend_", **kwargs},
        )
        if fit is not None and number in named:
            law, top = fit.predict_(fine, g), np.nanmax(surface.rate_)
            inside = (law >= window[0]) & (law <= window[1])
            # Where it was fitted it stands for the data; beyond, it only shows where these leave it.
            for part, lw, alpha in ((inside, 1.6, None), (~inside & (law > 0) & (law <= top), 0.8, 0.5)):
                ax.plot(
                    fine / I_factor,
                    np.where(part, law, np.nan),
                    ls=LINES[number % len(LINES)],
                    color=colour,
                    lw=lw,
                    alpha=alpha,
                )
    if surface.blocked.any():
        i, j = np.nonzero(surface.blocked)
        ax.plot(
            surface.I_[i] / I_factor, surface.rate_[i, j], "x", color="0.4", ms=5, label="blocked, left out"
        )
    if point is not None:
        current, rate = to_si(point[0], surface.current_unit, "point"), to_si(point[1], "Hz", "point")
        ax.plot(
            current / I_factor, rate, "*", ms=13, color="k", mfc="w", mew=1.3, zorder=5, label="operating"
        )
    if fit is not None:
        for limit, label in zip(window, ("window of the fit", None)):
            ax.axhline(limit, color="0.6", lw=0.8, ls=":", label=label)
    ax.set(xlabel=f"mean current I ({I_unit})", ylabel="rate (Hz)", ylim=(0, None))
    if fit is not None:
        _look_at_window(ax, surface, window, I_factor, None if point is None else current)
    # Leaks before the rest.
    handles, labels = zip(
        *sorted(zip(*ax.get_legend_handles_labels()), key=lambda pair: isinstance(pair[0], Line2D))
    )
    # Curves side by side leave no corner free
    ax.legend(handles, labels, title=f"total leak g ({g_unit})", fontsize=8, title_fontsize=8, **beside(ax))
    return ax


def _look_at_window(ax, surface, window, I_factor, current):
    """Limits that show what was fitted: currents whose rates lie within the window, with room beside them.

    Far points lie outside of the picture.
    """
    i, _ = np.nonzero((surface.rate_ >= window[0]) & (surface.rate_ <= window[1]) & (surface.rate_ > 0))
    if not i.size:
        return
    near = [*surface.I_[i], *([] if current is None else [current])]
    low, high = min(near), max(near)
    room = 0.25 * (high - low) or 0.25 * abs(high)
    if np.ptp(surface.I_) > 1.2 * (high - low + 2 * room):
        ax.set_xlim((low - room) / I_factor, (high + room) / I_factor)
        ax.set_ylim(0, 1.3 * window[1])


def plot_transfer(transfer: TransferFunction, *, ax: Axes | None = None, **kwargs) -> Axes:
    """The rate over one or two presynaptic rates: a line with error bars, or a map with contours.

    Parameters
    ----------
    transfer : TransferFunction
        Of one or two axes.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the line, or to the map.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there are more than two axes, or two of which one is a single rate.
    """
    require(transfer, TransferFunction, "plot_transfer, transfer")
    from matplotlib.ticker import MaxNLocator

    names, axes = list(transfer.rates_), list(transfer.rates_.values())
    if len(axes) > 2 or len(axes) == 2 and min(map(len, axes)) < 2:
        raise InputError(
            f"transfer: got axes of {' x '.join(str(len(values)) for values in axes)} rates, expected one, or"
            " two of at least two rates each"
        )
    ax = axes_of(ax)
    ax.set(xlabel=f"rate of {names[0]} (Hz)")
    if len(axes) == 1:
        ax.errorbar(
            axes[0], transfer.rate_, yerr=transfer.rate_sem_, **{"marker": "o", "color": "k", **kwargs}
        )
        ax.set(ylabel="rate (Hz)", ylim=(0, None))
        return ax
    shown = ax.pcolormesh(
        *axes, transfer.rate_.T, **{"cmap": "viridis", "shading": "nearest", "rasterized": True, **kwargs}
    )
    # Not 0: the edge of silence is ragged by chance
    levels = MaxNLocator(6).tick_values(0, transfer.rate_.max())[1:]
    lines = ax.contour(
        *axes, transfer.rate_.T, levels=levels[levels < transfer.rate_.max()], colors="w", linewidths=0.8
    )
    ax.clabel(lines, fmt="%g", fontsize=7)
    ax.figure.colorbar(shown, ax=ax, label="rate (Hz)")
    ax.set(ylabel=f"rate of {names[1]} (Hz)")
    return ax
