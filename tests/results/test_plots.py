"""What figures show, read back from their artists."""

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, nA
from matplotlib import rcParams
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context

import b2reduce as b2r
from b2reduce.results.plots.style import style

BETA, I_THETA, V_THETA = 250e9, 0.1e-9, 5e-3  # Hz/A, A, V
LEAKS_ = (10e-9, 20e-9, 30e-9)


@pytest.fixture(scope="module")
def surface():
    """A straight gain up to 60 Hz, a flatter one above, at three leaks."""

    def rate(i, g):
        line = BETA * max(i - I_THETA - V_THETA * g, 0)
        return min(line, 60 + 0.3 * (line - 60))

    rows = [(i, g, rate(i, g)) for i in np.linspace(0, 1e-9, 41) for g in LEAKS_]
    return b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]))


@pytest.fixture(scope="module")
def fit(surface):
    return b2r.fit_gain(surface, rates=(10 * Hz, 50 * Hz))


def panel():
    return Figure(figsize=(5.6, 3.8), layout="constrained").subplots()


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_fitted_law_is_strong_in_its_window_only(surface, fit):
    ax = b2r.plots.plot_fi(surface, fit, ax=panel())
    lines = [line for line in ax.lines if len(line.get_xdata()) == 1000]
    strong, faint = (
        [line for line in lines if (line.get_alpha() is not None) == is_faint] for is_faint in (False, True)
    )
    assert len(strong) == len(faint) == 3
    step = BETA * 1e-9 / 999  # Hz between neighbours on the line that draws the law
    for line, pale, g in zip(strong, faint, LEAKS_):
        shown, rest = (np.isfinite(part.get_ydata()) for part in (line, pale))
        assert (
            10 <= line.get_ydata()[shown].min() < 10 + step
            and 50 - step < line.get_ydata()[shown].max() <= 50
        )
        np.testing.assert_allclose(
            line.get_ydata()[shown],
            BETA * (line.get_xdata()[shown] * 1e-9 - I_THETA - V_THETA * g),
            rtol=1e-6,
        )
        assert (
            not (shown & rest).any()
            and 0 < pale.get_ydata()[rest].min()
            and pale.get_ydata()[rest].max() <= surface.rate_.max()
        )
        assert ((pale.get_ydata()[rest] < 10) | (pale.get_ydata()[rest] > 50)).all()
        assert (
            line.get_linewidth() > pale.get_linewidth()
            and line.get_linestyle() == pale.get_linestyle()
            and line.get_color() is pale.get_color()
        )
    assert len({line.get_linestyle() for line in strong}) == 3


def test_the_legend_of_an_fi_curve_names_leaks_then_the_rest_and_stands_beside_it(surface, fit):
    ax = b2r.plots.plot_fi(surface, fit, point=(0.4 * nA, 30 * Hz), ax=panel())
    assert (
        entries(ax) == ["10", "20", "30", "operating", "window of the fit"]
        and ax.get_legend().get_title().get_text() == "total leak g (nS)"
    )
    assert ax.get_xlabel() == "mean current I (nA)" and ax.get_ylabel() == "rate (Hz)"
    assert entries(b2r.plots.plot_fi(surface, ax=panel())) == ["10", "20", "30"]
    ax.figure.draw_without_rendering()
    box, inside = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert box.x0 >= inside.x1 and box.x1 <= ax.figure.bbox.x1, "off the data, and not cut off"
    plain = b2r.plots.plot_fi(surface, fit, ax=Figure().subplots())  # nothing would make room beside this one
    plain.figure.draw_without_rendering()
    assert plain.get_legend().get_window_extent().x1 <= plain.get_window_extent().x1


def lightness(colour):
    """CIE L* of an sRGB colour: what is left of it in grey."""
    rgb = np.array(to_rgb(colour))
    Y = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(Y) - 16 if Y > 216 / 24389 else Y * 24389 / 27


def test_lightness_is_that_of_the_standard():
    # Black, white, and the middle grey of sRGB, whose L* is 53.6.
    assert [lightness(grey) for grey in ("#000000", "#ffffff", "#808080")] == pytest.approx(
        [0, 100, 53.585], abs=1e-2
    )


def test_colours_of_the_style_are_told_apart_in_grey():
    with context(style()):
        cycle = rcParams["axes.prop_cycle"].by_key()
    assert len(set(cycle["color"])) == 5 and np.diff(sorted(map(lightness, cycle["color"]))).min() >= 10
    assert max(map(lightness, cycle["color"])) < 85, "seen on white"
    # A line with a colour of its own takes everything else from the cycle.
    with context(style()):
        ax = Figure().subplots()
        assert {ax.plot([0, 1], color="black")[0].get_linestyle() for _ in range(5)} == {"-"}
