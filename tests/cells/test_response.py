"""The linear response of cells: against cells whose response is known, and against the f-I curve.

And what the rate model makes of it.
"""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA, pF, second

import b2reduce as b2r
from b2reduce.cells.filters import RateFilter, fit_filter
from b2reduce.cells.step_responses import nearest_tau_, step_response_
from b2reduce.circuit.synapses.low_pass import LowPass
from b2reduce.theory.fixed_points import fixed_points

RHO = 2e3  # Hz/V: escape rate per volt above rest


def escape(equations="", method=None, **parameters):
    """A cell that fires at the rate RHO (v - E_L) and is not reset.

    Its response is that of its membrane, exactly.
    """
    return b2r.NeuronModel(
        equations=equations or "dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt",
        threshold="rand() < rho*(v - E_L)*dt",
        method=method,
        parameters=dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, rho=RHO * Hz / (1000 * mV), **parameters),
    )


@pytest.fixture(scope="module")
def passive():
    return b2r.measure_linear_response(escape(), 100 * pA, 10 * nS, seed=3)


def chi2(response, exact):
    """Weighted squares of the two parts of all gains, and how many there are."""
    left = (response.gain - exact) / response.gain_sem
    return float(np.sum(np.abs(left) ** 2)), 2 * left.size - 1


def test_the_response_of_a_passive_membrane_is_found(passive):
    # r = RHO (v - E_L): RHO/g_L at rest, one time constant C/g = 20 ms. dt = 0.1 ms, so that the law is
    # continuous to 0.1/20.
    exact = lambda tau: RHO / 10e-9 / (1 + 2j * np.pi * passive.frequency_ * tau)
    found, number = chi2(passive, exact(20e-3))
    # The mean of chi^2 is its number of terms, its standard deviation sqrt(2 x number): four of them.
    assert abs(found - number) < 4 * np.sqrt(2 * number)
    assert chi2(passive, exact(10e-3))[0] > number + 8 * np.sqrt(2 * number), (
        "half the time constant would be seen"
    )
    assert chi2(passive, np.conj(exact(20e-3)))[0] > number + 8 * np.sqrt(2 * number), (
        "and so would a wrong sign of the phase"
    )
    assert passive.rate_ == pytest.approx(RHO * 100e-12 / 10e-9, abs=5 * passive.rate_sem_)
    first = passive.filters["first"]
    assert abs(first.values[0] - 20e-3) < 4 * first.stderr[0] < 10e-3
    assert abs(first.gain - RHO / 10e-9) < 4 * first.gain_stderr


def test_standard_errors_are_those_of_poisson_spikes(passive):
    # n Poisson spikes: each part of sum exp(-iwt) has a variance of n/2; the gain is 2/(A T) of it, from two
    # halves with opposite signs.
    spikes = passive.rate_ * passive.provenance["cells"] * 4.0
    expected = 2 / (passive.modulation_ * 4.0) * np.sqrt(spikes / 2) / passive.provenance["cells"]
    # A variance from n cells is known to sqrt(2/n), twice that for heavier tails: 10 % is far beyond.
    np.testing.assert_allclose(passive.gain_sem[1:], expected, rtol=0.1)
    np.testing.assert_allclose(passive.gain_sem[0], expected / np.sqrt(2), rtol=0.1)
    assert passive.gain_sem[1] == pytest.approx(0.05 * passive.gain[0].real, rel=0.3), (
        "the precision that was asked for by default"
    )


def test_a_resonance_is_found_and_told_from_one_time_constant():
    # C dv/dt = -g (v - E) - w + I, tau_w dw/dt = -w + a (v - E): H = (1 + s tau_w)/(g + a) / (1 + s (C + g
    # tau_w)/(g + a) + s^2 C tau_w/(g + a)).
    cell = escape(
        "dv/dt = (g_L*(E_L - v) - w + I_app)/C_m : volt\ndw/dt = (a*(v - E_L) - w)/tau_w : amp",
        method="rk4",
        a=40 * nS,
        tau_w=30 * ms,
    )
    response = b2r.measure_linear_response(
        cell, 500 * pA, 10 * nS, frequencies=[1, 3, 6, 10, 15, 25, 40, 80, 160] * Hz, seed=1
    )
    C, g, a, tau_w = 200e-12, 10e-9, 40e-9, 30e-3
    s = 2j * np.pi * response.frequency_
    exact = RHO / (g + a) * (1 + s * tau_w) / (1 + s * (C + g * tau_w) / (g + a) + s**2 * C * tau_w / (g + a))
    found, number = chi2(response, exact)
    assert abs(found - number) < 4 * np.sqrt(2 * number)
    assert response.best.form == "second" and response.filters["first"].aic > response.best.aic + 10
    tau_r, zeta, *_ = response.best.values
    for value, error, true in zip(
        response.best.values,
        response.best.stderr,
        (
            np.sqrt(C * tau_w / (g + a)),
            (C + g * tau_w) / (g + a) / 2 / np.sqrt(C * tau_w / (g + a)),
            tau_w,
            0.0,
        ),
    ):
        assert abs(value - true) < 4 * error
    assert zeta < 1 and tau_r < 0.02, "it resonates"


