"""Synapses whose sizes differ: what is read, its moments, and what networks and rate models make of it."""

import numpy as np
import pytest
from brian2 import Hz, mV, nS, pA, second
from scipy.integrate import quad

import b2reduce as b2r
from b2reduce.circuit.file_check import check_file
from b2reduce.circuit.sizes import LogNormalSize, NormalSize
from b2reduce.circuit.wiring import draw_sizes, draw_wiring, drive_sums
from b2reduce.errors import CircuitError
from b2reduce.reduction.inputs import average, sources_of

SYNAPSE = dict(tau="5 ms", E="0 mV")


def circuit_of(G="normal(0.5 nS, 0.2 nS)", drive="lognormal(0.4 nS, 0.3 nS)", **changes):
    """Cells with one projection and one drive."""
    return b2r.Circuit(
        populations={"E": b2r.Population("lif", changes.pop("size", 200))},
        projections=[b2r.Projection("E", "E", G, in_degree=changes.pop("in_degree", 50), **SYNAPSE)],
        drives=[b2r.Drive("ext", "E", 100, "20 Hz", drive, **SYNAPSE, **changes)],
    )


def test_moments_of_a_cut_normal_are_those_of_its_density():
    sizes = NormalSize(2 * nS, 0.85 * nS)
    density = lambda x: np.exp(-(((x - 2) / 0.85) ** 2) / 2)
    of = lambda power: quad(lambda x: x**power * density(x), 0, 12, epsabs=0, epsrel=1e-11)[0]
    assert float(sizes.mean / nS) == pytest.approx(of(1) / of(0), rel=1e-9)
    assert sizes.second == pytest.approx(of(2) * of(0) / of(1) ** 2, rel=1e-9)
    whole = quad(density, -12, 12, epsabs=0, epsrel=1e-11)[0]
    assert sizes.share_cut == pytest.approx(1 - of(0) / whole, rel=1e-6)
    assert NormalSize(-2 * mV, 0.85 * mV).mean / mV == pytest.approx(-of(1) / of(0), rel=1e-9)


@pytest.mark.parametrize(
    "sizes",
    [
        NormalSize(0.5 * nS, 0.2 * nS),
        NormalSize(-0.5 * nS, 0.1 * nS),
        LogNormalSize(0.5 * nS, 0.4 * nS),
        circuit_of(["1 nS", "2 nS", "6 nS"]).projections[0].sizes,
    ],
    ids=str,
)
def test_draws_have_the_moments(sizes):
    n = 200_000
    drawn = sizes.draw(np.random.default_rng(1), n)
    # Five standard errors of each mean, from the drawn variances
    assert abs(drawn.mean() - 1) < 5 * drawn.std() / np.sqrt(n)
    assert abs((drawn**2).mean() - sizes.second) < 5 * (drawn**2).std() / np.sqrt(n)
    assert drawn.min() >= 0
    # The control: what the squared mean alone would be is far outside
    assert abs((drawn**2).mean() - 1) > 20 * (drawn**2).std() / np.sqrt(n)


def test_means_go_into_weights_and_mean_squares_into_noise():
    circuit = circuit_of("lognormal(0.5 nS, 0.25 nS)", "normal(0.4 nS, 0.1 nS)")
    plain = circuit_of("0.5 nS", circuit.drives[0].sizes.mean)
    rates, drives, model = {"E": 7.0}, {("ext", "E"): 20.0}, circuit.populations["E"].model
    assert average(circuit, "E", rates, drives) == pytest.approx(
        average(plain, "E", rates, drives), rel=1e-12
    )
    own = 1 + 0.5**2
    for p, q in zip(circuit.pathways("E"), plain.pathways("E")):
        expected = 1 + 0.25**2 if p.is_drive else own  # of the drive 3e-5 is cut
        for moment in ("variance_", "density_"):
            found = getattr(p, moment)(5.0, model) / getattr(q, moment)(5.0, model)
            assert found == pytest.approx(expected, rel=1e-3 if p.is_drive else 1e-12)
    # Poisson sources of the noise: sums of mean and of variance over events
    total = lambda power: sum(
        source.rate_ * source.synapse.size_**power for source in sources_of(circuit, "E", rates, drives, {})
    )
    p_drive, p_own = circuit.pathways("E")
    events = [(100 * 20.0, p_drive), (50 * 7.0, p_own)]
    assert total(1) == pytest.approx(sum(n * p.G_ for n, p in events), rel=1e-12)
    assert total(2) == pytest.approx(sum(n * p.second * p.G_**2 for n, p in events), rel=1e-12)


