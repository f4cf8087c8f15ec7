"""The rate network against linear algebra, against scipy, and against itself with other time constants."""

import re
import warnings

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.circuit.drive_rates import rate_at

from ..cases import gain, reduced


def system(r):
    """beta, W as a matrix, W_ext and theta as vectors, SI."""
    names = r.populations
    return (
        np.array([float(np.asarray(r.gains[a].beta)) for a in names]),
        np.array([[r.W_[a, b] for b in names] for a in names]),
        np.array([r.W_ext_[a, "ext"] for a in names]),
        np.array([r.theta_[a] for a in names]),
    )


@pytest.mark.parametrize("tau", ["membrane", "synaptic", 7 * ms, {"E": 20 * ms, "I": 5 * ms}])
def test_the_fixed_point_solves_the_equations_whatever_the_time_constants(tau):
    r = reduced(tau=tau)
    beta, W, W_ext, theta = system(r)
    expected = np.linalg.solve(np.diag(1 / beta) - W, W_ext * 14 - theta)
    assert (expected > 5).all(), "both populations are active"
    # exp(-1 s / 40 ms) is far below 1e-6 of the distance travelled; what remains is the integrator's fixed
    # point, which is exact.
    last = b2r.simulate_rates(r, duration=1 * second).rate_[:, -1]
    np.testing.assert_allclose(last, expected, rtol=1e-6)


def test_swapped_populations_would_be_seen():
    r = reduced()
    beta, W, W_ext, theta = system(r)
    swapped = np.linalg.solve(np.diag(1 / beta) - W.T, W_ext * 14 - theta)
    assert np.abs(b2r.simulate_rates(r, duration=1 * second).rate_[:, -1] / swapped - 1).max() > 0.1


def reference(r, tau_, duration, rate):
    """Rates by scipy in bins of 1 ms, for one time constant a population."""
    from scipy.integrate import solve_ivp

    beta, W, W_ext, theta = system(r)
    f = lambda mu: beta * np.maximum(mu, 0)
    scale = 1e-10
    slope = lambda t, y: (-y + (W @ f(y * scale) + W_ext * rate(t) - theta) / scale) / tau_
    t = np.arange(0, duration, 2e-5) + 1e-5
    y, pieces = -theta / scale, []
    for start, end in ((0, 0.1), (0.1, duration)):  # the drive jumps at 0.1 s
        inside = t[(t >= start) & (t < end)]
        solution = solve_ivp(slope, (start, end), y, t_eval=inside, rtol=1e-9, atol=1e-9, max_step=1e-3)
        pieces.append(f(solution.y.T * scale).T)
        y = (
            solution.y[:, -1]
            if end == duration
            else solve_ivp(slope, (start, end), y, rtol=1e-9, atol=1e-9).y[:, -1]
        )
    return np.concatenate(pieces, axis=1).reshape(len(beta), -1, 50).mean(axis=2)


def test_the_transient_is_that_of_another_integrator():
    r, table = reduced(tau={"E": 20 * ms, "I": 8 * ms}), ([0, 0.1] * second, [8, 14] * Hz)
    run = lambda dt: b2r.simulate_rates(r, duration=0.25 * second, drives={"ext": table}, dt=dt, delays=False)
    got = run(0.01 * ms)
    expected = reference(r, np.array([20e-3, 8e-3]), 0.25, lambda time: float(rate_at(table, time)))
    # Inputs are held for a step of 10 us: an error of dt/tau = 1e-3 of how far the rates move within a tau,
    # here the whole rate.
    scale = expected.max()
    assert np.abs(got.rate_ - expected).max() < 2e-3 * scale
    coarse = run(1 * ms)
    assert np.abs(coarse.rate_ - expected).max() > 1e-2 * scale, "and a step of a fifth of tau would be seen"


def test_the_automatic_step_is_fine_enough():
    r, table = reduced(tau="synaptic"), ([0, 0.1] * second, [8, 14] * Hz)
    automatic, fine = (
        b2r.simulate_rates(r, duration=0.3 * second, drives={"ext": table}, dt=dt) for dt in (None, 0.02 * ms)
    )
    # A tenth of the fastest time constant, held input: an error of at most a tenth of a step's change, 5 % of
    # the largest rate.
    assert np.abs(automatic.rate_ - fine.rate_).max() < 0.05 * fine.rate_.max()
    np.testing.assert_allclose(automatic.rate_[:, -1], fine.rate_[:, -1], rtol=1e-6)


def test_a_drive_that_is_replaced_moves_the_rates_as_the_equations_say():
    r = reduced()
    for rate in (12.0, 16.0):
        run = b2r.simulate_rates(r, duration=1 * second, drives={"ext": rate * Hz})
        expected = r.steady_rates_({("ext", "E"): rate, ("ext", "I"): rate})
        np.testing.assert_allclose(run.rate_[:, -1], list(expected.values()), rtol=1e-4)


def test_a_table_in_the_circuit_is_followed():
    table = ([0, 0.4, 0.8] * second, [10, 14, 10] * Hz)
    run = b2r.simulate_rates(reduced(drive=dict(rate=table)), duration=1.2 * second)
    first, middle, last = (run.rate_[:, int(t)] for t in (399, 799, 1199))
    assert (middle > first * 1.2).all()
    np.testing.assert_allclose(last, first, rtol=1e-4)


