"""Over circuits of all kinds: no error without a warning, and few warnings without an error."""

import numpy as np
import pytest

from b2reduce.experiments.honesty import CIRCUITS, LIMIT, measure, summary
from b2reduce.reduction import LEVELS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows():
    return [measure(name, duration="1 s") for name in CIRCUITS]


def test_the_circuits_are_of_all_kinds(rows):
    assert len(rows) >= 12
    rates = {row["circuit"]: row["rates"] for row in rows}
    assert max(rates["nearly silent"].values()) < 2 and max(rates["saturated"].values()) > 100 and len(rates["four populations"]) == 4
    broken = {row["circuit"]: row["said"] for row in rows}
    assert "asynchrony" in broken["oscillating"] and "no saturation" in broken["saturated"] and "cells alike" in broken["random in-degrees"]


def test_no_error_comes_unwarned(rows):
    numbers = summary(rows)
    off = [row["circuit"] for row in rows if row["worst"] > LIMIT and not row["warned"]]
    assert off == [] and numbers["circuits off by more than 15 % where they were reduced"] >= 1, "there must be something to warn of"
    assert numbers["share of these with a warning"] == 1.0


def test_most_warnings_were_deserved(rows):
    numbers = summary(rows)
    assert numbers["share of warnings that were deserved"] >= 0.8
    assert numbers["circuits without a warning"] >= 3, "who always warns is not honest"


def test_where_premises_hold_the_best_level_is_good(rows):
    assert summary(rows)["median error of the best level where premises hold"] <= 0.04


def test_the_accounting_is_worked_by_hand():
    row = lambda error, away, warned: {**dict.fromkeys(LEVELS, error), "away": away, "over_time": 0.0, "worst": max(error, away), "warned": warned}
    numbers = summary([row(0.01, 0.02, False), row(0.30, 0.4, True), row(0.02, 0.2, False), row(0.03, 0.05, True), row(0.2, 0.2, False)])
    assert numbers["share of these with a warning"] == 0.5 and numbers["share of those with a warning"] == pytest.approx(1 / 3)
    assert numbers["share of warnings that were deserved"] == 0.5 and numbers["median error, linear"] == pytest.approx(0.03)
    assert np.isnan(summary([row(0.01, 0.02, True)])["median error of the best level where premises hold"])
