"""Binary networks: two encodings of one network, dynamics, mean field, and the balanced state."""

import numpy as np
import pytest
from b2reduce.experiments.balanced_networks import (
    BALANCED,
    counted_rates,
    counted_squares,
    exponent,
    settings,
    sweep_over_K,
    verdicts,
)
from scipy.sparse import csr_array
from scipy.stats import binom, hypergeom

import b2reduce as b2r
from b2reduce.basics import compiler as build
from b2reduce.basics.streams import OfBinary, seed_streams
from b2reduce.theory.binary.simulate import _sweep_in_numpy


def network(rng, N=60, density=0.3, scale=1, **changes):
    """Random whole weights over `scale`, thresholds among the sums that occur, so that ties are frequent."""
    weights = rng.integers(-3, 4, (N, N)) * (rng.random((N, N)) < density) / scale
    arguments = dict(
        thresholds=rng.integers(-2, 3, N) / scale,
        external_weights=rng.integers(-2, 3, N) / scale,
        external=rng.integers(0, 2, N),
    )
    return b2r.binary.BinaryNetwork(weights, **{**arguments, **changes})


def by_hand(network, states, order=None):
    """One sweep by the definition, every argument summed anew."""
    low, high = (0, 1) if network.encoding == "0/1" else (-1, 1)
    W, states = network.weights.toarray(), states.astype(float)
    outside = network.external_weights * network.external - network.thresholds
    if order is None:
        return np.where(W @ states + outside > 0, high, low)
    for i in order:
        states[i] = high if W[i] @ states + outside[i] > 0 else low
    return states


@pytest.mark.parametrize("scale", [1, 8])
def test_the_argument_is_halved_exactly(scale):
    rng = np.random.default_rng(1)
    zero = network(rng, scale=scale)
    plus = zero.with_encoding("-1/+1")
    W, n = zero.weights.toarray(), rng.integers(0, 2, zero.size)
    # Equation 11.39
    assert np.array_equal(plus.thresholds, 2 * zero.thresholds - W.sum(axis=1) - zero.external_weights)
    assert np.array_equal(plus.arguments(2 * n - 1), 2 * zero.arguments(n)) and np.any(
        zero.arguments(n) == 0
    ), "ties must occur"
    back = plus.with_encoding("0/1")
    assert np.array_equal(back.thresholds, zero.thresholds) and np.array_equal(back.external, zero.external)


@pytest.mark.parametrize("update", ["asynchronous", "parallel"])
@pytest.mark.parametrize("scale", [1, 8, 10])
def test_both_encodings_run_alike(update, scale):
    """Whole and dyadic weights are exact.

    Tenths are rounded, and ties must come out the same for all that.
    """
    rng = np.random.default_rng(2)
    for seed in range(5):
        zero = network(rng, scale=scale)
        runs = [
            b2r.binary.simulate_binary(n, sweeps=30, update=update, seed=seed, record=True)
            for n in (zero, zero.with_encoding("-1/+1"))
        ]
        assert np.array_equal(2 * runs[0].history - 1, runs[1].history) and np.array_equal(
            runs[0].activity, runs[1].activity
        )
        assert np.array_equal(runs[0].flips, runs[1].flips) and runs[0].flips[5:].sum() > 0, (
            "a network at rest would prove little"
        )


def test_another_threshold_runs_differently():
    """The equality above is not one of all networks: without the factor 2 of equation 11.39 it is lost."""
    zero = network(np.random.default_rng(2))
    wrong = b2r.binary.BinaryNetwork(
        zero.weights,
        thresholds=zero.thresholds - zero.total_weights,
        external_weights=zero.external_weights,
        external=2 * zero.external - 1,
        encoding="-1/+1",
    )
    runs = [b2r.binary.simulate_binary(n, sweeps=30, seed=0, record=True) for n in (zero, wrong)]
    assert not np.array_equal(2 * runs[0].history - 1, runs[1].history)


