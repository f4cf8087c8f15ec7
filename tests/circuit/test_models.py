"""Every file in models/ loads, agrees in its units, and runs."""

import brian2
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
