"""One rate unit a cell: the wiring of the spiking network, and what it does to rates."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.circuit.wiring import draw_wiring

from ..cases import gain, two_populations


def reduced(circuit=None, **arguments):
    return b2r.reduce(circuit or two_populations(), gains={"E": gain(), "I": gain(beta=0.3e12)}, **arguments)


def random_in_degrees(probability=0.3):
    """Two populations whose in-degrees differ from cell to cell."""
    projection = lambda source, target, G, E: b2r.Projection(
        source=source, target=target, probability=probability, G=G * nS, tau=5 * ms, E=E * mV, delay=1 * ms
    )
    external = lambda target: b2r.Drive(
        name="ext", target=target, inputs=250, rate=14 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV
    )
    return b2r.Circuit(
        populations={"E": b2r.Population("lif", 80), "I": b2r.Population("lif", 40)},
        projections=[
            projection("E", "E", 0.1, 0),
            projection("I", "E", 0.4, -80),
            projection("E", "I", 0.1, 0),
        ],
        drives=[external("E"), external("I")],
    )


def test_the_wiring_is_that_of_the_spiking_network():
    circuit = two_populations()
    wiring = draw_wiring(circuit, 3)
    network, _groups = b2r.spiking_network(circuit, seed=3)
    synapses = {item.name: item for item in network.objects if item.name.startswith("synapses")}
    for label, (i, j, _) in wiring.items():
        drawn = synapses[
            f"synapses_{next(p.symbol for p in circuit.pathways(label.split('->')[1][0]) if p.label == label)}"
        ]
        assert np.array_equal(np.array(drawn.i), i) and np.array_equal(np.array(drawn.j), j)
    assert not np.array_equal(draw_wiring(circuit, 4)["I->E"][0], wiring["I->E"][0])


@pytest.mark.parametrize("tau", ["membrane", "synaptic"])
def test_the_rates_of_cells_solve_their_equations(tau):
    r = reduced(random_in_degrees(), cells=True, tau=tau)
    run = b2r.simulate_rates(r, duration=0.6 * second, seed=5)
    got = run.cell_means_(0.5 * second)
    # Equation 11.28, written out with dense matrices: w_ij = W_ab/K_ab for every synapse that was drawn.
    wiring = draw_wiring(r.circuit, 5)
    for target in r.populations:
        mu = np.full(r.circuit.populations[target].size, r.W_ext_[target, "ext"] * 14.0 - r.theta_[target])
        for p in r.circuit.pathways(target):
            if not p.is_drive:
                i, j, _ = wiring[p.label]
                w = np.zeros((mu.size, r.circuit.populations[p.source].size))
                w[j, i] = r.weight_(p) / p.K
                mu = mu + w @ got[p.source]
        # At rest to 1e-4 of a rate per time constant, rates handed on as single floats.
        np.testing.assert_allclose(got[target], r.gains[target].f_(mu), rtol=2e-3, atol=0.02)
        assert got[target].std() > 0.5, "in-degrees differ, and so do rates"
    assert run.provenance["seed"] == 5 and run.provenance["at rest after [s]"] < 0.6


def test_equal_in_degrees_give_what_one_unit_gives():
    alone, cells = (b2r.simulate_rates(reduced(cells=flag), duration=0.6 * second) for flag in (False, True))
    np.testing.assert_allclose(cells.rate_[:, -1], alone.rate_[:, -1], rtol=1e-3)
    assert max(rate.std() for rate in cells.cell_means_(0.5 * second).values()) < 1e-2
    other = b2r.simulate_rates(reduced(random_in_degrees(), cells=True), duration=0.6 * second)
    assert other.cell_means_(0.5 * second)["E"].std() > 0.5, "the control: in-degrees that differ"


@pytest.mark.parametrize("level", ["gain", "surface"])
def test_cells_run_at_other_levels(level):
    import pandas as pd

    from ..cases import BETA, I_THETA, V_THETA

    rows = [
        (I, g, BETA * max(I - I_THETA - V_THETA * g, 0))
        for I in np.linspace(150e-12, 1100e-12, 96)
        for g in np.linspace(18e-9, 45e-9, 5)
    ]
    surface = b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]))
    make = lambda level: b2r.simulate_rates(
        b2r.reduce(random_in_degrees(), level=level, gains={"E": surface, "I": surface}, cells=True),
        duration=0.5 * second,
    )
    straight, other = make("linear").cell_means_(0.4 * second), make(level).cell_means_(0.4 * second)
    for name in straight:
        # The same law through a table: kinks are rounded by the spacing of currents.
        np.testing.assert_allclose(other[name], straight[name], rtol=0.03, atol=1.0)


def test_the_open_loop_goes_cell_by_cell():
    from b2reduce.reduction.measured_range import mean_response_

    r = reduced(random_in_degrees(), cells=True)
    rest = b2r.simulate_rates(r, duration=0.6 * second, seed=5).cell_means_(0.5 * second)
    out = mean_response_(r, rest, r.at_, 5)
    # At rest what goes in comes out.
    for name in r.populations:
        assert out[name] == pytest.approx(rest[name].mean(), rel=1e-3)
    more = {name: 1.1 * rate for name, rate in rest.items()}
    assert mean_response_(r, more, r.at_, 5)["E"] != pytest.approx(1.1 * out["E"], rel=0.01), (
        "away from it that is not so"
    )


def test_a_drive_that_changes_is_followed_to_the_end():
    r = reduced(cells=True)
    table = ([0, 0.3] * second, [14, 8] * Hz)
    run = b2r.simulate_rates(r, duration=0.6 * second, drives={"ext": table})
    alone = b2r.simulate_rates(reduced(), duration=0.6 * second, drives={"ext": table})
    for t in (0.29, 0.59):
        k = np.searchsorted(run.t_, t)
        np.testing.assert_allclose(
            run.rate_[:, k], alone.rate_[:, np.searchsorted(alone.t_, t)], rtol=0.01, atol=0.05
        )


def test_the_comparison_over_cells_takes_counting_out():
    rng, N, T = np.random.default_rng(2), 2000, 4.0
    own = rng.normal(20, 3, N)  # Hz: what cells differ by
    counts = rng.poisson(own * T)
    i = np.repeat(np.arange(N), counts)
    t = rng.uniform(0, T, i.size)
    order = np.argsort(t)
    bins = (np.arange(400) + 0.5) * T / 400
    spikes = b2r.Activity(
        ("E",),
        bins,
        np.full((1, 400), counts.sum() / N / T),
        T / 400,
        {"E": N},
        spikes_={"E": (i[order], t[order])},
        provenance={"seed": 1},
    )
    rates = b2r.Activity(
        ("E",),
        bins,
        np.full((1, 400), own.mean()),
        T / 400,
        {"E": N},
        cell_rate_={"E": own[:, None].repeat(80, 1).astype(np.float32)},
        cell_bin_=0.05,
        provenance={"seed": 1, "drives [Hz]": {}},
    )
    table = b2r.compare(spikes, rates, after=0 * second).cells.loc["E"]
    # Counting adds 20/4 = 5 Hz^2 to 9 Hz^2. A standard deviation of 2000 cells is known to 1.6 %, the
    # difference of variances to 5 %.
    assert table.spiking["sd"] == pytest.approx(np.sqrt(14), rel=0.05) and table.spiking[
        "sd without counting"
    ] == pytest.approx(3, rel=0.15)
    for quantile in ("5 %", "25 %", "50 %", "75 %", "95 %"):
        assert table.rate[quantile] == pytest.approx(table.spiking[quantile], abs=0.5)
    assert table.rate["95 %"] - np.quantile(own, 0.95) > 0.5, "without the counting they would differ"
    with pytest.raises(b2r.errors.InputError, match="wiring of seed 7"):
        from dataclasses import replace

        b2r.compare(spikes, replace(rates, provenance={"seed": 7, "drives [Hz]": {}}))


def test_bad_input():
    with pytest.raises(b2r.errors.InputError, match="cells"):
        reduced(cells="yes")
    with pytest.raises(b2r.errors.InputError, match="cells=True"):
        b2r.simulate_rates(reduced(), duration=50 * ms).cell_means_()


@pytest.mark.slow
def test_the_distribution_of_a_sparse_network_is_predicted():
    """Random in-degrees: rates over cells are spread, and each unit goes with its own cell."""
    full = b2r.load_circuit("ei_lif")
    data = full.to_dict()
    for projection in data["projections"]:
        projection["probability"] = projection.pop("in_degree") / full.populations[projection["source"]].size
    circuit = b2r.Circuit.from_dict(data)
    assert all(p.in_degree is None for p in circuit.projections)
    r = b2r.reduce(circuit, level="transfer", noise="renewal", cells=True, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=2.5 * second, seed=1, record=0)
    rates = b2r.simulate_rates(r, duration=2.5 * second, seed=1)
    comparison = b2r.compare(spikes, rates, after=0.5 * second, reduced=r)
    assert comparison.largest_error < 0.10
    for name in circuit.populations:
        seen, predicted = comparison.cells.loc[(name, "sd without counting"), ["spiking", "rate"]]
        # In-degrees scatter by 1/sqrt(K) of 5 to 10 %; the gain turns that into several Hz. The spread is
        # known to 3 % (1000 cells and more), and the units leave out the noise that moves with a cell's own
        # in-degree where it is not in the table: 20 %.
        assert predicted == pytest.approx(seen, rel=0.2) and seen > 1.0
        own, units = spikes.cell_means_(0.5 * second)[name], rates.cell_means_(0.5 * second)[name]
        shuffled = np.random.default_rng(0).permutation(units)
        assert np.corrcoef(own, units)[0, 1] > 0.5 > abs(np.corrcoef(own, shuffled)[0, 1]) + 0.3, (
            "cell by cell, not only on average"
        )
