"""Early stopping: what it may leave out, what it may not change, and what it must not mistake for settled."""

import numpy as np
import pytest
from brian2 import Quantity, ms, mV, nA, nS, second

import b2reduce as b2r
from b2reduce.cells.engine import Cells, Settled, simulate_cells
from b2reduce.cells.engine.stopping import Precise
from b2reduce.circuit.library import data_names

from ..spike_trains import EXACT, SCALES, SOURCES, assert_same_spikes, noisy


def surfaces(name, **settings):
    model = b2r.load_model(name)
    I = Quantity(np.linspace(0, 1, 21) * SCALES[name], dim=model.current_dim)
    g = Quantity(model.leak_ * np.array([0.8, 1.3]), dim=model.conductance_dim)
    return b2r.measure_fi(model, I, g, **settings), b2r.measure_fi(
        model, I, g, duration=2 * second, **settings
    )


@pytest.mark.parametrize("name", data_names("neurons"))
def test_a_settled_rate_is_the_rate_of_the_whole_run(name):
    early, full = surfaces(name)
    assert np.all(full.time_ == 2.0) and np.all(early.time_ <= 2.0)
    # The stretch is known to one step at either end (its sem), the whole run to its own, and the drift
    # allowed is 2e-4; a slow process may leave twice that (see Settled).
    bound = early.rate_sem_ + full.rate_sem_ + 2 * 2e-4 * full.rate_
    assert np.all(np.abs(early.rate_ - full.rate_) <= bound + 1e-9)
    np.testing.assert_array_equal(early.onset_rate_, full.onset_rate_)
    # Whose adaptation needs as long as the run to fade
    if name not in ("adex_brette2005", "adex_zerlaut2018_rs", "lif_adapt"):
        assert early.time_.mean() < 0.6 * full.time_.mean()


def test_the_bound_would_see_a_rate_read_too_soon():
    early, full = surfaces("adex_brette2005")
    soon = b2r.measure_fi("adex_brette2005", early.I, early.g, duration=0.25 * second, warmup=0.1 * second)
    assert np.any(np.abs(soon.rate_ - full.rate_) > 5 * (soon.rate_sem_ + full.rate_sem_ + 4e-4 * full.rate_))


def test_a_cell_that_repeats_itself_gives_the_statistics_of_the_whole_run_to_the_spike():
    model = b2r.load_model("lif")
    n = 203
    cells = Cells(model, n, {"I_app": np.linspace(0.1, 1.2, n) * 1e-9, "g_L": np.full(n, 16.7e-9)})
    for warmup, dt in ((0.5, 1e-4), (0.0, 1e-4), (0.37, 1e-4), (0.5, 0.07e-3)):
        early, full = (simulate_cells(cells, 2.0, warmup, dt, stop=stop)[0] for stop in (Settled(), None))
        assert early.time.mean() < 0.25 * 2.0 and early.total.max() > 100
        for name in EXACT:
            # Times are the same steps, reached by another sum.
            np.testing.assert_allclose(
                getattr(early, name), getattr(full, name), rtol=1e-12, atol=0, err_msg=name
            )
        np.testing.assert_allclose(early.interval_sum, full.interval_sum, rtol=1e-9)
        np.testing.assert_allclose(early.interval_square_sum, full.interval_square_sum, rtol=1e-9)


def test_time_and_chance_in_the_equations_switch_it_off():
    lif = b2r.load_model("lif")
    swings = lif.replace(threshold="v > V_th*(1 - 0.01*sin(2*pi*1*Hz*t))")
    jumps = lif.replace(threshold="v > V_th and rand() < 0.5")
    for model in (swings, jumps):
        surface = b2r.measure_fi(model, [0.3, 0.5] * nA, 16.7 * nS, replicates=3)
        assert surface.provenance["engine"].startswith("native") and np.all(surface.time_ >= 2 * 3)


