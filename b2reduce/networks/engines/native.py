"""The network as a program of its own, generated from the equations."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from ...basics.environment import thread_count
from ...basics.errors import InputError
from ...cells.engine.native import Unavailable, building, built
from ..spiking_network import drawn_synapses, draws_of, recorded_of, recorded_step_, values_of
from ..train_groups import train_sources
from .base import NetworkEngine, Recorded, check_finite, check_held
from .network_arrays import NetworkArrays, stream_seed
from .network_code import network_source
from .network_threads import run_network

__all__ = ["Native", "program_of"]

# Variables of cells for each thread: fewer are done sooner than threads have met, which they do at every step
# where delays are short, and far sooner where other work has the cores
WORK = 40_000

_libraries: dict[str, Any] = {}  # by text


class Native(NetworkEngine):
    """Cells, synapses and time in one program, on all cores.

    Wiring, sizes, starting values and recorded trains are those of Brian2's engines with the same seed, and
    cells, delays and the order of events within a step as there: without chance spikes are the same. Poisson
    events come from streams of the cells' own, so that results do not depend on the number of threads.

    Synapses of one source share the variables of their plasticity, which move on as its spikes leave. Where
    they start from rates (``initial=``), those in Brian2 move on until the first spike arrives: for that one
    they differ, by what happens within a delay.
    """

    name = "native"
    title = "native"
    synapse_bytes, cell_bytes = 32, 400

    def problem(self, circuit):
        try:
            program_of(circuit, float(circuit.dt))
        except Unavailable as reason:
            return f"got 'native', but {reason}; use 'auto' or 'brian2'"
        return ""

    def structure(self, run):
        return program_of(run.circuit, run.dt_)[0].text

    def prepare(self, run):
        _program(run.circuit, run.dt_)

    def record(self, run, report):
        circuit, dt_ = run.circuit, run.dt_
        source, library = _program(circuit, dt_)
        draws = draws_of(circuit, run.seed, run.state, only=())
        every = round(recorded_step_(dt_) / dt_)
        work = sum(circuit.populations[each.name].size * len(each.variables) for each in source.groups)
        parts = max(1, min(thread_count(), work // WORK))
        arrays = NetworkArrays(source, library, dt_, run.steps, every, parts)
        _add_cells(arrays, run, draws)
        _add_trains(arrays, run, draws)
        for projection in source.projections:
            # One after the other, so that nothing is held twice for longer than it takes
            arrays.add_projection(projection, *_synapses(circuit, run.seed, projection.name, dt_))
        spikes = run_network(arrays, report)
        return _recorded(run, source, arrays, spikes)


def _add_cells(arrays, run, draws):
    """The cells of all populations, with their own drives and the plasticity of their synapses."""
    circuit, values = run.circuit, {**draws.start, **values_of(run.circuit)}
    for number, group in enumerate(arrays.source.groups):
        own = {key: value for (name, key), value in values.items() if name == group.name}
        model, size = circuit.populations[group.name].model, circuit.populations[group.name].size
        # What the code was made for may have had other values of what is no argument there
        own = {**{key: float(np.asarray(value)) for key, value in model.constants.items()}, **own}
        arrays.add_group(group, size, own, stream_seed(run.noise_seed, number), run.record)
        for drive in group.drives:
            given = circuit.drive(drive.name, group.name)
            factor = given.rate_at_(given.grid_(run.dt_)) if drive.table else [1.0]
            K = next(p.K for p in circuit.pathways(group.name) if p.symbol == drive.symbol)
            arrays.add_drive(group, drive, own.get(f"rate_syn_{drive.symbol}", K), factor)
        for each in group.plastic:
            plasticity = circuit.projections[list(circuit.labels).index(each.label)].plasticity
            start = {**plasticity.start, **draws.plastic.get(each.label, {})}
            arrays.add_plastic(each, group.id, start, plasticity.variables_)


def _synapses(circuit, seed, label, dt_):
    """(sources, targets, delays in steps, sizes over their mean) of a projection, in as few bytes as do."""
    wiring, sizes = drawn_synapses(circuit, seed, only=(label,))
    i, j, delay_ = wiring[label]
    late = np.atleast_1d((np.asarray(delay_) / dt_ + 0.5).astype(np.int32))  # as Brian2 rounds
    return i.astype(np.int32), j.astype(np.int32), late, sizes.get(label)


def _add_trains(arrays, run, draws):
    """Trains that are sources by themselves."""
    values, dt_ = {**draws.start, **values_of(run.circuit)}, run.dt_
    for number, (code, (symbol, drive)) in enumerate(zip(arrays.source.trains, train_sources(run.circuit))):
        if drive.spikes is None:
            arrays.add_trains(
                code,
                drive.trains,
                chance=values.get((f"trains_{symbol}", "rates"), 1.0),
                factor=[dt_] if drive.constant else drive.rate_at_(drive.grid_(dt_)) * dt_,
                seed=stream_seed(run.noise_seed, len(arrays.source.groups) + number),
            )
        else:
            steps = drive.spikes.steps(dt_, f"drive {drive.name}->{drive.target}")
            arrays.add_trains(code, drive.spikes.number, given=(drive.spikes.i, np.asarray(steps)))


def _recorded(run, source, arrays, spikes):
    found, conductances, held = {}, {}, {}
    for group in source.groups:
        for variable, values in arrays.state_of(group).items():
            if variable == "held":
                held[group.name] = float(values.sum())
            elif variable in run.circuit.populations[group.name].model.state_variables:
                check_finite(run, group.name, variable, values)
        cells, steps = spikes[group.id]
        found[group.name] = cells, steps * run.dt_
        if run.record:
            conductances.update(zip(recorded_of(run.circuit, group.name), arrays.recorded_of(group)))
    check_held(run, found, held)
    t_ = None
    if conductances:
        t_ = np.arange(next(iter(conductances.values())).shape[1]) * recorded_step_(run.dt_) + run.dt_
    return Recorded(found, conductances, t_)


def program_of(circuit, dt_):
    """(NetworkSource, library) of a circuit, built if need be.

    Raises
    ------
    Unavailable
        If the equations cannot be expressed or nothing can be compiled here.
    """
    with building("b2reduce runs networks with Brian2, which is slower"):
        source = network_source(circuit, dt_)
        if source.text not in _libraries:
            library = built(source.text)
            library.run_part.argtypes, library.run_part.restype = (
                [ctypes.c_void_p, ctypes.c_int],
                ctypes.c_int,
            )
            library.collect.restype = ctypes.c_int64
            library.new_under_way.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
            library.new_under_way.restype = ctypes.c_void_p
            library.delete_under_way.argtypes, library.delete_under_way.restype = [ctypes.c_void_p], None
            _libraries[source.text] = library
    return source, _libraries[source.text]


def _program(circuit, dt_):
    try:
        return program_of(circuit, dt_)
    except Unavailable as reason:
        raise InputError(f"engine: got 'native', but {reason}; use 'auto' or 'brian2'") from None
