"""The native engine against Brian2 itself.

The same spikes where there is no noise, the same statistics where there is.
"""

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import ms, mV, nA, nS

import b2reduce as b2r
from b2reduce.basics import compiler as build
from b2reduce.cells.engine import Cells, Source, native, resting_state, simulate_cells
from b2reduce.cells.engine.codegen import LANES, MOST_ENTRIES
from b2reduce.circuit.cell_equations import ADDED_LEAK
from b2reduce.circuit.library import data_names
from b2reduce.circuit.synapses.exponential import ExponentialConductance

from ..spike_trains import EXACT, SCALES, SOURCES, assert_same_spikes, noisy

SMOKE = ("lif", "adex_brette2005", "hodgkin_huxley1952")  # one variable, two, gates


def grid(name, currents=7):
    """Cells over currents and leaks, a number that does not fill the last block of lanes."""
    model = b2r.load_model(name)
    I, g = (
        np.tile(np.linspace(0.05, 1, currents), 3) * SCALES[name],
        model.leak_ * np.repeat([0.8, 1.0, 1.3], currents),
    )
    assert I.size % LANES
    return Cells(model, I.size, {model.input: I, ADDED_LEAK: g - model.leak_})


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.smoke if name in SMOKE else pytest.mark.long)
        for name in data_names("neurons")
    ],
)
def test_every_model_fires_step_for_step_as_in_brian2(name, request):
    cells = grid(name)
    # Equations that numpy steps through sooner than they are compiled
    if len(cells.model.state_variables) <= 2:
        request.getfixturevalue("numpy_code")
    duration = 12000 * float(cells.model.dt)  # beyond ten thousand steps, where differences would have grown
    (a, used), (b, other) = (
        simulate_cells(cells, duration, 0.2 * duration, engine=engine) for engine in ("native", "brian2")
    )
    assert used.startswith("native") and other.startswith("brian2") and a.total.max() > 5
    assert_same_spikes(a, b)


def test_the_comparison_would_see_a_thousandth_of_the_current(numpy_code):
    cells = grid("lif")
    other = Cells(cells.model, cells.count, {**cells.parameters, "I_app": 1.001 * cells.parameters["I_app"]})
    with pytest.raises(AssertionError):
        assert_same_spikes(
            simulate_cells(cells, 1.0, 0.2, engine="native")[0],
            simulate_cells(other, 1.0, 0.2, engine="brian2")[0],
        )


@pytest.mark.parametrize(
    "changes",
    [
        dict(method="rk2"),
        dict(method="euler"),
        dict(method="exponential_euler"),
        dict(method="rk4"),
        dict(method="exact"),
        dict(refractory=None),
        dict(refractory="v > V_r + 3*mV"),
        dict(refractory="t_ref*(1 + int(I_app > 0.5*nA))"),
        dict(threshold="v > V_th and v > V_r or v > 0*mV"),
        dict(reset="v = V_r + 0.1*(v - V_th)"),
        dict(threshold="v > V_th*(1 - 0.01*sin(2*pi*20*Hz*t))"),
    ],
)
def test_ways_of_writing_a_cell(changes, numpy_code):
    lif = b2r.load_model("lif")
    extra = (
        {}
        if "t_ref" in str(changes.get("refractory", "t_ref"))
        else {"parameters": {k: v for k, v in lif.parameters.items() if k != "t_ref"}}
    )
    model = lif.replace(**changes, **extra)
    cells = Cells(model, 11, {"I_app": np.linspace(0.1, 1, 11) * 1e-9, "g_L": np.full(11, 16.7e-9)})
    (a, used), (b, _) = (simulate_cells(cells, 0.5, 0.1, engine=engine) for engine in ("native", "brian2"))
    assert used.startswith("native") and a.total.max() > 10
    assert_same_spikes(a, b)


def test_any_parameter_and_starting_value_may_vary_over_cells(numpy_code):
    model = b2r.load_model("adex_brette2005")
    n = 9
    cells = Cells(
        model,
        n,
        {
            "I_app": np.full(n, 1e-9),
            "g_L": np.full(n, 30e-9),
            "a": np.linspace(0, 8e-9, n),
            "tau_w": np.linspace(0.05, 0.2, n),
        },
        state={"v": np.linspace(-70e-3, -55e-3, n), "w": np.linspace(0, 1e-10, n)},
    )
    a, b = (simulate_cells(cells, 0.5, 0.1, engine=engine)[0] for engine in ("native", "brian2"))
    assert_same_spikes(a, b)
    assert len(set(a.total.tolist())) > 3


