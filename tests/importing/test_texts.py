"""Texts as people write them: literal units, functions, words for what is released, values of 0."""

import pytest
from brian2 import Hz, ms, mV, nS, pA

from b2reduce.errors import CircuitError

from .networks import imported

pytestmark = pytest.mark.usefixtures("numpy_code")

CELL = "threshold='v > -50*mV', reset='v = -65*mV', method='euler'"
LITERAL = f"""
mu, sigma = 80*pA, 10*pA
G = NeuronGroup(40, '''dv/dt = (12*nS*(-65*mV - v) + I + mu + sigma*xi*sqrt(ms))/(240*pF) : volt
dI/dt = -I/(4*ms) : amp''', {CELL})
S = Synapses(G, G, on_pre='I_post += 2*pA*sqrt(2.25)')
S.connect('i != j', p=0.3)
"""
RESISTANCE = f"""
tau, R = 20*ms, 50*Mohm
G = NeuronGroup(40, '''dv/dt = (-65*mV - v + R*100*pA + R*I)/tau : volt
dI/dt = -I/(4*ms) : amp''', {CELL})
S = Synapses(G, G, on_pre='I_post += 3*pA')
S.connect('i != j', p=0.3)
"""
CLIPPED = f"""
gmax = 4*nS
G = NeuronGroup(40, '''dv/dt = (10*nS*(-65*mV - v) + sqrt(4)*g*(0*mV - v))/(200*pF) : volt
dg/dt = -g/(4*ms) : siemens''', {CELL})
S = Synapses(G, G, 'w : siemens', on_pre='g_post += clip(w, 0*nS, gmax)*int(w > 1*nS)')
S.connect('i != j')
S.w = 9*nS
"""
RELEASE = f"""
G = NeuronGroup(40, '''dv/dt = (10*nS*(-65*mV - v) + g*(0*mV - v))/(200*pF) : volt
dg/dt = -g/(4*ms) : siemens''', {CELL})
S = Synapses(G, G, '''du/dt = -u/(300*ms) : 1 (event-driven)
dx/dt = (1 - x)/(500*ms) : 1 (event-driven)
out : 1''', on_pre='''u += 0.3*(1 - u)
out = u*x
x -= out
g_post += 2*nS*out''')
S.connect('i != j', p=0.3)
S.x = 1
"""


def test_units_in_equations_are_no_parameters():
    found = imported(LITERAL)
    model = found.circuit.populations["G"].model
    assert (model.capacitance_, model.leak_) == pytest.approx((240e-12, 12e-9))
    assert model.noisy and set(model.parameters) == {"mu", "sigma", "C_m"}
    (projection,) = found.circuit.projections
    assert float(projection.w / pA) == pytest.approx(3.0)
    # 50 MOhm in 20 ms is 400 pF; what stands as 100 pA is a current and says nothing of it
    found = imported(RESISTANCE)
    model = found.circuit.populations["G"].model
    assert (model.capacitance_, model.leak_) == pytest.approx((400e-12, 20e-9)) and found.warnings == ()


def test_noise_with_a_name():
    named = LITERAL.replace("mu + sigma*xi*sqrt(ms)", "noise").replace(
        "dI/dt = -I", "noise = mu + sigma*sqrt(wide)*xi_all : amp\nwide = 1*ms : second (shared)\ndI/dt = -I"
    )
    model = imported(named).circuit.populations["G"].model
    assert model.noisy and model.capacitance_ == pytest.approx(240e-12)


def test_functions_of_constants_have_values():
    (projection,) = imported(CLIPPED).circuit.projections
    assert projection.kind == "exponential" and float(projection.G / nS) == pytest.approx(8.0)
    assert float(projection.E / mV) == pytest.approx(0.0, abs=1e-9)


def test_a_word_for_what_is_released_is_no_weight_that_learns():
    (projection,) = imported(RELEASE).circuit.projections
    assert projection.plasticity.U_ == 0.3 and float(projection.G / nS) == pytest.approx(2.0)
    # Where something else reads it, it is more than a word
    read = RELEASE.replace("out : 1", "out : 1\ntwice = 2*out : 1")
    with pytest.raises(CircuitError, match="changes out at spikes"):
        imported(read)
    # A trace that nothing depends on is none either
    traced = RELEASE.replace("out : 1", "out : 1\ndtrace/dt = -trace/(10*ms) : 1 (event-driven)")
    traced = traced.replace("x -= out", "x -= out\ntrace += 1")
    assert imported(traced).circuit.projections[0].plasticity.U_ == 0.3
    # A weight that only decays is no plasticity of release
    decaying = RELEASE.replace("u += 0.3*(1 - u)\n", "").replace("out = u*x", "out = u")
    with pytest.raises(CircuitError, match="changes .* at spikes, and not as Tsodyks"):
        imported(decaying)


def test_synapses_that_a_spike_resets_are_refused_by_name():
    text = RELEASE.replace("reset='v = -65*mV'", "reset='v = -65*mV; g = 0*nS'")
    with pytest.raises(CircuitError, match="1. G: synapses in g: g is in the reset"):
        imported(text)
    found = imported(text, "b2r.from_brian2(strict=False)")
    assert "g" in found.circuit.populations["G"].model.state_variables
    assert any("go on without events" in line for line in found.warnings)


