"""Methods and steps.

Exact steps where they are proved, others by trial, and every measurement again at half the step.
"""

import warnings

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA, pF, second

import b2reduce as b2r
from b2reduce.basics.errors import AccuracyWarning
from b2reduce.cells.engine import Cells, Source, kernel_of, run_native
from b2reduce.cells.integration import LIMIT, tries
from b2reduce.circuit.cell_equations import ADDED_LEAK
from b2reduce.circuit.synapses.exponential import ExponentialConductance

BASE = dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, V_th=-50 * mV, V_r=-60 * mV)
#: The cell of Brian2's COBAHH benchmark by its published constants (Traub & Miles 1991; Brette et al. 2007).
TRAUB_MILES = """dv/dt = (g_L*(E_L - v) - G_Na*m**3*h*(v - E_Na) - G_K*n**4*(v - E_K) + I_app)/C_m : volt
dm/dt = 0.32/mV*4*mV/exprel((13*mV - v + V_T)/(4*mV))/ms*(1 - m) - 0.28/mV*5*mV/exprel((v - V_T - 40*mV)/(5*mV))/ms*m : 1
dn/dt = 0.032/mV*5*mV/exprel((15*mV - v + V_T)/(5*mV))/ms*(1 - n) - 0.5*exp((10*mV - v + V_T)/(40*mV))/ms*n : 1
dh/dt = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms*(1 - h) - 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms*h : 1"""


def lif(term="", extra="", reset="v = V_r", method=None, **parameters):
    return b2r.NeuronModel(
        equations=f"dv/dt = (g_L*(E_L - v) {term} + I_app)/C_m : volt (unless refractory)\n{extra}",
        threshold="v > V_th",
        reset=reset,
        refractory=2 * ms,
        method=method,
        parameters={**BASE, **parameters},
    )


def traub_miles(method):
    return b2r.NeuronModel(
        equations=TRAUB_MILES,
        threshold="v > -20*mV",
        refractory=3 * ms,
        method=method,
        parameters=dict(
            C_m=200 * pF,
            g_L=10 * nS,
            E_L=-60 * mV,
            G_Na=20000 * nS,
            G_K=6000 * nS,
            E_Na=50 * mV,
            E_K=-90 * mV,
            V_T=-63 * mV,
        ),
    )


def adapting(**parameters):
    return lif(
        "- w",
        "dw/dt = -w/tau_w : amp",
        reset="v = V_r\nw += b",
        **{"tau_w": 20 * ms, "b": 30 * pA, **parameters},
    )


def by_hand(I, g, *, tau_w, b, a=0.0, dt=1e-6, time=1.0):
    """Rate of the adapting cell by Euler's method at a microsecond, whose own error is of that order."""
    C, E, V_th, V_r, t_ref = 200e-12, -70e-3, -50e-3, -60e-3, 2e-3
    v, w, last, spikes = E, 0.0, -1.0, []
    for step in range(int(time / dt)):
        t = step * dt
        held = t - last < t_ref - dt / 2
        v, w = v if held else v + dt * (g * (E - v) - w + I) / C, w + dt * (a * (v - E) - w) / tau_w
        if v > V_th and not held:
            v, w, last = V_r, w + b, t
            spikes.append(t)
    late = [t for t in spikes if t > time / 2]
    return (len(late) - 1) / (late[-1] - late[0])


def test_equal_time_constants_are_no_special_case():
    """C/g = tau_w = 20 ms, and beside it by rounding.

    The generated exact solution divides by their difference.
    """
    rates = b2r.measure_fi(adapting(), [300] * pA, np.array([9.5, 10, 10 * (1 + 1e-13), 10.5]) * nS).rate_[0]
    right = by_hand(300e-12, 10e-9, tau_w=20e-3, b=30e-12)
    assert rates[1] == rates[2] == pytest.approx(right, rel=1e-4 * right)  # one step an interval
    assert rates[0] > rates[1] > rates[3] > 0


