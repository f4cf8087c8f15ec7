"""Questions to a rate model, and their answers held against reductions and spiking networks of the changed
circuits.
"""

import numpy as np
import pytest
from brian2 import Hz, TimedArray, mV, nS, pA, second

import b2reduce as b2r

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reduced(ei_linear):
    return ei_linear


@pytest.fixture(scope="module")
def elsewhere():
    """At other drives than the circuit's."""
    return b2r.reduce("ei_lif", noise="none", at={"ext": 12 * Hz}, seed=1)


def test_values_are_found_by_the_names_that_replace_takes():
    circuit = b2r.load_circuit("ei_lif")
    for name, value in {
        "projection.I->E.G": 2 * nS,
        "projection.I:E.G": 2 * nS,
        "drive.ext.rate": 14 * Hz,
        "drive.ext->E.rate": 14 * Hz,
        "population.E.V_th": -50 * mV,
        "population.E.size": 4000,
        "projection.E->E.in_degree": 100,
        "population.E.I_app": 0 * pA,
    }.items():
        assert circuit.value(name) == value
    for name in (
        "projection.X->E.G",
        "drive.ext.G_",
        "population.E.V_x",
        "population.X.size",
        "dt",
        "projection.E->E.delay",
    ):
        with pytest.raises(b2r.errors.InputError):
            circuit.value(name)


def test_frozen_is_the_old_gain_on_the_new_synapses(reduced):
    doubled = reduced.replace({"projection.I->E.G": 4 * nS})
    assert (
        float(doubled.W["I->E"] / reduced.W["I->E"]) == pytest.approx(2)
        and doubled.W["E->E"] == reduced.W["E->E"]
    )
    assert (
        doubled.theta == reduced.theta
        and doubled.gains["E"] is reduced.gains["E"]
        and "4. nS" in repr(doubled)
    )
    with pytest.raises(b2r.errors.InputError, match="no gain was measured"):
        reduced.replace({"population.E.V_th": -48 * mV})
    # A constant current is part of theta: no gain changes.
    shifted = reduced.replace({"population.E.I_app": 10 * pA})
    assert float(shifted.theta["E"] - reduced.theta["E"]) == pytest.approx(-10e-12)


def test_a_surface_stays_where_it_was_measured(ei_quiet):
    """The table belongs to the cells, wherever a changed circuit would put its operating point."""
    old = ei_quiet("surface")
    new = old.replace({"projection.I->E.G": 3 * nS})
    assert np.array_equal(old.functions_["E"].values, new.functions_["E"].values) and np.array_equal(
        old.functions_["E"].first, new.functions_["E"].first
    )


def test_what_if_is_right_where_it_says_it_can_be(reduced):
    asked = b2r.what_if(
        reduced, {"projection.I->E.G": 2.2 * nS}, spiking=True, duration="1.5 s", seeds=2, seed=3
    )
    table = asked.table
    assert table["now"].to_dict() == pytest.approx(reduced.operating_rate_, rel=1e-6)
    # Reduced anew, the model is as good as at its own drives: 5 % is three times the error of ei_lif, runs of
    # 1 s scatter by 1-2 %.
    assert np.abs(table["anew"] / table["spiking"] - 1).max() < 0.05
    # Frozen, by what the slope of the gain misses over a change of a third of the rate: right in direction
    # and within a quarter.
    assert (table["frozen"] < table["now"]).all() and np.abs(
        table["frozen"] / table["spiking"] - 1
    ).max() < 0.25
    assert (
        not asked.outside and "projection.I->E.G = 2.2 nS" in repr(asked) and "<table>" in asked._repr_html_()
    )
    # A control: the unchanged model is further off than the one reduced anew.
    assert (
        np.abs(table["now"] / table["spiking"] - 1).max()
        > 3 * np.abs(table["anew"] / table["spiking"] - 1).max()
    )


