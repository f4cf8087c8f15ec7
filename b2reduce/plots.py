"""Figures: each function draws one result into one Axes and returns it; none of them calls show()."""

from __future__ import annotations

from importlib import resources

import numpy as np

from .activity import Activity
from .arguments import described, one_of, one_time, require, to_si, whole, wrong_kind
from .comparison import Comparison
from .gain import GainFit
from .interrupts import imported
from .surface import FISurface
from .transfer import TransferFunction
from .units import InputError, readable

__all__ = ["plot_fi", "plot_transfer", "plot_rates", "plot_raster", "plot_comparison", "plot_levels", "plot_cells", "plot_map", "style"]

_LINES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2)))
_MARKERS = ("o", "s", "^", "D", "v")
_NAMED = 10  # conductances that a legend names; of more it names evenly spaced ones


def style():
    """Path of the package's matplotlib style, for `matplotlib.style.context`."""
    return str(resources.files("b2reduce").joinpath("b2reduce.mplstyle"))


def _axes(ax):
    if ax is not None:
        if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
            raise InputError(f"ax: got {described(ax)}, expected one matplotlib Axes, such as plt.subplots()[1]")
        return ax
    plt = imported("matplotlib.pyplot")
    with plt.style.context(style()):
        return plt.subplots()[1]


def _beside(ax):
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

    ax = _axes(ax)
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
        ax.errorbar(I_ / I_factor, counts, yerr=error, ls="none", marker=_MARKERS[number % len(_MARKERS)], color=colour,
                    **{"label": f"{g / g_factor:.3g}" if number in named else "_nolegend_", **kwargs})
        if fit is not None and number in named:
            law, top = fit.predict_(fine, g), np.nanmax(surface.rate_)
            inside = (law >= window[0]) & (law <= window[1])
            # Where it was fitted it stands for the data; beyond, it only shows where these leave it.
            for part, weight in ((inside, dict(lw=1.6)), (~inside & (law > 0) & (law <= top), dict(lw=0.8, alpha=0.5))):
                ax.plot(fine / I_factor, np.where(part, law, np.nan), ls=_LINES[number % len(_LINES)], color=colour, **weight)
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
    ax.legend(handles, labels, title=f"total leak g ({g_unit})", fontsize=8, title_fontsize=8, **_beside(ax))  # curves side by side leave no corner free
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    colours = _colours(rates.populations)
    if spikes is not None:
        smoothed = spikes.smooth(smooth) if smooth is not None else spikes
        for name, rate in zip(smoothed.populations, smoothed.rate_):
            ax.plot(smoothed.t_, rate, color=colours[name], alpha=0.45, lw=1.0, label=f"{name}, spiking")
    what = "spiking" if rates.provenance.get("kind") == "spikes" else "rate model"
    for number, (name, rate) in enumerate(zip(rates.populations, rates.rate_)):
        ax.plot(rates.t_, rate, **{"color": colours[name], "ls": _LINES[number % len(_LINES)], "lw": 2.0, "label": f"{name}, {what}", **kwargs})
    ax.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None), xlim=(0, rates.duration_))
    ax.margins(y=0.15)
    ax.legend(ncols=2, fontsize=8, loc="lower right")
    return ax


def _colours(populations):
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
    ax = _axes(ax)
    stop_ = spikes.duration_ if stop is None else one_time(stop, "stop")
    start_ = max(0.0, stop_ - 0.5) if start is None else one_time(start, "start")
    base, ticks = 0, []
    for name, colour in _colours(spikes.populations).items():
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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
        ax.plot(np.minimum(rates, top), place - 0.24 + 0.16 * number, ls="", marker=_MARKERS[number % len(_MARKERS)], ms=7 if own else 6, mfc="k" if own else "w", mec="k", clip_on=False, zorder=4, label=level)
        for x in place[beyond]:
            ax.annotate(f"{rates[x]:.3g} Hz", (top, x - 0.24 + 0.16 * number), xytext=(-6, 0), textcoords="offset points", ha="right", va="center", fontsize=7)
    ax.set(xlabel="mean rate (Hz)", xlim=(0, top), ylim=(len(table) - 0.5, -0.5))
    ax.set_yticks(place, table.index)
    ax.legend(fontsize=8, **_beside(ax))
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
    from .comparison import counted_density

    ax = _axes(ax)
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