def test_mostly_inhibited_units_need_a_positive_bias():
    """theta' > 0 for inhibition (the textbook's sentence has the sign reversed).

    Without a bias such units fall silent at S = 0.
    """
    inhibited = -np.ones((50, 50)) + np.eye(50)
    zero = b2r.binary.BinaryNetwork(inhibited, thresholds=0.0)
    assert np.all(zero.with_encoding("-1/+1").thresholds == 49) and np.all(
        b2r.binary.BinaryNetwork(-inhibited, thresholds=0.0).with_encoding("-1/+1").thresholds == -49
    )
    silent = b2r.binary.simulate_binary(zero, sweeps=5, seed=1)
    biased = b2r.binary.simulate_binary(
        b2r.binary.BinaryNetwork(inhibited, thresholds=zero.balanced_thresholds), sweeps=20, seed=1
    )
    assert silent.activity[0, -1] == 0 and np.all(zero.balanced_thresholds == -24.5)
    assert (
        b2r.binary.BinaryNetwork(inhibited, thresholds=zero.balanced_thresholds)
        .with_encoding("-1/+1")
        .thresholds.max()
        == 0
    )
    # Mutual inhibition at theta' = 0 holds half of the units active: 25 or more silence, 24 or fewer recruit
    assert biased.activity[0, -1] == 0.5


@pytest.mark.parametrize("encoding", ["0/1", "-1/+1"])
def test_sweeps_are_those_of_the_definition(encoding):
    """Incremental arguments against sums made anew for every single update, in the very order that was drawn."""
    rng = np.random.default_rng(3)
    net = network(rng).with_encoding(encoding)
    drawn = np.random.default_rng(seed_streams(4, OfBinary.ORDER))
    orders = [drawn.permutation(net.size) for _ in range(15)]
    run = b2r.binary.simulate_binary(net, sweeps=15, seed=4, record=True)
    states = run.history[0]
    for number, order in enumerate(orders, start=1):
        states = by_hand(net, states, order)
        assert np.array_equal(states, run.history[number])
    assert all(np.array_equal(np.sort(order), np.arange(net.size)) for order in orders)
    together = b2r.binary.simulate_binary(net, sweeps=15, seed=4, update="parallel", record=True)
    for before, after in zip(together.history, together.history[1:]):
        assert np.array_equal(by_hand(net, before), after)


def test_engines_give_the_same_trajectory():
    net = b2r.binary.random_binary_network(**settings(BALANCED, 50, 400), seed=1)
    runs = [
        b2r.binary.simulate_binary(net, sweeps=120, seed=1, engine=engine, record=True)
        for engine in ("auto", "numpy")
    ]
    assert (
        np.array_equal(runs[0].history, runs[1].history)
        and np.array_equal(runs[0].flips, runs[1].flips)
        and runs[1].flips.min() > 0
    )
    assert not np.array_equal(
        runs[0].history, b2r.binary.simulate_binary(net, sweeps=120, seed=2, record=True).history
    )


def test_without_a_compiler_numpy_takes_over(monkeypatch):
    from b2reduce.theory.binary import simulate as binaryrun

    def missing(source):
        raise build.BuildError("there is no C++ compiler (g++ or clang++)")

    net, (kernel, _load) = network(np.random.default_rng(5)), (binaryrun._kernel, binaryrun.load_library)
    expected = b2r.binary.simulate_binary(net, sweeps=5)
    kernel.cache_clear()
    monkeypatch.setattr(binaryrun, "load_library", missing)
    with pytest.warns(RuntimeWarning, match="no C\\+\\+ compiler"):
        run = b2r.binary.simulate_binary(net, sweeps=5)
    assert run.provenance["engine"] == "numpy" and np.array_equal(run.states, expected.states)
    with pytest.raises(b2r.errors.InputError, match="native.*no C\\+\\+ compiler.*numpy"):
        b2r.binary.simulate_binary(net, sweeps=5, engine="native")


def test_decimal_ties_are_ties():
    """0.1 + 0.2 - 0.3 is not 0 in floating point, and H(0) = 0 must hold for it, in both encodings and after
    many flips.
    """
    weights = np.zeros((4, 4))
    weights[3, :3] = 0.1, 0.2, -0.3
    # Three units that are always active, one at its threshold
    net = b2r.binary.BinaryNetwork(weights, thresholds=[-1, -1, -1, 0])
    assert net.arguments([1, 1, 1, 0])[3] > 0, "without care this unit would be active"
    for one in (net, net.with_encoding("-1/+1")):
        for update in ("asynchronous", "parallel"):
            run = b2r.binary.simulate_binary(one, sweeps=3, update=update, initial=1.0)
            assert run.states.tolist() == [1, 1, 1, 0 if one.encoding == "0/1" else -1]


