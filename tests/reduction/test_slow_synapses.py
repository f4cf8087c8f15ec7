"""Slow synapses: the spiking network approaches the reduction that knows no noise."""

import numpy as np
import pytest
from b2reduce.experiments.exact_lif import exact_interval_, rounding_
from b2reduce.experiments.slow_synapses import (
    driven_network,
    law_,
    more_inputs,
    second_derivatives,
    slope,
    slowed,
    spiking_run,
)

import b2reduce as b2r


@pytest.fixture(scope="module")
def circuit():
    return driven_network(500)


@pytest.fixture(scope="module")
def slow(circuit):
    return {factor: spiking_run(slowed(circuit, factor))["E"] for factor in (1, 10, 40)}


def means(circuit, rate=60.0):
    """{pathway: mean conductance in S} of E when all cells fire at this rate."""
    return {
        p.label: p.mean_(circuit.drive("ext", "E").rate_ if p.is_drive else rate)
        for p in circuit.pathways("E")
    }


def test_slowing_keeps_means_and_divides_variances(circuit):
    for changed in (slowed(circuit, 4), more_inputs(circuit, 4)):
        for before, after in zip(circuit.pathways("E"), changed.pathways("E")):
            variance = lambda p: p.G_**2 * p.tau_ * p.K
            assert after.mean_(10.0) == pytest.approx(before.mean_(10.0), rel=1e-12) and variance(
                after
            ) == pytest.approx(variance(before) / 4, rel=1e-12)
    # Negative control: slower synapses alone are another circuit, with four times the conductance.
    alone = slowed(circuit, 4, compensate=False)
    assert all(
        after.mean_(10.0) == pytest.approx(4 * before.mean_(10.0), rel=1e-12)
        for before, after in zip(circuit.pathways("E"), alone.pathways("E"))
    )


def test_intervals_on_the_grid_are_shorter_by_half_a_step(circuit):
    """Against cells without noise, which fire every whole number of steps."""
    from brian2 import amp, ms, second, siemens

    model, g_ = circuit.populations["E"].model, means(circuit)
    I_ = sum(g_[p.label] * (p.E_ - model.si("E_L")) for p in circuit.pathways("E")) * np.linspace(
        1.0, 1.1, 201
    )
    total, dt_ = model.si("g_L") + sum(g_.values()), float(circuit.dt)
    surface = b2r.measure_fi(model, I_ * amp, [total] * siemens, duration=2 * second, dt=dt_ * 1e3 * ms)
    off = 1 / surface.rate_[:, 0] - exact_interval_(model, I_, total)
    # An interval is T rounded up to whole steps, less one: refractoriness counts from the start of the
    # spike's step. Uniform over a step, with a mean of -dt/2; neighbours are alike, so that the 201 currents,
    # whose T spans 30 steps, count as 30 phases at least.
    slack = rounding_(model, I_, total, dt_)
    assert slack.max() < 1e-3 * dt_ and np.all(-dt_ - slack <= off) and np.all(off <= slack)
    assert abs(off.mean() + dt_ / 2) <= 3 * dt_ / 12**0.5 / 30**0.5
    assert law_(circuit, "E", g_) == pytest.approx(
        1 / (exact_interval_(model, I_[0], total) - dt_ / 2), rel=1e-12
    )


def test_derivatives_of_the_law(circuit):
    """Central differences against a quadratic fitted through other points.

    Both err by the square of their steps, 1e-3 and 4e-3 of g.
    """
    g_ = means(circuit)
    gradient, second = second_derivatives(circuit, "E", g_)
    labels, rng = list(g_), np.random.default_rng(1)
    total = sum(g_.values()) + circuit.populations["E"].model.si("g_L")
    moves = 4e-3 * rng.uniform(-1, 1, (200, len(labels)))
    rates = law_(circuit, "E", {label: g_[label] + total * moves[:, k] for k, label in enumerate(labels)})
    pairs = [(k, l) for k in range(len(labels)) for l in range(k, len(labels))]
    design = np.column_stack(
        [np.ones(len(moves)), moves, *(moves[:, k] * moves[:, l] * (0.5 if k == l else 1) for k, l in pairs)]
    )
    fitted = np.linalg.lstsq(design, rates, rcond=None)[0]
    assert np.allclose(gradient * total, fitted[1 : 1 + len(labels)], rtol=5e-3)
    assert np.allclose(
        [second[k, l] * total**2 for k, l in pairs],
        fitted[1 + len(labels) :],
        rtol=2e-2,
        atol=2e-2 * np.abs(fitted[1 + len(labels) :]).max(),
    )


def test_fluctuations_fall_as_campbell_says(slow):
    for _factor, E in slow.items():
        # The variance of a cell has duration/tau independent samples or more (400 cells, at least 10 each);
        # four standard errors, 1/sqrt(2 samples) of the sd.
        within = 4 / (2 * 400 * 10) ** 0.5
        assert E["sd"] == pytest.approx(E["campbell"], rel=within)
        # Over many inputs at one time, or over time: the same average.
        assert E["over_cells"] == pytest.approx(E["over_time"], rel=within)
    assert slow[1]["campbell"] / slow[40]["campbell"] == pytest.approx(40**0.5, rel=1e-12)


def test_the_shift_falls_as_the_variance(slow):
    """Mean rate less rate at mean conductances: what cells that follow their conductances would have."""
    for factor in (10, 40):
        E = slow[factor]
        # Followed conductances are averaged over an interval: up to T/(3 tau) of the shift; and 4 standard
        # errors.
        within = abs(E["quasi_static"]) / (3 * E["rate"] * 5e-3 * factor) + 4 * E["shift_sem"]
        assert (
            E["shift"] == pytest.approx(E["quasi_static"], abs=within) and within < abs(slow[1]["shift"]) / 10
        )
        assert E["shift"] < 0
    assert abs(slow[40]["quasi_static"] / slow[40]["second_order"] - 1) < abs(
        slow[1]["quasi_static"] / slow[1]["second_order"] - 1
    ), "second order is the law of small fluctuations"
    assert abs(slow[1]["shift"]) > 20 * slow[1]["shift_sem"], "noise must matter where it is fast"


def test_the_network_approaches_the_reduction_without_noise(circuit, slow):
    reduced = b2r.reduce(circuit, noise="none", level="surface", seed=1)
    again = b2r.reduce(slowed(circuit, 40), noise="none", level="surface", seed=1)
    rate = reduced.states_[0]["E"]
    assert again.states_[0]["E"] == pytest.approx(rate, rel=1e-6), "without noise only means count"
    E = slow[40]
    # A cell without noise fires every whole number of steps, up to dt/2 from the mean over phases; the shift
    # that is left; 4 standard errors.
    floor = rate**2 * float(circuit.dt) / 2 + abs(E["quasi_static"]) + 4 * E["sem"]
    assert abs(E["rate"] - rate) <= floor < abs(slow[1]["rate"] - rate)
    # Negative control: tau alone, G as it was.
    assert abs(spiking_run(slowed(circuit, 2, compensate=False))["E"]["rate"] - rate) > 50 * floor


def test_slope_by_hand():
    x = np.array([1.0, 2.0, 4.0])
    found, sem = slope(x, 5 / x, 0.05 / x)
    assert found == pytest.approx(-1, rel=1e-12) and sem == pytest.approx(
        0.01 / (2 * np.log(2) ** 2) ** 0.5, rel=1e-9
    )
