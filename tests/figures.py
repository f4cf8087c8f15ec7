"""What every figure must show: units on its axes, text inside of its canvas, legends off its data."""

import numpy as np

# What an axis may show that has no unit.
NUMBERS = (
    "probability",
    "number",
    "inputs",
    "factor",
    "N",
    "K",
    "fraction",
    "over",
    "ratio",
    "J_",
    "/",
    "angle",
    "coefficient",
    "density",
    "error",
    "unit",
    "contrast",
)


def faults(figure):
    """List of str, empty if nothing is wrong."""
    figure.canvas.draw()
    found = []
    for number, ax in enumerate(
        ax for ax in figure.axes if ax.get_visible() and ax.axison and ax.get_label() != "<colorbar>"
    ):
        found += [f"panel {number}: {text}" for text in (*_labels(ax), *_hidden(ax))]
    return [*found, *_clipped(figure)]


def _labels(ax):
    """Labels without a unit, and axes without a label that share none."""
    for name, label, shared in (
        ("x", ax.get_xlabel(), ax.get_shared_x_axes()),
        ("y", ax.get_ylabel(), ax.get_shared_y_axes()),
    ):
        if not label:
            others = [
                getattr(other, f"get_{name}label")() for other in shared.get_siblings(ax) if other is not ax
            ]
            ticks = any(tick.get_text() for tick in getattr(ax, f"get_{name}ticklabels")())
            if ticks and not any(others):
                yield f"no label on {name}"
        elif "(" not in label and not any(word in label for word in NUMBERS):
            yield f"{name} label {label!r} has no unit"


def _clipped(figure):
    """Texts that leave the canvas.

    Of ticks only those that are drawn, which is what a figure's tight box holds.
    """
    from matplotlib.text import Text

    ticks = {
        id(text)
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.majorTicks, *axis.minorTicks)
        for text in (tick.label1, tick.label2)
    }
    renderer, canvas, slack = figure.canvas.get_renderer(), figure.bbox, 1  # pixel
    outside = lambda box: (
        box.x0 < canvas.x0 - slack
        or box.y0 < canvas.y0 - slack
        or box.x1 > canvas.x1 + slack
        or box.y1 > canvas.y1 + slack
    )
    for text in figure.findobj(Text):
        if (
            text.get_visible()
            and text.get_text().strip()
            and id(text) not in ticks
            and outside(text.get_window_extent(renderer))
        ):
            yield f"{text.get_text()!r} leaves the canvas"
    if outside(figure.get_tightbbox(renderer).transformed(figure.dpi_scale_trans)):
        yield "something leaves the canvas"


def _hidden(ax):
    """Legends that lie on lines or marks."""
    legend = ax.get_legend()
    if legend is None:
        return
    # Words and handles, not the margin around them.
    box = legend.get_window_extent()
    box = box.from_extents(box.x0 + 6, box.y0 + 6, box.x1 - 6, box.y1 - 6)
    for line in ax.lines:
        if not line.get_visible() or len(line.get_xdata()) < 3:
            continue  # reference lines of two points may run behind
        points = line.get_transform().transform(
            np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
        )
        if line.get_linestyle() not in ("None", "", " "):
            parts = np.linspace(0, 1, 20)[:, None]
            points = np.concatenate([start + parts * (end - start) for start, end in zip(points, points[1:])])
        within = lambda frame: ((points > (frame.x0, frame.y0)) & (points < (frame.x1, frame.y1))).all(axis=1)
        # What lies beyond the limits of the axes is not drawn
        inside = within(box) & within(ax.get_window_extent())
        if inside.any():
            yield f"the legend lies on {line.get_label()!r}"
