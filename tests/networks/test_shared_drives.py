"""Drives whose trains cells share, whose rates differ, or that replay recorded trains."""

from types import SimpleNamespace

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, second

import b2reduce as b2r
from b2reduce.circuit.drive_wiring import draw_drive_wiring, relative_rates
from b2reduce.circuit.file_check import check_file
from b2reduce.circuit.given_trains import read_trains
from b2reduce.circuit.train_statistics import train_statistics
from b2reduce.errors import CircuitError, InputError
from b2reduce.reduction.measured_range import mean_response_
from b2reduce.validation.premises.recorded_trains import RecordedTrains
from b2reduce.validation.premises.weak_correlation import WeakCorrelation

from ..cases import gain

CELLS, TRAINS, K = 40, 400, 100
G_, TAU_, DT_, RATE_ = 1e-9, 5e-3, 1e-4, 14.0
STEP = 1 - DT_ / TAU_ + (DT_ / TAU_) ** 2 / 2  # what a step of second order leaves of a conductance
SYNAPSE = dict(G="1 nS", tau="5 ms", E="0 mV")


def drive(**changes):
    return b2r.Drive("ext", "E", **{**dict(inputs=K, rate="14 Hz", trains=TRAINS), **SYNAPSE, **changes})


def circuit(*drives, cells=CELLS, **changes):
    return b2r.Circuit(populations={"E": b2r.Population("lif", cells)}, drives=drives or [drive(**changes)])


def recorded(number, rate_, duration_, seed=0):
    """Spikes of Poisson trains on the grid, at most one in a step: those that coincide are one."""
    rng = np.random.default_rng(seed)
    events = rng.poisson(number * rate_ * duration_)
    i, step = np.unique(rng.integers(0, [[number], [round(duration_ / DT_)]], (2, events)), axis=1)
    return {"i": i, "t": step * DT_, "duration": duration_}


@pytest.fixture
def no_compiler():
    """Runs without compiling, for networks that are run for a moment."""
    before = brian2.prefs["codegen.target"]
    brian2.prefs["codegen.target"] = "numpy"
    yield
    brian2.prefs["codegen.target"] = before


def noise_of(rate_):
    """Mean and variance of the conductance behind one train that spikes in a step with r dt (Campbell)."""
    p = rate_ * DT_
    return G_ * p / (1 - STEP), G_**2 * p * (1 - p) / (1 - STEP**2)


@pytest.mark.slow
def test_conductances_are_those_of_the_trains_and_engines_agree():
    """Shared trains, recorded ones and rates of cells side by side."""
    from b2reduce.networks.engines.standalone import Standalone

    rates_, T, spikes = np.linspace(5, 20, CELLS), 2.0, recorded(CELLS, 10.0, 2.0)
    made = circuit(
        drive(),
        b2r.Drive("own", "E", 20, rates_ * Hz, **SYNAPSE),
        b2r.Drive("rec", "E", spikes=spikes, **SYNAPSE),
    )
    run = b2r.simulate_spikes(made, duration=T * second, seed=3, record=CELLS, engine="brian2")
    t, later = run.conductance_t_, run.conductance_t_ > 10 * TAU_
    shared, own, replayed = (run.conductances_[f"{name}->E"] for name in ("ext", "own", "rec"))

    # Recorded trains, one to one: the sum of kernels, which arrive within the step of the spike
    expected = np.zeros((CELLS, t.size))
    for i, at in zip(spikes["i"], spikes["t"]):
        steps = np.rint((t - at) / DT_) - 1  # recorded at the end of steps
        expected[i] += np.where(steps >= 0, G_ * STEP ** np.maximum(steps, 0), 0.0)
    np.testing.assert_allclose(replayed, expected, rtol=1e-9, atol=1e-9 * expected.max())

    # Shared trains: each cell's mean and variance are those of K independent trains, and the variance of
    # their mean over cells is larger by the closed form of the trains that they share. A variance over T is
    # known to sqrt(2 tau/T) = 7 %, as the squared autocorrelation exp(-2|t|/tau) has the area tau.
    i, j, _ = draw_drive_wiring(made, 3)["ext->E"]
    seen = np.zeros((CELLS, TRAINS))
    seen[j, i] = 1
    assert (seen.sum(1) == K).all() and i.size == CELLS * K
    mean, variance = noise_of(RATE_)
    error = np.sqrt(2 * TAU_ / T)
    exact = np.sum(seen.mean(0) ** 2) * variance
    found = shared[:, later].mean(0).var()
    assert found == pytest.approx(exact, rel=4 * error)
    assert exact == pytest.approx(K * variance * (1 / CELLS + (1 - 1 / CELLS) * K / TRAINS), rel=0.05)
    assert shared[:, later].var(1).mean() == pytest.approx(K * variance, rel=4 * error)
    assert shared[:, later].mean() == pytest.approx(
        K * mean, rel=4 * np.sqrt(exact * 2 * TAU_ / T) / K / mean
    )
    assert found > 5 * K * variance / CELLS  # the control: of trains that nobody shares

    # Rates of cells: squared deviations from what each should have, in units of their variance, have the mean
    # 1 +- sqrt(2/40); the control, all at the mean rate, is far from it
    def chi2(rates_):
        mean, variance = noise_of(1.0)[0] * 20 * rates_, noise_of(1.0)[1] * 20 * rates_
        q = STEP**10  # recorded every millisecond
        return np.mean(
            (own[:, later].mean(1) - mean) ** 2 / (variance * (1 + q) / (1 - q) * 1e-3 / (T - 10 * TAU_))
        )

    assert abs(chi2(rates_) - 1) < 4 * np.sqrt(2 / CELLS) and chi2(np.full(CELLS, rates_.mean())) > 5

    if Standalone().problem(made):
        pytest.skip("there is no compiler: engines are not compared")
    fast = b2r.simulate_spikes(made, duration=T * second, seed=3, record=CELLS, engine="standalone")
    assert run.spikes_["E"][0].size > 1000
    for one, other in zip(fast.spikes_["E"], run.spikes_["E"]):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.slow
