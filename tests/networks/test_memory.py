"""What leaves Brian2 is a copy.

Arrays that its objects hand out may be their own memory, which is freed with them.
"""

import gc

import numpy as np
import pytest
from b2reduce.experiments import averaged_inputs, lecture11_cells, lecture11_clamped, lecture11_trains
from brian2 import Hz, Network, NeuronGroup, StateMonitor, ms, nA, nS

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.cells.engine import Cells, brian


def arrays(thing, seen=None):
    """Every array in a result, however deep."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, dict) or hasattr(thing, "items"):
        for value in dict(thing).values():
            yield from arrays(value, seen)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from arrays(value, seen)
    elif hasattr(thing, "__dataclass_fields__"):
        for name in thing.__dataclass_fields__:
            yield from arrays(getattr(thing, name), seen)


def owner(values):
    """What the memory of an array belongs to: an array that owns it, or whatever it was borrowed from."""
    while isinstance(values.base, np.ndarray):
        values = values.base
    return values if values.base is None and values.flags.owndata else values.base


def borrowed(result, before):
    """Shapes of the arrays of a result whose memory is not their own, or that of one of Brian2's variables.

    Records keep theirs on bytes, which are copies that nobody can make writable.
    """
    return [
        values.shape
        for values in arrays(result)
        if not isinstance(owner(values), (np.ndarray, bytes)) or id(owner(values)) in before
    ]


@pytest.fixture
def handed_out(monkeypatch):
    """ids of the arrays that hold the values of Brian2's variables, as they are read."""
    from brian2.core.variables import ArrayVariable, DynamicArrayVariable

    found, kept = set(), []

    def watched(get):
        def get_value(self):
            values = get(self)
            if isinstance(values, np.ndarray):
                held = owner(values)
                kept.append(held)  # so that no other array takes its id
                found.add(id(held))
            return values

        return get_value

    for kind in (ArrayVariable, DynamicArrayVariable):
        if "get_value" in vars(kind):
            monkeypatch.setattr(kind, "get_value", watched(kind.get_value))
    return found


@pytest.fixture
def tiny():
    return b2r.load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})


def scribble():
    """Free what can be freed and write over it.

    Blocks of many sizes are taken, filled with a number that nothing here is near, and given back.
    """
    gc.collect()
    for size in 2 ** np.arange(6, 24, 1):
        blocks = [np.full(max(1, size // 8), 1e90) for _ in range(int(min(200, 2**27 // size)))]
        del blocks
    gc.collect()


def test_conductances_outlive_the_network(tiny):
    """The same run twice: looked at while its memory is fresh, and after it has been written over."""
    runs = [
        b2r.simulate_spikes(tiny, duration=100 * ms, seed=3, record=50, engine="brian2") for _ in range(2)
    ]
    sums = [{label: float(np.sum(g)) for label, g in run.conductances_.items()} for run in runs]
    scribble()
    for run, before in zip(runs, sums):
        for label, g in run.conductances_.items():
            assert np.sum(g) == before[label] == sums[0][label] and 0 < g.mean() < 1e-6 and g.min() >= 0, (
                label
            )
        np.testing.assert_array_equal(run.conductance_t_, runs[0].conductance_t_)
        for name, (i, t) in run.spikes_.items():
            np.testing.assert_array_equal(t, runs[0].spikes_[name][1])
            assert 0 <= i.min() and i.max() < tiny.populations[name].size


@pytest.mark.smoke
def test_conductances_are_what_the_spikes_and_drives_make(tiny):
    """Means against K G tau r of the rates that were counted; freed memory holds anything but these."""
    run = b2r.simulate_spikes(tiny, duration=600 * ms, seed=1, record=100, engine="brian2")
    scribble()
    dt_, cells, begin_, length_ = run.provenance["dt [s]"], 100, 0.1, 0.5
    for target in tiny.populations:
        for p in tiny.pathways(target):
            own = p.source not in tiny.populations
            rate = (
                tiny.drive(p.source, target).rate_
                if own
                else np.sum(run.spikes_[p.source][1] > begin_) / (tiny.populations[p.source].size * length_)
            )
            x = dt_ / p.tau_
            expected = p.G_ * p.K * rate * p.tau_ * x / -np.expm1(-x)  # at the end of a step
            # Four standard errors of the number of events that the recorded cells received. Trains of the
            # network are shared by cells, and of N trains each has K: as if there were no more of them than N
            # K r T/K, that of the whole population. A spike counts tau and a delay of 3 ms later.
            events = (
                rate * length_ * (p.K * cells if own else min(p.K * cells, tiny.populations[p.source].size))
            )
            edges = 0.0 if own else (p.tau_ + 3e-3) / length_
            assert run.conductances_[p.label][:, run.conductance_t_ > begin_].mean() == pytest.approx(
                expected, rel=4 / events**0.5 + edges
            ), p.label


@pytest.mark.parametrize("what", ["spikes", "rates", "cells", "surface", "rest", "adaptation"])
def test_no_result_borrows_memory(what, tiny, handed_out):
    if what == "spikes":
        result = b2r.simulate_spikes(tiny, duration=20 * ms, record=5, engine="brian2")
        assert len(list(arrays(result))) > 10
    elif what == "rates":
        result = b2r.simulate_rates(b2r.reduce(tiny, noise="none"), duration=50 * ms)
    elif what == "cells":
        result = b2r.simulate_rates(b2r.reduce(tiny, cells=True, noise="none"), duration=50 * ms)
    elif what == "surface":
        result = b2r.measure_fi("lif", [0.3, 0.5] * nA, [16.7] * nS, duration=100 * ms, engine="brian2")
    elif what == "rest":
        model = b2r.load_model("lif")
        result = brian.relax_cells(
            Cells(model, 2, {"I_app": np.zeros(2), "g_L": np.full(2, 16.7e-9)}), 0.2, 0.05, 1e-6, 1e-4
        )
    else:
        from b2reduce.cells.after_currents import spike_sequences

        result = spike_sequences(
            b2r.load_model("lif_adapt"),
            np.linspace(0.3e-9, 0.8e-9, 4),
            np.full(4, 10e-9),
            duration_=0.3,
            dt_=1e-4,
        )
        assert all(times.size for times in result)
    assert handed_out, "Brian2 was asked for values"
    assert borrowed(result, handed_out) == []


@pytest.mark.parametrize(
    "function, arguments",
    [
        (lecture11_cells.stepped, (1e-10,)),
        (lecture11_trains.bench, ()),
        (lecture11_trains.trains, (20,)),
        (lecture11_clamped.pooled, (0.02,)),
        (averaged_inputs.recorded, (10 * Hz, 5, 0.05, 1)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_script_borrows_memory(function, arguments, handed_out):
    result = getattr(function, "__wrapped__", function)(*arguments)  # not a result that is kept from before
    assert handed_out and borrowed(result, handed_out) == []


def test_a_borrowed_array_would_be_seen(handed_out):
    with brian_session():
        group = NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", method="exact", dt=0.1 * ms)
        monitor = StateMonitor(group, "v", record=True)
        Network(group, monitor).run(2 * ms, namespace={})
        assert borrowed({"v": [group.variables["v"].get_value()]}, handed_out)
        assert borrowed(monitor.v_, handed_out) and not borrowed(np.array(monitor.v_), handed_out)
