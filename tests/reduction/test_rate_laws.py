"""Formulas of rate models held against the averages that they stand for, and against other ways of writing them.

Nothing is measured or run: gains are given, and equations are evaluated where their values are known.
"""

import re
from functools import cache

import numpy as np
import pytest
from brian2 import Equations, Hz, amp, ms, mV, pA, second, siemens

import b2reduce as b2r
from b2reduce.basics.codec.register import class_of
from b2reduce.basics.units import with_units
from b2reduce.cells.gain_forms import FORMS, KNOTS
from b2reduce.reduction.equations import (
    automatic_dt_,
    rate_assignment,
    rate_equations,
    rate_values,
    start_values_,
    step_statements,
)
from b2reduce.reduction.formulas import renamed_formula, spline_formulas
from b2reduce.reduction.inputs import average
from b2reduce.reduction.rate_filters import filters

from ..cases import BETA, E_L, G_L, I_THETA, V_THETA, gain, two_populations
from ..cases import reduced as of_two

U, TAU_REC_ = 0.4, 0.2
DRIVE_ = 14.0
DRIVES_ = {("ext", "E"): DRIVE_, ("ext", "I"): DRIVE_}
UNITS = dict.fromkeys(("amp", "meter", "siemens", "farad", "coulomb", "second", "volt", "Hz"), 1.0)
FUNCTIONS = {
    "clip": np.clip,
    "inf": np.inf,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "int": lambda x: np.asarray(x) * 1,
}


@cache
def made(tau="membrane", **arguments):
    return of_two(tau, **arguments)


@cache
def depressing():
    """The same with depressing synapses from E to E, the first of two projections."""
    circuit = two_populations()
    fast = circuit.projections[0]
    plastic = b2r.Projection(
        "E",
        "E",
        in_degree=50,
        G=fast.G,
        tau=fast.tau,
        E=fast.E,
        delay=1 * ms,
        plasticity={"kind": "tsodyks_markram", "U": U, "tau_rec": TAU_REC_ * second, "tau_facil": 0 * ms},
    )
    circuit = b2r.Circuit(
        name="depressing",
        populations=dict(circuit.populations),
        projections=[plastic, *circuit.projections[1:]],
        drives=list(circuit.drives),
    )
    return b2r.reduce(circuit, gains={"E": gain(), "I": gain(beta=0.3e12)})


@cache
def adapting():
    """E adapts to its spikes, 3 pA s of them, beside 5 pA that depolarisation drives."""
    import pandas as pd

    table = pd.DataFrame({"g [S]": [], "first [A]": []})
    adaptation = class_of("Adaptation")(
        "spike-driven", 3 * pA * second, 5 * pA, 0 * mV, 90 * ms,
        0 * (pA * second), None, 1 * pA, table, table, [], {},
    )  # fmt: skip
    return of_two(adaptation={"E": adaptation})


def evaluated(text, values):
    return eval(text, {"__builtins__": {}, **FUNCTIONS, **UNITS}, dict(values))


def state(reduced, population, rates, initial):
    """All values of the equations of a population, SI, where they start; rates in Hz reach it from others."""
    equations = Equations(rate_equations(reduced, population))
    values, namespace = rate_values(reduced, population)
    values = {**values, "rate_ext": DRIVE_, **namespace}
    values.update(start_values_(reduced, population, equations.diff_eq_names, DRIVES_, initial))
    for f in filters(reduced, population):
        if not f.is_drive:
            values.setdefault(f"r_from_{f.input}", rates[f.source])
            values[f"I_{f.input}"] = values.get(f"I_{f.input}", 0.0) + reduced.charge_(f) * float(
                f.pathways[0].sent_(rates[f.source])
            )
    for _ in equations.subexpr_names:  # in whatever order they need each other
        for name in equations.subexpr_names:
            try:
                values[name] = evaluated(equations[name].expr.code, values)
            except NameError:
                continue
    slopes = {name: evaluated(equations[name].expr.code, values) for name in sorted(equations.diff_eq_names)}
    return values, slopes