def test_values_of_0_below_a_line_are_named():
    text = RESISTANCE.replace("tau, R =", "_, R =").replace(
        "dI/dt = -I/(4*ms) : amp", "dI/dt = -I/(4*ms) : amp\ntau : second"
    )
    with pytest.raises(CircuitError, match="G: dv/dt is not finite .* where tau is 0"):
        imported(text)


def test_sums_in_cells_that_never_spike_are_left_aside():
    text = (
        LITERAL
        + """
probe = NeuronGroup(1, 'sum_v : volt')
read = Synapses(G, probe, 'sum_v_post = v_pre/N_pre : volt (summed)')
read.connect()
"""
    )
    table = imported(text).table
    assert "never spikes" in table.set_index("object").loc["read", "assumed"]


TRAINS = f"""
G = NeuronGroup(40, 'dv/dt = 10*nS*(-65*mV - v)/(200*pF) : volt', {CELL})
P = PoissonGroup(40, rates='clip(0.5*i, 2, 8)*Hz')
S = Synapses(P, G, on_pre='v_post += 1*mV')
S.connect(j='i')
"""


def test_rates_of_trains():
    (drive,) = imported(TRAINS).circuit.drives
    assert (drive.rate.values[0] / Hz, drive.rate.values[-1] / Hz) == (2.0, 8.0)
    with pytest.raises(CircuitError, match="draws a random number at every step"):
        imported(TRAINS.replace("clip(0.5*i, 2, 8)*Hz", "8*Hz*rand()"))
    columns = "rates_of = TimedArray(np.ones((3, 40))*Hz, dt=1*ms)"
    with pytest.raises(CircuitError, match=r"the rate calls rates_of\(t, i\), a TimedArray with one column"):
        imported(columns + TRAINS.replace("clip(0.5*i, 2, 8)*Hz", "rates_of(t, i)"))
    held = "P = NeuronGroup(40, 'r : Hz', threshold='rand() < r*dt', refractory=20*ms)\nP.r = 8*Hz\n"
    lines = [held if line.startswith("P =") else line for line in TRAINS.splitlines()]
    with pytest.raises(CircuitError, match="refractory after a spike"):
        imported("\n".join(lines))
    open_ = "\n".join(lines).replace(", refractory=20*ms", "")
    assert imported(open_).circuit.drives[0].rate == 8 * Hz


MOVING = f"""
G = NeuronGroup(40, '''dv/dt = 10*nS*(-65*mV - v)/(200*pF) : volt
dw/dt = -w/(50*ms) : volt
du/dt = (4*Hz - u)/(50*ms) : Hz''', {CELL})
P = NeuronGroup(40, '''{{rate}}''', threshold='rand() < r*dt', reset='{{reset}}', method='euler')
{{more}}
S = Synapses(P, G, on_pre='v_post += {{weight}}')
S.connect(j='i')
"""
STILL = dict(rate="r : Hz", reset="", more="P.r = 5*Hz", weight="1*mV")


@pytest.mark.parametrize(
    "changed, gist",
    [
        (dict(more="Q = PoissonInput(G, 'v', 10, 5*Hz, 'w')"), "Q: the weight 'w' .* changes in time: w"),
        (dict(weight="w_post"), "S: on_pre .* depends on w_post, which changes in time"),
        (dict(weight="1*mV*q_pre", rate="r : Hz\nq : 1", reset="q *= 0.9"), "S: .* q_pre, which changes"),
        (dict(rate="dr/dt = -r/(20*ms) : Hz"), "P: .* 'r' is in Hz, expected V"),
        (dict(rate="dx/dt = -x/(20*ms) : 1\nr = 2*x*Hz : Hz", more=""), "S: .* the rate 'r' .* in time: x"),
        (dict(reset="r *= 0.9"), "S: .* the rate 'r' .* in time: r"),
        (dict(rate="r : Hz (linked)", more="P.r = linked_var(G, 'u')"), "S: .* the rate 'r' .* in time: r"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, dict) else "",
)
def test_weights_and_rates_that_follow_a_variable_of_a_group_are_refused(changed, gist):
    with pytest.raises(CircuitError, match=gist):
        imported(MOVING.format(**STILL | changed))


def test_weights_and_rates_that_stand_still_are_taken():
    linked = dict(
        rate="r : Hz (linked)", more="H = NeuronGroup(40, 'u : Hz')\nH.u = 5*Hz\nP.r = linked_var(H, 'u')"
    )
    named = dict(rate="x : 1\nr = 2*x*Hz : Hz", more="P.x = 2.5", weight="0.4*mV*x_pre")
    for changed in ({}, linked, named):
        (drive,) = imported(MOVING.format(**STILL | changed)).circuit.drives
        assert drive.rate == 5 * Hz and float(drive.J / mV) == pytest.approx(1)


def test_taus_of_synapses_stay_as_written():
    (projection,) = imported(LITERAL).circuit.projections
    assert float(projection.tau / ms) == pytest.approx(4.0)
