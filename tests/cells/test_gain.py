import json

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, amp, mV, nS, pA, volt

import b2reduce as b2r
from b2reduce.basics.units import with_units
from b2reduce.cells.gain_forms import FORMS, inverse_at

BETA, I_THETA, V_THETA = 0.25e12, -80e-12, 13.5e-3


def surface(rate, I=np.linspace(200e-12, 600e-12, 41), g=(25e-9, 33e-9, 41e-9), sem=None):
    """A surface from a formula of I and g."""
    rows = [(i, k, rate(i, k)) for i in I for k in g]
    frame = pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"])
    if sem is not None:
        frame["rate_sem [Hz]"] = sem(frame)
    return b2r.FISurface.from_frame(frame)


def line(i, g, beta=BETA):
    return beta * max(i - I_THETA - V_THETA * g, 0)


def logistic(i, g, r_max=80.0, x_0=30e-12):
    return r_max / (1 + np.exp(-(i - I_THETA - V_THETA * g) / x_0))


def test_a_threshold_linear_surface_gives_its_own_parameters_back():
    fit = b2r.fit_gain(surface(line), rates=(1 * Hz, 60 * Hz))
    assert float(fit.beta) == pytest.approx(BETA, rel=1e-9)
    assert float(fit.I_theta) == pytest.approx(I_THETA, rel=1e-8)
    assert float(fit.v_theta) == pytest.approx(V_THETA, rel=1e-9)
    assert (
        fit.r2 == pytest.approx(1) and fit.warnings == [] and fit.slope_change == pytest.approx(0, abs=1e-9)
    )
    assert float(fit(400 * pA, 30 * nS)) == pytest.approx(line(400e-12, 30e-9), rel=1e-8)
    assert float(fit.f(-5 * pA)) == 0 and float(fit.f(100 * pA)) == pytest.approx(25)


@pytest.mark.parametrize("form", [*FORMS, "auto"])
def test_a_shift_that_is_given_is_held(form):
    rng = np.random.default_rng(2)
    noisy = lambda i, g: max(line(i, g) + rng.normal(0, 0.3), 0)
    three, one = surface(noisy), surface(noisy, g=(33e-9,))
    window = dict(form=form, rates=(5 * Hz, 60 * Hz))
    fit = b2r.fit_gain(three, v_theta=V_THETA * volt, **window)
    assert float(fit.v_theta) == V_THETA and float(fit.stderr["v_theta"]) == 0
    assert (fit.covariance.loc["v_theta"] == 0).all() and (fit.covariance["v_theta"] == 0).all()
    assert fit.warnings[0].startswith("v_theta = 13.5 mV was given and not fitted; weights")
    if form in ("threshold_linear", "softplus", "threshold_power", "auto"):  # which the line is one of
        # 0.3 Hz at some 90 points over 55 Hz: three standard errors of the slope are 0.6 %
        assert float(fit.beta) == pytest.approx(BETA, rel=0.006)
        assert float(fit.stderr["I_theta"]) < float(b2r.fit_gain(three, **window).stderr["I_theta"])
    # At one conductance any shift gives the same curve
    fits = [b2r.fit_gain(one, v_theta=v * mV, **window) for v in (0, 13.5)]
    thresholds = [float(fit.I_theta) + float(fit.v_theta) * 33e-9 for fit in fits]
    assert thresholds[0] == pytest.approx(thresholds[1], abs=1e-15)
    assert float(fits[0].beta) == pytest.approx(float(fits[1].beta), rel=1e-6)
    assert float(fits[0].rmse) < 0.3 * 1.5 or form in ("sqrt", "logistic")
    assert "all points have one conductance" in fits[0].warnings[0]


def test_a_shift_that_is_given_is_one_voltage_and_not_a_current():
    for wrong in (3 * nS, [1, 2] * mV, float("nan") * volt, "13 pA"):
        with pytest.raises(b2r.errors.InputError, match="v_theta"):
            b2r.fit_gain(surface(line), v_theta=wrong)
    with pytest.raises(b2r.errors.InputError, match="one conductance only.*or give v_theta="):
        b2r.fit_gain(surface(line, g=(33e-9,)))
    assert float(b2r.fit_gain(surface(line, g=(25e-9, 33e-9))).v_theta) == pytest.approx(V_THETA, rel=1e-6)
    # Points (I, g) that v_theta moves onto one current: nothing is left to tell a slope from
    rows = [
        (600e-12 + V_THETA * g, g, rate) for g, rate in zip((25e-9, 30e-9, 35e-9, 40e-9), (20, 21, 20, 19))
    ]
    points = b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]))
    with pytest.raises(b2r.errors.InputError, match="one current, once v_theta has shifted it"):
        b2r.fit_gain(points, v_theta=V_THETA * volt)
    held = b2r.fit_gain(surface(line), v_theta=20 * mV, through=(500 * pA, 33 * nS, 30 * Hz))
    assert float(held(500 * pA, 33 * nS)) == pytest.approx(30, rel=1e-9)


