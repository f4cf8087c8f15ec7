"""Rate models with the spikes of finitely many cells."""

import numpy as np
import pytest
from brian2 import Hz, ms, second

import b2reduce as b2r

from ..cases import reduced, two_populations


def alone(size):
    """Populations without projections, whose counts are all that moves."""
    circuit = two_populations().replace({"population.E.size": size})
    circuit = b2r.Circuit(populations=circuit.populations, drives=circuit.drives, name="alone")
    return b2r.reduce(circuit, gains=dict(reduced().gains), tau=10 * ms)


@pytest.mark.parametrize("size", [200, 800])
def test_counts_vary_as_those_of_as_many_poisson_cells(size):
    """Rates in bins of 1 ms have the variance r/(N bin); that of 3500 bins is known to sqrt(2/3500), 2.4 %, and
    with what the counts' own kurtosis adds, below 0.3 %, four errors are 10 %.
    """
    model = alone(size)
    run = b2r.simulate_rates(model, duration=4 * second, noise="finite", seed=2)
    rate = run.rate_[0, 500:]
    expected = rate.mean() / (size * run.bin_)
    assert rate.var() == pytest.approx(expected, rel=0.1)
    assert not rate.var() == pytest.approx(expected * 4, rel=0.1), "a control: four times as few cells"
    # Means are those of the model without noise: r/(N T) over 3.5 s, four errors
    still = b2r.simulate_rates(model, duration=0.6 * second).rate_[0, -1]
    assert abs(rate.mean() - still) < 4 * np.sqrt(still / (size * 3.5))


def test_a_seed_gives_the_same_spikes():
    run = lambda seed: b2r.simulate_rates(reduced(), duration=0.1 * second, noise="finite", seed=seed)
    first = run(1)
    assert np.array_equal(first.rate_, run(1).rate_) and not np.array_equal(first.rate_, run(2).rate_)
    assert first.provenance["noise"] == "finite" and first.provenance["seed"] == 1
    smooth = b2r.simulate_rates(reduced(), duration=0.1 * second)
    assert "noise" not in smooth.provenance and not np.array_equal(first.rate_, smooth.rate_)


def test_other_noise_and_units_of_cells_are_refused():
    with pytest.raises(b2r.errors.InputError, match="noise.*'shot'.*finite"):
        b2r.simulate_rates(reduced(), duration=0.1 * second, noise="shot")
    cells = b2r.reduce(two_populations(), gains=dict(reduced().gains), tau=10 * ms, cells=True)
    with pytest.raises(b2r.errors.InputError, match="one unit a cell"):
        b2r.simulate_rates(cells, duration=0.1 * second, noise="finite")


@pytest.mark.slow
def test_trains_that_are_more_regular_vary_less_at_low_frequencies():
    """Counts in windows T of cells of CV c: c^2 r/(N T) for long ones. Of 50 windows of 0.2 s, whose variance is
    known to 20 %, here of c = 0.5 a quarter of that of Poisson cells: three errors are 60 % of it.
    """
    from dataclasses import replace

    model = alone(200)
    regular = replace(model, cv2={name: 0.25 for name in model.populations})
    found = {}
    for name, each in (("poisson", model), ("regular", regular)):
        run = b2r.simulate_rates(each, duration=10.4 * second, noise="finite", seed=5)
        windows = run.rate_[0, 400:].reshape(50, 200).mean(axis=1)
        found[name] = windows.var() / (windows.mean() / (200 * 0.2))
    assert found["poisson"] == pytest.approx(1.0, abs=0.6) and found["regular"] == pytest.approx(
        0.25, abs=0.15
    )


def test_the_rate_network_of_a_drive_at_zero_sends_nothing():
    run = b2r.simulate_rates(reduced(), duration=0.1 * second, noise="finite", drives={"ext": 0 * Hz})
    assert np.array_equal(run.rate_, np.zeros_like(run.rate_))
