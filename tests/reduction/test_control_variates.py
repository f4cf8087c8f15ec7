"""Control variates: the luck of the input taken out of rates."""

import numpy as np
import pytest

import b2reduce as b2r
from b2reduce.cells.engine import Source
from b2reduce.cells.points import measure_points
from b2reduce.circuit.synapses.exponential import ExponentialConductance
from b2reduce.reduction.control_variates import ControlledRates, rise_with_current
from b2reduce.reduction.local_transfer import _rising

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


def over_inputs(seed, cells):
    """Cells at a grid of rates of both sources, as a transfer function has them, and the ends of the grid."""
    lines = [np.array([3600.0, 4000.0, 4400.0]), np.array([800.0, 1000.0, 1200.0])]
    at = np.stack([grid.ravel() for grid in np.meshgrid(*lines, indexing="ij")], axis=-1)
    sources = tuple(Source(s.label, s.synapse, rate) for s, rate in zip(SOURCES, at.T))
    model = b2r.load_model("lif")
    g = model.leak_ + sum(source.leak_ for source in sources)
    I_ = sum(source.current_(model) for source in sources)
    run = measure_points(
        model, I_, g, sources, replicates=cells, duration_=WARMUP + T, warmup_=WARMUP, dt_=1e-4, seed=seed
    )
    return lines, at, sources, run


def test_rates_over_inputs_are_right_and_known_better():
    """As above, with slopes along two axes: 40 runs of 9 points of 16 cells."""
    lines, at, sources, many = over_inputs(1000, 4000)
    truth = many.rate_
    assert truth.min() > 0.5 and np.ptp(truth) > 5
    rising = _rising(lines, truth.reshape(3, 3))
    rates, sems, plain = [], [], []
    for seed in range(40):
        run = over_inputs(seed, CELLS)[3]
        found = ControlledRates(lambda rates: rising(at, rates), sources, T)
        found.add(np.arange(len(at)), run, CELLS)
        rate, sem = found.rates_
        rates, sems, plain = [*rates, rate], [*sems, sem], [*plain, run.rate_]
    score = (np.array(rates) - truth) / np.array(sems)
    assert abs(score.mean()) < 4 * np.sqrt(1.15 / score.size)
    assert abs(np.mean(score**2) - 15 / 13) < 0.4
    # Two sources carry all of the noise here: what is left is when their events came
    assert np.var(plain, axis=0).sum() > 2 * np.var(rates, axis=0).sum()
    wrong = (np.roll(rates, 1, axis=1) - truth) / np.array(sems)
    assert np.mean(wrong**2) > 2


def test_slopes_over_a_grid():
    """Of 2 x + 3 y^2 they are 2 and 6 y, over the steepest of each axis."""
    lines = [np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 2.0, 3.0])]
    x, y = np.meshgrid(*lines, indexing="ij")
    rising = _rising(lines, 2 * x + 3 * y**2)
    found = rising(np.array([[0.5, 1.0], [2.0, 1.5], [3.0, 2.0]]), None)
    np.testing.assert_allclose(found[0], 1.0, rtol=1e-12)
    steepest = 3 * (3**2 - 2**2)  # one-sided, at the edge
    np.testing.assert_allclose(found[1] * steepest, [6.0, 9.0, 12.0], rtol=1e-12)