def steady(reduced):
    """Rates that solve r = beta (W r + W_ext r_ext - theta), by elimination."""
    names = reduced.populations
    beta = np.array([float(np.asarray(reduced.gains[name].beta)) for name in names])
    W = np.array([[reduced.W_[a, b] for b in names] for a in names])
    drive = np.array([reduced.W_ext_[a, "ext"] * DRIVE_ - reduced.theta_[a] for a in names])
    rates = np.linalg.solve(np.diag(1 / beta) - W, drive)
    assert (rates > 1).all()
    return dict(zip(names, rates.tolist()))


# What weights and thresholds are made of


def test_the_current_law_is_the_average_current_beyond_the_threshold():
    # mu = I - I_theta - v_theta g at any rates, with I and g from averages of the circuit that know no W
    reduced, rng = made(), np.random.default_rng(2)
    for _ in range(4):
        rates = dict(zip("EI", rng.uniform(0, 60, 2)))
        for name in "EI":
            I_, g_ = average(reduced.circuit, name, rates, DRIVES_)
            law = sum(reduced.W_[name, other] * rates[other] for other in rates) - reduced.theta_[name]
            law += reduced.W_ext_[name, "ext"] * DRIVE_
            assert law == pytest.approx(I_ - I_THETA - V_THETA * g_, rel=1e-6, abs=1e-16)
            assert law + 2 * V_THETA * g_ != pytest.approx(I_ - I_THETA - V_THETA * g_, rel=1e-6)


def test_charges_have_units_and_keys_in_the_order_target_source():
    reduced = made()
    charge = 50 * 0.1e-9 * 5e-3 * (0 - E_L - V_THETA)  # of what E does to I
    assert float(reduced.W["I", "E"]) == pytest.approx(charge, rel=1e-8)
    assert reduced.W["E->I"] == reduced.W["I", "E"] and reduced.W["I", "I"] == 0
    assert reduced.W["E", "I"].dim == reduced.W_ext["E", "ext"].dim == (pA * second).dim
    assert float(reduced.W_ext["ext->E"]) == pytest.approx(
        250 * 0.4e-9 * 5e-3 * (0 - E_L - V_THETA), rel=1e-8
    )
    assert {*reduced.W} == {(a, b) for a in "EI" for b in "EI"}
    assert {*reduced.W_ext} == {("E", "ext"), ("I", "ext")}
    assert reduced.theta["I"].dim == pA.dim and float(reduced.theta["I"]) == pytest.approx(
        I_THETA + G_L * V_THETA - 30e-12, rel=1e-6
    )
    table = reduced.pathways
    assert table.W.sum() == pytest.approx(sum(reduced.W_.values()) + sum(reduced.W_ext_.values()), rel=1e-12)


def test_currents_per_area_have_charges_per_area():
    model = b2r.load_model("shriki2003")
    rows = [(I, g, 40 * (10 * I - 0.1 * g)) for I in np.linspace(0.1, 1, 8) for g in (0.5, 1.0)]
    surface = b2r.FISurface(
        np.unique([row[0] for row in rows]),
        [0.5, 1.0],
        np.array([row[2] for row in rows]).reshape(8, 2),
        per_area=True,
    )
    circuit = b2r.Circuit(
        populations={"E": b2r.Population(model, 50)},
        projections=[
            b2r.Projection("E", "E", in_degree=10, G="0.01 mS/cm^2", tau="5 ms", E="0 mV", delay="1 ms")
        ],
        drives=[b2r.Drive("ext", "E", 100, "20 Hz", G="0.01 mS/cm^2", tau="5 ms", E="0 mV")],
    )
    reduced = b2r.reduce(circuit, gains={"E": b2r.fit_gain(surface)})
    assert reduced.W["E", "E"].dim == reduced.W_ext["E", "ext"].dim == with_units(1.0, "C/m^2").dim
    assert reduced.theta["E"].dim == with_units(1.0, "A/m^2").dim
    # 0.01 mS/cm^2 is 0.1 S/m^2
    above = -float(model.parameters["E_L"]) - float(reduced.gains["E"].v_theta)
    assert float(reduced.W["E", "E"]) == pytest.approx(10 * 0.1 * 5e-3 * above, rel=1e-8)
    assert "amp/meter**2" in rate_equations(reduced, "E") and "coulomb/meter**2" in rate_equations(
        reduced, "E"
    )
    Equations(rate_equations(reduced, "E"))  # whose units must fit
    # A measured surface is a function of the two, in equations that have them per area
    I, g = np.linspace(0.1, 1, 8), np.array([0.5, 1.0])
    surface = b2r.FISurface(I, g, 60 * (I[:, None] - 0.02 * g), per_area=True)
    _, functions = rate_values(b2r.reduce(circuit, level="surface", gains={"E": surface}), "E")
    units = [with_units(1.0, unit).dim for unit in ("A/m^2", "S/m^2")]
    assert [unit.dim for unit in functions["F"]._arg_units] == units
    for code in (functions["F"].pyfunc, functions["F"].implementations["numpy"].get_code(None)):
        assert code(np.array([0.5]), np.array([0.7])) == pytest.approx(60 * (0.5 - 0.02 * 0.7))


