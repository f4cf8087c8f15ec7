"""What networks start from: values and texts of circuits, kicks, and states at given rates."""

import shlex
from itertools import pairwise

import numpy as np
import pytest
from brian2 import Hz, TimedArray, ms, mV, nS, pF, second

import b2reduce as b2r
from b2reduce.circuit.file_check import check_file
from b2reduce.cli.starts import read_start
from b2reduce.networks.spiking_network import draws_of
from b2reduce.validation.verdict import LevelRecord, Remedy

from ..theory.test_fixed_points import excitatory, logistic

CELLS = 4000
E_L, V_TH, V_R = -60e-3, -50e-3, -58e-3
#: Chance that a right sample is refused, of one check; the seeds are fixed.
REFUSED = 1e-6


def cell(**changes):
    values = dict(g_L=10 * nS, E_L=-60 * mV, V_th=-50 * mV, V_r=-58 * mV, C_m=200 * pF, **changes)
    return b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
        threshold="v > V_th",
        reset="v = V_r",
        refractory=5 * ms,
        parameters=values,
    )


def circuit(initial=None, start=None, size=CELLS, kind=None, **drive):
    """E onto itself and onto I; `start` of the first projection."""
    synapse = dict(G=1 * nS, tau=5 * ms, E=0 * mV)
    population = b2r.Population(cell(), size, initial=initial or {})
    drives = [b2r.Drive(name="ext", target="E", inputs=100, **{**synapse, **drive})] if drive else []
    first = kind or synapse
    return b2r.Circuit(
        populations={"E": population, "I": b2r.Population(cell(), size, initial=initial or {})},
        projections=[
            b2r.Projection(source="E", target="E", in_degree=2, start=start, **first),
            b2r.Projection(source="E", target="I", in_degree=2, **synapse),
        ],
        drives=drives,
    )


def membranes(initial, seed=1, **more):
    return draws_of(circuit({"v": initial}, **more), seed).start["E", "v"]


def distance(values, distribution):
    """Largest distance of the distribution of a sample from another (Kolmogorov and Smirnov)."""
    expected = distribution(np.sort(values))
    steps = np.arange(values.size + 1) / values.size
    return max(np.max(steps[1:] - expected), np.max(expected - steps[:-1]))


def bound(number):
    """What that distance stays below but for a chance of REFUSED (Dvoretzky-Kiefer-Wolfowitz-Massart)."""
    return np.sqrt(np.log(2 / REFUSED) / (2 * number))


# What people write


NUMBERS = np.linspace(-60, -50, CELLS) * mV
#: (as it is written, lowest and highest value in mV that it can have)
WRITTEN = [
    ("E_L + rand()*(V_th - E_L)", -60, -50),
    ("-60 mV + 10 mV*rand()", -60, -50),
    ("-60*mV + 10.*mV*rand()", -60, -50),
    ("10mV*rand() - 6e1 mV", -60, -50),
    ("uniform(-60 mV, -50 mV)", -60, -50),
    ("V_r + (V_th - V_r)*rand()", -58, -50),
    ("E_L + i*(V_th - E_L)/N", -60, -50),
    ("clip(-55*mV + 20*mV*randn(), E_L, V_th)", -60, -50),
    ("E_L + 5*mV*int(i < N/2 and rand() > 0.5)", -60, -55),
    ("E_L + 2 mV*(rand() + rand())", -60, -56),
    (NUMBERS, -60, -50),
    ([f"{value} mV" for value in NUMBERS / mV], -60, -50),
]


@pytest.mark.parametrize("text, low, high", WRITTEN, ids=[str(each[0])[:24] for each in WRITTEN])
def test_starts_as_people_write_them(text, low, high):
    drawn = membranes(text) * 1e3
    assert drawn.shape == (CELLS,) and low - 1e-9 <= drawn.min() and drawn.max() <= high + 1e-9
    assert drawn.std() > 0.1 * (high - low), "they differ from cell to cell"