def test_rest_is_the_same_rest():
    for name in ("shriki2003", "adex_brette2005"):
        cells = grid(name)
        a, b = (resting_state(cells, float(cells.model.dt), engine) for engine in ("native", "brian2"))
        for variable in a:
            # Both stop once nothing moves by more than 1e-6 of its size; what is left of the way is of that
            # order.
            np.testing.assert_allclose(a[variable], b[variable], rtol=1e-5, atol=1e-12)


def test_noisy_cells_have_the_same_statistics():
    n, T = 3000, 2.0
    a, b = (
        simulate_cells(noisy(n), T + 0.25, 0.25, 1e-4, seed=5, engine=engine)[0]
        for engine in ("native", "brian2")
    )
    rates = [x.count / T for x in (a, b)]
    error = np.hypot(*(rate.std() / np.sqrt(n) for rate in rates))
    assert abs(rates[0].mean() - rates[1].mean()) < 4 * error < 0.02 * rates[0].mean()
    cvs = [
        np.sqrt(x.interval_square_sum.sum() * x.intervals.sum() / x.interval_sum.sum() ** 2 - 1)
        for x in (a, b)
    ]
    # 3000 x 30 intervals: the CV is known to about CV/sqrt(2 x 90000) = 0.25 %, twice that for skewed
    # intervals; four of the difference.
    assert cvs[0] == pytest.approx(cvs[1], rel=4 * 0.005 * np.sqrt(2))
    weaker = (Source("a", ExponentialConductance(0.4e-9, 5e-3, 0.0), 3450.0), *SOURCES[1:])
    other = (
        simulate_cells(noisy(n, weaker), T + 0.25, 0.25, 1e-4, seed=5, engine="native")[0].count.mean() / T
    )
    assert abs(other - rates[1].mean()) > 4 * error, "1.4 % fewer events of one source must be seen"


@pytest.mark.parametrize("rate", [50.0, 3500.0, 40e3, 4e5])
def test_events_are_poisson_at_any_rate(rate):
    # 4e5 Hz are 40 events a step: more than the table of probabilities holds, counted exactly from its end.
    n, T, dt = 4000, 0.2, 1e-4
    a = simulate_cells(
        noisy(n, (Source("a", ExponentialConductance(1e-15, 5e-3, 0.0), rate),)),
        T,
        0.0,
        dt,
        seed=2,
        engine="native",
    )[0]
    events, mean = a.events["a"], rate * T
    assert rate * dt < MOST_ENTRIES or rate == 4e5
    assert abs(events.mean() - mean) < 4 * np.sqrt(mean / n)
    # A variance of n values is known to sqrt(2/n + 1/(n mean)).
    assert abs(events.var() / mean - 1) < 4 * np.sqrt(2 / n + 1 / (n * mean))
    g = a.final_state["g_syn_a"]
    # At the end of a step (rk2 decays by 1 - x + x^2/2): mean G R dt/(1 - q), variance G^2 R dt/(1 - q^2).
    x = dt / 5e-3
    q = 1 - x + x**2 / 2
    start = 1e-15 * rate * 5e-3 * q ** (T / dt)
    stationary = 1 - q ** (T / dt)
    assert abs(g.mean() - start - 1e-15 * rate * dt / (1 - q) * stationary) < 4 * 1e-15 * np.sqrt(
        rate * dt / (1 - q**2) / n
    )


def test_cells_and_seeds_have_streams_of_their_own():
    a, b = (simulate_cells(noisy(2000), 0.5, 0.0, 1e-4, seed=seed, engine="native")[0] for seed in (1, 2))
    events = np.array([x.events[label] for x in (a, b) for label in "abc"])
    correlations = np.corrcoef(events)[np.triu_indices(6, 1)]
    # Between 2000 independent pairs a correlation scatters by 1/sqrt(2000) = 0.022; four of these, for 15 of
    # them.
    assert np.abs(correlations).max() < 0.09
    neighbours = np.corrcoef(a.events["a"][:-1], a.events["a"][1:])[0, 1]
    assert abs(neighbours) < 0.09