def test_depressing_synapses_weigh_what_they_release_at_rest():
    reduced, still = depressing(), made()
    rate = float(reduced.operating_rate["E"])
    # Of depressing synapses that never facilitate <u x> = U/(1 + U r tau_rec), exactly for Poisson trains
    fast, slow = (K * 0.1e-9 * tau * (0 - E_L - V_THETA) for K, tau in ((50, 5e-3), (10, 20e-3)))
    released = U / (1 + U * rate * TAU_REC_)
    assert rate > 1 and reduced.W_["E", "E"] == pytest.approx(fast * released + slow, rel=1e-7)
    # At most all of U, of a synapse that has rested
    assert reduced.strongest_W_["E", "E"] == pytest.approx(fast * U + slow, rel=1e-6)
    assert reduced.strongest_W_["E", "I"] == reduced.W_["E", "I"]
    assert still.strongest_W_ == still.W_


# Equations of rates


@pytest.mark.parametrize("tau", ["membrane", "synaptic"])
def test_a_model_that_starts_at_its_steady_rates_stays_there(tau):
    reduced = made(tau)
    rates = steady(reduced)
    for name in "EI":
        values, slopes = state(reduced, name, rates, rates)
        assert values["r"] == pytest.approx(rates[name], rel=1e-9)
        scale = {"mu": values.get("mu", 0) / values.get("tau", 1)}
        for variable, slope in slopes.items():
            # A tenth of a percent of what the variable would change by within a time constant
            assert abs(slope) < 1e-3 * abs(scale.get(variable, rates[name] / 20e-3)), variable
        other, moved = state(reduced, name, {**rates, "E": 1.1 * rates["E"]}, rates)
        assert max(map(abs, moved.values())) > 1e3 * max(map(abs, slopes.values())) and other


def test_without_input_before_the_current_lies_below_the_threshold():
    reduced = made()
    values, slopes = state(reduced, "I", {"E": 0.0, "I": 0.0}, None)
    assert values["mu"] == -reduced.theta_["I"] and values["r"] == 0
    assert slopes["mu"] == pytest.approx(
        reduced.W_ext_["I", "ext"] * DRIVE_ / float(reduced.tau["I"]), rel=1e-9
    )
    assert start_values_(made("synaptic"), "I", {"s_ext_to_I"}, DRIVES_, None) == {}


def test_pathways_start_at_the_rates_that_they_carry():
    start = start_values_(made("synaptic"), "E", {"s_ext_to_E"}, DRIVES_, {"E": 3.0, "I": 7.0})
    assert start == {"s_ext_to_E": DRIVE_, "s_E_to_E": 3.0, "s_E_to_E_2": 3.0, "s_I_to_E": 7.0}
    table = {("ext", "E"): (np.array([0.0, 0.1]), np.array([5.0, 9.0]))}
    assert start_values_(made("synaptic"), "E", set(), table, {"E": 3.0, "I": 7.0})["s_ext_to_E"] == 5


def test_an_adapted_population_stays_where_it_has_adapted():
    reduced = adapting()
    rates = {"E": 12.0, "I": 5.0}
    values, slopes = state(reduced, "E", rates, rates)
    assert values["a"] == pytest.approx(3e-12 * 12 + 5e-12, rel=1e-9), "J r, and what is there while it fires"
    assert slopes["a"] == pytest.approx(0, abs=1e-9 * values["a"] / values["tau_a"])
    assert values["r"] == pytest.approx(12, rel=1e-6), "the adapted cell fires by the steady gain"
    silent = start_values_(reduced, "E", {"mu", "a"}, DRIVES_, {"E": 0.0, "I": 5.0})
    assert silent["a"] == 0
    rested = start_values_(reduced, "E", {"mu", "a"}, DRIVES_, None)
    assert rested["a"] == 0 and rested["mu"] == pytest.approx(5e-12 - reduced.theta_["E"], rel=1e-9)


