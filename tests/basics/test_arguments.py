"""Wrong calls.

One line that says what was got, what was expected and what to do, and never prints a whole object.
"""

from operator import attrgetter

import brian2
import numpy as np
import pytest
from brian2 import Hz, TimedArray, ms, mV, nA, nS, second

import b2reduce as b2r
from b2reduce.basics.arguments import described, whole
from b2reduce.circuit.drive_rates import rate_at, read_rate

LONGEST = 420  # characters of a message


@pytest.fixture(scope="module")
def things():
    circuit = b2r.load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    surface = b2r.measure_fi("lif", np.linspace(0.2, 0.8, 9) * nA, [10, 20] * nS, duration=200 * ms)
    reduced = b2r.reduce(circuit, noise="none")
    return {
        "circuit": circuit,
        "surface": surface,
        "reduced": reduced,
        "fit": b2r.fit_gain(surface),
        "frame": surface.to_frame(),
        "model": b2r.load_model("lif"),
        "rates": b2r.simulate_rates(reduced, duration=50 * ms),
        "spikes": b2r.simulate_spikes(circuit, duration=50 * ms),
    }


def message(call):
    """Of the error of a wrong call, which must be one of ours and short."""
    with pytest.raises(b2r.errors.InputError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text and len(text) < LONGEST and "object at 0x" not in text, text
    return text


CALLS = {
    "swapped": (lambda t: b2r.compare(t["rates"], t["spikes"], after=5 * ms), "swapped"),
    "rates twice": (lambda t: b2r.compare(t["rates"], t["rates"]), "expected spiking runs"),
    "swapped responses": (
        lambda t: b2r.compare_transients(t["rates"], t["spikes"], start=10 * ms, stop=20 * ms),
        "swapped",
    ),
    "a circuit's name as a rate model": (
        lambda t: b2r.simulate_rates("ei_lif", duration=1 * second),
        "call reduce",
    ),
    "a rate model as a circuit": (
        lambda t: b2r.simulate_spikes(t["reduced"], duration=1 * second),
        "give its .circuit",
    ),
    "reduced again": (lambda t: b2r.reduce(t["reduced"]), "give its .circuit"),
    "a table as a surface": (lambda t: b2r.fit_gain(t["frame"]), "FISurface.from_frame(frame)"),
    "a rate model drawn as a surface": (
        lambda t: b2r.plots.plot_fi(t["reduced"]),
        "reduced.surfaces[population]",
    ),
    "a dict as a drive": (
        lambda t: b2r.measure_fi("lif", [0.3] * nA, [20] * nS, noise=[{"G": 1}]),
        "Drive(**{...})",
    ),
    "a dict as drives": (
        lambda t: b2r.measure_fi("lif", [0.3] * nA, [20] * nS, noise={"G": 1}),
        "Drive(**{...})",
    ),
    "tau an array": (
        lambda t: b2r.Drive(name="n", inputs=1, rate=1 * Hz, G=1 * nS, tau=[5, 6] * ms, E=0 * mV),
        "expected one value",
    ),
    "a drive's rate an array": (
        lambda t: b2r.simulate_rates(t["reduced"], duration=1 * second, drives={"ext": np.arange(5.0)}),
        "TimedArray",
    ),
    "a drive's rates with a unit": (
        lambda t: b2r.simulate_rates(t["reduced"], duration=1 * second, drives={"ext": [1, 2] * Hz}),
        "when each value begins",
    ),
    "premises in the wrong order": (
        lambda t: b2r.check_premises(t["circuit"], t["reduced"], t["spikes"]),
        "check_premises, reduced: got an Activity",
    ),
    "premises from the rate model": (
        lambda t: b2r.check_premises(t["reduced"], t["spikes"], t["circuit"]),
        "give its .circuit",
    ),
    "a rate model validated": (lambda t: b2r.validate(t["reduced"]), "give its .circuit"),
    "fixed points of a circuit": (lambda t: b2r.fixed_points(t["circuit"]), "call reduce(circuit) first"),
    "a surface measured": (
        lambda t: b2r.measure_fi(t["surface"], [0.3] * nA, [20] * nS),
        "a surface is what measuring a model gives",
    ),
    "a circuit's name as a model": (lambda t: b2r.load_model("ei_lif"), "load_circuit('ei_lif')"),
    "a model's name as a circuit": (lambda t: b2r.load_circuit("lif"), "load_model('lif')"),
    "inputs 7.5": (
        lambda t: b2r.Drive(name="n", inputs=7.5, rate=1 * Hz, G=1 * nS, tau=5 * ms, E=0 * mV),
        "inputs: got 7.5",
    ),
    "size 10.5": (lambda t: b2r.Population("lif", 10.5), "size: got 10.5"),
    "size True": (lambda t: b2r.Population("lif", True), "size: got True"),
    "seeds 2.5": (lambda t: b2r.validate(t["circuit"], seeds=2.5), "seeds: got 2.5"),
    "seed 'one'": (
        lambda t: b2r.simulate_spikes(t["circuit"], duration=1 * ms, seed="one"),
        "seed: got 'one'",
    ),
    "progress 'yes'": (
        lambda t: b2r.simulate_spikes(t["circuit"], duration=1 * ms, progress="yes"),
        "progress: got 'yes'",
    ),
    "a comparison of seeds of nothing": (lambda t: b2r.compare([], t["rates"]), "no run"),
    "axes a list": (lambda t: b2r.plots.plot_fi(t["surface"], ax=[1]), "expected one matplotlib Axes"),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls_say_what_to_do(name, things):
    call, said = CALLS[name]
    assert said in message(lambda: call(things))


WRONG = [
    "None",
    "str",
    "dict",
    "frame",
    "array",
    "matrix",
    "circuit",
    "reduced",
    "volt",
    "list",
    "objects",
    "object",
]
VERBS = {  # the verb, and the argument that is to be wrong, with those that are not known before it
    "load_model": ("name", {}),
    "load_circuit": ("name", {}),
    "measure_fi": ("model", {"I": [0.3] * nA, "g": [20] * nS}),
    "rheobase": ("g", {"model": "lif"}),
    "measure_transfer": ("drives", {"model": "lif", "rates": {"n": [5, 10] * Hz}}),
    "measure_linear_response": ("noise", {"model": "lif", "I": 0.6 * nA, "g": 45 * nS}),
    "fit_gain": ("surface", {}),
    "simulate_rates": ("reduced", {"duration": 1 * ms}),
    "rate_network": ("reduced", {}),
    "simulate_spikes": ("circuit", {"duration": 1 * ms}),
    "spiking_network": ("circuit", {}),
    "fixed_points": ("reduced", {}),
    "ThresholdLinearNetwork.from_reduced": ("reduced", {}),
    "continue_fixed_points": ("reduced", {"parameter": "drive.ext.rate", "values": [4, 20] * Hz}),
    "phase_plane": ("reduced", {}),
    "separatrices": ("reduced", {}),
    "ring_profile": ("reduced", {}),
    "binary.simulate_binary": ("network", {"sweeps": 3}),
    "save": ("result", {"path": "nowhere"}),
    "load": ("path", {}),
    "scan": ("grid", {"circuit": "ei_lif"}),
    "plots.plot_fi": ("surface", {}),
    "plots.plot_transfer": ("transfer", {}),
    "plots.plot_rates": ("rates", {}),
    "plots.plot_raster": ("spikes", {}),
    "plots.plot_comparison": ("comparison", {}),
    "plots.plot_map": ("regimes", {}),
    "plots.plot_phase_plane": ("plane", {}),
    "plots.plot_continuation": ("continuation", {}),
    "plots.plot_adaptation": ("adaptation", {}),
    "plots.plot_linear_response": ("response", {}),
    "plots.plot_frequencies": ("slow", {"population": "E"}),
    "write_report": ("validation", {"folder": "nowhere"}),
}
FITS = {
    ("simulate_spikes", "circuit"),
    ("spiking_network", "circuit"),
    ("measure_linear_response", "circuit"),
    *(
        (verb, "reduced")
        for verb in (
            "simulate_rates",
            "rate_network",
            "fixed_points",
            "ThresholdLinearNetwork.from_reduced",
            "continue_fixed_points",
            "phase_plane",
            "separatrices",
            "save",
        )
    ),
    ("load_circuit", "circuit"),
    # Tables, quantities, arrays and lists and dicts of such things are saved as well
    *(("save", name) for name in ("circuit", "dict", "frame", "array", "matrix", "volt", "list", "objects")),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_things_of_another_kind(verb, things):
    wrong = {
        "None": None,
        "str": "nonsense",
        "dict": {"a": 1},
        "frame": things["frame"],
        "array": np.arange(3.0),
        "matrix": np.ones((2, 2)),
        "circuit": things["circuit"],
        "reduced": things["reduced"],
        "volt": 3 * mV,
        "list": [1, 2],
        "objects": [things["circuit"]],
        "object": object(),
    }
    assert list(wrong) == WRONG
    argument, others = VERBS[verb]
    for name, value in wrong.items():
        if (verb, name) not in FITS:
            message(lambda: attrgetter(verb)(b2r)(**{argument: value, **others}))


@pytest.mark.parametrize("value", [10, 10.0, np.int32(10), np.float64(10), np.array(10), np.array(10.0)])
def test_whole_numbers_count_however_they_are_written(value):
    assert whole(value, "x") == 10 and type(whole(value, "x")) is int
    assert type(b2r.Population("lif", value).size) is int
    drive = b2r.Drive(name="n", inputs=value, rate=1 * Hz, G=1 * nS, tau=5 * ms, E=0 * mV)
    assert (drive.inputs, type(drive.inputs)) == (10, int)


@pytest.mark.parametrize(
    "value", [True, np.True_, 10.5, -1, 10**21, 1e30, "10", None, np.nan, np.inf, [10], 10 * ms, 1j]
)
def test_what_is_no_whole_number_is_refused(value):
    assert message(lambda: whole(value, "x")).startswith("x")


def test_seeds_are_stored_as_ints(things):
    run = b2r.simulate_spikes(things["circuit"], duration=5 * ms, seed=np.float64(3))
    assert type(run.provenance["seed"]) is int
    np.testing.assert_array_equal(
        run.rate_, b2r.simulate_spikes(things["circuit"], duration=5 * ms, seed=3).rate_
    )


@pytest.mark.parametrize("dt, of_array", [(0.1, 1.0), (0.1, 0.25), (0.05, 0.3), (0.1, 0.1), (0.3, 1.0)])
def test_a_timed_array_means_what_it_means_in_brian2(dt, of_array):
    array = TimedArray(np.random.default_rng(0).uniform(5, 20, 7) * Hz, dt=of_array * ms)
    group = brian2.NeuronGroup(1, "x = table(t) : Hz", namespace={"table": array}, dt=dt * ms)
    monitor = brian2.StateMonitor(group, "x", record=True, dt=dt * ms)
    brian2.Network(group, monitor).run(1.5 * 7 * of_array * ms, namespace={})  # beyond its end as well
    np.testing.assert_array_equal(
        rate_at(read_rate(array, "rate"), np.array(monitor.t_)), np.array(monitor.x[0])
    )


def test_a_timed_array_is_a_drive_in_both_networks(things):
    array = TimedArray([10, 16, 12] * Hz, dt=20 * ms)
    table = ([0, 20, 40] * ms, [10, 16, 12] * Hz)
    rates = [
        b2r.simulate_rates(things["reduced"], duration=80 * ms, drives={"ext": drive}).rate_
        for drive in (array, table)
    ]
    np.testing.assert_array_equal(*rates)
    assert np.ptp(rates[0]) > 0
    circuits = [things["circuit"].replace({"drive.ext.rate": drive}) for drive in (array, table)]
    assert circuits[0].hash == circuits[1].hash
    np.testing.assert_array_equal(
        *(b2r.simulate_spikes(circuit, duration=60 * ms, seed=2).rate_ for circuit in circuits)
    )
    drive = b2r.Drive(name="n", inputs=3, rate=array, G=1 * nS, tau=5 * ms, E=0 * mV)
    np.testing.assert_allclose(drive.rate_at_([0.001, 0.021, 0.5]), [10, 16, 12], rtol=1e-12, atol=0)


def test_what_a_timed_array_cannot_be(things):
    given = dict(name="n", inputs=3, G=1 * nS, tau=5 * ms, E=0 * mV)
    assert "one value a time" in message(
        lambda: b2r.Drive(rate=TimedArray(np.ones((3, 2)) * Hz, dt=1 * ms), **given)
    )
    assert "in V" in message(lambda: b2r.Drive(rate=TimedArray([1, 2] * mV, dt=1 * ms), **given))
    assert "of at least 0 Hz" in message(lambda: b2r.Drive(rate=TimedArray([1, -2] * Hz, dt=1 * ms), **given))
    assert "table" in message(
        lambda: b2r.reduce(things["circuit"], at={"ext": TimedArray([1, 2] * Hz, dt=1 * ms)})
    )


def test_things_are_described_in_a_few_words(things):
    for thing in (
        *things.values(),
        "x" * 10**4,
        [things["circuit"]] * 100,
        {str(k): k for k in range(1000)},
        np.ones((100, 100)),
        np.ones(100) * mV,
        len,
        int,
        object(),
    ):
        text = described(thing)
        assert len(text) < 220 and "\n" not in text, text