@pytest.mark.parametrize("value", [-57 * mV, "-57 mV", "-57*mV", "E_L + 3*mV", "V_th - 7 mV"])
def test_one_value_is_that_of_all_cells_without_a_spread(value):
    assert np.ptp(membranes(value)) == 0 and membranes(value) == pytest.approx(-57e-3)


def test_what_is_drawn_has_the_distribution_that_is_written():
    from scipy.stats import norm, triang, uniform

    for text, distribution in (
        ("-60 mV + 10 mV*rand()", uniform(-60e-3, 10e-3).cdf),
        ("normal(-60 mV, 5 mV)", norm(-60e-3, 5e-3).cdf),
        ("-60 mV + 5*mV*randn()", norm(-60e-3, 5e-3).cdf),
        # Every rand() is drawn by itself: one that stood for both would be uniform
        ("-60 mV + 5 mV*(rand() + rand())", triang(0.5, -60e-3, 10e-3).cdf),
    ):
        assert distance(membranes(text), distribution) < bound(CELLS), text
    twice = membranes("-60 mV + 5 mV*(2*rand())")
    assert distance(twice, triang(0.5, -60e-3, 10e-3).cdf) > 2 * bound(CELLS), "the control would be seen"


def test_every_seed_population_and_synapse_draws_by_itself():
    text = {"v": "-60 mV + 10 mV*rand()"}
    start = "4 nS*rand()"
    one, other = (draws_of(circuit(text, start), seed).start for seed in (1, 2))
    drawn = [one["E", "v"], one["I", "v"], one["E", "g_syn_E_to_E"], other["E", "v"]]
    # Of independent samples the correlation has the standard deviation 1/sqrt(CELLS)
    apart = np.abs(np.corrcoef(drawn)[np.triu_indices(4, 1)])
    assert apart.max() < 5 / np.sqrt(CELLS)
    np.testing.assert_array_equal(one["E", "v"], draws_of(circuit(text), 1).start["E", "v"])
    np.testing.assert_array_equal(
        one["E", "g_syn_E_to_E"], draws_of(circuit(None, start), 1).start["E", "g_syn_E_to_E"]
    )


def test_where_nothing_is_said_everything_starts_as_it_did():
    plain, said = (draws_of(circuit(None, start), 1) for start in (None, "1 nS"))
    from b2reduce.basics.streams import OfNetwork, seed_streams

    rng = np.random.default_rng(seed_streams(1, OfNetwork.START))
    for name in "EI":
        np.testing.assert_array_equal(plain.start[name, "v"], E_L + 5e-3 * rng.random(CELLS))
    assert {key for key in said.start if key not in plain.start} == {("E", "g_syn_E_to_E")}
    assert not any("start" in key or "initial" in key for key in circuit().projections[0].to_dict())
    for label in plain.wiring:
        np.testing.assert_array_equal(plain.wiring[label][0], said.wiring[label][0])


def test_texts_may_name_what_differs_from_cell_to_cell_and_what_is_set_before():
    spread = b2r.Population(cell().replace(V_th="normal(-50 mV, 1 mV)"), 500, initial={"v": "V_th - 1*mV"})
    draws = draws_of(b2r.Circuit(populations={"E": spread}), 3)
    np.testing.assert_allclose(draws.start["E", "v"], draws.start["E", "V_th"] - 1e-3, rtol=1e-12)
    adapting = b2r.NeuronModel(
        equations="""dv/dt = (g_L*(E_L - v) - w + I_app)/C_m : volt
        dw/dt = (a*(v - E_L) - w)/(100*ms) : amp""",
        threshold="v > -50*mV",
        reset="v = E_L; w += 20*pA",
        parameters=dict(g_L=10 * nS, E_L=-60 * mV, C_m=200 * pF, a=2 * nS),
    )
    both = b2r.Population(adapting, 50, initial={"v": "E_L + 5*mV*rand()", "w": "a*(v - E_L)"})
    start = draws_of(b2r.Circuit(populations={"E": both}), 1).start
    np.testing.assert_allclose(start["E", "w"], 2e-9 * (start["E", "v"] - E_L), rtol=1e-9)


