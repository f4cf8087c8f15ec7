"""Rates of cells: against closed forms, against another integrator, against Campbell's theorem."""

import numpy as np
import pandas as pd
import pytest
from b2reduce.experiments.exact_lif import rounding_
from brian2 import Hz, amp, cm, ms, msiemens, mV, nA, nS, pA, pF, second, uA

import b2reduce as b2r
from b2reduce.cells.measure_fi import measure_fi

from ..cases import reduced

C, E_L, V_TH, V_R, T_REF = 250e-12, -65e-3, -50e-3, -60e-3, 2e-3


def exact_interval(I, g, v_th=V_TH):
    """Interspike interval of the leaky integrate-and-fire cell, s (THEORY.

    T = t_ref + (C/g) ln((V_inf - V_r)/(V_inf - V_th))).
    """
    v_inf = E_L + I / g
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(v_inf > v_th, T_REF + C / g * np.log((v_inf - V_R) / (v_inf - v_th)), np.inf)


CURRENTS, LEAKS = np.linspace(0.15, 1.2, 100), np.array([10.0, 16.7, 25.0])


@pytest.fixture(scope="module")
def lif_surfaces():
    return {dt: measure_fi("lif", CURRENTS * nA, LEAKS * nS, dt=dt * ms) for dt in (0.1, 0.05, 0.025)}


def interval_errors(surface, v_th=V_TH):
    exact = exact_interval(surface.I_[:, None], surface.g_[None, :], v_th)
    fires = exact < 0.2
    return 1 / surface.rate_[fires] - exact[fires]


def test_lif_intervals_lie_within_one_step_of_the_closed_form(lif_surfaces):
    # A crossing is seen at the end of its step (up to one dt late); the refractory period can end one dt
    # early.
    for dt, surface in lif_surfaces.items():
        errors = interval_errors(surface)
        assert errors.size > 200
        slack = rounding_(b2r.load_model("lif"), surface.I_[:, None], surface.g_, dt * 1e-3)[
            exact_interval(surface.I_[:, None], surface.g_) < 0.2
        ]
        assert slack.max() < 1e-2 * dt * 1e-3 and np.all(np.abs(errors) <= dt * 1e-3 + slack)
    silent = np.isinf(exact_interval(surface.I_[:, None], surface.g_[None, :]))
    assert silent.any() and np.all(surface.rate_[silent] == 0)


def test_lif_error_is_of_first_order_in_dt(lif_surfaces):
    # The crossing falls anywhere in its step with equal chance: the mean error is dt/2, so it halves with dt.
    # Over 200 points the mean scatters by dt/sqrt(12 * 200) = 2 % of dt, 4 % of the mean; the ratio by 6 %:
    # 15 % is 2.5 of these.
    means = [np.mean(np.abs(interval_errors(surface))) for surface in lif_surfaces.values()]
    for coarse, fine in zip(means, means[1:]):
        assert coarse / fine == pytest.approx(2, rel=0.15)


def test_a_wrong_threshold_would_be_seen(lif_surfaces):
    # Half a millivolt in the threshold: the closed form is that sharp a test.
    assert np.abs(interval_errors(lif_surfaces[0.1], v_th=V_TH + 0.5e-3)).max() > 0.1e-3


def test_onset_rate_is_one_over_the_first_interval(lif_surfaces):
    # A leaky integrate-and-fire cell has no memory: its first interval is its every interval, up to the grid.
    surface = lif_surfaces[0.025]
    fires = surface.rate_ > 5
    # A step, and the rounding of times
    np.testing.assert_allclose(
        1 / surface.onset_rate_[fires], 1 / surface.rate_[fires], rtol=0, atol=0.025e-3 * (1 + 1e-9)
    )
    assert np.isnan(surface.onset_rate_[surface.rate_ == 0]).all()


def test_slow_rates_are_seen_down_to_the_stated_limit():
    # Intervals of 0.4 s leave three of them in the default 1.5 s.
    v = V_TH - V_R
    excess = v / np.expm1((0.4 - T_REF) * 16.7e-9 / C)
    I_ = (V_TH - E_L + excess) * 16.7e-9
    surface = measure_fi("lif", [I_] * amp, [16.7] * nS)
    # The potential creeps over the threshold by 1e-14 V in a time constant: its last bits decide between
    # steps, here within 5 ms.
    slack = rounding_(b2r.load_model("lif"), I_, 16.7e-9, 1e-4)
    assert slack < 0.015 * 0.4 and abs(1 / surface.rate_[0, 0] - 0.4) <= 1e-4 + slack


