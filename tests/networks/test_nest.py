"""The engine in NEST: cells, synapses and drives one by one, refusals, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from brian2 import Hz, ms, second

import b2reduce as b2r
from b2reduce.networks.engines.nest_cells import recognised
from b2reduce.networks.spiking_network import draws_of

from .nest_circuits import NO_NEST, of_cells

pytestmark = [NO_NEST, pytest.mark.usefixtures("numpy_code")]


def both(circuit, duration, **settings):
    """(NEST's run, Brian2's) of a circuit."""
    return [
        b2r.simulate_spikes(circuit, duration=duration, engine=engine, progress=False, **settings)
        for engine in ("nest", "brian2")
    ]


def alone(cell, current, dt="0.1 ms", start="-65 mV", **parameters):
    """One cell of a model with a constant current."""
    population = b2r.Population(cell, 1, {"I_app": current, **parameters}, initial={"v": start})
    return b2r.Circuit(populations={"A": population}, dt=dt)


def steps(run, name="A", dt=1e-4):
    return np.round(run.spikes_[name][1] / dt).astype(int)


@pytest.mark.parametrize("dt", ["0.1 ms", "0.05 ms"])
@pytest.mark.parametrize(
    "cell, current", [("lif", "400 pA"), ("adex_zerlaut2018_rs", "0.4 nA"), ("adex_zerlaut2018_fs", "0.4 nA")]
)
def test_a_cell_fires_when_brian_s_does(cell, current, dt):
    nest, brian = both(alone(cell, current, dt), 200 * ms, dt=dt)
    step_ = float(dt.split()[0]) * 1e-3
    late = steps(brian, dt=step_) - steps(nest, dt=step_)
    assert late.size >= 5 and np.abs(late).max() <= 1


def test_without_a_refractory_time_brian_comes_closer_with_its_step():
    """NEST's adaptive cell goes on within the step in which it fires, and Brian2's upstroke, of many slopes of
    the exponential in a step, has an error: both are of the order of a step an interval.
    """
    last_ = {}
    for dt in (0.1, 0.025):
        nest, brian = both(alone("adex_brette2005", "1 nA", f"{dt} ms"), 200 * ms, dt=f"{dt} ms")
        ends = [run.spikes_["A"][1] for run in (nest, brian)]
        assert ends[0].size == ends[1].size >= 8
        last_[dt] = ends[1][-1] - ends[0][-1]
    assert 0 < last_[0.025] < last_[0.1] / 2 and last_[0.1] < 1e-4 * 2 * 8


def test_a_cell_that_varies_and_starts_somewhere_is_the_same():
    values = {
        "V_th": "normal(-50 mV, 1 mV)",
        "g_L": "normal(16 nS, 1 nS)",
        "I_app": "400 pA",
        "t_ref": "3 ms",
    }
    population = b2r.Population("lif", 20, values, initial={"v": "E_L + rand()*10*mV"})
    nest, brian = both(b2r.Circuit(populations={"A": population}, dt="0.1 ms"), 100 * ms, seed=4)
    assert steps(nest).size > 100 and len({*brian.spikes_["A"][0]}) == 20
    assert np.array_equal(nest.spikes_["A"][0], brian.spikes_["A"][0])
    assert np.abs(steps(nest) - steps(brian)).max() <= 1


PER_AREA = b2r.NeuronModel(
    equations="dv/dt = (g*(E - v) + J)/C : volt (unless refractory)",
    threshold="v > V_th",
    reset="v = V_r",
    refractory="2*ms",
    input="J",
    leak="g",
    leak_reversal="E",
    capacitance="C",
    parameters={
        "C": "1 uF/cm^2",
        "g": "0.07 mS/cm^2",
        "E": "-65 mV",
        "V_th": "-50 mV",
        "V_r": "-60 mV",
        "J": "1.6 uA/cm^2",
    },
)


def test_cells_per_area_are_those_of_some_area():
    cells = {name: b2r.Population(PER_AREA, 1, initial={"v": "-65 mV"}) for name in "SA"}
    synapse = b2r.Projection("S", "A", in_degree=1, G="0.05 mS/cm^2", tau="5 ms", E="0 mV", delay="1 ms")
    nest, brian = both(b2r.Circuit(populations=cells, projections=[synapse], dt="0.1 ms"), 100 * ms)
    assert steps(nest).size > 5 and np.array_equal(steps(nest), steps(brian))
    assert nest.conductances_["S->A"].max() == pytest.approx(brian.conductances_["S->A"].max(), rel=1e-3)


#: {name: (cell, kind, parameters of its synapses, current)}
SYNAPSES = {
    "exponential": ("lif", "exponential", dict(G="2 nS", tau="5 ms", E="0 mV")),
    "alpha": ("lif", "alpha", dict(G="2 nS", tau="5 ms", E="0 mV")),
    "peak": ("lif", "rise_decay", dict(G="2 nS", tau_rise="1 ms", tau="5 ms", E="0 mV", norm="peak")),
    "area": ("lif", "rise_decay", dict(G="2 nS", tau_rise="1 ms", tau="5 ms", E="0 mV", norm="area")),
    "current": ("lif", "current", dict(w="-200 pA", tau="5 ms")),
    "current_alpha": ("lif", "current_alpha", dict(w="-200 pA", tau="5 ms")),
    "adex": ("adex_brette2005", "exponential", dict(G="2 nS", tau="5 ms", E="0 mV")),
    "adex alpha": ("adex_brette2005", "alpha", dict(G="2 nS", tau="5 ms", E="0 mV")),
    "adex current": ("adex_brette2005", "current", dict(w="-200 pA", tau="5 ms")),
    "adex current_alpha": ("adex_brette2005", "current_alpha", dict(w="200 pA", tau="5 ms")),
}


def one_synapse(cell, kind, values, delay="1 ms", plasticity=None):
    source = b2r.Population("lif", 1, {"I_app": "400 pA"}, initial={"v": "-65 mV"})
    target = b2r.Population(cell, 1, initial={"v": "-65 mV"})
    link = b2r.Projection("S", "A", in_degree=1, kind=kind, delay=delay, plasticity=plasticity, **values)
    return b2r.Circuit(populations={"S": source, "A": target}, projections=[link], dt="0.1 ms")


@pytest.mark.parametrize("name", SYNAPSES)
def test_what_a_spike_does_begins_at_the_same_time_and_is_as_large(name):
    nest, brian = both(one_synapse(*SYNAPSES[name]), 60 * ms)
    # Brian2's meter has a value at the first step, NEST's begins a millisecond later
    seen, expected = nest.conductances_["S->A"][0], brian.conductances_["S->A"][0][1:]
    assert np.array_equal(nest.conductance_t_, brian.conductance_t_[1:]) or np.allclose(
        nest.conductance_t_, brian.conductance_t_[1:], rtol=0, atol=1e-9
    )
    # A step too early or late is 0.02 of an exponential; Brian2's steps of second order err by (dt/tau)^2/6,
    # up to 1.7e-3 of what rises in 1 ms
    assert np.abs(expected).max() > 0
    assert np.allclose(seen, expected, rtol=0, atol=3e-3 * np.abs(expected).max())
    assert np.array_equal(seen == 0, expected == 0)


def test_jumps_carry_a_cell_over_at_the_same_time():
    nest, brian = both(one_synapse("lif", "jump", {"J": "14 mV"}), 100 * ms)
    assert np.array_equal(steps(nest), steps(brian)) and steps(nest).size > 3


@pytest.mark.parametrize("jumps", [[], ["0.271 mV"], ["-0.83 mV"]], ids=["alone", "excited", "inhibited"])
def test_a_network_of_jumps_with_recorded_trains_is_the_same_spike_for_spike(jumps):
    """Brian2 looks a step later, at a membrane that has decayed: with a threshold that has decayed likewise."""
    i, k = np.nonzero(np.random.default_rng(1).random((100, 1500)) < 0.45)
    links = [b2r.Projection("A", "A", in_degree=20, kind="jump", J=J, delay="1.5 ms") for J in jumps]
    drive = b2r.Drive("x", "A", spikes=(i, (k + 0.5) * 1e-4 * second), kind="jump", J="0.253 mV")

    def made(theta):
        cells = {"A": b2r.Population("lif_brunel2000", 100, {"theta": f"{theta:.15g} mV"})}
        return b2r.Circuit(populations=cells, projections=links, drives=[drive], dt="0.1 ms")

    (nest, _), (_, brian) = (both(made(theta), 150 * ms) for theta in (20, 20 * np.exp(-0.1 / 20)))
    assert steps(nest).size > 100
    assert np.array_equal(steps(nest), steps(brian))
    for own, other in zip(*(np.lexsort((run.spikes_["A"][0], steps(run))) for run in (nest, brian))):
        assert nest.spikes_["A"][0][own] == brian.spikes_["A"][0][other]


@pytest.mark.parametrize("rec, facil", [("200 ms", "0 ms"), ("100 ms", "300 ms"), ("0 ms", "300 ms")])
def test_plasticity_is_that_of_tsodyks_and_markram(rec, facil):
    plasticity = {"kind": "tsodyks_markram", "U": "0.3", "tau_rec": rec, "tau_facil": facil}
    nest, brian = both(one_synapse(*SYNAPSES["current"], plasticity=plasticity), 100 * ms)
    seen, expected = nest.conductances_["S->A"][0], brian.conductances_["S->A"][0][1:]
    assert np.allclose(seen, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_recorded_trains_arrive_when_they_do_in_brian():
    i, t = np.array([0, 1, 0, 1]), np.array([5.0, 7.0, 20.0, 20.0]) * ms
    cells = {"A": b2r.Population("lif", 2, initial={"v": "-65 mV"})}
    drive = b2r.Drive("x", "A", spikes=(i, t), kind="current", w="100 pA", tau="5 ms")
    nest, brian = both(b2r.Circuit(populations=cells, drives=[drive], dt="0.1 ms"), 40 * ms)
    seen, expected = nest.conductances_["x->A"], brian.conductances_["x->A"][:, 1:]
    assert np.allclose(seen, expected, rtol=0, atol=1e-3 * expected.max()) and expected.max() > 0


QUIET = {"V_th": "1 V"}


def mean_current(drive, cells=200):
    """(mean over cells and time, its standard error) of a drive's current from 50 ms on, in NEST."""
    made = b2r.Circuit(populations={"A": b2r.Population("lif", cells, QUIET)}, drives=[drive], dt="0.1 ms")
    run = b2r.simulate_spikes(made, duration=250 * ms, engine="nest", record=cells, progress=False)
    of_cells = run.conductances_["x->A"][:, 50:].mean(axis=1)
    return of_cells, run


