"""Rate models of circuits with short-term plasticity, against closed forms, differences and trains of spikes."""

import subprocess
import sys

import numpy as np
import pytest
from brian2 import mV, nS, second

import b2reduce as b2r
from b2reduce.circuit.pathway import Pathway
from b2reduce.circuit.plasticity.averaged import averaged
from b2reduce.circuit.plasticity.tsodyks_markram import TsodyksMarkram
from b2reduce.errors import InputError
from b2reduce.reduction.inputs import release_factor
from b2reduce.reduction.rate_system import rate_system
from b2reduce.results.explorer_page import page_of
from b2reduce.validation.premises.releases import released_

FACILITATES = {"kind": "tsodyks_markram", "U": 0.4, "tau_rec": "200 ms", "tau_facil": "100 ms"}
DEPRESSES = {"kind": "tsodyks_markram", "U": 0.5, "tau_rec": "300 ms", "tau_facil": "0 ms"}
KINDS = [
    (0.6, 0.5, 0.3),
    (0.05, 0.2, 0.6),
    (0.5, 0.8, 0.02),
    (0.01, 0.1, 10.0),
    (0.5, 0.8, 0.0),
    (0.2, 0.0, 0.5),
    (1.0, 0.5, 0.3),
]


def circuit(own=FACILITATES, from_I=DEPRESSES):
    """The E-I network of the package with synapses that depress, facilitate, and stay as they are."""
    data = b2r.load_circuit("ei_lif").to_dict()
    for projection in data["projections"]:
        if own is not None and projection["source"] == "E":
            projection["plasticity"] = own
        if from_I is not None and (projection["source"], projection["target"]) == ("I", "E"):
            projection["plasticity"] = from_I
    return b2r.Circuit.from_dict(data)


@pytest.fixture(scope="module")
def reduced():
    return b2r.reduce(circuit(), level="linear", noise="none")


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_that_arrives_and_its_derivatives(kind):
    plasticity = TsodyksMarkram(*kind)
    model, rates = averaged(plasticity), np.geomspace(1e-2, 1e3, 40)
    # The polynomials are fitted to 1e-7 of the mean release where that can be had, and never above 1e-4.
    np.testing.assert_allclose(model.sent_(rates), rates * plasticity.release_(rates), rtol=2e-6)
    # Central differences err by (1e-4 r)^2/6 of the third derivative, of the order of the slope over r^2.
    step = 1e-4 * rates
    exact = (rates + step) * plasticity.release_(rates + step) - (rates - step) * plasticity.release_(
        rates - step
    )
    np.testing.assert_allclose(model.slope_(rates), exact / (2 * step), rtol=1e-4, atol=1e-6)
    # What moves at once and what u and x add once they have followed are the whole.
    for rate in (0.5, 7.0, 90.0):
        at_once, by_state, driven, own = model.linear_(rate)
        followed = at_once - by_state @ np.linalg.solve(own, driven)
        # The same up to rounding, which the ratio of rates and times multiplies by at most a thousand.
        assert followed == pytest.approx(model.slope_(rate), rel=1e-9)
        assert model.steepest >= model.release_(rate) * (1 - 1e-3)


def test_depression_and_facilitation_alone_are_the_usual_mean_field():
    for kind in ((0.5, 0.8, 0.0), (0.2, 0.0, 0.5)):
        assert averaged(TsodyksMarkram(*kind)).P == ()