def test_an_adapting_cell_has_an_onset_above_its_sustained_rate():
    surface = measure_fi("adex_brette2005", [1.0] * nA, [30] * nS)
    assert surface.onset_rate_[0, 0] > 1.5 * surface.rate_[0, 0] > 0


@pytest.fixture(scope="module")
def noise():
    return [
        b2r.Drive(name="e", inputs=200, rate=12 * Hz, G=0.5 * nS, tau=5 * ms, E=0 * mV),
        b2r.Drive(name="i", inputs=50, rate=10 * Hz, G=2 * nS, tau=10 * ms, E=-80 * mV),
    ]


NOISY = dict(replicates=200, duration=2.5 * second, warmup=0.5 * second)
POINT = dict(I=[0.48] * nA, g=[35] * nS)


@pytest.fixture(scope="module")
def noisy(noise):
    return measure_fi("lif", **POINT, noise=noise, seed=4, **NOISY)


def independent_rate(noise, I, g, dt, cells, duration, warmup, seed):
    """Rate and standard error of the noisy cell by a Heun integrator of its own, in plain numpy."""
    rng = np.random.default_rng(seed)
    si = lambda q: float(np.asarray(q))
    g_leak, I_app, sources = g, I, []
    for drive in noise:
        G, tau, E, R = si(drive.G), si(drive.tau), si(drive.E), drive.inputs * si(drive.rate)
        g_leak, I_app = g_leak - G * tau * R, I_app - G * tau * R * (E - E_L)
        sources.append((G, tau, E, R, np.full(cells, G * tau * R)))
    v, left, spikes = np.full(cells, E_L), np.zeros(cells, int), np.zeros(cells)
    for step in range(int(round(duration / dt))):
        free = left <= 0
        conductances = [source[4] for source in sources]
        slope = lambda v, gs: (
            (g_leak * (E_L - v) + I_app + sum(k * (s[2] - v) for k, s in zip(gs, sources))) / C
        )
        later = [k * np.exp(-dt / s[1]) for k, s in zip(conductances, sources)]
        first = slope(v, conductances)
        v = np.where(free, v + dt / 2 * (first + slope(v + dt * first, later)), v)
        for k, s in zip(later, sources):
            s[4][:] = k + s[0] * rng.poisson(s[3] * dt, cells)
        fired = free & (v > V_TH)
        v[fired] = V_R
        left = np.where(fired, int(round(T_REF / dt)) - 1, left - 1)
        if step * dt >= warmup:
            spikes += fired
    counts = spikes / (duration - warmup)
    return counts.mean(), counts.std(ddof=1) / np.sqrt(cells)


def test_noisy_rates_agree_with_an_independent_integrator(noise, noisy):
    # Five standard errors of the difference.
    rate, sem = independent_rate(noise, 0.48e-9, 35e-9, 1e-4, cells=200, duration=2.5, warmup=0.5, seed=8)
    got, got_sem = noisy.rate_[0, 0], noisy.rate_sem_[0, 0]
    assert abs(got - rate) < 5 * np.hypot(sem, got_sem)
    shifted, sem = independent_rate(
        noise, 0.48e-9 + 10e-12, 35e-9, 1e-4, cells=200, duration=2.5, warmup=0.5, seed=8
    )
    assert abs(got - shifted) > 5 * np.hypot(sem, got_sem), "2 % of the current must be told apart"


@pytest.mark.smoke
def test_the_same_seed_gives_the_same_surface_and_another_seed_another(noise, noisy):
    again, other = (measure_fi("lif", **POINT, noise=noise, seed=seed, **NOISY) for seed in (4, 5))
    np.testing.assert_array_equal(again.rate_, noisy.rate_)
    np.testing.assert_array_equal(again.cv_, noisy.cv_)
    assert other.rate_[0, 0] != noisy.rate_[0, 0]


def test_the_noise_makes_the_cell_fire_irregularly_below_its_rheobase(noisy):
    assert 0.48e-9 < 35e-9 * (V_TH - E_L), "the mean current is below rheobase"
    assert noisy.rate_[0, 0] > 1 and 0.4 < noisy.cv_[0, 0] < 1.3