def test_plastic_synapses_start_where_they_have_long_been():
    reduced = depressing()
    names = Equations(rate_equations(reduced, "E")).diff_eq_names
    [key] = reduced.plastic_("E").values()
    start = start_values_(reduced, "E", names, DRIVES_, {"E": 10.0, "I": 5.0})
    assert start[f"x_{key}"] == pytest.approx(1 / (1 + U * 10 * TAU_REC_), rel=1e-9)
    assert start_values_(reduced, "E", names, DRIVES_, None)[f"x_{key}"] == 1
    values = rate_values(reduced, "E")[0]
    assert values[f"U_{key}"] == U and values[f"tau_rec_{key}"] == TAU_REC_
    assert f"sent_{key}" in rate_equations(reduced, "E") and "sent_" not in rate_equations(made(), "E")


def test_a_drive_from_a_table_is_a_function_of_time():
    constant, table = rate_equations(made(), "E"), rate_equations(made(), "E", tables=("ext",))
    assert "W_ext_ext*rate_ext -" in constant and "rate_ext : Hz (constant)" in constant.splitlines()
    assert "W_ext_ext*rate_ext(t) -" in table and "rate_ext : Hz" not in table
    assert len(constant.splitlines()) == len(table.splitlines()) + 1


@pytest.mark.parametrize("step", [0.1, 0.02])
@pytest.mark.parametrize("tau", ["membrane", "synaptic"])
def test_the_step_resolves_the_fastest_constant_with_its_feedback(tau, step):
    reduced = made(tau)
    dt_ = automatic_dt_(reduced, step)
    # Feedback divides a time constant: tau/(1 + beta sum |W|), of the population where that is most
    feedback = max(
        float(reduced.gains[name].beta) * sum(abs(reduced.W_[name, source]) for source in "EI")
        for name in "EI"
    )
    fastest = min(float(each) for each in reduced.tau.values())
    parts = round(1e-3 / dt_)
    assert dt_ == pytest.approx(1e-3 / parts, rel=1e-12), "a bin of 1 ms is a whole number of steps"
    assert 1e-3 / parts <= step * fastest / (1 + feedback) < 1e-3 / (parts - 1)


def test_the_step_is_never_above_a_bin_and_counts_what_plastic_synapses_may_release():
    slow = of_two(tau=5 * second)
    assert automatic_dt_(slow) == 1e-3
    assert automatic_dt_(adapting()) < automatic_dt_(made()), "the gain at onset is the steeper one"
    strong = automatic_dt_(depressing(), 1e-3)
    rested = float(depressing().gains["E"].beta) * (
        depressing().strongest_W_["E", "E"] - depressing().W_["E", "I"]
    )
    fastest = min(float(each) for each in depressing().tau.values())
    assert strong == pytest.approx(1e-3 * fastest / (1 + rested), rel=2e-2)  # up to a whole number of parts


def test_a_level_of_tables_sets_its_rate_every_step():
    I, g = np.linspace(200e-12, 900e-12, 29), np.array([24e-9, 30e-9, 36e-9])
    law = lambda I, g: BETA * np.maximum(I - I_THETA - V_THETA * g, 0)
    surface = b2r.FISurface(I, g, law(I[:, None], g[None, :]))
    reduced = b2r.reduce(two_populations(), level="surface", gains={"E": surface, "I": surface})
    assert rate_assignment(reduced, "E") == "r = F(I, g)" and rate_assignment(made(), "E") == ""
    assert step_statements(reduced, "E")[-1] == "r = F(I, g)" and step_statements(made(), "E") == []
    values, names = rate_values(reduced, "E")
    F = names["F"]
    assert rate_values(made(), "E")[1] == {} and values["tau"] > 0
    on_the_line = law(450e-12, 30e-9)
    # The code of a network calls it with arrays in SI
    lookup = F.implementations["numpy"].get_code(None)
    assert on_the_line > 20 and lookup(np.array([450e-12]), np.array([30e-9])) == pytest.approx(
        on_the_line, rel=1e-6
    )
    assert F._return_unit == Hz and F.stateless and F._arg_units == [amp, siemens]
    Equations(rate_equations(reduced, "E"))


