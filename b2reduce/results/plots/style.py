"""The look of all figures."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from ...basics.arguments import described
from ...basics.errors import InputError
from ...basics.whole_imports import imported

if TYPE_CHECKING:
    from typing import Any

__all__ = ["LINES", "MARKERS", "style", "axes_of", "beside", "colours_of"]

LINES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v")


def style() -> Any:
    """Path of the package's matplotlib style, for `matplotlib.style.context`."""
    return str(resources.files("b2reduce").joinpath("b2reduce.mplstyle"))


def axes_of(ax):
    """The Axes that were given, or new ones in the style of the package."""
    if ax is not None:
        if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
            raise InputError(
                f"ax: got {described(ax)}, expected one matplotlib Axes, such as plt.subplots()[1]"
            )
        return ax
    plt = imported("matplotlib.pyplot")
    with plt.style.context(style()):
        return plt.subplots()[1]


def beside(ax):
    """Where a legend stands beside the axes; inside, framed, where no layout engine makes room for it."""
    if ax.figure.get_layout_engine() is None:
        return {"loc": "best", "frameon": True}
    return {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


def colours_of(populations):
    """{population: colour} of the style's cycle."""
    from matplotlib import rc_context, rcParams
    from matplotlib.style import context

    with rc_context(), context(style()):
        cycle = rcParams["axes.prop_cycle"].by_key()["color"]
    return {name: cycle[number % len(cycle)] for number, name in enumerate(populations)}
