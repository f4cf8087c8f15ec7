"""Figures of how cells follow their input in time: the linear response, and adaptation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import one_of, require
from ...basics.units import readable
from ...cells.adaptation import Adaptation
from ...cells.linear_response import LinearResponse
from .style import LINES, MARKERS, axes_of

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

__all__ = ["plot_linear_response", "plot_adaptation"]


def plot_linear_response(
    response: LinearResponse, *, part: str = "gain", ax: Axes | None = None, **kwargs
) -> Axes:
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
    require(response, LinearResponse, "plot_linear_response, response")
    one_of(part, ("gain", "phase"), "part")
    ax = axes_of(ax)
    factor, unit = (1.0, "Hz m²/A") if response.per_area else (1e-12, "Hz/pA")
    moving = response.frequency_ > 0
    f, Z, sem = response.frequency_[moving], response.gain[moving], response.gain_sem[moving]
    show = (
        (lambda values: factor * np.abs(values))
        if part == "gain"
        else (lambda values: np.degrees(np.angle(values)))
    )
    ax.errorbar(
        f,
        show(Z),
        yerr=factor * sem if part == "gain" else np.degrees(sem / np.abs(Z)),
        **{"fmt": "o", "color": "k", "mfc": "w", "capsize": 2, "label": "measured", **kwargs},
    )
    fine = np.geomspace(f.min(), f.max(), 200)
    for (form, found), line in zip(response.filters.items(), LINES):
        ax.plot(
            fine,
            show(found.gain * found(fine)),
            ls=line,
            color="k" if found is response.best else "0.55",
            label=f"{form}{' (lowest AIC)' if found is response.best else ''}",
        )
    if part == "gain":
        ax.axhline(factor * response.gain[0].real, color="0.7", lw=0.8)
    ax.set(
        xscale="log",
        xlabel="frequency (Hz)",
        ylabel=f"gain ({unit})" if part == "gain" else "phase (degrees)",
    )
    if part == "gain":
        ax.set_ylim(0, 1.25 * factor * np.abs(response.gain).max())
        ax.legend(fontsize=8, ncols=2, loc="lower left")
    return ax


def plot_adaptation(adaptation: Any, *, ax: Axes | None = None, **kwargs) -> Axes:
    """Current that adaptation takes away over the rate, at each conductance, with the law a_0 + J r.

    Parameters
    ----------
    adaptation : Adaptation
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the points.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(adaptation, Adaptation, "plot_adaptation, adaptation")
    ax, curve = axes_of(ax), adaptation.curve
    rate, leak, current = curve.columns
    (fa, unit), (fg, leak_unit) = (
        readable(curve[name], name[name.index("[") + 1 : -1]) for name in (current, leak)
    )
    for (g, rows), marker, shade in zip(curve.groupby(leak), MARKERS * 4, ("black", "0.35", "0.6") * 7):
        ax.plot(
            rows[rate],
            rows[current] / fa,
            **{
                "linestyle": "",
                "marker": marker,
                "color": shade,
                "markersize": 4,
                "label": f"g = {g / fg:.3g} {leak_unit}",
                **kwargs,
            },
        )
    x, leaks = np.array([0.0, curve[rate].max()]), np.unique(curve[leak])
    for number, g in enumerate(
        leaks
        if adaptation.kind == "voltage-driven"
        else leaks[:1]
        if adaptation.kind == "spike-driven"
        else ()
    ):
        # As measured: the first interval has the adaptation of one spike in it.
        first = 0.0 if adaptation.tau is None else 1 / adaptation.tau_
        law = (
            adaptation.a_0_
            + float(np.asarray(adaptation.rise)) * (g - leaks.mean())
            + adaptation.J_ * (x - first)
        )
        ax.plot(
            x,
            law / fa,
            color="black",
            linewidth=1,
            label=(
                f"{adaptation.kind}: {'$a_0$ + ' if adaptation.a_0_ else ''}$J$ (r $-$ 1/$\\tau$)"
                if number == 0
                else None
            ),
        )
    ax.set(xlabel="steady rate (Hz)", ylabel=f"current for it, steady less onset ({unit})", xlim=(0, None))
    ax.legend(fontsize="small")
    return ax