def test_recorded_trains_replay_a_run_bit_for_bit(no_compiler, tmp_path):
    made = circuit()

    def spikes_of(made, record=False):
        network, groups = b2r.spiking_network(made, seed=7)
        monitors = [brian2.SpikeMonitor(each) for each in (groups["E"], network["trains_ext_to_E"])]
        network.add(monitors)
        network.run(200 * ms, namespace={})
        return monitors

    first, trains = spikes_of(made)
    assert first.num_spikes > 200
    replay = made.replace({"drive.ext.spikes": trains})
    assert replay.drives[0].rate_ == pytest.approx(trains.num_spikes / (TRAINS * 0.2))
    replay.save(tmp_path / "net.toml")
    read = b2r.load_circuit(tmp_path / "net.toml")
    again, _ = spikes_of(read)
    assert np.array_equal(again.i[:], first.i[:]) and np.array_equal(again.t_[:], first.t_[:])
    # The control: the same trains under other names
    other = made.replace({"drive.ext.spikes": ((trains.i[:] + 1) % TRAINS, trains.t[:])})
    assert not np.array_equal(spikes_of(other)[0].t_[:], first.t_[:])


def test_rates_of_shared_trains_follow_tables_and_differ(no_compiler):
    table = ([0, 100] * ms, [0, 40] * Hz)
    network, _ = b2r.spiking_network(circuit(rate=table), seed=1)
    trains = brian2.SpikeMonitor(network["trains_ext_to_E"])
    network.add(trains)
    network.run(200 * ms, namespace={})
    expected = TRAINS * 40 * 0.1
    assert trains.t_[:].min() >= 0.1 - DT_ / 2 and abs(trains.num_spikes - expected) < 4 * np.sqrt(expected)
    rates_ = np.linspace(5, 15, TRAINS)
    listed = circuit(rate=rates_ * Hz)
    network, _ = b2r.spiking_network(listed, seed=1)
    assert np.allclose(network["trains_ext_to_E"].rates_[:], rates_)
    assert listed.drives[0].rate_ == pytest.approx(10)
    drawn = circuit(rate="normal(10 Hz, 2 Hz)")
    network, _ = b2r.spiking_network(drawn, seed=5)
    found = network["trains_ext_to_E"].rates[:] / Hz
    assert np.array_equal(found, drawn.drives[0].rate_ * relative_rates(drawn, drawn.drives[0], 5))
    assert abs(found.mean() - 10) < 4 * 2 / 20 and found.std() == pytest.approx(2, rel=4 / np.sqrt(2 * 400))


def test_drives_of_one_name_have_the_very_trains():
    both = lambda **changes: b2r.Circuit(
        populations={"E": b2r.Population("lif", CELLS), "I": b2r.Population("lif", 20)},
        drives=[drive(), b2r.Drive("ext", "I", **{**dict(inputs=K, rate="14 Hz", trains=TRAINS), **SYNAPSE, **changes})],
    )  # fmt: skip
    names = lambda made: sorted(
        o.name for o in b2r.spiking_network(made, seed=1)[0].objects if "trains" in o.name
    )
    same = both(G="2 nS", inputs=50)
    assert names(same) == ["trains_ext_to_E"]
    assert names(both(rate="15 Hz")) == names(both(trains=500)) == ["trains_ext_to_E", "trains_ext_to_I"]
    assert names(same.replace({"drive.ext.rate": "15 Hz"})) == ["trains_ext_to_E"]