def test_a_logistic_surface_gives_its_own_parameters_back():
    fit = b2r.fit_gain(surface(logistic), form="logistic")
    for name, value in dict(
        r_max=80.0, x_0=30e-12, I_theta=I_THETA, v_theta=V_THETA, beta=80 / (4 * 30e-12)
    ).items():
        assert float(fit.params[name]) == pytest.approx(value, rel=1e-6), name
    assert float(fit.f(0 * amp)) == pytest.approx(40), "I_theta is where the rate is half its maximum"


def test_standard_errors_are_the_scatter_of_repeated_fits():
    # 60 fits estimate a standard deviation to 1/sqrt(120) = 9 %; 40 % is beyond four of those.
    rng, found, stated, names = np.random.default_rng(3), [], [], ["beta", "I_theta", "v_theta"]
    for _ in range(60):
        fit = b2r.fit_gain(
            surface(lambda i, g: max(line(i, g) + rng.normal(0, 0.5), 0)), rates=(5 * Hz, 60 * Hz)
        )
        found.append([float(fit.params[name]) for name in names])
        stated.append([float(fit.stderr[name]) for name in names])
    np.testing.assert_allclose(np.mean(stated, axis=0), np.std(found, axis=0, ddof=1), rtol=0.4, atol=0)
    # Fisher's z of a correlation of 60 pairs has the standard error 1/sqrt(57); four of those.
    pairs, covariance = np.triu_indices(3, 1), fit.covariance.loc[names, names].to_numpy()
    correlation = covariance / np.outer(stated[-1], stated[-1])
    np.testing.assert_allclose(
        np.arctanh(correlation[pairs]),
        np.arctanh(np.corrcoef(found, rowvar=False)[pairs]),
        rtol=0,
        atol=4 / np.sqrt(57),
    )


@pytest.mark.parametrize("weights", [None, "sem"])
def test_the_covariance_of_a_straight_gain_is_that_of_linear_least_squares(weights):
    """Above its threshold r = a + b I + c g: beta = b, I_theta = -a/b, v_theta = -c/b."""
    rng = np.random.default_rng(4)
    data = surface(
        lambda i, g: max(line(i, g) + rng.normal(0, 0.5), 0),
        I=np.linspace(500e-12, 900e-12, 21),
        sem=lambda frame: rng.uniform(0.3, 1.5, len(frame)),
    )
    fit, frame = b2r.fit_gain(data, weights=weights), data.to_frame()
    w = 1 / frame["rate_sem [Hz]"].to_numpy() if weights else np.ones(len(frame))
    # NA and nS, so that the matrix is well scaled
    design = np.column_stack([np.ones(len(frame)), frame["I [A]"] * 1e9, frame["g [S]"] * 1e9]) * w[:, None]
    (a, b, c), [square], *_ = np.linalg.lstsq(design, frame["rate [Hz]"] * w, rcond=None)
    plain = np.linalg.inv(design.T @ design) * square / (len(frame) - 3)
    to = np.array([[0, 1e9, 0], [-1e-9 / b, 1e-9 * a / b**2, 0], [0, c / b**2, -1 / b]])
    names = ["beta", "I_theta", "v_theta"]
    assert list(fit.covariance.index) == list(fit.covariance.columns) == list(fit.params) and set(
        fit.params
    ) == set(names)
    np.testing.assert_allclose(fit.covariance.loc[names, names], to @ plain @ to.T, rtol=1e-5, atol=0)


@pytest.mark.parametrize("form", FORMS)
def test_standard_errors_are_the_diagonal_of_the_covariance(form):
    fit = b2r.fit_gain(shifted("softplus", noise=0.01), form=form)
    assert list(fit.covariance.index) == list(fit.covariance.columns) == list(fit.params)
    np.testing.assert_allclose(
        np.sqrt(np.diag(fit.covariance)), [float(value) for value in fit.stderr.values()], rtol=1e-12, atol=0
    )