def test_what_cannot_be_had_is_said(reduced):
    cells = b2r.what_if(reduced, {"population.E.V_th": -48 * mV}, anew=False)
    assert np.isnan(cells.table["frozen"]).all() and any(
        "no gain was measured" in note for note in cells.notes
    )
    silent = b2r.what_if(reduced, {"projection.I->E.G": "x3"}, anew=False)
    assert "E" in silent.outside and any("outside" in note for note in silent.notes)
    table = b2r.what_if(reduced, {"drive.ext.rate": TimedArray([10, 12] * Hz, dt=1 * second)}, anew=False)
    assert repr(table).startswith("what if drive.ext.rate = a table over time\n")
    for changes in (
        {},
        {"projection.I->E.Gx": 1},
        {"projection.I->E.G": "x"},
        {"projection.I->E.G": "x1.2.3"},
        {"projection.I->E.G": "x2", "projection.I:E.G": "x3"},
        3,
    ):
        with pytest.raises(b2r.errors.InputError):
            b2r.what_if(reduced, changes, anew=False)


def test_at_level_transfer_the_tangent_answers(ei_validation):
    model = ei_validation.reductions["transfer"]
    asked = b2r.what_if(model, {"projection.I->E.G": "x1.1"}, anew=False)
    assert any("tangent" in note for note in asked.notes) and asked.frozen.level == "linear"
    with pytest.raises(b2r.errors.InputError, match="transfer function"):
        model.replace({"projection.I->E.G": 3 * nS})
    assert b2r.what_if(model, {"drive.ext.rate": 15 * Hz}, anew=False).frozen.level == "transfer"


@pytest.mark.parametrize("vary", ["projection.I->E.G", "projection.I->E.E"])
def test_tune_finds_what_gives_the_rate(reduced, vary):
    found = b2r.tune(reduced, {"E": 12 * Hz}, vary=vary)
    assert found.reached and vary in repr(found)
    # The independent check: a reduction at that value by another seed rests at the wanted rate, within 1 %
    # and both errors.
    again = b2r.reduce(reduced.circuit.replace({vary: found.value}), seed=5)
    assert float(again.operating_rate["E"]) == pytest.approx(
        12, abs=0.12 + 3 * float(again.stderr["rates"]["E"]) + 3 * found.table.stderr["E"]
    )
    # And the rate elsewhere is another: the value matters.
    assert abs(float(reduced.operating_rate["E"]) - 12) > 2


def test_tune_gives_the_nearest_where_there_is_none(reduced):
    found = b2r.tune(reduced, {"E": 12 * Hz, "I": 20 * Hz}, vary="drive.ext.rate")
    assert not found.reached and "nearest" in found.message
    bounded = b2r.tune(reduced, {"E": 12 * Hz}, vary="drive.ext.rate", bounds=(13.5 * Hz, 15 * Hz))
    assert not bounded.reached and 13.5 * Hz <= bounded.value <= 15 * Hz and "at the edge" in bounded.message
    counted = b2r.tune(reduced, {"E": 12 * Hz}, vary="projection.I->E.in_degree")
    # 25 gives 15.9 Hz, 26 13.0, 27 less than 11
    assert isinstance(counted.value, int) and counted.value == 26
    for rates, vary in (
        ({"X": 1 * Hz}, "drive.ext.rate"),
        ({"E": 0 * Hz}, "drive.ext.rate"),
        ({}, "drive.ext.rate"),
        ({"E": 5 * Hz}, "population.E.V_th"),
        ({"E": 5 * Hz}, "population.E.I_app"),
    ):
        with pytest.raises(b2r.errors.InputError):
            b2r.tune(reduced, rates, vary=vary)


def test_a_drive_that_changes_on_one_target_alone_stays_on_the_others(elsewhere):
    """The operating point of a reduction made elsewhere than at the circuit's drives.

    What was not asked to change stays there.
    """
    asked = b2r.what_if(elsewhere, {"drive.ext->E.rate": 16 * Hz})
    assert asked.anew.at_ == {("ext", "E"): 16.0, ("ext", "I"): 12.0}
    other = b2r.what_if(elsewhere, {"projection.I->E.G": "x1.1"})
    assert other.anew.at_ == {("ext", "E"): 12.0, ("ext", "I"): 12.0}


def test_a_reduction_anew_is_at_the_value_that_is_asked_for(elsewhere, ei_quiet):
    """Along a drive a reduction is made at that drive, wherever the first one was made.

    The circuit's own rate is a value like any other.
    """
    found = b2r.continue_fixed_points(elsewhere, "drive.ext.rate", [12, 14] * Hz, anew=True).points
    here = b2r.fixed_points(ei_quiet("linear"))  # of 14 Hz
    assert found["E [Hz]"].iloc[-1] == pytest.approx(float(here[0].rates["E"]), rel=1e-9)
