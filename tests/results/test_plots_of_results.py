"""Figures of adaptation, linear responses, cells and frequencies: their data, labels and legends, read back."""

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, amp, ms, mV, pA, second
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import b2reduce as b2r
from b2reduce.basics.codec.register import class_of

from ..figures import faults


def panel():
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    FigureCanvasAgg(figure)  # on which its texts can be measured
    return figure.subplots()


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def xy(line):
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


J_, A_0_, RISE_, TAU_ = 2e-12, 40e-12, 3e-3, 0.1  # A s, A, V, s
LEAKS_, RATES_ = (10e-9, 20e-9), np.array([5.0, 15.0, 30.0, 60.0])


def adaptation(kind):
    """Points that lie on the law itself, at two leaks."""
    a_0, rise = (A_0_, RISE_) if kind == "voltage-driven" else (0.0, 0.0)
    rows = [
        (r, g, a_0 + rise * (g - 15e-9) + (2e-12 if kind == "none" else J_ * (r - 1 / TAU_)))
        for g in LEAKS_
        for r in RATES_
    ]
    moves = kind != "none"
    return class_of("Adaptation")(
        kind, J_ * moves * amp * second, a_0 * amp, rise * 1e3 * mV, TAU_ * 1e3 * ms if moves else None,
        0.01 * J_ * amp * second, 1 * ms if moves else None, 1 * pA, pd.DataFrame({"g [S]": LEAKS_}),
        pd.DataFrame(rows, columns=["rate [Hz]", "g [S]", "I_steady - I_onset [A]"]), [], {},
    )  # fmt: skip


@pytest.mark.parametrize("kind, laws", [("none", 0), ("spike-driven", 1), ("voltage-driven", 2)])
def test_adaptation_is_drawn_with_its_law_through_the_points(kind, laws):
    ax = b2r.plots.plot_adaptation(adaptation(kind), ax=panel())
    assert ax.get_xlabel() == "steady rate (Hz)"
    assert ax.get_ylabel() == "current for it, steady less onset (pA)"
    points, lines = ax.lines[:2], ax.lines[2:]
    curve = adaptation(kind).curve
    for line, (_g, rows) in zip(points, curve.groupby("g [S]")):
        x, y = xy(line)
        np.testing.assert_array_equal(x, RATES_)
        np.testing.assert_allclose(y, rows["I_steady - I_onset [A]"] * 1e12, rtol=1e-12)
    assert len({line.get_marker() for line in points}) == 2, "told apart without colour"
    assert len(lines) == laws
    for line, measured in zip(lines, points):
        x, y = xy(line)
        assert x.tolist() == [0.0, 60.0]
        # Straight between its ends, through what was measured at its leak
        np.testing.assert_allclose(np.interp(RATES_, x, y), xy(measured)[1], rtol=1e-9)
    named = {
        "none": [],
        "spike-driven": ["spike-driven: $J$"],
        "voltage-driven": ["voltage-driven: $a_0$ + $J$"],
    }
    assert entries(ax) == ["g = 10 nS", "g = 20 nS", *(f"{law} (r $-$ 1/$\\tau$)" for law in named[kind])]
    assert ax.get_xlim()[0] == 0 and faults(ax.figure) == []


GAIN_, DELAY_ = 2e11, 8e-3


def response(**changes):
    """One time constant, exactly, with 2 % of error bars; the first frequency is 0."""
    frequency = np.concatenate([[0.0], np.geomspace(1, 200, 12)])
    gain = GAIN_ / (1 + 2j * np.pi * frequency * DELAY_)
    settings = dict(
        frequency_=frequency, gain=gain, gain_sem=np.full(13, 4e9), rate_=12.0, rate_sem_=0.1, I_=3e-10,
        g_=2e-8, modulation_=1e-11,
    )  # fmt: skip
    return class_of("LinearResponse")(**{**settings, **changes})


