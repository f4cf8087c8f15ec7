"""Roles are numbers.

The leak axis adds a conductance and scales nothing, the capacitance is what the equations say.
"""

import numpy as np
import pytest
from brian2 import Hz, Mohm, ms, mV, nA, nS, pA, pF

import b2reduce as b2r

BASE = dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV)
RESET = dict(threshold="v > -50*mV", reset="v = -60*mV", refractory=2 * ms)
EIF = (
    "dv/dt = (g_L*(E_L - v) + {}*D_T*exp(clip((v - V_T)/D_T, -100, 10)) + I_app)/C_m : volt (unless"
    " refractory)"
)
EIF_PARAMETERS = {**BASE, "V_T": -50 * mV, "D_T": 2 * mV, "V_r": -58 * mV, "V_c": -30 * mV}


def eif(own):
    return b2r.NeuronModel(
        equations=EIF.format(own),
        threshold="v > V_c",
        reset="v = V_r",
        refractory=2 * ms,
        method="rk4",
        dt=0.05 * ms,
        parameters={**EIF_PARAMETERS, **({} if own == "g_L" else {own: 10 * nS})},
    )


def written(equations, **changes):
    parameters = {**BASE, **changes.pop("parameters", {})}
    for name in changes.pop("without", ()):
        del parameters[name]
    return b2r.NeuronModel(**{**RESET, "equations": equations, "parameters": parameters, **changes})


def test_the_spike_current_of_a_textbook_eif_is_not_scaled_with_the_leak():
    """One cell written with g_L twice or with a constant of the same value is one cell, at every leak."""
    rates = [b2r.measure_fi(eif(own), [360, 460] * pA, [8, 10, 15, 20] * nS).rate_ for own in ("g_L", "g_T")]
    np.testing.assert_array_equal(*rates)
    assert np.count_nonzero(rates[0]) >= 6


def test_added_leak_is_a_shunt():
    """10 nS more of the axis is a current 10 nS*(E_L - v) written into the equations.

    The same steps but for rounding, so the same spikes to one step each.
    """
    shunted = b2r.NeuronModel(
        equations=EIF.format("g_L").replace("+ I_app", "+ g_s*(E_L - v) + I_app"),
        threshold="v > V_c",
        reset="v = V_r",
        refractory=2 * ms,
        method="rk4",
        dt=0.05 * ms,
        parameters={**EIF_PARAMETERS, "g_s": 10 * nS},
        leak="g_L + g_s",
    )
    assert shunted.leak_ == pytest.approx(20e-9, rel=1e-12)
    I = [460, 520, 600] * pA
    by_axis, by_hand = (b2r.measure_fi(cell, I, [20] * nS).rate_ for cell in (eif("g_L"), shunted))
    assert np.all(by_axis > 10)
    # A tie on the grid may cost a step in every interval
    np.testing.assert_allclose(by_axis, by_hand, rtol=0.05e-3 * by_axis.max(), atol=0)
    scaled = b2r.measure_fi(eif("g_L").replace(g_L=20 * nS), I, [20] * nS).rate_
    assert np.all(np.abs(scaled / by_axis - 1) > 0.05), "a symbol that is scaled would be seen"


def test_a_dendrite_of_the_same_leak_stays_as_it_is():
    equations = (
        "dv/dt = (g_L*(E_L - v) + g_c*(u - v) + I_app)/C_m : volt (unless refractory)\ndu/dt = ({}*(E_L - u)"
        " + g_c*(v - u))/C_m : volt"
    )
    rates = [
        b2r.measure_fi(
            written(
                equations.format(own), parameters={"g_c": 5 * nS, **({} if own == "g_L" else {own: 10 * nS})}
            ),
            [400] * pA,
            [10, 14] * nS,
        ).rate_
        for own in ("g_L", "g_d")
    ]
    np.testing.assert_array_equal(*rates)
    assert rates[0].min() > 0