@pytest.fixture(scope="module")
def noisy():
    noise = b2r.Drive(name="E", inputs=500, rate="10 Hz", G="1 nS", tau="5 ms", E="0 mV")
    return noise, b2r.measure_linear_response("lif", 500 * pA, 45 * nS, noise=[noise], seed=2)


def test_slow_currents_find_the_slope_of_the_f_I_curve(noisy):
    noise, response = noisy
    surface = b2r.measure_fi("lif", [480, 520] * pA, 45 * nS, noise=[noise], replicates=3000, seed=9)
    slope = (surface.rate_[1, 0] - surface.rate_[0, 0]) / 40e-12
    error = np.hypot(*surface.rate_sem_[:, 0]) / 40e-12
    # Over +-20 pA and over the modulation the curve bends by its third derivative alone: of a gain as bent as
    # exp(x/x_0), 1 % (Notes of measure_linear_response).
    for gain, sem in (
        (response.gain[0].real, response.gain_sem[0]),
        (response.gain[1].real, response.gain_sem[1]),
    ):
        assert abs(gain - slope) < 4 * np.hypot(sem, error) + 0.02 * slope < 0.4 * slope
    assert response.rate_ == pytest.approx(surface.rate_.mean(), rel=0.05)
    assert response.gain[0].imag == 0


def test_a_leaky_cell_in_slow_noise_follows_currents_at_once(noisy):
    # Noise of a correlation time keeps cells near the threshold: their rate follows fast currents (Brunel et
    # al., PRL 86:2186, 2001), as a membrane of 250/45 = 5.6 ms would not.
    _, response = noisy
    fast = response.frequency_ >= 180
    assert (
        np.abs(response.gain[fast])
        > 3 * np.abs(response.gain[0] / (1 + 2j * np.pi * response.frequency_[fast] * 250e-12 / 45e-9))
    ).all()