def test_results_do_not_depend_on_threads_or_on_the_cells_beside():
    runs = [
        simulate_cells(noisy(101), 0.5, 0.1, 1e-4, seed=9, engine="native", threads=threads)[0]
        for threads in (1, 2, 3)
    ]
    for other in runs[1:]:
        for name in EXACT:
            np.testing.assert_array_equal(getattr(runs[0], name), getattr(other, name))
    fewer = simulate_cells(noisy(50), 0.5, 0.1, 1e-4, seed=9, engine="native")[0]
    np.testing.assert_array_equal(fewer.total, runs[0].total[:50])
    for variable, values in fewer.final_state.items():
        np.testing.assert_array_equal(values, runs[0].final_state[variable][:50])


def test_a_diverging_lane_leaves_its_neighbours_alone():
    unstable = b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + k*(v - E_L)**2*int(v > -40*mV) + I_app)/C_m : volt",
        threshold="v > V_th",
        reset="",
        parameters=dict(C_m="250 pF", g_L="10 nS", E_L="-65 mV", V_th="10 mV", k="10 nS/mV"),
        method="rk4",
    )
    I = np.array([0.1, 1.0, 0.1, 0.1]) * 1e-9
    cells = Cells(unstable, 4, {"I_app": I, "g_L": np.full(4, 1e-8)})
    with pytest.raises(b2r.errors.DivergenceError, match="1 of 4 cells, first at I_app = 1e-09"):
        simulate_cells(cells, 0.2, engine="native")
    result, _ = simulate_cells(cells, 0.2, engine="native", diverging="silent")
    assert result.final_state["v"][[0, 2, 3]] == pytest.approx(
        -65e-3 + 0.1e-9 / 1e-8 * (1 - np.exp(-0.2 * 1e-8 / 250e-12)), rel=1e-6
    )


@pytest.mark.slow
def test_what_cannot_be_expressed_runs_in_brian2_and_says_why(numpy_code):
    lif = b2r.load_model("lif")
    odd = {
        "poisson": dict(reset="v = V_r + 0.1*mV*poisson(2)"),
        "constant over dt": dict(
            equations=(
                "dv/dt = (g_L*(E_L - v) + drive)/C_m : volt (unless refractory)\ndrive = I_app +"
                " 0.1*I_x*rand() : amp (constant over dt)"
            ),
            method="rk2",
            parameters={**lif.parameters, "I_x": 0.4 * nA},
        ),
    }
    for reason, changes in odd.items():
        model = lif.replace(**changes)
        surface = b2r.measure_fi(model, [0.4] * nA, [16.7] * nS, duration=200 * ms, replicates=2)
        assert surface.provenance["engine"].startswith("brian2") and reason in surface.provenance["engine"]
        assert surface.rate_[0, 0] > 30
        with pytest.raises(b2r.errors.InputError, match=f"{reason}.*'auto' or 'brian2'"):
            b2r.measure_fi(model, [0.4] * nA, [16.7] * nS, duration=200 * ms, engine="native")
    assert (
        b2r.measure_fi("lif", [0.4] * nA, [16.7] * nS, duration=200 * ms).provenance["engine"]
        == "native (exact)"
    )
    assert (
        b2r.measure_fi("lif", [0.4] * nA, [16.7] * nS, duration=200 * ms, engine="brian2")
        .provenance["engine"]
        .startswith("brian2")
    )


SCRIPT = """
import sys, warnings, b2reduce as b2r
from brian2 import nA, nS, ms
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    for _ in range(2):
        surface = b2r.measure_fi("lif", [0.4]*nA, [16.7]*nS, duration=200*ms)
print(surface.provenance["engine"]); print(float(surface.rate[0, 0])); print(sum("slower" in str(item.message) for item in heard))
"""


