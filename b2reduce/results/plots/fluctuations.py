"""Figures of spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import one_time, require, runs_of
from ...basics.errors import InputError
from ...networks.activity import Activity
from ...theory.fluctuation_spectra import Fluctuations
from .style import LINES, axes_of, colours_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ...basics.types import QuantityLike

__all__ = ["plot_spectra", "spectra_of"]


def plot_spectra(
    fluctuations: Fluctuations,
    spikes: Activity | Sequence[Activity] | None = None,
    *,
    after: QuantityLike = "250 ms",
    resolution: QuantityLike = "2 Hz",
    ax: Axes | None = None,
    **kwargs,
) -> Axes:
    """Spectra of population rates: foretold as lines, those of runs behind them in paler ones.

    Parameters
    ----------
    fluctuations : Fluctuations
    spikes : Activity or sequence of Activity, optional
        Runs, whose spectra are averaged.
    after : Quantity
        Left out at the start of runs.
    resolution : Quantity
        Of the spectra of runs.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the lines of what is foretold.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If a rhythm grows by itself, which has no spectrum, or runs are too short.
    """
    require(fluctuations, Fluctuations, "plot_spectra, fluctuations")
    if not fluctuations.stable:
        raise InputError(
            "fluctuations: a rhythm grows by itself there, and no stationary state has a spectrum; its"
            " `roots` say which"
        )
    runs = [] if spikes is None else runs_of(spikes, Activity, "plot_spectra, spikes")
    ax, colours = axes_of(ax), colours_of(fluctuations.populations)
    for run in runs[:1]:
        frequency, spectra = spectra_of(runs, one_time(after, "after"), resolution)
        inside = (frequency > 0) & (frequency <= fluctuations.frequency_[-1])
        for name, own in zip(run.populations, spectra):
            ax.plot(
                frequency[inside], own[inside], color=colours[name], alpha=0.45, lw=1.0, label=f"{name}, runs"
            )
    for k, name in enumerate(fluctuations.populations):
        ax.plot(
            fluctuations.frequency_,
            fluctuations.spectrum_[k, k].real,
            **{
                "color": colours[name],
                "ls": LINES[k % len(LINES)],
                "lw": 2.0,
                "label": f"{name}, foretold",
                **kwargs,
            },
        )
    ax.set(xlabel="frequency (Hz)", ylabel="spectrum of the population rate (Hz)", xscale="log", yscale="log")
    ax.legend(fontsize=8)
    return ax


def spectra_of(runs, after_, resolution):
    """(frequencies, two-sided spectra by population) of runs, averaged."""
    from scipy.signal import welch

    from ...basics.arguments import to_si

    found = []
    for run in runs:
        inside = run.rate_[:, run.t_ > after_]
        step_ = float(to_si(resolution, "Hz", "resolution"))
        each = int(round(1 / (step_ * run.bin_))) if np.isfinite(step_) and step_ > 0 else 0
        if not 2 <= each <= inside.shape[1]:
            raise InputError(
                f"spikes: got a run of {run.duration_:g} s, of which {after_:g} s are left out; expected at"
                f" least one period of the resolution of {resolution}"
            )
        frequency, power = welch(inside, 1 / run.bin_, nperseg=each, detrend="constant")
        found.append(power / 2)
    return frequency, np.mean(found, axis=0)
