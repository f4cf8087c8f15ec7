"""The spiking network in NEST, which has nothing in common with Brian2 but the circuit."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata

import numpy as np

from ..spiking_network import draws_of, recorded_of, recorded_step_
from .base import NetworkEngine, Recorded, check_finite
from .nest_cells import Lacking
from .nest_kernel import advance, installed, kernel, nest_threads
from .nest_network import build, models_of

__all__ = ["Nest"]


class Nest(NetworkEngine):
    """NEST in this process, whose kernel is reset before and after a run.

    What a seed draws for the network is the same as for the other engines: wiring, delays, sizes, starting
    values and parameters of cells. Only the events of Poisson drives come from NEST's own generator.

    Notes
    -----
    Cells with currents and jumps are integrated exactly, those with conductances, an exponential or an
    adaptation by NEST's adaptive Runge-Kutta-Fehlberg method; spikes of all lie on the grid.

    NEST notes a spike at the end of its step, Brian2 and this engine at the start. A synapse of delay d acts
    d after the end of that step in both; NEST's least delay is one step, and shorter ones become one. From
    the same refractory time NEST would hold a cell for one step more than Brian2, and is given one less.

    Brian2 looks at the threshold before the jumps of a step act, NEST behind them: a cell that a jump carries
    over it fires a step earlier in NEST. Its spikes are noted and arrive, and it is held, that step later
    here. What is left is that in Brian2 it decays for a step before it is looked at.

    Exponential and adaptive cells cross the threshold within a step in NEST, and without a refractory time
    they go on from there: their intervals are half a step shorter.
    """

    name = "nest"
    title = "nest"
    synapse_bytes, cell_bytes = 190, 6500

    def problem(self, circuit):
        if said := installed():
            return said
        try:
            models_of(circuit)
        except Lacking as lacking:
            return str(lacking)
        return ""

    def record(self, run, report):
        circuit, dt_ = run.circuit, run.dt_
        if run.state is not None:
            raise Lacking("the argument initial", "cells of NEST's cannot start as refractory as they were")
        with kernel(dt_, run.noise_seed) as nest:
            cells, models = build(nest, run, draws_of(circuit, run.seed))
            spikes, meters = _recorders(nest, run, cells, models)
            # What meters see of a slice they are given in the next
            beyond = round(nest.min_delay / nest.resolution) if meters else 0
            advance(
                nest,
                run.steps + beyond,
                dt_,
                report,
                f"circuit {circuit.name!r}: the integration diverged with dt = {dt_ * 1e3:g} ms; take a"
                " smaller dt or weaker synapses",
            )
            for name, numbers in cells.items():
                membrane = np.array(nest.NodeCollection(numbers).get("V_m"), ndmin=1)
                check_finite(run, name, circuit.populations[name].model.membrane, membrane)
            found = {
                name: _spikes(each, cells[name][0], 1 - models[name].late, run.steps, dt_)
                for name, each in spikes.items()
            }
            return Recorded(found, *_conductances(meters, run))

    def activity(self, run, report):
        found = super().activity(run, report)
        models = models_of(run.circuit)
        said = {
            "version": metadata.version("nest-simulator"),
            "threads": nest_threads(),
            "models": {name: model.name for name, model in models.items()},
            "delays that became a step": _raised(run),
            "not recorded": sorted(
                label
                for name, model in models.items()
                for label in recorded_of(run.circuit, name)
                if label not in model.recorded
            )
            if run.record
            else [],
        }
        kept = {**found.provenance, "method": said["models"], "nest": said}
        return replace(found, provenance=kept)


def _raised(run):
    """Projections some of whose synapses have a delay that is no step long."""
    from ...circuit.delays import delays_of

    entries = zip(run.circuit.labels, run.circuit.projections)
    return [label for label, each in entries if min(delays_of(each).least_) < 0.5 * run.dt_]


def _recorders(nest, run, cells, models):
    """({population: spike recorder}, {population: (multimeter, NestModel)})."""
    spikes, meters = {}, {}
    for name, numbers in cells.items():
        nodes, recorded = nest.NodeCollection(numbers), models[name].recorded
        spikes[name] = nest.Create("spike_recorder", params={"time_in_steps": True})
        nest.Connect(nodes, spikes[name])
        if run.record and recorded:
            every = recorded_step_(run.dt_) * 1e3
            said = {"interval": every, "offset": nest.resolution, "time_in_steps": True}
            said["record_from"] = sorted({key for key, _ in recorded.values()})
            meter = nest.Create("multimeter", params=said)
            seen = min(run.record, numbers.size)
            nest.Connect(meter, nodes[:seen])
            meters[name] = meter, models[name], seen
    return spikes, meters


def _spikes(recorder, first, early, steps, dt_):
    """(cells, times in s) in order, with times so many steps earlier than NEST's."""
    events = recorder.get("events")
    i, step = np.asarray(events["senders"]) - first, np.asarray(events["times"]) - early
    order = np.lexsort((i, step))
    order = order[step[order] < steps]
    return i[order].astype(np.int32), step[order] * dt_


def _conductances(meters, run):
    """({pathway: (cell, time)}, times in s or None)."""
    found, times = {}, None
    for meter, model, cells in meters.values():
        events = meter.get("events")
        step, sender = np.asarray(events["times"]), np.asarray(events["senders"])
        order = np.lexsort((step, sender))
        order = order[step[order] <= run.steps]
        for label, (key, unit) in model.recorded.items():
            found[label] = np.asarray(events[key])[order].reshape(cells, -1) * unit
        times = step[order].reshape(cells, -1)[0] * run.dt_
    return found, times