def test_a_slow_adaptation_is_waited_for():
    """A leaky cell with an adaptation current of 1 s.

    Read at 0.25 s its rate would be far from where it goes.
    """
    model = b2r.NeuronModel(
        name="slow",
        equations="dv/dt = (g_L*(E_L - v) - w + I_app)/C_m : volt\ndw/dt = -w/tau_w : amp",
        threshold="v > V_th",
        reset="v = V_r; w += b",
        method="exact",
        membrane="v",
        input="I_app",
        leak="g_L",
        leak_reversal="E_L",
        capacitance="C_m",
        dt="0.1 ms",
        parameters=dict(
            C_m="250 pF", g_L="16.7 nS", E_L="-65 mV", V_th="-50 mV", V_r="-60 mV", tau_w="1 s", b="5 pA"
        ),
    )
    early = b2r.measure_fi(model, [0.5] * nA, 16.7 * nS)
    first = b2r.measure_fi(model, [0.5] * nA, 16.7 * nS, duration=250 * ms, warmup=0 * ms)
    last = b2r.measure_fi(model, [0.5] * nA, 16.7 * nS, duration=10 * second, warmup=8 * second)
    assert first.rate_[0, 0] > 1.5 * last.rate_[0, 0]
    assert early.time_[0, 0] == 2.0


def test_resumed_stretches_are_one_run():
    """Looks that stop nobody leave the numbers as they are, random streams included."""

    class Looks(Precise):
        def finished(self, whole, stretch, dt_):
            return np.zeros(whole.count.size, dtype=bool), whole

    cells = noisy(50)
    looks = Looks(0.01, 50, longest=1)
    stretches, run = (
        simulate_cells(cells, 1.5, 0.5, 1e-4, seed=4, engine="native", stop=stop)[0] for stop in (looks, None)
    )
    assert_same_spikes(stretches, run)
    for label in run.events:
        np.testing.assert_array_equal(stretches.events[label], run.events[label])
    for name, values in run.final_state.items():
        np.testing.assert_array_equal(stretches.final_state[name], values)


NOISE = [
    b2r.Drive(
        name=s.label,
        inputs=1,
        rate=f"{s.rate_} Hz",
        G=f"{s.synapse.G_ * 1e9} nS",
        tau=f"{s.synapse.tau_ * 1e3} ms",
        E=f"{s.synapse.E_ * 1e3} mV",
    )
    for s in SOURCES
]


def test_noise_runs_until_it_is_precise_enough():
    g = 16.7 * nS + 40 * nS
    surface = b2r.measure_fi("lif", [0.75, 0.85, 1.1] * nA, g, noise=NOISE, rtol=0.02, seed=3)
    assert np.all(surface.rate_sem_ <= 0.02 * surface.rate_) and np.all(surface.rate_ > 1)
    assert surface.time_[0, 0] > 2 * surface.time_[2, 0], "a low rate takes longer"
    full = b2r.measure_fi(
        "lif", [0.75, 0.85, 1.1] * nA, g, noise=NOISE, rtol=0.02, seed=4, duration=2 * second
    )
    # A standard error from 20 replicates is itself known to 16 %; the fit of two: 4 of their sum.
    assert np.all(np.abs(surface.rate_ - full.rate_) < 4 * np.hypot(surface.rate_sem_, full.rate_sem_))
    times = full.time_ / 2.0
    np.testing.assert_allclose(times, np.round(times))  # whole runs of the duration given, as many as it took
    silent = b2r.measure_fi("lif", [-0.4, 0.9] * nA, g, noise=NOISE, rtol=0.02)
    assert silent.rate_[0, 0] == 0 and silent.time_[0, 0] == pytest.approx(20 * 2.5)


def test_stopping_does_not_depend_on_threads():
    runs = [
        b2r.measure_fi("lif", np.linspace(0.1, 0.9, 21) * nA, [14, 20] * nS, threads=threads)
        for threads in (1, 2)
    ]
    np.testing.assert_array_equal(runs[0].rate_, runs[1].rate_)
    np.testing.assert_array_equal(runs[0].time_, runs[1].time_)


def test_brian2_runs_to_the_end_and_agrees():
    a, b = (
        b2r.measure_fi("lif", [0.2, 0.4] * nA, 16.7 * nS, engine=engine, parameters={"V_th": -50 * mV})
        for engine in ("native", "brian2")
    )
    np.testing.assert_allclose(a.rate_, b.rate_, rtol=1e-9)
    assert np.all(b.time_ == 2.0)