def test_a_resonator_has_a_rheobase():
    """Complex eigenvalues; the right value by bisection of an integration at 10 us."""
    cell = lif("- w", "dw/dt = (a*(v - E_L) - w)/tau_w : amp", a=10 * nS, tau_w=50 * ms)
    fires = b2r.measure_fi(cell, [375, 383] * pA, [10] * nS, warmup=1 * second, duration=2 * second).rate_[
        :, 0
    ]
    assert fires[0] == 0 < fires[1]
    assert by_hand(383e-12, 10e-9, tau_w=50e-3, b=0.0, a=10e-9, time=1.5) == pytest.approx(fires[1], rel=0.01)
    assert 375e-12 < float(b2r.rheobase(cell, [10] * nS)[0]) < 383e-12


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_a_held_membrane_beside_a_dendrite(engine):
    """Right values by an integration at 10 us."""
    cell = lif(
        "+ g_c*(u - v)",
        "du/dt = (g_d*(E_L - u) + g_c*(v - u))/C_d : volt",
        g_d=12 * nS,
        g_c=5 * nS,
        C_d=300 * pF,
    )
    rates = b2r.measure_fi(cell, [300, 350] * pA, [8, 10] * nS, engine=engine).rate_
    # A step is 0.6 % of the shortest interval
    np.testing.assert_allclose(rates, [[51.8, 35.2], [72.2, 59.0]], rtol=0.01)


def test_exact_steps_are_for_one_linear_variable_alone():
    assert lif().method_used(False) == "exact" and lif(method="exact").method_used(False) == "exact"
    assert adapting().method_used(False) == "rk4" and adapting(method="exact").method_used(False) == "rk4"
    growing = b2r.NeuronModel(
        equations="dv/dt = (I_app + a*(v + 60*mV))/C_m : volt",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        leak=None,
        leak_reversal="-60 mV",
        parameters=dict(C_m=200 * pF, a=5 * nS),
    )
    assert tries(growing, False, np.array([0.0, 4e-9]), 1e-4)[0][0] == "exact"
    assert tries(growing, False, np.array([0.0, 5e-9]), 1e-4)[0][0] == "rk4", (
        "a slope of 0 would be divided by"
    )
    perfect = b2r.NeuronModel(
        equations="dv/dt = I_app/C_m : volt",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        parameters=dict(C_m=200 * pF),
        leak=None,
        leak_reversal="-60 mV",
    )
    # 10 mV at 0.5 mV/ms, a step late
    assert b2r.measure_fi(perfect, [100] * pA, [0] * nS).rate_[0, 0] == pytest.approx(50, rel=0.006)


def test_a_cell_that_one_method_fails_takes_the_next_and_says_so():
    """Exponential Euler is 6-10 % low at 0.1 ms, and Runge-Kutta diverges there: half the step is right."""
    with pytest.warns(AccuracyWarning, match="integrated by rk4 at 0.05 ms"):
        surface = b2r.measure_fi(traub_miles("exponential_euler"), [300] * pA, [10] * nS)
    fine = b2r.measure_fi(traub_miles("rk4"), [300] * pA, [10] * nS, dt=0.0125 * ms)
    assert surface.rate_[0, 0] == pytest.approx(fine.rate_[0, 0], rel=2e-4 * fine.rate_[0, 0])
    assert (
        surface.provenance["dt [s]"] == 0.05e-3
        and "exponential_euler at 0.1 ms errs by" in surface.warnings[0]
    )


def test_a_step_that_is_given_stays_and_is_warned_of():
    with pytest.warns(AccuracyWarning) as caught:
        surface = b2r.measure_fi(traub_miles("exponential_euler"), [300] * pA, [10] * nS, dt=0.1 * ms)
    tried, found = (str(item.message) for item in caught if item.category is AccuracyWarning)
    assert "no method is accurate at the steps tried" in tried and "take a smaller dt" in tried
    assert "rates err by up to" in found and "take dt below" in found
    assert surface.provenance["dt [s]"] == 0.1e-3 and surface.check["error"] > LIMIT