@pytest.mark.parametrize(
    "part, label, shown, error",
    [
        ("gain", "gain (Hz/pA)", lambda Z: 1e-12 * np.abs(Z), lambda Z: np.full(12, 4e-3)),
        (
            "phase",
            "phase (degrees)",
            lambda Z: np.degrees(np.angle(Z)),
            lambda Z: np.degrees(4e9 / np.abs(Z)),
        ),
    ],
)
def test_a_linear_response_is_drawn_with_its_fits(part, label, shown, error):
    found = response()
    ax = b2r.plots.plot_linear_response(found, part=part, ax=panel())
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()) == ("frequency (Hz)", label, "log")
    points, _caps, (bars,) = ax.containers[0]
    x, y = xy(points)
    moving = found.gain[1:]
    np.testing.assert_array_equal(x, found.frequency_[1:], "0 has no place on this axis")
    np.testing.assert_allclose(y, shown(moving), rtol=1e-12)
    lengths = [end[1] - start[1] for start, end in bars.get_segments()]
    np.testing.assert_allclose(lengths, 2 * error(moving), rtol=1e-9)
    fits = {line.get_label().split(" ")[0]: line for line in ax.lines if not line.get_label().startswith("_")}
    fits.pop("measured", None)
    assert list(fits) == list(found.filters) and found.best.form == "first"
    for form, line in fits.items():
        x, y = xy(line)
        np.testing.assert_allclose([x[0], x[-1]], [1, 200], rtol=1e-12)
        # Each of them holds one time constant
        np.testing.assert_allclose(y, shown(GAIN_ / (1 + 2j * np.pi * x * DELAY_)), rtol=1e-3)
        assert (line.get_color() == "k") == (form == "first")
    assert len({line.get_linestyle() for line in fits.values()}) == 3
    if part == "gain":
        assert entries(ax) == ["first (lowest AIC)", "lead", "second", "measured"]
        constant = next(line for line in ax.lines if len(line.get_xdata()) == 2)
        assert xy(constant)[1].tolist() == pytest.approx([0.2, 0.2]) and ax.get_ylim() == (
            0,
            pytest.approx(0.25),
        )
    assert faults(ax.figure) == []


def test_a_response_per_area_has_its_unit():
    ax = b2r.plots.plot_linear_response(response(per_area=True), ax=panel())
    assert ax.get_ylabel() == "gain (Hz m²/A)"
    np.testing.assert_allclose(xy(ax.containers[0][0])[1][0], abs(response().gain[1]), rtol=1e-12)


def cells(T=4.0, N=500):
    """(spiking run, rate run with a unit a cell) of cells whose rates differ, and those rates."""
    rng = np.random.default_rng(3)
    own = rng.normal(20, 3, N)  # Hz
    i = np.repeat(np.arange(N), rng.poisson(own * T))
    t = rng.uniform(0, T, i.size)
    order = np.argsort(t)
    bins = (np.arange(80) + 0.5) * T / 80
    spikes = b2r.Activity(
        ("E",), bins, np.full((1, 80), i.size / N / T), T / 80, {"E": N},
        spikes_={"E": (i[order], t[order])}, provenance={"seed": 1},
    )  # fmt: skip
    rates = b2r.Activity(
        ("E",), bins, np.full((1, 80), own.mean()), T / 80, {"E": N},
        cell_rate_={"E": own[:, None].repeat(80, 1).astype(np.float32)}, cell_bin_=0.05,
        provenance={"seed": 1, "drives [Hz]": {}},
    )  # fmt: skip
    return spikes, rates, own


def test_cells_are_drawn_as_counts_and_as_rates_with_their_scatter():
    spikes, rates, own = cells()
    ax = b2r.plots.plot_cells(spikes, rates, "E", ax=panel())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rate of cells of E (Hz)", "density (1/Hz)")
    counts = np.bincount(spikes.spikes_["E"][0], minlength=500)
    # Bins of whole spikes, all of the same number of them, that hold every cell
    edges = np.array(
        [bar.get_x() for bar in ax.patches] + [ax.patches[-1].get_x() + ax.patches[-1].get_width()]
    )
    each = np.diff(edges) * 4.0
    np.testing.assert_allclose(each, np.round(each[0]), rtol=1e-9)
    expected, _ = np.histogram(counts, edges * 4.0)
    heights = np.array([bar.get_height() for bar in ax.patches])
    np.testing.assert_allclose(heights * np.diff(edges) * 500, expected, rtol=1e-9, atol=1e-9)
    assert expected.sum() == 500
    density, mean, rug = ax.lines
    x, y = xy(density)
    assert np.trapezoid(y, x) == pytest.approx(1, abs=0.01)
    # The units differ by 3 Hz, counting for 4 s adds 20/4 = 5 Hz²; a variance of 500 cells is known to 6 %,
    # and that of the difference of two counts, from which the 5 come, too.
    variance = np.trapezoid(y * (x - own.mean()) ** 2, x)
    assert variance == pytest.approx(own.var() + 5, rel=0.08) and variance > 1.3 * own.var()
    np.testing.assert_allclose(xy(mean)[0], own.mean(), rtol=1e-6)
    np.testing.assert_allclose(xy(rug)[0], own, rtol=1e-6)
    low, high = ax.get_ylim()
    assert low < xy(rug)[1].min() and max(heights.max(), y.max()) < high, "nothing is cut off"
    left, right = ax.get_xlim()
    assert left < min(edges[0], own.min()) and max(edges[-1], own.max()) < right
    assert sorted(entries(ax)) == ["rate model, counted", "rate model, mean", "spiking"]


