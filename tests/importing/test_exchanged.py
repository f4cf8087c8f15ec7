"""Weights that are where they are for a reason, and trains that cells share: rates move without them."""

import warnings

import numpy as np
import pytest

from b2reduce.errors import AccuracyWarning, CircuitError
from b2reduce.importing.moved import Rate, moved, rate_of_run
from b2reduce.importing.scripts import import_script
from b2reduce.importing.taken_away import compared_shuffled

from ..command import assert_refused, b2reduce
from .networks import live
from .test_scopes import state_of

#: Half of the inhibitory cells are busy. What has learned to keep E calm has its strong synapses from these.
LEARNED = """
prefs.codegen.target = 'numpy'
defaultclock.dt = 0.5*ms
cells = dict(model='dv/dt = -v/(20*ms) : volt', threshold='v > 20*mV', reset='v = 0*mV', method='exact')
E, I = NeuronGroup(60, name='E', **cells), NeuronGroup(40, name='I', **cells)
trains = PoissonGroup(40, np.repeat([100, 5], 20)*Hz)
onto_I = Synapses(trains, I, on_pre='v_post += 25*mV')
onto_I.connect(j='i')
onto_E = PoissonInput(E, 'v', 100, 20*Hz, 0.75*mV)
IE = Synapses(I, E, 'w : volt', on_pre='v_post -= w')
IE.connect(p=0.5)
IE.w = {weights}
spikes = SpikeMonitor(E)
np.random.seed(5)
IE.w = {shuffled}
"""
BUSY = "'(0.05 + 0.95*int(i < 20))*(0.9 + 0.2*rand())*mV'"
AS_LEARNED, SHUFFLED = "IE.w[:]", "np.random.permutation(IE.w_[:])*volt"


def told(found, **options):
    """(the table of a check, its warnings)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = found.check(**options)
    return table, [str(each.message) for each in caught if each.category is AccuracyWarning]


def network(shuffled):
    text = LEARNED.format(weights=BUSY, shuffled=shuffled)
    return live(text, "([E, I, trains, onto_I, onto_E, IE, spikes], b2r.from_brian2())")


@pytest.mark.slow
def test_weights_that_hang_on_cells_are_told(numpy_code):
    objects, found = network(AS_LEARNED)
    (block,) = found._source.blocks
    assert block.variables == ("w",) and block.name == "IE: I->E"
    before, numbers = state_of(objects), np.random.get_state()[1].tolist()
    table, said = told(found, duration="0.5 s", seeds=2)
    assert state_of(objects) == before and np.random.get_state()[1].tolist() == numbers
    rates = table.loc[("E", "rate [Hz]")]
    assert rates["shuffled"] > 3 * rates["network"] and rates["circuit"] < 0.5 * rates["shuffled"]
    (line,) = said
    assert "IE: I->E are not exchangeable: E fires at" in line and "cells=True" in line
    assert "I fires" not in line and "independent" not in table


@pytest.mark.slow
def test_weights_that_were_shuffled_before_are_not_told(numpy_code):
    table, said = told(network(SHUFFLED)[1], duration="0.5 s", seeds=2)
    assert said == [] and table.loc[("E", "rate [Hz]"), "shuffled"] > 0


#: Cells that fire together are refractory when the spikes of one another arrive: they excite each other only
#: as long as they do not have the very same input.
SHARED = """
prefs.codegen.target = 'numpy'
defaultclock.dt = 1*ms
G = NeuronGroup(50, 'dv/dt = -v/(20*ms) : volt (unless refractory)', threshold='v > 20*mV',
                reset='v = 0*mV', refractory=4*ms, method='exact')
