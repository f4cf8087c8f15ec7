"""Conductances with a factor of the voltage: their line against closed forms and quadrature, and bad input."""

import pickle

import numpy as np
import pytest
from brian2 import mV
from scipy.integrate import quad

import b2reduce as b2r
from b2reduce.circuit.synapses.nmda import Nmda
from b2reduce.circuit.synapses.rise_decay import RiseAndDecay

VALUES = dict(G=1e-9, tau_rise=2e-3, tau=80e-3, E=5e-3, norm="peak")
MEAN_, SPREAD_ = -57e-3, 4e-3  # V
ENDS = dict(source="E", target="E", in_degree=1, kind="nmda")
TEXTS = dict(G="1 nS", tau_rise="2 ms", tau="80 ms", E="0 mV", norm="peak")


@pytest.fixture(scope="module")
def lif():
    return b2r.load_model("lif")


def line_of(B, v=MEAN_, v_sd=SPREAD_):
    return Nmda.of({**VALUES, "B": B, "v": v, "v_sd": v_sd}).line


def test_a_constant_factor_is_a_conductance(lif):
    plain = RiseAndDecay.of({**VALUES, "G": 0.3e-9})
    for v_sd in (0.0, SPREAD_):
        nmda = Nmda.of({**VALUES, "B": "0.3", "v": MEAN_, "v_sd": v_sd})
        assert nmda.leak_(5.0, 40) == pytest.approx(plain.leak_(5.0, 40), rel=1e-14)
        for what in ("current_", "variance_", "density_"):
            found, wanted = (getattr(each, what)(5.0, lif, 5e-3, 40) for each in (nmda, plain))
            assert found == pytest.approx(wanted, rel=1e-14)
        assert nmda.bend_ == pytest.approx(0, abs=1e-14)
        # What is recorded is g itself, without the factor.
        assert nmda.mean_(5.0) == pytest.approx(plain.mean_(5.0) / 0.3, rel=1e-14)


def test_a_linear_factor_has_a_closed_form():
    # (a + b v)(E - v) over a normal distribution: its mean, and its slope of regression, the mean derivative
    a, b, E = 1.2, 15.0, VALUES["E"]
    line = line_of("1.2 + 15*(v/volt)")
    mean = a * E + (b * E - a) * MEAN_ - b * (MEAN_**2 + SPREAD_**2)
    assert line.mean == pytest.approx(mean, rel=1e-13)
    assert line.leak == pytest.approx(-(b * E - a - 2 * b * MEAN_), rel=1e-12)
    # The mean moves by -s (b E - a - 2 b m) - b s^2, of which the line knows the first.
    assert line.bend == pytest.approx(b * SPREAD_**2 / abs(mean), rel=1e-9)


@pytest.mark.parametrize("mean", [-70e-3, MEAN_, -15e-3])
def test_the_default_is_that_of_jahr_and_stevens_over_the_voltages(mean):
    current = lambda v: (VALUES["E"] - v) / (1 + np.exp(-62 * v) / 3.57)
    density = lambda v: np.exp(-((v - mean) ** 2) / (2 * SPREAD_**2)) / np.sqrt(2 * np.pi) / SPREAD_
    over = lambda f: quad(
        lambda v: f(v) * density(v), mean - 9 * SPREAD_, mean + 9 * SPREAD_, epsabs=0, epsrel=1e-12
    )[0]
    line = Nmda.of({**VALUES, "v": mean, "v_sd": SPREAD_}).line
    assert line.mean == pytest.approx(over(current), rel=1e-9)
    slope = over(lambda v: current(v) * (v - mean)) / SPREAD_**2
    assert line.leak == pytest.approx(-slope, rel=1e-8)
    # The tangent at the mean is another line: a control.
    assert abs(line_of(Nmda.B, mean, 0.0).leak / line.leak - 1) > 1e-3
    # Where the block gives way faster than the driving force falls, such receptors have a negative leak: the
    # current is largest where 0.062 (E - v)/mV (1 - B) = 1, near -26 mV.
    assert (line.leak < 0) == (mean < -26e-3)


def test_arrays_over_cells_are_one_line_each():
    made = [Nmda.of({**VALUES, "v": v, "v_sd": sd}) for v, sd in ((-60e-3, 3e-3), (-50e-3, 5e-3))]
    both = made[0].stacked(made)
    np.testing.assert_allclose(both.leak_(5.0), [each.leak_(5.0) for each in made], rtol=1e-13)
    tiled = both.mapped(lambda values: np.repeat(values, 3)).scaled(0.5)
    np.testing.assert_allclose(tiled.leak_(5.0), np.repeat(both.leak_(2.5), 3), rtol=1e-13)