def test_cells_are_drawn_from_a_time_on_and_of_a_population_that_is_there():
    spikes, rates, _own = cells()
    i, t = spikes.spikes_["E"]
    ax = b2r.plots.plot_cells(spikes, rates, "E", after=2 * second, ax=panel())
    late = np.bincount(i[t >= 2], minlength=500) / 2.0
    edges = [bar.get_x() for bar in ax.patches]
    assert edges[0] == pytest.approx(late.min() - 0.25), "half a spike in 2 s below the lowest"
    with pytest.raises(b2r.errors.InputError, match="population.*'X'.*E"):
        b2r.plots.plot_cells(spikes, rates, "X", ax=panel())


def frequencies():
    """Two populations, two models; the spiking gains are 3 and 2 Hz for an amplitude of 1.4 Hz."""
    f = np.array([2.0, 10.0, 50.0])
    rows = []
    for population, gain in (("E", 3.0), ("I", 2.0)):
        for number, model in enumerate(("synaptic", "slow")):
            for k, value in enumerate(f):
                rows.append(
                    {
                        "population": population, "model": model, "frequency": value,
                        "spiking": gain / (1 + k), "spiking_sem": 0.06, "spiking_phase": -10.0 * k,
                        "rate": gain / (1 + k + number), "rate_phase": -12.0 * k - 5 * number,
                        "error": 0.02 + 0.1 * number + 0.01 * k, "error_sem": 0.01 + 0.01 * k,
                        "static_error": 0.2 * k,
                    }
                )  # fmt: skip
    return class_of("FrequencyComparison")(pd.DataFrame(rows), 14 * Hz, 1.4 * Hz, {"spikes": []})


def test_errors_over_frequency_stand_beside_what_counting_alone_makes():
    slow = frequencies()
    ax = b2r.plots.plot_frequencies(slow, population="I", ax=panel())
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "frequency of the drive (Hz)", "error of I (% of the response)"
    )  # fmt: skip
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines) == ["at once", "synaptic", "slow"] and ax.get_xscale() == "log"
    assert all(xy(line)[0].tolist() == [2, 10, 50] for line in lines.values())
    np.testing.assert_allclose(xy(lines["at once"])[1], [0, 20, 40])
    np.testing.assert_allclose(xy(lines["synaptic"])[1], [2, 3, 4])
    np.testing.assert_allclose(xy(lines["slow"])[1], [12, 13, 14])
    (band,) = ax.collections
    assert band.get_label() == "counting alone"
    upper = {x: y for x, y in band.get_paths()[0].vertices if y > 0}
    assert upper == pytest.approx({2: 1, 10: 2, 50: 3})
    assert entries(ax) == ["counting alone", "at once", "synaptic", "slow"]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines.values()}) == 3
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 40


@pytest.mark.parametrize(
    "column, label, spiking, sem, models",
    [
        (
            "gain", "gain of E (Hz/Hz)", np.array([3, 1.5, 1]) / 1.4, np.full(3, 0.06 / 1.4),
            {"synaptic": np.array([3, 1.5, 1]) / 1.4, "slow": np.array([1.5, 1, 0.75]) / 1.4},
        ),
        (
            "phase", "phase of E (degrees)", [0, -10, -20], np.degrees(0.06 / np.array([3, 1.5, 1])),
            {"synaptic": [0, -12, -24], "slow": [-5, -17, -29]},
        ),
    ],
)  # fmt: skip
def test_gains_and_phases_over_frequency_stand_beside_those_of_the_spikes(
    column, label, spiking, sem, models
):
    ax = b2r.plots.plot_frequencies(frequencies(), population="E", column=column, ax=panel())
    assert ax.get_ylabel() == label
    points, _caps, (bars,) = ax.containers[0]
    np.testing.assert_allclose(xy(points)[1], spiking, rtol=1e-9)
    np.testing.assert_allclose(
        [end[1] - start[1] for start, end in bars.get_segments()], 2 * np.asarray(sem), rtol=1e-9
    )
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    lines.pop("spiking", None)
    assert list(lines) == list(models)
    for name, values in models.items():
        np.testing.assert_allclose(xy(lines[name])[1], values, rtol=1e-9)
    assert sorted(entries(ax)) == ["slow", "spiking", "synaptic"]
    low, high = ax.get_ylim()
    drawn = np.concatenate(
        [np.asarray(spiking) - sem, np.asarray(spiking) + sem, *map(np.asarray, models.values())]
    )
    assert low <= drawn.min() and drawn.max() <= high and (column == "phase" or low == 0)