def test_files_keep_starts_and_changes_of_circuits_do():
    made = circuit({"v": "E_L + 5 mV*rand()"}, [f"{k} nS" for k in range(10)], size=10)
    again = b2r.Circuit.from_dict(made.to_dict())
    assert again.hash == made.hash != circuit(size=10).hash
    changed = again.replace({"population.E.V_th": "-49 mV", "projection.E->E.start": "2 nS"})
    assert changed.populations["E"].initial.keys() == {"v"} and "E_L + 5 mV*rand()" in repr(changed)
    draws = [draws_of(each, 1).start for each in (made, again)]
    for key, value in draws[0].items():
        np.testing.assert_array_equal(value, draws[1][key])
    assert changed.replace({"population.E.initial": {}}).populations["E"].initial == {}


def test_a_started_conductance_decays_as_its_kind_says(numpy_code):
    """No cell fires: exponentials, and with a rise (tau e^-t/tau - t_r e^-t/t_r)/(tau - t_r)."""
    rise = dict(kind="rise_decay", G=1 * nS, tau_rise=2 * ms, tau=8 * ms, E=-60 * mV, norm="peak")
    made = circuit({"v": "E_L"}, "4 nS", size=5, kind=rise)
    made = made.replace({"projection.E->I.start": "(3 + i) * 1 nS", "projection.E->I.E": -60 * mV})
    run = b2r.simulate_spikes(made, duration=20 * ms)
    t = np.asarray(run.conductance_t)
    # Of the second order, with errors of (dt/tau)^2/6 a time constant: 4e-4 for dt = 0.1 and tau = 2 ms
    risen = 4e-9 * (8 * np.exp(-t / 8e-3) - 2 * np.exp(-t / 2e-3)) / 6
    np.testing.assert_allclose(run.conductances_["E->E"], np.tile(risen, (5, 1)), rtol=4e-3)
    plain = np.outer(1e-9 * (3 + np.arange(5)), np.exp(-t / 5e-3))
    np.testing.assert_allclose(run.conductances_["E->I"], plain, rtol=4e-3)


@pytest.mark.parametrize(
    "changes, gist",
    [
        (dict(initial={"v": None}), r"initial\.v: got None, expected a value with its unit"),
        (dict(initial={"v": "rand("}), r"initial\.v: cannot read"),
        (
            dict(initial={"v": "V_x + 1*mV"}),
            r"populations\.E, initial\.v: .*'V_x' has no value; known: .*V_th",
        ),
        (dict(initial={"v": "5*pA*rand()"}), r"populations\.E, initial\.v: .* in A, expected in V"),
        (dict(initial={"v": "E_L + rand()"}), r"populations\.E, initial\.v: .* units do not agree"),
        (dict(initial={"v": -60}), r"populations\.E, initial\.v: got -60, which is without a unit"),
        (dict(initial={"v": "E_L*log(0*rand())"}), r"populations\.E, initial\.v: .* not finite"),
        (dict(initial={"v": np.nan * mV}), r"initial\.v: .*finite"),
        (dict(initial={"v": [-60, -55] * mV}), r"populations\.E, initial\.v: got 2 values, expected .* 4000"),
        (dict(initial={"v": ["-60 mV", "3 nS"]}), r"initial\.v: got values in S, V"),
        (dict(initial={"v": "np.random.rand()*mV"}), r"initial\.v: .*np"),
        (dict(initial={"v": "__import__('os').getcwd()"}), r"initial\.v: "),
        (dict(initial={"v": "poisson(3)*mV"}), r"initial\.v: .*poisson"),
        (dict(initial={"v": True}), r"initial\.v: got True"),
        (dict(initial={"g_syn_E_to_E": "4 nS"}), r"initial\.g_syn_E_to_E: .*start of a projection"),
        (dict(initial=["v"]), r"initial: got .*expected a table"),
        (dict(start="4 pA"), r"projection E->E, start: .* in A, expected in S"),
        (dict(start="4 nS*cell"), r"projection E->E, start: .*'cell' has no value"),
        (dict(start={"g": 1}), r"projection E->E, start: got a dict"),
        (
            dict(start="1 mV", kind=dict(kind="jump", J="1 mV")),
            r"projection E->E, start: .*'jump' have no state",
        ),
    ],
)
def test_faulty_starts_are_refused(changes, gist):
    with pytest.raises(b2r.errors.CircuitError, match=gist):
        circuit(**changes)