def test_the_slope_that_others_give_varies_with_them():
    fit = b2r.fit_gain(surface(lambda i, g: logistic(i, g) * (1 + 0.02 * np.sin(1e13 * i))), form="logistic")
    r_max, x_0 = (float(fit.params[name]) for name in ("r_max", "x_0"))
    gradient = np.array([1 / (4 * x_0), -r_max / (4 * x_0**2)])
    others = fit.covariance.loc[["r_max", "x_0"], ["r_max", "x_0"]].to_numpy()
    np.testing.assert_allclose(fit.covariance.loc["beta", ["r_max", "x_0"]], gradient @ others, rtol=1e-5)
    assert fit.covariance.loc["beta", "beta"] == pytest.approx(gradient @ others @ gradient, rel=1e-5)


def test_weights_follow_the_standard_error():
    # Half the points are wrong by 10 Hz and say so: weighted, they hardly count.
    sem = lambda frame: np.where(np.arange(len(frame)) % 2, 0.01, 10.0)
    spoiled = surface(lambda i, g: line(i, g), sem=sem).to_frame()
    spoiled.loc[spoiled["rate_sem [Hz]"] == 10.0, "rate [Hz]"] += 10.0
    spoiled = b2r.FISurface.from_frame(spoiled)
    window = (15 * Hz, 60 * Hz)
    assert float(b2r.fit_gain(spoiled, rates=window, weights="sem").I_theta) == pytest.approx(
        I_THETA, rel=1e-3
    )
    assert float(b2r.fit_gain(spoiled, rates=window).I_theta) != pytest.approx(I_THETA, rel=0.05), (
        "unweighted, they do count"
    )


@pytest.mark.parametrize("change, warned", [(0.10, False), (0.20, True)])
def test_a_slope_that_changes_by_more_than_15_percent_is_flagged(change, warned):
    # The slope rises linearly with g, by `change` of its middle value over the range.
    tilted = surface(lambda i, g: line(i, g, BETA * (1 + change * (g - 33e-9) / 16e-9)))
    fit = b2r.fit_gain(tilted, rates=(1 * Hz, 60 * Hz))
    # Relative to the common slope, which leans to the steeper curves by less than a quarter of the change.
    assert fit.slope_change == pytest.approx(change, rel=change / 4)
    assert any("slope" in text for text in fit.warnings) is warned
    assert any("over g = 25 to 41 nS (limit 15 %)" in text for text in fit.warnings) is warned
    assert list(fit.slopes["points"]) == [int(n) for n in fit.slopes["points"]] and len(fit.slopes) == 3


def test_a_saturating_curve_is_flagged_as_poor():
    fit = b2r.fit_gain(surface(lambda i, g: 60 * -np.expm1(-line(i, g) / 15)), rates=(1 * Hz, 60 * Hz))
    assert any("residual" in text for text in fit.warnings)