def test_cells_in_noise_are_replaced_alike():
    noise = [b2r.Drive(name="x", inputs=100, rate=10 * Hz, G=6 * nS, tau=5 * ms, E=0 * mV)]
    with pytest.warns(AccuracyWarning, match="integrated by rk4"):
        surface = b2r.measure_fi(
            traub_miles("exponential_euler"), [600] * pA, [45] * nS, noise=noise, replicates=60
        )
    fine = b2r.measure_fi(
        traub_miles("rk4"), [600] * pA, [45] * nS, noise=noise, replicates=60, dt=0.0125 * ms
    )
    # Independent events: three standard errors, and what the arrival of events on a coarser grid adds to
    # their variance (THEORY: 1-2 % of it).
    assert (
        abs(surface.rate_ - fine.rate_)[0, 0]
        <= 3 * np.hypot(surface.rate_sem_, fine.rate_sem_)[0, 0] + 0.005 * fine.rate_[0, 0]
    )


def test_half_the_step_gets_the_same_events():
    model, n = b2r.load_model("lif"), 20
    cells = Cells(
        model,
        n,
        {model.input: np.full(n, 2e-10), ADDED_LEAK: np.zeros(n)},
        (Source("x", ExponentialConductance(1e-9, 5e-3, 0.0), 2000.0),),
    )
    chosen = np.array([3, 7, 19])
    part = Cells(model, 3, {model.input: np.full(3, 2e-10), ADDED_LEAK: np.zeros(3)}, cells.sources)
    whole = run_native(kernel_of(cells, 1e-4), cells, 1.0, 0.2, 1e-4, 5)
    half = run_native(kernel_of(part, 5e-5), part, 1.0, 0.2, 5e-5, 5, stride=2, numbers=chosen)
    np.testing.assert_array_equal(whole.events["x"][chosen], half.events["x"])
    other = run_native(kernel_of(part, 5e-5), part, 1.0, 0.2, 5e-5, 6, stride=2, numbers=chosen)
    assert np.any(other.events["x"] != half.events["x"]), "another seed would be seen"


