"""Short-term plasticity: moments of what is released against closed forms and against trains of spikes."""

import numpy as np
import pytest

from b2reduce.circuit.plasticity.tsodyks_markram import TsodyksMarkram


def released(plasticity, rate, spikes, trains, seed):
    """u x at the spikes of Poisson trains, one row a spike, by the definition."""
    rng = np.random.default_rng(seed)
    u, x, found = np.zeros(trains), np.ones(trains), np.empty((spikes, trains))
    for number in range(spikes):
        wait = rng.exponential(1 / rate, trains)
        u = u * np.exp(-wait / plasticity.tau_facil_) if plasticity.tau_facil_ else 0.0 * u
        x = 1 - (1 - x) * np.exp(-wait / plasticity.tau_rec_)
        u = u + plasticity.U_ * (1 - u)
        found[number] = u * x
        x = x - found[number]
    return found


@pytest.mark.parametrize(
    "U, tau_rec, tau_facil, rate",
    [(0.6, 0.5, 0.3, 4.7), (0.05, 0.1, 1.0, 20.0), (0.5, 0.8, 0.0, 10.0), (0.2, 0.2, 0.5, 60.0)],
)
def test_moments_of_release_are_those_of_poisson_trains(U, tau_rec, tau_facil, rate):
    plasticity = TsodyksMarkram(U, tau_rec, tau_facil)
    warm = int(np.ceil(20 * max(tau_rec, tau_facil) * rate))  # exp(-20) of the start is left
    found = released(plasticity, rate, warm + 300, 1000, 1)[warm:]
    for power, exact in ((1, plasticity.release_(rate)), (2, plasticity.square_(rate))):
        per_train = np.mean(found**power, axis=0)  # trains are independent, spikes of one are not
        sem = np.std(per_train, ddof=1) / np.sqrt(per_train.size)
        assert abs(per_train.mean() - exact) < 4 * sem
    # The product of means, the usual mean field, is another number where both u and x move.
    if tau_facil and U == 0.6:
        a = rate * tau_facil / (1 + rate * tau_facil)
        u = U / (1 - (1 - U) * a)
        product = u / (1 + u * rate * tau_rec)
        assert abs(found.mean() - product) > 10 * np.std(found.mean(axis=0)) / np.sqrt(1000)


def test_limits_of_release():
    rates = np.array([0.0, 1e-3, 5.0, 400.0])
    depressing = TsodyksMarkram(0.4, 0.7, 0.0)
    np.testing.assert_allclose(depressing.release_(rates), 0.4 / (1 + 0.4 * 0.7 * rates), rtol=1e-12)
    # <(u x)^2>: 0 = 2/tau_rec (<x> - <x^2>) - r <x^2> (1 - (1 - U)^2)
    x = 1 / (1 + 0.4 * 0.7 * rates)
    np.testing.assert_allclose(
        depressing.square_(rates), 0.16 * x / (1 + rates * 0.7 * (1 - 0.36) / 2), rtol=1e-12
    )
    # Without depression x is 1, and u follows a linear equation.
    lasting = TsodyksMarkram(0.1, 1e-9, 0.5)
    a = rates * 0.5 / (1 + rates * 0.5)
    np.testing.assert_allclose(lasting.release_(rates), 0.1 / (1 - 0.9 * a), rtol=1e-6)
    # All is used at each spike: <1 - exp(-T/tau_rec)>.
    np.testing.assert_allclose(
        TsodyksMarkram(1.0, 0.5, 0.3).release_(rates), 1 / (1 + 0.5 * rates), rtol=1e-12
    )