def test_results_survive_json():
    fit = b2r.fit_gain(surface(logistic), form="logistic")
    again = b2r.GainFit.from_dict(json.loads(json.dumps(fit.to_dict())))
    pd.testing.assert_frame_equal(again.covariance, fit.covariance, check_exact=True)
    data = fit.to_dict()
    del data["fields"]["covariance"]
    with pytest.raises(b2r.errors.InputError, match="the field 'covariance' of GainFit is missing"):
        b2r.GainFit.from_dict(data)
    assert (
        again.params == fit.params
        and again.stderr == fit.stderr
        and float(again(400 * pA, 30 * nS)) == float(fit(400 * pA, 30 * nS))
    )


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(form="cubic"), "form: .*'cubic'; known: threshold_linear, sqrt"),
        (dict(weights="all"), "weights"),
        (dict(rates=(500 * Hz, 600 * Hz)), "0 points fire"),
        (dict(rates=(60 * Hz, 5 * Hz)), "window"),
        (dict(rates=(5 * mV, 60 * mV)), "rates"),
        (dict(rates=5 * Hz), "pair"),
        (dict(weights="sem"), "rate_sem"),
    ],
)
def test_what_cannot_be_fitted_is_refused(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.fit_gain(surface(line), **arguments)


def test_one_rate_has_no_slope():
    with pytest.raises(b2r.errors.InputError, match="all .* points of the window fire at 200 Hz"):
        b2r.fit_gain(surface(lambda I, g: 200.0))


def test_one_conductance_leaves_v_theta_undetermined():
    with pytest.raises(b2r.errors.InputError, match="v_theta"):
        b2r.fit_gain(surface(line, g=(25e-9,)))


@pytest.mark.parametrize(
    "points",
    [
        [(1e-10, k * 1e-8, 6.0 - k) for k in range(1, 5)],  # one current
        [(k * 1e-10, k * 1e-8, 5.0 + k) for k in range(1, 6)],
    ],
)  # current and leak rise together
def test_points_on_a_line_determine_nothing(points):
    with pytest.raises(b2r.errors.InputError, match="one line"):
        b2r.fit_gain(b2r.FISurface.from_frame(pd.DataFrame(points, columns=["I [A]", "g [S]", "rate [Hz]"])))


def test_a_fit_of_one_point_per_leak_survives_json():
    points = [
        (2e-10, 1e-8, 5.0),
        (3e-10, 1.2e-8, 14.0),
        (3.5e-10, 1.4e-8, 17.0),
        (4.4e-10, 1.6e-8, 24.0),
        (3e-10, 1.8e-8, 9.0),
    ]
    fit = b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(points, columns=["I [A]", "g [S]", "rate [Hz]"]))
    )
    again = b2r.GainFit.from_dict(json.loads(json.dumps(fit.to_dict(), allow_nan=False)))
    assert np.isnan(fit.slope_change) and np.isnan(again.slope_change)


def test_units_per_area_are_kept():
    rows = [
        (i, g, 3540 * max(i - 0.0065 - 5.6e-3 * g, 0)) for i in np.linspace(0, 0.04, 20) for g in (0.5, 1.0)
    ]
    fit = b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A/m^2]", "g [S/m^2]", "rate [Hz]"]))
    )
    assert fit.v_theta / volt == pytest.approx(5.6e-3)
    from brian2 import cm, uA

    assert float(fit.beta / (Hz * cm**2 / uA)) == pytest.approx(35.4)
    at = fit(3 * uA / cm**2, with_units(0.8, "S/m^2"))
    assert at / Hz == pytest.approx(3540 * (0.03 - 0.0065 - 5.6e-3 * 0.8))
    for wrong, name in (((3 * pA, with_units(0.8, "S/m^2")), "I"), ((3 * uA / cm**2, 8 * nS), "g")):
        with pytest.raises(b2r.errors.UnitError, match=f"^{name}: got"):
            fit(*wrong)
    steeper = [(i, g, rate * (1 + g)) for i, g, rate in rows]
    bent = b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(steeper, columns=["I [A/m^2]", "g [S/m^2]", "rate [Hz]"]))
    )
    assert any("over g = 0.05 to 0.1 mS/cm² (limit 15 %)" in text for text in bent.warnings)


TRUE = {
    "threshold_linear": (0.2e12,),
    "sqrt": (100e-12, 25.0),
    "softplus": (0.2e12, 40e-12),
    "threshold_power": (150e-12, 2.0, 20.0),
    "logistic": (80.0, 40e-12),
}


