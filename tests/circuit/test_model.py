import pickle

import numpy as np
import pytest
from brian2 import ms, mV, nA, nS, pA, pF, second, siemens, volt

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.circuit.synapses.exponential import ExponentialConductance

from ..cases import some

LIF = dict(
    equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
    threshold="v > V_th",
    reset="v = V_r",
    refractory=2 * ms,
    parameters=dict(C_m=250 * pF, g_L=10 * nS, E_L=-65 * mV, V_th=-50 * mV, V_r=-60 * mV),
)


def changed(**changes):
    parameters = {**LIF["parameters"], **changes.pop("parameters", {})}
    return b2r.NeuronModel(
        **{
            **LIF,
            "parameters": {key: value for key, value in parameters.items() if value is not None},
            **changes,
        }
    )


@pytest.mark.smoke
def test_a_model_written_inline_survives_toml_and_pickle(tmp_path):
    model = changed(name="mine")
    path = tmp_path / "mine.toml"
    path.write_text(model.to_toml())
    for again in (b2r.load_model(path), pickle.loads(pickle.dumps(model))):
        assert again.hash == model.hash and again.parameters["C_m"] == 250 * pF
    assert model.replace(V_th=-48 * mV).hash != model.hash
    assert model.parameters["V_th"] == -50 * mV, "replace must leave the original alone"


def test_a_method_that_is_not_for_the_equations_is_refused():
    """The membrane enters m, and so its own equation, in a power: Brian2 refuses it only when it runs."""
    cell = dict(
        equations="""dv/dt = (g_L*(E_L - v) + g_Na*m**3*(E_Na - v) + I_app)/C_m : volt
                             m = a/(a + 4*exp(-(v/mV + 60)/18)) : 1
                             a = 0.1*(v/mV + 35)/(1 - exp(-0.1*(v/mV + 35))) : 1""",
        threshold="v > -10*mV",
        reset="v = E_L",
        parameters=dict(C_m="1 uF/cm^2", g_L="0.1 mS/cm^2", E_L="-65 mV", g_Na="1 mS/cm^2", E_Na="55 mV"),
    )
    with pytest.raises(b2r.errors.ModelError, match="method: got 'exponential_euler'.*write rk4"):
        b2r.NeuronModel(**cell, method="exponential_euler")
    b2r.NeuronModel(**cell, method="rk4")
    b2r.load_model("lif").replace(method="exponential_euler")


@pytest.mark.parametrize(
    "changes, gist",
    [
        (dict(parameters=dict(C_m=250 * mV)), "parameters.C_m.*expected F"),
        (dict(parameters=dict(V_th=3 * pF)), "parameters.V_th"),
        (dict(parameters=dict(V_th=None)), "V_th"),
        (dict(parameters=dict(V_thh=1 * mV)), "V_thh"),
        (dict(input="I_inj"), "I_inj"),
        (dict(leak="g_leak"), "g_leak"),
        (dict(membrane="u"), "membrane"),
        (dict(equations="dv/dt = (g_L*(E_L - v))/C_m : volt"), "I_app"),
        (dict(equations="dv/dt = (E_L - v)/(C_m/nS) + I_app/C_m : volt"), "the leak 'g_L' does not stand"),
        (dict(equations="dv/dt = = v : volt"), "cannot read"),
        (dict(threshold="v > V_th and"), "threshold"),
        (dict(refractory=3 * mV), "refractory"),
        (dict(method="rk9"), "rk9"),
        (dict(threshold=""), "threshold"),
        (dict(threshold="v"), "threshold.*condition"),
        (dict(threshold=5), "threshold.*text"),
        (dict(refractory="-2 ms"), "refractory"),
        (dict(refractory=True), "refractory"),
        (dict(reset="u = V_r"), "reset.*'u'"),
        (dict(reset=5), "reset.*text"),
        (dict(cite=5), "cite"),
        (dict(initial=3), "initial.*table"),
        (dict(parameters=dict(C_m="1e999 pF")), "C_m.*finite"),
        (dict(parameters=dict(V_th="normal(-50 mV, 1 ms)")), "V_th.*standard deviation"),
        (dict(parameters=dict(V_th="normal(-50 mV, -1 mV)")), "V_th.*standard deviation"),
        (dict(equations=LIF["equations"] + "\ng_x : siemens (constant)"), "g_x.*no value"),
        (dict(equations=LIF["equations"] + "\nV_th : amp (constant)"), "V_th.*expected A"),
    ],
)
def test_a_faulty_model_is_refused_with_its_key(changes, gist):
    with pytest.raises(b2r.errors.ModelError, match=gist):
        changed(**changes)