def test_every_measurement_says_what_its_step_errs_by():
    """The grid alone: at 200 Hz a step of 0.1 ms is 2 % of an interval, at 30 Hz 0.3 %."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", AccuracyWarning)
        slow = b2r.measure_fi("lif", [300, 400] * pA, [16.7] * nS)
    assert (
        slow.warnings == ()
        and 0 <= slow.check["error"] <= LIMIT
        and slow.check["cells"] == 2
        and slow.check["dt [s]"] == 0.05e-3
    )
    with pytest.warns(AccuracyWarning, match="as much as spikes on a time grid do"):
        fast = b2r.measure_fi("lif", np.linspace(900, 1000, 21) * pA, [16.7] * nS)
    assert fast.check["error"] > LIMIT
    exact = 1 / (2e-3 + 250e-12 / 16.7e-9 * np.log((fast.I_ / 16.7e-9 - 5e-3) / (fast.I_ / 16.7e-9 - 15e-3)))
    error = np.abs(fast.rate_[:, 0] / exact - 1)
    assert error.max() <= 1.5 * fast.check["error"], "the estimate holds against the closed form"
    with warnings.catch_warnings():
        warnings.simplefilter("error", AccuracyWarning)
        fine = b2r.measure_fi("lif", np.linspace(900, 1000, 21) * pA, [16.7] * nS, dt=0.02 * ms)
    assert np.abs(fine.rate_[:, 0] / exact - 1).max() <= LIMIT


def test_a_network_of_such_cells_is_integrated_right(numpy_code):
    cell = traub_miles("exponential_euler")
    circuit = b2r.Circuit(
        populations={"E": b2r.Population(cell, 40)},
        dt="0.1 ms",
        drives=[b2r.Drive(name="x", target="E", inputs=100, rate=10 * Hz, G=6 * nS, tau=5 * ms, E=0 * mV)],
    )
    with pytest.warns(AccuracyWarning, match="population E: .* integrated by rk4"):
        run = b2r.simulate_spikes(circuit, duration=100 * ms)
    assert run.provenance["dt [s]"] < 0.1e-3 and run.provenance["replaced"] and np.isfinite(run.rate_).all()
    sound = b2r.Circuit(populations={"E": b2r.Population("lif", 40)}, drives=circuit.drives)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AccuracyWarning)
        run = b2r.simulate_spikes(sound, duration=100 * ms)
    assert run.provenance["dt [s]"] == 0.1e-3 and run.provenance["method"] == {"E": "rk2"}


ADEX = dict(
    equations=(
        "dv/dt = (g_L*(E_L - v) + g_L*D_T*exp((v - V_T)/D_T) - w + I_app)/C_m : volt\ndw/dt = (a*(v - E_L) -"
        " w)/tau_w : amp"
    ),
    threshold="v > -35*mV",
    reset="v = V_r; w += b",
    parameters=dict(
        C_m=200 * pF,
        g_L=10 * nS,
        E_L=-58 * mV,
        V_r=-58 * mV,
        V_T=-50 * mV,
        D_T=2 * mV,
        a=2 * nS,
        tau_w=120 * ms,
        b=60 * pA,
    ),
)
#: By an integration of the same equations at 1 us.
ADEX_RATES = {60: 0.0, 100: 4.98, 140: 9.14, 220: 17.2, 300: 25.3}


def test_a_state_that_runs_off_is_never_silence():
    """The exponent of an adaptive exponential cell runs off within a step to numbers that are finite, and
    leaves the cell silent: an error, or the right rate.
    """
    clipped = b2r.NeuronModel(
        **{
            **ADEX,
            "equations": (
                ADEX["equations"].replace("exp((v - V_T)/D_T)", "exp(clip((v - V_T)/D_T, -100, 10))")
            ),
        }
    )
    rates = b2r.measure_fi(clipped, list(ADEX_RATES) * pA, [10] * nS).rate_[:, 0]
    np.testing.assert_allclose(rates, list(ADEX_RATES.values()), rtol=0.01, atol=0.05)
    try:
        found = b2r.measure_fi(b2r.NeuronModel(**ADEX), list(ADEX_RATES) * pA, [10] * nS)
    except b2r.errors.DivergenceError as error:
        assert "clip" in str(error)
    else:
        np.testing.assert_allclose(found.rate_[:, 0], list(ADEX_RATES.values()), rtol=0.01, atol=0.05)


def test_rates_that_hold_for_their_window_alone_are_named():
    with pytest.warns(AccuracyWarning, match="do not fire periodically"):
        b2r.measure_fi(adapting(tau_w=5 * second, b=1 * pA), [300] * pA, [10] * nS)
    with pytest.warns(AccuracyWarning, match="white noise"):
        b2r.measure_fi(
            lif("+ sigma*C_m*sqrt(2/tau_m)*xi*mV/mV", sigma=4 * mV, tau_m=20 * ms).replace(method="euler"),
            [150] * pA,
            [10] * nS,
            duration=500 * ms,
        )
    with pytest.warns(AccuracyWarning, match="V_th vary over cells"):
        b2r.measure_fi(lif().replace(V_th="normal(-50 mV, 3 mV)"), [250] * pA, [10] * nS)
    several = b2r.measure_fi(lif().replace(V_th="normal(-50 mV, 1 mV)"), [300] * pA, [10] * nS, replicates=40)
    assert several.rate_sem_[0, 0] > 0.1, "cells differ, and the mean of forty is known no better than that"
