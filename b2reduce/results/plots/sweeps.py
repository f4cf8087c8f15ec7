"""Figures of recorded sweeps, to check by eye what was taken for a spike and for a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import require, whole
from ...basics.display import amount
from ...basics.errors import InputError
from ...cells.sweeps.recording import SweepRecording
from .cells import plot_fi
from .style import axes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["draw_recording", "plot_sweeps"]

BINS = 3000  # of a trace, each drawn from its lowest to its highest sample: no spike is left out
GAP_ = 10e-3  # V between neighbouring traces
LEAST = 0.05  # of the height of all for each: the currents beside them stay apart


def plot_sweeps(
    recording: SweepRecording, *, most: int = 8, sweeps: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """Traces above one another, with the spikes that were found and the steps.

    Parameters
    ----------
    recording : SweepRecording
    most : int
        So many evenly spaced sweeps are drawn, in the order of their currents.
    sweeps : list of int, optional
        Rows of `recording.table` to draw instead.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If a row is not there.
    """
    require(recording, SweepRecording, "plot_sweeps, recording")
    ax = axes_of(ax)
    order = sorted(range(len(recording.sweeps)), key=lambda k: _rank(recording.sweeps[k]))
    if sweeps is not None:
        order = [whole(k, "plot_sweeps, sweeps") for k in sweeps]
        if not order or max(order) >= len(recording.sweeps):
            raise InputError(f"sweeps: got {sweeps}, expected rows from 0 to {len(recording.sweeps) - 1}")
    elif len(order) > whole(most, "plot_sweeps, most", 1):
        order = [order[k] for k in np.unique(np.linspace(0, len(order) - 1, most).round().astype(int))]
    spans = {k: float(np.ptp(recording.sweeps[k].voltage_)) + GAP_ for k in order}
    least = LEAST * sum(spans.values())
    offset, added = 0.0, any(sweep.g_added_ for sweep in recording.sweeps)
    for k in order:
        sweep, blocked = recording.sweeps[k], bool(recording.table["blocked"].iloc[k])
        low, high = float(sweep.voltage_.min()), float(sweep.voltage_.max())
        shift = offset - low
        x, y = _outline(sweep)
        ax.plot(1e3 * x, 1e3 * (y + shift), color="k", lw=0.5, rasterized=True)
        ax.fill_between(
            1e3 * np.array(sweep.window),
            1e3 * (offset - 0.3 * GAP_),
            1e3 * (high + shift + 0.3 * GAP_),
            color="C0",
            alpha=0.12,
            lw=0,
            label="step" if k == order[0] else None,
        )
        inside = (sweep.spikes_ >= sweep.window[0]) & (sweep.spikes_ < sweep.window[1])
        for times, colour, label in (
            (sweep.spikes_[inside], "C3", "spike"),
            (sweep.spikes_[~inside], "0.5", "spike outside of the step"),
        ):
            known = label in ax.get_legend_handles_labels()[1]
            if times.size:
                ax.plot(
                    1e3 * times,
                    np.full(times.size, 1e3 * (high + shift + 0.2 * GAP_)),
                    ls="none",
                    marker="v",
                    ms=3,
                    color=colour,
                    label=None if known else label,
                )
        said = amount(sweep.I_, "A") + (f", {amount(sweep.g_added_, 'S')}" if added else "")
        ax.annotate(
            said + (", blocked" if blocked else ""),
            (1.01, 1e3 * (offset + 0.3 * least)),
            xycoords=("axes fraction", "data"),
            fontsize=7,
            va="center",
        )
        offset += max(spans[k], least)
    ax.set(xlabel="time (ms)", ylabel="voltage (mV), shifted from sweep to sweep")
    ax.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False)
    return ax


def _rank(sweep):
    return sweep.g_added_, sweep.I_


def _outline(sweep):
    """A trace as its lowest and highest sample in each bin, in the order of time."""
    values, size = sweep.voltage_.astype(float), sweep.voltage_.size
    width = max(1, size // BINS)
    if width < 3:
        return sweep.t_, values
    whole_bins = values[: size // width * width].reshape(-1, width)
    at = np.arange(whole_bins.shape[0])[:, None] * width + np.sort(
        np.stack([whole_bins.argmin(axis=1), whole_bins.argmax(axis=1)], axis=1), axis=1
    )
    return at.ravel() / sweep.sampling_, values[at.ravel()]


def draw_recording(figure, recording, surface, fit=None):
    """Sweeps at the left of a figure, the f-I curve with standard errors and the fit at the right."""
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    plot_sweeps(recording, ax=left)
    plot_fi(surface, fit, ax=right)
