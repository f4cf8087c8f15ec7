"""Figures: each function draws one result into one Axes and returns it; none of them calls show()."""

from __future__ import annotations

from importlib import resources

import numpy as np

from ...networks.activity import Activity
from ...basics.arguments import described, one_of, one_time, require, to_si, whole, wrong_kind
from ...validation.comparison import Comparison
from ...cells.gain import GainFit
from ...basics.interrupts import imported
from ...cells.surface import FISurface
from ...cells.transfer import TransferFunction
from ...basics.units import InputError, readable

__all__ = ["plot_fi", "plot_transfer", "plot_rates", "plot_raster", "plot_comparison", "plot_levels", "plot_cells", "style", "axes_of", "beside", "colours_of", "LINES", "MARKERS"]

LINES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v")
_NAMED = 10  # conductances that a legend names; of more it names evenly spaced ones


def style():
    """Path of the package's matplotlib style, for `matplotlib.style.context`."""
    return str(resources.files("b2reduce").joinpath("b2reduce.mplstyle"))


def axes_of(ax):
    """The Axes that were given, or new ones in the style of the package."""
    if ax is not None:
        if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
            raise InputError(f"ax: got {described(ax)}, expected one matplotlib Axes, such as plt.subplots()[1]")
        return ax
    plt = imported("matplotlib.pyplot")
    with plt.style.context(style()):
        return plt.subplots()[1]


