import pickle

import pytest
from brian2 import mV, ms, nA, nS, pA, pF

import b2reduce as b2r

LIF = dict(equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)", threshold="v > V_th", reset="v = V_r", refractory=2 * ms,
           parameters=dict(C_m=250 * pF, g_L=10 * nS, E_L=-65 * mV, V_th=-50 * mV, V_r=-60 * mV))


def changed(**changes):
    parameters = {**LIF["parameters"], **changes.pop("parameters", {})}
    return b2r.NeuronModel(**{**LIF, "parameters": {key: value for key, value in parameters.items() if value is not None}, **changes})


@pytest.mark.smoke
def test_a_model_written_inline_survives_toml_and_pickle(tmp_path):
    model = changed(name="mine")
    path = tmp_path / "mine.toml"
    path.write_text(model.to_toml())
    for again in (b2r.load_model(path), pickle.loads(pickle.dumps(model))):
        assert again.hash == model.hash and again.parameters["C_m"] == 250 * pF
    assert model.replace(V_th=-48 * mV).hash != model.hash
    assert model.parameters["V_th"] == -50 * mV, "replace must leave the original alone"


@pytest.mark.parametrize("changes, gist", [
    (dict(parameters=dict(C_m=250 * mV)), "parameters.C_m.*expected F"),
    (dict(parameters=dict(V_th=3 * pF)), "parameters.V_th"),
    (dict(parameters=dict(V_th=None)), "V_th"),
    (dict(parameters=dict(V_thh=1 * mV)), "V_thh"),
    (dict(input="I_inj"), "I_inj"),
    (dict(leak="g_leak"), "g_leak"),
    (dict(membrane="u"), "membrane"),
    (dict(equations="dv/dt = (g_L*(E_L - v))/C_m : volt"), "I_app"),
    (dict(equations="dv/dt = (E_L - v)/(C_m/nS) + I_app/C_m : volt"), "g_L|do not agree"),
    (dict(equations="dv/dt = = v : volt"), "cannot read"),
    (dict(threshold="v > V_th and"), "threshold"),
    (dict(refractory=3 * mV), "refractory"),
    (dict(method="rk9"), "rk9"),
    (dict(threshold=""), "threshold"), (dict(threshold="v"), "threshold.*condition"), (dict(threshold=5), "threshold.*text"),
    (dict(refractory="-2 ms"), "refractory"), (dict(refractory=True), "refractory"), (dict(reset="u = V_r"), "reset.*'u'"), (dict(reset=5), "reset.*text"),
    (dict(cite=5), "cite"), (dict(initial=3), "initial.*table"), (dict(parameters=dict(C_m="1e999 pF")), "C_m.*finite"),
    (dict(parameters=dict(V_th="normal(-50 mV, 1 ms)")), "V_th.*standard deviation"), (dict(parameters=dict(V_th="normal(-50 mV, -1 mV)")), "V_th.*standard deviation"),
    (dict(equations=LIF["equations"] + "\ng_x : siemens (constant)"), "g_x.*no value"),
    (dict(equations=LIF["equations"] + "\nV_th : amp (constant)"), "V_th.*expected A"),
])
def test_a_faulty_model_is_refused_with_its_key(changes, gist):
    with pytest.raises(b2r.ModelError, match=gist):
        changed(**changes)


def test_the_message_names_the_file_and_the_key(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(changed(name="bad").to_toml().replace('C_m = "250 pF"', 'C_m = "250 pf"'))
    with pytest.raises(b2r.ModelError, match=r"bad\.toml.*parameters\.C_m.*pF"):
        b2r.load_model(path)
    path.write_text(changed(name="bad").to_toml().replace("threshold =", "treshold ="))
    with pytest.raises(b2r.ModelError, match="treshold.*threshold"):
        b2r.load_model(path)
    path.write_text("kind = ")
    with pytest.raises(b2r.ModelError, match="not a TOML file"):
        b2r.load_model(path)
    with pytest.raises(b2r.ModelError, match="Known: .*lif|known: .*lif"):
        b2r.load_model("lif2000")


def test_methods_of_first_order_are_raised_when_conductances_vary():
    lif = b2r.load_model("lif")
    assert lif.method_used(with_synapses=False) == "exact"
    assert lif.method_used(with_synapses=True) == "rk2"
    assert changed(method="euler").method_used(with_synapses=True) == "rk2"
    assert changed(method="rk4").method_used(with_synapses=True) == "rk4"
    assert b2r.load_model("shriki2003").method_used(with_synapses=False) == "rk4"


def test_synapses_reach_the_cell_through_its_input_only():
    written = b2r.load_model("lif").cell_equations(["a", "b"], poisson=["a"])
    assert "I_app_total = I_app + g_syn_a*(E_syn_a - v) + g_syn_b*(E_syn_b - v)" in written.equations
    assert written.events == "g_syn_a += G_syn_a*poisson(rate_syn_a*dt)"


@pytest.mark.parametrize("equations", [
    "dv/dt = (g_L*(E_L - v)\n   + I_app)/C_m : volt (unless refractory)",
    "dv/dt = (g_L*(E_L - v) + # the leak\n  I_app)/C_m : volt\n (unless refractory)",
    LIF["equations"] + "\ng_L : siemens (constant)\nV_th : volt (shared, constant)\nI_app : amp"])
def test_ways_to_write_the_same_cell_are_the_same_cell(equations):
    written = changed(equations=equations)
    as_usual = changed()
    assert "I_app_total)/C_m" in written.cell_equations(["x"], poisson=["x"]).equations, "the synapses must reach the membrane"
    for I in (0.3, 0.5):
        rates = [b2r.measure_fi(model, [I] * nA, [12] * nS, duration=300 * ms).rate_[0, 0] for model in (written, as_usual)]
        assert rates[0] == rates[1] > 0
    drive = b2r.Drive(name="ext", target="E", inputs=200, rate="12 Hz", G=0.35 * nS, tau=5 * ms, E=0 * mV)
    counts = [b2r.simulate_spikes(b2r.Circuit(populations={"E": b2r.Population(model, 50)}, drives=[drive]), duration=100 * ms).rate_.sum()
              for model in (written, as_usual)]
    assert counts[0] == counts[1] > 0


def test_departures_may_have_any_name(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(changed(departures={"fig. 2": "read by eye"}).to_toml())
    assert dict(b2r.load_model(path).departures) == {"fig. 2": "read by eye"}


def test_a_spread_parameter_has_a_mean():
    model = changed(parameters=dict(V_th="normal(-50 mV, 2 mV)"))
    assert model.constants["V_th"] == -50 * mV and set(model.spreads) == {"V_th"}
    assert b2r.NeuronModel.from_dict(model.to_dict()).hash == model.hash


def test_a_constant_current_is_a_parameter_like_any_other():
    assert changed().constant_input_ == 0
    assert changed().replace(I_app=20 * pA).constant_input_ == 20e-12
    with pytest.raises(b2r.ModelError, match="I_app"):
        changed().replace(I_app=20 * mV)
    with pytest.raises(b2r.ModelError, match="V_tt"):
        changed().replace(V_tt=1 * nA)