def test_mean_fields_have_the_mean_and_units_of_cells_their_rates():
    rates_, slope = np.linspace(10, 18, CELLS), 0.25e12
    models = {
        name: b2r.reduce(circuit(**changes), gains={"E": gain(beta=slope)}, cells=cells)
        for name, changes, cells in (
            ("independent", dict(trains=None), False),
            ("shared", {}, False),
            ("differing", dict(trains=None, rate=rates_ * Hz), False),
            ("of cells", dict(trains=None, rate=rates_ * Hz), True),
        )
    }
    key = ("E", "ext")
    assert len({float(model.W_ext[key]) for model in models.values()}) == 1
    assert models["shared"].operating_rate["E"] == models["independent"].operating_rate["E"]
    assert any("differs between cells by 0.17" in said for said in models["differing"].warnings)
    assert not any("differs between" in said for said in models["shared"].warnings)
    reduced = models["of cells"]
    assert not any("differs between" in said for said in reduced.warnings)
    (pathway,) = reduced.circuit.pathways("E")
    drives = {("ext", "E"): reduced.circuit.drives[0].rate_}
    found = mean_response_(reduced, {"E": rates_}, drives, seed=1)["E"]
    expected = slope * np.maximum(reduced.weight_(pathway) * rates_ - reduced.theta_["E"], 0)
    assert found == pytest.approx(expected.mean(), rel=1e-9) and expected.std() > 0.1 * expected.mean()
    run = b2r.simulate_rates(reduced, duration=300 * ms, drives={"ext": 14 * Hz})
    assert run.rate_[0, -1] == pytest.approx(expected.mean(), rel=1e-3)


def test_statistics_of_trains_are_those_of_their_laws():
    """The variance of a count over w windows is known to sqrt(2/w), which many trains average over."""
    T, N = 100.0, 50
    error = 4 * np.sqrt(2 / (T / 20e-3))
    poisson = read_trains(recorded(N, 20.0, T), "d").among(N)
    found = train_statistics(poisson, N)
    # One spike a step at most, at 20 Hz in steps of 0.1 ms, is 0.2 % less variance
    assert found.summed == pytest.approx(1, abs=error)
    assert found.fano == pytest.approx(1, abs=error / np.sqrt(N) + 0.004)
    assert found.cv == pytest.approx(1, abs=4 / np.sqrt(2 * 20 * T * N) + 0.004)
    one = np.sort(np.random.default_rng(1).random(1000) * T)
    together = read_trains({"i": np.tile(np.arange(N), 1000), "t": np.repeat(one, N), "duration": T}, "d")
    found = train_statistics(together, 10)  # ten copies of one train
    assert found.summed == pytest.approx(10 * found.fano, rel=1e-9)
    regular = read_trains({"i": np.zeros(2000, int), "t": np.arange(2000) * 0.05, "duration": T}, "d")
    assert train_statistics(regular, 1).cv < 1e-9


def test_premises_say_what_is_shared_and_what_was_recorded():
    run = SimpleNamespace(duration_=20.0, sizes={"E": CELLS})
    evidence = lambda made, trains=lambda run: []: SimpleNamespace(circuit=made, runs=[run], trains=trains)
    assert RecordedTrains().measure(evidence(circuit())) is None
    fine = recorded(TRAINS, 10.0, 20.0)
    row = RecordedTrains().measure(evidence(circuit(rate=None, spikes=fine)))
    # 1000 windows: within 4 sqrt(2/1000) of 1
    assert row.holds and row.measured == pytest.approx(1, abs=0.18)
    # Moved into 10 ms of every 50, where those that then coincide are one
    moved = np.floor(fine["t"] * 20) / 20 + fine["t"] % 10e-3
    i, step = np.unique([fine["i"], np.rint(moved / DT_).astype(int)], axis=1)
    bursts = {"i": i, "t": step * DT_, "duration": 20.0}
    row = RecordedTrains().measure(evidence(circuit(rate=None, spikes=bursts)))
    assert not row.holds and row.measured > 2 and "Poisson trains of the same mean rate" in row.advice
    short = circuit(rate=None, spikes=recorded(TRAINS, 10.0, 5.0))
    assert "falls silent at 5 s of 20 s" in RecordedTrains().measure(evidence(short)).advice
    # Cells that all repeat one of two trains: half of the pairs are equal
    one = np.sort(np.random.default_rng(2).random((2, 300)) * 15 + 5, axis=1)
    cells, times = np.repeat(np.arange(CELLS), 300), np.concatenate([one[k % 2] for k in range(CELLS)])
    row = WeakCorrelation().measure(evidence(circuit(), lambda run: [("E", cells, times)]))
    assert row.holds and row.measured == pytest.approx((CELLS / 2 - 1) / (CELLS - 1), abs=0.06)
    assert "two cells share 25 on average" in row.advice and "correlate by 0.25" in row.advice


