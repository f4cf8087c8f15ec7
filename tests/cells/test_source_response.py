"""How cells follow the rates of their inputs: against cells whose answer is known, and between engines."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms

import b2reduce as b2r
from b2reduce.basics.progress import Progress
from b2reduce.cells.points import measure_points, noise_sources
from b2reduce.cells.source_response import source_response_at

from .test_response import escape

G_L, DT_ = 10e-9, 1e-4
TAU_, TAU_M_ = 5e-3, 20e-3  # of the synapse and of the membrane of `escape`


def currents(model):
    """500 trains of 10 Hz on current synapses of 10 pA: 250 pA, 25 mV and 50 Hz for `escape`."""
    drive = b2r.Drive("ext", None, 500, "10 Hz", kind="current", tau="5 ms", w="10 pA")
    return noise_sources([drive], model)


def answer(model, I_, g_, sources, label="s0", engine="native", rtol=0.2, seed=3):
    with Progress(False) as bar:
        return source_response_at(
            model, I_, g_, sources, label, rtol=rtol, dt_=DT_, seed=seed, engine=engine, bar=bar
        )


def chi2(found, exact):
    """Squares of the two parts of all gains over their errors, and how many there are."""
    return float(np.sum(np.abs((found.gain - exact) / found.gain_sem) ** 2)), 2 * found.gain.size - 1


@pytest.fixture(scope="module")
def linear():
    """A cell that fires at the rate RHO (v - E_L), whose answer is that of its synapse and membrane."""
    model = escape()
    sources = currents(model)
    return answer(model, float(sources[0].current_(model)), G_L, sources)


def test_the_answer_of_a_passive_membrane_is_that_of_synapse_and_membrane(linear):
    assert linear.rate_ == pytest.approx(50, abs=4 * linear.rate_sem_)
    s = 2j * np.pi * linear.frequency_
    exact = 50 / (1 + s * TAU_) / (1 + s * TAU_M_)
    found, number = chi2(linear, exact)
    # Of chi-square the standard deviation is sqrt(2 number). The step of 0.1 ms turns phases by w dt, 0.04 at
    # 70 Hz, where the gain is known to a quarter.
    assert abs(found - number) < 4 * np.sqrt(2 * number)
    for wrong in (50 / (1 + s * TAU_M_), np.conj(exact), exact / (1 + s * 5e-3), 1.2 * exact):
        assert chi2(linear, wrong)[0] > number + 8 * np.sqrt(2 * number)


def power_chi2(found, exact):
    """Of the spectrum, at all frequencies but rest: of so many cells it is known to 1/sqrt(cells)."""
    cells = found.provenance["cells"] // 2
    left = (found.power_ / exact - 1)[1:]
    return float(np.sum(left**2) * cells), left.size, float(left.mean()) * np.sqrt(cells * left.size)


def test_the_spectrum_of_a_cell_without_memory_is_its_rate(linear):
    s = 2j * np.pi * linear.frequency_
    # Its rate follows its inputs, R events of 10 pA: R |gain/R|^2 beside the rate, 1 % of it at rest
    exact = 50 + np.abs(50 / (1 + s * TAU_) / (1 + s * TAU_M_)) ** 2 / 5000
    found, number, mean = power_chi2(linear, exact)
    assert found < number + 4 * np.sqrt(2 * number) and abs(mean) < 4
    high = linear.frequency_ >= 100
    assert linear.power_[high].mean() == pytest.approx(50, rel=4 / np.sqrt(200 * high.sum()))


@pytest.mark.slow
def test_a_dead_time_is_seen_in_the_spectrum():
    """Hazard h after a dead time of d: intervals have the transform phi = exp(-i w d) h/(h + i w), and the
    spectrum is r (1 - |phi|^2)/|1 - phi|^2, at rest r (1 - r d)^2.
    """
    model = replace(escape(), refractory=10 * ms)
    sources = currents(model)
    found = answer(model, float(sources[0].current_(model)), G_L, sources)
    dead, hazard = 10e-3, 50.0
    rate = hazard / (1 + hazard * dead)
    assert found.rate_ == pytest.approx(rate, rel=0.01)
    w = 2 * np.pi * np.maximum(found.frequency_, 1e-3)
    phi = np.exp(-1j * w * dead) * hazard / (hazard + 1j * w)
    exact = rate * (1 - np.abs(phi) ** 2) / np.abs(1 - phi) ** 2
    # The noise of its inputs adds 1 % as it does without a dead time; the dead time is whole steps, 1 % of it
    squares, number, mean = power_chi2(found, exact)
    assert squares < number + 4 * np.sqrt(2 * number) and abs(mean) < 4
    poisson = power_chi2(found, np.full(w.shape, rate))
    assert poisson[0] > number + 12 * np.sqrt(2 * number), "independent spikes"
    low = found.frequency_[(found.frequency_ > 0) & (found.frequency_ < 10)].size
    assert found.power_[1 : 1 + low].mean() < 0.6 * rate


def in_noise():
    """The cell `lif` at some Hz between two kinds of conductances: (model, current, leak, sources)."""
    model = b2r.Population("lif", 1).model
    drives = [
        b2r.Drive("E", None, 500, "14 Hz", "0.4 nS", "5 ms", "0 mV"),
        b2r.Drive("I", None, 100, "15 Hz", "1 nS", "10 ms", "-80 mV"),
    ]
    sources = noise_sources(drives, model)
    I_ = float(sum(source.current_(model) for source in sources))
    return model, I_, float(model.leak_ + sum(source.leak_ for source in sources)), sources


def nudged(number, by, all_of_it=True):
    """The slope of the rate over relative changes of a source, and its error; or that of its mean current
    alone, without its leak and its noise.
    """
    model, I_, g_, sources = in_noise()
    own = sources[number]
    moved = replace(own, rate_=own.rate_ * (1 + np.array([-by, by])))
    points = measure_points(
        model,
        I_ + moved.current_(model) - own.current_(model),
        g_ + (moved.leak_ - own.leak_ if all_of_it else np.zeros(2)),
        [moved if source is own and all_of_it else source for source in sources],
        replicates=3000,
        duration_=3.0,
        warmup_=0.5,
        dt_=DT_,
        seed=11,
        engine="native",
    )
    return np.diff(points.rate_)[0] / (2 * by), np.hypot(*points.rate_sem_) / (2 * by)


@pytest.fixture(scope="module")
def of_lif():
    return {number: answer(*in_noise(), f"s{number}", rtol=0.05) for number in (0, 1)}


@pytest.mark.parametrize("number", [0, 1])
def test_at_rest_the_answer_is_the_difference_of_two_rates(of_lif, number):
    found, (slope, sem) = of_lif[number], nudged(number, 0.05)
    assert 20 < found.rate_ < 60
    joint = np.hypot(sem, found.gain_sem[0])
    # Both leave out the third order: (5 %)^2 of a slope whose second change is of its own size
    assert abs(found.gain[0].real - slope) < 4 * joint + 3e-3 * abs(slope)
    assert np.sign(slope) == (1, -1)[number] and abs(slope) > 8 * joint
    assert abs(found.gain[0].imag) == 0
    current, error = nudged(number, 0.05, all_of_it=False)
    assert abs(found.gain[0].real - current) > 6 * np.hypot(error, found.gain_sem[0]), (
        "the mean current alone"
    )
    # The lowest tone of 1 Hz is as slow as rest is
    assert abs(found.gain[1] - slope) < 5 * np.hypot(sem, found.gain_sem[1]) + 0.1 * abs(slope)


def test_the_spectrum_of_a_regular_cell_is_below_its_rate_and_its_rate_at_high_frequency(of_lif):
    for found in of_lif.values():
        slow, fast = found.power_[1:5].mean(), found.power_[found.frequency_ >= 140].mean()
        cells = found.provenance["cells"] // 2
        # A renewal cell has r cv^2 at rest; beyond the membrane's frequencies spikes are independent.
        assert slow < 0.85 * found.rate_
        assert fast == pytest.approx(found.rate_, rel=4 / np.sqrt(4 * cells) + 0.05)


@pytest.mark.slow
def test_both_engines_find_the_same_answer(of_lif):
    one, other = of_lif[0], answer(*in_noise(), "s0", rtol=0.4, engine="brian2", seed=8)
    assert one.provenance["engine"].startswith("native") and other.provenance["engine"].startswith("brian2")
    left = np.abs(one.gain - other.gain) ** 2 / (one.gain_sem**2 + other.gain_sem**2)
    number = 2 * left.size - 1
    assert left.sum() < number + 4 * np.sqrt(2 * number)
    assert one.rate_ == pytest.approx(other.rate_, abs=4 * np.hypot(one.rate_sem_, other.rate_sem_))
    ratio = (one.power_ / other.power_ - 1)[1:]
    cells = other.provenance["cells"] // 2
    assert np.sum(ratio**2) * cells / 2 < ratio.size + 6 * np.sqrt(2 * ratio.size)
    # Numbers of the other kind of synapse, which has another sign and size, would be seen
    wrong = np.abs(of_lif[1].gain - other.gain) ** 2 / (of_lif[1].gain_sem ** 2 + other.gain_sem**2)
    assert wrong.sum() > number + 12 * np.sqrt(2 * number)


def counted(engine, swing, first_=0.05, end_=0.3, cells=40, rate_=5000.0):
    """Events of cells between two times, of a source that swings, and of one that does not."""
    model = escape()
    still = currents(model)[0]
    found = measure_points(
        model,
        np.array([1e-9]),
        np.array([G_L]),
        [replace(still, rate_=rate_, swing=swing), replace(still, label="s1")],
        replicates=cells,
        duration_=end_,
        warmup_=first_,
        dt_=DT_,
        seed=5,
        engine=engine,
    ).statistics.events
    return found["s0"], found["s1"]


def far(events, expected):
    """By how many standard errors of Poisson events a mean over cells is off."""
    return abs(events.mean() - expected) / np.sqrt(expected / events.size)


@pytest.mark.parametrize(
    "engine, swing", [("native", 0.3), ("native", -0.6), ("native", 0.0), ("brian2", -0.6)]
)
def test_events_are_as_many_as_a_constant_swing_says(numpy_code, engine, swing):
    found, still = counted(engine, np.full(4000, swing))
    assert far(found, 5000 * 0.25 * (1 + swing)) < 4 and far(still, 5000 * 0.25) < 4
    assert swing == 0 or far(found, 5000 * 0.25) > 20, "a swing left out would be seen"


@pytest.mark.parametrize("swing", [0.5, -0.9])
def test_as_many_events_as_no_table_holds_are_as_exact(swing):
    # 20 events in a step, and 30 or 2 with their swing: the table of probabilities ends at 24.
    found, _ = counted("native", np.full(4000, swing), cells=400, rate_=2e5)
    expected = 2e5 * 0.25 * (1 + swing)
    assert far(found, expected) < 4
    # The variance over 400 cells is known to sqrt(2/400) = 7 %
    assert found.var() == pytest.approx(expected, rel=4 * np.sqrt(2 / 400))


def test_more_events_than_are_counted_are_refused_with_their_swing():
    with pytest.raises(b2r.errors.InputError, match="brings 510 events a time step"):
        counted("native", np.full(4000, 0.7), rate_=3e6)


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_events_follow_a_swing_in_time(numpy_code, engine):
    # A sine of 5 Hz that begins at 0.05 s: half a period has 2 a/pi more, the other half as much less.
    t = np.arange(4000) * DT_
    wave = 0.8 * np.sin(2 * np.pi * 5 * (t - 0.05))
    for first_, end_, expected in (
        (0.05, 0.15, 500 * (1 + 2 * 0.8 / np.pi)),
        (0.15, 0.25, 500 * (1 - 2 * 0.8 / np.pi)),
        (0.05, 0.25, 1000),
        (0.1, 0.2, 500),
    ):
        found, _ = counted(engine, wave, first_, end_)
        # A step late or early turns the wave by 2 pi 5 Hz 0.1 ms = 3e-3 of a radian: below the error
        assert far(found, expected) < 4
        assert expected in (1000, 500) or far(found, 500) > 20


def test_swings_of_all_tones_have_their_amplitude_and_no_mean():
    from b2reduce.cells.modulation import PERIOD_, WARMUP_, phases_of, swing_of

    f, amplitude = np.array([1.0, 4.0, 24.0]), np.array([0.1, 0.2, 0.05, 0.3])
    swing = swing_of(f, amplitude, DT_)
    inside = slice(round(WARMUP_ / DT_), round((WARMUP_ + PERIOD_) / DT_))
    t = (np.arange(len(swing)) * DT_)[inside]
    assert swing[inside].mean() == pytest.approx(0.3, abs=1e-12), "whole periods, and a constant"
    for k in range(3):
        part = 2 * np.mean(swing[inside] * np.exp(-2j * np.pi * f[k] * t))
        assert part == pytest.approx(amplitude[k] * np.exp(1j * phases_of(f)[k]), abs=1e-12)


def test_cells_that_do_not_fire_have_no_answer():
    model = escape()
    [source] = currents(model)
    with pytest.raises(b2r.errors.InputError, match="does not fire"):
        answer(model, -2000e-12, G_L, [source])
