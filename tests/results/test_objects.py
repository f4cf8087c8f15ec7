"""How objects show themselves, what they save, and what they hand to other libraries."""

import sys
import threading
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nA, nS, pF, second

import b2reduce as b2r
from b2reduce.basics.display import amount, field_unit, frame_sheet, number
from b2reduce.basics.progress import Progress


class Balanced(HTMLParser):
    """Every tag that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.scripts = [], 0
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "value,unit,error,text",
    [
        (3.36389426e11, "Hz/A", np.nan, "0.3364 Hz/pA"),
        (1.8e-11, "C", 2e-14, "18.00 ± 0.02 pC"),
        (-9.156e-10, "A", 2.9e-12, "-916 ± 3 pA"),
        (0.0135, "V", np.nan, "13.5 mV"),
        (5e-3, "s", np.nan, "5 ms"),
        (2.0, "s", np.nan, "2 s"),
        (0.5, "S/m^2", np.nan, "0.05 mS/cm²"),
        (1e-2, "A/m^2", 1e-4, "1.000 ± 0.010 µA/cm²"),
        (2e-9, "S", np.nan, "2 nS"),
        (0.0, "A", np.nan, "0 pA"),
        (250e-12, "F", np.nan, "250 pF"),
        (12.0, "Hz", 0.19, "12.00 ± 0.19 Hz"),
        (1.0, "Hz", 1e-9, "1 Hz"),
    ],
)
def test_amounts_are_in_units_of_the_field(value, unit, error, text):
    assert amount(value, unit, error) == text


def test_one_unit_serves_all_values_of_a_column():
    assert field_unit("A", [1e-12, 5e-9]) == (1e-12, "pA") and field_unit("A", [1e-12, 5e-8]) == (1e-9, "nA")
    assert number(np.nan) == "" and number(None) == "" and number(915.63, 29) == "920 ± 30"
    assert number(0.0, 5e-18) == "0 ± 5e-18"
    import pandas as pd

    columns, rows = frame_sheet(pd.DataFrame({"g [S]": [1e-9, 2e-9], "name": ["a", "b"], "n": [1, 2]}))
    assert columns == ["g (nS)", "name", "n"] and rows == [("1", "a", "1"), ("2", "b", "2")]


def test_weights_answer_to_arrows(ei_quiet):
    reduced = ei_quiet("linear")
    for target, source in reduced.W:
        assert reduced.W[f"{source}->{target}"] == reduced.W[target, source]
    assert reduced.W_ext["ext->I"] == reduced.W_ext["I", "ext"]
    with pytest.raises(KeyError, match="known: .*I->E"):
        reduced.W["I->X"]
    with pytest.raises(TypeError):
        reduced.W["I->E"] = 1


def test_objects_are_short_in_text_and_whole_in_html(ei_validation):
    reduced, fit = ei_validation.reduced, ei_validation.reduced.gains["E"]
    surface, points = reduced.surfaces["E"], b2r.fixed_points(ei_validation.reductions["linear"])
    for thing in (
        ei_validation.circuit,
        ei_validation.circuit.populations["E"].model,
        surface,
        fit,
        reduced,
        *reduced.transfers.values(),
        ei_validation.rates,
        ei_validation.spikes[0],
        ei_validation.comparison,
        ei_validation,
        points,
        points[0],
    ):
        assert Balanced(thing._repr_html_()).scripts == 0
        assert len(repr(thing)) < 1200 and "e+11" not in repr(thing) and "e-11" not in repr(thing)
    assert (
        "pA" in repr(reduced)
        and "±" in repr(reduced)
        and "pC" in reduced._repr_html_()
        and "Hz/pA" in repr(fit)
    )
    assert (
        "nS" in repr(ei_validation.circuit)
        and ei_validation.verdict.trust.upper() in ei_validation._repr_html_()
    )


def test_text_of_users_is_escaped_in_html():
    circuit = b2r.load_circuit("ei_lif").replace({"title": "<script>alert(1)</script>"})
    assert Balanced(circuit._repr_html_()).scripts == 0
    cell = b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt",
        threshold="v > V_th",
        reset="v = V_r",
        title="<script>",
        name="<b>",
        parameters=dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, V_th=-52 * mV, V_r=-58 * mV),
    )
    assert Balanced(cell._repr_html_()).scripts == 0


@pytest.mark.parametrize("name", b2r.list_models().query("kind == 'circuit'")["name"])
def test_a_circuit_saves_itself_for_the_command_line(name, tmp_path):
    circuit = b2r.load_circuit(name)
    circuit.save(tmp_path / "mine.toml")
    assert b2r.load_circuit(tmp_path / "mine.toml").hash == circuit.hash
    changed = circuit.replace({f"population.{next(iter(circuit.populations))}.size": 2000})
    changed.save(tmp_path / "mine.toml")
    assert b2r.load_circuit(tmp_path / "mine.toml").hash == changed.hash != circuit.hash


def test_circuits_of_all_kinds_come_back_from_their_text(tmp_path):
    cell = b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
        threshold="v > V_th",
        reset="v = V_r",
        refractory=2 * ms,
        title='quoted "title" \\ and é',
        parameters=dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, V_th="normal(-52 mV, 1 mV)", V_r=-58 * mV),
        departures={"a key": "two\nlines"},
    )
    drives = [
        b2r.Drive("ext", "E", 200, ([0, 1] * second, [10, 12] * Hz), 0.35 * nS, 5 * ms, 0 * mV),
        b2r.Drive(
            "tuned",
            "R",
            20,
            3 * Hz,
            0.35 * nS,
            5 * ms,
            0 * mV,
            profile={"kind": "cosine", "modulation": 0.3, "at": 20},
        ),
    ]
    circuit = b2r.Circuit(
        populations={
            "E": b2r.Population(cell, 500),
            "R": b2r.Population("lif", 300, {"V_th": "-49 mV", "I_app": "20 pA"}, "orientation"),
        },
        projections=[
            b2r.Projection("E", "R", 0.1 * nS, 5 * ms, 0 * mV, probability=0.1, delay=[1 * ms, 2 * ms]),
            b2r.Projection(
                "R",
                "R",
                0.1 * nS,
                5 * ms,
                -80 * mV,
                in_degree=20,
                profile={"kind": "cosine", "modulation": 0.6},
            ),
        ],
        drives=drives,
        title='a "b"',
        cite=["doi:10.1000/1"],
    )
    circuit.save(tmp_path / "mine.toml")
    again = b2r.load_circuit(tmp_path / "mine.toml")
    assert again.replace({"name": circuit.name}).hash == circuit.hash and again.title == circuit.title
    assert again.populations["E"].model.departures == cell.departures
    for bad in (tmp_path / "mine.txt", tmp_path / "nowhere" / "mine.toml", 3):
        with pytest.raises(b2r.errors.OutputError):
            circuit.save(bad)


def test_a_size_changes_a_size_alone():
    """The parameters of a population are kept where its size is replaced."""
    circuit = (
        b2r.load_circuit("ei_lif")
        .replace({"population.E.V_th": "-49 mV"})
        .replace({"population.E.size": 2000})
    )
    assert (
        circuit.populations["E"].parameters == {"V_th": "-49 mV"}
        and circuit.populations["E"].model.parameters["V_th"] == -49 * mV
    )


def test_xarray_has_the_values_and_their_units(tmp_path):
    pytest.importorskip("xarray")
    surface = b2r.measure_fi("lif", [0.3, 0.4, 0.5] * nA, [15, 20] * nS)
    data = surface.to_xarray()
    assert data.rate.dims == ("I", "g") and data.rate.attrs["units"] == "Hz" and data.I.attrs["units"] == "A"
    assert (
        np.array_equal(data.rate.values, surface.rate_)
        and float(data.rate.sel(I=0.4e-9, g=20e-9, method="nearest")) == surface.rate_[1, 1]
    )
    drive = b2r.Drive("E", None, 200, "10 Hz", "0.5 nS", "5 ms", "0 mV")
    transfer = b2r.measure_transfer("lif", [drive], {"E": [10, 20] * Hz}, duration=0.5 * second).to_xarray()
    assert transfer.rate.dims == ("r_E",) and transfer.r_E.values.tolist() == [10, 20]


def test_spikes_go_to_neo_and_rates_to_xarray(small, small_quiet):
    neo, run = pytest.importorskip("neo"), b2r.simulate_spikes(small, duration=0.3 * second, seed=1)
    segment = run.to_neo()
    assert len(segment.spiketrains) == 500 and sum(map(len, segment.spiketrains)) == sum(
        i.size for i, _ in run.spikes_.values()
    )
    i, t = run.spikes_["I"]
    train = next(
        train for train in segment.spiketrains if train.annotations == {"population": "I", "cell": 7}
    )
    assert (
        np.array_equal(np.sort(t[i == 7]), train.magnitude)
        and isinstance(train, neo.SpikeTrain)
        and float(train.t_stop) == pytest.approx(0.3)
    )
    data = run.to_xarray()
    assert (
        np.array_equal(data.rate.sel(population="E").values, run.rate_[0])
        and data["size"].sel(population="E") == 400
    )
    with pytest.raises(b2r.errors.InputError, match="spiking run"):
        b2r.simulate_rates(small_quiet, duration=0.1 * second).to_neo()


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(b2r.errors.InputError, match=r"pip install 'b2reduce\[xarray\]'"):
        b2r.measure_fi("lif", [0.3] * nA, [15] * nS).to_xarray()


def test_every_verb_has_the_same_seed():
    import inspect

    seeds = {
        name: inspect.signature(value).parameters["seed"].default
        for name in b2r.__all__
        if callable(value := getattr(b2r, name))
        and not isinstance(value, type)
        and "seed" in inspect.signature(value).parameters
    }
    seeds = {name: seed for name, seed in seeds.items() if seed is not inspect.Parameter.empty}
    assert len(seeds) > 10 and set(seeds.values()) == {1}, seeds


def test_no_work_is_silent_for_long(capsys, monkeypatch):
    """A stage that never reports is reported on; what is done within it speaks through the same board.

    False is silent.
    """
    monkeypatch.setattr("b2reduce.basics.progress.INTERVAL", 0.05)
    said = ""

    def until_said(what, times):
        """Wait until it was; the limit is there to end a faulty test."""
        nonlocal said
        limit = time.monotonic() + 120
        while said.count(what) < times:
            assert time.monotonic() < limit, said
            time.sleep(0.01)
            said += capsys.readouterr().err

    with Progress() as bar:
        bar.stage("compiling")
        until_said("compiling: 0 %", 3)
        with Progress() as inner:
            inner.stage("inner")(0.5)
            until_said("inner: 50 %", 1)
        with Progress(False) as silent:
            silent.stage("silent")(0.5)
            until_said("inner: 50 %", said.count("inner: 50 %") + 1)
    said += capsys.readouterr().err
    assert "silent" not in said
    assert "b2reduce progress" not in [thread.name for thread in threading.enumerate()], (
        "nothing is said once the work has ended"
    )