def test_a_negative_conductance_may_be_added_while_the_total_stays_above_nothing():
    I_, g_, lif = 0.3e-9, 4e-9, b2r.load_model("lif")
    exact = 1 / (2e-3 + 250e-12 / g_ * np.log((-65e-3 + I_ / g_ + 60e-3) / (-65e-3 + I_ / g_ + 50e-3)))
    measured = b2r.measure_fi("lif", [I_] * nA / 1e-9, [4] * nS).rate_[0, 0]
    # Two steps: the threshold and the refractory time each lie on the grid
    assert lif.leak_ > g_ and abs(1 / measured - 1 / exact) <= 2e-4
    with pytest.raises(b2r.errors.InputError, match="above 0"):
        b2r.measure_fi("lif", [0.3] * nA, [0, 4] * nS)


def test_a_cell_in_time_constants_and_resistances():
    """tau dv/dt = E - v + R I is the LIF with C = tau/R and g_L = 1/R."""
    cell = b2r.NeuronModel(
        equations="dv/dt = (E_L - v + R_m*I)/tau_m : volt (unless refractory)",
        input="I",
        leak="1/R_m",
        capacitance="tau_m/R_m",
        parameters=dict(E_L=-70 * mV, R_m=100 * Mohm, tau_m=20 * ms),
        **RESET,
    )
    usual = written("dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)")
    assert cell.capacitance_ == pytest.approx(200e-12, rel=1e-12) and cell.leak_ == pytest.approx(
        10e-9, rel=1e-12
    )
    rates = [
        b2r.measure_fi(model, [450, 600] * pA, [10, 20] * nS, dt=0.02 * ms).rate_ for model in (cell, usual)
    ]
    # A tie on the grid may cost a step in every interval
    np.testing.assert_allclose(*rates, rtol=0.02e-3 * rates[0].max(), atol=0)
    assert rates[0].min() > 0 and b2r.NeuronModel.from_dict(cell.to_dict()).hash == cell.hash


def test_a_cell_without_a_leak_counts_from_nothing():
    """Izhikevich's quadratic cell against the integral of C dv over its polynomial."""
    k, v_t, v_r, C, E, peak = 1e-6, -40e-3, -50e-3, 100e-12, -60e-3, 20e-3
    cell = b2r.NeuronModel(
        equations="dv/dt = (k*(v - v_rest)*(v - v_t) + I)/C : volt",
        threshold="v > 20*mV",
        reset="v = -50*mV",
        method="rk4",
        dt=0.01 * ms,
        input="I",
        leak=None,
        leak_reversal="v_rest",
        capacitance="C",
        parameters=dict(k=1 * nS / mV, v_t=-40 * mV, C=100 * pF, v_rest=-60 * mV),
    )
    assert cell.leak_ == 0
    I_, g_ = np.array([200e-12, 400e-12]), np.array([0.0, 5e-9])
    surface = b2r.measure_fi(cell, I_ * 1e12 * pA, g_ * 1e9 * nS)
    for i, I in enumerate(I_):
        for j, g in enumerate(g_):
            b, c = -k * (E + v_t) - g, k * E * v_t + g * E + I
            root = np.sqrt(4 * k * c - b**2)
            period = (
                2 * C / root * (np.arctan((2 * k * peak + b) / root) - np.arctan((2 * k * v_r + b) / root))
            )
            assert period <= 1 / surface.rate_[i, j] + 1e-9 <= period + 1.1e-5, (
                "late by up to one step of the grid"
            )
    with pytest.raises(b2r.errors.InputError, match="at least 0"):
        b2r.measure_fi(cell, [200] * pA, [-1, 5] * nS)


