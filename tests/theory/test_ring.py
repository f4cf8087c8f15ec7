"""The ring in theory, cells with preferred angles, and rates over angle in spikes and in the rate model."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.circuit.orientation import Profile, angles_, read_profile
from b2reduce.circuit.wiring import choose_weighted, draw_wiring

from .. import cases

COSINE = {"kind": "cosine", "modulation": 0.6}
EXPONENTIAL = {"kind": "exponential", "width": 25}
TABLE = {"kind": "table", "values": [0, 1, 2, 4, 2, 1, 0]}


def ring_circuit(size=400, in_degree=40, profile=COSINE, drive_profile=COSINE, G=0.2, probability=None):
    """One featured population with recurrent excitation."""
    degree = {"probability": probability} if probability else {"in_degree": in_degree}
    recurrent = b2r.Projection(
        source="E", target="E", G=G * nS, tau=5 * ms, E=0 * mV, delay=1 * ms, profile=profile, **degree
    )
    external = b2r.Drive(
        name="ext",
        target="E",
        inputs=250,
        rate=14 * Hz,
        G=0.4 * nS,
        tau=5 * ms,
        E=0 * mV,
        profile=drive_profile,
    )
    return b2r.Circuit(
        name="ring",
        populations={"E": b2r.Population("lif", size, feature="orientation")},
        projections=[recurrent],
        drives=[external],
    )


STATES = [
    dict(J0=-4, J2=4, contrast=1, tuning=0.05),
    dict(J0=-2, J2=1, contrast=1, tuning=0.2),
    dict(J0=-2, J2=1, contrast=1, tuning=0.45, threshold=0.5),
    dict(J0=-4, J2=6, contrast=2, tuning=0.0),
    dict(J0=0.5, J2=0.5, contrast=1, tuning=0.1),
    dict(J0=-1, J2=2.5, contrast=1, tuning=0.0, threshold=0.3),
]


@pytest.mark.parametrize("values", STATES)
def test_states_are_where_the_equations_end(values):
    """Width, peak and profile of the exact state against integration of 512 units.

    The sum over units errs by (pi/512)^2 = 4e-5 of a bump's curvature.
    """
    ring = b2r.Ring(**values)
    angles, rates = ring.simulate(duration=6.0)
    at = np.angle(rates @ np.exp(2j * angles)) / 2 if ring.state.marginal else 0.0
    assert np.max(np.abs(rates - ring.state.rates(angles - at))) < 1e-3 * ring.state.peak
    # The edge itself, from the outermost active unit, to the spacing of units.
    if ring.state.kind == "narrow":
        active = (rates > 1e-9 * ring.state.peak).mean() * np.pi / 2
        assert abs(active - ring.state.cut) <= np.pi / 512
        assert np.isclose(ring.state.rates(ring.state.half_width), ring.state.peak / 2, rtol=1e-9)


@pytest.mark.parametrize("J2", [0.5, 1.9, 2.1, 3.0, 6.0])
def test_the_amplitude_boundary_is_where_the_equations_begin_to_run_away(J2):
    """1e-3 to either side of the exact boundary; growth 1e-3 below it is slow, and 1e-3 above it too."""
    boundary = b2r.Ring(J0=0, J2=J2).largest_J0
    inside, outside = (
        b2r.Ring(J0=boundary + shift * max(abs(boundary), 1.0), J2=J2) for shift in (-1e-3, 1e-3)
    )
    assert inside.phase != "amplitude-unstable" and outside.phase == "amplitude-unstable"
    # Eigenvalues of the equations of units around the bump's own shape: N-unit Jacobian restricted to the
    # active ones.
    cut = np.pi / 2 if J2 < 2 else inside.marginal_cut
    # Units whose edges are the bump's: then the sums over them are midpoint rules of the integrals.
    count = 4000
    a = -cut + 2 * cut * (np.arange(count) + 0.5) / count
    for ring, sign in ((inside, -1), (outside, 1)):
        # The coupling has rank three: 1, cos 2a, sin 2a.
        basis = np.stack([np.ones(count), np.cos(2 * a), np.sin(2 * a)])
        gram = basis @ basis.T * (2 * cut / count) / np.pi
        even = np.linalg.eigvals(np.diag([ring.J0, ring.J2]) @ gram[:2, :2]).real.max()
        assert np.sign(even - 1) == sign


def test_the_homogeneous_state_loses_its_stability_at_two():
    for J2, kind in ((2 - 1e-3, "homogeneous"), (2 + 1e-3, "narrow")):
        ring = b2r.Ring(J0=-2, J2=J2, contrast=1)
        assert ring.state.kind == kind
        # Of mode 2 around equal rates: J2/2 - 1, by the Jacobian of 64 units.
        a = angles_(64)
        J = (ring.J0 + J2 * np.cos(2 * (a[:, None] - a))) / 64 - np.eye(64)
        assert (np.linalg.eigvalsh(J).max() > 0) == (kind == "narrow")


def test_a_state_without_stability_names_what_grows():
    with pytest.raises(b2r.errors.DivergenceError, match="mode 0, the mean rate"):
        b2r.Ring(J0=1.2, J2=1.0).state
    with pytest.raises(b2r.errors.DivergenceError, match="ran away.*modes 0 and 2 together"):
        b2r.Ring(J0=2, J2=4, tuning=0.1).simulate()


@pytest.mark.parametrize(
    "values, message",
    [
        (dict(J0="a", J2=1), "J0: got"),
        (dict(J0=0, J2=np.inf), "finite"),
        (dict(J0=0, J2=1, tau=0), "above 0"),
        (dict(J0=0, J2=1, tuning=-0.1), "tuning"),
    ],
)
def test_rings_of_bad_numbers_are_refused(values, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        b2r.Ring(**values)


@pytest.mark.parametrize("profile", [COSINE, EXPONENTIAL, TABLE])
def test_profiles_have_mean_one_and_their_modes(profile):
    p = read_profile(profile, "x")
    d = angles_(100000)
    assert (
        np.isclose(p(d).mean(), 1, rtol=1e-4) and np.allclose(p(d), p(-d)) and np.allclose(p(d), p(d + np.pi))
    )
    assert np.isclose(p.mode(1), 2 * np.mean(p(d) * np.cos(2 * d)), rtol=1e-3)
    assert np.isclose(Profile("cosine", 0.6, at=30)(np.pi / 6), 1.6)


def test_weighted_choices_have_the_probabilities_they_were_given():
    rng = np.random.default_rng(0)
    weights = rng.random(50)
    weights /= weights.sum()
    K, rounds = 10, 20000
    counts = np.zeros(50)
    for _ in range(rounds):
        chosen = choose_weighted(rng, weights, K)
        assert np.unique(chosen).size == K
        counts[chosen] += 1
    # Binomial errors: 4.5 standard deviations over 50 numbers occur once in 3,000 times.
    p = K * weights
    assert np.max(np.abs(counts / rounds - p) / np.sqrt(p * (1 - p) / rounds)) < 4.5
    assert np.max(np.abs(counts / rounds - K / 50) / np.sqrt(p * (1 - p) / rounds)) > 20, (
        "equal probabilities would be seen: the negative control"
    )


@pytest.mark.parametrize("arguments", [dict(), dict(profile=EXPONENTIAL), dict(probability=0.1)])
def test_wiring_follows_the_profile_and_keeps_the_in_degree(arguments):
    circuit = ring_circuit(size=1000, in_degree=100, **arguments)
    i, j, _ = draw_wiring(circuit, 1)["E->E"]
    assert not np.any(i == j)
    if "probability" not in arguments:
        assert (np.bincount(j, minlength=1000) == 100).all()
    a = circuit.populations["E"].angles_
    d = a[i] - a[j]
    # Mean of cos 2d over synapses is mode/2; its standard error is at most 1/sqrt(2 synapses).
    expected = circuit.projections[0].profile.mode(1) / 2
    assert abs(np.cos(2 * d).mean() - expected) < 4 / np.sqrt(2 * i.size)
    plain = ring_circuit(size=1000, in_degree=100, profile=None)
    i, j, _ = draw_wiring(plain, 1)["E->E"]
    assert abs(np.cos(2 * (a[i] - a[j])).mean()) < 4 / np.sqrt(2 * i.size), (
        "without a profile there is no tuning"
    )


def test_a_circuit_with_a_feature_reads_back_and_old_hashes_stay():
    circuit = ring_circuit(profile=TABLE)
    assert b2r.Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
    assert circuit.replace({"projection.E->E.profile": COSINE}).hash != circuit.hash
    assert circuit.replace({"population.E.size": 500}).populations["E"].feature == "orientation"
    assert "feature" not in str(cases.two_populations().to_dict()) and "profile" not in str(
        cases.two_populations().to_dict()
    )


def plain(**changes):
    return b2r.Circuit(
        populations={"E": b2r.Population("lif", 40)},
        projections=[
            b2r.Projection(source="E", target="E", in_degree=10, G=1 * nS, tau=5 * ms, E=0 * mV, **changes)
        ],
    )


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: b2r.Population("lif", 1, feature="orientation"), "an axis of 1 cell, expected at least"),
        (lambda: b2r.Population("lif", 40, feature="orientatoin"), "did you mean 'orientation'"),
        (lambda: plain(profile=COSINE), "has no feature"),
        (lambda: ring_circuit(profile={"kind": "cosin", "modulation": 1}), "did you mean 'cosine'"),
        (lambda: ring_circuit(profile={"kind": "cosine"}), "'modulation' is missing"),
        (lambda: ring_circuit(profile={"kind": "cosine", "modulation": 1.5}), "-1 to 1"),
        (
            lambda: ring_circuit(profile={"kind": "cosine", "modulation": 0.5, "width": 3}),
            "unknown key 'width'",
        ),
        (lambda: ring_circuit(profile={"kind": "exponential", "width": 0}), "above 0 degrees"),
        (lambda: ring_circuit(profile={"kind": "table", "values": [1, 2, 3, 2, 0.5]}), "must be periodic"),
        (lambda: ring_circuit(profile={"kind": "table", "values": [1, 2, 3, 1, 1]}), "must be even"),
        (lambda: ring_circuit(profile={"kind": "table", "values": [[1, 2], [3, 4]]}), "expected a list"),
        (lambda: ring_circuit(profile=0.5), "expected a table such as"),
        (lambda: ring_circuit(size=60, in_degree=50), "probability of 1.37, expected at most 1"),
        (
            lambda: ring_circuit().replace({"drive.ext.rate": ([0, 1] * second, [1, 2] * Hz)}),
            "a table with a profile",
        ),
        (lambda: b2r.ring_profile(cases.reduced()), "no population has a feature"),
        (
            lambda: b2r.simulate_rates(
                b2r.reduce(ring_circuit(), gains={"E": cases.gain()}),
                duration=0.1 * second,
                drives={"ext": ([0, 1] * second, [1, 2] * Hz)},
            ),
            "drive with a profile",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        call()


def test_the_profile_of_one_population_is_that_of_the_ring():
    """The reduced circuit in the ring's units.

    J0 = beta W, J2 = beta W m, c = beta W_ext r, tuning from the drive's modulation, T = beta theta.
    """
    reduced = b2r.reduce(ring_circuit(G=0.2), gains={"E": cases.gain()}, at={"ext": 14 * Hz})
    found = b2r.ring_profile(reduced)
    [modes] = found.modes.to_dict("records")
    beta, m = cases.BETA, 0.6
    c = beta * reduced.W_ext_["E", "ext"] * 14 * (1 + m)
    ring = b2r.Ring(
        J0=modes["J0"], J2=modes["J2"], contrast=c, tuning=m / (1 + m), threshold=beta * reduced.theta_["E"]
    )
    assert np.isclose(modes["J2"], 0.6 * modes["J0"]) and np.isclose(modes["J0"], beta * reduced.W_["E", "E"])
    assert np.allclose(found.rate_[0], ring.state.rates(found.angles_), atol=1e-3 * ring.state.peak)
    assert np.isclose(found.table.loc["E", "peak [Hz]"], ring.state.peak, rtol=1e-3)
    if np.isfinite(ring.state.half_width):
        assert np.isclose(
            found.table.loc["E", "half width [deg]"], np.degrees(ring.state.half_width), atol=0.1
        )


def test_a_ring_that_runs_away_says_so():
    with pytest.raises(b2r.errors.DivergenceError, match="runs away.*grows"):
        b2r.ring_profile(b2r.reduce(ring_circuit(G=1.5), gains={"E": cases.gain()}))


def test_units_of_cells_follow_the_profile_of_the_limit():
    """One unit a cell on drawn wiring, beside the limit of many cells."""
    circuit = ring_circuit(size=2000, in_degree=200, G=0.04)
    gains = {"E": cases.gain()}
    reduced = b2r.reduce(circuit, gains=gains, cells=True)
    assert not [w for w in reduced.warnings if "profiles" in w]
    run = b2r.simulate_rates(reduced, duration=0.3 * second, seed=1)
    curve = b2r.tuning_curve(run, circuit, after=0.2 * second, bins=18)
    limit = b2r.ring_profile(b2r.reduce(circuit, gains=gains))
    expected = np.array(
        [
            limit.rate_[0][
                np.abs((limit.angles_ - np.deg2rad(x) + np.pi / 2) % np.pi - np.pi / 2) <= np.deg2rad(5)
            ].mean()
            for x in curve["angle [deg]"]
        ]
    )
    # Cells of a bin differ by which cells they were wired to: its standard error over 111 cells, and the
    # bin's own width at the edge of the bump.
    assert np.all(np.abs(curve["rate [Hz]"] - expected) < 5 * curve["sem [Hz]"] + 0.01 * expected.max())
    assert any("profiles" in w for w in b2r.reduce(circuit, gains=gains).warnings)


@pytest.mark.slow
@pytest.mark.long
def test_a_spiking_ring_beside_its_theory():
    circuit = b2r.load_circuit("ring_lif")
    runs = [b2r.simulate_spikes(circuit, duration=1.5 * second, seed=seed, record=0) for seed in (1, 2)]
    curve = b2r.tuning_curve(runs, circuit, after=0.5 * second, bins=18)
    spiking = curve[curve["population"] == "E"]["rate [Hz]"].to_numpy()
    profile = b2r.ring_profile(b2r.reduce(circuit, level="transfer", seed=1))
    # Cells of a bin of 10 degrees average the bump's curve: expected over the same bins.
    degrees = np.degrees(profile.angles_)
    theory = np.array(
        [profile.rate_[0][(degrees >= x - 5) & (degrees < x + 5)].mean() for x in np.arange(-85, 90, 10)]
    )
    # The package's bound for a quantitative rate model is 15 % of a mean rate; here of the peak, at every
    # angle.
    assert np.max(np.abs(spiking - theory)) < 0.15 * spiking.max()
    untuned = b2r.ring_profile(
        b2r.reduce(circuit.replace({"drive.ext->E.profile": None}), level="transfer", seed=1)
    )
    assert np.ptp(untuned.rate_[0]) < 0.01 * untuned.rate_[0].mean(), (
        "without tuned input there is no bump below J2 = 2: the negative control"
    )


def test_a_tuned_drive_reaches_the_spiking_cells_by_angle():
    """Events of the drive on each cell, seen in the mean conductance.

    Rate (1 + m cos 2a) within the error of Poisson counts.
    """
    circuit = ring_circuit(size=64, in_degree=8, G=0.0, profile=None)
    run = b2r.simulate_spikes(circuit, duration=2 * second, seed=1, record=64)
    mean = np.asarray(run.conductances["ext->E"]).mean(axis=1)
    modulation = 2 * np.mean(mean * np.cos(2 * circuit.populations["E"].angles_)) / mean.mean()
    # 64 cells x 2 s x 3,500 Hz events: the standard error of the mode is sqrt(2/events).
    assert abs(modulation - 0.6) < 5 * np.sqrt(2 / (64 * 2 * 3500)) + 1e-3


@pytest.mark.parametrize(
    "values",
    [
        (-4, 4, 1, 0.05, 0.0),
        (-4, 4, 1, 0.2, 0.0),
        (-10, 6, 1, 0.1, 0.2),
        (0.2, 3, 1, 0.02, 0.5),
        (-2, 1.5, 1, 0.3, 0.0),
        (-3, 5, 2, 0.02, 1.0),
    ],
)
def test_all_states_are_found_those_opposite_to_the_input_too(values):
    """Against roots of the two order parameters on a ring of 1440 units, from many starts."""
    from scipy.optimize import root

    ring = b2r.Ring(*values)
    a = np.linspace(-np.pi / 2, np.pi / 2, 1440, endpoint=False)
    out = lambda m0, m2: np.maximum(ring.input(a) + ring.J0 * m0 + ring.J2 * m2 * np.cos(2 * a), 0.0)
    excess = lambda x: [np.mean(out(*x)) - x[0], np.mean(out(*x) * np.cos(2 * a)) - x[1]]
    size, found = max(abs(state.peak) for state in ring.states) + 0.1, []
    for m0 in size * np.linspace(0, 1, 9):
        for m2 in size * np.linspace(-0.6, 0.6, 25):
            answer = root(excess, [m0, m2], tol=1e-12)
            if (
                np.max(np.abs(excess(answer.x))) < 1e-9
                and answer.x[0] >= -1e-9
                and not any(np.allclose(answer.x, other, atol=1e-6) for other in found)
            ):
                found.append(answer.x)
    mine = [(np.mean(state.rates(a)), np.mean(state.rates(a) * np.cos(2 * a))) for state in ring.states]
    # The mean of a bump over 1440 units is off by the square of their distance, 5e-6 of its height.
    assert len(mine) == len(found)
    for x in found:
        assert min(np.max(np.abs(np.subtract(x, y))) for y in mine) < 1e-4 * size
    if values == (-4, 4, 1, 0.05, 0.0):
        opposite = [state for state in ring.states if state.at > 0 and state.kind == "narrow"]
        assert (
            len(opposite) == 1
            and not opposite[0].stable
            and opposite[0].peak == pytest.approx(opposite[0].rates(np.pi / 2))
        )
