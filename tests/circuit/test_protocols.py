"""Drives that change in time by their formulas.

Responses to them on exponentials whose errors have closed forms.
"""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

import b2reduce as b2r
from b2reduce.circuit.drive_rates import rate_at
from b2reduce.validation.transients import gain_and_phase_, half_rise_

from ..cases import reduced, two_populations


def test_a_step_steps():
    t = np.array([0.0, 0.0999, 0.1, 0.5])
    np.testing.assert_array_equal(
        rate_at(b2r.drives.step_drive(12 * Hz, 14 * Hz, at=100 * ms), t), [12, 12, 14, 14]
    )


def test_a_ramp_has_the_mean_and_the_slope_of_a_line():
    table = b2r.drives.ramp_drive(10 * Hz, 16 * Hz, begin=100 * ms, end=160 * ms)
    fine = (np.arange(2000) + 0.5) * 1e-4
    line = np.clip(10 + 6 * (fine - 0.1) / 0.06, 10, 16)
    # Values are those of the middle of each step: off by half a step of 0.1 Hz at most, and by nothing on
    # average.
    difference = rate_at(table, fine) - line
    assert np.abs(difference).max() <= 0.05 + 1e-9 and abs(difference.mean()) < 1e-9
    assert rate_at(table, [0.0999, 0.1601]).tolist() == [10, 16]
    np.testing.assert_allclose(
        rate_at(b2r.drives.ramp_drive(10 * Hz, 4 * Hz, begin=0 * ms, end=3 * ms), [5e-4, 1.5e-3, 2.5e-3, 1]),
        [9, 7, 5, 4],
        rtol=1e-12,
    )


def test_a_sinusoid_is_one():
    table = b2r.drives.sinusoid_drive(14 * Hz, 2 * Hz, 8 * Hz, duration=0.5 * second, begin=100 * ms)
    t = (np.arange(7000) + 0.5) * 1e-4
    rate = rate_at(table, t)
    assert (rate[t < 0.1] == 14).all() and (rate[t > 0.6] == 14).all()
    inside = (t > 0.1) & (t < 0.6)
    Z = gain_and_phase_(t[inside], rate[inside], 8.0, 0.1)
    # What holds for dt has the amplitude sinc(f dt), and no phase where the value is that of the middle.
    assert Z == pytest.approx(2 * np.sinc(8 * 1e-3), rel=1e-5) and rate.mean() == pytest.approx(14, rel=1e-9)
    fast = np.asarray(b2r.drives.sinusoid_drive(14 * Hz, 2 * Hz, 100 * Hz, duration=0.1 * second)[0])
    assert np.diff(fast).max() == pytest.approx(1 / 5000)


def test_an_ornstein_uhlenbeck_drive_has_its_mean_spread_and_memory():
    mean, sd, tau, dt, T = 14.0, 2.0, 20e-3, 1e-3, 400.0
    _times, values = (
        np.asarray(part)
        for part in b2r.drives.ou_drive(mean * Hz, sd * Hz, 20 * ms, duration=T * second, seed=4)
    )
    x, rho = values - mean, np.exp(-dt / tau)
    # The time mean of an autocorrelation sd^2 exp(-|s|/tau) has a variance of 2 sd^2 tau/T; squares of a
    # Gaussian process have twice its squared autocorrelation: Var of the mean square = 2 sd^4 tau/T. Five
    # standard deviations; truncation at 0 is seven away from the mean.
    assert abs(x.mean()) < 5 * sd * np.sqrt(2 * tau / T)
    assert abs(np.mean(x**2) / sd**2 - 1) < 5 * np.sqrt(2 * tau / T)
    for lag in (1, 20, 60):
        # The variance of a sample autocovariance of a Gaussian process is at most (1/n) sum over all lags of
        # c(k)^2 + c(k + lag) c(k - lag) <= 2 sd^4 (tau/dt)/n.
        covariance = np.mean(x[lag:] * x[:-lag]) / sd**2
        assert abs(covariance - rho**lag) < 5 * np.sqrt(2 * tau / T)
    assert abs(np.mean(x[20:] * x[:-20]) / sd**2 - rho**5) > 5 * np.sqrt(2 * tau / T), (
        "another time constant would be seen"
    )
    assert (
        np.asarray(b2r.drives.ou_drive(14 * Hz, 2 * Hz, 20 * ms, duration=1 * second, seed=5)[1])[0]
        != values[0]
    )
    again = b2r.drives.ou_drive(mean * Hz, sd * Hz, 20 * ms, duration=1 * second, seed=4)[1]
    np.testing.assert_array_equal(
        np.asarray(again),
        np.asarray(b2r.drives.ou_drive(mean * Hz, sd * Hz, 20 * ms, duration=1 * second, seed=4)[1]),
    )
    assert (
        np.asarray(b2r.drives.ou_drive(3 * Hz, 1 * Hz, 5 * ms, duration=20 * second, seed=1)[1]) >= 0
    ).all()


