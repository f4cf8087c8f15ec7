"""Wiring, conductances and statistics of the spiking network."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.circuit.wiring import _choose_each, choose, wire


def projection(**changes):
    return b2r.Projection(
        **{
            **dict(
                source="E",
                target="E",
                in_degree=10,
                G=0.2 * nS,
                tau=5 * ms,
                E=0 * mV,
                delay=["0.5 ms", "3 ms"],
            ),
            **changes,
        }
    )


@pytest.mark.parametrize("available, K", [(1000, 20), (30, 25), (10, 10), (5, 1)])
def test_choices_are_without_replacement_and_uniform(available, K):
    rows = 4000
    picks = choose(np.random.default_rng(1), available, K, rows)
    assert (
        picks.shape == (rows, K)
        and (np.diff(picks, axis=1) > 0).all()
        and picks.min() >= 0
        and picks.max() < available
    )
    # Every number is taken rows K/available times, binomially: five standard deviations, for up to 1000
    # numbers.
    expected = rows * K / available
    assert (
        np.abs(np.bincount(picks.ravel(), minlength=available) - expected).max()
        <= 5 * np.sqrt(expected * (1 - K / available)) + 1e-9
    )


def test_choices_of_different_numbers_keep_their_rows():
    """Cells of as many inputs are drawn at once, and stand where they belong."""
    degrees = np.array([3, 0, 5, 3, 20, 5, 3])
    chosen = np.split(_choose_each(np.random.default_rng(1), 25, degrees), np.cumsum(degrees)[:-1])
    assert [len(row) for row in chosen] == degrees.tolist()
    assert all(np.all(np.diff(row) > 0) and np.all((row >= 0) & (row < 25)) for row in chosen)
    many = np.random.default_rng(2).binomial(50, 0.2, 20_000)
    taken = np.bincount(_choose_each(np.random.default_rng(3), 50, many), minlength=50)
    # Of 20,000 rows each takes a number with probability 0.2: five standard deviations
    assert np.abs(taken - 4000 * many.sum() / 200_000).max() < 5 * np.sqrt(20_000 * 0.2 * 0.8)


def test_a_fixed_in_degree_is_exact_and_skips_the_cell_itself():
    i, j, delay = wire(projection(), 50, 50, np.random.default_rng(0))
    assert (np.bincount(j, minlength=50) == 10).all() and (i != j).all() and i.max() == 49 and i.min() == 0
    assert len({(a, b) for a, b in zip(i.tolist(), j.tolist())}) == 500
    # 500 uniform delays: their mean lies within four standard errors of the middle.
    assert (
        delay.min() >= 0.5e-3
        and delay.max() <= 3e-3
        and abs(delay.mean() - 1.75e-3) < 4 * 2.5e-3 / np.sqrt(12 * 500)
    )


def test_a_probability_connects_independent_pairs():
    i, j, _ = wire(projection(in_degree=None, probability=0.2), 200, 200, np.random.default_rng(0))
    degrees = np.bincount(j, minlength=200)
    assert (i != j).all() and abs(i.size - 0.2 * 199 * 200) < 5 * np.sqrt(0.2 * 0.8 * 199 * 200)
    # In-degrees scatter binomially; a variance over 200 cells is known to sqrt(2/199) = 10 %, four of which
    # are 40 %.
    assert degrees.var() == pytest.approx(0.2 * 0.8 * 199, rel=0.4)


def test_a_single_delay_is_one_value_and_may_be_zero():
    assert wire(projection(delay="1.5 ms"), 20, 20, np.random.default_rng(0))[2] == 1.5e-3
    assert wire(projection(delay=0 * ms), 20, 20, np.random.default_rng(0))[2] == 0


DRIVE = b2r.Drive(name="ext", target="E", inputs=100, rate=20 * Hz, G=0.5 * nS, tau=5 * ms, E=0 * mV)


def test_conductances_follow_campbell():
    """Mean and variance of a Poisson conductance on the time grid (THEORY, section 2)."""
    quiet = b2r.Circuit(populations={"E": b2r.Population("lif", 200, {"V_th": "1 V"})}, drives=[DRIVE])
    g = np.asarray(
        b2r.simulate_spikes(quiet, duration=1 * second, record=200, seed=2).conductances["ext->E"]
    )[:, 100:]
    G, tau, R, dt = 0.5e-9, 5e-3, 2000.0, 1e-4
    # At the end of a step the conductance has just been raised, so the sums over past steps are geometric
    # series.
    mean, variance = G * R * dt / -np.expm1(-dt / tau), G**2 * R * dt / -np.expm1(-2 * dt / tau)
    # 200 cells x 0.9 s hold 200 x 0.9/(2 tau) = 18000 independent values (a correlation time of tau counts
    # for two). The grand mean is then known to sqrt(variance/18000), the variance to sqrt(2/18000) = 1.1 % (a
    # little more, as the distribution is skewed): four of each.
    assert abs(g.mean() - mean) < 4 * np.sqrt(variance / 18000)
    assert g.var() == pytest.approx(variance, rel=0.05)
    assert abs(g.mean() - G * R * tau) > 0.5 * abs(mean - G * R * tau), (
        "the continuous mean lies 1 % below: it would be seen"
    )


def test_a_spike_arrives_after_its_delay_with_its_weight():
    # One driven cell, one silent cell that listens: every spike of the first raises the conductance of the
    # second by G.
    circuit = b2r.Circuit(
        populations={
            "E": b2r.Population("lif", 1, {"I_app": "500 pA"}),
            "I": b2r.Population("lif", 1, {"V_th": "1 V"}),
        },
        projections=[
            b2r.Projection(source="E", target="I", in_degree=1, G=2 * nS, tau=5 * ms, E=0 * mV, delay=2 * ms)
        ],
        dt="0.1 ms",
    )
    run = b2r.simulate_spikes(circuit, duration=0.2 * second, bin=1 * ms)
    spikes, g, t = run.spikes_["E"][1], run.conductances_["E->I"][0], run.conductance_t_
    assert len(spikes) > 5 and run.spikes_["I"][0].size == 0
    since = t[:, None] - spikes[None, :] - 2e-3
    expected = np.where(since > 0.5e-4, 2e-9 * np.exp(-(since - 1e-4) / 5e-3), 0).sum(axis=1)
    # The jump is made at the end of the step in which it arrives, and read there: the decay starts one step
    # later. A decay by rk2 is off by (dt/tau)^3/6 a step, most after tau: 50 x 1.3e-6/e = 2.5e-5 of a jump;
    # two jumps overlap.
    np.testing.assert_allclose(g, expected, rtol=0, atol=5e-5 * 2e-9)
    assert np.abs(g - np.roll(expected, 1)).max() > 0.1e-9, "a millisecond more would be seen"


def test_rates_are_counts_of_the_spikes(small):
    run = b2r.simulate_spikes(small, duration=0.2 * second, seed=3, bin=10 * ms)
    for number, name in enumerate(run.populations):
        i, t = run.spikes_[name]
        assert run.rate_[number].sum() * 0.01 * run.sizes[name] == pytest.approx(i.size)
        first = np.count_nonzero(t < 0.01 - 1e-9)
        assert run.rate_[number, 0] * 0.01 * run.sizes[name] == pytest.approx(first)
    for array in (run.spikes["E"][0], run.spikes["E"][1], run.conductances["E->E"]):
        with pytest.raises(ValueError):
            array[0] = array[0]
    assert (
        run.rate.shape == (2, 20) and float(run.t[0]) == pytest.approx(0.005) and run.provenance["seed"] == 3
    )


@pytest.mark.smoke
def test_the_same_seed_gives_the_same_run_and_another_seed_other_wiring_and_noise(small):
    first, again, other = (b2r.simulate_spikes(small, duration=0.1 * second, seed=seed) for seed in (1, 1, 2))
    for name in first.populations:
        np.testing.assert_array_equal(first.spikes_[name][1], again.spikes_[name][1])
        assert (
            first.spikes_[name][1].size != other.spikes_[name][1].size
            or (first.spikes_[name][1] != other.spikes_[name][1]).any()
        )


def test_wiring_does_not_move_with_the_length_of_the_run(small):
    groups = [b2r.spiking_network(small, seed=seed)[0].objects for seed in (4, 4, 5)]
    indices = [
        np.array(next(o for o in objects if o.name.startswith("synapses_I_to_E")).i[:]) for objects in groups
    ]
    np.testing.assert_array_equal(indices[0], indices[1])
    assert (indices[0] != indices[2]).any()


def test_a_drive_that_steps_makes_the_rate_step():
    table = ([0, 0.5] * second, [10, 20] * Hz)
    drive = b2r.Drive(name="ext", target="E", inputs=100, rate=table, G=1 * nS, tau=5 * ms, E=0 * mV)
    circuit = b2r.Circuit(populations={"E": b2r.Population("lif", 300)}, drives=[drive])
    run = b2r.simulate_spikes(circuit, duration=1 * second, seed=1, record=300)
    g = np.asarray(run.conductances["ext->E"]).mean(axis=0)
    t = run.conductance_t_
    # Means K G tau r = 5 and 10 nS; 300 cells x 0.4 s: known to sqrt(G^2 tau R/2 x 2 tau/(300 x 0.4 s)),
    # below 0.02 nS.
    assert g[(t > 0.1) & (t < 0.5)].mean() == pytest.approx(5e-9, rel=0.02) and g[
        t > 0.6
    ].mean() == pytest.approx(10e-9, rel=0.02)
    assert run.mean(after=0.6 * second)["E"] > 3 * run.rate_[0, (run.t_ > 0.1) & (run.t_ < 0.5)].mean()


def test_cells_differ_where_a_parameter_has_a_spread():
    circuit = b2r.Circuit(populations={"E": b2r.Population("lif", 200, {"I_app": "normal(300 pA, 30 pA)"})})
    run = b2r.simulate_spikes(circuit, duration=0.5 * second)
    counts = np.bincount(run.spikes_["E"][0], minlength=200)
    assert counts.std() > 2 and (counts == 0).any(), "cells below rheobase are silent, others fast"


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(duration=0 * second), "duration"),
        (dict(bin=0.01 * ms), "bin"),
        (dict(bin=5 * second), "bin"),
        (dict(record=-1), "record"),
        (dict(engine="fast"), "engine"),
        (dict(circuit="ei"), "ei_lif"),
        (dict(duration=1 * mV), "duration"),
    ],
)
def test_bad_arguments_are_refused(small, arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.simulate_spikes(**{"circuit": small, "duration": 0.1 * second, **arguments})


def test_a_diverging_network_says_which_population():
    wild = b2r.load_model("wang_buzsaki1996")
    circuit = b2r.Circuit(
        populations={"E": b2r.Population(wild, 5)},
        dt="0.5 ms",
        drives=[
            b2r.Drive(name="ext", target="E", inputs=100, rate=50 * Hz, G="20 uS/cm^2", tau=5 * ms, E=0 * mV)
        ],
    )
    with pytest.raises(b2r.errors.DivergenceError, match="population E.*smaller dt"):
        b2r.simulate_spikes(circuit, duration=0.2 * second, dt=0.5 * ms)  # a step that is given stays


def test_activity_means_and_smoothing():
    rates = np.array([[10.0] * 50 + [20.0] * 50])
    run = b2r.Activity(("E",), (np.arange(100) + 0.5) * 1e-2, rates, 1e-2)
    assert run.mean()["E"] == 15 and run.mean(after=0.5 * second)["E"] == 20
    smooth = run.smooth(20 * ms)
    assert (
        smooth.mean()["E"] == pytest.approx(15) and 14 < smooth.rate_[0, 49] < 16 and run.rate_[0, 49] == 10
    )
    with pytest.raises(b2r.errors.InputError, match="after"):
        run.mean(after=2 * second)
    with pytest.raises(b2r.errors.InputError, match="width"):
        run.smooth(0 * ms)


@pytest.mark.slow
def test_the_compiled_network_fires_the_same_spikes(small, tmp_path, monkeypatch):
    """One program serves other values and other seeds; nothing of the session's device changes."""
    import brian2

    from b2reduce.networks.engines.programs import build_program, clean_programs

    monkeypatch.setenv("B2REDUCE_CACHE", str(tmp_path))
    device = brian2.get_device()
    other = small.replace(
        {
            "drive.ext.rate": 17 * Hz,
            "projection.I->E.G": 0.5 * nS,
            "projection.E->E.tau": 4 * ms,
            "projection.I->I.E": -75 * mV,
        }
    )
    for circuit, seed in ((small, 1), (other, 1), (other, 2)):
        fast, slow = (
            b2r.simulate_spikes(circuit, duration=100 * ms, seed=seed, record=5, engine=engine)
            for engine in ("standalone", "brian2")
        )
        for name in circuit.populations:
            for a, b in zip(fast.spikes_[name], slow.spikes_[name]):
                np.testing.assert_allclose(a, b, rtol=1e-12)
        for label, g in slow.conductances_.items():
            np.testing.assert_allclose(fast.conductances_[label], g, rtol=1e-6, atol=1e-18)
        np.testing.assert_allclose(fast.conductance_t_, slow.conductance_t_, rtol=1e-12)
    assert fast.provenance["engine"] == "brian2 standalone" and brian2.get_device() is device
    assert len(list((tmp_path / "networks").glob("*/program.json"))) == 1, "all of these are one program"
    # The least of which there can be a second: every object in a network is seconds of compiling
    alone = b2r.Circuit(populations={"E": small.populations["E"]}, drives=[small.drives[0]])
    assert build_program(alone, 1, 1e-4, 0.1, 5) != build_program(small, 1, 1e-4, 0.1, 5)
    assert clean_programs() == 2 and not list((tmp_path / "networks").glob("*/program.json"))


