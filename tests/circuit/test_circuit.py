import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA, second

import b2reduce as b2r
from b2reduce.circuit.drive_rates import rate_at

CIRCUIT = """
kind = "circuit"
name = "mine"
[populations.E]
model = "lif"
size = 50
parameters = { V_th = "-49 mV", I_app = "20 pA" }
[[projections]]
source = "E"
target = "E"
in_degree = 10
G = "0.2 nS"
tau = "5 ms"
E = "0 mV"
delay = ["0.1 ms", "3 ms"]
[[drives]]
name = "ext"
target = "E"
inputs = 100
rate = "14 Hz"
G = "0.4 nS"
tau = "5 ms"
E = "0 mV"
"""


def pair(**changes):
    """E and I of ten and five cells, one projection, one drive."""
    projection = dict(source="E", target="I", in_degree=4, G=0.2 * nS, tau=5 * ms, E=0 * mV)
    drive = dict(name="ext", target="E", inputs=100, rate=10 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
    return b2r.Circuit(
        populations={"E": b2r.Population(model="lif", size=10), "I": b2r.Population(model="lif", size=5)},
        projections=[b2r.Projection(**{**projection, **changes.get("projection", {})})],
        drives=[b2r.Drive(**{**drive, **changes.get("drive", {})})],
    )


def test_a_file_says_what_the_objects_say(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(CIRCUIT)
    circuit = b2r.load_circuit(path)
    assert (
        circuit.populations["E"].model.parameters["V_th"] == -49 * mV
        and circuit.populations["E"].model.constant_input_ == 20e-12
    )
    drive, projection = circuit.pathways("E")
    assert (drive.label, drive.K, drive.G_, drive.tau_, drive.E_) == ("ext->E", 100, 0.4e-9, 5e-3, 0.0)
    assert drive.mean_(14.0) == pytest.approx(100 * 0.4e-9 * 5e-3 * 14)
    assert (projection.label, projection.K, projection.is_drive) == ("E->E", 10, False)
    assert b2r.load_circuit(circuit) is circuit


def test_a_model_is_found_relative_to_the_circuits_file(tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "own.toml").write_text(b2r.load_model("lif").replace(V_th=-45 * mV).to_toml())
    path = tmp_path / "mine.toml"
    path.write_text(
        CIRCUIT.replace('model = "lif"', 'model = "cells/own.toml"').replace(' V_th = "-49 mV",', "")
    )
    assert b2r.load_circuit(path).populations["E"].model.parameters["V_th"] == -45 * mV


@pytest.mark.parametrize(
    "old, new, gist",
    [
        ("size = 50", "sise = 50", r"mine\.toml.*populations\.E\.sise.*size"),
        ('G = "0.2 nS"', 'G = "0.2 nV"', r"mine\.toml.*G"),
        ('G = "0.2 nS"', 'G = "0.2 nSs"', r"mine\.toml.*nSs"),
        ('model = "lif"', 'model = "lff"', r"mine\.toml.*populations\.E.*lff"),
        ('source = "E"', 'source = "X"', r"mine\.toml.*source.*X.*E"),
        ("in_degree = 10", "in_degree = 50", r"in_degree: got 50, but only 49"),
        (
            "inputs = 100\n",
            "inputs = 1000000000000000000000\n",
            r"inputs: got 1e\+21, expected a whole number.*below 2\^63",
        ),
        ('name = "mine"', 'name = "mine"\ndt = "1e-20 ms"', r"dt: got 1e-23 s.*check its unit"),
        ("in_degree = 10", "in_degree = 2.5", r"in_degree.*whole number"),
        ("in_degree = 10", "probability = 1.5", r"probability"),
        ("in_degree = 10", "", r"in_degree and probability"),
        ('tau = "5 ms"', 'tau = "0 ms"', r"tau"),
        ('rate = "14 Hz"', 'rate = "-14 Hz"', r"rate"),
        (
            'rate = "14 Hz"',
            'rate = { times = ["0 s", "1 s"], values = ["10 Hz"] }',
            r"rate.*2 times and 1 values",
        ),
        (
            'rate = "14 Hz"',
            'rate = { times = ["1 s", "0 s"], values = ["10 Hz", "12 Hz"] }',
            r"got \[1\.0, 0\.0\] s, expected ascending",
        ),
        ('rate = "14 Hz"', 'rate = { time = ["0 s"], values = ["10 Hz"] }', r"time.*times"),
        ('delay = ["0.1 ms", "3 ms"]', 'delay = ["3 ms", "1 ms"]', r"delay"),
        ('V_th = "-49 mV"', 'V_tt = "-49 mV"', r"V_tt"),
        ("inputs = 100\n", "", r"inputs.*missing"),
        ('kind = "circuit"', 'kind = "neuron"', r"kind"),
        ('name = "mine"', 'nam = "mine"', r"nam.*name"),
        ('name = "mine"', "name = 5", r"name: got 5"),
        ('name = "mine"', "cite = 5", r"cite: got 5"),
        ("[[drives]]", "[drives]", r"write \[\[drives\]\]"),
        ('model = "lif"', "model = 5", r"got 5"),
        ('model = "lif"', 'model = ["lif"]', r"got \['lif'\]"),
        ('source = "E"', 'source = ["E"]', r"source.*name of a population"),
        ('delay = ["0.1 ms", "3 ms"]', "delay = []", r"delay"),
        ('{ V_th = "-49 mV", I_app = "20 pA" }', '"x"', r"parameters.*table"),
        ('{ V_th = "-49 mV", I_app = "20 pA" }', '{ dt = "0.5 ms" }', r"unknown parameter 'dt'"),
        ('rate = "14 Hz"', 'rate = { times = [["0 s"]], values = [["1 Hz"]] }', r"rate"),
    ],
)
def test_a_faulty_file_is_refused_with_file_and_key(tmp_path, old, new, gist):
    path = tmp_path / "mine.toml"
    assert old in CIRCUIT
    path.write_text(CIRCUIT.replace(old, new, 1))
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.load_circuit(path)


def test_conductances_must_be_of_the_targets_kind():
    with pytest.raises(b2r.errors.CircuitError, match="G.*expected a conductance"):
        b2r.Circuit(
            populations={"E": b2r.Population(model="shriki2003", size=10)},
            drives=[b2r.Drive(name="ext", target="E", inputs=1, rate=1 * Hz, G=1 * nS, tau=5 * ms, E=0 * mV)],
        )


def test_replace_changes_one_thing_and_leaves_the_original():
    circuit = pair()
    changed = circuit.replace(
        {
            "drive.ext.rate": 12 * Hz,
            "projection.E->I.G": "0.5 nS",
            "population.I.V_th": -48 * mV,
            "population.E.size": 20,
            "dt": "0.05 ms",
        }
    )
    assert float(changed.drives[0].rate / Hz) == 12 and changed.pathways("I")[0].G_ == 0.5e-9
    assert (
        changed.populations["I"].model.parameters["V_th"] == -48 * mV
        and changed.populations["E"].size == 20
        and float(changed.dt) == 5e-5
    )
    assert (
        float(circuit.drives[0].rate / Hz) == 10
        and circuit.populations["I"].model.parameters["V_th"] == -50 * mV
    )
    assert changed.hash != circuit.hash and circuit.replace({}).hash == circuit.hash
    assert circuit.replace({"projection.E->I.probability": 0.5}).pathways("I")[0].K == 5.0, (
        "probability replaces the in-degree"
    )
    assert circuit.replace({"population.E.I_app": 5 * pA}).populations["E"].model.constant_input_ == 5e-12


@pytest.mark.parametrize(
    "key, gist",
    [
        ("drive.exT.rate", "ext"),
        ("drive.ext.rat", "rat.*rate"),
        ("projection.I->E.G", "E->I"),
        ("population.X.size", "'X'; known: E, I"),
        ("population.E.V_tt", "V_tt"),
        ("whatever", "population.NAME"),
        ("drive.ext", "drive.ext: .*known: ext, "),
    ],
)
def test_replace_refuses_unknown_names_and_lists_the_known(key, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        pair().replace({key: 1 * Hz})


def test_probability_counts_available_cells():
    circuit = pair(projection=dict(source="E", target="E", in_degree=None, probability=0.5))
    assert circuit.pathways("E")[1].K == pytest.approx(4.5), "a cell is not its own input"


def test_parallel_projections_are_told_apart():
    projection = b2r.Projection(source="E", target="I", in_degree=4, G=0.2 * nS, tau=5 * ms, E=0 * mV)
    circuit = b2r.Circuit(populations=pair().populations, projections=[projection, projection])
    assert circuit.labels == ("E->I", "E->I#2")
    assert [p.G_ for p in circuit.replace({"projection.E->I#2.G": 1 * nS}).pathways("I")] == pytest.approx(
        [0.2e-9, 1e-9]
    )


@pytest.mark.parametrize(
    "changes, gist",
    [
        (dict(drive=dict(name="E")), "name of a population"),
        (dict(drive=dict(name="a b")), "letters"),
        (dict(drive=dict(inputs=0)), "inputs"),
        (dict(drive=dict(rate=5 * mV)), "rate"),
        (dict(projection=dict(delay=-1 * ms)), "delay"),
        (dict(projection=dict(in_degree=True)), "in_degree"),
    ],
)
def test_faulty_objects_are_refused(changes, gist):
    with pytest.raises(b2r.errors.CircuitError, match=gist):
        pair(**changes)


def test_a_table_holds_each_value_until_the_next_time():
    circuit = pair(drive=dict(rate=([0.1, 0.3, 0.5] * second, [10, 20, 5] * Hz)))
    drive = circuit.drives[0]
    np.testing.assert_array_equal(drive.rate_at_(np.array([0.0, 0.1, 0.2999, 0.3, 0.6])), [10, 10, 10, 20, 5])
    # The last value lasts as long as the others do on average: 0.2 s each.
    assert drive.rate_ == pytest.approx(35 / 3) and not drive.constant
    # A grid time that rounding puts just below 0.3 s belongs to the step that starts there.
    assert rate_at(drive.rate, 3 * 0.1 - 1e-17) == 20
    again = b2r.Circuit.from_dict(circuit.to_dict())
    assert again.hash == circuit.hash and again.drives[0].rate_ == drive.rate_