@pytest.mark.parametrize(
    "changes",
    [
        dict(rate=20 * Hz),
        dict(rate="normal(20 Hz, 4 Hz)"),
        dict(rate=20 * Hz, w="lognormal(10 pA, 5 pA)"),
        dict(rate=20 * Hz, trains=2000),
        dict(rate=([0, 40] * ms, [5, 20] * Hz)),
        dict(rate=([0, 40] * ms, [5, 20] * Hz), trains=2000),
        dict(rate=([0, 40] * ms, [5, 20] * Hz), w="lognormal(10 pA, 5 pA)"),
    ],
    ids=["plain", "rates", "sizes", "shared", "table", "shared table", "table and sizes"],
)
def test_poisson_drives_have_the_mean_of_campbell(changes):
    drive = b2r.Drive("x", "A", inputs=100, kind="current", **{**dict(w="10 pA", tau="3 ms"), **changes})
    means, _ = mean_current(drive)
    # 100 inputs of 20 Hz, 10 pA and 3 ms: 60 pA, and half a step of it more right behind the events. Within four standard errors over cells, which shared trains
    # and their 5 % of common input raise to twice as many
    error_ = means.std(ddof=1) / np.sqrt(means.size) * (2 if "trains" in changes else 1)
    assert abs(means.mean() - 60e-12 * (0.1 / 3) / -np.expm1(-0.1 / 3)) < 4 * error_ and error_ < 2e-12


