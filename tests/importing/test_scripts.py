"""Scripts in place of circuits, and the user's own network beside its circuit."""

import pytest

from b2reduce.errors import CircuitError
from b2reduce.importing.scripts import import_script

from ..command import assert_refused, b2reduce
from .networks import imported

SCRIPT = """
from brian2 import *
set_device('cpp_standalone', build_on_run=False)  # which has no values before it is built
prefs.codegen.target = 'numpy'
seed(3)
print('begun')

def network(n, tau):
    group = NeuronGroup(n, '''dv/dt = (El - v)/tau + I/C : volt (unless refractory)
                            dI/dt = -I/tau_s : amp''',
                        threshold='v > -50*mV', reset='v = El', refractory=2*ms, method='exact',
                        namespace={'C': 200*pF, 'tau_s': 5*ms, 'El': -60*mV, 'tau': tau})
    group.v = -60*mV
    synapses = Synapses(group, group, on_pre='I -= w')
    synapses.connect('i != j', p=0.2)
    noise = PoissonInput(group, 'I', 200, 20*Hz, 'w/2')
    return Network(group, synapses, noise)

def main():
    w = 25*pA
    net = network(100, 20*ms)
    net.run(100*ms)
    raise SystemExit('it went on')

if __name__ == '__main__':
    try:
        main()
    except Exception:
        pass
    run(1*ms)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("scripts") / "my_net.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.slow
def test_a_script_runs_up_to_its_first_run(script):
    found = import_script(script)
    circuit = found.circuit
    (projection,), (drive,) = circuit.projections, circuit.drives
    assert circuit.name == "my_net" and projection.synapse.w_ == pytest.approx(-25e-12)
    assert drive.synapse.w_ == pytest.approx(12.5e-12) and drive.inputs == 200
    # C is given by the current, the leak by the time constant: 200 pF over 20 ms
    (population,) = circuit.populations.values()
    assert population.model.leak_ == pytest.approx(10e-9) and found.warnings == ()
    assert "begun" in found.printed and "it went on" not in found.printed
    assert set(found.table["object"]) >= {population.model.name}


@pytest.mark.slow
def test_what_is_wrong_with_a_script_is_said(script, tmp_path):
    (tmp_path / "fails.py").write_text("from brian2 import *\n\nx = 1*mV + 1*ms\n")
    with pytest.raises(CircuitError, match="line 3 of .*fails.py raised DimensionMismatchError"):
        import_script(tmp_path / "fails.py")
    (tmp_path / "ends.py").write_text("print('nothing to run')\n")
    with pytest.raises(CircuitError, match="came to its end without any run"):
        import_script(tmp_path / "ends.py")
    (tmp_path / "kills.py").write_text("import os\nos._exit(3)\n")
    with pytest.raises(CircuitError, match="ended its own process"):
        import_script(tmp_path / "kills.py")
    assert_refused(b2reduce("reduce", tmp_path / "none.py", cwd=tmp_path), "there is no script")


@pytest.mark.slow
def test_the_command_takes_a_script(script, tmp_path):
    options = ("--seeds", 1, "--duration", "0.3 s", "--level", "linear", "-o", "report")
    done = b2reduce("run", script, *options, cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert "up to its first run()" in done.stderr and "begun" in done.stderr
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"report.html", "circuit.toml", "imported.csv"} <= written
    assert "synapses" in (tmp_path / "report" / "imported.csv").read_text()


MIXED = """
eqs = '''dv/dt = (gl*(El - v) + ge*(0*mV - v) + ga*(-80*mV - v) + I)/C : volt (unless refractory)
dge/dt = -ge/(5*ms) : siemens
dga/dt = (x - ga)/(4*ms) : siemens
dx/dt = -x/(4*ms) : siemens
dI/dt = -I/(3*ms) : amp'''
P = NeuronGroup(250, eqs, threshold='v > -50*mV', reset='v = -60*mV', refractory=3*ms, method='rk2', dt=0.2*ms,
                namespace=dict(gl=10*nS, El=-65*mV, C=200*pF))
P.v = '-60*mV + 8*mV*rand()'
E, I = P[:200], P[200:]
exc = Synapses(E, P, '''du/dt = -u/(300*ms) : 1 (event-driven)
dr/dt = (1 - r)/(200*ms) : 1 (event-driven)''', on_pre='''u += 0.4*(1 - u)
ge_post += 4*nS*u*r
r -= u*r''', delay=1*ms)
exc.connect('i != j', p=0.1)
exc.r = 1
inh = Synapses(I, P, on_pre='x_post += 8*nS')
inh.connect('i + 200 != j', p=0.1)
background = PoissonInput(P, 'I', 100, 30*Hz, 28*pA)
"""


@pytest.mark.slow
def test_networks_and_their_circuits_fire_alike(numpy_code):
    """Conductances with plasticity, alpha functions and currents, in three runs of both."""
    found = imported(MIXED)
    table = found.check(duration="0.6 s", seeds=3, after="0.1 s")
    rates = table.xs("rate [Hz]", level="quantity")
    assert list(rates.index) == ["E", "I"] and (rates["network"] > 3).all()
    # Of the difference of two means of three the 99.9 % quantile is 8.6 standard deviations (t, 4 degrees of
    # freedom); 10 % are below that here for the rates, and the control is beyond
    assert (table["difference over its sd"].abs() < 8.6).all(), table.to_string()
    assert ((rates["circuit"] / rates["network"] - 1).abs() < 0.1).all()
    from dataclasses import replace

    other = replace(found, circuit=found.circuit.replace({"drive.background.w": "24 pA"}))
    rates = other.check(duration="0.6 s", seeds=1, after="0.1 s").xs("rate [Hz]", level="quantity")
    assert ((rates["circuit"] / rates["network"] - 1).abs() > 0.1).all()


@pytest.mark.slow
def test_a_run_in_a_worker_of_the_script_is_seen(tmp_path):
    (tmp_path / "pool.py").write_text("""
import multiprocessing
from brian2 import *
prefs.codegen.target = 'numpy'

def trial(level):
    G = NeuronGroup(5, 'dv/dt = (level - v)/(10*ms) : volt', threshold='v > 20*mV', reset='v = 0*mV', method='exact')
    run(10*ms)

if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(2) as pool:
        pool.map(trial, [30*mV, 40*mV, 50*mV])
""")
    (population,) = import_script(tmp_path / "pool.py").circuit.populations.values()
    assert population.size == 5
