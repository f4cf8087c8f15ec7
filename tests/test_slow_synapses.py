"""Slow synapses: the spiking network approaches the reduction that knows no noise."""

import numpy as np
import pytest
from brian2 import Hz, ms, nS, second

import b2reduce as b2r
from b2reduce.experiments.ermentrout1994 import _derivatives, driven_network, law_, more_inputs, run, slope, slowed


@pytest.fixture(scope="module")
def circuit():
    return driven_network(500)


@pytest.fixture(scope="module")
def slow(circuit):
    return {factor: run(slowed(circuit, factor))["E"] for factor in (1, 10, 40)}


def means(circuit, rate=60.0):
    """{pathway: mean conductance in S} of E at given rates."""
    drives = {(d.name, d.target): d.rate_ for d in circuit.drives}
    return {p.label: p.mean_(drives["ext", "E"] if p.is_drive else rate) for p in circuit.pathways("E")}


def test_slowing_keeps_means_and_divides_variances(circuit):
    for changed in (slowed(circuit, 4), more_inputs(circuit, 4)):
        for before, after in zip(circuit.pathways("E"), changed.pathways("E")):
            assert after.mean_(10.0) == pytest.approx(before.mean_(10.0), rel=1e-12)
            variance = lambda p: p.G_**2 * p.tau_ * p.K
            assert variance(after) == pytest.approx(variance(before) / 4, rel=1e-12)
    # Negative control: slower synapses alone are another circuit, with four times the conductance.
    alone = slowed(circuit, 4, compensate=False)
    assert all(after.mean_(10.0) == pytest.approx(4 * before.mean_(10.0), rel=1e-12) for before, after in zip(circuit.pathways("E"), alone.pathways("E")))


def test_the_law_is_that_of_the_cell_on_the_grid(circuit):
    """Against the measured cell without noise: intervals are whole steps, at most dt/2 from their mean over phases, and Brian2's own."""
    g_ = means(circuit)
    model = circuit.populations["E"].model
    I_ = sum(g_[p.label] * (p.E_ - model.si("E_L")) for p in circuit.pathways("E"))
    total = model.si("g_L") + sum(g_.values())
    currents = I_ * np.linspace(0.98, 1.02, 41)  # over many whole steps: the mean over phases
    surface = b2r.measure_fi(model, currents * second**0 * 1e9 * nS * 1e0 * (1 * b2r.units.parse_quantity("1 V")), [total * 1e9] * nS, duration=4 * second, dt=0.1 * ms)
    scale = currents / I_
    law = np.array([law_at(circuit, currents_, total) for currents_ in currents])
    off = 1 / surface.rate_[:, 0] - 1 / law
    assert np.abs(off).max() <= 0.05e-3 * (1 + 1e-3) and scale.size == off.size
    # Uniform over a step: sd dt/sqrt(12), of 41 phases; without the half step the mean would be off by seven times this bound.
    assert abs(off.mean()) <= 3 * 0.1e-3 / 12**0.5 / off.size**0.5
