"""Files of circuits and cells: a template that runs, and all faults of a file at once."""

from functools import partial

import pytest

import b2reduce as b2r
from b2reduce.circuit.file_check import check_file

from ..command import b2reduce

GOOD = """kind = "circuit"
[populations.E]
model = "lif"
size = 100
[[projections]]
source = "E"
target = "E"
in_degree = 10
G = "0.2 nS"
tau = "5 ms"
E = "0 mV"
[[drives]]
name = "ext"
target = "E"
inputs = 100
rate = "10 Hz"
G = "0.5 nS"
tau = "5 ms"
E = "0 mV"
"""
#: What is changed in the good file, and what must be said of it.
FAULTS = {
    "unknown key": ('kind = "circuit"', 'kind = "circuit"\nnam = "x"', ["nam: got the unknown key"]),
    "size": ("size = 100", "size = -1", ["populations.E.size: got -1"]),
    "model": ('model = "lif"', 'model = "liff"', ["unknown neuron 'liff'"]),
    "parameter and its unit": (
        'model = "lif"',
        'model = "lif"\nparameters = { V_thh = "1 mV", C_m = "1 nS" }',
        ["'V_thh'", "expected F"],
    ),
    "population": ('target = "E"\nin_degree', 'target = "J"\nin_degree', ["unknown population 'J'"]),
    "three fields of one entry": (
        'G = "0.2 nS"\ntau = "5 ms"\nE = "0 mV"\n[[drives]]',
        'G = "0.2 mV"\ntau = "0 ms"\nE = "0 ms"\n[[drives]]',
        ["entry 1, G: got '0.2 mV'", "entry 1, tau: got 0", "entry 1, E: got a value in s"],
    ),
    "kind of synapses": (
        "in_degree = 10",
        'in_degree = 10\nkind = "exponentail"',
        ["entry 1, kind: got the unknown kind of synapse 'exponentail'; did you mean 'exponential'?"],
    ),
    "parameter that the kind has not": ("in_degree = 10", 'in_degree = 10\nJ = "1 mV"', ["unknown key 'J'"]),
    "more inputs than cells": ("in_degree = 10", "in_degree = 100", ["only 99 cells"]),
    "both": (
        "in_degree = 10",
        "in_degree = 10\nprobability = 0.1",
        ["got both of in_degree and probability"],
    ),
    "drive without rate": ('rate = "10 Hz"\n', "", ["drives, entry 1: the key 'rate' is missing"]),
    "rate without a unit": ('rate = "10 Hz"', 'rate = "10"', ["rate: got a plain number"]),
    "name": ('name = "ext"', 'name = "e xt"', ["got the name 'e xt'"]),
    "per area": ('G = "0.5 nS"', 'G = "0.5 mS/cm^2"', ["expected a conductance of at least 0 in S"]),
    "delay": ("in_degree = 10", 'in_degree = 10\ndelay = "-1 ms"', ["delay: got '-1 ms'"]),
    "no TOML": ("[[drives]]", "[[drives]", ["not a TOML file"]),
    "drive of a population's name": ('name = "ext"', 'name = "E"', ["has the name of a population"]),
}


def faults(tmp_path, text):
    path = tmp_path / "circuit.toml"
    path.write_text(text)
    return check_file(path)


def test_a_good_file_has_no_fault(tmp_path):
    assert faults(tmp_path, GOOD) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_said_once(tmp_path, name):
    old, new, said = FAULTS[name]
    assert GOOD.count(old) == 1
    found = faults(tmp_path, GOOD.replace(old, new))
    assert len(found) == len(said), found
    for gist in said:
        assert sum(gist in fault for fault in found) == 1, found
    with pytest.raises(b2r.errors.InputError):
        b2r.load_circuit(tmp_path / "circuit.toml")


def test_all_faults_of_a_file_are_said_at_once(tmp_path):
    text, said = GOOD, []
    for name in ("unknown key", "size", "population", "rate without a unit"):
        old, new, gists = FAULTS[name]
        text, said = text.replace(old, new), said + gists
    found = faults(tmp_path, text)
    assert all(any(gist in fault for fault in found) for gist in said) and len(found) == len(said)


@pytest.mark.parametrize("name", b2r.list_models()["name"])
def test_what_the_package_ships_has_no_fault(name, tmp_path):
    kind = b2r.list_models().set_index("name").kind[name]
    path = tmp_path / "it.toml"
    (b2r.load_circuit if kind == "circuit" else b2r.load_model)(name).save(path)
    assert check_file(path) == []


def test_a_cell_says_its_faults(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(
        b2r.load_model("lif").to_toml().replace('"-50 mV"', '"-50 mw"').replace('"2 ms"', '"2 mss"')
    )
    found = check_file(path)
    assert (
        len(found) == 2 and found[0].startswith("parameters.V_th") and found[1].startswith("parameters.t_ref")
    )
    path.write_text(b2r.load_model("lif").to_toml().replace("g_L*(E_L - v)", "g_X*(E_L - v)"))
    assert len(check_file(path)) == 1 and "g_X" in check_file(path)[0]
    text = b2r.load_model("lif").to_toml()
    path.write_text(
        text[: text.index("[roles]")]
        + text[text.index("[parameters]") :].replace("g_L", "gl").replace("E_L", "EL").replace("C_m", "C")
    )
    assert len(check_file(path)) == 1 and all(
        f"{role} = " in check_file(path)[0] for role in ("leak", "leak_reversal", "capacitance")
    ), "what is missing is said in one round"


@pytest.mark.parametrize("kind", ["circuit", "neuron"])
def test_the_template_is_right_and_is_not_written_over(tmp_path, kind):
    run = partial(b2reduce, cwd=tmp_path)
    assert run("new", "mine.toml", "--kind", kind).returncode == 0
    before = (tmp_path / "mine.toml").read_text()
    assert run("check", "mine.toml").returncode == 0
    load = b2r.load_circuit if kind == "circuit" else b2r.load_model
    assert load(tmp_path / "mine.toml").name == "mine"
    again = run("new", "mine.toml", "--kind", kind)
    assert (
        again.returncode == 2
        and "overwrites nothing" in again.stderr
        and (tmp_path / "mine.toml").read_text() == before
    )
    assert run("new", "mine").returncode == 2
