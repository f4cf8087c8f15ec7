"""The premise that given wiring is as good as shuffled, on wiring that is and that is not."""

from types import SimpleNamespace

import numpy as np
import pytest

import b2reduce as b2r
from b2reduce.circuit.given_wiring import read_wiring
from b2reduce.validation.premises.exchangeable_weights import ExchangeableWeights, input_ratio

N, K = 1000, 40
RNG = np.random.default_rng(4)
RATES = RNG.gamma(4.0, 2.0, N)  # Hz, with a standard deviation of half the mean
I, J, WEIGHT = RNG.integers(0, N, N * K), RNG.integers(0, N, N * K), RNG.lognormal(0, 0.5, N * K)
HALVES = np.where(np.arange(N) < N // 2, 2.0, 0.5)  # of rates, where two groups are not equally busy


def ratio(i=I, j=J, weight=WEIGHT, rates=RATES):
    return input_ratio([(read_wiring(dict(i=i, j=j, weight=weight), "p"), rates, 1.0)], N)


def test_of_shuffled_wiring_it_is_one():
    # A mean square of N next to normal values has a relative standard error of sqrt(2/N) = 4.5 %
    assert ratio() == pytest.approx(1, abs=5 * np.sqrt(2 / N))
    two = [
        (read_wiring(dict(i=I, j=RNG.integers(0, N, N * K), weight=WEIGHT), "p"), RATES, size)
        for size in (1.0, -2.0)
    ]
    assert input_ratio(two, N) == pytest.approx(1, abs=5 * np.sqrt(2 / N))


@pytest.mark.parametrize("name", ["busy sources", "hubs", "groups", "one sign onto the same cells"])
def test_of_structured_wiring_it_is_more(name):
    limit = ExchangeableWeights.limit
    if name == "busy sources":  # weights follow the rate of the source, by which the mean is more
        found = ratio(weight=WEIGHT * RATES[I] / RATES.mean())
    elif name == "hubs":  # a tenth of the cells has a third of the synapses
        found = ratio(j=np.where(RNG.random(N * K) < 0.25, J % (N // 10), J))
    elif name == "groups":
        found = ratio(j=(J % (N // 2)) + N // 2 * (I >= N // 2), rates=RATES * HALVES)
    else:  # two projections that name the same pairs
        found = input_ratio([(read_wiring(dict(i=I, j=J, weight=WEIGHT), "p"), RATES, 1.0)] * 3, N)
    assert found > limit


def test_circuits_without_it_are_not_asked_and_every_cell_follows_it():
    rest = dict(G="1 nS", tau="5 ms", E="0 mV")
    circuit = lambda **more: b2r.Circuit(
        {"E": b2r.Population("lif", N)}, [b2r.Projection("E", "E", **rest, **more)]
    )
    times = np.repeat(1.0, RATES.astype(int).sum())
    run = SimpleNamespace(duration_=4 / 3, sizes={"E": N})
    trains = lambda run: [("E", np.repeat(np.arange(N), RATES.astype(int)), times)]
    row = lambda circuit, cells=False: ExchangeableWeights().measure(
        SimpleNamespace(circuit=circuit, runs=[run], trains=trains, reduced=SimpleNamespace(cells=cells))
    )
    assert row(circuit(in_degree=K)) is None
    fine = row(circuit(wiring=dict(i=I, j=J, weight=WEIGHT)))
    assert fine.holds and 0.7 < fine.measured < 1.3
    hubs = circuit(wiring=dict(i=I, j=J % (N // 10), weight=WEIGHT))
    assert not row(hubs).holds and "another network" in row(hubs).advice
    assert row(hubs, cells=True).holds
