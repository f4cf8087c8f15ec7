"""Averages and weights against formulas worked by hand, and the operating point against itself."""

import json

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, pA

import b2reduce as b2r
from b2reduce.cells.points import measure_points
from b2reduce.reduction.inputs import average, sources_of

from ..cases import BETA, C_M, E_L, G_L, I_THETA, V_THETA, gain, reduced, two_populations


def test_weights_and_thresholds_are_the_formulas():
    r = reduced()
    # Equations 11.28-11.31 with the numbers written out: 50 x 0.1 nS x 5 ms + 10 x 0.1 nS x 20 ms onto E,
    # parallel ones added.
    assert r.W_["E", "E"] == pytest.approx(
        (50 * 0.1e-9 * 5e-3 + 10 * 0.1e-9 * 20e-3) * (0 - E_L - V_THETA), rel=1e-8
    )
    assert r.W_["E", "I"] == pytest.approx(20 * 0.3e-9 * 10e-3 * (-80e-3 - E_L - V_THETA), rel=1e-8)
    assert r.W_["I", "E"] == pytest.approx(50 * 0.1e-9 * 5e-3 * (0 - E_L - V_THETA), rel=1e-8)
    assert r.W_["I", "I"] == 0
    assert r.W_ext_["I", "ext"] == pytest.approx(250 * 0.4e-9 * 5e-3 * (0 - E_L - V_THETA), rel=1e-8)
    assert r.theta_["E"] == pytest.approx(I_THETA + G_L * V_THETA, rel=1e-6)
    assert r.theta_["I"] == pytest.approx(I_THETA + G_L * V_THETA - 30e-12, rel=1e-6), (
        "the constant current lowers the threshold"
    )
    assert (
        r.W["E", "I"].dim == (1 * pA * ms).dim
        and r.theta["E"].dim == (1 * pA).dim
        and r.populations == ("E", "I")
    )
    table = r.pathways.loc["I->E"]
    assert (table.target, table.source, table.K, table.unit) == (
        "E",
        "I",
        20,
        "C",
    ) and table.W == pytest.approx(r.W_["E", "I"])


