"""Fixed points, their stability, what divides them, and how they change along a parameter."""

import json

import numpy as np
import pandas as pd
import pytest
from b2reduce.experiments.fixed_points import compare
from brian2 import Hz, ms, mV, mvolt, nA, nS, pA, second
from brian2 import pcoulomb as pC
from matplotlib.figure import Figure
from scipy.optimize import brentq

import b2reduce as b2r

from .. import cases
from ..command import b2reduce

LOGISTIC = dict(r_max=80.0, x_0=40e-12, I_half=-20e-12)


def close(a, b, rtol, atol=0):
    """Floats in SI are small: no absolute tolerance but where one is given."""
    return bool(np.allclose(a, b, rtol=rtol, atol=atol))


def network(W, theta, beta=1.0, tau=0.01):
    return b2r.ThresholdLinearNetwork(
        W=W, beta=np.full(len(theta), beta), theta=theta, tau=np.broadcast_to(tau, len(theta))
    )


def excitatory(G, gain, drive=2.0, **arguments):
    """One population that excites itself through synapses of G nS, with a given gain."""
    circuit = b2r.Circuit(
        populations={"E": b2r.Population("lif", 400)},
        projections=[b2r.Projection(source="E", target="E", in_degree=100, G=G * nS, tau=5 * ms, E=0 * mV)],
        drives=[
            b2r.Drive(name="ext", target="E", inputs=250, rate=drive * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
        ],
    )
    return b2r.reduce(
        circuit, gains={"E": gain}, level="linear" if gain.form == "threshold_linear" else "gain", **arguments
    )


def rivals(G=0.4):
    """Two populations that inhibit one another and not themselves."""
    inhibit = lambda source, target: b2r.Projection(
        source=source, target=target, in_degree=100, G=G * nS, tau=10 * ms, E=-80 * mV
    )
    drives = [
        b2r.Drive(name="ext", target=name, inputs=250, rate=14 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
        for name in "AB"
    ]
    circuit = b2r.Circuit(
        populations={"A": b2r.Population("lif", 400), "B": b2r.Population("lif", 400)},
        projections=[inhibit("A", "B"), inhibit("B", "A")],
        drives=drives,
    )
    return b2r.reduce(circuit, gains={"A": cases.gain(), "B": cases.gain()})


def logistic():
    """The gain r_max/(1 + exp(-x/x_0)) with x = I - v_theta g - I_half."""
    rows = [
        (
            I,
            g,
            LOGISTIC["r_max"] / (1 + np.exp(-(I - cases.V_THETA * g - LOGISTIC["I_half"]) / LOGISTIC["x_0"])),
        )
        for I in np.linspace(100e-12, 700e-12, 41)
        for g in (25e-9, 33e-9)
    ]
    return b2r.fit_gain(
        b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"])),
        form="logistic",
        rates=(1 * Hz, 79 * Hz),
    )


def test_random_circuits_end_where_the_enumeration_says():
    counts = compare(circuits=12, starts=8, seed=3)
    assert not [what for what in counts if what.startswith("wrong")], counts
    assert counts["converged"] > 20 and counts["runaway"] > 20 and counts["unstable, left"] >= 1


def test_a_missing_fixed_point_would_be_seen(monkeypatch):
    """The negative control of the comparison above: an enumeration that skips the silent state."""
    whole = b2r.ThresholdLinearNetwork._found.func
    monkeypatch.setattr(
        b2r.ThresholdLinearNetwork,
        "_found",
        property(lambda self: {active: mu for active, mu in whole(self).items() if any(active)}),
    )
    assert (
        compare(circuits=12, starts=8, seed=3)["wrong: converged to what is not an enumerated stable point"]
        > 0
    )


def test_unequal_time_constants_decide_stability():
    W, theta = [[3, -3], [3, -2]], [-1, -0.5]
    equal, unequal = network(W, theta), network(W, theta, tau=[0.01, 0.04])
    # T^-1 (W - 1) has the trace (3 - 1)/tau_1 - (2 + 1)/tau_2 and a positive determinant: stable for equal
    # tau, not for (10, 40) ms.
    [a], [b] = b2r.fixed_points(equal), b2r.fixed_points(unequal)
    assert a.stable and not b.stable and b.kind == "unstable focus" and a.rates_ == b.rates_
    assert close(a.eigenvalues_.sum().real, 200 - 300, rtol=1e-12) and close(
        b.eigenvalues_.sum().real, 200 - 75, rtol=1e-12
    )
    assert close(np.prod(b.eigenvalues_).real, (2 * -3 + 9) / (0.01 * 0.04), rtol=1e-12)
    # The fixed point itself, by Cramer's rule: (1 - W) r = -theta.
    assert close(list(a.rates_.values()), np.linalg.solve([[-2, 3], [-3, 3]], [1, 0.5]), rtol=1e-12)


TABLE = [
    (1.0, 0.5, ["stable"]),
    (1.0, 2.0, ["stable", "unstable"]),
    (-1.0, 0.5, ["stable"]),
    (-1.0, 2.0, []),
    (0.0, 0.5, ["stable"]),
    (0.0, 2.0, ["unstable"]),
]


@pytest.mark.parametrize("theta, loop, kinds", TABLE)
def test_uniform_feedback_has_the_table_s_fixed_points(theta, loop, kinds):
    found = b2r.fixed_points(network([[loop]], [theta]))
    assert [point.kind.split()[0] for point in found] == kinds


def uniform(theta, loop, N=1):
    """beta = 250 Hz/nA = 0.25 Hz/pA, so that W = 4 loop pC."""
    return b2r.UniformFeedback.from_parameters(
        beta=250 * Hz / nA, W=4 * loop / N * pC, theta=theta * pA, tau=10 * ms, N=N
    )


def test_uniform_feedback_regimes_and_numbers():
    assert [
        uniform(theta, loop).regime
        for theta, loop in (
            (100, 0.5),
            (100, 2),
            (-100, 0.5),
            (-100, 2),
            (-100, 1),
            (0, 0.5),
            (0, 1),
            (0, 2),
            (100, 1),
        )
    ] == ["silent", "bistable", "active", "runaway", "runaway", "silent", "marginal", "runaway", "marginal"]
    # theta/(N W - 1/beta) = 100 pA/(8 - 4) pC and |theta|/(1/beta - N W) = 100 pA/(4 - 2) pC.
    assert close(float(uniform(100, 2).separatrix), 25, rtol=1e-12) and close(
        float(uniform(-100, 0.5).points[0][0]), 50, rtol=1e-12
    )
    assert close(float(uniform(-100, 0.5).relaxation), 0.02, rtol=1e-12) and close(
        uniform(100, 2).growth_, 100, rtol=1e-12
    )
    assert close(float(uniform(100, 2, N=40).separatrix), 25, rtol=1e-12), (
        "with W as 1/N the number of cells drops out"
    )


@pytest.mark.parametrize("theta, loop", [(100, 2), (-100, 0.5)])
def test_uniform_feedback_against_integration(theta, loop):
    from scipy.integrate import solve_ivp

    f = uniform(theta, loop)
    rate = float(f.points[-1][0])
    run = lambda start: (
        solve_ivp(
            lambda t, mu: (-mu + f.W_ * f.beta_ * np.maximum(mu, 0) - f.theta_) / f.tau_,
            (0, 0.02),
            [start / f.beta_],
            rtol=1e-11,
            atol=1e-24,
        ).y[0, -1]
        * f.beta_
    )
    # On the active branch (r - r*) grows as exp(growth t).
    for start in (0.98 * rate, 1.01 * rate):
        assert close(run(start) - rate, (start - rate) * np.exp(f.growth_ * 0.02), rtol=1e-6)
    assert (abs(run(0.9 * rate) - rate) < 0.1 * rate) == f.points[-1][1]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"W": 1 * nA}, "W: got"),
        ({"theta": 1 * mvolt}, "theta: got"),
        ({"tau": 0 * ms}, "above 0"),
        ({"N": 0}, "N: got"),
        ({"beta": -1 * Hz / nA}, "beta: got"),
    ],
)
def test_uniform_feedback_refuses(change, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        b2r.UniformFeedback.from_parameters(
            **{"beta": 250 * Hz / nA, "W": 1 * pC, "theta": 1 * pA, "tau": 10 * ms, **change}
        )


@pytest.mark.parametrize(
    "values, message",
    [
        (dict(W=[[1, 2]]), "square"),
        (dict(beta=[1, 2, 3]), "beta: got the shape"),
        (dict(theta=[np.nan, 1]), "theta.*finite"),
        (dict(tau=[-1, 1]), "above 0"),
        (dict(names=("a",)), "names"),
        (dict(W=np.zeros((13, 13))), "at most 12"),
    ],
)
def test_networks_of_another_shape_are_refused(values, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        b2r.ThresholdLinearNetwork(
            **{"W": np.zeros((2, 2)), "beta": [1, 1], "theta": [0, 0], "tau": [1, 1], **values}
        )


def test_a_line_of_fixed_points_is_given_once_and_called_marginal():
    found = b2r.fixed_points(network([[1.0]], [0.0]))
    assert any(point.kind == "marginal" and point.rates_["population 1"] > 0 for point in found)
    assert [point.kind for point in b2r.fixed_points(network([[1.0]], [0.5]))] == ["stable node"], (
        "with a threshold there is no line"
    )
    ring = network([[0.5, 0.5], [0.5, 0.5]], [0.0, 0.0])
    assert any(
        point.kind == "marginal" and min(point.rates_.values()) > 0 for point in b2r.fixed_points(ring)
    )


@pytest.mark.parametrize("tau", ["membrane", "synaptic"])
def test_eigenvalues_are_those_of_the_equations_that_run(tau):
    """The Jacobian of the Brian2 network itself.

    One short step from the fixed point, and from beside it along every state variable.
    """
    dt = 0.5e-6  # s; the step's own error is dt/(2 tau) = 5e-5 of a rate of change
    reduced = cases.reduced(tau=tau)
    [point] = [point for point in b2r.fixed_points(reduced, delays=False) if point.stable]
    network, groups = b2r.rate_network(reduced, dt=dt * second, delays=False)
    variables = [(group, name) for group in groups.values() for name in group.equations.diff_eq_names]
    place = []
    for group, name in variables:
        source = name.removeprefix("s_").removesuffix("_2").split("_to_")[0]
        population = group.name.removeprefix("rate_")
        place.append(
            14.0
            if source == "ext"
            else (
                point.rates_[source]
                if name != "mu"
                else point.rates_[population] / float(np.asarray(reduced.gains[population].beta))
            )
        )

    def moved(state):
        for (group, name), value in zip(variables, state):
            group.variables[name].set_value(value)
        network.run(dt * second, namespace={})
        return (
            np.array([float(group.variables[name].get_value()[0]) for group, name in variables]) - state
        ) / dt

    place = np.array(place)
    rest = moved(place)
    assert np.max(np.abs(rest) / place) < 1e-6 / 1e-3, (
        "the fixed point is one of the network: nothing moves by 1e-6 within a millisecond"
    )
    J = np.stack(
        [
            (moved(place + 1e-3 * place * (np.arange(len(place)) == k)) - rest) / (1e-3 * place[k])
            for k in range(len(place))
        ],
        axis=1,
    )
    recurrent = [k for k, (_, name) in enumerate(variables) if "ext" not in name]
    values = np.linalg.eigvals(J[np.ix_(recurrent, recurrent)])
    assert len(values) == len(point.eigenvalues_)
    for value in point.eigenvalues_:
        assert np.min(np.abs(values - value)) < 1e-3 * np.max(np.abs(values))


def test_fixed_points_of_all_levels_are_where_the_rate_network_rests():
    for reduced in (
        excitatory(0.1, cases.gain(), drive=20.0),
        excitatory(0.1, logistic(), drive=2.0),
        cases.reduced(),
    ):
        stable = [point for point in b2r.fixed_points(reduced) if point.stable]
        run = b2r.simulate_rates(reduced, duration=1 * second)
        assert min(np.max(np.abs(run.rate_[:, -1] - list(point.rates_.values()))) for point in stable) < 1e-3


def test_roots_of_a_logistic_gain_are_all_found():
    """One dimension: sign changes of F(r) - r on a fine grid, an independent count."""
    for G in (0.05, 0.15, 0.2, 0.3):
        reduced = excitatory(G, logistic())
        r = np.linspace(0, 90, 200001)
        excess = reduced.response_({"E": r}, {("ext", "E"): 2.0})["E"] - r
        crossings = r[:-1][np.sign(excess[:-1]) != np.sign(excess[1:])]
        found = [point.rates_["E"] for point in b2r.fixed_points(reduced)]
        assert len(found) == len(crossings) and close(found, crossings, rtol=0, atol=1e-3)
    assert [point.stable for point in b2r.fixed_points(excitatory(0.2, logistic()))] == [True, False, True]


def test_a_fold_is_where_the_line_touches_the_gain():
    """r = f(x), x = W r + W_ext r_ext - theta.

    Two roots meet where W f' = 1, which for the logistic gain is a quadratic in r.
    """
    reduced = excitatory(0.2, logistic())
    found = b2r.continue_fixed_points(reduced, "drive.ext.rate", [0, 12] * Hz)
    gain = reduced.gains["E"]
    r_max, x_0 = (float(np.asarray(gain.params[name])) for name in ("r_max", "x_0"))
    W, W_ext, theta = reduced.W_["E", "E"], reduced.W_ext_["E", "ext"], reduced.theta_["E"]
    # f' = r (1 - r/r_max)/x_0 = 1/W.
    r = r_max / 2 * (1 + np.array([-1, 1]) * np.sqrt(1 - 4 * x_0 / (W * r_max)))
    drives = (x_0 * np.log(r / (r_max - r)) + theta - W * r) / W_ext
    inside = (drives > 0) & (drives < 12)
    assert inside.any()
    folds = found.special[found.special["what"] == "fold"]
    assert close(np.sort(folds["drive.ext.rate [Hz]"]), np.sort(drives[inside]), rtol=1e-4)
    # Rates move as the square root of the distance from a fold
    assert close(np.sort(folds["E [Hz]"]), np.sort(r[inside]), rtol=1e-2)


def test_a_hopf_point_is_where_the_trace_vanishes():
    """Excitation and inhibition with unequal time constants.

    Along the strength of E->E the trace of T^-1 (W beta - 1) changes sign.
    """
    project = lambda source, target, G, E: b2r.Projection(
        source=source, target=target, in_degree=50, G=G * nS, tau=5 * ms, E=E * mV
    )
    circuit = b2r.Circuit(
        populations={"E": b2r.Population("lif", 100), "I": b2r.Population("lif", 100)},
        projections=[project("E", "E", 0.3, 0), project("I", "E", 2.0, -80), project("E", "I", 0.6, 0)],
        drives=[
            b2r.Drive(
                name=f"ext{name}", target=name, inputs=250, rate=rate * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV
            )
            for name, rate in (("E", 14), ("I", 5))
        ],
    )
    reduced = b2r.reduce(
        circuit, gains={"E": cases.gain(), "I": cases.gain()}, tau={"E": 5 * ms, "I": 20 * ms}
    )
    found = b2r.continue_fixed_points(reduced, "projection.E->E.G", [0.1, 0.8] * nS)
    [hopf] = found.special[found.special["what"] == "hopf"].to_dict("records")
    # (beta W_EE - 1)/tau_E - 1/tau_I = 0, and W_EE is proportional to G.
    beta, W = cases.BETA, reduced.W_["E", "E"] / 0.3e-9
    assert close(hopf["projection.E->E.G [S]"], (1 + 5 / 20) / (beta * W), rtol=1e-6)
    determinant = (-1 * (1 + 5 / 20 - 1) - beta**2 * reduced.W_["E", "I"] * reduced.W_["I", "E"]) / (
        0.005 * 0.02
    )
    assert close(hopf["frequency [Hz]"], np.sqrt(determinant) / (2 * np.pi), rtol=1e-5)
    kinds = found.points.sort_values("projection.E->E.G [S]")["kind"]
    assert kinds.iloc[0].startswith("stable") and "unstable focus" in set(kinds)


def test_the_fold_at_a_threshold_is_where_theta_vanishes():
    reduced = excitatory(0.4, cases.gain())
    found = b2r.continue_fixed_points(reduced, "drive.ext.rate", [0, 25] * Hz)
    [fold] = found.special.to_dict("records")
    assert fold["what"] == "fold" and close(
        fold["drive.ext.rate [Hz]"], reduced.theta_["E"] / reduced.W_ext_["E", "ext"], rtol=1e-8
    )


def test_a_separatrix_divides_what_dies_from_what_runs_away():
    reduced = excitatory(0.4, cases.gain())
    [border] = b2r.separatrices(reduced)
    rate = border.saddle.rates_["E"]
    expected = b2r.UniformFeedback.from_parameters(
        beta=reduced.gains["E"].beta,
        W=reduced.W["E", "E"],
        theta=reduced.theta["E"] - reduced.W_ext["E", "ext"] * 2 * Hz,
        tau=reduced.tau["E"],
    )
    assert close(rate, float(expected.separatrix), rtol=1e-9) and border.high is None
    below = b2r.simulate_rates(reduced, duration=0.5 * second, initial={"E": 0.99 * rate * Hz})
    assert below.rate_[0, -1] == 0
    with pytest.raises(
        b2r.errors.DivergenceError,
        match=(
            r"E grew as exp\(t / [\d.]+ ms\), past 10 kHz, which no cell fires at, after [\d.]+ ms: .* runs"
            r" away"
        ),
    ) as error:
        b2r.simulate_rates(reduced, duration=20 * second, initial={"E": 1.01 * rate * Hz})
    growth = float(str(error.value).split("exp(t / ")[1].split(" ms")[0])
    # (beta W - 1)/tau; the rate network's own step of a tenth of the time constant with feedback changes it
    # by its first order, 1/20.
    assert close(growth, 1e3 / expected.growth_, rtol=0.1)
    # The distance from the saddle grows from a hundredth of its rate by that law; the end of the bin of 1 ms
    # is told, the growth to three digits.
    after = float(str(error.value).split("after ")[1].split(" ms")[0])
    assert close(after, growth * np.log((1e4 - rate) / (0.01 * rate)), rtol=5e-3, atol=1.5)


def test_symmetric_rivals_are_divided_by_the_diagonal():
    reduced = rivals()
    kinds = [point.kind for point in b2r.fixed_points(reduced)]
    assert sorted(kinds) == ["saddle", "stable node", "stable node"]
    [border] = b2r.separatrices(reduced)
    size = np.max(np.abs(border.curve_))
    assert np.max(np.abs(border.curve_[:, 0] - border.curve_[:, 1])) < 1e-3 * size
    assert {border.low.rates_["A"] > 1, border.high.rates_["A"] > 1} == {True, False}
    plane = b2r.phase_plane(reduced)
    for number, name in enumerate(plane.names):
        for line in plane.nullclines_[name]:
            from b2reduce.theory.flow import Flow

            # Contours are interpolated linearly between points of the grid, where the flow bends by its kink
            # only.
            speed = np.abs(Flow(reduced)(line)[:, number])
            assert np.max(speed) < 0.02 * np.max(np.abs(plane.flow_[number]))
    ax = b2r.plots.plot_phase_plane(plane, ax=Figure(layout="constrained").subplots())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "A nullcline",
        "B nullcline",
        "separatrix",
        "saddle",
        "stable fixed point",
    ]
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= ax.get_window_extent().x1 and box.x1 <= ax.figure.bbox.x1, (
        "off the arrows, and not cut off"
    )


def test_more_populations_have_a_crossing_and_no_curve():
    inhibit = [
        b2r.Projection(source=a, target=b, in_degree=50, G=1.2 * nS, tau=10 * ms, E=-80 * mV)
        for a in "ABC"
        for b in "ABC"
        if a != b
    ]
    drives = [
        b2r.Drive(name="ext", target=name, inputs=250, rate=14 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
        for name in "ABC"
    ]
    reduced = b2r.reduce(
        b2r.Circuit(
            populations={name: b2r.Population("lif", 100) for name in "ABC"},
            projections=inhibit,
            drives=drives,
        ),
        gains={name: cases.gain() for name in "ABC"},
    )
    assert sum(point.stable for point in b2r.fixed_points(reduced)) == 3
    borders = b2r.separatrices(reduced)
    assert len(borders) == 3 and all(
        border.curve_ is None and border.low and border.high for border in borders
    )
    with pytest.raises(b2r.errors.InputError, match="expected two"):
        b2r.phase_plane(reduced)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: b2r.fixed_points(cases.reduced(), drives={"exd": 1 * Hz}), "did you mean 'ext'"),
        (
            lambda: b2r.fixed_points(cases.reduced(), drives={"ext": ([0, 1] * second, [1, 2] * Hz)}),
            "table of rates",
        ),
        (
            lambda: b2r.continue_fixed_points(cases.reduced(), "drive.ext.rate", [1] * Hz),
            "at least the two ends",
        ),
        (
            lambda: b2r.continue_fixed_points(cases.reduced(), "drive.ext.rate", [1, 1] * Hz),
            "expected a range",
        ),
        (
            lambda: b2r.continue_fixed_points(cases.reduced(), "drive.ext.inputs", [10, 20]),
            "decides the gains themselves, or is no continuous value",
        ),
        (
            lambda: b2r.continue_fixed_points(cases.reduced(), "population.E.V_th", [-50, -49] * mV),
            "reduce anew",
        ),
        (
            lambda: b2r.continue_fixed_points(cases.reduced(), "projection.E->X.G", [1, 2] * nS),
            "unknown projection",
        ),
        (lambda: b2r.separatrices(cases.reduced(tau="synaptic")), "one current a population"),
        (
            lambda: b2r.ThresholdLinearNetwork.from_reduced(excitatory(0.1, logistic())),
            "expected a threshold-linear one",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        call()


@pytest.mark.slow
def test_the_command(tmp_path):
    done = b2reduce(
        "fixed-points", "ei_lif", "--along", "drive.ext.rate=8 Hz,20 Hz", "-o", "out", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    [point] = data["fixed_points"]
    assert point["stable"] and 14 < point["rates [Hz]"]["E"] < 19 and data["runaway"] == ""
    assert {path.name for path in (tmp_path / "out" / "figures").glob("*.png")} == {
        "phase_plane.png",
        "along_E.png",
        "along_I.png",
    }
    branches = pd.read_csv(tmp_path / "out" / "branches.csv")
    assert close(
        np.interp(14, branches["drive.ext.rate [Hz]"], branches["E [Hz]"]),
        point["rates [Hz]"]["E"],
        rtol=1e-3,
    )
    bad = b2reduce("fixed-points", "ei_lif", "--along", "drive.ext.rate", cwd=tmp_path)
    assert bad.returncode == 2 and "--along" in bad.stderr


# Of logistic gains of the cell lif: r = R_MAX/(1 + exp(-(I - I_theta - v_theta g)/X0))
X0, R_MAX, V_THETA_, I_THETA_ = 20e-12, 100.0, 10e-3, 50e-12


@pytest.fixture(scope="module")
def logistic_gain():
    I, g = np.meshgrid(
        np.linspace(-4, 4, 21) * X0 + I_THETA_ + V_THETA_ * 2e-8,
        np.linspace(1.4e-8, 2.4e-8, 4),
        indexing="ij",
    )
    frame = pd.DataFrame(
        {
            "I [A]": I.ravel(),
            "g [S]": g.ravel(),
            "rate [Hz]": (R_MAX / (1 + np.exp(-(I - I_THETA_ - V_THETA_ * g) / X0))).ravel(),
        }
    )
    return b2r.fit_gain(b2r.FISurface.from_frame(frame), form="logistic")


class Pair:
    """E and I with logistic gains in units of R_MAX and X0, the drive p on E alone.

    P is an explicit function of r_E.
    """

    def __init__(self, rng):
        self.EE, self.EI, self.IE, self.II = (
            rng.uniform(5, 25),
            rng.uniform(-20, -5),
            rng.uniform(5, 15),
            rng.uniform(-8, 0),
        )
        self.theta, self.q = dict(zip("EI", rng.uniform(0, 8, 2))), rng.uniform(0.5, 4)

    def r_I(self, r):
        return brentq(
            lambda s: np.log(s / (1 - s)) - (self.IE * r + self.II * s - self.theta["I"]),
            1e-14,
            1 - 1e-14,
            xtol=1e-15,
        )

    def p(self, r):
        return np.log(r / (1 - r)) - (self.EE * r + self.EI * self.r_I(r) - self.theta["E"])

    def jacobian(self, r):
        """Of the rate equations, in 1/tau_E."""
        s = self.r_I(r)
        a, b = r * (1 - r), s * (1 - s)
        return np.array([[self.EE * a - 1, self.EI * a], [self.IE * b / self.q, (self.II * b - 1) / self.q]])

    def model(self, gain, p):
        weight = lambda w, E, K: (
            float(abs(w * X0 / R_MAX / (K * 5e-3 * (E - cases.E_L - V_THETA_)))) * 1e9 * nS
        )
        own = lambda source, target, w: b2r.Projection(
            source=source,
            target=target,
            in_degree=10,
            G=weight(w, 0 if source == "E" else -0.08, 10),
            tau=5 * ms,
            E=(0 if source == "E" else -80) * mV,
        )
        current = {name: I_THETA_ + cases.G_L * V_THETA_ - self.theta[name] * X0 for name in "EI"}
        circuit = b2r.Circuit(
            populations={
                name: b2r.Population("lif", 100, parameters={"I_app": f"{float(current[name])!r} A"})
                for name in "EI"
            },
            projections=[
                own("E", "E", self.EE),
                own("E", "I", self.IE),
                own("I", "E", self.EI),
                own("I", "I", self.II),
            ],
            drives=[
                b2r.Drive(
                    name="x",
                    target="E",
                    inputs=1,
                    rate=p * R_MAX * Hz,
                    G=weight(1.0, 0, 1),
                    tau=5 * ms,
                    E=0 * mV,
                )
            ],
        )
        return b2r.reduce(
            circuit,
            level="gain",
            gains={"E": gain, "I": gain},
            noise="none",
            tau={"E": 10 * ms, "I": 10 * self.q * ms},
        )


# Of r_E
PLACES = np.concatenate(
    [np.geomspace(1e-9, 0.02, 200), np.linspace(0.02, 0.98, 1500), 1 - np.geomspace(0.02, 1e-9, 200)]
)


def zeros(function):
    values = np.array([function(r) for r in PLACES])
    return [
        brentq(function, PLACES[k], PLACES[k + 1], xtol=1e-15)
        for k in np.flatnonzero(values[:-1] * values[1:] < 0)
    ]


@pytest.mark.slow
@pytest.mark.long
def test_all_roots_of_logistic_pairs_are_found(logistic_gain):
    rng, numbers = np.random.default_rng(5), []
    for _ in range(40):
        pair = Pair(rng)
        span = np.array([pair.p(r) for r in PLACES[200:-200]])
        # Where several states are likely, and not exactly at a place of the scan
        p = float(np.clip(rng.choice(span), 0, 8)) + 1.2e-4
        exact = [R_MAX * r for r in zeros(lambda r: pair.p(r) - p)]
        found = b2r.fixed_points(pair.model(logistic_gain, p))
        numbers.append(len(exact))
        # The fit of an exact logistic is exact to 1e-6; near a fold roots move by the square root of that.
        np.testing.assert_allclose([float(point.rates["E"]) for point in found], exact, rtol=2e-3, atol=1e-4)
        assert found.complete
    assert np.count_nonzero(np.array(numbers) == 3) > 5, "pairs with several states are what this is about"


@pytest.mark.slow
def test_folds_and_hopf_points_of_logistic_pairs_are_all_found(logistic_gain):
    rng, hopf = np.random.default_rng(11), 0
    for _ in range(8):
        pair = Pair(rng)
        inside = lambda r: 0 < pair.p(r) < 8
        expected = [
            ("fold", R_MAX * pair.p(r), R_MAX * r)
            for r in zeros(lambda r: np.linalg.det(pair.jacobian(r)))
            if inside(r)
        ]
        expected += [
            ("hopf", R_MAX * pair.p(r), R_MAX * r)
            for r in zeros(lambda r: np.trace(pair.jacobian(r)))
            if inside(r) and np.linalg.det(pair.jacobian(r)) > 0
        ]
        special = b2r.continue_fixed_points(
            pair.model(logistic_gain, 0.2), "drive.x.rate", [0, 800] * Hz
        ).special
        special = special[special["what"].isin(["fold", "hopf"])]
        found = sorted(zip(special["what"], special.iloc[:, 1], special["E [Hz]"]))
        assert [what for what, *_ in found] == [what for what, *_ in sorted(expected)]
        # Folds are found to 1e-9 of a step, rates there to its square root.
        np.testing.assert_allclose(
            [row[1:] for row in found], [row[1:] for row in sorted(expected)], rtol=1e-3, atol=0.05
        )
        hopf += sum(what == "hopf" for what, *_ in expected)
    assert hopf >= 1


def test_points_beyond_what_was_measured_are_marked(ei_reduced):
    # E and I reach their thresholds one after the other, each where W_ext r_ext + W r = theta.
    silent = b2r.continue_fixed_points(cases.reduced(), "drive.ext.rate", [2, 20] * Hz).special
    assert silent["what"].tolist() == ["silent", "silent"] and (silent[["E [Hz]"]] < 1e-3).all().all()
    found = b2r.continue_fixed_points(ei_reduced, "projection.I->E.G", [0.2, 4] * nS)
    outside = found.points["outside"]
    assert (outside != "").any() and (outside == "").any()
    measured = found.points[outside == ""]
    lo, hi = (float(rate) for rate in ei_reduced.gains["E"].rates)
    assert measured["E [Hz]"].between(lo, hi).all()
    legend = b2r.plots.plot_continuation(found).get_legend()
    assert "extrapolated" in [text.get_text() for text in legend.get_texts()]


@pytest.mark.slow
def test_models_are_reduced_anew_along_a_parameter(ei_reduced):
    found = b2r.continue_fixed_points(ei_reduced, "drive.ext.rate", [11, 14] * Hz, anew=True).points
    here = b2r.fixed_points(b2r.reduce(ei_reduced.circuit.replace({"drive.ext.rate": 11 * Hz}), seed=1))
    assert found["E [Hz]"].iloc[0] == pytest.approx(float(here[0].rates["E"]), rel=1e-9)
    # The straight gain of 14 Hz errs by a tenth at 11 Hz: one reduced there does not.
    frozen = b2r.fixed_points(ei_reduced, drives={"ext": 11 * Hz})[0]
    assert abs(float(frozen.rates["E"]) / found["E [Hz]"].iloc[0] - 1) > 0.05