trains = PoissonGroup({trains}, 20*Hz)
ext = Synapses(trains, G, on_pre='v_post += 2*mV')
ext.connect(p={p})
GG = Synapses(G, G, on_pre='v_post += 3*mV', delay=1*ms)
GG.connect('i != j', p=0.2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("trains, p, share", [(20, 1, "100 %"), (1000, 0.02, "")])
def test_shared_trains_that_make_rates_are_told(numpy_code, trains, p, share):
    found = live(SHARED.format(trains=trains, p=p), "b2r.from_brian2()")
    table, said = told(found, duration="0.6 s", seeds=2, after="0.1 s")
    rates = table.loc[("G", "rate [Hz]")]
    assert "shuffled" not in table and rates["independent"] > 1
    if share:
        (line,) = said
        assert f"trains ({share} in common), make rates: G fires at" in line
        assert rates["independent"] > 3 * rates["circuit"]
    else:
        assert said == []


HEAD = "from brian2 import *\nimport numpy as np\n"


@pytest.mark.slow
def test_commands_refuse_a_script_whose_rates_hang_on_its_weights(tmp_path):
    for name, shuffled in (("learned", AS_LEARNED), ("mixed", SHUFFLED)):
        text = LEARNED.format(weights=BUSY, shuffled=shuffled).replace("0.5*ms", "1*ms")
        (tmp_path / f"{name}.py").write_text(f"{HEAD}{text}\nrun(1*second)\n")
    refused = b2reduce("reduce", "learned.py", cwd=tmp_path)
    assert_refused(refused, "IE: I->E are not exchangeable: E fires at", "--cells", "--any-weights")
    found = import_script(tmp_path / "mixed.py", shuffle=True)
    assert found.moved is None and not any("shuffled" in line for line in found.warnings)


#: Left out of the circuit; the network that is run has it, and it ends the run where weights are not those
#: that the script gave.
FUSSY = """
kept = IE.w_[:].copy()
@network_operation(dt=100*ms)
def fussy():
    if {fails}:
        raise RuntimeError('these weights are not mine')
"""


@pytest.mark.slow
def test_a_comparison_that_cannot_be_run_is_an_error(numpy_code, tmp_path):
    learned = LEARNED.format(weights=BUSY, shuffled=AS_LEARNED).replace("0.5*ms", "1*ms")
    changed = "not np.array_equal(IE.w_[:], kept)"
    script = f"{HEAD}{learned}{FUSSY.format(fails=changed)}\nrun(1*second)\n"
    (tmp_path / "fussy.py").write_text(script)
    refused = b2reduce("reduce", "fussy.py", "--leave-out", cwd=tmp_path)
    assert_refused(
        refused, "weights shuffled (RuntimeError: these weights are not mine)", "--cells", "--any-weights"
    )
    # Nor is it anything else where the network itself cannot be run
    found = live(
        learned + FUSSY.format(fails="True"),
        "b2r.from_brian2([E, I, trains, onto_I, onto_E, IE, fussy], strict=False)",
    )
    with pytest.raises(CircuitError, match="weights as they are .*not mine.*--any-weights"):
        compared_shuffled(found._source, lambda done: None)


def test_commands_ask_for_what_their_options_say(tmp_path, monkeypatch):
    asked = []

    def instead(path, **options):
        asked.append((options["strict"], options["shuffle"]))
        raise CircuitError("seen")

    monkeypatch.setattr("b2reduce.importing.scripts.import_script", instead)
    for words, expected in (
        (("run", "a.py"), (True, True)),
        (("run", "a.py", "--cells"), (True, False)),
        (("export", "a.py", "--to", "numpy", "--leave-out"), (False, True)),
        (("reduce", "a.py", "--any-weights", "--leave-out"), (False, False)),
        # Of these no point has one rate unit a cell
        (("scan", "a.py", "--grid", "dt=1 ms", "-o", "out", "--leave-out"), (False, False)),
    ):
        asked.clear()
        assert_refused(b2reduce(*words, cwd=tmp_path), "seen")
        assert asked == [expected], words


@pytest.mark.slow
def test_what_a_circuit_cannot_have_is_left_out_where_it_is_asked_for(tmp_path):
    text = """
G = NeuronGroup(10, 'dv/dt = -v/(20*ms) : volt', threshold='v > 20*mV', reset='v = 0*mV')
noise = PoissonInput(G, 'v', 100, 20*Hz, 0.6*mV)
@network_operation(dt=10*ms)
def mine():
    pass
run(1*ms)
"""
    (tmp_path / "mine.py").write_text(HEAD + text)
    with pytest.raises(CircuitError, match="network_operation mine"):
        import_script(tmp_path / "mine.py")
    found = import_script(tmp_path / "mine.py", strict=False)
    assert [each.name for each in found.circuit.drives] == ["noise"]
    assert any("mine" in line for line in found.warnings)


def test_rates_move_beyond_noise_and_draws():
    """The bounds of `moved`, one by one, and how often chance goes beyond."""
    rates = lambda *values, variance=0.0: [Rate(value, variance) for value in values]
    assert moved(rates(10.0), rates(14.0), True) and not moved(rates(10.0), rates(12.5), True)
    assert not moved(rates(0.1), rates(0.3), True), "of less than 1 Hz"
    assert not moved(rates(10.0, variance=4.0), rates(14.0, variance=4.0), True)
    assert moved(rates(8.4, 8.4, 8.5), rates(143.0, 120.0, 150.0), True)
    assert not moved(rates(8.4, 8.4, 8.5), rates(5.0, 20.0, 12.0), True)
    # Draws with a deviation of 30 % of the rate: 5 % are expected beyond, 8 % are three deviations of 600 more
    rng = np.random.default_rng(1)
    own, others = rng.normal(20, 6, 600), rng.normal(20, 6, (600, 3))
    found = np.mean([moved(rates(*[a] * 3), rates(*b), True) for a, b in zip(own, others)])
    assert 0.01 < found < 0.08
    # Noise within runs alone, which counts know: beyond in 0.1 %, and 15 % are no bound for it
    times = [np.sort(rng.uniform(0, 1, rng.poisson(25))) for _ in range(400)]
    one = [[rate_of_run(each, 1, 1.0)] for each in times]
    assert np.mean([moved(a, b, True) for a, b in zip(one[::2], one[1::2])]) < 0.02
