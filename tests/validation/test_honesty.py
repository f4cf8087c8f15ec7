"""Over circuits of all kinds: no error without a warning, and few warnings without an error.

Circuits drawn at random.
"""

import json
from types import SimpleNamespace

import click
import numpy as np
import pytest
from b2reduce.experiments import random_circuits, random_honesty
from b2reduce.experiments.honest_circuits import CIRCUITS
from b2reduce.experiments.honesty import LIMIT, PUBLISHED, main, measure, summary
from b2reduce.experiments.random_circuits import EXCITATORY, HODGKIN_HUXLEY, INHIBITORY, random_circuit
from b2reduce.experiments.random_honesty import measure_random, random_summary, run_random
from brian2 import Hz
from click.testing import CliRunner

import b2reduce as b2r
from b2reduce.reduction.levels.register import LEVELS

# One of every kind; the command measures all.
KINDS = (
    "noise-driven",
    "nearly silent",
    "strongly coupled",
    "inhibited",
    "saturated",
    "oscillating",
    "random in-degrees",
    "few strong inputs",
    "four populations",
    "adapting",
    "Hodgkin-Huxley",
    "zerlaut2018",
)


@pytest.fixture(scope="module")
def rows():
    return [measure(name, duration="1 s") for name in KINDS]


@pytest.mark.slow
@pytest.mark.long
def test_the_circuits_are_of_all_kinds(rows):
    assert len(rows) >= 12 and set(KINDS) <= set(CIRCUITS)
    rates = {row["circuit"]: row["rates"] for row in rows}
    assert (
        max(rates["nearly silent"].values()) < 2
        and max(rates["saturated"].values()) > 100
        and len(rates["four populations"]) == 4
    )
    broken = {row["circuit"]: row["said"] for row in rows}
    assert (
        "asynchrony" in broken["oscillating"]
        and "no saturation" in broken["saturated"]
        and "cells alike" in broken["random in-degrees"]
    )


@pytest.mark.slow
@pytest.mark.long
def test_no_error_comes_unwarned(rows):
    numbers = summary(rows)
    off = {row["circuit"]: row for row in rows if row["worst"] > LIMIT and not row["warned"]}
    assert off == {} and numbers["circuits off by more than 15 % here, away, or over time"] >= 2, (
        "there must be something to warn of"
    )


@pytest.mark.slow
@pytest.mark.long
def test_most_warnings_were_deserved(rows):
    """Two of the errors that warnings foretell here are 16 to 18 %, each to a few % by chance.

    One of them may come out below 15 %.
    """
    numbers, undeserved = (
        summary(rows),
        [row["circuit"] for row in rows if row["warned"] and row["worst"] <= LIMIT],
    )
    assert len(undeserved) <= 1, undeserved
    assert numbers["circuits without a warning"] >= 3, "who always warns is not honest"


@pytest.mark.slow
@pytest.mark.long
def test_where_premises_hold_the_best_level_is_good(rows):
    assert summary(rows)["median error of the best level where premises hold"] <= 0.04


def test_the_accounting_is_worked_by_hand():
    row = lambda error, away, warned: {
        **dict.fromkeys((*LEVELS, "here"), error),
        "away": away,
        "over_time": 0.0,
        "worst": max(error, away),
        "warned": warned,
    }
    numbers = summary(
        [
            row(0.01, 0.02, False),
            row(0.30, 0.4, True),
            row(0.02, 0.2, False),
            row(0.03, 0.05, True),
            row(0.2, 0.2, False),
        ]
    )
    assert numbers["share of these with a warning"] == 0.5 and numbers[
        "share of those with a warning"
    ] == pytest.approx(1 / 3)
    assert numbers["share of warnings that were deserved"] == 0.5 and numbers[
        "median error, linear"
    ] == pytest.approx(0.03)
    assert np.isnan(summary([row(0.01, 0.02, True)])["median error of the best level where premises hold"])


