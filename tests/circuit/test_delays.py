"""Distributions of delays: what they make of exponentials and of time steps, and how circuits say them."""

import numpy as np
import pytest
from brian2 import ms, nS

import b2reduce as b2r
from b2reduce.circuit.delays import AT_ONCE, FEW, Delays, delays_of

DECAY = np.array([0.0, 30.0, -200.0, 1e-3j, 2j * np.pi * 40, 100 + 2j * np.pi * 200, -50 + 2j * np.pi * 400])
FIXED = Delays((2e-3,), (2e-3,), (1.0,))
UNIFORM = Delays((0.5e-3,), (3e-3,), (1.0,))
MIXED = Delays((1e-3, 4e-3, 5e-3), (1e-3, 4e-3, 9e-3), (0.25, 0.25, 0.5))


def projection(**arguments):
    return b2r.Projection("E", "I", **{"G": 1 * nS, "tau": 5 * ms, "E": "0 mV", **arguments})


def given(delay, weight=None):
    number = np.arange(len(delay))
    return projection(wiring={"i": number % 7, "j": number % 5, "delay": delay, "weight": weight})


def sampled(delays, function, points=200_000):
    """The mean of a function over delays, by the rule of the middle in each stretch."""
    middle = (np.arange(points) + 0.5) / points
    return sum(
        share * (function(np.array([a])).mean() if a == b else function(a + (b - a) * middle).mean())
        for a, b, share in zip(delays.least_, delays.greatest_, delays.share)
    )


@pytest.mark.parametrize("delays", [AT_ONCE, FIXED, UNIFORM, MIXED])
def test_transfer_is_the_mean_of_exponentials(delays):
    expected = [sampled(delays, lambda d, s=s: np.exp(-s * d)) for s in DECAY]
    # The rule errs by (s (b - a)/points)^2/24 of exp(|s| d) <= e^2: below 1e-10; rounding of the sum is less.
    np.testing.assert_allclose(delays.transfer_(DECAY), expected, rtol=0, atol=1e-9)
    times, weights = delays.quadrature_()
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    # Gauss-Legendre with 24 points errs by (|s| (b - a)/4)^48/48!, nothing for |s| (b - a) up to 11.
    np.testing.assert_allclose(np.exp(-np.outer(DECAY, times)) @ weights, expected, rtol=0, atol=1e-9)


def test_a_mean_delay_in_place_of_the_distribution_would_be_seen():
    wrong = np.exp(-DECAY * MIXED.mean_)
    assert np.abs(MIXED.transfer_(DECAY) - wrong)[2:].max() > 0.1
    assert np.abs(UNIFORM.transfer_(DECAY) - np.exp(-DECAY * UNIFORM.mean_)).max() > 0.1


@pytest.mark.parametrize("delays", [AT_ONCE, FIXED, UNIFORM, MIXED])
def test_mean_and_variance_are_those_of_samples(delays):
    mean = sampled(delays, lambda d: d)
    assert delays.mean_ == pytest.approx(mean, rel=1e-9, abs=1e-15)
    # The rule of the middle misses (b - a)^2/(12 points^2) of a variance, and rounding of squares remains.
    assert delays.variance_ == pytest.approx(sampled(delays, lambda d: (d - mean) ** 2), rel=1e-6, abs=1e-15)
    assert delays.none == (delays.mean_ == 0) and delays.longest_ == max(delays.greatest_)


def test_transfer_near_rest_has_no_jump():
    # Where sinh(x)/x changes to its series: both are exact to 1e-16 there, x^4/120 = 1e-18 of 1.
    width = 2.5e-3
    s = 2 * np.array([0.99e-4, 1.01e-4]) / width
    exact = (np.exp(-s * 0.5e-3) - np.exp(-s * 3e-3)) / (s * width)
    # What two exponentials lose by their difference: 1e-16 over s (b - a) = 2e-4.
    np.testing.assert_allclose(UNIFORM.transfer_(s), exact, rtol=1e-11)


@pytest.mark.parametrize("dt_", [1e-4, 0.07e-3, 0.3e-3, 1e-3, 20e-3])
@pytest.mark.parametrize("delays", [FIXED, UNIFORM, MIXED])
def test_weights_of_steps_have_the_mean_delay_whatever_the_step(delays, dt_):
    weights = delays.steps_(dt_)
    steps = np.arange(len(weights))
    assert (weights >= 0).all() and weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights @ steps * dt_ == pytest.approx(delays.mean_, rel=1e-10)
    # What is straight between steps widens each delay by u (1 - u) dt^2, at most a quarter of it.
    extra = weights @ (steps * dt_) ** 2 - delays.mean_**2 - delays.variance_
    assert -1e-15 <= extra <= dt_**2 / 4 + 1e-15
    rounded = np.zeros(len(weights) + 1)
    rounded[round(delays.mean_ / dt_)] = 1
    if abs(delays.mean_ / dt_ - round(delays.mean_ / dt_)) > 0.1:
        assert rounded @ np.arange(len(rounded)) * dt_ != pytest.approx(delays.mean_, rel=1e-3), (
            "a delay of whole steps would be seen"
        )