def test_the_two_forms_of_the_argument_are_the_same_number():
    # sum W r + W_ext r_ext - theta = I - I_theta - v_theta g at any rates: the whole derivation in one
    # identity.
    r, rng = reduced(), np.random.default_rng(0)
    for _ in range(5):
        rates = dict(zip(r.populations, rng.uniform(0, 50, 2)))
        external = rng.uniform(0, 30)
        for name in r.populations:
            I_, g_ = average(r.circuit, name, rates, {("ext", target): external for target in r.populations})
            derived = (
                sum(r.W_[name, source] * rates[source] for source in rates)
                + r.W_ext_[name, "ext"] * external
                - r.theta_[name]
            )
            assert derived == pytest.approx(I_ - I_THETA - V_THETA * g_, rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("E, sign", [(0, 1), (-45, 1), (-52, -1), (-65, -1), (-80, -1)])
def test_a_synapse_inhibits_exactly_below_the_threshold_voltage(E, sign):
    # E_L + v_theta = -51.5 mV: a shunt inhibits, and so does a depolarizing synapse up to there.
    circuit = two_populations().replace({"projection.I->E.E": E * mV})
    W = b2r.reduce(circuit, gains={"E": gain(), "I": gain()}).W_["E", "I"]
    assert np.sign(W) == sign
    if E == -65:
        assert W == pytest.approx(-20 * 0.3e-9 * 10e-3 * V_THETA, rel=1e-8)


def test_steady_rates_solve_the_linear_system():
    r = reduced()
    drives = {("ext", "E"): 14.0, ("ext", "I"): 14.0}
    rates = r.steady_rates_(drives)
    beta = np.array([float(np.asarray(r.gains[name].beta)) for name in r.populations])
    W = np.array([[r.W_[a, b] for b in r.populations] for a in r.populations])
    drive = np.array([r.W_ext_[a, "ext"] * 14 - r.theta_[a] for a in r.populations])
    expected = np.linalg.solve(np.diag(1 / beta) - W, drive)
    assert (expected > 0).all()
    np.testing.assert_allclose(list(rates.values()), expected, rtol=1e-5)


def test_a_runaway_circuit_has_no_steady_rates_and_says_so():
    circuit = two_populations().replace({"projection.E->E.G": 2 * nS})
    r = b2r.reduce(circuit, gains={"E": gain(), "I": gain()})
    assert any("runs away" in warning for warning in r.warnings)


def test_a_drive_that_ends_elsewhere_than_its_mean_is_named():
    made = lambda rate, at=None: b2r.reduce(
        two_populations().replace({"drive.ext.rate": rate}), gains={"E": gain(), "I": gain()}, at=at
    )
    kick = ([0, 100] * ms, [20, 0] * Hz)
    told = [warning for warning in made(kick).warnings if "ends at" in warning]
    assert told == [
        "drive ext ends at 0 Hz and stays there: the reduction is made at that; for its mean over time give"
        " at={'ext': 10*Hz}"
    ]
    assert float(made(kick).at["ext"]) == 0
    changing = ([0, 100, 200] * ms, [20, 10, 0] * Hz)
    told = [warning for warning in made(changing).warnings if "ends at" in warning]
    assert told == [
        "drive ext ends at 0 Hz and stays there, while the reduction is made at its mean over time, 10 Hz;"
        " for what follows give at={'ext': 0*Hz}"
    ]
    for rate, at in ((kick, {"ext": 0 * Hz}), (([0, 100] * ms, [12, 14] * Hz), None), (14 * Hz, None)):
        assert not any("ends at" in warning for warning in made(rate, at).warnings)


def test_time_constants_are_what_was_asked_for():
    r = reduced()
    for name in r.populations:
        assert float(r.tau[name]) == pytest.approx(C_M / float(np.asarray(r.operating_g[name]))), (
            "membrane: C/<g>"
        )
    assert {label: float(tau) for label, tau in reduced(tau="synaptic").tau.items()} == pytest.approx(
        {"ext->E": 5e-3, "E->E": 5e-3, "E->E#2": 20e-3, "I->E": 10e-3, "ext->I": 5e-3, "E->I": 5e-3}
    )
    assert float(reduced(tau=7 * ms).tau["I"]) == 7e-3
    assert float(reduced(tau={"E": 7 * ms, "I": "3 ms"}).tau["I"]) == 3e-3


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(level="quadratic"), "level.*linear"),
        (dict(noise="pink"), "noise.*matched"),
        (dict(tau="axonal"), "tau.*membrane"),
        (dict(tau=5 * mV), "tau"),
        (dict(tau={"E": 5 * ms}), "tau.*I"),
        (dict(tau={"X": 5 * ms}), "X.*E"),
        (dict(at={"exT": 5 * Hz}), "exT.*ext"),
        (dict(at={"ext": 5 * mV}), "ext"),
        (dict(at={"ext": ([0] * ms, [5] * Hz)}), "table"),
        (dict(gains={"X": None}), "X.*E"),
        (dict(gains={"E": 3, "I": gain()}), "GainFit"),
        (dict(engine="x"), "engine"),
        (dict(circuit="ei_liff"), "ei_lif"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.reduce(**{"circuit": two_populations(), "gains": {"E": gain(), "I": gain()}, **arguments})


def test_gains_of_another_kind_of_unit_are_refused():
    with pytest.raises(b2r.errors.InputError, match="gains, E: got a gain per cell, .* is per area"):
        b2r.reduce("e_shriki", gains={"E": gain()})


def test_a_surface_serves_as_gain_and_is_fitted_in_the_window():
    import pandas as pd

    rows = [
        (i, g, BETA * max(i - I_THETA - V_THETA * g, 0))
        for i in np.linspace(200e-12, 600e-12, 41)
        for g in (25e-9, 33e-9)
    ]
    surface = b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]))
    r = b2r.reduce(
        two_populations(), gains={"E": surface, "I": gain()}, window=(5 * Hz, 50 * Hz), noise="none"
    )
    assert float(r.gains["E"].beta) == pytest.approx(BETA, rel=1e-6) and [
        float(rate) for rate in r.gains["E"].rates
    ] == [5, 50]
    assert r.surfaces["E"] is surface


@pytest.mark.slow
def test_a_gain_of_another_cell_that_leads_elsewhere_is_named():
    r = b2r.reduce(two_populations(), gains={"E": gain(I_theta=100e-12)}, seed=1)
    assert float(r.states_[0]["E"]) < 0.5 * float(r.operating_rate_["E"])
    assert any(
        "the gains of E, which were given, are not those of these cells" in warning for warning in r.warnings
    )
    own = b2r.reduce(two_populations(), seed=1)
    assert not any("were given" in warning for warning in own.warnings)