@pytest.mark.parametrize(
    "equations, changes, line",
    [
        ("dv/dt = (g_L*(E_L - v) + 2*I_app)/C_m : volt", {}, 'capacitance="C_m/2"'),
        (
            "dv/dt = (g_L*(E_L - v) + I_app)/(C_m*f) : volt",
            dict(parameters=dict(f=2.0)),
            'capacitance="C_m\\*f"',
        ),
        ("dv/dt = (g_L*(v - E_L) + I_app)/C_m : volt", {}, "write g_L\\*\\(E_L - v\\)"),
        ("dv/dt = (g_L*(E_L - v) - I_app)/C_m : volt", {}, "write \\+ I_app"),
        ("dv/dt = (2*g_L*(E_L - v) + I_app)/C_m : volt", {}, 'leak="2\\*g_L"'),
        ("dv/dt = (g_L*(E_L - v) + I_app*(1 + v/mV))/C_m : volt", {}, "depends on v"),
        (
            "dv/dt = (g_L*(E_L - v) + k*I_app**2)/C_m : volt",
            dict(parameters=dict(k=1 / nA)),
            "depends on I_app",
        ),
        (
            "dv/dt = (g_L*(E_L - v) - w)/C_m : volt\ndw/dt = (I_app - w)/(5*ms) : amp",
            {},
            "does not enter the equation of the membrane",
        ),
        (
            "dv/dt = (E_L - v)/tau + I_app/C_m : volt",
            dict(parameters=dict(tau=20 * ms), without=["g_L"]),
            "which is the leak ",
        ),
        (
            "dv/dt = (E_L - v)/tau + I_app/C_m : volt",
            dict(parameters=dict(tau=20 * ms), without=["g_L"], leak="2*C_m/tau"),
            'leak="C_m/tau"',
        ),
        (
            "dv/dt = (v - E_L + R*I_app)/tau : volt",
            dict(
                parameters=dict(tau=20 * ms, R=100 * Mohm),
                without=["g_L", "C_m"],
                leak="1/R",
                capacitance=None,
            ),
            "its sign is wrong",
        ),
        (
            "dv/dt = (E_L - v + R*I_app)/tau : volt",
            dict(parameters=dict(tau=20 * ms, R=100 * Mohm), without=["g_L", "C_m"], leak="1/R"),
            "which is the capacitance ",
        ),
        (
            "dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt",
            dict(leak_reversal=None),
            "which is the leak_reversal ",
        ),
    ],
)
def test_a_role_that_differs_from_the_equations_is_refused_with_the_right_line(equations, changes, line):
    with pytest.raises(b2r.errors.ModelError, match=line) as caught:
        written(equations, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "equations, changes",
    [
        (
            "dv/dt = (E_L - v)/tau + I_app/C_m : volt",
            dict(parameters=dict(tau=20 * ms), without=["g_L"], leak="C_m/tau"),
        ),
        (
            "dv/dt = (E_L - v + R*I_app)/tau : volt",
            dict(
                parameters=dict(tau=20 * ms, R=100 * Mohm),
                without=["g_L", "C_m"],
                leak="1/R",
                capacitance=None,
            ),
        ),
        ("dv/dt = (g_L*(E_L - v) + I_app)/C_m*int(not_refractory) : volt", {}),
        (
            "dv/dt = (g_L*(E_L - v) + k*(v - E_L)**2*int(v > -55*mV) + I_app)/C_m : volt",
            dict(parameters=dict(k=0.1 * nS / mV)),
        ),
        (
            "I_total = I_app - g_a*(v + 80*mV) : amp\ndv/dt = (g_L*(E_L - v) + I_total)/C_m : volt",
            dict(parameters=dict(g_a=1 * nS)),
        ),
        ("dv/dt = g_L*(E_L - v)/C_m + I_app/C_m : volt", dict(capacitance="200 pF")),
    ],
)
def test_a_role_that_agrees_with_the_equations_is_taken(equations, changes):
    assert written(equations, **changes).capacitance_ == pytest.approx(200e-12, rel=1e-9)


def test_a_leak_that_stands_in_two_places_is_no_shunt_to_follow():
    """Changing such a parameter changes the gain, so that a fixed point cannot be followed along it."""
    assert written("dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt").leak_parameter == "g_L"
    assert eif("g_L").leak_parameter is None and eif("g_T").leak_parameter == "g_L"


def test_v_theta_of_a_textbook_eif_is_that_of_a_real_shunt():
    surfaces = [
        b2r.measure_fi(eif(own), np.linspace(0.2, 0.6, 21) * nA, [10, 15, 20] * nS) for own in ("g_L", "g_T")
    ]
    v_theta = [
        float(np.asarray(b2r.fit_gain(surface, rates=(10 * Hz, 80 * Hz)).v_theta)) for surface in surfaces
    ]
    assert v_theta[0] == v_theta[1] and 0.018 < v_theta[0] < 0.021