def test_structure_is_what_values_do_not_change(small):
    from b2reduce.networks.engines.programs import structure_of

    same = lambda changes: (
        structure_of(small.replace(changes), 1, 1e-4, 1.0, 10) == structure_of(small, 1, 1e-4, 1.0, 10)
    )
    assert (
        same({"drive.ext.rate": 3 * Hz})
        and same({"projection.I->E.G": 1 * nS})
        and same({"drive.ext.inputs": 500})
    )
    for changes in (
        {"population.E.size": 401},
        {"projection.I->E.in_degree": 10},
        {"projection.I->E.delay": "1 ms"},
        {"population.E.V_th": "-48 mV"},
    ):
        assert not same(changes), changes

    def of(**more):
        nmda = {"G": 1 * nS, "tau_rise": 2 * ms, "tau": 50 * ms, "E": 0 * mV, "norm": "peak", **more}
        drive = b2r.Drive("x", "E", 9, 5 * Hz, kind="nmda", **nmda)
        return structure_of(b2r.Circuit({"E": small.populations["E"]}, drives=[drive]), 1, 1e-4, 1.0, 10)

    assert of() == of(G=2 * nS) == of(tau_rise=1 * ms), "numbers are arguments of one program"
    assert of() != of(B="1/(1 + exp(-0.08*v/mV))"), "the factor of the voltage is part of its equations"
    random = small.replace({"projection.I->E.probability": 0.1})
    assert structure_of(random, 1, 1e-4, 1.0, 10) != structure_of(random, 2, 1e-4, 1.0, 10), (
        "the number of synapses is part of the program"
    )