def test_published_circuits_are_measured_beside_what_was_published():
    assert set(PUBLISHED) <= set(CIRCUITS)
    for name, populations in PUBLISHED.items():
        circuit = CIRCUITS[name]()
        assert set(populations) == set(circuit.populations) and circuit.name == name


def test_a_number_and_a_seed_are_one_circuit():
    assert random_circuit(2).hash == random_circuit(2).hash != random_circuit(2, seed=2).hash


def test_circuits_drawn_at_random_are_of_all_kinds(monkeypatch):
    # Nothing is drawn by it, so that the rest stays as it is
    monkeypatch.setattr(random_circuits, "_trains", lambda *args, **kwargs: 500.0)
    circuits = [random_circuit(number) for number in range(60)]
    assert len({circuit.hash for circuit in circuits}) == 60
    for circuit in circuits:
        assert b2r.Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
        assert 2 <= len(circuit.populations) <= 4 and {"E1->I1", "I1->E1"} <= {
            f"{p.source}->{p.target}" for p in circuit.projections
        }
        assert len(circuit.drives) == len(circuit.populations), "each has its own"
        for name, population in circuit.populations.items():
            assert (
                population.model.name in (EXCITATORY if name[0] == "E" else INHIBITORY)
                and population.size <= 600
            )
        for projection in circuit.projections:
            model = circuit.populations[projection.target].model
            assert float(projection.G) > 0 and projection.G.dim == model.conductance_dim
            assert (float(projection.E) > -0.02) == (projection.source[0] == "E")
    cells = {population.model.name for circuit in circuits for population in circuit.populations.values()}
    # The rarest cells, the Hodgkin-Huxley ones of inhibition, are drawn in 60 circuits 1/3 x 2/3 x 1/2 x 60
    # times = 7 on average each.
    assert cells == {*EXCITATORY, *INHIBITORY} and {len(circuit.populations) for circuit in circuits} == {
        2,
        3,
        4,
    }
    assert any(p.probability for circuit in circuits for p in circuit.projections) and any(
        p.in_degree for circuit in circuits for p in circuit.projections
    )
    detailed = [
        any(p.model.name in HODGKIN_HUXLEY for p in circuit.populations.values()) for circuit in circuits
    ]
    assert any(detailed) and not all(detailed)


def test_drives_drawn_at_random_make_uncoupled_cells_fire_between_silence_and_saturation():
    """The rule aims at 3 to 60 Hz by 10 cells of 0.5 s, which at 3 Hz count 15 spikes to 26 %.

    Within a factor of two of that.
    """
    circuit = random_circuit(2)
    for drive in circuit.drives:
        model = circuit.populations[drive.target].model
        alone, strong = (
            b2r.measure_transfer(
                model, [drive], {"ext": [factor * float(drive.rate)] * Hz}, duration="1.5 s", warmup="0.5 s"
            ).rate_.item()
            for factor in (1, 4)
        )
        assert 1.5 < alone < 120
        assert strong > 2 * alone, (
            "four times the drive is another rate, so that the bounds above mean something"
        )


def row(number, outcome="measured", here=0.0, worst=None, warned=False):
    errors = dict.fromkeys((*LEVELS, "here"), here) if outcome in ("measured", "silent") else {}
    worst = here if worst is None else worst
    return {
        "number": number,
        "outcome": outcome,
        "seconds": 1.0,
        **(
            {
                **errors,
                "away": worst,
                "over_time": 0.0,
                "worst": worst,
                "warned": warned,
                "rates": {"E1": 5.0},
                "cells": {"E1": "10 lif"},
            }
            if errors
            else {"error": "OperatingPointError: none"}
        ),
    }


