"""The search for self-consistent rates: its gradient, its errors, its end."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS

import b2reduce as b2r
from b2reduce.basics.progress import Progress
from b2reduce.reduction.control_variates import regressed
from b2reduce.reduction.driven_cells import outputs_of
from b2reduce.reduction.operating_point import find_operating_point

DRIVES = {("ext", "E"): 14.0, ("ext", "I"): 14.0}
SETTINGS = dict(duration_=1.25, warmup_=0.25, dt_=1e-4)


def found(circuit, rate, seed=1):
    with Progress(False) as bar:
        return find_operating_point(
            circuit, {(d.name, d.target): rate for d in circuit.drives}, seed=seed, dt_=1e-4, bar=bar
        )


def test_the_regression_finds_slopes_and_removes_what_they_explain():
    rng = np.random.default_rng(0)
    excess = rng.normal(0, [[3.0], [1.0]], (2, 4000))
    rate = 20 + 0.5 * excess[0] - 2 * excess[1] + rng.normal(0, 1, 4000)
    mean, sem, slopes = regressed(rate, excess, np.array([10.0, 10.0]))
    # Known to 1/sqrt(4000) = 0.016, and the slopes to that over their spread: four standard errors.
    assert mean == pytest.approx(20, abs=0.065) and sem == pytest.approx(1 / np.sqrt(4000), rel=0.05)
    np.testing.assert_allclose(slopes, [0.5, -2], rtol=0, atol=0.065)
    silent = regressed(np.zeros(50), excess[:, :50], np.array([1.0, 1.0]))
    assert silent[0] == 0 and silent[1] == 0 and not silent[2].any()


@pytest.mark.slow
def test_derivatives_from_the_luck_of_the_input_are_those_of_finite_differences():
    circuit, at, step = b2r.load_circuit("ei_lif"), {"E": 16.2, "I": 16.2}, 1.0
    poisson = {"E": 1.0, "I": 1.0}
    response = outputs_of(circuit, at, DRIVES, poisson, cells=3000, seed=1, **SETTINGS)["E"].response
    for source in ("E", "I"):
        (up, up_sem, *_), (down, down_sem, *_) = (
            outputs_of(
                circuit,
                {**at, source: at[source] + sign * step},
                DRIVES,
                poisson,
                cells=1500,
                seed=2,
                **SETTINGS,
            )["E"]
            for sign in (1, -1)
        )
        slope, error = (up - down) / (2 * step), np.hypot(up_sem, down_sem) / (2 * step)
        # Regression slopes of 3000 cells: the residual of about 2 Hz over a spread of the source's rate,
        # sqrt(K r/T)/K, is 2/(sqrt(3000) 0.4) = 0.09 for E and half of that for I; and events before the
        # window count for 1 %.
        assert abs(response[source] - slope) < 4 * np.hypot(error, 0.09) + 0.02 * abs(slope)
        assert abs(slope) > 10 * error, "the comparison must be sharp enough to mean something"


def test_synapses_without_weight_are_none():
    """A connection that is switched off leaves the rates that the circuit has without it."""
    full = b2r.load_circuit("ei_lif")
    off = full.replace({"projection.E->E.G": 0 * nS, "projection.I->E.G": 0 * nS})
    without = b2r.Circuit(
        populations=full.populations,
        projections=[p for p in full.projections if p.target != "E"],
        drives=full.drives,
    )
    points = [found(circuit, 14.0) for circuit in (off, without)]
    for name in full.populations:
        (a, b), (sem, other) = (
            [getattr(point, field)[name] for point in points] for field in ("rate_", "rate_sem_")
        )
        assert abs(a - b) < 4 * np.hypot(sem, other) < 0.05 * a
    assert (
        points[0].response_["E", "E"] == points[0].response_["E", "I"] == 0
        and points[0].response_["I", "E"] > 0
    )


@pytest.mark.slow
def test_stated_errors_are_the_scatter_over_seeds():
    full = b2r.load_circuit("ei_lif")
    circuit = b2r.Circuit(
        populations={"I": full.populations["I"]}, projections=full.projections[3:], drives=full.drives[1:]
    )
    runs = [found(circuit, 8.0, seed) for seed in range(8)]
    for name in circuit.populations:
        rates, stated = (
            np.array([getattr(run, field)[name] for run in runs]) for field in ("rate_", "rate_sem_")
        )
        # Eight values estimate a standard deviation to 1/sqrt(14) = 27 %: a factor of two either way is three
        # of those.
        assert 0.4 * stated.mean() < rates.std(ddof=1) < 2 * stated.mean()
        assert np.all(stated <= np.maximum(0.004 * rates, 0.025) * 1.05)


def test_uncoupled_cells_need_no_iteration():
    drive = b2r.Drive(name="ext", target="E", inputs=250, rate=16 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
    circuit = b2r.Circuit(populations={"E": b2r.Population("lif", 10)}, drives=[drive])
    with Progress(False) as bar:
        point = find_operating_point(circuit, {("ext", "E"): 16.0}, seed=1, dt_=1e-4, bar=bar)
    surface = b2r.measure_fi(
        "lif",
        [point.I_["E"]] * nS * mV * 1e12,
        [point.g_["E"]] * nS * 1e9,
        noise=[drive],
        replicates=200,
        seed=5,
    )
    assert abs(point.rate_["E"] - surface.rate_[0, 0]) < 4 * np.hypot(
        point.rate_sem_["E"], surface.rate_sem_[0, 0]
    )


def test_a_silent_circuit_rests_at_zero():
    point = found(b2r.load_circuit("ei_lif"), 1.0)
    assert max(point.rate_.values()) < 0.05 and point.warnings == ()


@pytest.mark.slow
def test_a_circuit_that_runs_away_is_found_where_it_saturates():
    # Refractory cells saturate at 500 Hz; excitation this strong carries those there that it reaches most.
    circuit = b2r.load_circuit("ei_lif").replace(
        {"projection.I->E.in_degree": 1, "projection.I->I.in_degree": 1, "projection.E->E.G": "2 nS"}
    )
    point = found(circuit, 14.0)
    assert point.rate_["E"] == pytest.approx(500, rel=0.01) and 100 < point.rate_["I"] < 500
    # A point, and no place where the search gave up: another seed finds it too.
    assert found(circuit, 14.0, seed=2).rate_["I"] == pytest.approx(point.rate_["I"], rel=0.02)


def test_no_solution_is_an_error_with_its_trajectory(monkeypatch):
    import b2reduce.reduction.search

    monkeypatch.setattr(b2reduce.reduction.search, "MAX_ITERATIONS", 2)
    with pytest.raises(b2r.errors.OperatingPointError, match="(?s)no operating point.*iterations") as caught:
        found(b2r.load_circuit("ei_lif"), 14.0)
    assert [set(rates) for rates in caught.value.trajectory] == [{"E", "I"}] * 2
    import pickle

    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.trajectory == caught.value.trajectory