def test_the_standard_error_is_the_scatter_over_seeds(noise):
    # 30 seeds estimate a standard deviation to 1/sqrt(58) = 13 %; 45 % is beyond three of those.
    runs = [
        measure_fi(
            "lif", **POINT, noise=noise, seed=seed, replicates=10, duration=0.6 * second, warmup=0.1 * second
        )
        for seed in range(30)
    ]
    rates, stated = (np.array([getattr(run, name)[0, 0] for run in runs]) for name in ("rate_", "rate_sem_"))
    assert stated.mean() == pytest.approx(rates.std(ddof=1), rel=0.45)


def test_rtol_adds_replicates_until_the_error_is_small_enough(noise):
    surface = measure_fi(
        "lif", [0.48, 0.6] * nA, [35] * nS, noise=noise, rtol=0.03, replicates=5, duration=1 * second, seed=1
    )
    assert np.all(surface.rate_sem_ <= 0.03 * surface.rate_)
    loose = measure_fi(
        "lif", [0.48, 0.6] * nA, [35] * nS, noise=noise, replicates=5, duration=1 * second, seed=1
    )
    assert loose.rate_sem_[0, 0] > 0.03 * loose.rate_[0, 0]


def test_noise_of_vanishing_variance_is_no_noise(noise):
    # The mean is kept and each event made a thousand times smaller: what remains is the noise-free curve.
    smooth = [
        b2r.Drive(name=d.name, inputs=1000 * d.inputs, rate=d.rate, G=d.G / 1000, tau=d.tau, E=d.E)
        for d in noise
    ]
    with_ = measure_fi("lif", [0.6, 0.9] * nA, [35] * nS, noise=smooth, replicates=4, seed=1)
    without = measure_fi("lif", [0.6, 0.9] * nA, [35] * nS)
    # Both see a crossing up to one step late, which is r^2 dt of a rate; and one spike more or less in 2 s.
    allowed = without.rate_**2 * 1e-4 + 1 / 2
    assert np.all(np.abs(with_.rate_ - without.rate_) <= allowed) and np.all(allowed < 0.04 * without.rate_)


def test_a_point_that_needs_a_negative_leak_is_refused(noise):
    # The noise's mean: 200*12*0.5*5e-3 + 50*10*2*10e-3 = 6 + 10 nS.
    with pytest.raises(
        b2r.errors.InputError, match=r"would need a negative leak; start the g axis at 16\. nS"
    ):
        measure_fi("lif", [0.3] * nA, [15, 20] * nS, noise=noise)
    measure_fi("lif", [0.3] * nA, [16.01] * nS, noise=noise, duration=20 * ms, replicates=1)


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(I=[] * nA), "I:.*at least one"),
        (dict(I=[0.3, 0.2] * nA), "I: the axis must increase"),
        (dict(I=[0.2, 0.2] * nA), "increase"),
        (dict(I=[0.2, np.nan] * nA), "NaN"),
        (dict(g=[20] * pA), "g:"),
        (dict(I=[0.2] * mV), "I:"),
        (dict(I=[0.2]), "I:"),
        (dict(duration=-1 * second), "duration"),
        (dict(duration=1 * second, warmup=2 * second), "warmup"),
        (dict(replicates=0), "replicates"),
        (dict(rtol=2), "rtol"),
        (dict(engine="fast"), "engine: .*'fast'; known: auto, native, brian2"),
        (dict(threads=0), "threads"),
        (dict(parameters={"V_tt": 1 * mV}), "V_tt"),
        (dict(initial="middle"), "initial"),
        (dict(initial={"u": 1 * mV}), "initial.*u"),
        (dict(model="liff"), "lif"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        measure_fi(**{"model": "lif", "I": [0.3] * nA, "g": [20] * nS, **arguments})


def test_a_diverging_integration_is_an_error_that_names_the_point():
    unstable = b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + k*(v - E_L)**2*int(v > -40*mV) + I_app)/C_m : volt",
        threshold="v > V_th",
        reset="",
        parameters=dict(C_m=250 * pF, g_L=10 * nS, E_L=-65 * mV, V_th=10 * mV, k=10 * nS / mV),
        method="rk4",
    )
    with pytest.raises(b2r.errors.DivergenceError, match=r"(?s)not finite.*I_app = 1e-09.*smaller dt"):
        measure_fi(unstable, [0.1, 1.0] * nA, [10] * nS, duration=200 * ms)


def test_rheobase_of_the_leaky_cell_is_its_closed_form():
    found = b2r.rheobase("lif", LEAKS * nS)
    # To 1e-4 from the search; and a sustained rate of 2 spikes in the last second needs exp(-T g/C) < 1e-17
    # of excess.
    np.testing.assert_allclose(found / amp, LEAKS * 1e-9 * (V_TH - E_L), rtol=2e-4, atol=0)