@pytest.mark.parametrize(
    "changes",
    [
        {},
        dict(trains=None, rate="normal(14 Hz, 3 Hz)"),
        dict(trains=None, rate=np.linspace(1, 2, CELLS) ** 2 * Hz),
        dict(trains=None, rate=[f"{rate} Hz" for rate in range(CELLS)]),
        dict(rate="lognormal(14 Hz, 3 Hz)", G="normal(1 nS, 0.2 nS)"),
        dict(rate=None, spikes=recorded(TRAINS, 10.0, 0.5)),
        dict(rate=None, spikes=recorded(CELLS, 10.0, 0.5), trains=None, inputs=1),
    ],
)
def test_files_say_it(changes, tmp_path):
    made = circuit(**changes)
    made.save(tmp_path / "net.toml")
    assert check_file(tmp_path / "net.toml") == []
    (tmp_path / "whole.toml").write_text(made.to_toml())
    for again in (b2r.load_circuit(tmp_path / "net.toml"), b2r.load_circuit(tmp_path / "whole.toml")):
        assert again.hash == made.hash and again.to_dict() == made.to_dict()
        assert again.drives[0].rate_ == made.drives[0].rate_
    assert b2r.Circuit.from_dict(made.to_dict()).hash == made.hash
    assert made.replace({"drive.ext.rate": "20 Hz"}).value("drive.ext.rate") == 20 * Hz
    assert made.replace({"drive.ext.G": "2 nS"}).drives[0].rate_ == made.drives[0].rate_
    latex, what = made.to_latex(), "recorded" if "spikes" in changes else "share"
    assert what in latex if made.drives[0].by_trains else "independent Poisson" in latex
    assert made.drives[0].trains is None or "100 of 400" in repr(made)


def test_one_to_one_trains_are_as_many_as_the_cells():
    spikes = recorded(30, 10.0, 2.0)
    made = circuit(rate=None, spikes=spikes, trains=None, inputs=1)
    assert made.drives[0].rate_ == pytest.approx(spikes["i"].size / (CELLS * 2.0))
    larger = made.replace({"population.E.size": 100})
    assert larger.drives[0].rate_ == pytest.approx(spikes["i"].size / (100 * 2.0))
    i, j, _ = draw_drive_wiring(made, 1)["ext->E"]
    assert np.array_equal(i, np.arange(CELLS)) and np.array_equal(j, i)


FINE = {"i": [0, 1], "t": [0.1, 0.2]}