def test_the_spread_is_there_from_the_start():
    first = [
        np.asarray(b2r.drives.ou_drive(14 * Hz, 2 * Hz, 1 * second, duration=1 * ms, seed=seed)[1])[0]
        for seed in range(400)
    ]
    # A standard deviation from 400 draws is known to 1/sqrt(800).
    assert abs(np.std(first) / 2 - 1) < 5 / np.sqrt(800)


@pytest.mark.parametrize(
    "make, gist",
    [
        (lambda: b2r.drives.step_drive(12 * mV, 14 * Hz, at=1 * second), "base"),
        (lambda: b2r.drives.step_drive(12 * Hz, -1 * Hz, at=1 * second), "to"),
        (lambda: b2r.drives.step_drive(12 * Hz, 14 * Hz, at=0 * second), "at"),
        (lambda: b2r.drives.ramp_drive(1 * Hz, 2 * Hz, begin=1 * second, end=0.5 * second), "end"),
        (lambda: b2r.drives.sinusoid_drive(1 * Hz, 2 * Hz, 5 * Hz, duration=1 * second), "amplitude"),
        (lambda: b2r.drives.sinusoid_drive(2 * Hz, 1 * Hz, 0 * Hz, duration=1 * second), "frequency"),
        (lambda: b2r.drives.ou_drive(3 * Hz, 2 * Hz, 5 * ms, duration=1 * second, seed=1), "sd"),
        (lambda: b2r.drives.ou_drive(3 * Hz, 1 * Hz, 5 * ms, duration=1 * second, seed=-1), "seed"),
        (lambda: b2r.drives.ou_drive(3 * Hz, 1 * Hz, 5 * ms, duration=0.1 * ms, seed=1), "duration"),
    ],
)
def test_impossible_drives_are_refused(make, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        make()


def test_long_tables_survive_their_file():
    table = b2r.drives.ou_drive(14 * Hz, 1 * Hz, 20 * ms, duration=1 * second, seed=4)
    circuit = two_populations(rate=table)
    again = b2r.Circuit.from_dict(circuit.to_dict())
    for part, other in zip(again.drives[0].rate, table):
        np.testing.assert_array_equal(np.asarray(part), np.asarray(other))


# Responses.

T = (np.arange(900) + 0.5) * 1e-3


def run(*rates, **more):
    names = ("E", "I")[: len(rates)]
    return b2r.Activity(names, T, np.array(rates), 1e-3, sizes=dict.fromkeys(names, 1000), **more)


def relaxing(base, final, tau, at=0.4):
    """Means over bins of an exponential approach."""
    edges = np.append(T - 5e-4, T[-1] + 5e-4)
    area = lambda t: (t - at) - tau * (1 - np.exp(-(t - at) / tau))
    integral = np.where(edges > at, area(np.maximum(edges, at)), 0.0)
    return base + (final - base) * np.diff(integral) / 1e-3


def test_errors_of_two_exponentials_are_the_integral():
    p, q, window = 12e-3, 20e-3, 0.1
    found = b2r.compare_transients(
        run(relaxing(10, 16, p)), run(relaxing(10, 16, q)), start=400 * ms, stop=500 * ms
    ).table.loc["E"]
    part = lambda tau: tau * (1 - np.exp(-window / tau))
    # The mean of (e^-t/p - e^-t/q)^2 over the window; bins of 1 ms change it by (bin/tau)^2/12 = 6e-4.
    expected = 6 * np.sqrt((part(p / 2) + part(q / 2) - 2 * part(p * q / (p + q))) / window)
    assert found.rmse == pytest.approx(expected, rel=2e-3) and found.rmse_fraction == pytest.approx(
        expected / 6, rel=2e-3
    )
    assert found.step == pytest.approx(6, rel=1e-3), "20 ms after 100 ms are e^-5, and less after that"
    assert found.aligned == pytest.approx(found.rmse, rel=0.05) and found.correlation < 1
    assert found.counting == pytest.approx(
        np.sqrt(relaxing(10, 16, p)[400:500].mean() / (1000 * 1e-3))
    ) and np.isnan(found.scatter)


@pytest.mark.parametrize("smooth", [0, 2, 4])
def test_half_rise_times_are_the_logarithm(smooth):
    # Smoothed by a Gaussian of s an exponential past its step becomes 1 - exp(-t/tau + s^2/(2 tau^2)), but
    # for the tail of the Gaussian before the step; means over bins do the same with s^2 = bin^2/12. t of one
    # half: tau ln 2 + s^2/(2 tau). Linear interpolation over a bin: bin^2/(8 tau) = 0.005 ms.
    for tau in (20e-3, 40e-3):
        found = half_rise_(T, relaxing(10, 16, tau), 0.4, 0.6, 10, 16, smooth * 1e-3)
        assert found == pytest.approx(
            tau * np.log(2) + ((smooth * 1e-3) ** 2 + 1e-6 / 12) / (2 * tau), abs=2e-5
        )
        falling = half_rise_(T, relaxing(16, 10, tau), 0.4, 0.6, 16, 10, smooth * 1e-3)
        assert falling == pytest.approx(found, abs=1e-9)
    assert np.isnan(half_rise_(T, np.full(T.size, 10.0), 0.4, 0.6, 10, 16, 0.0)), (
        "a rate that never comes there has no time"
    )


def test_offsets_at_rest_are_told_from_errors_of_shape():
    tau = 15e-3
    found = b2r.compare_transients(
        run(relaxing(10, 16, tau)), run(relaxing(11, 18.5, tau)), start=400 * ms, stop=500 * ms
    ).table.loc["E"]
    assert (
        found.rmse > 1.5
        and found.aligned < 1e-6
        and found.correlation == pytest.approx(1)
        and abs(found.late) < 1e-9
    )
    assert found.base_error == pytest.approx(1) and found.final_error == pytest.approx(2.5, rel=1e-2)
    late = b2r.compare_transients(
        run(relaxing(10, 16, tau)), run(relaxing(10, 16, tau, at=0.405)), start=400 * ms, stop=500 * ms
    ).table.loc["E"]
    assert late.late == pytest.approx(5e-3, abs=1e-5) and late.aligned > 0.3


def test_counting_noise_is_what_poisson_trials_leave():
    rng, exact = np.random.default_rng(2), relaxing(10, 16, 15e-3)
    trials = [run(rng.poisson(exact * 1000 * 1e-3) / 1.0) for _ in range(30)]
    found = b2r.compare_transients(trials, run(exact), start=400 * ms, stop=500 * ms).table.loc["E"]
    # Mean squares over 100 bins are known to sqrt(2/100), roots to half of that; the scatter comes from 29
    # degrees of freedom in each bin.
    assert found.rmse == pytest.approx(found.counting, rel=4 * 0.5 * np.sqrt(2 / 100))
    assert found.scatter == pytest.approx(found.counting, rel=4 * 0.5 * np.sqrt(2 / 2900) + 0.02)
    wrong = b2r.compare_transients(
        trials, run(relaxing(10, 16, 30e-3)), start=400 * ms, stop=500 * ms
    ).table.loc["E"]
    assert wrong.rmse > 1.5 * wrong.counting, "another time constant is seen through the noise"


def test_bad_comparisons_are_refused():
    good = run(relaxing(10, 16, 15e-3))
    for arguments, gist in (
        (dict(start=0 * ms), "start"),
        (dict(stop=900 * ms), "stop"),
        (dict(start=5 * mV), "start"),
        (dict(start=498.6 * ms), "bins"),
    ):
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.compare_transients(good, good, **{"start": 400 * ms, "stop": 500 * ms, **arguments})
    with pytest.raises(b2r.errors.InputError, match="no run"):
        b2r.compare_transients([], good, start=400 * ms, stop=500 * ms)
    with pytest.raises(b2r.errors.InputError, match="E, I"):
        b2r.compare_transients(run(*[relaxing(10, 16, 15e-3)] * 2), good, start=400 * ms, stop=500 * ms)


def test_a_filtered_sinusoid_has_the_gain_and_phase_of_the_filter():
    f, tau = 12.5, 10e-3
    H = 1 / (1 + 2j * np.pi * f * tau)
    rate = 10 + 3 * np.abs(H) * np.sin(2 * np.pi * f * (T - 0.1) + np.angle(H))
    inside = (T > 0.1) & (T < 0.9)
    assert gain_and_phase_(T[inside], rate[inside], f, 0.1) == pytest.approx(3 * H, rel=1e-9)
    # A second run beside it, and whole periods or not: the constant is fitted along.
    odd = (T > 0.1) & (T < 0.83)
    np.testing.assert_allclose(
        gain_and_phase_(T[odd], np.stack([rate[odd], rate[odd] + 5]), f, 0.1), 3 * H, rtol=1e-9
    )


def test_the_rate_model_answers_a_sinusoid_as_its_equations_do():
    # Linearised at rest: (diag(1 + i w tau) - beta W) dr = beta W_ext dr_ext.
    r, f, mean, amplitude = reduced(tau={"E": 20 * ms, "I": 8 * ms}), 10.0, 14.0, 0.2
    table = b2r.drives.sinusoid_drive(mean * Hz, amplitude * Hz, f * Hz, duration=1 * second, dt=0.1 * ms)
    rates = b2r.simulate_rates(r, duration=1 * second, drives={"ext": table}, dt=0.02 * ms, delays=False)
    inside = (rates.t_ > 0.5) & (rates.t_ < 1)
    Z = gain_and_phase_(rates.t_[inside], rates.rate_[:, inside], f, 0.0)
    beta, tau = np.array([float(np.asarray(r.gains[name].beta)) for name in "EI"]), np.array([20e-3, 8e-3])
    W = np.array([[r.W_[a, b] for b in "EI"] for a in "EI"])
    expected = np.linalg.solve(
        np.diag(1 + 2j * np.pi * f * tau) - beta[:, None] * W,
        beta * np.array([r.W_ext_[a, "ext"] for a in "EI"]) * amplitude,
    )
    # Input held for a step of 0.02 ms is late by half of it: 2 pi f x 0.01 ms = 6e-4, amplified by the
    # feedback as the drive is.
    np.testing.assert_allclose(Z, expected, rtol=3e-3)
    swapped = np.linalg.solve(
        np.diag(1 + 2j * np.pi * f * tau[::-1]) - beta[:, None] * W,
        beta * np.array([r.W_ext_[a, "ext"] for a in "EI"]) * amplitude,
    )
    assert np.abs(Z / swapped - 1).max() > 0.05


@pytest.fixture(scope="module")
def slow():
    circuit = b2r.load_circuit("ei_lif").replace({"population.E.size": 1000, "population.I.size": 250})
    r = b2r.reduce(circuit, tau="synaptic", seed=1)
    return b2r.compare_frequencies(
        circuit,
        {"synaptic": r, "slow": b2r.reduce(circuit, tau=60 * ms, seed=1)},
        frequencies=[4, 30] * Hz,
        depth=0.2,
        seeds=[1],
    )


@pytest.mark.slow
def test_slow_variation_tells_a_good_time_constant_from_a_bad_one(slow):
    table = slow.table.set_index(["population", "model", "frequency"]).sort_index()
    assert len(table) == 8 and float(slow.amplitude) == pytest.approx(2.8)
    good, bad = table.loc["E", "synaptic"], table.loc["E", "slow"]
    # Four standard errors of counting, and as much again for what the network makes of its own noise.
    assert (bad.error[30.0] > good.error[30.0] + 4 * good.error_sem[30.0]) and bad["rate_phase"][30.0] < good[
        "rate_phase"
    ][30.0]
    assert good.static_error[4.0] == 0 and good.static_error[30.0] > 0
    assert (table.spiking_sem > 0).all()


def test_slow_variation_refuses_what_it_cannot_do():
    small, r = two_populations(), reduced()
    for arguments, gist in (
        (dict(frequencies=[0] * Hz), "frequencies"),
        (dict(drive="exT"), "exT.*ext"),
        (dict(depth=2), "depth"),
        (dict(seeds=[]), "seed"),
    ):
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.compare_frequencies(small, r, **{"frequencies": [5] * Hz, **arguments})


def test_comparisons_are_saved_bit_for_bit(tmp_path):
    from ..equal import assert_equal

    result = b2r.compare_transients(
        [run(relaxing(10, 16, 15e-3))] * 2, run(relaxing(10, 16, 12e-3)), start=400 * ms, stop=500 * ms
    )
    b2r.save(result, tmp_path / "saved")
    again = b2r.load(tmp_path / "saved")
    assert type(again) is type(result) and again is not result
    assert_equal(result, again)


def test_figures_have_units_and_all_models():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    spikes, rates = run(relaxing(10, 16, 15e-3)), run(relaxing(10, 16, 12e-3))
    ax = b2r.plots.plot_step(
        [spikes, spikes], {"a": rates, "b": rates}, population="E", start=380 * ms, stop=500 * ms
    )
    assert "(ms)" in ax.get_xlabel() and "(Hz)" in ax.get_ylabel() and len(ax.get_legend().get_texts()) == 3
    plt.close("all")
