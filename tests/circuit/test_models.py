"""Every file in models/ loads, agrees in its units, and runs."""

import brian2
import numpy as np
import pytest

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.circuit.circuit import Circuit
from b2reduce.circuit.library import data_names
from b2reduce.circuit.synapses.exponential import ExponentialConductance

NEURONS, CIRCUITS = data_names("neurons"), data_names("circuits")


def test_the_list_is_what_is_there():
    table = b2r.list_models()
    assert list(table.columns) == ["name", "kind", "title", "cite"]
    assert (
        set(table.loc[table.kind == "neuron", "name"])
        == set(NEURONS)
        >= {
            "lif",
            "shriki2003",
            "wang_buzsaki1996",
            "hodgkin_huxley1952",
            "adex_brette2005",
            "adex_zerlaut2018_rs",
            "adex_zerlaut2018_fs",
            "lif_vogels2005",
        }
    )
    assert (
        set(table.loc[table.kind == "circuit", "name"])
        == set(CIRCUITS)
        >= {"ei_lif", "ei_lif_gamma", "e_shriki", "zerlaut2018", "vogels2005"}
    )
    assert (table.title.str.len() > 10).all() and table.cite.str.startswith("doi:10.").all()


MOST_SYNAPSES = 1e6  # of a network that is built here; larger ones are built where they are run


@pytest.fixture
def without_compiler():
    """Zero steps need no compiled code."""
    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = before


@pytest.mark.smoke
@pytest.mark.parametrize("name", NEURONS)
def test_a_neuron_runs_and_reads_back(name, tmp_path, without_compiler):
    model = b2r.load_model(name)
    assert model.name == name and model.departures
    path = tmp_path / f"{name}.toml"
    path.write_text(model.to_toml())
    assert b2r.load_model(path).hash == model.hash
    written = model.cell_equations({"x": ExponentialConductance}, poisson=["x"])
    with brian_session(0) as b:
        group = b.NeuronGroup(
            2,
            written.equations,
            threshold=written.threshold,
            reset=written.reset,
            refractory=written.refractory,
            method=written.method,
            namespace=written.namespace,
            dt=model.dt,
            name="cells",
        )
        group.run_regularly(written.events, when="synapses")
        b.Network(group).run(0 * b.ms, namespace={})


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_circuit_runs_and_reads_back(name, without_compiler):
    circuit = b2r.load_circuit(name)
    assert circuit.name == name
    assert Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
    if sum(circuit.K(p) * circuit.populations[p.target].size for p in circuit.projections) > MOST_SYNAPSES:
        return  # to draw those of potjans2014 takes gigabytes
    network, groups = b2r.spiking_network(circuit, seed=1)
    network.run(0 * brian2.ms, namespace={})
    assert {key: len(group) for key, group in groups.items()} == {
        key: p.size for key, p in circuit.populations.items()
    }


def test_published_circuits_have_their_cells_and_as_many_inputs_as_in_their_sources():
    """Half as many cells with twice the probability: the numbers of inputs are those of the source."""
    zerlaut, vogels = b2r.load_circuit("zerlaut2018"), b2r.load_circuit("vogels2005")
    inputs = lambda circuit: {
        (p.source, p.target): p.probability * circuit.populations[p.source].size for p in circuit.projections
    }
    assert inputs(zerlaut) == pytest.approx(
        {("RS", "RS"): 400, ("RS", "FS"): 400, ("FS", "RS"): 100, ("FS", "FS"): 100}
    )
    assert inputs(vogels) == pytest.approx({("E", "E"): 64, ("E", "I"): 64, ("I", "E"): 16, ("I", "I"): 16})
    assert all(float(rate) == 0 for drive in vogels.drives for rate in drive.rate[1][1:]), (
        "a kick, and nothing after it"
    )


@pytest.mark.parametrize("rate", [3.0, 9.0])
def test_depression_is_the_gate_that_saturates(rate):
    """s' = -s/tau + a x (1 - s) of Brunel and Wang, x of 2 ms: as depression its mean is lower by 1 % at most.

    1 - s is the integral of exp(-T/tau)/tau exp(-a int x) over the time T that lies back, of which Campbell's
    formula gives the mean over Poisson trains.
    """
    nmda = next(p for p in b2r.load_circuit("brunel2001").projections if p.kind == "nmda")
    tau, opening, a = 0.1, 2e-3, 500.0
    back, age = np.linspace(0, 2.5, 2501)[:, None], np.concatenate([np.linspace(0, 0.04, 1001), [2.6]])
    inside = np.trapezoid(
        np.where(age < back, np.expm1(-a * opening * -np.expm1(-age / opening)), 0.0)[:, :-1], age[:-1]
    )
    inside += np.expm1(-a * opening) * np.maximum(back[:, 0] - age[-2], 0)
    before = np.trapezoid(
        np.expm1(-a * opening * np.exp(-age[:-1] / opening) * -np.expm1(-back / opening)), age[:-1]
    )
    closed = np.trapezoid(np.exp(-back[:, 0] / tau) / tau * np.exp(rate * (inside + before)), back[:, 0])
    gate, q = 1 - closed, 1 - np.exp(-a * opening)
    depression = nmda.plasticity.release_(rate) * rate * tau
    assert depression == pytest.approx(q * rate * tau / (1 + q * rate * tau), rel=1e-3)
    assert gate == pytest.approx({3.0: 0.1609, 9.0: 0.3661}[rate], abs=2e-4)
    assert 0.985 < depression / gate < 1
    assert rate * tau > 1.8 * gate, "a control: what does not saturate"