def test_cells_of_one_generator_have_trains_of_their_own():
    drive = b2r.Drive("x", "A", inputs=100, rate=20 * Hz, kind="current", w="10 pA", tau="3 ms")
    _, run = mean_current(drive, cells=50)
    values = run.conductances_["x->A"][:, 50:]
    apart = np.corrcoef(values)[np.triu_indices(50, 1)]
    # 200 ms are some 30 independent values of 3 ms; the mean of 1225 correlations of 0 lies within 0.03
    assert abs(apart.mean()) < 0.03


def small(**changes):
    values = {x: dict(G=g) for x, g in (("E", "0.3 nS"), ("I", "3 nS"), ("ext", "1 nS"))}
    kinds = {"E": dict(tau="5 ms", E="0 mV"), "I": dict(tau="10 ms", E="-80 mV")}
    return of_cells("lif", kinds, values, "14 Hz", **changes)


def test_the_wiring_is_that_of_a_seed():
    from types import SimpleNamespace

    from b2reduce.networks.engines.nest_kernel import kernel
    from b2reduce.networks.engines.nest_network import build

    circuit = small()
    draws = draws_of(circuit, 3)
    with kernel(1e-4, 1) as nest:
        cells, _ = build(nest, SimpleNamespace(circuit=circuit, dt_=1e-4), draws)
        for label, entry in zip(circuit.labels, circuit.projections):
            found = nest.GetConnections(
                nest.NodeCollection(cells[entry.source]), nest.NodeCollection(cells[entry.target])
            ).get(["source", "target", "delay", "weight"])
            i, j, delay_ = draws.wiring[label]
            own = np.array([found["source"], found["target"], np.round(np.array(found["delay"]) / 0.1)])
            steps_ = np.maximum(np.floor(delay_ / 1e-4 + 0.5), 1)
            expected = np.array([cells[entry.source][i], cells[entry.target][j], steps_])
            order = lambda rows: rows[:, np.lexsort(rows)]
            assert np.array_equal(order(own), order(expected)), label
            assert set(found["weight"]) == {0.3} if entry.source == "E" else {-3.0}