@pytest.mark.parametrize("wiring", ["random", "fixed"])
def test_wiring_is_what_it_says(wiring):
    net = b2r.binary.random_binary_network(
        [[1.0, -2.0], [3.0, -4.0]],
        in_degree=[[30, 20], [10, 0]],
        sizes={"E": 400, "I": 100},
        thresholds=[1, 2],
        external=[5, 6],
        wiring=wiring,
        seed=3,
    )
    W, E, I = net.weights.toarray(), *net.slices.values()
    assert (
        np.all(W.diagonal() == 0)
        and net.external_weights.tolist() == [5] * 400 + [6] * 100
        and net.thresholds.tolist() == [1] * 400 + [2] * 100
    )
    for (a, b), w, K in (((E, E), 1, 30), ((E, I), -2, 20), ((I, E), 3, 10), ((I, I), -4, 0)):
        block = W[a, b]
        assert set(np.unique(block)) <= {0, w}
        own = a == b
        degrees, out, p = (block != 0).sum(axis=1), (block != 0).sum(axis=0), K / (block.shape[1] - own)
        if wiring == "fixed":
            assert np.all(degrees == K)
        for counts, places in ((degrees, block.shape[1] - own), (out, block.shape[0] - own)):
            if K and (wiring == "random" or counts is out):
                # Binomial counts: squared deviations over the variance sum to n, with a variance below 3 n
                # (kurtosis included).
                chi = np.sum((counts - places * p) ** 2) / (places * p * (1 - p))
                assert abs(chi - counts.size) < 5 * (3 * counts.size) ** 0.5
                assert abs(counts.mean() - places * p) <= 5 * (places * p * (1 - p) / counts.size) ** 0.5


def test_variance_of_the_field():
    """sigma^2 of the mean field against the laws of the counts.

    Binomial over wiring, hypergeometric for fixed in-degrees.
    """
    K, A, m, w = 40, 199, 0.3, -0.5
    settings = dict(weights=[[w]], in_degree=K, thresholds=0.0, sizes={"I": A + 1}, external=-w * K * m)
    random = b2r.binary.binary_mean_field(**settings)
    # A m active units, each an input with probability K/A.
    assert random.sd[0] ** 2 == pytest.approx(w**2 * binom(1, K / A).var() * A * random.rates[0], rel=1e-9)
    fixed = b2r.binary.binary_mean_field(**settings, wiring="fixed")
    # Of A units so many are active, K are drawn; the law at whole numbers, m (1 - m) taken there
    whole = round(A * fixed.rates[0])
    assert hypergeom(A, whole, K).var() * w**2 * (fixed.rates[0] * (1 - fixed.rates[0])) / (
        whole / A * (1 - whole / A)
    ) == pytest.approx(fixed.sd[0] ** 2, rel=1e-9)
    assert fixed.sd[0] < random.sd[0]


def test_mean_field_solves_its_equation_and_knows_its_slopes():
    from scipy.stats import norm

    K = 200
    for wiring in ("random", "fixed"):
        arguments = dict(
            in_degree=K, thresholds=BALANCED["thresholds"], sizes={"E": 2000, "I": 1000}, wiring=wiring
        )
        weights, external = BALANCED["J"] / K**0.5, K**0.5 * BALANCED["E"] * BALANCED["m0"]
        state = b2r.binary.binary_mean_field(weights, external=external, **arguments)
        assert state.stable and np.allclose(
            state.rates, norm.sf((BALANCED["thresholds"] - state.mean) / state.sd), rtol=0, atol=1e-9
        )
        # dm/dexternal from the slopes, (1 - S)^-1 phi/sigma, against a changed external input: central
        # differences err by step^2.
        step = 1e-4
        up, down = (
            b2r.binary.binary_mean_field(
                weights, external=external + sign * step * np.array([1, 0]), **arguments
            ).rates
            for sign in (1, -1)
        )
        z = (state.mean - BALANCED["thresholds"]) / state.sd
        expected = np.linalg.solve(np.eye(2) - state.jacobian, norm.pdf(z) / state.sd * [1, 0])
        assert np.allclose((up - down) / (2 * step), expected, rtol=1e-4, atol=0)


def test_the_gaussian_is_close_to_counting():
    """Rates with binomial counts in place of a Gaussian.

    The error of Phi is below Berry-Esseen's, and (1 - dPhi/dm)^-1 carries it to the rates.
    """
    J = BALANCED["J"]
    for K in (100, 400, 1600):
        gaussian = b2r.binary.binary_mean_field(**settings(BALANCED, K, 10_000))
        counted = counted_rates(BALANCED, K, 10_000, gaussian.rates)
        # |F - Phi| <= 0.56 sum E|x|^3/sigma^3 (Shevtsova 2010), for K m events of size |w| each.
        m, w = gaussian.rates, np.abs(J) / K**0.5
        berry = 0.56 * (w**3 @ (K * m)) / gaussian.sd**3
        bound = np.abs(np.linalg.inv(np.eye(2) - gaussian.jacobian)) @ berry
        assert np.all(np.abs(counted - gaussian.rates) <= bound)
        assert np.all(np.abs(counted - gaussian.rates) > 1e-6), "two computations, not one"