@pytest.mark.slow
def test_the_variance_of_releases_is_that_of_trains_behind_filters():
    """Releases of Poisson trains through synapse and membrane of 5 and 20 ms, by exact sums over spikes."""
    plasticity, rate, tau, tau_m, T = TsodyksMarkram(0.6, 0.5, 0.0), 60.0, 5e-3, 20e-3, 400.0
    rng = np.random.default_rng(1)
    found = []
    for _ in range(8):
        t = np.sort(rng.uniform(0, T, rng.poisson(rate * T)))
        u, x, A = 0.0, 1.0, np.empty(t.size)
        for k, wait in enumerate(np.diff(t, prepend=-10.0)):
            used, left = plasticity.passed_(u, x, wait)
            A[k], u, x = used * left, used, left * (1 - used)
        slow = fast = last = 0.0
        squares, first = [], []
        grid = np.arange(5.0, T, 0.02)
        k = 0
        for at in grid:
            while k < t.size and t[k] <= at:
                slow, fast = slow * np.exp(-(t[k] - last) / tau_m), fast * np.exp(-(t[k] - last) / tau)
                slow, fast, last = slow + A[k], fast + A[k], t[k]
                k += 1
            value = (slow * np.exp(-(at - last) / tau_m) - fast * np.exp(-(at - last) / tau)) / (tau_m - tau)
            squares.append(value**2)
            first.append(value)
        found.append(np.mean(squares) - np.mean(first) ** 2)
    white = rate * plasticity.square_(rate) / (2 * (tau + tau_m))
    pathway = Pathway("a->b", "b", "a", False, 1.0, _synapse(tau), plasticity=plasticity)
    expected = white * release_factor(pathway, rate, tau_m)
    sem = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 4 * sem
    assert abs(white - expected) > 8 * sem  # which white noise of the same sizes is not


def _synapse(tau, **more):
    return b2r.Projection("a", "b", G=1 * nS, tau=tau * second, E=0 * mV, in_degree=1, **more).synapse


def test_releases_through_a_synapse_that_rises_vary_as_through_one_that_rises_at_once():
    plasticity = TsodyksMarkram(0.4, 0.3, 0.0)
    factor = lambda **more: release_factor(
        Pathway("a->b", "b", "a", False, 1.0, _synapse(5e-3, **more), plasticity=plasticity), 20.0, 15e-3
    )
    assert factor() < 0.95
    assert factor(kind="rise_decay", norm="peak", tau_rise=1e-7 * second) == pytest.approx(factor(), rel=1e-4)
    assert factor(kind="rise_decay", norm="peak", tau_rise=4e-3 * second) < factor(), (
        "the longer it keeps, the more it averages"
    )


@pytest.mark.slow
def test_two_populations_rest_where_r_is_f_of_what_arrives():
    """Depression in a network of two: r = f(W r m(r) + W_ext r_ext - theta) with m in closed form, beside the
    fixed points and the W of the tables.
    """
    data = circuit(DEPRESSES, None)
    model = b2r.reduce(data, level="linear", noise="none")
    plasticity = TsodyksMarkram(0.5, 0.3, 0.0)
    weight = {(p.target, p.source): model.weight_(p) for n in "EI" for p in model.circuit.pathways(n)}
    drive = {name: weight[name, "ext"] * model.at_["ext", name] - model.theta_[name] for name in "EI"}

    def response(E, I, release=lambda rate: plasticity.U_ / (1 + plasticity.U_ * rate * plasticity.tau_rec_)):
        arrives = {"E": E * release(E), "I": I}
        mu = {n: drive[n] + sum(weight[n, s] * arrives[s] for s in "EI") for n in "EI"}
        return [float(np.asarray(model.gains[n].beta)) * max(mu[n], 0.0) for n in "EI"]

    from scipy.optimize import root

    own = root(lambda r: np.array(response(*r)) - r, [20.0, 10.0], tol=1e-13).x
    points = b2r.fixed_points(model)
    np.testing.assert_allclose([list(p.rates_.values()) for p in points if p.stable], [own], rtol=1e-6)
    release = plasticity.release_(model.operating_rate_["E"])
    assert model.W_["E", "E"] == pytest.approx(weight["E", "E"] * release, rel=1e-9)
    assert model.pathways.loc["E->E", "W"] == pytest.approx(model.W_["E", "E"], rel=1e-12)
    # The control: frozen at what a synapse at rest releases, rates come to rest far beyond the tolerance.
    frozen = root(lambda r: np.array(response(*r, release=lambda rate: plasticity.U_)) - r, own, tol=1e-13).x
    assert np.max(np.abs(frozen / own - 1)) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("tau", ["membrane", "synaptic"])
