"""The network as a program of its own, generated from the equations: no Brian2 in it while it runs."""

from __future__ import annotations

import ctypes

import numpy as np

from ...basics.compiler import BuildError, load_library
from ...basics.environment import thread_count
from ...basics.errors import InputError
from ...basics.processes import compilers_ended
from ...cells.engine.rendering import NotExpressible
from ..spiking_network import draws_of, recorded_of, recorded_step_, values_of
from ..train_groups import sources_of_trains
from .base import NetworkEngine, Recorded, check_finite, check_held
from .network_arrays import NetworkArrays, Wired, stream_seed
from .network_code import network_source
from .programs import without_compiler

__all__ = ["Native"]

_built: dict = {}  # {text: library} of this process


class Native(NetworkEngine):
    """Cells, synapses and time in one program, on all cores."""

    name = "native"
    title = "native"

    def problem(self, circuit):
        return without_compiler()

    def record(self, run, report):
        circuit, dt_, steps = run.circuit, run.dt_, round(run.duration_ / run.dt_)
        draws = draws_of(circuit, run.seed, run.state)
        values = {**draws.start, **values_of(circuit)}
        sets = sources_of_trains(circuit)
        source, library = _program(circuit, dt_, values, sets, draws)
        every = round(recorded_step_(dt_) / dt_)
        parts = max(1, min(thread_count(), max(p.size for p in circuit.populations.values()) // 16))
        arrays = NetworkArrays(source, library, dt_, steps, every, parts)
        for number, group in enumerate(source.groups):
            own = {key: value for (name, key), value in values.items() if name == group.name}
            arrays.add_group(group, circuit.populations[group.name].size, own, stream_seed(run.noise_seed, number), run.record)
            for drive in group.drives:
                given = circuit.drive(drive.name, group.name)
                factor = given.rate_at_(given.grid_(dt_)) if drive.table else [1.0]
                K = next(p.K for p in circuit.pathways(group.name) if p.symbol == drive.symbol)
                rate_ = own.get(f"rate_syn_{drive.symbol}", K)
                arrays.add_drive(group, drive, rate_, factor)
            for each in group.plastic:
                plasticity = circuit.projections[list(circuit.labels).index(each.label)].plasticity
                start = {**plasticity.start, **draws.plastic.get(each.label, {})}
                arrays.add_plastic(each, group.id, start, plasticity.variables_)
        for number, (code, (symbol, drive)) in enumerate(zip(source.trains, sets)):
            if drive.spikes is None:
                rates = values.get((f"trains_{symbol}", "rates"), 1.0)
                factor = [dt_] if drive.constant else drive.rate_at_(drive.grid_(dt_)) * dt_
                arrays.add_trains(
                    code,
                    drive.trains,
                    chance=rates,
                    factor=factor,
                    seed=stream_seed(run.noise_seed, len(source.groups) + number),
                )
            else:
                trains = drive.spikes
                found = trains.steps(dt_, f"drive {drive.name}->{drive.target}")
                arrays.add_trains(code, trains.number, given=(np.asarray(trains.i), np.asarray(found)))
        for projection in source.projections:
            i, j, delay_ = draws.wiring[projection.name]
            late = np.atleast_1d((np.asarray(delay_) / dt_ + 0.5).astype(np.int64))  # as Brian2 rounds
            arrays.add_projection(projection, Wired(i, j, late, draws.sizes.get(projection.name)))
        del draws
        spikes = arrays.run(report)
        return _recorded(run, source, arrays, spikes, every)


def _recorded(run, source, arrays, spikes, every):
    found, conductances, held = {}, {}, {}
    for group in source.groups:
        for variable, values in arrays.state_of(group).items():
            if variable == "held":
                held[group.name] = float(values.sum())
            elif variable in run.circuit.populations[group.name].model.state_variables:
                check_finite(run, group.name, variable, values)
        cells, steps = spikes[group.id]
        found[group.name] = cells, steps * run.dt_
        labels = list(recorded_of(run.circuit, group.name))
        if run.record:
            conductances.update(dict(zip(labels, arrays.recorded_of(group))))
    check_held(run, found, held)
    t_ = None
    if conductances:
        records = next(iter(conductances.values())).shape[1]
        t_ = np.arange(records) * every * run.dt_ + run.dt_
    return Recorded(found, conductances, t_)


def _program(circuit, dt_, values, sets, draws):
    """(NetworkSource, library) of a circuit."""
    differing = {
        name: {key for (own, key), value in values.items() if own == name and np.ndim(value)}
        for name in circuit.populations
    }
    try:
        source = network_source(circuit, dt_, differing, sets, set(draws.sizes))
        if source.text not in _built:
            with compilers_ended():
                _built[source.text] = load_library(source.text)
    except NotExpressible as reason:
        raise InputError(f"engine: got 'native', but {reason}; use 'brian2' or 'standalone'") from None
    except BuildError as reason:
        raise InputError(f"engine: got 'native', but {reason}; use 'brian2'") from None
    library = _built[source.text]
    library.run_part.argtypes, library.run_part.restype = [ctypes.c_void_p, ctypes.c_int], ctypes.c_int
    return source, library