def test_balanced_rates():
    state = b2r.binary.balanced_rates(**{key: BALANCED[key] for key in ("J", "E", "m0", "thresholds")})
    assert (
        np.allclose(BALANCED["J"] @ state.rates + BALANCED["E"] * BALANCED["m0"], 0, atol=1e-15)
        and state.others == ()
    )
    # The mean field at huge K, another route: the distance times sqrt(K) tends to the correction, with terms
    # of relative order 1/sqrt(K) times 5 or so.
    for K, within in ((1e6, 5e-3), (1e8, 5e-4)):
        far = b2r.binary.binary_mean_field(**settings(BALANCED, K), initial=state.rates)
        assert (
            np.allclose((far.rates - state.rates) * K**0.5, state.correction, rtol=within, atol=0)
            and far.stable
        )
        # So do the eigenvalues over sqrt(K).
        assert np.allclose(
            np.sort_complex(far.eigenvalues / K**0.5),
            np.sort_complex(state.eigenvalues),
            rtol=10 * within,
            atol=0,
        )


def test_other_states_are_named():
    """Strong recurrent excitation: saturated E cells drive themselves, besides the balanced state."""
    J, E, m0, K = np.array([[1.0, -1.0], [2.0, -1.5]]), np.array([1.0, 0.8]), 0.2, 900
    state = b2r.binary.balanced_rates(J, E, m0)
    assert np.allclose(state.rates, [0.28, 0.48])
    # All active: E gets 1 - 1 + 0.2 and I gets 2 - 1.5 + 0.16, both positive, so that they stay so.
    assert [m.tolist() for m in state.others] == [[1.0, 1.0]] and np.all(J @ [1, 1] + E * m0 > 0)
    # A network that starts there stays: 0.2 sqrt(K) = 6 is five standard deviations of its input.
    arguments = dict(
        weights=J / K**0.5,
        in_degree=K,
        sizes={"E": 2000, "I": 2000},
        thresholds=0.0,
        external=K**0.5 * E * m0,
    )
    stays = b2r.binary.simulate_binary(
        b2r.binary.random_binary_network(**arguments, seed=1), sweeps=40, initial=1.0, seed=1
    ).mean(after=20)
    assert stays.min() > 0.999 and np.all(
        b2r.binary.binary_mean_field(**arguments, initial=1.0).rates > 0.999
    )
    # One without other states comes back from there.
    assert b2r.binary.balanced_rates(BALANCED["J"], BALANCED["E"], BALANCED["m0"]).others == ()
    returns = b2r.binary.simulate_binary(
        b2r.binary.random_binary_network(**settings(BALANCED, 400, 2000), seed=1),
        sweeps=40,
        initial=1.0,
        seed=1,
    ).mean(after=20)
    assert np.all(
        np.abs(returns - b2r.binary.binary_mean_field(**settings(BALANCED, 400, 2000)).rates) < 0.01
    )


