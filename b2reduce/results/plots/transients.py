"""Figures of dynamics: linear responses, steps, and errors over frequency."""

from __future__ import annotations

import numpy as np

from ...networks.activity import Activity
from ...basics.arguments import mapping, one_of, one_time, require, runs_of
from .networks import LINES, MARKERS, axes_of
from ...cells.response import LinearResponse
from ...validation.transients import SlowVariation

__all__ = ["plot_response", "plot_slow_variation", "plot_step"]


def plot_response(response, *, part="gain", ax=None, **kwargs):
    """A measured linear response over frequency with its fits.

    Parameters
    ----------
    response : LinearResponse
    part : {"gain", "phase"}
        The size of the gain, or its phase in degrees.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the points.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(response, LinearResponse, "plot_response, response")
    one_of(part, ("gain", "phase"), "part")
    ax = axes_of(ax)
    factor, unit = (1.0, "Hz m²/A") if response.per_area else (1e-12, "Hz/pA")
    moving = response.frequency_ > 0
    f, Z, sem = response.frequency_[moving], response.gain[moving], response.gain_sem[moving]
    show = (lambda values: factor * np.abs(values)) if part == "gain" else (lambda values: np.degrees(np.angle(values)))
    ax.errorbar(f, show(Z), yerr=factor * sem if part == "gain" else np.degrees(sem / np.abs(Z)), **{"fmt": "o", "color": "k", "mfc": "w", "capsize": 2, "label": "measured", **kwargs})
    fine = np.geomspace(f.min(), f.max(), 200)
    for (form, found), line in zip(response.filters.items(), LINES):
        ax.plot(fine, show(found.gain * found(fine)), ls=line, color="k" if found is response.best else "0.55", label=f"{form}{' (lowest AIC)' if found is response.best else ''}")
    if part == "gain":
        ax.axhline(factor * response.gain[0].real, color="0.7", lw=0.8)
    ax.set(xscale="log", xlabel="frequency (Hz)", ylabel=f"gain ({unit})" if part == "gain" else "phase (degrees)")
    if part == "gain":
        ax.set_ylim(0, 1.25 * factor * np.abs(response.gain).max())
        ax.legend(fontsize=8, ncols=2, loc="lower left")
    return ax


def plot_step(spikes, rates, *, population, start, stop, ax=None, **kwargs):
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
    spikes = runs_of(spikes, Activity, "plot_step, spikes")
    for name, run in mapping(rates, "plot_step, rates", "{\"rate model\": simulate_rates(...)}").items():
        require(run, Activity, f"plot_step, rates, {name}")
        one_of(population, run.populations, "population")
    one_of(population, spikes[0].populations, "population")
    ax = axes_of(ax)
    start_, stop_ = one_time(start, "start"), one_time(stop, "stop")
    t_ = spikes[0].t_
    inside = (t_ > start_) & (t_ < stop_)
    every = np.array([run.rate_[run.populations.index(population), inside] for run in spikes])
    mean, sem = every.mean(axis=0), every.std(axis=0, ddof=1) / np.sqrt(len(spikes)) if len(spikes) > 1 else 0
    ax.fill_between(1e3 * t_[inside], mean - sem, mean + sem, color="0.8", lw=0)
    ax.plot(1e3 * t_[inside], mean, color="0.5", lw=1.0, label=f"spiking, {len(spikes)} trial{'s' if len(spikes) > 1 else ''}")
    shades = ("#1b3a57", "#c8553d", "#4f9d69", "k", "#a5789b")
    for number, (name, run) in enumerate(rates.items()):
        own = (run.t_ > start_) & (run.t_ < stop_)
        ax.plot(1e3 * run.t_[own], run.rate_[run.populations.index(population), own],
                **{"ls": LINES[number % len(LINES)], "color": shades[number % len(shades)], "label": name, **kwargs})
    ax.set(xlabel="time (ms)", ylabel=f"rate of {population} (Hz)", xlim=(1e3 * start_, 1e3 * stop_))
    ax.legend(fontsize=8, loc="lower right")
    return ax


def plot_slow_variation(slow, *, population, column="error", ax=None, **kwargs):
    """The error of rate models, or a gain or a phase, over the frequency of the drive.

    Parameters
    ----------
    slow : SlowVariation
    population : str
    column : {"error", "gain", "phase"}
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the lines.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(slow, SlowVariation, "plot_slow_variation, slow")
    one_of(column, ("error", "gain", "phase"), "column")
    one_of(population, sorted(set(slow.table["population"])), "population")
    ax = axes_of(ax)
    table, drive = slow.table[slow.table["population"] == population], float(np.asarray(slow.amplitude))
    first = table[table["model"] == table["model"].iloc[0]]
    unit, own = {"error": (100.0, None), "gain": (1 / drive, "spiking"), "phase": (1.0, "spiking_phase")}[column]
    if own is None:
        ax.fill_between(first["frequency"], 0, unit * first["error_sem"], color="0.85", lw=0, label="counting alone")
        ax.plot(first["frequency"], unit * first["static_error"], color="0.5", ls=":", label="at once")
    else:
        sem = first["spiking_sem"] * unit if column == "gain" else np.degrees(first["spiking_sem"] / first["spiking"])
        ax.errorbar(first["frequency"], unit * first[own], yerr=sem, fmt="o", color="k", mfc="w", capsize=2, label="spiking")
    for number, (name, rows) in enumerate(table.groupby("model", sort=False)):
        values = unit * rows[{"error": "error", "gain": "rate", "phase": "rate_phase"}[column]]
        marker = {"marker": MARKERS[number % len(MARKERS)]} if own is None else {}
        ax.plot(rows["frequency"], values, **{"ls": LINES[number % len(LINES)], "label": name, **marker, **kwargs})
    ax.set(xscale="log", xlabel="frequency of the drive (Hz)", ylabel={"error": f"error of {population} (% of the response)", "gain": f"gain of {population} (Hz/Hz)",
                                                                       "phase": f"phase of {population} (degrees)"}[column])
    if column != "phase":
        ax.set_ylim(bottom=0)
    ax.legend(fontsize=8)
    return ax
