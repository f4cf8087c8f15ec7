"""Figures: each function draws one result into one Axes and returns it; none of them calls show()."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import mapping, one_of, one_time, require, runs_of, whole
from ...basics.errors import InputError
from ...networks.activity import Activity
from .style import LINES, axes_of, colours_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from ...basics.types import QuantityLike

__all__ = ["plot_rates", "plot_raster", "plot_step"]


def plot_rates(
    rates: Activity,
    spikes: Activity | None = None,
    *,
    smooth: QuantityLike = "10 ms",
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
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
        ax.plot(
            rates.t_,
            rate,
            **{
                "color": colours[name],
                "ls": LINES[number % len(LINES)],
                "lw": 2.0,
                "label": f"{name}, {what}",
                **kwargs,
            },
        )
    ax.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None), xlim=(0, rates.duration_))
    ax.margins(y=0.15)
    ax.legend(ncols=2, fontsize=8, loc="lower right")
    return ax


def plot_raster(
    spikes: Activity,
    *,
    cells: int = 50,
    start: QuantityLike | None = None,
    stop: QuantityLike | None = None,
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
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
        raise InputError(
            "plot_raster, spikes: got a run without spikes, expected a spiking run; simulate_spikes(circuit,"
            " duration=...) makes one"
        )
    ax = axes_of(ax)
    stop_ = spikes.duration_ if stop is None else one_time(stop, "stop")
    start_ = max(0.0, stop_ - 0.5) if start is None else one_time(start, "start")
    base, ticks = 0, []
    for name, colour in colours_of(spikes.populations).items():
        i, t = spikes.spikes_[name]
        rows = min(cells, spikes.sizes[name])
        chosen = (i < rows) & (t >= start_) & (t <= stop_)
        ax.plot(
            t[chosen],
            base + i[chosen],
            "|",
            **{"color": colour, "ms": 3, "mew": 0.8, "rasterized": True, **kwargs},
        )
        ticks.append((base + rows / 2, name))
        base += rows + max(2, rows // 10)
    ax.set_yticks([row for row, _ in ticks], [f"{name} cells" for _, name in ticks])
    ax.set(xlabel="time (s)", xlim=(start_, stop_), ylim=(-1, base))
    ax.tick_params(left=False)
    return ax


def plot_step(
    spikes: Activity | Sequence[Activity],
    rates: Mapping[str, Activity],
    *,
    population: str,
    start: QuantityLike,
    stop: QuantityLike,
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
    """The mean of spiking trials over a window, and rate models as lines over it.

    Parameters
    ----------
    spikes : sequence of Activity
    rates : dict of str to Activity
    population : str
    start, stop : Quantity
        Window.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the lines of the rate models.

    Returns
    -------
    matplotlib.axes.Axes
    """
    trials = runs_of(spikes, Activity, "plot_step, spikes")
    for name, run in mapping(rates, "plot_step, rates", '{"rate model": simulate_rates(...)}').items():
        require(run, Activity, f"plot_step, rates, {name}")
        one_of(population, run.populations, "population")
    one_of(population, trials[0].populations, "population")
    ax = axes_of(ax)
    start_, stop_ = one_time(start, "start"), one_time(stop, "stop")
    t_ = trials[0].t_
    inside = (t_ > start_) & (t_ < stop_)
    every = np.array([run.rate_[run.populations.index(population), inside] for run in trials])
    mean, sem = every.mean(axis=0), every.std(axis=0, ddof=1) / np.sqrt(len(trials)) if len(trials) > 1 else 0
    ax.fill_between(1e3 * t_[inside], mean - sem, mean + sem, color="0.8", lw=0)
    ax.plot(
        1e3 * t_[inside],
        mean,
        color="0.5",
        lw=1.0,
        label=f"spiking, {len(trials)} trial{'s' if len(trials) > 1 else ''}",
    )
    shades = ("#1b3a57", "#c8553d", "#4f9d69", "k", "#a5789b")
    for number, (name, run) in enumerate(rates.items()):
        own = (run.t_ > start_) & (run.t_ < stop_)
        ax.plot(
            1e3 * run.t_[own],
            run.rate_[run.populations.index(population), own],
            **{
                "ls": LINES[number % len(LINES)],
                "color": shades[number % len(shades)],
                "label": name,
                **kwargs,
            },
        )
    ax.set(xlabel="time (ms)", ylabel=f"rate of {population} (Hz)", xlim=(1e3 * start_, 1e3 * stop_))
    ax.legend(fontsize=8, loc="lower right")
    return ax