# Formulas under other names


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c)/d**2",
        "-a*b/c + d",
        "1*a + b*1 + c/1 + d**1",
        "a*0 + 0*b + c",
        "0/a + b",
        "a*int(a > 0*amp)",
        "b*a*int(a > 0)",
        "c*b*a*int(a > 0*amp/meter**2)",
        "a*int(b > 0)",
        "a*int(a > 2)",
        "a*int(a < 0)",
        "(a + b)*int(a > 0)",
        "a*exp(b)*int(a > 0)",
        "clip(a/b, 0, inf)**d",
        "a**2*2 + 2*c",
        "a*volt/second",
    ],
)
def test_a_formula_under_other_names_is_the_same_number(text):
    renamed = {"a": "alpha", "b": "beta_1"}
    written = renamed_formula(f" {text} ", renamed, {"c": "c_1 + 3*c_2", "d": "d"})
    assert not re.search(r"\b(a|b|c|amp|meter|volt|second)\b", written)
    for a in (-1.3, 0.7, 3.1):
        values = dict(a=a, b=1.9, c_1=0.4, c_2=-1.1, d=2.0)
        values["c"] = values["c_1"] + 3 * values["c_2"]
        other = {renamed.get(name, name): value for name, value in values.items()}
        assert evaluated(written, other) == pytest.approx(evaluated(text, values), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    "text, written",
    [
        ("1*a", "a"),
        ("a*1", "a"),
        ("a/1", "a"),
        ("a**1", "a"),
        ("0*a", "0"),
        ("a*0", "0"),
        ("0/a", "0"),
        ("a*amp", "a"),
        ("a*int(a > 0*amp)", "clip(a, 0, inf)"),
        ("k*a*int(a > 0)", "k * clip(a, 0, inf)"),
        # These mean something else, and stay
        ("1/a", "1 / a"),
        ("0 + a", "0 + a"),
        ("2*a", "2 * a"),
        ("a*int(b > 0)", "a * int(b > 0)"),
        ("a*int(a > 1)", "a * int(a > 1)"),
        ("a*int(a > c)", "a * int(a > c)"),
        ("a*int(a < 0)", "a * int(a < 0)"),
        ("k/a*int(a > 0)", "k / a * int(a > 0)"),
        ("a*int(k)", "a * int(k)"),
        ("a*exp(a > 0)", "a * exp(a > 0)"),
    ],
)
def test_what_is_the_same_is_written_shortly_and_nothing_else_is(text, written):
    assert renamed_formula(text, {}, {}) == written


@pytest.mark.parametrize("seed", range(4))
def test_the_formulas_of_a_spline_are_the_spline(seed):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(10e-12, 60e-12, KNOTS)) - 20e-12
    r = np.cumsum(rng.uniform(0.5, 12.0, KNOTS))
    x = x - x[0] + r[0] * (x[1] - x[0]) / (r[1] - r[0])  # whose first stretch, continued, meets zero at 0

    class Gain:
        shape_ = (*x, *r)

    formulas = spline_formulas(Gain, "mu", lambda name: f"own_{name}")
    at = np.concatenate([np.linspace(-50e-12, x[-1] + 100e-12, 301), x])
    values = {"mu": at}
    for name, formula in formulas.items():  # each is made of what stands before it
        values[f"own_{name}"] = evaluated(formula, values)
    expected = FORMS["spline"].f(at, *x, *r)
    np.testing.assert_allclose(values["own_r"], expected, rtol=1e-9, atol=1e-9 * r[-1])
    assert len(formulas) == 2 * KNOTS + 1 and expected.min() == 0 and expected.max() > r[-1]
    wrong = np.array([*x, *r[:-1], 1.01 * r[-1]])
    assert not np.allclose(values["own_r"], FORMS["spline"].f(at, *wrong), rtol=1e-4, atol=1e-4)