def beside(ax):
    """Where a legend stands beside the axes; inside, framed, where no layout engine makes room for it."""
    if ax.figure.get_layout_engine() is None:
        return {"loc": "best", "frameon": True}
    return {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


def plot_fi(surface, fit=None, *, point=None, ax=None, **kwargs):
    """The f-I curve at each conductance, with the fitted law.

    Parameters
    ----------
    surface : FISurface
    fit : GainFit, optional
        Drawn as lines over the measured points: strong within the window of rates that was fitted, faint beyond it.
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
    if point is not None and (isinstance(point, str) or np.ndim(point) == 0 and not isinstance(point, (tuple, list)) or len(point) != 2):
        raise InputError(f"plot_fi, point: got {described(point)}, expected a current and a rate such as (0.3*nA, 10*Hz)")
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
    window = None if fit is None else [float(np.asarray(limit)) for limit in fit.rates]
    # Dark to light along one colour scale, and a marker and line style each: told apart in grey as well.
    colours = colormaps["viridis"](np.linspace(0.05, 0.85, surface.g_.size))
    for number, (g, colour) in enumerate(zip(surface.g_, colours)):
        rate, error = surface.rate_[shown, number], np.nan_to_num(surface.rate_sem_[shown, number])
        counts = np.where(surface.blocked[shown, number], np.nan, rate)
        ax.errorbar(I_ / I_factor, counts, yerr=error, ls="none", marker=MARKERS[number % len(MARKERS)], color=colour,
                    **{"label": f"{g / g_factor:.3g}" if number in named else "_nolegend_", **kwargs})
        if fit is not None and number in named:
            law, top = fit.predict_(fine, g), np.nanmax(surface.rate_)
            inside = (law >= window[0]) & (law <= window[1])
            # Where it was fitted it stands for the data; beyond, it only shows where these leave it.
            for part, weight in ((inside, dict(lw=1.6)), (~inside & (law > 0) & (law <= top), dict(lw=0.8, alpha=0.5))):
                ax.plot(fine / I_factor, np.where(part, law, np.nan), ls=LINES[number % len(LINES)], color=colour, **weight)
    if surface.blocked.any():
        i, j = np.nonzero(surface.blocked)
        ax.plot(surface.I_[i] / I_factor, surface.rate_[i, j], "x", color="0.4", ms=5, label="blocked, left out")
    if point is not None:
        current, rate = to_si(point[0], surface.current_unit, "point"), to_si(point[1], "Hz", "point")
        ax.plot(current / I_factor, rate, "*", ms=13, color="k", mfc="w", mew=1.3, zorder=5, label="operating")
    if fit is not None:
        for limit, label in zip(window, ("window of the fit", None)):
            ax.axhline(limit, color="0.6", lw=0.8, ls=":", label=label)
    ax.set(xlabel=f"mean current I ({I_unit})", ylabel="rate (Hz)", ylim=(0, None))
    if fit is not None:
        _look_at_window(ax, surface, window, I_factor, None if point is None else current)
    # Leaks before the rest.
    handles, labels = zip(*sorted(zip(*ax.get_legend_handles_labels()), key=lambda pair: isinstance(pair[0], Line2D)))
    ax.legend(handles, labels, title=f"total leak g ({g_unit})", fontsize=8, title_fontsize=8, **beside(ax))  # curves side by side leave no corner free
    return ax


def _look_at_window(ax, surface, window, I_factor, current):
    """Limits that show what was fitted: currents whose rates lie within the window, with room beside them; far points lie outside of the picture."""
    i, _ = np.nonzero((surface.rate_ >= window[0]) & (surface.rate_ <= window[1]) & (surface.rate_ > 0))
    if not i.size:
        return
    near = [*surface.I_[i], *([] if current is None else [current])]
    low, high = min(near), max(near)
    room = 0.25 * (high - low) or 0.25 * abs(high)
    if np.ptp(surface.I_) > 1.2 * (high - low + 2 * room):
        ax.set_xlim((low - room) / I_factor, (high + room) / I_factor)
        ax.set_ylim(0, 1.3 * window[1])


def plot_transfer(transfer, *, ax=None, **kwargs):
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
        raise InputError(f"transfer: got axes of {' x '.join(str(len(values)) for values in axes)} rates, expected one, or two of at least two rates each")
    ax = axes_of(ax)
    ax.set(xlabel=f"rate of {names[0]} (Hz)")
    if len(axes) == 1:
        ax.errorbar(axes[0], transfer.rate_, yerr=transfer.rate_sem_, **{"marker": "o", "color": "k", **kwargs})
        ax.set(ylabel="rate (Hz)", ylim=(0, None))
        return ax
    shown = ax.pcolormesh(*axes, transfer.rate_.T, **{"cmap": "viridis", "shading": "nearest", "rasterized": True, **kwargs})
    levels = MaxNLocator(6).tick_values(0, transfer.rate_.max())[1:]  # not 0: the edge of silence is ragged by chance
    lines = ax.contour(*axes, transfer.rate_.T, levels=levels[levels < transfer.rate_.max()], colors="w", linewidths=0.8)
    ax.clabel(lines, fmt="%g", fontsize=7)
    ax.figure.colorbar(shown, ax=ax, label="rate (Hz)")
    ax.set(ylabel=f"rate of {names[1]} (Hz)")
    return ax


def plot_rates(rates, spikes=None, *, smooth="10 ms", ax=None, **kwargs):
    """Rates over time: the rate model as lines, a spiking run behind it in paler ones.

    Parameters
    ----------
    rates : Activity
        Of the rate model; or of a spiking run, drawn as it is.
    spikes : Activity, optional
        A spiking run.
    smooth : Quantity or None
        Standard deviation of the Gaussian that smooths the spiking rates.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the lines of the rate model.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(rates, Activity, "plot_rates, rates")
    if spikes is not None:
        require(spikes, Activity, "plot_rates, spikes")
    ax = axes_of(ax)
    colours = colours_of(rates.populations)
    if spikes is not None:
        smoothed = spikes.smooth(smooth) if smooth is not None else spikes
        for name, rate in zip(smoothed.populations, smoothed.rate_):
            ax.plot(smoothed.t_, rate, color=colours[name], alpha=0.45, lw=1.0, label=f"{name}, spiking")
    what = "spiking" if rates.provenance.get("kind") == "spikes" else "rate model"
    for number, (name, rate) in enumerate(zip(rates.populations, rates.rate_)):
        ax.plot(rates.t_, rate, **{"color": colours[name], "ls": LINES[number % len(LINES)], "lw": 2.0, "label": f"{name}, {what}", **kwargs})
    ax.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None), xlim=(0, rates.duration_))
    ax.margins(y=0.15)
    ax.legend(ncols=2, fontsize=8, loc="lower right")
    return ax


def colours_of(populations):
    """{population: colour} of the style's cycle."""
    from matplotlib import rc_context, rcParams
    from matplotlib.style import context

    with rc_context(), context(style()):
        cycle = rcParams["axes.prop_cycle"].by_key()["color"]
    return {name: cycle[number % len(cycle)] for number, name in enumerate(populations)}


