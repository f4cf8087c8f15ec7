"""Where objects and names are looked for, and that nothing of the user's is changed by it."""

import brian2
import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, PoissonInput, SpikeMonitor, Synapses, ms, mV
from brian2.core.variables import AuxiliaryVariable, Subexpression

import b2reduce as b2r
from b2reduce.errors import CircuitError

from . import scripts
from .networks import live

pytestmark = pytest.mark.usefixtures("numpy_code")

WITHOUT_VALUE = (AuxiliaryVariable, Subexpression)
EQUATIONS = "dv/dt = (level - v)/tau : volt"


def state_of(objects):
    """All values of some objects, and what belongs to whom."""
    values = {}
    for item in objects:
        values[item.name] = (item._network, item.active, tuple(part.name for part in item.contained_objects))
        for name, variable in getattr(item, "variables", {}).items():
            if hasattr(variable, "get_value") and not isinstance(variable, WITHOUT_VALUE):
                value = variable.get_value()
                values[item.name, name] = (
                    np.array(value).tolist() if isinstance(value, np.ndarray) else repr(value)
                )
    return values


@pytest.mark.parametrize(
    "text, last", [(scripts.STP, "[neurons, exc_syn, inh_syn]"), (scripts.POISSON, "[G, S1, S3, one]")]
)
def test_nothing_is_changed(text, last):
    objects, result = live(text, f"({last}, lambda: b2r.from_brian2())")
    numbers, before = np.random.get_state()[1].tolist(), state_of(objects)
    device, preferences = brian2.get_device(), str(brian2.prefs.as_file)
    from brian2.core.base import BrianObject

    scope, magic = BrianObject._scope_current_key, set(brian2.magic_network.objects)
    result()
    assert state_of(objects) == before
    assert np.random.get_state()[1].tolist() == numbers and brian2.get_device() is device
    assert str(brian2.prefs.as_file) == preferences
    assert (BrianObject._scope_current_key, set(brian2.magic_network.objects)) == (scope, magic)
    objects[0].v[:2] = "rand()*mV"  # the comparison sees a change
    assert state_of(objects) != before


def test_names_are_those_of_the_caller():
    tau, level = 10 * ms, 30 * mV
    group = NeuronGroup(10, EQUATIONS, threshold="v > 20*mV", reset="v = 0*mV", method="exact")
    model = b2r.from_brian2().circuit.populations["group"].model
    assert model.parameters["tau"] == tau and model.parameters["level"] == level
    # What the group has counts before that, and what is given instead of it
    own = NeuronGroup(10, EQUATIONS, threshold="v > 20*mV", reset="v = 0*mV", namespace={"tau": 7 * ms})
    assert b2r.from_brian2(own).circuit.populations["own"].model.parameters["tau"] == 7 * ms
    given = {"level": 40 * mV, "tau": 3 * ms}
    model = b2r.from_brian2(group, namespace=given).circuit.populations["group"].model
    assert (model.parameters["tau"], model.parameters["level"]) == (3 * ms, 40 * mV)
    with pytest.raises(CircuitError, match="level.*could not be resolved"):
        b2r.from_brian2(group, namespace={"tau": 3 * ms})


def test_objects_are_those_of_a_run():
    listed = [NeuronGroup(5, "dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV")]
    with pytest.raises(CircuitError, match="found no Brian2 object"):
        b2r.from_brian2()  # run() does not look into lists
    assert b2r.from_brian2(listed).circuit.populations[listed[0].name].size == 5
    old = NeuronGroup(5, "dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV", name="old")
    brian2.start_scope()
    new = NeuronGroup(7, "dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV", name="new")
    assert set(b2r.from_brian2().circuit.populations) == {"new"}
    network = Network(old, new)
    assert set(b2r.from_brian2(network).circuit.populations) == {"old", "new"}


def test_a_network_that_has_run_is_read_as_it_is_now():
    group = NeuronGroup(
        30, "dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV", method="exact"
    )
    noise = PoissonInput(group, "v", 50, 100 * Hz, 0.5 * mV)
    spikes = SpikeMonitor(group)
    network = Network(group, noise, spikes)
    network.run(5 * ms)
    group.v[:10] = 15 * mV
    found = b2r.from_brian2(network)
    start = found.circuit.populations["group"].initial["v"].given
    assert (
        np.asarray(start) == pytest.approx(np.asarray(group.v_[:]), rel=1e-12)
        and np.ptp(np.asarray(start)) > 0
    )
    before = state_of([group, noise, spikes])
    table = found.check(duration=50 * ms, seeds=2, after=10 * ms)
    assert state_of([group, noise, spikes]) == before and float(network.t / ms) == pytest.approx(5)
    network.run(1 * ms)  # goes on
    assert float(network.t / ms) == pytest.approx(6)
    assert table.loc[("group", "rate [Hz]"), "network"] > 0


def test_an_import_of_nothing_that_spikes_says_so():
    trace = NeuronGroup(5, "dv/dt = -v/(10*ms) : volt")
    with pytest.raises(CircuitError, match="no NeuronGroup with a threshold"):
        b2r.from_brian2(trace)
    with pytest.raises(CircuitError, match="expected a brian2.Network"):
        b2r.from_brian2("network")
    with pytest.raises(CircuitError, match="wiring"):
        b2r.from_brian2(trace, wiring="as it is")


def test_synapses_without_their_source_are_refused():
    one, two = (
        NeuronGroup(5, "dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV", name=name)
        for name in ("one", "two")
    )
    synapses = Synapses(one, two, on_pre="v += 1*mV")
    synapses.connect()
    with pytest.raises(CircuitError, match="its source one is none of the objects"):
        b2r.from_brian2(two, synapses)