def shifted(name, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return surface(
        lambda i, g: max(
            float(FORMS[name].f(i - I_THETA - V_THETA * g, *TRUE[name])) * (1 + noise * rng.normal()), 0
        )
    )


@pytest.mark.parametrize("name", TRUE)
def test_every_form_gives_its_own_parameters_back(name):
    fit = b2r.fit_gain(shifted(name), form=name)
    assert float(fit.v_theta) == pytest.approx(V_THETA, rel=1e-6) and float(fit.I_theta) == pytest.approx(
        I_THETA, rel=1e-5
    )
    assert fit.r2 > 1 - 1e-9 and fit.warnings == [] and fit.slope_change < 1e-5
    x = np.linspace(20e-12, 150e-12, 7)
    np.testing.assert_allclose(fit.f_(x), FORMS[name].f(x, *TRUE[name]), rtol=1e-5)


@pytest.mark.parametrize("name", TRUE)
def test_the_form_that_made_the_data_is_chosen(name):
    fit = b2r.fit_gain(shifted(name, noise=0.01), form="auto")
    assert fit.form == name
    table = fit.cross_validation.set_index("form")["cv_rmse [Hz]"]
    # Points left out are predicted to their scatter, 1 % of each rate, and little more.
    scatter = 0.01 * np.sqrt(np.mean(shifted(name).rate_[shifted(name).rate_ > 0] ** 2))
    assert table[name] < 1.3 * scatter and table.drop(["spline", name]).max() > 1.5 * table[name]
    for parameter in ("I_theta", "v_theta"):
        assert abs(
            float(fit.params[parameter]) - {"I_theta": I_THETA, "v_theta": V_THETA}[parameter]
        ) < 4 * float(fit.stderr[parameter])


def test_a_curve_of_no_form_is_left_to_the_spline():
    step = lambda x: 20 * np.tanh(x / 20e-12) + 15 * (1 + np.tanh((x - 120e-12) / 20e-12))
    fit = b2r.fit_gain(
        surface(lambda i, g: max(float(step(i - 320e-12 - 1.5e-3 * (g - 33e-9) / 1e-9 * 1e-9)), 0)),
        form="auto",
    )
    assert fit.form == "spline" and np.all(np.diff(fit.f_(np.linspace(0, 300e-12, 200))) >= 0)
    again = b2r.GainFit.from_dict(json.loads(json.dumps(fit.to_dict())))
    np.testing.assert_array_equal(again.f_(np.linspace(0, 3e-10, 50)), fit.f_(np.linspace(0, 3e-10, 50)))
    pd.testing.assert_frame_equal(again.cross_validation, fit.cross_validation)


@pytest.mark.parametrize("name", FORMS)
def test_inverse_slope_and_equation_belong_to_the_gain(name):
    from brian2 import NeuronGroup
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    fit = b2r.fit_gain(shifted("softplus"), form=name)
    for rate in (5.0, 20.0, 45.0):
        x = fit.inverse_(rate)
        assert float(fit.f_(x)) == pytest.approx(rate, rel=1e-5)
        assert float(fit.slope_(x)) == pytest.approx(
            (float(fit.f_(1.0001 * x)) - float(fit.f_(0.9999 * x))) / (2e-4 * x), rel=1e-3
        )
    assert bool(fit.equation) == (name != "spline")
    if fit.equation:
        mu = np.linspace(-100e-12, 200e-12, 31)
        group = NeuronGroup(
            mu.size,
            f"mu : amp\nr = {fit.equation} : Hz\n" + "\n".join(fit.parameters),
            codeobj_class=NumpyCodeObject,
        )
        group.variables["mu"].set_value(mu)
        for key, value in fit.parameter_values.items():
            group.variables[key].set_value(value)
        np.testing.assert_allclose(np.asarray(group.r), fit.f_(mu), rtol=1e-9, atol=1e-12)


SPLINE = (*np.linspace(20e-12, 320e-12, 7), 1.0, 4.0, 11.0, 21.0, 30.0, 36.0, 48.0)


@pytest.mark.parametrize("name, shape", [*TRUE.items(), ("spline", SPLINE)])
def test_forms_go_on_beyond_what_was_fitted(name, shape):
    """From far below the threshold to far above: slopes are differences, and inverses lead back."""
    form, x = FORMS[name], np.linspace(-150e-12, 600e-12, 751)[1::2]
    rates, step = form.f(x, *shape), 1e-15
    # Central differences miss the third derivative times step^2/6, and round at rates over step
    differences = (form.f(x + step, *shape) - form.f(x - step, *shape)) / (2 * step)
    kink = (
        np.abs(x) < 2e-12
        if name in ("threshold_linear", "sqrt", "threshold_power")
        else np.zeros(x.size, bool)
    )
    slopes = form.slope(x, *shape)
    np.testing.assert_allclose(slopes[~kink], differences[~kink], rtol=1e-3, atol=1e-13 / step)
    assert np.all(slopes >= 0) and np.all(np.diff(rates) >= 0)
    fires = rates > 1e-6 * rates.max()
    fires &= rates < (1 - 1e-6) * shape[0] if name == "logistic" else True
    # The spline is turned round by linear interpolation between 2,001 points of 0.15 pA
    np.testing.assert_allclose(form.inverse(rates[fires], *shape), x[fires], rtol=0, atol=0.01e-12)
    assert np.all(np.isnan(form.inverse(np.array([0.0, -3.0]), *shape)))
    if name == "logistic":
        assert np.isnan(form.inverse(80.0, *shape)) and np.isnan(form.inverse(90.0, *shape))


def test_a_spline_goes_on_straight():
    """At the slopes of its first and last stretch of 50 pA, 3 and 12 Hz; silent where that is below 0."""
    form = FORMS["spline"]
    x = np.array([10e-12, 0.0, 420e-12])
    np.testing.assert_allclose(form.f(x, *SPLINE), [1 - 0.6, 0.0, 48 + 24.0], rtol=1e-12)
    np.testing.assert_allclose(form.slope(x, *SPLINE), [3 / 50e-12, 0.0, 12 / 50e-12], rtol=1e-12)
    np.testing.assert_allclose(form.inverse(np.array([0.4, 72.0]), *SPLINE), [10e-12, 420e-12], rtol=1e-12)
    np.testing.assert_allclose(form.f(np.array(SPLINE[:7]), *SPLINE), SPLINE[7:], rtol=1e-12)


def test_the_current_of_a_rate():
    assert inverse_at(FORMS["sqrt"], 0, TRUE["sqrt"]) == 0.0
    assert inverse_at(FORMS["threshold_linear"], 30.0, (0.2e12,)) == pytest.approx(150e-12)
    for rate in (0, 80.0):  # a logistic gain has neither
        with pytest.raises(b2r.errors.InputError, match="between 0 and r_max = 80 Hz of the logistic gain"):
            inverse_at(FORMS["logistic"], rate, TRUE["logistic"])
    with pytest.raises(b2r.errors.InputError, match="got -2 Hz, expected a rate above 0 Hz of the sqrt gain"):
        inverse_at(FORMS["sqrt"], -2, TRUE["sqrt"])


def test_a_rate_that_a_gain_never_takes_is_refused():
    fit = b2r.fit_gain(surface(logistic), form="logistic")
    with pytest.raises(b2r.errors.InputError, match="r_max"):
        fit.inverse_(500.0)


def test_the_ends_of_a_window_are_in_it_but_for_rounding():
    """Rates on a time grid are 1/(n dt).

    10 Hz are 1000 steps of 0.1 ms, of which sums of times leave 10.000000000000002 or 9.999999999999998.
    """
    low, high = np.nextafter(10.0, 0), np.nextafter(60.0, 100)
    line = lambda rates: surface(
        lambda i, g: (
            rates[int(round((i - 200e-12) / 10e-12))]
            if g < 30e-9
            else 0.5 * rates[int(round((i - 200e-12) / 10e-12))]
        )
    )
    whole = np.linspace(10, 60, 41)
    moved = whole.copy()
    moved[[0, -1]] = low, high
    assert (
        b2r.fit_gain(line(moved), rates=(10 * Hz, 60 * Hz)).points
        == b2r.fit_gain(line(whole), rates=(10 * Hz, 60 * Hz)).points
    )
    moved[0] = 10 * (1 - 1e-6)
    assert (
        b2r.fit_gain(line(moved), rates=(10 * Hz, 60 * Hz)).points
        == b2r.fit_gain(line(whole), rates=(10 * Hz, 60 * Hz)).points - 1
    ), "and no more than that"


def test_a_law_passes_through_a_point_that_is_known_better():
    I, g = np.linspace(200e-12, 600e-12, 21), (25e-9, 33e-9)
    rows = [(i, c, 40 * np.log1p(np.exp((i - 300e-12 - 0.012 * (c - 25e-9)) / 80e-12))) for i in I for c in g]
    surface = b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]))
    window, point = (5 * Hz, 150 * Hz), (400e-12, 29e-9, 75.0)
    for form in ("threshold_linear", "sqrt", "softplus", "threshold_power", "logistic", "spline"):
        free = b2r.fit_gain(surface, form=form, rates=window)
        held = b2r.fit_gain(surface, form=form, rates=window, through=(400 * pA, 29 * nS, 75 * Hz))
        # The threshold follows from the other parameters, so that the law passes through the point to
        # rounding (the spline's inverse is a table of 2001 places).
        assert float(held.predict_(*point[:2])) == pytest.approx(
            75.0, rel=1e-5 if form == "spline" else 1e-9
        ), form
        assert float(held.through["moved"]) == pytest.approx(
            float(free.predict_(*point[:2])) - 75.0, rel=1e-9, abs=1e-9
        )
        assert float(held.rmse) >= float(free.rmse) * (1 - 1e-6), (
            "a condition cannot make the squares smaller"
        )
        assert b2r.GainFit.from_dict(held.to_dict()).through == held.through
    # Against scipy with the same condition: of a line, r = r_0 + b (I - I_0) - b v (g - g_0) is linear in b
    # and b v.
    fit = b2r.fit_gain(surface, rates=window, through=(400 * pA, 29 * nS, 75 * Hz))
    frame = surface.to_frame()
    frame = frame[(frame["rate [Hz]"] >= 5) & (frame["rate [Hz]"] <= 150)]
    A = np.column_stack([frame["I [A]"] - 400e-12, -(frame["g [S]"] - 29e-9)]) * [1e12, 1e9]
    slope, shift = np.linalg.lstsq(A, frame["rate [Hz]"] - 75.0, rcond=None)[0] * [1e12, 1e9]
    assert float(fit.beta) == pytest.approx(slope, rel=1e-6) and float(fit.v_theta) == pytest.approx(
        shift / slope, rel=1e-6
    )
    for wrong, message in (
        ((400 * pA, 29 * nS), "a current, a leak and a rate"),
        ((400 * pA, 29 * nS, 0 * Hz), "above 0 Hz"),
        ((400 * mV, 29 * nS, 75 * Hz), "through, current"),
    ):
        with pytest.raises(
            b2r.errors.InputError
            if "current" not in message or "a leak" in message
            else b2r.errors.UnitError,
            match=message,
        ):
            b2r.fit_gain(surface, through=wrong)