@pytest.mark.parametrize(
    "changes, said",
    [
        (dict(trains=99), "got 99 trains, of which each cell should see 100"),
        (dict(trains=0), "trains: got 0, expected a whole number of at least 1"),
        (dict(trains="400"), "trains: got '400', expected a whole number"),
        (dict(rate="2 kHz"), "0.2 spikes a step of 0.1 ms, expected at most 0.1"),
        (dict(trains=None, rate=[5, 6, 7] * Hz), "got 3 rates, but population E has 40 cells"),
        (dict(rate=[5, 6, 7] * Hz), "got 3 rates, but 400 trains are shared"),
        (
            dict(trains=None, rate=[5.0, -1.0, 3.0] * Hz),
            "got -1. Hz, expected one finite value of at least 0",
        ),
        (dict(trains=None, rate=["5 Hz", "5 mV", "3 Hz"]), "expected a value in Hz|in Hz"),
        (dict(trains=None, rate=[5, 6, 7]), "in a list, expected rates with their unit"),
        (dict(trains=None, rate="normal(5 Hz, 3 Hz)"), "would be negative and be drawn again"),
        (dict(trains=None, rate="uniform(5 Hz, 3 Hz)"), 'expected one rate, or "normal'),
        (dict(trains=None, rate="normal(5 Hz)"), 'expected one rate, or "normal'),
        (dict(trains=None, rate="normal(-5 Hz, 1 Hz)"), "at least 0"),
        (dict(profile={"kind": "cosine", "modulation": 0.1}), "shared trains with a profile"),
        (dict(spikes=FINE), "got both of rate and spikes"),
        (dict(rate=None, spikes=FINE, trains=None), "trains = 100 here, or leave inputs out"),
        (dict(rate=None, spikes=FINE, inputs=1, trains=1), "got the index 1, but there are 1 trains"),
        (
            dict(rate=None, spikes={"i": [40], "t": [0.1]}, inputs=1, trains=None),
            "index 40, but population E",
        ),
        (dict(rate=None, spikes={"i": [0, 1], "t": [0.1]}), "got 2 in i and 1 in t"),
        (dict(rate=None, spikes={"i": [], "t": []}), "there is no spike"),
        (dict(rate=None, spikes={"i": [0.5], "t": [0.1]}), "got 0.5, expected whole numbers"),
        (dict(rate=None, spikes={"i": [-1], "t": [0.1]}), "expected indices from 0"),
        (dict(rate=None, spikes={"i": [0], "t": [-0.1]}), "expected 0 to 10000 s"),
        (dict(rate=None, spikes={"i": [0], "t": [np.nan]}), "not finite"),
        (dict(rate=None, spikes={"i": [0], "t": [1] * Hz}), "spikes, t"),
        (dict(rate=None, spikes={"i": [0], "t": [0.0]}), "say with a duration"),
        (dict(rate=None, spikes={**FINE, "duration": 0.1}), "not before the last spike"),
        (dict(rate=None, spikes={**FINE, "duration": True}), "duration: got True"),
        (dict(rate=None, spikes={**FINE, "duration": [1.0]}), "duration: got .*not before the last spike"),
        (dict(trains=10**9), "trains: got 1e.09, expected at most"),
        (dict(rate="lognormal(5 Hz, 1e200 Hz)"), "times its mean, expected at most 100"),
        (dict(rate=None, spikes={**FINE, "weight": [1, 1]}), "unknown array 'weight'"),
        (
            dict(rate=None, spikes={"i": [3, 3], "t": [0.1, 0.10005]}),
            "train 3 has two spikes within one step",
        ),
        (dict(rate=None, spikes="nowhere.npz"), "the file .nowhere.npz. does not exist"),
        (dict(rate=None, spikes=7), "expected the path of an npz file"),
    ],
)
def test_bad_input_is_named(changes, said):
    with pytest.raises(CircuitError, match=said):
        circuit(**changes)


@pytest.mark.parametrize("field", ["rate", "spikes"])
def test_a_drive_does_not_fall_silent_for_want_of_a_rate(field):
    with pytest.raises(CircuitError, match=f"{field}: got None, expected a rate or spikes"):
        circuit().replace({f"drive.ext.{field}": None})


def test_a_table_that_ends_in_the_far_future_is_refused():
    made = circuit(rate=(["0 s", "1e9 s"], ["5 Hz", "6 Hz"]))
    with pytest.raises(CircuitError, match="rate, times: got 1e.09 s as the last.*leave out"):
        b2r.simulate_spikes(made, duration=1 * ms)


def test_the_step_of_a_run_counts_and_noise_has_no_trains():
    made = circuit(rate=None, spikes={"i": [3, 3], "t": [0.1, 0.1002]})
    with pytest.raises(InputError, match="two spikes within one step of 0.5 ms"):
        b2r.simulate_spikes(made, duration=1 * second, dt=0.5 * ms)
    noise = b2r.Drive("n", inputs=10, rate=[1, 2, 3] * Hz, **SYNAPSE)
    with pytest.raises(InputError, match="expected one rate, of independent Poisson trains"):
        b2r.measure_fi("lif", I=[0.1] * brian2.nA, g=[20] * brian2.nS, noise=[noise])


def test_files_with_faults_are_checked(tmp_path):
    made = circuit().to_toml()
    path = tmp_path / "net.toml"
    for old, new, said in (
        ("trains = 400", "trains = 50", "got 50 trains, of which each cell should see 100"),
        ("trains = 400", "train = 400", "unknown key 'train'"),
        ('rate = "14 Hz"', 'spikes = "gone.npz"', "does not exist"),
        ('rate = "14 Hz"', 'rate = ["14 Hz", "15 Hz", "16 Hz"]', "got 3 rates, but 400 trains are shared"),
        ('rate = "14 Hz"', "", "the key 'rate' is missing"),
    ):
        assert old in made
        path.write_text(made.replace(old, new))
        faults = check_file(path)
        assert len(faults) == 1 and said in faults[0], faults