@pytest.mark.parametrize(
    "J, E, m0, message",
    [
        (
            [[1, -2], [1, -1.8]],
            [0.8, 1.0],
            0.1,
            "J m \\+ E m0 = 0 gives the rates.*E_E/E_I > J_EI/J_II > J_EE/J_IE",
        ),
        ([[1, -2], [1, -1.8]], [1, 0.8], 2.0, "between 0 and 1"),
        ([[1, -2], [2, -4]], [1, 0.8], 0.1, "singular"),
        ([[2, -1.5], [1, -1]], [1, 0.9], 0.1, "no stable balanced state.*\\[0.07, 0.16\\]"),
        ([[1, -2, 0], [1, -1.8, 0]], [1, 0.8], 0.1, "square"),
        ([[1, -2], [1, -1.8]], [1, 0.8, 3], 0.1, "shape \\(2,\\)"),
        ([[1, -2], [1, -1.8]], [1, 0.8], 0.0, "m0"),
    ],
)
def test_no_balanced_state_is_said(J, E, m0, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        b2r.binary.balanced_rates(J, E, m0)


def test_bad_networks_are_refused():
    for arguments, message in (
        (dict(weights=np.ones((2, 3)), thresholds=0), "shape \\(2, 3\\), expected \\(N, N\\)"),
        (dict(weights=np.ones((2, 2)), thresholds=[1, 2, 3]), "thresholds.*\\(3,\\).*\\(2,\\)"),
        (dict(weights=np.ones((2, 2)), thresholds=np.nan), "finite"),
        (dict(weights=csr_array((2, 2)), thresholds=0, encoding="+-"), "unknown encoding"),
        (dict(weights=np.ones((2, 2)), thresholds=0, external=-1), "external"),
        (dict(weights=np.ones((2, 2)), thresholds=0, populations={"E": 1}), "add up"),
        (dict(weights="no", thresholds=0), "weights"),
        (dict(weights=np.ones((2, 2)), thresholds="low"), "thresholds"),
    ):
        with pytest.raises(b2r.errors.InputError, match=message):
            b2r.binary.BinaryNetwork(**arguments)
    net = b2r.binary.BinaryNetwork(np.ones((2, 2)), thresholds=0)
    for arguments, message in (
        (dict(update="sequential"), "unknown update 'sequential'.*asynchronous, parallel"),
        (dict(sweeps=0), "sweeps"),
        (dict(engine="gpu"), "unknown engine"),
        (dict(initial=[0, 2]), "states"),
        (dict(initial=1.5), "initial"),
        (dict(seed=-1), "seed"),
        (dict(record="all"), "record"),
    ):
        with pytest.raises(b2r.errors.InputError, match=message):
            b2r.binary.simulate_binary(net, **{"sweeps": 3, **arguments})
    with pytest.raises(b2r.errors.InputError, match="after.*0 to 2"):
        b2r.binary.simulate_binary(net, sweeps=3).mean(after=3)
    with pytest.raises(b2r.errors.InputError, match="BinaryNetwork"):
        b2r.binary.simulate_binary(np.ones((2, 2)), sweeps=3)
    for arguments, message in (
        (dict(in_degree=100), "from E to E: got K = 100, but only 99"),
        (dict(wiring="small world"), "unknown wiring"),
        (dict(sizes=[100]), "sizes"),
        (dict(in_degree=2.5, wiring="fixed"), "whole"),
        (dict(in_degree=-1), "in_degree"),
        (dict(thresholds=[1, 2]), "thresholds"),
    ):
        with pytest.raises(b2r.errors.InputError, match=message):
            b2r.binary.random_binary_network(
                **{**dict(weights=[[1.0]], in_degree=10, sizes={"E": 100}, thresholds=1), **arguments}
            )
    with pytest.raises(b2r.errors.InputError, match="K = 100"):
        b2r.binary.binary_mean_field([[1.0]], in_degree=100, sizes=[100], thresholds=1)
    with pytest.raises(b2r.errors.InputError, match="initial"):
        b2r.binary.binary_mean_field([[1.0]], in_degree=100, thresholds=1, initial=2)


def test_nothing_is_changed_behind_ones_back():
    weights, before = np.ones((3, 3)), np.random.get_state()[1].copy()
    net = b2r.binary.BinaryNetwork(weights, thresholds=0)
    run = b2r.binary.simulate_binary(net, sweeps=2)
    weights[0, 0] = 7
    assert net.weights.toarray()[0, 0] == 1 and np.array_equal(np.random.get_state()[1], before)
    for array in (
        net.weights.data,
        net.thresholds,
        run.activity,
        run.states,
        run.flips,
        b2r.binary.binary_mean_field([[-1.0]], in_degree=10, thresholds=-1).rates,
    ):
        with pytest.raises(ValueError):
            array[0] = 1


def test_activities_fall_onto_the_linear_law():
    """Simulated, over a factor of 16 in K; the full table is the experiment's."""
    rows = sweep_over_K(BALANCED, (50, 200, 800), size=4000, seeds=3, sweeps=100)
    for found in verdicts(rows):
        assert found["good"], found
        assert found["bound"] < 0.1, "a bound that allows K^0 or K^-1 would prove nothing"
    for row in rows:
        # Each measured activity against the mean field with counted inputs: chance, of four standard errors
        # with 6 degrees of freedom (p = 0.007 for each of six, one in 25 for all; the seed is fixed), and
        # correlations between units, O(1/N) of order one.
        assert np.all(np.abs(row["rates"] - row["counted"]) <= 4 * row["sem"] + 1 / 4000), row
    far = rows[0]
    assert np.all(np.abs(far["rates"] - far["linear"]) > 20 * far["sem"]), (
        "the linear law alone must be far off at K = 50"
    )
    # Negative control: the mean field of a network with a tenth more input to I does not pass.
    other = {**BALANCED, "E": BALANCED["E"] * [1.0, 1.1]}
    assert np.all(
        np.abs(far["rates"] - counted_rates(other, far["K"], 4000, far["rates"])) > 4 * far["sem"] + 1 / 4000
    )


def test_mean_squares_tend_to_the_gaussian():
    """Two moments far apart share the part of the input that wiring makes: a bivariate normal as K grows."""
    from scipy.special import ndtri
    from scipy.stats import multivariate_normal

    K, rates = 3000, np.array([0.15, 0.35])
    # Thresholds such that these are the rates of Gaussian inputs of the variance K w^2 m.
    J, E, m0 = BALANCED["J"], BALANCED["E"], BALANCED["m0"]
    sd = np.sqrt(J**2 @ rates)
    network = {**BALANCED, "thresholds": np.sqrt(K) * (J @ rates + E * m0) - sd * ndtri(rates)}
    q = counted_squares(network, K, 10**8, rates)
    share = J**2 @ q / sd**2
    gaussian = [multivariate_normal.cdf([ndtri(m)] * 2, cov=[[1, c], [c, 1]]) for m, c in zip(rates, share)]
    # Skewness of the input moves a probability by skewness/6 (z^2 - 1) phi(z), at most skewness/6 times 0.4,
    # and each of two moments; steps of a weight, in w/sd, by half of a step times 0.4.
    skewness = np.abs(J**3 @ rates) / sd**3 / np.sqrt(K)
    assert np.all(np.abs(q - gaussian) <= 0.4 * (2 * skewness / 6 + np.abs(J).min(axis=1) / sd / np.sqrt(K)))
    assert np.all(q - rates**2 > 0.03) and np.all(rates - q > 0.08), "neither alike nor frozen"


def test_exponent_by_hand():
    K = np.array([50, 100, 200, 400])
    slope, sem = exponent(K, 3 / K**0.5, sem=0.03 / K**0.5)
    # Relative errors of 1 %, log K spaced by ln 2: 0.01/sqrt(5 ln(2)^2).
    assert slope == pytest.approx(-0.5, rel=1e-12) and sem == pytest.approx(
        0.01 / (5**0.5 * np.log(2)), rel=1e-12
    )


def test_only_a_flip_costs_anything():
    """Additions to arguments are those to the targets of units that flipped, and not of all that were asked."""
    added = []

    class Noting(np.ndarray):
        def __setitem__(self, key, value):
            added.append(key.stop - key.start if isinstance(key, slice) else np.size(key))
            super().__setitem__(key, value)

    net, rng = network(np.random.default_rng(8), N=200), np.random.default_rng(9)
    states = rng.integers(0, 2, net.size).astype(np.int8)
    active, arguments, W = states.astype(np.uint8), net.arguments(states).view(Noting), net.weights
    before = active.copy()
    flips = _sweep_in_numpy(
        rng.permutation(net.size), W.indptr, W.indices, W.data, 1.0, 1e-9, arguments, active
    )
    flipped = np.flatnonzero(before != active)  # a sweep asks each once
    assert flips == flipped.size and 0 < flips < net.size
    assert sum(added) == np.diff(W.indptr)[flipped].sum()


def test_ten_thousand_units_are_left_to_the_compiled_kernel():
    """A million updates of units with a thousand inputs."""
    net = b2r.binary.random_binary_network(
        [[-1 / 1000**0.5]],
        in_degree=1000,
        sizes={"I": 10_000},
        thresholds=0.5,
        external=0.3 * 1000**0.5,
        seed=1,
    )
    run = b2r.binary.simulate_binary(net, sweeps=100, seed=1)
    assert run.provenance["engine"] == "native" and run.flips.sum() > 100_000


def test_the_figure_draws(tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from b2reduce.experiments.vanvreeswijk1996 import draw

    rows = sweep_over_K(BALANCED, (50, 100), size=300, seeds=2, sweeps=30)
    ax = plt.figure().subplots()
    draw(rows, ax)
    assert "K" in ax.get_xlabel() and ax.get_xscale() == "log"
    ax.figure.savefig(tmp_path / "x.png")