def test_the_accounting_of_random_circuits_is_worked_by_hand():
    rows = [
        row(0, here=0.3, warned=True),
        row(1, here=0.2),
        row(2, here=0.05, worst=0.4, warned=True),
        row(3, here=0.01, worst=0.02, warned=True),
        row(4, here=0.02),
        row(5, "refused"),
        row(6, "fault"),
        row(7, "silent", here=9.0, warned=True),
    ]
    numbers = random_summary(rows)
    assert numbers["outcomes"] == {"measured": 5, "refused": 1, "silent": 1, "fault": 1}
    counts = lambda key, what: (numbers[key][what]["count"], numbers[key][what]["of"])
    assert counts("here", "warned") == (1, 2) and counts("here", "deserved") == (1, 3), (
        "off are 0 and 1; warned 0, 2 and 3"
    )
    assert counts("any", "warned") == (2, 3) and counts("any", "deserved") == (2, 3), "off are 0, 1 and 2"
    assert numbers["medians"]["linear"] == 0.05 and numbers["medians"]["away"] == pytest.approx(0.2)
    # Wilson, 1 of 2, z = 1.96: (p + z^2/2n -+ z sqrt(p(1 - p)/n + z^2/4n^2))/(1 + z^2/n) = (0.5 + 0.9604 -+
    # 1.1861)/2.9208
    assert numbers["here"]["warned"]["low"] == pytest.approx(0.0945, abs=1e-3) and numbers["here"]["warned"][
        "high"
    ] == pytest.approx(0.9055, abs=1e-3)
    empty = random_summary([row(0)])
    assert empty["any"]["warned"]["of"] == 0 and np.isnan(empty["any"]["warned"]["share"])


def test_halves_are_reported_apart_and_rows_of_the_file_are_not_run_again(tmp_path, monkeypatch, capsys):
    path = tmp_path / "rows.json"
    rows = [row(0, here=0.3, warned=True), row(1, here=0.2), row(2, "refused"), row(3)]
    path.write_text(json.dumps({"seed": 1, "duration": random_honesty.DURATION, "rows": rows}))
    before = path.read_text()
    assert run_random(4, seed=1, path=path) == rows and path.read_text() == before
    seen, unseen = capsys.readouterr().out.split("unseen (2")
    assert "seen (2 circuits of even number): 1 measured, 1 refused" in seen and "1 of 1: 100 %" in seen
    assert "circuits of odd number): 2 measured, 0 refused" in unseen and "0 of 1: 0 %" in unseen
    with pytest.raises(click.UsageError, match="something else"):
        run_random(4, seed=2, path=path)


def test_a_refusal_is_no_fault(monkeypatch):
    def refuse(*args, **kwargs):
        raise b2r.errors.OperatingPointError("no stationary state", [])

    def fail(*args, **kwargs):
        raise ZeroDivisionError("of the package")

    # Only validate may refuse: what else raises, even an InputError, is a fault.
    for validate, circuit, outcome in (
        (refuse, None, "refused"),
        (fail, None, "fault"),
        (refuse, refuse, "fault"),
    ):
        monkeypatch.setattr(random_honesty, "b2r", SimpleNamespace(validate=validate))
        monkeypatch.setattr(
            random_honesty,
            "random_circuit",
            circuit or (lambda number, seed: SimpleNamespace(populations={})),
        )
        found = measure_random(3)
        assert found["outcome"] == outcome and ("traceback" in found) == (outcome == "fault")


def test_names_and_random_circuits_exclude_one_another():
    result = CliRunner().invoke(main, ["--long", "saturated"])
    assert result.exit_code == 2 and "expected one of either" in result.output


@pytest.mark.slow
def test_one_circuit_from_end_to_end(tmp_path):
    path = tmp_path / "rows.json"
    rows = run_random(1, seed=1, workers=1, path=path)
    assert (
        rows[0]["outcome"] in ("measured", "refused")
        and json.loads(path.read_text())["rows"] == rows
        and [part.name for part in tmp_path.iterdir()] == ["rows.json"]
    )
    if rows[0]["outcome"] == "measured":
        assert rows[0]["worst"] == max(rows[0]["here"], rows[0]["away"], rows[0]["over_time"]) and set(
            LEVELS
        ) <= set(rows[0])