def test_a_file_with_faulty_starts_is_told_each(tmp_path):
    text = b2r.load_circuit("ei_lif").to_toml()
    text = text.replace('model = "lif"\n', 'model = "lif"\ninitial = { v = "5 pA" }\n', 1)
    text = text.replace('kind = "exponential"\n', 'kind = "exponential"\nstart = "-1 mV"\n', 1)
    (tmp_path / "faulty.toml").write_text(text)
    faults = check_file(tmp_path / "faulty.toml")
    assert [fault.split(":")[0] for fault in faults] == ["populations.E"] and "initial.v" in faults[0]
    (tmp_path / "fine.toml").write_text(text.replace("5 pA", "-60 mV").replace("-1 mV", "1 nS*rand()"))
    assert check_file(tmp_path / "fine.toml") == []


# Both engines


def spikes_of(run):
    return [values for name in run.spikes_ for values in run.spikes_[name]]


@pytest.mark.long
def test_both_engines_start_alike():
    """With texts, lists and a kick; one program serves two seeds."""
    made = circuit({"v": "E_L + 9 mV*rand()"}, "3 nS*rand()", size=40, rate=([0, 20] * ms, [60, 0] * Hz))
    for seed in (1, 2):
        fast, slow = (
            b2r.simulate_spikes(made, duration=50 * ms, seed=seed, record=40, engine=engine)
            for engine in ("standalone", "brian2")
        )
        assert spikes_of(slow)[1].size > 20
        for a, b in zip(spikes_of(fast), spikes_of(slow)):
            np.testing.assert_allclose(a, b, rtol=1e-12)
        for label, g in slow.conductances_.items():
            np.testing.assert_allclose(fast.conductances_[label], g, rtol=1e-6, atol=1e-18)
    drawn = draws_of(made, 2).start["E", "g_syn_E_to_E"]
    left = slow.conductances_["E->E"][:, 0] - drawn * np.exp(-float(slow.conductance_t[0]) / 5e-3)
    # What is left after the first step are whole jumps of spikes, or the error of that step, (dt/tau)^3/6
    assert (np.abs(left) < 1e-14).mean() > 0.9 and drawn.max() > 2e-9


@pytest.mark.slow
def test_both_engines_start_in_the_same_state():
    driven = circuit(size=40, rate=20 * Hz)
    fast, slow = (
        b2r.simulate_spikes(driven, duration=50 * ms, initial={"E": 10 * Hz}, engine=engine)
        for engine in ("standalone", "brian2")
    )
    for a, b in zip(spikes_of(fast), spikes_of(slow)):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert fast.provenance["initial [Hz]"] == {"E": 10.0, "I": 0.0}


# Kicks


