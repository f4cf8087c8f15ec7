"""Control variates: the luck of the input taken out of rates."""

import numpy as np
import pytest

import b2reduce as b2r
from b2reduce.cells.engine import Source
from b2reduce.cells.points import measure_points
from b2reduce.circuit.synapses.exponential import ExponentialConductance
from b2reduce.reduction.control_variates import ControlledRates, rise_with_current

SOURCES = (
    Source("s0", ExponentialConductance(1e-9, 5e-3, 0.0), 4000.0),
    Source("s1", ExponentialConductance(2e-9, 10e-3, -80e-3), 1000.0),
)
LEAKS, VOLTS = np.array([60e-9, 75e-9]), np.array([-1e-3, 0.0, 1e-3, 2e-3, 3e-3])
G = np.repeat(LEAKS, VOLTS.size)
I = G * (10e-3 + np.tile(VOLTS, LEAKS.size))
CELLS, T, WARMUP = 16, 2.0, 0.3


def measured(seed, cells=CELLS):
    return measure_points(
        b2r.load_model("lif"),
        I,
        G,
        SOURCES,
        replicates=cells,
        duration_=WARMUP + T,
        warmup_=WARMUP,
        dt_=1e-4,
        seed=seed,
    )


def controlled(*runs):
    found = ControlledRates(rise_with_current(I, G), SOURCES, T)
    for run, cells in runs:
        found.add(np.arange(I.size), run, cells)
    return found.rates_


def test_rates_are_right_and_known_better():
    """Against 4,000 cells a point. 40 runs of 10 points: 400 errors over their standard errors, each from 16
    cells, so that they have the variance 15/13 of a t distribution. Their mean lies within 4 sqrt(15/13/400)
    of 0, and their mean square, whose own variance is below 4/400, within 4 times 0.1 of 15/13.
    """
    truth = measured(1000, 4000).rate_
    assert truth.min() > 0.5 and truth.max() < 60
    runs = [measured(seed) for seed in range(40)]
    rates, sems = np.transpose([controlled((run, CELLS)) for run in runs], (1, 0, 2))
    score = (rates - truth) / sems
    assert abs(score.mean()) < 4 * np.sqrt(1.15 / score.size)
    assert abs(np.mean(score**2) - 15 / 13) < 0.4
    scatter, plain = rates.var(axis=0), np.var([run.rate_ for run in runs], axis=0)
    # Variances of 40 runs are known to 22 %, their mean over 10 points to 7 %
    assert plain.sum() > 1.4 * scatter.sum()
    wrong = (np.roll(rates, 1, axis=1) - truth) / sems  # the control: the rates of other points
    assert np.mean(wrong**2) > 2


def test_more_cells_at_some_points_and_silent_ones():
    first, more = measured(1), measured(2, 32)
    found = ControlledRates(rise_with_current(I, G), SOURCES, T)
    found.add(np.arange(I.size), first, CELLS)
    some = np.array([0, 3])
    part = measure_points(
        b2r.load_model("lif"),
        I[some],
        G[some],
        SOURCES,
        replicates=32,
        duration_=WARMUP + T,
        warmup_=WARMUP,
        dt_=1e-4,
        seed=2,
    )
    before = found.rates_
    found.add(some, part, 32)
    after = found.rates_
    assert np.all(after[1][some] < before[1][some])
    np.testing.assert_allclose(after[0][[1, 2]], before[0][[1, 2]], rtol=0.02)  # by the slopes that all share
    both = controlled((first, CELLS), (more, 32))
    assert np.all(both[1] < before[1] * 1.2)
    quiet = measure_points(
        b2r.load_model("lif").replace(V_th="100 mV"),
        I,
        G,
        SOURCES,
        replicates=CELLS,
        duration_=WARMUP + T,
        warmup_=WARMUP,
        dt_=1e-4,
        seed=3,
    )
    rates, sems = controlled((quiet, CELLS))
    assert not rates.any()
    assert sems == pytest.approx(np.full(I.size, 1 / (CELLS * T)))
