"""Every file in models/ loads, agrees in its units, and runs."""

import brian2
import pytest

import b2reduce as b2r
from b2reduce.circuit import Circuit
from b2reduce.provenance import data_names
from b2reduce.session import brian_session

NEURONS, CIRCUITS = data_names("neurons"), data_names("circuits")


def test_the_list_is_what_is_there():
    table = b2r.list_models()
    assert list(table.columns) == ["name", "kind", "title", "cite"]
    assert set(table.loc[table.kind == "neuron", "name"]) == set(NEURONS) >= {
        "lif", "shriki2003", "wang_buzsaki1996", "hodgkin_huxley1952", "adex_brette2005"}
    assert set(table.loc[table.kind == "circuit", "name"]) == set(CIRCUITS) >= {"ei_lif", "ei_lif_gamma", "e_shriki"}
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
    written = model.cell_equations(["x"], poisson=["x"])
    with brian_session(0) as b:
        group = b.NeuronGroup(2, written.equations, threshold=written.threshold, reset=written.reset, refractory=written.refractory,
                              method=written.method, namespace=written.namespace, dt=model.dt, name="cells")
        group.run_regularly(written.events, when="synapses")
        b.Network(group).run(0 * b.ms, namespace={})


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_circuit_runs_and_reads_back(name, without_compiler):
    circuit = b2r.load_circuit(name)
    assert circuit.name == name
    assert Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
    network, groups = b2r.spiking_network(circuit, seed=1)
    network.run(0 * brian2.ms, namespace={})
    assert {key: len(group) for key, group in groups.items()} == {key: p.size for key, p in circuit.populations.items()}