def test_a_kick_is_the_same_from_a_file_an_array_and_a_table():
    tables = (
        {"times": ["0 ms", "20 ms"], "values": ["60 Hz", "0 Hz"]},
        ([0, 20] * ms, [60, 0] * Hz),
        TimedArray([60, 0] * Hz, dt=20 * ms),
    )
    runs = [
        b2r.simulate_spikes(circuit(size=40, rate=table), duration=60 * ms, seed=1, record=0)
        for table in tables
    ]
    assert spikes_of(runs[0])[1].size > 20 and spikes_of(runs[0])[1].max() < 50e-3
    for run in runs[1:]:
        for a, b in zip(spikes_of(runs[0]), spikes_of(run)):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "times, values, lasting",
    [
        ([0, 50], [20, 0], 0),  # a kick
        ([0, 1000], [10, 14], 14),  # a step
        ([0, 100, 200], [10, 30, 10], 10),  # a pulse
        ([0, 100, 150], [10, 30, 12], 12),
        (np.arange(100), [20.0] * 50 + [0.0] * 50, 0),  # a kick as a TimedArray has it
        ([0, 10, 20], [10, 20, 5], 35 / 3),  # which still changes
        (np.arange(100), 10 + 5 * np.sin(2 * np.pi * (np.arange(100) + 0.5) / 100), 10),
    ],
)
def test_what_is_left_of_a_table_in_the_long_run(times, values, lasting):
    drive = b2r.Drive(name="ext", target="E", rate=(times * ms, values * Hz), G="1 nS", tau="5 ms", E="0 mV")
    assert drive.rate_ == pytest.approx(lasting, rel=1e-9)


# States


def test_cells_at_given_rates_are_in_that_state_from_the_first_millisecond():
    """Driven cells without recurrent input: from rest they fire late, from their state at once."""
    made = circuit(size=2000, rate=([0, 1] * second, [4, 4] * Hz))
    made = made.replace({"projection.E->E.G": 0 * nS, "projection.E->I.G": 0 * nS})
    state = b2r.simulate_spikes(made, duration=300 * ms, seed=1, record=0, initial={"E": 1 * Hz})
    rest = b2r.simulate_spikes(made, duration=300 * ms, seed=1, record=0)
    early = lambda run: run.rate_[0][:10].mean()
    late = state.rate_[0][100:].mean()
    # Counts of 2000 cells in 10 ms, as of Poisson trains at worst; a later mean of 20 times as many
    error = np.sqrt(late / (2000 * 10e-3)) * np.sqrt(1 + 1 / 20)
    assert 3 < late < 40 and abs(early(state) - late) < 4.5 * error
    assert early(rest) < late - 9 * error, "the control: cells at rest do not fire yet"


def bistable():
    """Cells that slow excitation keeps firing once they do, and that are silent without it.

    At 165 Hz 33 nS of it take them from reset to threshold in a millisecond, beside 5 ms of refractoriness.
    """
    noise = b2r.Drive(name="ext", target="E", inputs=100, rate="1.6 Hz", G="1 nS", tau="5 ms", E="0 mV")
    slow = b2r.Projection(source="E", target="E", in_degree=100, G="0.02 nS", tau="100 ms", E="0 mV")
    return b2r.Circuit(
        populations={"E": b2r.Population(cell(), 400)}, projections=[slow], drives=[noise], name="bistable"
    )


def test_a_network_with_two_states_stays_in_the_one_it_starts_in():
    run = lambda initial: b2r.simulate_spikes(
        bistable(), duration=400 * ms, seed=1, record=0, initial=initial
    ).rate_[0]
    active, silent = run({"E": 165 * Hz}), run("silent")
    assert active[200:].mean() == pytest.approx(165, rel=0.05) and silent[200:].mean() < 1
    # Of cells in all phases of their intervals, whose number in a bin is binomial
    spread = np.sqrt(165 * (1 - 0.165) / (400 * 1e-3))
    assert np.abs(active[:10] - 165).max() < 4.5 * spread, "they do not start in step"


