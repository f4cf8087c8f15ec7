"""The plain Brian2 engine: all cells in one NeuronGroup, nothing rebuilt per point."""

from __future__ import annotations

import numpy as np

from ...basics.session import brian_session, run_network, target_name
from ...circuit.spike_counts import HELD, watched_equations
from .cells import starting_state, statistics

__all__ = ["run_cells", "relax_cells", "build_group"]


def build_group(brian2, cells, dt_):
    """The NeuronGroup of all cells, its values set; returns the group and its integration method."""
    synapses = cells.synapses
    swings = {
        source.label: brian2.TimedArray(source.swing, dt=dt_ * brian2.second)
        for source in cells.sources
        if source.swing is not None
    }
    written = cells.model.cell_equations(
        synapses,
        per_cell=list(cells.parameters),
        poisson=list(synapses),
        counted=True,
        method=cells.method,
        swinging=list(swings),
    )
    written, watch = watched_equations(cells.model, written)
    # Names are part of the code that Brian2 compiles and caches; the same names every time spare a new
    # compilation.
    clock = brian2.Clock(dt=dt_ * brian2.second, name="b2reduce_clock")
    group = brian2.NeuronGroup(
        cells.count,
        written.equations,
        threshold=written.threshold,
        reset=written.reset,
        refractory=written.refractory,
        method=written.method,
        namespace={**written.namespace, **{f"swing_syn_{label}": table for label, table in swings.items()}},
        clock=clock,
        name="b2reduce_cells",
    )
    set_state(group, starting_state(cells))
    for name, values in cells.parameters.items():
        group.variables[name].set_value(np.broadcast_to(values, cells.count))
    for source in cells.sources:
        for name, value in source.parameters_().items():
            group.variables[name].set_value(np.broadcast_to(value, cells.count))
    if written.events:
        group.run_regularly(written.events, clock=clock, when="synapses", name="b2reduce_events")
    if watch:
        group.run_regularly(watch, clock=clock, when="before_thresholds", name="b2reduce_watch")
    return group, written.method


def set_state(group, state):
    """Set state variables from SI floats or arrays."""
    for name, values in state.items():
        group.variables[name].set_value(np.broadcast_to(values, len(group)))


def run_cells(cells, duration_, warmup_, dt_, seed, progress=None):
    """Run and return (CellStatistics, description of the engine)."""
    with brian_session(seed) as brian2:
        group, method = build_group(brian2, cells, dt_)
        if cells.sources:
            group.variables["count_from_syn"].set_value(warmup_ - 5e-10)
        monitor = brian2.SpikeMonitor(group, name="b2reduce_spikes")
        network = brian2.Network(group, monitor)
        # A diverging cell is reported by its final state, not by numpy's warnings
        with np.errstate(all="ignore"):
            run_network(network, duration_, report=progress)
        final = {
            name: group.variables[name].get_value().copy()
            for names in (cells.model.state_variables, *(source.start_ for source in cells.sources))
            for name in names
        }
        events = {
            source.label: group.variables[f"n_syn_{source.label}"].get_value().copy()
            for source in cells.sources
        }
        i, t = np.array(monitor.i), np.array(monitor.t_)
        held = group.variables[HELD].get_value().copy() if HELD in group.variables else 0.0
    return (
        statistics(i, t, cells.count, duration_, warmup_, final, events, held),
        f"brian2 ({target_name()}, {method})",
    )


def relax_cells(cells, longest_, check_, tolerance, dt_):
    """Run until no variable moves any more; returns the state."""
    names = sorted(cells.model.state_variables)
    with brian_session(0) as brian2:
        group, _ = build_group(brian2, cells, dt_)
        read = lambda: np.array([group.variables[name].get_value().copy() for name in names])
        previous = read()
        scale, rested = np.abs(previous).max(axis=1, keepdims=True), False

        def look():
            nonlocal previous, scale, rested
            state = read()
            scale = np.maximum(scale, np.abs(state).max(axis=1, keepdims=True))
            if np.all(np.abs(state - previous) <= tolerance * scale):
                rested = True
                network.stop()
            previous = state

        operation = brian2.NetworkOperation(look, dt=check_ * brian2.second, when="end", name="b2reduce_look")
        network = brian2.Network(group, operation)
        with np.errstate(all="ignore"):
            run_network(network, longest_, rested=lambda: rested)
        return dict(zip(names, read()))
