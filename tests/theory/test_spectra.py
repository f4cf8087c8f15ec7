"""Spectra of linear networks: against simulated networks of Poisson cells, and against closed forms."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from b2reduce.circuit.delays import AT_ONCE
from b2reduce.reduction.loops.rate_loop import RateLoop

from ..loops import fixed, link, spectra

# A network of E and I: gains onto a row from a column, of synapses that differ by their source
NAMES, SIZES, K = ("E", "I"), {"E": 200, "I": 100}, 50
GAINS = np.array([[0.5, -0.8], [0.7, -0.5]])
TAU_, DELAY_, RATE_ = np.array([5e-3, 8e-3]), np.array([3e-3, 2e-3]), np.array([20.0, 30.0])
STEP_, STEPS, TRIALS, WARMUP = 0.5e-3, 8000, 64, 400
WINDOW = 20  # steps


def loop_of(delays=True, gains=GAINS):
    return RateLoop(
        NAMES,
        tuple(
            link(NAMES[b], NAMES[a], gains[a, b], TAU_[b], fixed(DELAY_[b]) if delays else AT_ONCE, K)
            for a in range(2)
            for b in range(2)
        ),
    )


def theory(delays=True, sizes=SIZES, gains=GAINS):
    return spectra(loop_of(delays, gains), sizes, dict(zip(NAMES, RATE_)))


@pytest.fixture(scope="module")
def counts():
    """Spikes of cells that fire by chance at r_i(t) = r_0 + sum_j w_ij (what spikes of j leave), Poisson in
    every step: of populations in steps, (step, 2, trial), and of cells in windows, (window, cell, trial).

    A count of step n is spread evenly over it, and so is the rate of step m that it makes: of the kernel
    exp(-(t - d)/tau)/tau step m gets the integral under the hat function about m - n.
    """
    rng, cells = np.random.default_rng(7), sum(SIZES.values())
    own = [slice(0, SIZES["E"]), slice(SIZES["E"], cells)]
    over = np.repeat([0, 1], list(SIZES.values()))
    weight = np.zeros((cells, cells), dtype=np.float32)
    for cell in range(cells):
        for b in range(2):
            chosen = rng.choice(np.arange(cells)[own[b]], K, replace=False)
            weight[cell, chosen] = GAINS[over[cell], b] / K
    weight = csr_matrix(weight)  # which asks for no threads, as small products of matrices do
    outside = (RATE_ - GAINS @ RATE_)[over, None].astype(np.float32) * STEP_
    kept, late = np.exp(-STEP_ / TAU_), np.round(DELAY_ / STEP_).astype(int)
    half, later = 1 - (1 - kept) * TAU_ / STEP_, (1 - kept) ** 2 * TAU_ / STEP_
    column = lambda values: values[over, None].astype(np.float32)
    left = np.repeat(column(later / (1 - kept) * RATE_ * STEP_), TRIALS, axis=1)
    past = np.repeat(column(RATE_ * STEP_)[None], max(late) + 1, axis=0) + np.zeros(
        (1, 1, TRIALS), np.float32
    )
    of_populations = np.zeros((STEPS, 2, TRIALS))
    of_cells = np.zeros((STEPS // WINDOW, cells, TRIALS), dtype=np.int16)
    members = (np.arange(2)[:, None] == over).astype(np.float32)
    kept, half, later = column(kept), column(half), column(later)
    for step in range(-WARMUP, STEPS):
        arrived = np.concatenate([past[(step - late[k]) % len(past), own[k]] for k in range(2)])
        rate = outside + weight @ (half * arrived + left)
        left = kept * left + later * arrived
        # One spike or more with 1 - exp(-rate), two or more with 1 - (1 + rate) exp(-rate), by series
        chance, square = rng.random(rate.shape, dtype=np.float32), rate * rate / 2
        now = (chance < rate - square).astype(np.int8) + (chance < square * (1 - rate * np.float32(2 / 3)))
        past[step % len(past)] = now
        if step >= 0:
            of_cells[step // WINDOW] += now
            of_populations[step] = members @ past[step % len(past)]
    return of_populations, of_cells


def bands(counts):
    """(frequencies, what averages over bands of 20 of them, averages of the spectra of population rates over
    bands and trials, of how many values).
    """
    rates = counts[0] / (np.array(list(SIZES.values()))[:, None] * STEP_)
    F = np.fft.rfft(rates - rates.mean(axis=0), axis=0) * STEP_
    power = np.einsum("fat,fbt->fab", F, np.conj(F)) / (TRIALS * STEPS * STEP_)
    f, each = np.fft.rfftfreq(STEPS, STEP_), 20
    first = 1 + each * np.arange(30)  # up to 150 Hz
    mean = lambda values: np.array([values[k : k + each].mean(axis=0) for k in first])
    return f, mean, mean(power), each * TRIALS


def squares(counts, spectra):
    """Chi-square of what is measured over what is foretold, and the number of its terms.

    L^-1 P L^-+ with S = L L^+ is a mean of n: its diagonal is 1 with a variance of 1/n, the two parts of what
    is beside it are 0 with 1/(2 n).
    """
    f, mean, power, number = bands(counts)
    S = mean(np.moveaxis(spectra.rates_(f), -1, 0))
    inverse = np.linalg.inv(np.linalg.cholesky(S))
    white = inverse @ power @ np.conj(np.swapaxes(inverse, 1, 2))
    beside = np.abs(white[:, 0, 1]) ** 2 * 2 * number
    own = np.abs(white[:, [0, 1], [0, 1]] - 1) ** 2 * number
    return float(own.sum() + beside.sum()), 4 * len(white)


def test_spectra_are_those_of_a_network_of_poisson_cells(counts):
    assert theory().growing == 0
    found, number = squares(counts, theory())
    # Its standard deviation is sqrt(2 number): four of them. Each band is known to 1/sqrt(1280) = 3 %. Beside
    # it stand (pi f dt)^2/3 of H at 150 Hz, 2 %, where H is small, and sum g^2/K = 2 % of the trains.
    assert abs(found - number) < 4 * np.sqrt(2 * number), (found, number)
    for wrong in (
        theory(delays=False),
        theory(sizes={"E": 220, "I": 100}),
        theory(gains=GAINS * [[1.2, 1], [1, 1]]),
        theory(gains=GAINS.T),
    ):
        assert squares(counts, wrong)[0] > number + 12 * np.sqrt(2 * number)


def test_counts_of_cells_and_pairs_are_those_of_the_network(counts):
    windows, cells = counts[1].astype(float), sum(SIZES.values())
    own = [slice(0, SIZES["E"]), slice(SIZES["E"], cells)]
    left = windows - windows.mean(axis=(0, 2), keepdims=True)
    alone, together = theory().counts_(WINDOW * STEP_)
    plain = theory(delays=False).counts_(WINDOW * STEP_)[1]
    sums = np.array([left[:, part].sum(axis=1) for part in own])  # (population, window, trial)
    sizes = np.array(list(SIZES.values()))
    near = lambda values, expected, beside: (
        abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(TRIALS) + abs(beside)
    )
    for a in range(2):
        variances = (left[:, own[a]] ** 2).mean(axis=(0, 1))
        # What a cell makes of its own inputs, sum g^2/K of its rate, is not in the train of a Poisson cell
        extra = alone[a] * np.sum(GAINS[a] ** 2) / K
        assert near(variances, alone[a], extra)
        assert not near(variances, 1.1 * alone[a], extra)
        for b in range(2):
            product = (sums[a] * sums[b]).mean(axis=0) - (a == b) * sizes[a] * variances
            pairs = product / (sizes[a] * (sizes[b] - (a == b)))
            # Of trains whose spectrum errs by sum g^2/K, the pairs err as much
            assert near(pairs, together[a, b], 0.03 * abs(together[a, b]))
    assert np.abs(plain / together - 1).max() > 0.3, "delays left out would be seen"


TAU_ALONE_, R_, N_, G_ = 10e-3, 15.0, 500, 0.6


def alone(g=G_, K=1.0):
    """One population with exponential feedback: white noise r/N and an Ornstein-Uhlenbeck process of the
    covariance r/N A exp(-|t|/tau') with tau' = tau/(1 - g) and A = (1 - (1 - g)^2) tau'/(2 tau^2).
    """
    own = spectra(RateLoop(("E",), (link("E", "E", g, TAU_ALONE_, K=K),)), {"E": N_}, {"E": R_})
    slow = TAU_ALONE_ / (1 - g)
    return own, slow, (1 - (1 - g) ** 2) * slow / (2 * TAU_ALONE_**2)


def test_without_feedback_there_is_the_noise_of_independent_cells():
    own = spectra(RateLoop(NAMES, ()), SIZES, dict(zip(NAMES, RATE_)))
    S = own.rates_(np.array([1.0, 30.0, 300.0]))
    expected = np.diag(RATE_ / list(SIZES.values()))
    np.testing.assert_allclose(S, np.repeat(expected[:, :, None], 3, axis=2), rtol=1e-14)
    variance, pairs = own.counts_(10e-3)
    np.testing.assert_allclose(variance, RATE_ * 10e-3, rtol=1e-12)
    np.testing.assert_allclose(pairs, 0, atol=1e-15)
    np.testing.assert_allclose(own.change_(10e-3), 0, atol=1e-6)
    assert own.growing == 0 and own.loop.roots_().size == 0


@pytest.mark.parametrize("g", [0.6, -1.5])
def test_feedback_of_one_population_is_an_ornstein_uhlenbeck_process(g):
    own, slow, A = alone(g)
    f = np.array([0.5, 5.0, 50.0, 500.0])
    w = 2 * np.pi * f
    lorentz = A * 2 * slow / (1 + (w * slow) ** 2)
    np.testing.assert_allclose(own.rates_(f)[0, 0], R_ / N_ * (1 + lorentz), rtol=1e-12)
    assert own.loop.roots_() == pytest.approx([-1 / slow], rel=1e-9)
    for T in (2e-3, 20e-3, 200e-3):
        shared = 1 - np.exp(-T / slow)
        variance, pairs = own.counts_(T)
        assert variance[0] == pytest.approx(R_ * T, rel=1e-12)
        # The trapezoidal rule on points h = 0.4 % apart errs by h^2/12 = 1e-6, times a few powers of f
        expected = R_ / (N_ - 1) * A * 2 * slow * (T - slow * shared)
        assert pairs[0, 0] == pytest.approx(expected, rel=2e-5)
        # Two neighbouring windows: twice the variance without twice the covariance, A slow^2 shared^2/T^2
        square = R_ / N_ * 2 * A * (2 * slow * (T - slow * shared) - slow**2 * shared**2) / T**2
        if square > 0:
            assert own.change_(T)[0] == pytest.approx(np.sqrt(square) / R_, rel=2e-5)
    other = alone(0.9 * g)[0].counts_(20e-3)[1][0, 0]
    assert own.counts_(20e-3)[1][0, 0] != pytest.approx(other, rel=0.02), "a gain smaller by a tenth"


def test_inputs_vary_by_what_their_trains_share():
    own, slow, A = alone(K=100.0)
    pathway = own.loop.links[0].pathway
    # Behind the synapse independent trains have K r/(2 tau_s), each pair r/(N - 1) A slow/(slow + tau_s), the
    # double integral of exponentials.
    pairs = 99 * A / (N_ - 1) * slow / (slow + TAU_ALONE_) * 2 * TAU_ALONE_
    assert own.input_variance_(pathway) == pytest.approx(1 + pairs, rel=1e-3)
    assert pairs > 0.1


def test_shared_trains_add_their_own_spectrum():
    # Of 400 trains of 8 Hz a cell sees 200
    onto = link("ext", "E", 12.0, 5e-3, K=200.0, is_drive=True, share=0.5, rate_=8.0)
    f = np.array([1.0, 20.0, 100.0])
    low = 1 / (1 + (2 * np.pi * f * 5e-3) ** 2)
    loop = RateLoop(NAMES, ())
    own = spectra(loop, SIZES, dict(zip(NAMES, RATE_)), [onto])
    # The mean of 400 trains of 8 Hz has the spectrum 8/400 Hz, 144 times of which a gain of 12 makes
    S = own.rates_(f)
    np.testing.assert_allclose(S[0, 0], RATE_[0] / 200 + 144 * 8 / 400 * low, rtol=1e-12)
    np.testing.assert_allclose(S[1, 1], np.full(3, RATE_[1] / 100), rtol=1e-12)
    # With feedback of both, the noise of the drive travels as that of cells does
    own = spectra(loop_of(), SIZES, dict(zip(NAMES, RATE_)), [onto])
    H = np.moveaxis(loop_of().matrix_(2j * np.pi * f), 0, -1)
    determinant = (1 - H[0, 0]) * (1 - H[1, 1]) - H[0, 1] * H[1, 0]
    D = [RATE_[0] / 200 + 144 * 8 / 400 * low, RATE_[1] / 100]
    expected = (np.abs(H[1, 0]) ** 2 * D[0] + np.abs(1 - H[0, 0]) ** 2 * D[1]) / np.abs(determinant) ** 2
    np.testing.assert_allclose(own.rates_(f)[1, 1].real, expected, rtol=1e-12)
    without = spectra(loop_of(), SIZES, dict(zip(NAMES, RATE_))).rates_(f)[1, 1].real
    assert (expected > 1.5 * without)[0], "shared trains left out would be seen"


def test_long_windows_see_what_is_slowest_and_short_ones_what_is_fastest():
    """Var of a rate in windows T tends to S(0)/T, and to the integral over all frequencies as T shrinks."""
    loop = RateLoop(NAMES, (link("E", "E", -2.0, 5e-3, fixed(2e-3)),))
    own = spectra(loop, SIZES, dict(zip(NAMES, RATE_)))
    rest = own.rates_(np.array([0.0]))[0, 0, 0].real
    for window in (1e2, 1e3, 1e5):  # the feedback of some ms is 4e-4 of the first
        alone, together = own.counts_(window)
        N = own.sizes[0]
        variance = (alone[0] + (N - 1) * together[0, 0]) / (N * window**2)
        assert variance == pytest.approx(rest / window, rel=1e-3)
    # In 10 us Poisson cells hardly know of one another: the counts of a cell are Poisson's
    alone, together = own.counts_(1e-5)
    assert alone[0] == pytest.approx(own.rate_[0] * 1e-5, rel=1e-3)