@pytest.mark.slow
def test_the_active_state_of_a_network_is_found_by_its_name():
    run = b2r.simulate_spikes(bistable(), duration=200 * ms, seed=1, record=0, initial="active")
    started = run.provenance["initial [Hz]"]["E"]
    assert started == pytest.approx(165, rel=0.05)
    assert run.rate_[0][100:].mean() == pytest.approx(started, rel=0.05)
    nothing = bistable().replace({"projection.E->E.G": 0 * nS, "drive.ext.rate": 0.5 * Hz})
    with pytest.raises(b2r.errors.InputError, match="initial: got 'active', .* is silent"):
        b2r.simulate_spikes(nothing, duration=10 * ms, initial="active")


def test_states_of_a_rate_model_are_its_stable_fixed_points():
    reduced = excitatory(0.2, logistic())
    points = b2r.fixed_points(reduced)
    assert [point.stable for point in points] == [True, False, True]
    stable = [point.rates_["E"] for point in points if point.stable]
    states = reduced.states
    assert states["stable"].all() and sorted(states["E"]) == pytest.approx(stable, rel=1e-3)
    assert states["outside"].tolist() == [", ".join(p.outside) for p in points if p.stable]
    assert excitatory(0.05, logistic()).states.shape == (1, 3), "the control: a model with one"
    for initial, rate in [*zip(states.index, states["E"]), *((p, p.rates_["E"]) for p in points if p.stable)]:
        run = b2r.simulate_rates(reduced, duration=300 * ms, initial=initial)
        assert run.rate_[0] == pytest.approx(rate, rel=1e-2), initial


@pytest.mark.parametrize(
    "initial, gist",
    [
        ("actve", r"initial: .*'actve'.*silent"),
        ({"X": 3 * Hz}, r"initial: .*'X'.*E"),
        ({"E": 3 * mV}, r"initial, E: .*Hz"),
        ({"E": -1 * Hz}, r"initial, E: .*at least 0"),
        (3, r"initial: got 3"),
    ],
)
def test_states_that_are_not_there_are_refused(initial, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.simulate_spikes(circuit(size=10), duration=10 * ms, initial=initial)
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.simulate_rates(excitatory(0.2, logistic()), duration=10 * ms, initial=initial)
    if initial != "actve":  # which of the names there are is only known once it is reduced
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.validate(circuit(size=10), initial=initial, levels=["linear"])


def test_the_command_line_names_a_state_or_rates():
    assert read_start(()) is None and read_start(("active",)) == "active"
    assert read_start(("E=10 Hz", "I='12 Hz'")) == {"E": "10 Hz", "I": "12 Hz"}
    for wrong in (("active", "silent"), ("E=",)):
        with pytest.raises(b2r.errors.InputError, match="--start"):
            read_start(wrong)


def test_what_is_said_of_a_validation_knows_the_state_that_was_asked_for():
    reduced, remedy = excitatory(0.2, logistic()), Remedy({"level": "transfer"}, "")
    words = shlex.split(remedy.command(reduced, "mine.toml", start={"E": 16.25}))
    starts = tuple(word for before, word in pairwise(words) if before == "--start")
    assert read_start(starts) == {"E": "16.25 Hz"} and reduced.start_rates_(read_start(starts)) == {
        "E": 16.25
    }
    assert "--start" not in remedy.command(reduced, "mine.toml")
    told, untold = (LevelRecord("linear", {}, states=2, told=told).note for told in (True, False))
    assert "operating point" not in told and "operating point" in untold


@pytest.mark.slow
def test_a_validation_compares_in_the_state_that_is_asked_for():
    """Silent and at its rates: spikes and rates start and stay alike."""
    for initial in ({"E": 165 * Hz}, "silent"):
        v = b2r.validate(
            bistable(), duration=0.3 * second, seeds=1, levels=["linear"], noise="none", initial=initial
        )
        assert v.spikes[0].provenance["initial [Hz]"]["E"] == (0 if initial == "silent" else 165)
        assert (v.comparison.table["spiking"]["E"] > 100) == (initial != "silent")