def plot_map(regimes, *, show="error", population=None, level=None, ax=None, **kwargs):
    """The largest error over one or two parameters, with its tiers, or the rates themselves; crosses mark points that carry a warning.

    Parameters
    ----------
    regimes : RegimeMap
        Over one or two parameters.
    show : {"error", "rates", "spiking", "rate"}
        The largest error; the rates of both networks over one parameter; or those of the spiking network or of the rate model that was
        validated over two, whose colours mean the same.
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
    one_of(show, ("error", "rates", "spiking", "rate"), "show")
    if show != "error":
        return _map_of_rates(regimes, show, population, ax, kwargs)
    from matplotlib.colors import BoundaryNorm, ListedColormap

    if type(regimes).__name__ != "RegimeMap":  # which is made of what stands below the figures
        raise InputError(f"plot_map, regimes: {wrong_kind(regimes, 'RegimeMap')}")
    if level is not None and not isinstance(level, str):
        raise InputError(f"level: got {described(level)}, expected the name of a level")
    level, points, names = level or regimes.level, regimes.points, regimes.parameters
    if f"largest_error {level}" not in points or not 1 <= len(names) <= 2:
        raise InputError(f"regimes: got level {level!r} over {len(names)} parameters, expected a level of the map and one or two parameters")
    points = points.assign(error=100 * points[f"largest_error {level}"].astype(float))
    # A model that runs away or a point that failed has no error: it is a breakdown.
    points["error"] = points["error"].fillna(np.inf).clip(upper=150)
    warned = points["warned"].fillna(True).astype(bool)
    points, labels = _in_field_units(points, names)
    ax = _axes(ax)
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
        shown = ax.pcolormesh(x, y, table.to_numpy(), **{"cmap": colours, "norm": BoundaryNorm(edges, colours.N), "shading": "nearest", "rasterized": True, **kwargs})
        for a, b, error in zip(points[names[0]], points[names[1]], points["error"]):
            ax.annotate(f"{error:.0f}" if error < 150 else ">150", (a, b), ha="center", va="bottom", fontsize=7, color="w" if error > 50 else "k",
                        xytext=(0, 4), textcoords="offset points")
        ax.plot(points[names[0]][warned], points[names[1]][warned], "x", color="k", ms=5, ls="", label="with a warning")
        bar = ax.figure.colorbar(shown, ax=ax, ticks=edges[1:-1])
        bar.set_label(f"largest error, level {level} (%)")
        ax.set(xlabel=labels[names[0]], ylabel=labels[names[1]])
    if warned.any():
        ax.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, 1.12), frameon=False)
    return ax


def _in_field_units(table, names):
    """(table, {column: label}) with parameters in units that people use."""
    labels = {}
    for name in names:
        title, _, unit = name.rstrip("]").partition(" [")
        factor, unit = readable(table[name].to_numpy(dtype=float), unit) if unit and unit != "Hz" else (1.0, unit)
        table = table.assign(**{name: table[name] / factor})
        labels[name] = f"{title} ({unit})" if unit else title
    return table, labels


def _map_of_rates(regimes, show, population, ax, kwargs):
    """Rates of a scan of validations over its parameters."""
    if type(regimes).__name__ != "RegimeMap":
        raise InputError(f"plot_map, regimes: {wrong_kind(regimes, 'RegimeMap')}")
    names, table = list(regimes.parameters), regimes.table
    if len(names) != (1 if show == "rates" else 2):
        raise InputError(f"show: got {show!r} over {len(names)} parameters; 'rates' shows both networks over one, 'spiking' and 'rate' one of them over two")
    if not {"spiking [Hz]", "rate [Hz]"} <= set(table.columns) or not table["spiking [Hz]"].notna().any():
        raise InputError("regimes: holds no rates; every point failed")
    known = list(dict.fromkeys(table["population"].dropna()))
    if population is not None:
        one_of(population, known, "population")
    table, labels = _in_field_units(table[table["population"].isin([population] if population else known if show == "rates" else known[:1])], names)
    ax = _axes(ax)
    if show == "rates":
        colours = _colours(known)
        for number, (name, own) in enumerate(table.groupby("population", sort=False)):
            own = own.sort_values(names[0])
            ax.plot(own[names[0]], own["rate [Hz]"], **{"color": colours[name], "ls": _LINES[number % len(_LINES)], "label": f"{name}, rate model", **kwargs})
            ax.plot(own[names[0]], own["spiking [Hz]"], ls="", marker=_MARKERS[number % len(_MARKERS)], color=colours[name], mfc="w", label=f"{name}, spiking")
        ax.set(xlabel=labels[names[0]], ylabel="mean rate (Hz)", ylim=(0, None))
        ax.legend(fontsize=8, **_beside(ax))
        return ax
    both = table[["spiking [Hz]", "rate [Hz]"]].to_numpy(dtype=float)
    grid = table.pivot_table(index=names[1], columns=names[0], values=f"{show} [Hz]", dropna=False)
    drawn = ax.pcolormesh(np.asarray(grid.columns, dtype=float), np.asarray(grid.index, dtype=float), grid.to_numpy(dtype=float),
                          **{"cmap": "viridis", "vmin": 0.0, "vmax": np.nanmax(both), "shading": "nearest", "rasterized": True, **kwargs})
    middle = np.nanmax(both) / 2
    for a, b, rate in zip(table[names[0]], table[names[1]], table[f"{show} [Hz]"]):
        if np.isfinite(rate):
            ax.annotate(f"{rate:.3g}", (a, b), ha="center", va="center", fontsize=7, color="w" if rate < middle else "k")
    ax.figure.colorbar(drawn, ax=ax, label=f"{'spiking network' if show == 'spiking' else 'rate model'}, {table['population'].iloc[0]} (Hz)")
    ax.set(xlabel=labels[names[0]], ylabel=labels[names[1]])
    return ax