def test_weights_of_a_step_are_what_straight_lines_say():
    assert AT_ONCE.steps_(1e-4).tolist() == [1.0]
    np.testing.assert_allclose(FIXED.steps_(1e-3), [0, 0, 1], atol=1e-12)
    # 2 ms are 2.5 steps of 0.8 ms
    np.testing.assert_allclose(FIXED.steps_(0.8e-3), [0, 0, 0.5, 0.5], atol=1e-12)
    # Delays from 0 to a step: the mean of 1 - u and of u
    np.testing.assert_allclose(Delays((0.0,), (1e-3,), (1.0,)).steps_(1e-3), [0.5, 0.5], atol=1e-12)
    # The hats of steps 1, 2 and 3 between 1 and 3 steps: a half, a whole and a half, over 2
    np.testing.assert_allclose(
        Delays((1e-3,), (3e-3,), (1.0,)).steps_(1e-3), [0, 0.25, 0.5, 0.25], atol=1e-12
    )


def test_weights_filter_a_smooth_signal_as_the_delays_do():
    # A sine of 40 Hz, straight between steps of 0.1 ms: an error of (w dt)^2/8 = 8e-5.
    dt_, w = 1e-4, 2 * np.pi * 40
    for delays in (FIXED, UNIFORM, MIXED):
        weights = delays.steps_(dt_)
        found = weights @ np.exp(-1j * w * dt_ * np.arange(len(weights)))
        assert abs(found - delays.transfer_(1j * w)) < 1e-4
        assert abs(found - 1) > 0.1, "without delays"


def test_a_projection_says_its_delays():
    assert delays_of(projection(in_degree=5, delay="2 ms")) == FIXED
    assert delays_of(projection(in_degree=5, delay=["0.5 ms", "3 ms"])) == UNIFORM
    assert delays_of(projection(in_degree=5, delay=0 * ms)).none
    plain = projection(wiring={"i": [0, 1], "j": [1, 0]}, delay="2 ms")
    assert delays_of(plain) == FIXED


def test_few_different_delays_of_synapses_are_kept_with_their_weight():
    delay, weight = np.array([1, 3, 1, 2, 3, 1]) * 1e-3, np.array([1.0, 2.0, 1.0, 5.0, 4.0, 1.0])
    equal, weighted = delays_of(given(delay)), delays_of(given(delay, weight))
    assert equal.least_ == equal.greatest_ == weighted.least_ == (1e-3, 2e-3, 3e-3)
    np.testing.assert_allclose(equal.share, [3 / 6, 1 / 6, 2 / 6], rtol=1e-12)
    np.testing.assert_allclose(weighted.share, [3 / 14, 5 / 14, 6 / 14], rtol=1e-12)
    assert weighted.mean_ == pytest.approx(delay @ weight / weight.sum(), rel=1e-12)
    assert weighted.mean_ != pytest.approx(delay.mean(), rel=0.05), "weights left out would be seen"


@pytest.mark.parametrize("weighted", [False, True])
def test_many_different_delays_of_synapses_are_put_into_stretches(weighted):
    rng = np.random.default_rng(4)
    delay = rng.gamma(4.0, 0.5e-3, 5000)
    # Large weights are late ones: a mean without them would be off
    weight = delay / 2e-3 if weighted else np.ones(5000)
    found = delays_of(given(delay, weight if weighted else None))
    assert 2 < len(found.share) <= FEW and sum(found.share) == pytest.approx(1, abs=1e-12)
    # Within a stretch of width b a delay moves by at most b/2, and on average by much less.
    width = np.ptp(delay) / FEW
    assert abs(found.mean_ - np.average(delay, weights=weight)) < width / 10
    if weighted:
        assert abs(found.mean_ - delay.mean()) > 2 * width
    s = 2j * np.pi * np.array([20.0, 100.0])
    expected = np.exp(-np.outer(s, delay)) @ weight / weight.sum()
    # A delay moves by up to b = 0.17 ms: a phase of 0.1 at 100 Hz, of which 1e-2 remains.
    assert np.abs(found.transfer_(s) - expected).max() < 1e-2
    assert np.abs(np.exp(-s * found.mean_) - expected).max() > 5e-2, "their spread left out would be seen"


def test_delays_of_a_file_are_those_of_its_arrays(tmp_path):
    rng = np.random.default_rng(1)
    delay, weight = rng.choice([1e-3, 2.5e-3], 60), rng.uniform(0.5, 2, 60)
    arrays = {"i": np.arange(60) % 7, "j": np.arange(60) % 5, "delay": delay, "weight": weight}
    np.savez(tmp_path / "wiring.npz", **arrays)
    found = delays_of(projection(wiring=str(tmp_path / "wiring.npz")))
    assert found == delays_of(given(delay, weight)) and found.least_ == (1e-3, 2.5e-3)


def test_pathways_have_the_delays_of_their_projection_and_drives_have_none():
    circuit = b2r.Circuit(
        populations={"E": b2r.Population("lif", 7), "I": b2r.Population("lif", 5)},
        projections=[
            projection(in_degree=5, delay=["0.5 ms", "3 ms"]),
            projection(in_degree=2, delay="2 ms"),
        ],
        drives=[b2r.Drive("ext", "I", 100, "10 Hz", "0.5 nS", "5 ms", "0 mV")],
    )
    assert [p.delays for p in circuit.pathways("I")] == [AT_ONCE, UNIFORM, FIXED]