def test_rheobase_of_the_squid_axon_depends_on_what_counts():
    # A current that evokes one spike from rest need not sustain firing: about 2.3 and 6.2 uA/cm2 (Rinzel
    # 1978).
    first, sustained = (
        float(
            b2r.rheobase("hodgkin_huxley1952", [0.3] * msiemens / cm**2, kind=kind, duration=0.5 * second)[0]
            / (uA / cm**2)
        )
        for kind in ("first_spike", "sustained")
    )
    assert 2.0 < first < 2.6 and 5.9 < sustained < 6.5


@pytest.mark.parametrize("v_th", [-64.9, -80])
def test_rheobase_is_found_near_zero_and_below(v_th):
    # A cell whose threshold lies below its leak reversal fires unless it is held back.
    found = b2r.rheobase("lif", [16.7] * nS, parameters={"V_th": v_th * mV, "V_r": (v_th - 5) * mV})
    # Near zero the search is content with 1e-4 of the current of 1 mV.
    assert float(found[0]) == pytest.approx(16.7e-9 * (v_th + 65) * 1e-3, rel=2e-4, abs=1e-4 * 16.7e-12)


@pytest.mark.slow
def test_a_division_by_zero_inside_compiled_code_is_reported_as_divergence():
    with pytest.raises(b2r.errors.DivergenceError, match="hodgkin_huxley1952': a division by zero"):
        measure_fi(
            "hodgkin_huxley1952",
            [-3000, 5] * uA / cm**2,
            [0.3] * msiemens / cm**2,
            duration=200 * ms,
            engine="brian2",
        )


def test_a_cell_that_never_fires_has_no_rheobase():
    with pytest.raises(b2r.errors.InputError, match="does not fire.*v > V_th"):
        b2r.rheobase("lif", [16.7] * nS, parameters={"V_th": 2000 * mV}, duration=100 * ms)


@pytest.mark.slow
def test_the_published_fit_of_shriki_and_its_control():
    I, g = np.linspace(0, 4, 41) * uA / cm**2, np.linspace(0.05, 0.15, 5) * msiemens / cm**2
    fit = b2r.fit_gain(measure_fi("shriki2003", I, g), rates=(0 * Hz, 80 * Hz))
    # Published: 35.4 Hz cm2/uA, 0.65 uA/cm2, 5.6 mV; the bounds are those of reading the currents on a grid
    # of 0.1.
    assert float(fit.beta / (Hz * cm**2 / uA)) == pytest.approx(35.4, abs=1.2)
    assert float(fit.I_theta / (uA / cm**2)) == pytest.approx(0.65, abs=0.07)
    assert float(fit.v_theta / mV) == pytest.approx(5.6, abs=0.8)
    assert fit.warnings == []
    # The A-current is what makes the curve linear: without it the same fit is poor and says so.
    without = b2r.fit_gain(
        measure_fi("shriki2003", I, g, parameters={"g_A": 0 * msiemens / cm**2}), rates=(0 * Hz, 80 * Hz)
    )
    assert without.warnings


def frame(**changes):
    rows = [(i, g, 10.0) for i in (1e-10, 2e-10) for g in (1e-8, 2e-8)]
    return pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]).assign(**changes)


def test_recorded_data_make_a_surface_with_holes():
    surface = b2r.FISurface.from_frame(frame().iloc[[3, 0, 1]])
    assert (
        surface.rate_.shape == (2, 2) and np.isnan(surface.rate_[1, 0]) and list(surface.I_) == [1e-10, 2e-10]
    )
    assert not surface.rate_.flags.writeable
    assert b2r.FISurface.from_frame(frame(), {"a": {"b": [1]}}).provenance["a"]["b"] == (1,)
    pd.testing.assert_frame_equal(b2r.FISurface.from_frame(surface.to_frame()).to_frame(), surface.to_frame())


