"""Figures of network theory: phase planes and branches of fixed points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...basics.arguments import described, one_of, require
from ...basics.errors import InputError
from ...basics.units import readable
from ...theory.continuation import Continuation
from ...theory.phase_plane import PhasePlane
from .style import LINES, axes_of, beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


__all__ = ["plot_continuation", "plot_phase_plane"]

_KINDS: dict[str, dict[str, Any]] = {
    "stable": dict(marker="o", markerfacecolor="black"),
    "saddle": dict(marker="D", markerfacecolor="white"),
    "unstable": dict(marker="o", markerfacecolor="white"),
    "marginal": dict(marker="s", markerfacecolor="0.6"),
}
_SPECIAL = {
    "fold": "s",
    "hopf": "^",
    "zero": "X",
    "border": "v",
    "runaway": ">",
    "silent": "P",
    "no operating point": "x",
}


def plot_phase_plane(
    plane: PhasePlane, *, trajectories: Sequence[np.ndarray] = (), ax: Axes | None = None, **kwargs
) -> Axes:
    """Nullclines, flow, fixed points and separatrices of two populations.

    Parameters
    ----------
    plane : PhasePlane
    trajectories : sequence of ndarray, shape (time, 2)
        Currents in excess of the thresholds, A, drawn as thin lines.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the nullclines.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(plane, PhasePlane, "plot_phase_plane, plane")
    if not isinstance(trajectories, (list, tuple)) or any(
        not isinstance(way, np.ndarray) or way.ndim != 2 or way.shape[1] != 2 for way in trajectories
    ):
        raise InputError(
            f"trajectories: got {described(trajectories)}, expected a list of arrays of shape (time, 2)"
        )
    ax = axes_of(ax)
    (fx, xlabel), (fy, ylabel) = (
        readable(values, unit) for values, unit in ((plane.x_, plane.unit[0]), (plane.y_, plane.unit[1]))
    )
    coarse = slice(None, None, max(1, len(plane.x_) // 20))
    dx, dy = plane.flow_[0][coarse, coarse] / fx, plane.flow_[1][coarse, coarse] / fy
    length = np.hypot(dx / np.ptp(plane.x_ / fx), dy / np.ptp(plane.y_ / fy))
    ax.quiver(
        plane.x_[coarse] / fx,
        plane.y_[coarse] / fy,
        dx / np.maximum(length, 1e-300) / np.ptp(plane.x_ / fx),
        dy / np.maximum(length, 1e-300) / np.ptp(plane.y_ / fy),
        color="0.75",
        angles="xy",
        scale=30,
        width=2e-3,
    )
    for name, line, shade in zip(plane.names, LINES, ("black", "0.35")):
        for number, part in enumerate(plane.nullclines_[name]):
            ax.plot(
                part[:, 0] / fx,
                part[:, 1] / fy,
                **{
                    "linestyle": line,
                    "color": shade,
                    "label": f"{name} nullcline" if number == 0 else None,
                    **kwargs,
                },
            )
    for number, border in enumerate(plane.separatrices):
        ax.plot(
            border.curve_[:, 0] / fx,
            border.curve_[:, 1] / fy,
            linestyle=":",
            color="black",
            linewidth=2,
            label="separatrix" if number == 0 else None,
        )
    for trajectory in trajectories:
        ax.plot(trajectory[:, 0] / fx, trajectory[:, 1] / fy, color="0.5", linewidth=0.8)
    shown = set()
    for point, (x, y) in zip(plane.points, plane.points_):
        kind = point.kind.split()[0]
        label = kind if kind == "saddle" else f"{kind} fixed point"
        ax.plot(
            x / fx,
            y / fy,
            linestyle="",
            markeredgecolor="black",
            markersize=8,
            label=None if kind in shown else label,
            zorder=5,
            **_KINDS[kind],
        )
        shown.add(kind)
    ax.set(
        xlabel=f"current above threshold, {plane.names[0]} ({xlabel})",
        ylabel=f"current above threshold, {plane.names[1]} ({ylabel})",
        xlim=(plane.x_[0] / fx, plane.x_[-1] / fx),
        ylim=(plane.y_[0] / fy, plane.y_[-1] / fy),
    )
    ax.legend(fontsize="small", **beside(ax))  # arrows are everywhere
    return ax


def plot_continuation(
    continuation: Continuation, *, population: str | None = None, ax: Axes | None = None, **kwargs
) -> Axes:
    """Rates of fixed points along a parameter: stable ones as full lines, others broken, what lies outside of
    the measured range dotted, special points marked.

    Parameters
    ----------
    continuation : Continuation
    population : str, optional
        By default the first.
    ax : matplotlib.axes.Axes, optional
    **kwargs
        Passed to the lines.

    Returns
    -------
    matplotlib.axes.Axes
    """
    require(continuation, Continuation, "plot_continuation, continuation")
    ax, table, special = axes_of(ax), continuation.points, continuation.special
    known = [column.removesuffix(" [Hz]") for column in table.columns[2:] if column.endswith(" [Hz]")]
    population = known[0] if population is None else population
    one_of(population, known, "population")
    rate, name = f"{population} [Hz]", continuation.parameter
    factor, unit = readable(table[name], name[name.rindex("[") + 1 : -1])
    kinds = np.where(
        table["outside"] != "",
        "extrapolated",
        np.where(table["kind"].str.startswith("stable"), "stable", "unstable"),
    )
    looks = {"stable": ("-", "black"), "unstable": ("--", "0.5"), "extrapolated": (":", "0.5")}
    labelled = set()
    for _, rows in table.groupby("branch", sort=False):
        here = kinds[rows.index]
        edges = [0, *(np.flatnonzero(here[1:] != here[:-1]) + 1), len(rows)]
        for first, last in zip(edges, edges[1:]):
            part, what = rows.iloc[max(first - 1, 0) : last], here[first]  # so that pieces of one branch join
            line, colour = looks[what]
            ax.plot(
                part[name] / factor,
                part[rate],
                **{
                    "linestyle": line,
                    "color": colour,
                    "marker": "." if len(part) == 1 else None,
                    "label": None if what in labelled else what,
                    **kwargs,
                },
            )
            labelled.add(what)
    for what, rows in special.groupby("what"):
        ax.plot(
            rows[name] / factor,
            rows[rate],
            linestyle="",
            marker=_SPECIAL[what],
            markersize=8,
            markerfacecolor="white",
            markeredgecolor="black",
            label=what,
            zorder=5,
        )
    ax.set(xlabel=f"{name[: name.rindex('[')].strip()} ({unit})", ylabel=f"rate of {population} (Hz)")
    ax.legend(fontsize="small")
    return ax
