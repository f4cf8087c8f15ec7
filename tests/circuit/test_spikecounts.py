"""One spike is one count.

Cells that make their own spikes and whose refractory period does not outlast them are refused.
"""

import numpy as np
import pytest
from brian2 import Hz, cm, ms, msiemens, mV, nA, nS, pA, pF, second, uA

import b2reduce as b2r
from b2reduce.cells.engine import Cells, simulate_cells
from b2reduce.circuit.spike_counts import fewest_steps, is_watched

from ..cases import some

LEAK = [0.1] * msiemens / cm**2
POINT = dict(I=[1.75] * uA / cm**2, g=LEAK)
SPIKING = dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, V_th=-50 * mV, V_r=-60 * mV)
DRIVE = b2r.Drive(name="x", inputs=100, rate=20 * Hz, G="0.005 mS/cm^2", tau=5 * ms, E=0 * mV)


def cell(**changes):
    """The Wang-Buzsaki cell with another refractory period."""
    return b2r.load_model("wang_buzsaki1996").replace(**changes)


def lif(**changes):
    return b2r.NeuronModel(
        **{
            **dict(
                equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
                threshold="v > V_th",
                reset="v = V_r",
                refractory=2 * ms,
                parameters=SPIKING,
            ),
            **changes,
        }
    )


def circuit(model):
    return b2r.Circuit(
        name="few",
        populations={"E": b2r.Population(model, 20)},
        projections=[
            b2r.Projection(
                source="E", target="E", in_degree=5, G="0.001 mS/cm^2", tau=5 * ms, E=-65 * mV, delay=1 * ms
            )
        ],
        drives=[
            b2r.Drive(name="x", target="E", inputs=100, rate=20 * Hz, G="0.005 mS/cm^2", tau=5 * ms, E=0 * mV)
        ],
        dt=0.02 * ms,
    )


@pytest.mark.parametrize("engine", ["native", "brian2"])
@pytest.mark.parametrize("refractory", some([None, "0.4 ms", "v > 0*mV", "v > V_spike + 10*mV"], "0.4 ms"))
def test_a_spike_that_counts_twice_is_an_error(refractory, engine):
    with pytest.raises(
        b2r.errors.InputError,
        match=r"a spike is counted [\d.]+ times at I = .*g = .*refractory = 'v > V_spike'",
    ):
        b2r.measure_fi(cell(refractory=refractory), **POINT, engine=engine)


@pytest.mark.parametrize("engine", ["native", "brian2"])
@pytest.mark.parametrize(
    "refractory", some(["v > V_spike", "1 ms", "5 ms", "v > -40*mV"], "v > V_spike", "1 ms")
)
def test_a_spike_that_counts_once_has_the_same_rate_whatever_keeps_it_to_one(refractory, engine):
    surface = b2r.measure_fi(cell(refractory=refractory), **POINT, engine=engine)
    # 92.28 Hz at a step of 0.02 ms, from an integration of its own; one step of an interval of 10.8 ms is 0.2
    # %.
    assert surface.rate_[0, 0] == pytest.approx(92.28, rel=2e-3) and surface.cv_[0, 0] < 2e-3