def test_a_seed_gives_the_same_run_and_another_another():
    runs = [
        b2r.simulate_spikes(small(), duration=50 * ms, seed=seed, engine="nest", record=0, progress=False)
        for seed in (1, 1, 2)
    ]
    same = lambda a, b: all(np.array_equal(x, y) for x, y in zip(a.spikes_["E"], b.spikes_["E"]))
    assert same(runs[0], runs[1]) and not same(runs[0], runs[2])
    assert runs[0].provenance["nest"]["threads"] == 1 and runs[0].provenance["engine"] == "nest"


def test_threads_are_those_that_were_asked_for(monkeypatch):
    monkeypatch.setenv("B2REDUCE_THREADS", "2")
    runs = [
        b2r.simulate_spikes(small(), duration=50 * ms, engine="nest", record=0, progress=False) for _ in "ab"
    ]
    assert runs[0].provenance["nest"]["threads"] == 2
    assert np.array_equal(runs[0].spikes_["E"][1], runs[1].spikes_["E"][1])


NOISY = b2r.load_model("lif").replace(
    equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m + 1*mV*xi/ms**0.5 : volt (unless refractory)", method=None
)
QUADRATIC = b2r.load_model("lif").replace(
    equations="dv/dt = (g_L*(E_L - v)*(-50*mV - v)/mV/10 + I_app)/C_m : volt (unless refractory)",
    leak=None,
    method=None,
)
FREE = b2r.load_model("lif").replace(equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt")
DOWN = b2r.load_model("lif").replace(reset="v -= V_th - V_r")


@pytest.mark.parametrize(
    "cell, says",
    [
        ("hodgkin_huxley1952", "state variables h, m, n beside v"),
        ("lif_adapt", "not linear in v, g_a"),
        (NOISY, "white noise"),
        (QUADRATIC, "not linear in v"),
        (FREE, "goes on while a cell is refractory"),
        (DOWN, "reset does 'v -= V_th - V_r'"),
    ],
    ids=["many", "conductance", "noise", "quadratic", "free", "down"],
)
def test_cells_that_nest_has_not_are_refused_by_what_it_lacks(cell, says):
    with pytest.raises(b2r.errors.InputError, match=f"{says}.*use engine = 'standalone'"):
        recognised(b2r.load_model(cell) if isinstance(cell, str) else cell)


def test_a_cell_is_told_by_its_mathematics():
    other = b2r.NeuronModel(
        equations="""du/dt = -(u - rest)/tau + R*current/tau + z : volt (unless refractory)
        z = slope*exp((u - soft)/slope)/tau - a_part : volt/second
        a_part = R*s/tau : volt/second
        ds/dt = -s/tau_s + k*(u - rest)/tau_s : amp""",
        threshold="top < u",
        reset="u = low\ns += more",
        refractory="hold",
        membrane="u",
        input="current",
        leak="1/R",
        leak_reversal="rest",
        capacitance="tau/R",
        parameters={
            **dict(rest="-70 mV", tau="20 ms", R="100 Mohm", slope="2 mV", soft="-50 mV", tau_s="100 ms"),
            **dict(k="1 nS", top="-40 mV", low="-60 mV", more="10 pA", hold="2 ms", current="250 pA"),
        },
    )
    cell = recognised(other)
    at = cell.values_({**other.constants, "current": 0.0})
    expected = dict(C=2e-10, g_L=1e-8, E_L=-0.07, Delta=2e-3, V_T=-0.05, tau_w=0.1, a=1e-9, b=1e-11)
    assert {key: float(at[key]) for key in expected} == pytest.approx(expected, rel=1e-9)
    nest, brian = both(b2r.Circuit(populations={"A": b2r.Population(other, 1)}, dt="0.1 ms"), 200 * ms)
    assert steps(nest).size >= 4 and np.all(
        np.abs(steps(nest) - steps(brian)) <= 1 + np.arange(steps(nest).size)
    )


SYNAPSE = dict(in_degree=5, tau="5 ms", E="0 mV", delay="1 ms")


@pytest.mark.parametrize(
    "changes, says",
    [
        (dict(kind="nmda", G="1 nS", tau_rise="1 ms", norm="peak"), "no synapses of kind 'nmda'"),
        (dict(G="1 nS", start="3 nS", kind="alpha"), "start at rest"),
    ],
    ids=["nmda", "start"],
)
def test_synapses_that_nest_has_not_are_refused(changes, says):
    cells = {"A": b2r.Population("lif", 20)}
    circuit = b2r.Circuit(populations=cells, projections=[b2r.Projection("A", "A", **SYNAPSE, **changes)])
    with pytest.raises(b2r.errors.InputError, match=says):
        b2r.simulate_spikes(circuit, duration=10 * ms, engine="nest")


def test_more_sets_than_an_adaptive_cell_has_are_refused_and_leaky_ones_have_more():
    links = [
        b2r.Projection("A", "A", **{**SYNAPSE, "tau": tau}, G="1 nS") for tau in ("2 ms", "5 ms", "9 ms")
    ]
    made = lambda cell: b2r.Circuit(
        populations={"A": b2r.Population(cell, 20, {"I_app": "600 pA"}, initial={"v": "-65 mV + i*0.5*mV"})},
        projections=links,
        dt="0.1 ms",
    )
    with pytest.raises(b2r.errors.InputError, match="3 time constants or reversals.*aeif_cond_exp.*has two"):
        b2r.simulate_spikes(made("adex_brette2005"), duration=10 * ms, engine="nest")
    nest, brian = both(made("lif"), 60 * ms)
    assert nest.provenance["nest"]["models"] == {"A": "gif_cond_exp_multisynapse"}
    # Without chance the runs are one and the same but for the integrators, whose errors shift some spikes
    assert steps(nest).size == steps(brian).size > 50
    assert np.abs(np.sort(steps(nest)) - np.sort(steps(brian))).max() <= 2


def test_kinds_do_not_mix_and_states_are_not_taken():
    mixed = one_synapse(*SYNAPSES["current"])
    drive = b2r.Drive("x", "A", inputs=1, rate=1 * Hz, G="1 nS", tau="5 ms", E="0 mV")
    both_kinds = b2r.Circuit(populations=mixed.populations, projections=mixed.projections, drives=[drive])
    with pytest.raises(b2r.errors.InputError, match="kinds exponential and current"):
        b2r.simulate_spikes(both_kinds, duration=10 * ms, engine="nest")
    with pytest.raises(b2r.errors.InputError, match="initial"):
        b2r.simulate_spikes(mixed, duration=10 * ms, engine="nest", initial="silent")


def test_without_nest_the_line_to_install_it_is_said(monkeypatch):
    from b2reduce.networks.engines import nest_kernel

    monkeypatch.setattr(nest_kernel, "find_spec", lambda name: None)
    with pytest.raises(b2r.errors.InputError, match=r'pip install "b2reduce\[nest\]"'):
        b2r.simulate_spikes(small(), duration=10 * ms, engine="nest")


def test_networks_that_do_not_fit_are_refused_with_their_bytes(monkeypatch):
    from b2reduce.networks.engines import base

    monkeypatch.setattr(base, "free_memory", lambda: 1e6)
    with pytest.raises(b2r.errors.InputError, match="500 cells and 2.5e\\+04 synapses take some .* GB"):
        b2r.simulate_spikes(small(), duration=10 * ms, engine="nest")


def test_a_diverging_network_is_an_error():
    with pytest.raises((b2r.errors.DivergenceError, b2r.errors.InputError)):
        b2r.simulate_spikes(alone("adex_brette2005", "-100 uA"), duration=100 * ms, engine="nest")


def test_progress_is_told():
    told = []
    tell = lambda stage, fraction: told.append((stage, fraction))
    b2r.simulate_spikes(small(), duration=100 * ms, engine="nest", record=0, progress=tell)
    fractions = [fraction for stage, fraction in told if "spiking network" in stage]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(fractions) > 1


@pytest.mark.slow
def test_ctrl_c_ends_a_run_within_two_seconds():
    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        b2r.simulate_spikes(small(), duration=100 * second, engine="nest", record=0, progress=False)
    assert time.monotonic() - began < 1.5 + 2
    # The kernel is free for the next
    b2r.simulate_spikes(small(), duration=10 * ms, engine="nest", progress=False)


CODE = """
import sys
from brian2 import ms
import b2reduce as b2r
print("nest" in sys.modules)
made = b2r.load_circuit("ei_lif").replace({"population.E.size": 200, "population.I.size": 50})
run = b2r.simulate_spikes(made, duration=20*ms, engine="nest", progress=False)
print("nest" in sys.modules, len(run.spikes_["E"][0]) > 0)
"""


def test_nest_is_imported_when_asked_for_and_says_nothing(tmp_path):
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True", "True"] and not done.stderr, done.stderr