def test_a_drive_has_the_mean_and_variance_of_the_synapses_of_each_cell():
    circuit = circuit_of(size=2000)
    size, number = drive_sums(circuit, 3)["ext", "E"]
    square, K, cells = circuit.drives[0].second, 100, 2000
    sums = size * number  # mean size of the K synapses of a cell
    assert abs(sums.mean() - 1) < 5 * np.sqrt((square - 1) / K / cells)
    # Means of K independent sizes vary by (square - 1)/K; a variance of 2000 has 3.2 % standard error
    assert sums.var() == pytest.approx((square - 1) / K, rel=5 * np.sqrt(2 / cells) * 1.2)
    assert (size**2 * number).mean() == pytest.approx(square, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["brian2", pytest.param("standalone", marks=pytest.mark.long)])
def test_synapses_of_a_network_have_their_own_sizes(engine):
    """Charge that a cell has received through its synapses is counted by a variable that never decays."""
    from b2reduce.networks.engines.standalone import Standalone

    if engine == "standalone" and Standalone().problem(None):
        pytest.skip("there is no compiler")
    circuit = circuit_of("lognormal(0.5 nS, 0.5 nS)", "lognormal(0.6 nS, 0.4 nS)", size=100)
    assert circuit.hash != circuit_of("0.5 nS", "lognormal(0.6 nS, 0.4 nS)", size=100).hash
    run = b2r.simulate_spikes(circuit, duration="2 s", seed=2, record=100, engine=engine)
    again = b2r.simulate_spikes(circuit, duration="2 s", seed=2, record=100, engine=engine)
    assert np.array_equal(run.spikes_["E"][1], again.spikes_["E"][1])
    counts = np.bincount(run.spikes_["E"][0], minlength=100)
    assert counts.sum() > 500
    wiring = draw_wiring(circuit, 2)
    i, j, _ = wiring["E->E"]
    sizes = draw_sizes(circuit, wiring, 2)["E->E"]
    late = np.bincount(j, sizes * counts[i], 100)
    found = run.conductances_["E->E"].mean(axis=1)
    expected = 0.5e-9 * 5e-3 * late / 2.0
    equal = 0.5e-9 * 5e-3 * np.bincount(j, counts[i] * 1.0, 100) / 2.0
    apart = lambda a, b: np.sqrt(np.mean((a - b) ** 2)) / b.mean()
    # Conductances are seen every ms and at the ends 5 ms of 2 s are missing or over, below 1 % of the mean;
    # the control, equal sizes, is off by their spread over 50 inputs, 1/sqrt(50) = 14 %
    assert apart(found, expected) < 0.01
    assert apart(found, equal) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["brian2", pytest.param("standalone", marks=pytest.mark.long)])
def test_a_drive_over_time_is_as_large_whether_its_sizes_differ_or_not(numpy_code, engine):
    from b2reduce.networks.engines.standalone import Standalone

    if engine == "standalone" and Standalone().problem(None):
        pytest.skip("there is no compiler")
    given = {
        "equal": "0.4 nS",
        "lognormal": "lognormal(0.4 nS, 0.3 nS)",
        "normal": "normal(0.4 nS, 0.1 nS)",
        "listed": ["0.2 nS", "0.4 nS", "0.6 nS"],
    }
    cells, K, rates, T = 200, 100, np.array([20.0, 60.0]), 0.45
    table = {"times": ["0 s", "0.5 s"], "values": ["20 Hz", "60 Hz"]}
    circuit = b2r.Circuit(
        populations={name: b2r.Population("lif", cells) for name in given},
        drives=[b2r.Drive(f"to_{name}", name, K, table, G, **SYNAPSE) for name, G in given.items()],
        dt="0.5 ms",
    )
    run = b2r.simulate_spikes(circuit, duration="1 s", seed=4, record=cells, engine=engine)
    t = run.conductance_t_
    found = {
        drive.target: np.array(
            [
                run.conductances_[f"{drive.name}->{drive.target}"][:, (t > end - T) & (t <= end)].mean()
                for end in (0.5, 1.0)
            ]
        )
        for drive in circuit.drives
    }
    # Where a rate has been the same for ten time constants, the mean conductance of a cell in a time T is the
    # sum of its events w: of K*rate*T events with second moment <w^2> = s*<w>^2 it has the relative variance
    # s/(K*rate*T), and that of the mean size of its K synapses is (s - 1)/K, both over as many cells. The
    # means in equal and in other cells are independent, and five standard deviations (3 %) are let pass;
    # decay between events and the ends of T make deviations smaller
    variance = lambda s: (s / (K * rates * T) + (s - 1) / K) / cells
    for drive in circuit.drives[1:]:
        apart = np.abs(found[drive.target] / found["equal"] - 1)
        assert (apart < 5 * np.sqrt(variance(drive.second) + variance(1))).all(), (drive.target, apart)
    assert found["equal"][1] == pytest.approx(3 * found["equal"][0], rel=5 * np.sqrt(sum(variance(1))))