def fresh(cache, **environment):
    """A process of its own: engine, rate and number of notices."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env={**os.environ, "B2REDUCE_CACHE": str(cache), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:3]


@pytest.mark.slow
def test_the_cache_is_filled_used_and_repaired(tmp_path):
    expected = fresh(tmp_path / "cache")
    assert expected[0] == "native (exact)" and expected[2] == "0"
    kept = sorted((tmp_path / "cache").iterdir(), key=lambda path: path.suffix)
    assert [path.suffix for path in kept] == [".json", ".json", ".so", ".so"], (
        "the kernels of the run and of its check, their texts, and nothing else"
    )
    written = [path.stat().st_ino for path in kept]
    assert fresh(tmp_path / "cache") == expected and [path.stat().st_ino for path in kept] == written, (
        "used, not built again"
    )
    for path in kept:
        path.write_bytes(path.read_bytes()[:1000])
    assert fresh(tmp_path / "cache") == expected, "a file cut short is made again, never loaded"
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_without_a_compiler_brian2_serves_after_one_notice(tmp_path):
    (tmp_path / "bin").mkdir()
    engine, rate, notices = fresh(tmp_path / "cache", CXX="", PATH=str(tmp_path / "bin"))
    assert engine.startswith("brian2") and "no C++ compiler" in engine and notices == "1"
    assert float(rate) == pytest.approx(
        float(b2r.measure_fi("lif", [0.4] * nA, [16.7] * nS, duration=200 * ms).rate[0, 0])
    )


def test_a_compiler_that_fails_is_reported(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho 'out of order' >&2\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    engine, _, notices = fresh(tmp_path / "cache", CXX=str(broken))
    assert "broken failed: out of order" in engine and notices == "1"


def test_a_cache_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    engine, _, notices = fresh(tmp_path / "file" / "cache")
    assert "cannot be written" in engine and notices == "1"


def _build(source, folder):
    os.environ["B2REDUCE_CACHE"] = folder
    return build.load_library(source) is not None


def test_many_processes_may_build_at_once(tmp_path):
    source = 'extern "C" int run_block() { return 7; }\n'
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert all(pool.starmap(_build, [(source, str(tmp_path))] * 6))
    assert len(list(tmp_path.glob("kernel_*.so"))) == 1


def test_the_cache_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("B2REDUCE_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "MOST_FILES", 2)
    for number in range(3):
        build.load_library(f'extern "C" int run_block() {{ return {number}; }}\n')
    assert len(list(tmp_path.glob("kernel_*.so"))) == 2
    assert build.clean_cache() == 2 and not list(tmp_path.glob("*"))


def test_interruption_stops_the_kernels():
    """A progress callback that raises stands in for Ctrl-C.

    It comes once a block of ten million steps has begun: the kernel must leave it, and begin no other.
    """
    cells = noisy(8 * LANES)
    kernel = native.kernel_of(cells, 1e-4)
    asked, begun, ended = [], threading.Event(), []

    def run_block(run, block):
        asked.append(block)
        if len(asked) == 1:
            return 0  # a task that is done, on which progress is reported
        begun.set()
        ended.append(kernel.library.run_block(run, block))
        return ended[-1]

    def interrupt(fraction):
        assert begun.wait(120)
        raise KeyboardInterrupt

    watched = SimpleNamespace(source=kernel.source, library=SimpleNamespace(run_block=run_block))
    with pytest.raises(KeyboardInterrupt):
        native.run_cells(watched, cells, 1000.0, 0.0, 1e-4, 1, progress=interrupt, threads=2)
    assert len(asked) <= 3 and set(ended) == {1}, "every block that was begun was left"


def test_a_numpy_warning_about_subnormals_never_comes(tmp_path):
    """A kernel linked with fast maths would set flush-to-zero for the whole process."""
    code = (
        "import b2reduce as b2r, numpy as np, warnings; from brian2 import nA, nS, ms; b2r.measure_fi('lif',"
        " [0.4]*nA, [16.7]*nS, duration=50*ms);warnings.simplefilter('error');"
        " np.finfo(np.float64).smallest_subnormal; assert np.float64(5e-324) > 0 and np.float64(1e-310)/2 > 0"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "method, noise",
    [
        pytest.param("euler", "sigma*xi*sqrt(2*g_L/C_m)", marks=pytest.mark.long),
        pytest.param("heun", "sigma*xi*sqrt(2*g_L/C_m)", marks=pytest.mark.long),
        ("milstein", "sigma*(1 + (v - E_L)/(20*mV))*xi*sqrt(2*g_L/C_m)"),
        pytest.param("euler", "sigma*xi_1*sqrt(g_L/C_m) + sigma*xi_2*sqrt(g_L/C_m)", marks=pytest.mark.long),
    ],
)
def test_white_noise_has_the_same_statistics(method, noise):
    lif = b2r.load_model("lif")
    model = lif.replace(
        equations=f"dv/dt = (g_L*(E_L - v) + I_app)/C_m + {noise} : volt (unless refractory)",
        method=method,
        parameters={**lif.parameters, "sigma": 3 * mV},
    )
    n, T = 3000, 1.0
    cells = lambda current: Cells(model, n, {"I_app": np.full(n, current), "g_L": np.full(n, 16.7e-9)})
    (a, used), (b, _) = (
        simulate_cells(cells(0.24e-9), T + 0.25, 0.25, seed=2, engine=engine)
        for engine in ("native", "brian2")
    )
    assert used == f"native ({method})" and model.noisy
    error = np.hypot(*((x.count / T).std() / np.sqrt(n) for x in (a, b)))
    difference = lambda x: abs(x.count.mean() - b.count.mean()) / T
    assert difference(a) < 4 * error < 0.02 * b.count.mean() / T
    # Of v in 3000 cells, whose distribution is cut at the threshold: below four of normal scatter
    for moment in (np.mean, np.std):
        assert abs(moment(a.final_state["v"]) - moment(b.final_state["v"])) < 4 * b.final_state[
            "v"
        ].std() * np.sqrt(2 / n)
    assert difference(simulate_cells(cells(0.245e-9), T + 0.25, 0.25, seed=2)[0]) > 4 * error, (
        "2 % more current must be seen"
    )


def test_white_noise_gives_the_variance_of_its_equation():
    """Below threshold dv = -v/tau dt + sigma sqrt(2/tau) dW has variance sigma^2, and the noise of cells and
    steps is independent.
    """
    lif = b2r.load_model("lif")
    model = lif.replace(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m + sigma*xi*sqrt(2*g_L/C_m) : volt (unless refractory)",
        method="euler",
        threshold="v > 1*volt",
        parameters={
            key: value for key, value in {**lif.parameters, "sigma": 2 * mV}.items() if key != "V_th"
        },
    )
    n = 20000
    cells = Cells(model, n, {"I_app": np.zeros(n), "g_L": np.full(n, 16.7e-9)})
    v, later = (
        simulate_cells(cells, T, 0.0, seed=1, engine="native")[0].final_state["v"] + 65e-3 for T in (0.2, 0.3)
    )
    # Euler's steps give sigma^2 / (1 - dt/(2 tau)); a variance of n values is known to sqrt(2/n).
    assert v.var() / (4e-6 / (1 - 1e-4 / 2 / 15e-3)) == pytest.approx(1, abs=4 * np.sqrt(2 / n))
    assert abs(v.mean()) < 4 * 2e-3 / np.sqrt(n)
    assert abs(np.corrcoef(v[:-1], v[1:])[0, 1]) < 4 / np.sqrt(n)
    # After 0.1 s what is left of it is exp(-0.1 s/15 ms) = 0.0013.
    assert abs(np.corrcoef(v, later)[0, 1]) < 0.0013 + 4 / np.sqrt(n)


def test_a_random_reset_and_an_escape_rate(numpy_code):
    lif = b2r.load_model("lif")
    model = lif.replace(
        threshold="rand() < escape*dt",
        reset="v = V_r + width*randn()",
        refractory=None,
        parameters={
            **{k: v for k, v in lif.parameters.items() if k not in ("V_th", "t_ref")},
            "escape": "40 Hz",
            "width": "1 mV",
        },
    )
    n = 4000
    cells = Cells(model, n, {"I_app": np.zeros(n), "g_L": np.full(n, 16.7e-9)})
    a = simulate_cells(cells, 1.0, 0.0, seed=3, engine="native")[0]
    assert abs(a.total.mean() - 40) < 4 * np.sqrt(40 / n)
    variance = 40 * (1 - 40e-4)  # binomial, not Poisson: at most one spike a step
    assert a.total.var() / variance == pytest.approx(1, abs=4 * np.sqrt(2 / n + 1 / (n * 40)))
    b = simulate_cells(cells, 1.0, 0.0, seed=3, engine="brian2")[0]
    assert a.final_state["v"].std() == pytest.approx(b.final_state["v"].std(), rel=0.1)


def test_more_events_than_can_be_counted_are_an_error():
    for rate, fits in ((4.9e6, True), (5.1e6, False)):
        source = (Source("a", ExponentialConductance(1e-15, 5e-3, 0.0), rate),)
        if fits:  # 490 a step, far beyond the table, and still Poisson
            events = simulate_cells(noisy(2000, source), 0.02, 0.0, 1e-4, seed=2, engine="native")[0].events[
                "a"
            ]
            mean = rate * 0.02
            assert abs(events.mean() - mean) < 4 * np.sqrt(mean / 2000)
            assert events.var() / mean == pytest.approx(1, abs=4 * np.sqrt(2 / 2000))
        else:
            with pytest.raises(b2r.errors.InputError, match="510 events a time step.*smaller dt"):
                simulate_cells(noisy(8, source), 0.02, 0.0, 1e-4, engine="native")