def test_runs_rest_at_fixed_points_and_move_as_eigenvalues_say(tau):
    model = b2r.reduce(circuit(), level="linear", noise="none", tau=tau)
    (point,) = b2r.fixed_points(model, delays=False)
    run = b2r.simulate_rates(model, duration=6 * second)
    # The run stops where nothing moves by 1e-10 within the longest time constant.
    np.testing.assert_allclose(run.rate_[:, -1], list(point.rates_.values()), rtol=1e-7)
    system = rate_system(model, initial={name: rate for name, rate in point.rates.items()})
    names = [state.name for state in system.states]
    known = {
        **{k: v for k, (v, _) in system.parameters.items()},
        **{k: v[1] for k, v in system.drives.items()},
    }
    known.update(clip=np.clip, inf=np.inf)

    def moves(values):
        own = {**known, **dict(zip(names, values))}
        for name, formula in system.definitions:
            own[name] = eval(formula, own)
        return np.array([eval(state.derivative, own) for state in system.states])

    rest = np.array([state.initial for state in system.states])
    steps = 1e-6 * np.maximum(np.abs(rest), 1e-15)
    jacobian = np.array(
        [(moves(rest + row) - moves(rest - row)) / (2 * step) for row, step in zip(np.diag(steps), steps)]
    ).T
    found = list(np.linalg.eigvals(jacobian))
    # Filters of drives have eigenvalues of their own, which no feedback moves.
    for value in point.eigenvalues_:
        nearest = min(found, key=lambda other: abs(other - value))
        assert abs(nearest - value) < 1e-5 * abs(value)
        found.remove(nearest)
    # The control: with u and x held, which fixed points do not show, the slowest mode is another.
    assert abs(point.eigenvalues_[0].real) < 20


@pytest.mark.slow
def test_scripts_give_the_rates_of_the_run(reduced, tmp_path):
    run = b2r.simulate_rates(reduced, duration=0.3 * second)
    for kind in ("numpy", "brian2"):
        (tmp_path / "rates.py").write_text(reduced.to_script(kind, duration=0.3 * second))
        subprocess.run([sys.executable, "rates.py", "rates.csv"], cwd=tmp_path, check=True, timeout=120)
        got = np.loadtxt(tmp_path / "rates.csv", delimiter=",", skiprows=1)[:, 1:].T
        np.testing.assert_allclose(got, run.rate_, rtol=1e-9)
    assert "sentstp1" in reduced.to_script("xpp") and r"\rho_{\mathrm{E,1}}" in reduced.to_latex()
    # A synapse that changes makes a transient that lasts: held u and x would not move after 200 ms.
    longer = b2r.simulate_rates(reduced, duration=2 * second).rate_[0]
    assert abs(longer[200] / longer[-1] - 1) > 0.01


@pytest.mark.slow
def test_what_cannot_have_it_refuses(reduced):
    for refused in (
        lambda: b2r.ThresholdLinearNetwork.from_reduced(reduced),
        lambda: b2r.phase_plane(reduced),
        lambda: page_of(reduced, {}, {}),
    ):
        with pytest.raises(InputError, match="short-term plasticity"):
            refused()


def test_files_of_rate_models_have_it(reduced, tmp_path):
    reduced.save(tmp_path / "model.json")
    again = b2r.ReducedCircuit.load(tmp_path / "model.json")
    assert dict(again.W_) == dict(reduced.W_) and again.equations == reduced.equations


def test_releases_at_given_spikes():
    plasticity = TsodyksMarkram(0.3, 0.2, 0.4)
    i, t = np.array([3, 1, 3, 3, 1]), np.array([0.10, 0.12, 0.15, 0.40, 0.90])
    total = 0.0
    for cell in (1, 3):
        u, x, last = 0.0, 1.0, -np.inf
        for at in t[i == cell]:
            u, x = plasticity.passed_(u, x, at - last)
            total += u * x * (at > 0.11)
            x, last = x * (1 - u), at
    assert released_(plasticity, i, t, 0.11) == pytest.approx(total, rel=1e-12)