def test_the_message_names_the_file_and_the_key(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(changed(name="bad").to_toml().replace('C_m = "250 pF"', 'C_m = "250 pf"'))
    with pytest.raises(b2r.errors.ModelError, match=r"bad\.toml.*parameters\.C_m.*pF"):
        b2r.load_model(path)
    path.write_text(changed(name="bad").to_toml().replace("threshold =", "treshold ="))
    with pytest.raises(b2r.errors.ModelError, match="treshold.*threshold"):
        b2r.load_model(path)
    path.write_text("kind = ")
    with pytest.raises(b2r.errors.ModelError, match="not a TOML file"):
        b2r.load_model(path)
    with pytest.raises(b2r.errors.ModelError, match="did you mean 'shriki2003'. Known: .*lif"):
        b2r.load_model("shriki2004")


def test_methods_of_first_order_are_raised_when_conductances_vary():
    lif = b2r.load_model("lif")
    assert lif.method_used(with_synapses=False) == "exact"
    assert lif.method_used(with_synapses=True) == "rk2"
    assert changed(method="euler").method_used(with_synapses=True) == "rk2"
    assert changed(method="rk4").method_used(with_synapses=True) == "rk4"
    assert b2r.load_model("shriki2003").method_used(with_synapses=False) == "rk4"


def test_synapses_reach_the_cell_through_its_input_only():
    written = b2r.load_model("lif").cell_equations(dict.fromkeys("ab", ExponentialConductance), poisson=["a"])
    assert "I_app_total = I_app + g_syn_a*(E_syn_a - v) + g_syn_b*(E_syn_b - v)" in written.equations
    assert written.events == "g_syn_a += G_syn_a*poisson(rate_syn_a*dt)"


@pytest.mark.parametrize(
    "equations",
    [
        "dv/dt = (g_L*(E_L - v)\n   + I_app)/C_m : volt (unless refractory)",
        "dv/dt = (g_L*(E_L - v) + # the leak\n  I_app)/C_m : volt\n (unless refractory)",
        LIF["equations"] + "\ng_L : siemens (constant)\nV_th : volt (shared, constant)\nI_app : amp",
    ],
)
def test_ways_to_write_the_same_cell_are_the_same_cell(equations):
    written = changed(equations=equations)
    as_usual = changed()
    assert (
        "I_app_total)/C_m" in written.cell_equations({"x": ExponentialConductance}, poisson=["x"]).equations
    ), "the synapses must reach the membrane"
    for I in (0.3, 0.5):
        rates = [
            b2r.measure_fi(model, [I] * nA, [12] * nS, duration=300 * ms).rate_[0, 0]
            for model in (written, as_usual)
        ]
        assert rates[0] == rates[1] > 0
    drive = b2r.Drive(name="ext", target="E", inputs=200, rate="12 Hz", G=0.35 * nS, tau=5 * ms, E=0 * mV)
    counts = [
        b2r.simulate_spikes(
            b2r.Circuit(populations={"E": b2r.Population(model, 50)}, drives=[drive]), duration=100 * ms
        ).rate_.sum()
        for model in (written, as_usual)
    ]
    assert counts[0] == counts[1] > 0


def test_departures_may_have_any_name(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(changed(departures={"fig. 2": "read by eye"}).to_toml())
    assert dict(b2r.load_model(path).departures) == {"fig. 2": "read by eye"}


def test_a_spread_parameter_has_a_mean():
    model = changed(parameters=dict(V_th="normal(-50 mV, 2 mV)"))
    assert model.constants["V_th"] == -50 * mV and set(model.spreads) == {"V_th"}
    assert b2r.NeuronModel.from_dict(model.to_dict()).hash == model.hash


def test_a_listed_parameter_is_each_cells_own():
    """In the order of the list where it has a value of every cell; cells of another number draw from it."""
    V_th = np.linspace(-52, -48, 9) * mV
    model = changed(parameters=dict(V_th=V_th))
    given = V_th / mV
    V_th[0] = 0 * mV  # which is the caller's
    assert model.constants["V_th"] / mV == pytest.approx(-50) and set(model.spreads) == {"V_th"}
    assert b2r.NeuronModel.from_dict(model.to_dict()).hash == model.hash
    rng, spread = np.random.default_rng(1), model.spreads["V_th"]
    np.testing.assert_allclose(spread.draw_(rng, 9) * 1e3, given)
    drawn = spread.draw_(rng, 400) * 1e3
    assert np.isclose(drawn[:, None], given).any(axis=1).all() and len(set(drawn)) == 9
    assert changed(parameters=dict(V_th=["-50 mV", "-50 mV"])).spreads == {}
    for wrong, said in (
        ([], "empty"),
        (["-50 mV", "1 ms"], "one unit"),
        ([np.nan, -50] * mV, "finite"),
        ([[-50, -51]] * mV, "one finite value"),
    ):
        with pytest.raises(b2r.errors.ModelError, match=f"V_th.*{said}"):
            changed(parameters=dict(V_th=wrong))


def test_cells_of_a_population_fire_each_at_its_own_current(tmp_path):
    current = np.linspace(0, 0.6, 7) * nA
    circuit = b2r.Circuit({"E": b2r.Population("lif", 7, parameters={"I_app": current})})
    circuit.save(tmp_path / "c.toml")
    assert b2r.load_circuit(tmp_path / "c.toml").hash == circuit.hash and "one of 7" in repr(circuit)
    cells, _ = b2r.simulate_spikes(circuit, duration=0.5 * second).spikes_["E"]
    alone = b2r.measure_fi("lif", current, b2r.load_model("lif").leak_ * siemens).rate_[:, 0]
    # Spikes of 0.5 s, of which the first comes after an interval of its own
    assert np.all(np.abs(np.bincount(cells, minlength=7) - 0.5 * alone) <= 2) and alone[-1] > 50


def test_a_constant_current_is_a_parameter_like_any_other():
    assert changed().constant_input_ == 0
    assert changed().replace(I_app=20 * pA).constant_input_ == 20e-12
    with pytest.raises(b2r.errors.ModelError, match="I_app"):
        changed().replace(I_app=20 * mV)
    with pytest.raises(b2r.errors.ModelError, match="V_tt"):
        changed().replace(V_tt=1 * nA)


REFRACTORY = [
    "2 ms",
    "2ms",
    "2*ms",
    "+2*ms",
    ".002*second",
    "2.0e-3 * second",
    "1.5*tau_r",
    "3*ms - tau_r",
    "C_m/g_L/10",
    "-v < 58*mV",
    "(t - lastspike) < 2*ms",
    "v > V_th",
    "int(v > -70*mV)*2*ms",
    "2*ms*exp(-t/(100*ms))",
    "2*ms + 0.1*ms*(v/mV + 60)",
    "not (v < -55*mV)",
]


@pytest.mark.parametrize(
    "refractory",
    some(
        REFRACTORY,
        "2 ms",
        "3*ms - tau_r",
        "(t - lastspike) < 2*ms",
        "v > V_th",
        "2*ms*exp(-t/(100*ms))",
        "2*ms + 0.1*ms*(v/mV + 60)",
    ),
)
def test_refractory_texts_work_as_in_brian2_in_both_engines(refractory, numpy_code):
    """Intervals of both engines are those of a NeuronGroup of one's own, to the step.

    Without the text they would be others.
    """
    from brian2 import Network, NeuronGroup, Quantity, SpikeMonitor, amp

    own = dict(tau_r=1.37 * ms) if "tau_r" in refractory else {}
    model = changed(
        equations=(
            LIF["equations"].replace(" (unless refractory)", "") if "v " in refractory else LIF["equations"]
        ),
        refractory=refractory,
        parameters=own,
        method="rk4",
    )
    I = np.array([0.3, 0.6, 1.2]) * 1e-9
    rates = [
        b2r.measure_fi(model, I * amp, [10] * nS, duration=300 * ms, warmup=0 * ms, engine=engine).rate_[:, 0]
        for engine in ("native", "brian2")
    ]
    text = 2 * ms if refractory in ("2 ms", "2ms") else refractory
    with brian_session():
        group = NeuronGroup(
            3,
            model.equations + "\nI_app : amp (constant)",
            threshold="v > V_th",
            reset="v = V_r",
            refractory=text,
            method="rk4",
            namespace={**LIF["parameters"], **own},
            dt=0.1 * ms,
        )
        group.v, group.I_app = -65 * mV, Quantity(I, dim=amp.dim)
        monitor = SpikeMonitor(group)
        Network(group, monitor).run(0.3 * second, namespace={})
        trains = [np.array(monitor.t_)[np.array(monitor.i) == k] for k in range(3)]
    expected = [(t.size - 1) / (t[-1] - t[0]) if t.size > 1 else 0 for t in trains]
    assert rates[0].tolist() == rates[1].tolist() and rates[0] == pytest.approx(expected, rel=1e-9)
    assert model.refractory == (2 * ms if text is not refractory else refractory)


def test_a_refractory_text_has_an_effect():
    plain, held = (
        b2r.measure_fi(changed(refractory=text), [0.6] * nA, [10] * nS, duration=300 * ms).rate_[0, 0]
        for text in (None, "1.5*ms + 0.5*ms")
    )
    assert 1 / held - 1 / plain == pytest.approx(2e-3, abs=1e-4)


@pytest.mark.parametrize(
    "changes, gist",
    [
        (dict(refractory=-2 * ms), "refractory.*at least 0 s"),
        (dict(refractory="-2 ms"), "refractory.*at least 0 s"),
        (dict(refractory="-2*ms"), "refractory.*at least 0 s"),
        (dict(refractory="t_ref", parameters=dict(t_ref=-2 * ms)), "parameters.t_ref.*at least 0 s"),
        (dict(refractory="t_ref - 3*ms", parameters=dict(t_ref=2 * ms)), "at least 0 s"),
        (dict(refractory="t_ref", parameters=dict(t_ref="normal(-2 ms, 1 ms)")), "at least 0 s"),
        (dict(refractory="1*ms/0"), "finite"),
        (dict(refractory="inf*ms"), "finite"),
        (dict(refractory="2"), "expected a time"),
        (dict(refractory="2 mV"), "expected a time"),
        (dict(refractory="2*mV"), "expected a time"),
        (dict(refractory="2 mss"), "'mss'"),
        (dict(refractory="2*np.pi*ms"), "write pi"),
        (dict(refractory="1.5 tau_r"), "unknown unit"),
        (dict(refractory="2 ms ms^2"), "expected a time"),
        (dict(parameters=dict(V_r=-40 * mV)), "reset.*met again"),
        (dict(parameters=dict(V_r=-50 * mV)), "reset.*met again"),
        (dict(parameters=dict(V_r=-40 * mV), refractory=None), "reset.*met again"),
        (dict(threshold="v >= V_th", parameters=dict(V_r=-50 * mV)), "met again"),
        (dict(reset="v = -40*mV", parameters=dict(V_r=None)), "at v = -40"),
        (dict(reset="v += 1*mV", parameters=dict(V_r=None)), "met again"),
        (dict(reset="v = V_th + 0.5*(v - V_th)", parameters=dict(V_r=None)), "met again"),
        (dict(threshold="v < V_th"), "met again"),
        (dict(threshold="v > V_th and t > 5*ms", parameters=dict(V_r=-45 * mV)), "met again"),
        (
            dict(
                threshold="x > 0*mV",
                equations=LIF["equations"] + "\nx = v - V_th : volt",
                parameters=dict(V_r=-45 * mV),
            ),
            "met again",
        ),
        (dict(parameters=dict(V_th=1 * volt, V_r=1.2 * volt)), "met again"),
        (dict(parameters=dict(V_r="normal(-45 mV, 1 mV)")), "met again"),
        (
            dict(
                equations=LIF["equations"] + "\ndw/dt = -w/ms : amp",
                reset="w += 1*pA; v = V_r",
                parameters=dict(V_r=-45 * mV),
            ),
            "met again",
        ),
    ],
)
def test_a_cell_that_would_fire_without_end_and_negative_times_are_refused(changes, gist):
    with pytest.raises(b2r.errors.ModelError, match=gist):
        changed(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        dict(parameters=dict(V_r=-50.01 * mV)),
        dict(reset="v -= 1*mV", parameters=dict(V_r=None)),
        dict(reset="v = 2*V_th - v", parameters=dict(V_r=None)),
        dict(reset="", refractory="v > V_th", parameters=dict(V_r=None)),
        dict(refractory="v > V_th", parameters=dict(V_r=40 * mV)),
        dict(reset="v = V_r + 1*mV*rand()"),
        dict(threshold="v < V_th", parameters=dict(V_r=-40 * mV)),
        dict(parameters=dict(V_th=1 * volt, V_r=0 * volt)),
        dict(refractory="0*ms"),
        dict(
            equations=LIF["equations"] + "\ndth/dt = (V_th - th)/ms : volt",
            threshold="v > th",
            reset="th += 1*mV",
            parameters=dict(V_r=None),
        ),
        dict(
            equations=LIF["equations"] + "\ndth/dt = (V_th - th)/ms : volt",
            threshold="v > th",
            reset="v = V_r\nth += 1*mV",
        ),
    ],
)
def test_resets_that_leave_the_threshold_behind_are_accepted(changes):
    model = changed(**changes)
    assert (model.threshold, model.reset) == (
        changes.get("threshold", LIF["threshold"]),
        changes.get("reset", LIF["reset"]),
    )
