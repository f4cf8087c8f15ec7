"""A run of the user's own network, after which all is as before."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

from ..basics.session import brian_session
from ..basics.units import with_units
from .blocks import shuffle
from .collected import with_contained

__all__ = ["own_run"]

_CELLS = 100  # of each population, of which synaptic variables are recorded
_STEP_ = 1e-3  # s between their values
_TOLD_ = 0.5  # s of waiting between reports


def own_run(source, duration_, seed, after_, shuffled=False, report=None):
    """({population: (cells, times in s, size)}, {(population, what): mean}) of one run from the present
    state.

    Parameters
    ----------
    source : Source
    duration_, after_ : float
        s; means leave out the time before `after_`.
    seed : int
    shuffled : bool
        Whether synapses that became one projection have one another's weights, as the seed decides.
    report : callable, optional
        Called with the fraction done.
    """
    told = {} if report is None else {"report": lambda elapsed, done, *times: report(done)}
    with brian_session(seed) as brian2:
        monitors, states = _monitors(source, brian2)
        network = brian2.Network()
        # What belongs to a network of the user's is lent, which add() would refuse
        network.objects = {*source.objects, *monitors.values(), *states.values()}
        with _lent(network, source.objects):
            start_ = network.t_
            if shuffled:
                shuffle(source.blocks, seed)
            network.run(
                with_units(duration_, "s"),
                namespace=source.namespace,
                report_period=with_units(_TOLD_, "s"),
                **told,
            )
            spikes = {
                cells.part.name: _spikes_of(monitors[cells.part.group.name], cells.part, start_)
                for cells in source.cells.values()
            }
            means = _means(source, states, start_ + after_)
    return spikes, means


def _monitors(source, brian2):
    """({group: SpikeMonitor}, {population: StateMonitor of its synaptic variables})."""
    groups = {cells.part.group.name: cells.part.group for cells in source.cells.values()}
    spikes = {name: brian2.SpikeMonitor(group, name="b2reduce_spikes*") for name, group in groups.items()}
    states = {
        name: brian2.StateMonitor(
            cells.part.group,
            list(cells.synaptic),
            record=np.arange(cells.part.start, cells.part.start + min(_CELLS, cells.part.size)),
            dt=with_units(_STEP_, "s"),
            when="end",
            name="b2reduce_states*",
        )
        for name, cells in source.cells.items()
        if name in source.sums
    }
    return spikes, states


@contextmanager
def _lent(network, objects):
    """Let a network have objects of others for a run; their values, clocks and owners are put back."""
    whole = with_contained(objects)
    owners = [(item, item._network) for item in whole]
    clocks = {id(item.clock): item.clock for item in whole if getattr(item, "_clock", None) is not None}
    network.t_ = max((np.asarray(clock.t_).item() for clock in clocks.values()), default=0.0)
    for item in whole:
        item._network = None
    network.store("before")
    try:
        yield
    finally:
        network.restore("before")
        for item, owner in owners:
            item._network = owner


def _spikes_of(monitor, part, start_):
    i, t = np.asarray(monitor.i[:]), np.asarray(monitor.t_[:])
    mine = part.among(i)
    return i[mine] - part.start, t[mine] - start_, part.size


def _means(source, states, from_):
    """{(population, what): mean} of what synapses have summed up along every way that the circuit has."""
    found = {}
    for population, ways in source.sums.items():
        monitor = states.get(population)
        if monitor is None:
            continue
        cells = source.cells[population]
        late = np.asarray(monitor.t_) > from_
        for key, (way, _) in ways.items():
            scale = way.coupling.scale * cells.membrane.capacitance_
            values = np.array(
                [np.asarray(getattr(monitor, f"{name}_"))[:, late].mean() for name in cells.synaptic]
            )
            found[population, key] = float(scale * (way.readout @ values))
    return found