def test_initial_rates_are_where_the_run_starts():
    # With a time constant of 1 s the first millisecond is the start, up to 1e-3 of a feedback of order one.
    run = b2r.simulate_rates(reduced(tau=1 * second), duration=5 * ms, initial={"E": 60 * Hz, "I": 10 * Hz})
    np.testing.assert_allclose(run.rate_[:, 0], [60, 10], rtol=5e-3)
    # One filter a pathway, those of drives included: at the fixed point nothing moves.
    r = reduced(tau="synaptic")
    last = b2r.simulate_rates(r, duration=1 * second).rate_[:, -1]
    still = b2r.simulate_rates(r, duration=5 * ms, initial=dict(zip(r.populations, last * Hz))).rate_
    np.testing.assert_allclose(still, np.repeat(last[:, None], 5, axis=1), rtol=1e-4)
    quiet = b2r.simulate_rates(reduced(), duration=0.2 * second, dt=0.01 * ms)
    assert (quiet.rate_[:, 0] < 0.2 * quiet.rate_[:, -1]).all(), "by default there was no input before t = 0"


def test_a_logistic_gain_runs_too():
    import pandas as pd

    r_max, x_0 = 80.0, 40e-12
    rows = [
        (i, g, r_max / (1 + np.exp(-(i - 100e-12 - 13.5e-3 * g) / x_0)))
        for i in np.linspace(100e-12, 900e-12, 41)
        for g in (25e-9, 33e-9)
    ]
    sigmoid = b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"])), form="logistic"
    )
    r = reduced(gains={"E": sigmoid, "I": sigmoid})
    run = b2r.simulate_rates(r, duration=1 * second)
    _beta, W, W_ext, theta = system(r)
    mu = W @ run.rate_[:, -1] + W_ext * 14 - theta
    np.testing.assert_allclose(run.rate_[:, -1], r_max / (1 + np.exp(-mu / x_0)), rtol=1e-6)


def test_the_equations_shown_are_those_that_run():
    r = reduced()
    _network, groups = b2r.rate_network(r)
    for name, group in groups.items():
        shown = r.equations[name]
        for variable in ("mu", "r", "tau", "theta", "beta"):
            assert variable in shown and variable in group.variables
        assert float(group.theta_[0]) == r.theta_[name] and float(group.beta_[0]) == pytest.approx(
            float(np.asarray(r.gains[name].beta))
        )


@pytest.mark.smoke
def test_a_user_can_run_the_network_with_monitors_of_their_own():
    import brian2

    network, groups = b2r.rate_network(reduced())
    monitor = brian2.StateMonitor(groups["E"], "r", record=True, clock=groups["E"].clock)
    network.add(monitor)
    network.run(0.5 * second, namespace={})
    assert monitor.r_[0][-1] == pytest.approx(
        b2r.simulate_rates(reduced(), duration=0.5 * second).rate_[0, -1], rel=1e-6
    )


def test_a_runaway_is_an_error_not_a_number():
    from ..cases import two_populations

    r = b2r.reduce(two_populations().replace({"projection.E->E.G": 4 * nS}), gains={"E": gain(), "I": gain()})
    assert any("runs away" in warning for warning in r.warnings)
    with pytest.raises(b2r.errors.DivergenceError, match="runs away"):
        b2r.simulate_rates(r, duration=5 * second)


def test_a_run_that_ends_while_it_runs_away_says_so_however_short_it_is():
    """A hundredth of a second later no rate is a number any more, or still one that cells fire at."""
    from ..cases import two_populations

    r = b2r.reduce(two_populations().replace({"projection.E->E.G": 4 * nS}), gains={"E": gain(), "I": gain()})
    with pytest.warns(
        b2r.errors.AccuracyWarning, match="end at E [0-9.e+]+ kHz.* past 10 kHz.*runs away"
    ) as seen:
        run = b2r.simulate_rates(r, duration=30 * ms)
    last, (said,) = run.rate_[:, -1], [text for text in (str(w.message) for w in seen) if "end at" in text]
    assert np.isfinite(last).all() and last.max() > 1e4
    assert re.search(r"E (\S+) kHz", said)[1] == f"{1e-3 * last[0]:.3g}"
    first = np.argmax(run.rate_.max(axis=0) > 1e4)
    assert float(re.search(r"after (\S+) ms", said)[1]) == pytest.approx(first + 1, rel=1e-3)  # bins of 1 ms
    with warnings.catch_warnings():
        warnings.simplefilter("error", b2r.errors.AccuracyWarning)
        assert b2r.simulate_rates(r, duration=10 * ms).rate_.max() < 1e4


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(drives={"exT": 5 * Hz}), "exT.*ext"),
        (dict(drives={"ext": 5 * mV}), "ext"),
        (dict(initial={"X": 5 * Hz}), "X.*E"),
        (dict(duration=0 * second), "duration"),
        (dict(duration=0.1 * ms), "duration"),
        (dict(dt=-1 * ms), "dt"),
        (dict(initial={"E": 5 * mV}), "initial"),
        (dict(initial={"E": -5 * Hz}), "initial, E"),
        (dict(initial={"E": np.nan * Hz}), "initial, E"),
    ],
)
def test_bad_arguments_are_refused(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.simulate_rates(reduced(), **{"duration": 0.1 * second, **arguments})


def test_a_rate_run_has_no_spikes_and_says_whether_it_has_delays():
    run, early = (
        b2r.simulate_rates(reduced(), duration=0.1 * second, delays=delays) for delays in (True, False)
    )
    assert (
        run.spikes is None
        and run.conductances is None
        and run.rate.shape == (2, 100)
        and run.populations == ("E", "I")
    )
    assert run.provenance["delays"] is True and early.provenance["delays"] is False