def test_a_gain_of_a_current_has_units():
    fit = b2r.fit_gain(shifted("sqrt"), form="sqrt")
    assert fit.f(100 * pA) / Hz == pytest.approx(25.0, rel=1e-5)
    with pytest.raises(b2r.errors.UnitError, match="^x: got"):
        fit.f(3 * mV)


@pytest.mark.parametrize(
    "through", ["400 pA", {"I": 400 * pA}, 15 * Hz, (400 * pA, 30 * nS), (400 * pA, 30 * nS, 1 * Hz, 2)]
)
def test_a_point_to_pass_through_is_three_values(through):
    with pytest.raises(b2r.errors.InputError, match=r"^through: got .*expected a current, a leak and a rate"):
        b2r.fit_gain(shifted("sqrt"), form="sqrt", through=through)


@pytest.mark.parametrize("where, name", enumerate(("current", "leak", "rate")))
def test_each_of_them_has_its_unit(where, name):
    point = [400 * pA, 30 * nS, 15 * Hz]
    b2r.fit_gain(shifted("sqrt"), form="sqrt", through=point)
    point[where] = 3 * mV
    with pytest.raises(b2r.errors.UnitError, match=f"^through, {name}: got"):
        b2r.fit_gain(shifted("sqrt"), form="sqrt", through=point)