@pytest.mark.parametrize(
    "data, gist",
    [
        (frame().drop(columns="rate [Hz]"), "missing.*rate \\[Hz\\]"),
        (frame().rename(columns={"I [A]": "I"}), "no unit.*I \\[pA\\]"),
        (frame().iloc[:0], "no rows"),
        (frame(**{"rate [Hz]": "many"}), "not a number"),
        (frame(**{"g [S]": np.nan}), "missing values"),
        (frame(**{"rate [Hz]": -1.0}), "negative"),
        (frame(**{"rate [Hz]": np.inf}), "infinite"),
        (frame(**{"g [S]": [-1.0, 1, -1, 1]}), "at least 0"),
    ],
)
def test_faulty_recorded_data_are_refused(data, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.FISurface.from_frame(data)


def test_a_silent_surface_is_a_result_but_a_dead_cell_is_an_error():
    assert measure_fi("lif", [0.1] * nA, [16.7] * nS, duration=200 * ms).rate_[0, 0] == 0
    with pytest.raises(b2r.errors.InputError, match="does not fire.*threshold"):
        measure_fi("lif", [0.1] * nA, [16.7] * nS, duration=200 * ms, parameters={"V_th": 5000 * mV})


def test_provenance_cannot_be_changed(noisy):
    with pytest.raises(TypeError):
        noisy.provenance["versions"]["numpy"] = "0"


@pytest.mark.parametrize("seed", [-1, 1.5, None, "a", True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(b2r.errors.InputError, match="seed"):
        measure_fi("lif", [0.3] * nA, [16.7] * nS, seed=seed, duration=50 * ms)


@pytest.mark.parametrize(
    "refractory, rate", [(None, 1e4), (0.25 * ms, 5e3), (2 * ms, 500), ("v > V_th", 1e4)]
)
def test_a_rate_that_the_time_grid_makes_is_named(refractory, rate):
    model = b2r.load_model("lif")
    model = b2r.NeuronModel(
        equations=model.equations,
        threshold=model.threshold,
        reset=model.reset,
        refractory=refractory,
        parameters={name: value for name, value in model.parameters.items() if name != "t_ref"},
    )
    with pytest.warns(UserWarning, match=r"1 of 2 points fire at every chance.*that limits their rates"):
        surface = measure_fi(model, [0.4, 300] * nA, [20] * nS, duration=200 * ms)
    assert surface.rate_[1, 0] == pytest.approx(rate, rel=0.01) and surface.rate_[0, 0] < 100
    assert any("fire at every chance" in text for text in surface.warnings) and all(
        text in repr(surface) for text in surface.warnings
    )
    assert measure_fi(model, [0.4] * nA, [20] * nS, duration=200 * ms).warnings == ()


@pytest.mark.parametrize(
    "duration", [1e15 * second, 1e300 * second, 1e-6 * second, 0 * second, np.inf * second]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda duration: measure_fi("lif", [0.3] * nA, [20] * nS, duration=duration),
        lambda duration: b2r.rheobase("lif", [20] * nS, duration=duration),
        lambda duration: b2r.measure_transfer(
            "lif",
            [b2r.Drive(name="x", inputs=100, G=0.1 * nS, tau=5 * ms, E=0 * mV)],
            {"x": [5, 10] * Hz},
            duration=duration,
        ),
        lambda duration: b2r.simulate_spikes("ei_lif", duration=duration),
        lambda duration: b2r.simulate_rates(reduced(), duration=duration),
        lambda duration: b2r.validate("ei_lif", duration=duration),
        lambda duration: b2r.scan("ei_lif", {"drive.ext.rate": [14] * Hz}, task="spikes", duration=duration),
    ],
    ids=["fi", "rheobase", "transfer", "spikes", "rates", "validate", "scan"],
)
def test_a_run_that_cannot_be_is_refused_at_once(call, duration):
    with pytest.raises(b2r.errors.InputError, match="duration: got"):
        call(duration)


@pytest.mark.parametrize(
    "dt, gist",
    [
        # Too few of them, or too many, for the duration
        *[(dt, "duration: got .* steps? of") for dt in (1 * second, 5 * second, 1e-18 * second)],
        *[(dt, "dt: got .* above 0 s") for dt in (0 * ms, -1 * ms)],
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda dt: measure_fi("lif", [0.3] * nA, [20] * nS, dt=dt),
        lambda dt: b2r.rheobase("lif", [20] * nS, dt=dt),
        lambda dt: b2r.measure_adaptation("lif_adapt", dt=dt),
        lambda dt: b2r.simulate_spikes("ei_lif", duration=100 * ms, dt=dt),
    ],
)
def test_a_step_that_cannot_be_is_refused_at_once(call, dt, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        call(dt)


def test_progress_is_reported_to_a_callable(noise):
    seen = []
    measure_fi(
        "lif",
        **POINT,
        noise=noise,
        duration=50 * ms,
        progress=lambda stage, fraction: seen.append((stage, fraction)),
    )
    assert seen and seen[-1][1] == 1.0 and "f-I surface" in seen[-1][0]
