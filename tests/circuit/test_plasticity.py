"""Short-term plasticity: what Poisson spikes release, against synapses that are followed spike by spike."""

import numpy as np
import pytest

from b2reduce.circuit.plasticity.tsodyks_markram import TsodyksMarkram

from ..releases_by_intervals import releases

# U, tau_rec, tau_facil of depressing and facilitating synapses that were published, and edges
SYNAPSES = {
    "depressing, cortex": (TsodyksMarkram(0.5, 0.8, 0.0), 10.0),
    "facilitating, cortex": (TsodyksMarkram(0.05, 0.1, 1.0), 20.0),
    "pseudolinear": (TsodyksMarkram(0.29, 0.329, 0.326), 8.0),
    "working memory": (TsodyksMarkram(0.2, 0.2, 1.5), 30.0),
    "both, astrocyte example": (TsodyksMarkram(0.6, 0.5, 0.3), 5.0),
    "no depression": (TsodyksMarkram(0.2, 0.0, 0.5), 5.0),
    "everything at once": (TsodyksMarkram(1.0, 0.2, 0.5), 12.0),
    "fast": (TsodyksMarkram(0.4, 0.05, 0.02), 200.0),
}


def followed(p, rate, duration, trains, seed):
    """(times, releases) of synapses over a time, with what is before they have forgotten their start left out."""
    rng = np.random.default_rng(seed)
    settle = 8 * max(p.tau_rec_, p.tau_facil_, 1 / rate)
    u, x, t = np.zeros(trains), np.ones(trains), np.full(trains, -settle)
    times, sizes = [], []
    while (t < duration).any():
        wait = rng.exponential(1 / rate, trains)
        t = t + wait
        u = u * np.exp(-wait / p.tau_facil_) if p.tau_facil_ else 0.0 * u
        x = 1 - (1 - x) * np.exp(-wait / p.tau_rec_) if p.tau_rec_ else np.ones(trains)
        u = u + p.U_ * (1 - u)
        times.append(t)
        sizes.append(u * x)
        x = x - u * x
    times, sizes = np.array(times), np.array(sizes)
    inside = (times > 0) & (times < duration)
    return times, np.where(inside, sizes, 0.0), inside


@pytest.mark.parametrize("name", SYNAPSES)
def test_mean_and_second_moment_of_releases(name):
    p, rate = SYNAPSES[name]
    _, sizes, inside = followed(p, rate, 100 / rate, 20_000, seed=1)
    spikes = inside.sum()
    for power, foretold in ((1, p.release_(rate)), (2, p.square_(rate))):
        # A ratio of sums over trains: its error from its residuals, train by train; four of them
        residuals = (sizes**power).sum(0) - foretold * inside.sum(0)
        error = residuals.std() * np.sqrt(len(residuals)) / spikes
        assert error < 0.01 * foretold
        assert abs((sizes**power).sum() / spikes - foretold) < 4 * error + 1e-12


def test_u_times_x_would_be_wrong():
    """The control: with <u><x> of averaged variables the test above would fail."""
    p, rate = SYNAPSES["both, astrocyte example"]
    u, x = p.rest_(rate)
    assert (u + p.U_ * (1 - u)) * x == pytest.approx(p.release_(rate), rel=0.03)
    assert (u + p.U_ * (1 - u)) * x > 1.02 * p.release_(rate)


@pytest.mark.parametrize("name", SYNAPSES)
def test_spectral_density(name):
    p, rate = SYNAPSES[name]
    duration, trains = 60 / rate, 20_000
    times, sizes, inside = followed(p, rate, duration, trains, seed=2)
    # A Hann window, which nothing of the mean passes at 2 and more whole cycles
    cycles_of = np.where(inside, times, 0.0) / duration
    weighted = sizes * np.sqrt(2 / (3 * duration)) * (1 - np.cos(2 * np.pi * cycles_of))
    shifts = np.arange(-12, 13) / 4  # in cycles; beyond, the window passes 1e-6
    window = (np.sinc(shifts) + (np.sinc(shifts - 1) + np.sinc(shifts + 1)) / 2) ** 2 * 2 / 3 / 4
    for cycles in (5, 40):
        power = np.abs(np.sum(weighted * np.exp(-2j * np.pi * cycles * cycles_of), axis=0)) ** 2
        foretold = window @ [p.density_(rate, (cycles + shift) / duration) for shift in shifts]
        error = power.std() / np.sqrt(trains)
        assert error < 0.01 * foretold
        assert abs(power.mean() - foretold) < 4 * error
        white = rate * p.square_(rate)  # the control: that releases depend on one another is seen
        assert cycles > 5 or name == "no depression" or abs(power.mean() - white) > 4 * error


def test_closed_forms():
    # Depression alone: x at spikes is 1/(1 + U r tau_rec), since x is linear in itself
    p = TsodyksMarkram(0.5, 0.8, 0.0)
    rates = np.array([0.0, 1.0, 10.0, 300.0])
    np.testing.assert_allclose(p.release_(rates), 0.5 / (1 + 0.5 * rates * 0.8), rtol=1e-9)
    # Facilitation alone: u at spikes, U (1 + r tau)/(1 + U r tau)
    p = TsodyksMarkram(0.2, 0.0, 0.5)
    np.testing.assert_allclose(
        p.release_(rates), 0.2 * (1 + rates * 0.5) / (1 + 0.2 * rates * 0.5), rtol=1e-9
    )
    # Neither: every spike releases U, and the train is white
    p = TsodyksMarkram(0.3, 0.0, 0.0)
    np.testing.assert_allclose(p.release_(rates), 0.3, rtol=1e-12)
    assert p.density_(10.0, 3.0) == pytest.approx(10 * 0.09, rel=1e-9)
    assert p.release_(5.0) == p.release_(np.array([5.0]))[0]


@pytest.mark.parametrize("name", SYNAPSES)
def test_two_chains_of_moments_agree(name):
    """Moments of u x over intervals, and of powers of 1 - u in time: two derivations, cut elsewhere."""
    p, rate = SYNAPSES[name]
    for at in (0.1 * rate, rate, 10 * rate):
        found = releases(at, p.U_, p.tau_rec_, p.tau_facil_)
        assert p.release_(at) == pytest.approx(found.ux[1], rel=1e-8)
        assert p.square_(at) == pytest.approx(found.uxx[2], rel=1e-8)
        for cycles in (0.1, 3.0):
            apart = found.uxx[2] + 2 * found.correlated(2 * np.pi * cycles * at).real
            assert p.density_(at, cycles * at) == pytest.approx(at * apart, rel=1e-8)
            later = found.correlated(-1j * cycles * at).real / found.uxx[2]
            assert p.later_(at, cycles * at) == pytest.approx(later, rel=1e-8)


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