def test_forms_are_compared_on_points_that_they_have_not_seen_and_through_the_point():
    """A form that is held at a wrong point predicts what is left out worse, and a form takes more points than
    it has parameters.
    """
    fair = b2r.fit_gain(shifted("sqrt", noise=0.01), form="auto").cross_validation.set_index("form")
    held = b2r.fit_gain(
        shifted("sqrt", noise=0.01),
        form="auto",
        through=((I_THETA + 33e-9 * V_THETA) * 1.15 * amp, 33 * nS, 60 * Hz),
    ).cross_validation.set_index("form")
    assert held.loc["sqrt", "cv_rmse [Hz]"] > 2 * fair.loc["sqrt", "cv_rmse [Hz]"]
    assert dict(fair["parameters"]) == {
        "threshold_linear": 3,
        "sqrt": 3,
        "softplus": 4,
        "threshold_power": 4,
        "logistic": 4,
        "spline": 9,
    }
    few = surface(lambda i, g: float(FORMS["sqrt"].f(i - I_THETA - V_THETA * g, *TRUE["sqrt"])))
    rows = [(i, g, few.rate_[m, n]) for m, i in enumerate(few.I_) for n, g in enumerate(few.g_)]
    rows = [row for row in rows if row[2] > 0][::10][:8]  # four fifths of them are 6 points
    assert len(rows) == 8
    table = b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"])), form="auto"
    ).cross_validation
    assert table["parameters"].max() - 2 + 3 <= 6 and "spline" not in set(table["form"])