def test_the_two_engines_find_the_same_counts():
    model = cell(refractory="0.4 ms")
    cells = Cells(model, 3, {"I_app": np.array([0.005, 0.0175, 0.04]), "g_L": np.full(3, 1.0)})
    native, brian = (simulate_cells(cells, 0.3, engine=engine)[0] for engine in ("native", "brian2"))
    np.testing.assert_array_equal(native.held, brian.held)
    np.testing.assert_array_equal(native.total, brian.total)
    # Its spikes last 0.5 ms: every one counts twice.
    assert (native.held == native.total // 2).all() and native.total.min() > 10


@pytest.mark.parametrize(
    "call",
    [
        lambda model: b2r.rheobase(model, LEAK),
        lambda model: b2r.measure_adaptation(model, g=LEAK),
        lambda model: b2r.measure_transfer(model, [DRIVE], {"x": [20, 30] * Hz}, dt=0.02 * ms),
        lambda model: b2r.simulate_spikes(circuit(model), duration=0.2 * second),
        lambda model: b2r.reduce(circuit(model)),
        lambda model: b2r.measure_fi(model, [1, 2] * uA / cm**2, [0.15] * msiemens / cm**2, noise=[DRIVE]),
    ],
    ids=["rheobase", "adaptation", "transfer", "network", "reduce", "noise"],
)
def test_it_is_seen_wherever_spikes_are_counted(call):
    with pytest.raises(b2r.errors.InputError, match="a spike is counted"):
        call(cell(refractory=None))


def test_a_network_of_cells_that_count_once_runs(numpy_code):
    assert b2r.simulate_spikes(circuit(cell()), duration=0.06 * second).rate_.mean() > 1


@pytest.mark.parametrize(
    "change",
    [
        dict(refractory=None),
        dict(equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt"),
        dict(
            threshold="v > th",
            equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt\ndth/dt = (V_th - th)/tau : volt",
            reset="th += jump",
            refractory=None,
            parameters={
                **{name: value for name, value in SPIKING.items() if name != "V_r"},
                "tau": 50 * ms,
                "jump": 30 * mV,
            },
        ),
        dict(
            reset="v -= 10*mV", parameters={name: value for name, value in SPIKING.items() if name != "V_r"}
        ),
        dict(threshold="v > V_th and not_refractory"),
    ],
)
def test_a_reset_is_the_end_of_a_spike(change):
    assert (b2r.measure_fi(lif(**change), [0.3, 1] * nA, [10] * nS, duration=1 * second).rate_ > 10).all()


def test_a_cell_that_fires_at_every_step_has_a_reset_between_them():
    assert b2r.measure_fi(lif(refractory=None), [100] * nA, [10] * nS, duration=200 * ms).rate_[
        0, 0
    ] == pytest.approx(1e4, rel=1e-3)
    # 50 mV a step against a reset of 10 mV: it never comes down again
    with pytest.raises(b2r.errors.InputError, match="a spike is counted"):
        b2r.measure_fi(
            lif(
                reset="v -= 10*mV",
                parameters={name: value for name, value in SPIKING.items() if name != "V_r"},
            ),
            [100] * nA,
            [10] * nS,
            duration=200 * ms,
        )


def test_bursts_and_doublets_are_spikes():
    # Izhikevich's chattering cell in its dimensionless form, per membrane of 1 pF: intervals of a few ms
    # within a burst.
    model = b2r.NeuronModel(
        equations=(
            "dv/dt = (0.04*pF/ms/mV*v**2 + 5*pF/ms*v + 140*pF*mV/ms - u + I_app + g_L*(E_L - v))/C_m :"
            " volt\ndu/dt = a*(b*v - u) : amp"
        ),
        threshold="v > 30*mV",
        reset="v = -50*mV\nu += 2*pA",
        method="rk4",
        dt=0.05 * ms,
        initial={"u": -14 * pA},
        parameters=dict(C_m=1 * pF, g_L=1e-6 * nS, E_L=-70 * mV, a=0.02 / ms, b=0.2 * nS),
    )
    surface = b2r.measure_fi(model, [10] * pA, [1e-6] * nS)
    assert surface.rate_[0, 0] > 20 and surface.cv_[0, 0] > 0.5


def test_spikes_by_chance_may_follow_one_another():
    model = lif(
        threshold="rand() < 0.05 and v > -80*mV",
        reset="",
        refractory=None,
        parameters={k: v for k, v in SPIKING.items() if k not in ("V_th", "V_r")},
    )
    assert not is_watched(model)
    # Drawn independently at every step of 0.1 ms: 500 Hz, known to 1/sqrt(20 cells 2 s 500 Hz) = 0.7 %.
    assert b2r.measure_fi(model, [0.1] * nA, [10] * nS).rate_[0, 0] == pytest.approx(500, rel=0.03)


def test_what_need_not_be_watched_is_not():
    assert (
        not is_watched(b2r.load_model("lif"))
        and not is_watched(b2r.load_model("adex_brette2005"))
        and is_watched(cell())
    )
    assert is_watched(lif(reset="v += V_r")) and is_watched(
        lif(parameters={**SPIKING, "V_th": "normal(-50 mV, 1 mV)"})
    )


@pytest.mark.parametrize(
    "refractory, steps",
    [
        (None, 1),
        (2 * ms, 20),
        ("2 ms", 20),
        ("t_r*1.5", 30),
        ("t_r", 20),
        ("v > V_th", 2),
        (0.05 * ms, 1),
        (0.3 * ms, 3),
    ],
)
def test_the_shortest_interval_that_the_grid_allows(refractory, steps):
    named = isinstance(refractory, str) and "t_r" in refractory
    assert (
        fewest_steps(
            lif(refractory=refractory, parameters={**SPIKING, **({"t_r": 2 * ms} if named else {})}), 1e-4
        )
        == steps
    )