def plot_raster(spikes, *, cells=50, start=None, stop=None, ax=None, **kwargs):
    """Spikes of the first cells of every population.

    Parameters
    ----------
    spikes : Activity
        A spiking run.
    cells : int
        Rows per population.
    start, stop : Quantity, optional
        By default the last half second.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the markers.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(spikes, Activity, "plot_raster, spikes")
    cells = whole(cells, "cells", 1)
    if spikes.spikes_ is None:
        raise InputError("plot_raster, spikes: got a run without spikes, expected a spiking run; simulate_spikes(circuit, duration=...) makes one")
    ax = axes_of(ax)
    stop_ = spikes.duration_ if stop is None else one_time(stop, "stop")
    start_ = max(0.0, stop_ - 0.5) if start is None else one_time(start, "start")
    base, ticks = 0, []
    for name, colour in colours_of(spikes.populations).items():
        i, t = spikes.spikes_[name]
        rows = min(cells, spikes.sizes[name])
        chosen = (i < rows) & (t >= start_) & (t <= stop_)
        ax.plot(t[chosen], base + i[chosen], "|", **{"color": colour, "ms": 3, "mew": 0.8, "rasterized": True, **kwargs})
        ticks.append((base + rows / 2, name))
        base += rows + max(2, rows // 10)
    ax.set_yticks([row for row, _ in ticks], [f"{name} cells" for _, name in ticks])
    ax.set(xlabel="time (s)", xlim=(start_, stop_), ylim=(-1, base))
    ax.tick_params(left=False)
    return ax


def plot_comparison(comparison, *, ax=None, **kwargs):
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
    ax.bar(place - 0.2, table["spiking"], 0.38, yerr=table["spread"] if seeds > 1 else None, capsize=4, color="#1b3a57",
           label=f"spiking ({seeds} seed{'s' if seeds > 1 else ''})", **kwargs)
    ax.bar(place + 0.2, table["rate"], 0.38, color="#e9c9a8", edgecolor="k", hatch="///", label="rate model", **kwargs)
    for x, (_, row) in zip(place, table.iterrows()):
        ax.annotate(f"{100 * row['error']:+.1f} %", (x + 0.2, row["rate"]), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9)
    top = max(table["spiking"].max(), table["rate"].max())
    ax.set(ylabel="rate (Hz)", xlabel="population", ylim=(0, 1.35 * top if top > 0 else 1))
    ax.set_xticks(place, table.index)
    ax.legend(loc="upper center", ncols=2)
    return ax


def plot_levels(validation, *, ax=None, **kwargs):
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
        Rates over populations. The grey band is 15 % around the spiking rate, the range of a quantitative reduction, and never less than
        15 % of 1 Hz.
    """
    if type(validation).__name__ != "Validation":  # which is made of what stands below the figures
        raise InputError(f"plot_levels, validation: {wrong_kind(validation, 'Validation')}")
    ax = axes_of(ax)
    table, levels = validation.comparison.table, validation.levels
    place = np.arange(len(table))
    band = 0.15 * np.maximum(table["spiking"], 1.0)
    ax.barh(place, 2 * band, 0.9, left=table["spiking"] - band, color="0.88", lw=0)
    ax.barh(place, table["spiking"], 0.38, xerr=table["spread"] if validation.comparison.seeds.shape[1] > 1 else None, **{"color": "#8fa3b8", "capsize": 3, "label": "spiking", **kwargs})
    top = 1.25 * (table["spiking"] + band).max()
    shown = [level for level in levels.index if np.isfinite(levels.loc[level, list(table.index)].to_numpy(dtype=float)).all()]
    for number, level in enumerate(shown):
        rates = levels.loc[level, list(table.index)].to_numpy(dtype=float)
        own = level == validation.reduced.level
        beyond = rates > top
        ax.plot(np.minimum(rates, top), place - 0.24 + 0.16 * number, ls="", marker=MARKERS[number % len(MARKERS)], ms=7 if own else 6, mfc="k" if own else "w", mec="k", clip_on=False, zorder=4, label=level)
        for x in place[beyond]:
            ax.annotate(f"{rates[x]:.3g} Hz", (top, x - 0.24 + 0.16 * number), xytext=(-6, 0), textcoords="offset points", ha="right", va="center", fontsize=7)
    ax.set(xlabel="mean rate (Hz)", xlim=(0, top), ylim=(len(table) - 0.5, -0.5))
    ax.set_yticks(place, table.index)
    ax.legend(fontsize=8, **beside(ax))
    return ax


def plot_cells(spikes, rates, population, *, after=None, ax=None, **kwargs):
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
    from ...validation.comparison import counted_density

    ax = axes_of(ax)
    measured = spikes.cell_means_(after)[population]
    own = rates.cell_means_(after)[population]
    x, density = counted_density(spikes, rates, population, after)
    one = 1 / (spikes.duration_ - (0.0 if after is None else to_si(after, "s", "after")))  # rates are whole numbers of spikes, and so must bins be
    width = max(np.ceil(np.ptp(measured) / 30 / one), 1) * one
    edges = np.arange(measured.min() - one / 2, measured.max() + width + one, width)
    ax.hist(measured, edges, density=True, **{"color": "0.75", "label": "spiking", **kwargs})
    ax.plot(x, density, "k", lw=1.5, label="rate model, counted")
    ax.axvline(own.mean(), color="k", ls="--", lw=1.0, label="rate model, mean")
    ax.plot(own, np.full(own.size, -0.03 * density.max()), "|", color="k", ms=6, mew=0.5)
    ax.set(xlabel=f"rate of cells of {population} (Hz)", ylabel="density (1/Hz)")
    ax.legend(fontsize=7)
    return ax