def test_a_reduction_survives_its_file(tmp_path):
    path = tmp_path / "reduced.json"
    r = reduced(tau={"E": 7 * ms, "I": 3 * ms})
    r.save(path)
    again = b2r.ReducedCircuit.load(path)
    assert (
        again.W_ == r.W_
        and again.theta_ == r.theta_
        and again.tau == r.tau
        and again.equations == r.equations
    )
    assert (
        again.circuit.hash == r.circuit.hash
        and json.loads(path.read_text())["data"]["fields"]["level"] == "linear"
    )
    path.write_text("{}")
    with pytest.raises(b2r.errors.InputError, match="is not the description of a result"):
        b2r.ReducedCircuit.load(path)
    with pytest.raises(b2r.errors.InputError, match="cannot be read"):
        b2r.ReducedCircuit.load(tmp_path / "none.json")


@pytest.mark.slow
def test_the_operating_point_gives_itself_back(ei_reduced):
    """Uncoupled cells in the noise of the operating rates fire at the operating rates."""
    circuit, names = ei_reduced.circuit, ei_reduced.populations
    rate = {name: float(np.asarray(ei_reduced.operating_rate[name])) for name in names}
    drives = {("ext", name): 14.0 for name in names}
    for name in names:
        I_, g_ = average(circuit, name, rate, drives)
        cells = measure_points(
            circuit.populations[name].model,
            np.array([I_]),
            np.array([g_]),
            sources_of(circuit, name, rate, drives, ei_reduced.cv2),
            replicates=1000,
            duration_=2.25,
            warmup_=0.25,
            dt_=1e-4,
            seed=77,
        )
        # The stated error of the operating rate is amplified here by 1 - dr_out/dr_in, at most 3 in this
        # circuit, and the measurement adds its own: four standard errors of both.
        error = np.hypot(3 * ei_reduced.provenance["operating_rate_sem [Hz]"][name], cells.rate_sem_[0])
        assert abs(cells.rate_[0] - rate[name]) < 4 * error < 0.15 * rate[name]


@pytest.mark.slow
def test_gains_are_measured_where_the_circuit_works(ei_reduced):
    for name in ei_reduced.populations:
        surface, rate, g = (
            ei_reduced.surfaces[name],
            float(np.asarray(ei_reduced.operating_rate[name])),
            float(np.asarray(ei_reduced.operating_g[name])),
        )
        np.testing.assert_allclose(surface.g_, np.linspace(0.75, 1.25, 5) * g, rtol=1e-9)
        lo, hi = (float(np.asarray(limit)) for limit in ei_reduced.gains[name].rates)
        assert lo == pytest.approx(0.5 * rate) and hi == pytest.approx(1.5 * rate)
        assert np.nanmin(surface.rate_) <= 1.2 * lo and np.nanmax(surface.rate_) >= hi, (
            "the rates span the window"
        )
        assert surface.provenance["dt [s]"] == 1e-4, "the circuit's own dt"
        # The law must pass through the point at which it was measured, within its own residual.
        at = float(
            np.asarray(ei_reduced.gains[name].predict_(float(np.asarray(ei_reduced.operating_I[name])), g))
        )
        assert at == pytest.approx(rate, abs=3 * float(np.asarray(ei_reduced.gains[name].rmse)))
        assert float(np.asarray(ei_reduced.noise_free_rate[name])) == 0, (
            "the default circuit fires through its fluctuations"
        )


@pytest.mark.slow
def test_the_noise_free_gain_warns_where_it_is_silent():
    quiet = b2r.reduce("ei_lif", noise="none", at={"ext": 8 * Hz}, seed=1)
    assert sum("silent" in warning for warning in quiet.warnings) == 2
    loud = b2r.reduce("ei_lif", noise="none", at={"ext": 30 * Hz}, seed=1)
    assert not any("silent" in warning for warning in loud.warnings)


def test_slopes_at_the_operating_point_are_found_once(monkeypatch):
    """Two warnings ask for them, of delays and of rhythms; without delays and noise none does."""
    import sys

    from b2reduce.reduction.loops.model_system import slopes_

    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return slopes_(*arguments)

    for name, module in list(sys.modules.items()):
        if name.startswith("b2reduce.") and getattr(module, "slopes_", None) is slopes_:
            monkeypatch.setattr(module, "slopes_", counted)
    reduced()
    assert len(calls) == 1
    at_once = two_populations().replace({f"projection.{a}.delay": 0 * ms for a in ("E->E", "I->E", "E->I")})
    at_once = at_once.replace({"projection.E->E#2.delay": 0 * ms})
    b2r.reduce(at_once, gains={"E": gain(), "I": gain(beta=0.3e12)}, tau="membrane", noise="none")
    assert len(calls) == 1