def test_files_are_written_read_and_changed(tmp_path):
    circuit = circuit_of(["0.1 nS", "0.2 nS", "0.6 nS"])
    circuit.save(tmp_path / "net.toml")
    text = (tmp_path / "net.toml").read_text()
    assert 'G = ["0.1 nS", "0.2 nS", "0.6 nS"]' in text and 'G = "lognormal(0.4 nS, 0.3 nS)"' in text
    assert b2r.load_circuit(tmp_path / "net.toml").hash == circuit.hash and not check_file(
        tmp_path / "net.toml"
    )
    assert circuit_of([0.1, 0.2, 0.7] * nS).hash != circuit.hash
    changed = circuit.replace({"projection.E->E.tau": "6 ms", "drive.ext.G": "0.3 nS"})
    assert changed.projections[0].sizes == circuit.projections[0].sizes and changed.drives[0].sizes is None
    assert circuit.replace({"drive.ext.G": "normal(0.3 nS, 30 pS)"}).drives[0].second == pytest.approx(1.01)
    assert "one of 3 with mean" in repr(circuit) and "lognormal(0.4 nS, 0.3 nS)" in circuit.to_latex()
    with pytest.raises(CircuitError, match="no single number"):
        circuit.value("projection.E->E.G")


@pytest.mark.parametrize(
    "G, said",
    [
        ("normal(0.5 nS)", "two values"),
        ("normal(0.5 nS, 0.1 mV)", "standard deviation.*S"),
        ("normal(0.5, 0.1)", "conductance"),
        ("normal(0.5 nS, -0.1 nS)", "at least 0"),
        ("normal(0.5 nS, 0.5 nS)", "other sign.*lognormal"),
        ("lognormal(0 nS, 0.5 nS)", "not 0"),
        ("lognormal(-1 nS, 0.5 nS)", "at least 0 in S"),
        ("uniform(0.1 nS, 0.5 nS)", "lognormal"),
        ("normal(0.5 nS, 0.1 nS, 3)", "two values"),
        ("normal(0.5 nS, x)", "G"),
        (["0.1 nS", "-0.2 nS"], "both signs"),
        (["0.1 nS", "0.2 mV"], "values in"),
        ([], "a list such as"),
        (np.array([0.1, 0.2]), "with its unit"),
        ([[0.1, 0.2]] * nS, "a list such as"),
        ([0.1, np.nan] * nS, "finite"),
        ([0.0, 0.0] * nS, "all sizes are 0"),
        ([1.0, 2.0] * pA, "conductance"),
        ("lognormal(1 nS, 1e250 nS)", "times its mean, expected at most 100"),
    ],
    ids=str,
)
def test_what_is_no_distribution_is_refused(G, said):
    with pytest.raises(CircuitError, match=said) as raised:
        circuit_of(G)
    assert "E->E" in str(raised.value) and "G" in str(raised.value)


def test_a_deviation_of_next_to_nothing_cuts_nothing():
    for sd in ("0 nS", "1e-250 nS", "0.1 pS"):
        drive = b2r.Drive("ext", "E", 1, "1 Hz", f"normal(1 nS, {sd})", "5 ms", "0 mV")
        assert drive.second == pytest.approx(1, abs=1e-7) and drive.sizes.share_cut == 0


def test_only_the_size_may_differ():
    with pytest.raises(CircuitError, match="tau"):
        b2r.Projection("E", "E", "1 nS", "normal(5 ms, 1 ms)", "0 mV", in_degree=3)


@pytest.mark.parametrize(
    "values",
    [
        dict(kind="jump", J="normal(-0.1 mV, 0.02 mV)"),
        dict(kind="current", w="lognormal(20 pA, 20 pA)", tau="5 ms"),
        dict(kind="alpha", G="normal(1 nS, 0.2 nS)", tau="3 ms", E="0 mV"),
        dict(kind="rise_decay", G="normal(1 nS, 0.2 nS)", tau_rise="1 ms", tau="3 ms", E="0 mV", norm="peak"),
    ],
    ids=lambda values: values["kind"],
)
def test_every_kind_takes_them(values):
    circuit = b2r.Circuit(
        populations={"E": b2r.Population("lif", 20)},
        projections=[b2r.Projection("E", "E", in_degree=5, **values)],
        drives=[b2r.Drive("ext", "E", 10, ([0, 1] * second, [5, 0] * Hz), **values)],
    )
    own, plain = (p.synapse.scaled(s) for p in circuit.pathways("E")[1:] for s in (1.0, 2.0))
    changed = {name for name, value in own.variables_.items() if plain.variables_[name] != value}
    assert circuit.pathways("E")[1].sized == tuple(changed) and len(changed) == 1
    assert b2r.Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