def test_kinds_of_different_factors_are_different_and_can_be_sent():
    one, other = (Nmda.of({**VALUES, "B": B}) for B in (Nmda.B, "0.5"))
    assert type(one) is not type(other) and one != other
    sent = pickle.loads(pickle.dumps(other))
    assert sent == other and type(sent) is type(other)
    named = b2r.NeuronModel(
        equations="du/dt = (g_L*(E_L - u) + I_app)/C_m : volt",
        threshold="u > -50*mV",
        reset="u = -60*mV",
        parameters=dict(C_m="250 pF", g_L="16.7 nS", E_L="-65 mV"),
        membrane="u",
    )
    assert one.current("s", named) == "g_syn_s*(1 / (1 + exp(-0.062 * u / mV) / 3.57))*(E_syn_s - u)"


def test_circuits_keep_what_is_given_and_nothing_else(tmp_path):
    drives = [b2r.Drive("n", "E", 100, "5 Hz", kind="nmda", **TEXTS)]
    projections = [b2r.Projection(**ENDS, **TEXTS, B="exp(v/(17*mV))", v="-58 mV", v_sd="3 mV")]
    circuit = b2r.Circuit({"E": b2r.Population("lif", 20)}, projections, drives)
    circuit.save(tmp_path / "nmda.toml")
    again = b2r.load_circuit(tmp_path / "nmda.toml")
    assert again.pathways("E") == circuit.pathways("E") and "v" not in again.drives[0].parameters
    assert again.projections[0].v == -58 * mV
    assert again.projections[0].synapse.B == "exp(v/(17*mV))"
    assert "exp(v/(17*mV))" in repr(circuit) and again.drives[0].synapse.B == Nmda.B


@pytest.mark.parametrize(
    "B, said",
    [
        ("1/(1 + Mg2*exp(-0.062*v/mV)/3.57)", "the name 'Mg2' is unknown; .*numbers in place of"),
        ("1/(1 + exp(-0.062*V/mV)/3.57)", "the name 'V' is unknown; write v for the voltage of the cell"),
        ("1/(1 + exp(-0.062*v)/3.57)", "units do not agree"),
        ("v", "which is in V, expected a number; divide voltages by mV"),
        ("1/(1 + np.exp(-0.062*v/mV)/3.57)", "write exp, without 'np'"),
        ("__import__('os').getcwd()", "has no meaning in equations"),
        ("v > -50*mV", r"the condition .*; write int\(v > -50\*mV\)"),
        ("rand()", r"rand\(\) is no function of the voltage"),
        ("log(v/mV)", "not finite"),
        ("exp(-v/(0.01*mV))", "not finite"),
        (1.0, "got 1, expected an expression in v such as"),
    ],
)
def test_a_factor_that_is_none_is_refused(B, said):
    for made in (
        lambda: b2r.Projection(**ENDS, **TEXTS, B=B),
        lambda: b2r.Drive("n", None, 1, "1 Hz", kind="nmda", **TEXTS, B=B),
    ):
        with pytest.raises(b2r.errors.CircuitError, match=f"B: .*{said}"):
            made()


def cell(active, reset):
    return b2r.NeuronModel(
        equations=f"dv/dt = (g_L*(E_L - v) + {active} + I_app)/C_m : volt",
        threshold="v > -50*mV",
        reset=reset,
        refractory=None if reset else "v > -50*mV",
        parameters=dict(C_m="250 pF", g_L="16.7 nS", E_L="-65 mV"),
        name="own",
    )


@pytest.mark.parametrize(
    "active, bounded",
    [("0*amp", True), ("g_L*2*mV*exp((v + 52*mV)/(2*mV))", False), ("1*uS/volt*(v - E_L)**2", False)],
)
def test_a_voltage_without_bound_is_refused(active, bounded):
    made = lambda reset: b2r.Circuit(
        {"E": b2r.Population(cell(active, reset), 20)}, [b2r.Projection(**ENDS, **TEXTS)]
    )
    made("v = -60*mV")
    if bounded:
        made("")
        return
    with pytest.raises(
        b2r.errors.CircuitError, match="'own' is not bounded .* give the cell a reset such as"
    ):
        made("")


def test_noise_of_a_surface_needs_the_voltage():
    noise = b2r.Drive("n", None, 100, "5 Hz", kind="nmda", **TEXTS)
    with pytest.raises(b2r.errors.InputError, match="drive 'n', v: .* such as v = '-55 mV', and v_sd"):
        b2r.measure_fi("lif", I=["0.5 nA"], g=["20 nS"], noise=noise)