@pytest.mark.slow
def test_both_engines_find_the_same(numpy_code):
    arguments = dict(frequencies=[5, 40] * Hz, rtol=0.15)
    native, brian = (
        b2r.measure_linear_response(escape(), 100 * pA, 10 * nS, engine=engine, seed=seed, **arguments)
        for engine, seed in (("auto", 1), ("brian2", 2))
    )
    assert "brian2" in brian.provenance["engine"]
    assert (np.abs(native.gain - brian.gain) < 5 * np.hypot(native.gain_sem, brian.gain_sem)).all()


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(I=-300 * pA), "fires"),
        (dict(frequencies=[0, 5] * Hz), "frequencies"),
        (dict(frequencies=[5, 5.05] * Hz), "frequencies"),
        (dict(frequencies=[2000] * Hz), "frequencies"),
        (dict(g=5 * mV), "g"),
        (dict(rtol=2), "rtol"),
        (dict(engine="x"), "engine"),
        (dict(I=[100, 200] * pA), "one value"),
    ],
)
def test_bad_arguments_are_refused(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.measure_linear_response(escape(), **{"I": 100 * pA, "g": 10 * nS, **arguments})


def test_without_noise_there_is_no_linear_response():
    with pytest.raises(b2r.errors.InputError, match="noise"):
        b2r.measure_linear_response("lif", 500 * pA, 20 * nS)
    with pytest.raises(b2r.errors.InputError, match="noise"):
        b2r.reduce("ei_lif", noise="none", tau="fitted")
    with pytest.raises(b2r.errors.InputError, match="adaptation"):
        b2r.reduce("ei_lif", adaptation="measured", tau="resonant")


# Filters by themselves.


def made(form, *values):
    size = len(values)
    return RateFilter(form, 1.0, 0.0, tuple(values), (0.0,) * size, ((0.0,) * size,) * size)


@pytest.mark.parametrize(
    "form, values",
    [
        ("first", (12e-3,)),
        ("lead", (8e-3, 3e-3)),
        ("second", (10e-3, 0.4, 12e-3, 2e-5)),
        ("second", (5e-3, 1.5, 1e-3, 0.0)),
    ],
)
def test_a_filter_is_recovered_from_its_own_response(form, values):
    f = np.geomspace(0.5, 400, 18)
    exact = 3e11 * made(form, *values)(f)
    found = fit_filter(f, exact, np.full(f.size, 1e9), form)
    np.testing.assert_allclose(found.values, values, rtol=1e-4, atol=1e-9)
    assert found.gain == pytest.approx(3e11, rel=1e-5) and found.chi2 < 1e-6
    other = fit_filter(f, exact, np.full(f.size, 1e9), "first")
    assert form == "first" or other.chi2 > 100, "and one time constant would not do"


def test_the_stated_errors_of_a_fit_are_its_scatter():
    f, rng, values = np.geomspace(0.5, 300, 16), np.random.default_rng(0), []
    exact = 2e11 * made("lead", 8e-3, 2e-3)(f)
    for _ in range(120):
        found = fit_filter(
            f,
            exact + 4e9 * (rng.standard_normal(f.size) + 1j * rng.standard_normal(f.size)),
            np.full(f.size, 4e9),
            "lead",
        )
        values.append(found.values)
    # A standard deviation from 120 draws is known to 1/sqrt(240) = 6.5 %: four of that, and what the fit's
    # curvature changes from draw to draw.
    np.testing.assert_allclose(np.std(values, axis=0) / found.stderr, 1, atol=0.3)


@pytest.mark.parametrize(
    "form, values", [("first", (12e-3,)), ("lead", (8e-3, 3e-3)), ("second", (10e-3, 0.4, 12e-3, 2e-5))]
)
def test_the_chain_of_states_has_the_response_of_synapse_and_filter(form, values):
    filter_, tau, f = made(form, *values), 5e-3, np.array([0.0, 3.0, 30.0, 200.0])
    A, B, C = filter_.chain_(LowPass(tau))
    s = 2j * np.pi * f
    states = [C @ np.linalg.solve(value * np.eye(len(A)) - A, B) for value in s]
    np.testing.assert_allclose(states, filter_(f) / (1 + s * tau), rtol=1e-10)
    # And the step response is its integral, by another integrator.
    from scipy.integrate import solve_ivp

    t = np.linspace(0, 0.08, 9)
    y = solve_ivp(lambda _, x: A @ x + B, (0, 0.08), np.zeros(len(A)), t_eval=t, rtol=1e-9, atol=1e-12).y
    np.testing.assert_allclose(step_response_([LowPass(tau)], [1.0], filter_, t), C @ y, atol=1e-5)


def test_the_nearest_time_constant():
    assert nearest_tau_([LowPass(7e-3)], [1.0], None)[0] == pytest.approx(7e-3, rel=1e-5), (
        "one filter is its own"
    )
    # Two in a row: 1 - (p e^-t/p - q e^-t/q)/(p - q). Its distance to 1 - e^-t/tau, integrated by hand:
    # exponentials only, ∫ e^-at e^-bt = 1/(a + b).
    p, q = 5e-3, 8e-3
    amplitude, rate = np.array([p, -q]) / (p - q), np.array([1 / p, 1 / q])

    def distance(tau):
        a, k = np.append(amplitude, -1.0), np.append(rate, 1 / tau)
        return np.sum(a[:, None] * a / (k[:, None] + k))

    found, error = nearest_tau_([LowPass(p)], [1.0], made("first", q))
    taus = np.linspace(5e-3, 30e-3, 25001)
    assert found == pytest.approx(taus[np.argmin([distance(tau) for tau in taus])], abs=2e-6) and error == 0
    assert not found == pytest.approx(p + q, rel=0.02), "it is not their sum"


# In the rate model.


@pytest.fixture(scope="module")
def models():
    levels = ("linear", "gain", "surface")
    return {
        tau: b2r.reduce("ei_lif", levels=levels, tau=tau, seed=1)
        for tau in ("synaptic", "fitted", "resonant")
    }


def test_fixed_points_do_not_depend_on_the_filter(models):
    for level in ("linear", "gain", "surface"):
        # Rest is reached to exp(-0.6 s / 20 ms); what is left is the interpolation of tables.
        last = {
            tau: b2r.simulate_rates(found[level], duration=0.6 * second).rate_[:, -1]
            for tau, found in models.items()
        }
        np.testing.assert_allclose(last["fitted"], last["synaptic"], rtol=1e-5)
        np.testing.assert_allclose(last["resonant"], last["synaptic"], rtol=1e-5)
    quick, slow = (
        b2r.simulate_rates(models[tau]["linear"], duration=20 * ms).rate_ for tau in ("resonant", "fitted")
    )
    assert np.abs(quick - slow).max() > 0.5, "transients do"


def test_held_at_rest_the_resonant_model_stays_there(models):
    r = models["resonant"]["gain"]
    last = b2r.simulate_rates(r, duration=0.6 * second).rate_[:, -1]
    still = b2r.simulate_rates(r, duration=5 * ms, initial=dict(zip(r.populations, last * Hz))).rate_
    np.testing.assert_allclose(still, np.repeat(last[:, None], 5, axis=1), rtol=1e-4)


def test_the_fitted_time_constant_lies_among_those_of_the_synapses(models):
    r = models["fitted"]["linear"]
    for name in r.populations:
        tau, delay = float(r.tau[name]), r.responses[name].best.delay_
        assert r.tau_choice == "fitted" and 0 < r.provenance["tau_stderr [s]"][name] < 0.1 * tau
        # A weighted mean of 5 and 10 ms, moved by the cell's own small delay.
        assert 5e-3 - abs(delay) - 1e-3 < tau < 10e-3 + abs(delay) + 1e-3


def test_eigenvalues_of_the_resonant_model_are_where_its_loop_closes(models):
    # Rates r = M(s) r with M_ab = sum over pathways of slope H_a(s)/(1 + s tau): at an eigenvalue s the
    # determinant of 1 - M is 0.
    r = models["resonant"]["linear"]
    (point,) = fixed_points(r, delays=False)
    beta = {name: float(np.asarray(r.gains[name].beta)) for name in r.populations}

    def loop(s):
        M = np.zeros((2, 2), dtype=complex)
        for i, target in enumerate(r.populations):
            a, c, b, d = r.responses[target].best.coefficients_
            for p in r.circuit.pathways(target):
                if not p.is_drive:
                    M[i, r.populations.index(p.source)] += (
                        beta[target]
                        * r.weight_(p)
                        * (1 + a * s + c * s**2)
                        / (1 + b * s + d * s**2)
                        / (1 + s * p.tau_)
                    )
        return np.linalg.det(np.eye(2) - M)

    values = np.asarray(point.eigenvalues)
    # The two pathways onto a population that start at the same source and pass the same filter share poles:
    # there 1 - M has none or a pole itself.
    poles = np.array(
        [-1 / p.tau_ for name in r.populations for p in r.circuit.pathways(name)]
        + [
            root
            for name in r.populations
            for root in np.roots(
                [r.responses[name].best.coefficients_[3], r.responses[name].best.coefficients_[2], 1.0]
            )
        ]
    )
    own = [s for s in values if np.abs(s / poles - 1).min() > 1e-3]
    assert len(own) >= 4
    for s in own:
        # Beside a zero the determinant grows in proportion to the distance: a step of 1 % makes it hundreds
        # of times what rounding leaves.
        assert abs(loop(s)) < 1e-3 * abs(loop(1.01 * s))
    assert values.real.max() < 0
    run = b2r.simulate_rates(
        r, duration=80 * ms, initial={name: 1.02 * rate * Hz for name, rate in point.rates_.items()}
    )
    away = np.abs(run.rate_ - np.array(list(point.rates_.values()))[:, None])
    assert (away[:, -1] < 1e-2 * away[:, :5].max()).all(), "stable, and so it comes back"


def test_it_survives_its_file_and_its_folder(models, tmp_path):
    for tau in ("fitted", "resonant"):
        r = models[tau]["linear"]
        r.save(tmp_path / f"{tau}.json")
        again = b2r.ReducedCircuit.load(tmp_path / f"{tau}.json")
        assert again.equations == r.equations and again.tau == r.tau and again.tau_choice == tau
        assert set(again.responses) == {"E", "I"} == set(b2r.load(tmp_path / f"{tau}.json").responses)
        assert (
            again.responses["E"].to_dict() == r.responses["E"].to_dict()
            and again.responses["E"].best == r.responses["E"].best
        )
        b2r.save(r, tmp_path / tau)
        assert b2r.load(tmp_path / tau).responses["I"].to_dict() == r.responses["I"].to_dict()


@pytest.mark.slow
def test_cells_can_be_filtered_too(small):
    r = b2r.reduce(small, tau="resonant", cells=True, seed=1)
    run = b2r.simulate_rates(r, duration=0.3 * second)
    assert run.cell_rate_["E"].shape[0] == 400 and np.isfinite(run.rate_).all()
    whole = b2r.simulate_rates(replace(r, cells=False), duration=0.3 * second).rate_[:, -1]
    # Cells whose wiring differs meet the bends of the threshold: means differ by little.
    np.testing.assert_allclose(run.rate_[:, -1], whole, rtol=0.05)
