"""The spiking network in Brian2, from the same circuit that is reduced."""

from __future__ import annotations

import numpy as np

from .activity import Activity
from .circuit import load_circuit
from .progress import Progress
from .provenance import unknown_name, versions
from .session import DivergenceError, brian_session, divisions_reported, seed_streams
from .surface import seconds
from .units import InputError, si_label
from .wiring import draw_wiring

__all__ = ["spiking_network", "simulate_spikes"]

BIN_ = 1e-3  # s
NETWORK_ENGINES = ("auto", "brian2")
_START, _NOISE = 0, 1  # purposes of random streams


def _build(circuit, seed, dt_):
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    rng, wiring = np.random.default_rng(seed_streams(seed, _START)), draw_wiring(circuit, seed)
    clock = brian2.Clock(dt=dt_ * brian2.second, name="b2reduce_network_clock")
    groups, objects = {}, []
    for name, population in circuit.populations.items():
        model, pathways = population.model, circuit.pathways(name)
        symbols = [p.symbol for p in pathways]
        drives = [p for p in pathways if p.is_drive]
        shared = [f"{value}_syn_{symbol}" for symbol in symbols for value in ("G", "tau", "E", "rate")]
        spreads = {key: normal for key, normal in model.spreads.items() if key != model.input}
        written = model.cell_equations(symbols, per_cell=list(spreads), shared=shared, poisson=[p.symbol for p in drives])
        namespace, events = dict(written.namespace), written.events
        for p in drives:
            drive = circuit.drive(p.source, name)
            if not drive.constant:
                table = f"table_{p.symbol}"
                grid = np.arange(int(np.ceil(max(float(drive.rate[0][-1]), 0.0) / dt_)) + 2) * dt_
                namespace[table] = brian2.TimedArray(p.K * drive.rate_at_(grid) * brian2.Hz, dt=dt_ * brian2.second)
                events = events.replace(f"rate_syn_{p.symbol}*dt", f"{table}(t)*dt")
        group = brian2.NeuronGroup(population.size, written.equations, threshold=written.threshold, reset=written.reset, refractory=written.refractory,
                                   method=written.method, namespace=namespace, clock=clock, name=name)
        _start(group, population, rng)
        for p in pathways:
            for key, value in (("G", p.G_), ("tau", p.tau_), ("E", p.E_)):
                group.variables[f"{key}_syn_{p.symbol}"].set_value(value)
            if p.is_drive and circuit.drive(p.source, name).constant:
                group.variables[f"rate_syn_{p.symbol}"].set_value(p.K * circuit.drive(p.source, name).rate_)
        if events:
            group.run_regularly(events, clock=clock, when="synapses", name=f"drives_of_{name}")
        groups[name] = group
    for label, projection in zip(circuit.labels, circuit.projections):
        symbol = next(p.symbol for p in circuit.pathways(projection.target) if p.label == label)
        # Creating synapses is numpy's work, done once; only the pathway that carries the spikes is worth compiling.
        synapses = brian2.Synapses(groups[projection.source], groups[projection.target], on_pre=f"g_syn_{symbol}_post += G_syn_{symbol}_post",
                                   namespace={}, clock=clock, codeobj_class=NumpyCodeObject, name=f"synapses_{symbol}")
        i, j, delay_ = wiring[label]
        synapses.connect(i=i, j=j)
        synapses.delay = delay_ * brian2.second
        synapses.pre.codeobj_class = None
        objects.append(synapses)
    return brian2.Network(*groups.values(), *objects), groups, {label: synapses for label, synapses in zip(circuit.labels, objects)}


def _start(group, population, rng):
    """Starting values: the model's, cells spread over the potentials between reversal and a tenth towards threshold."""
    model, size = population.model, population.size
    state = {model.membrane: model.si(model.leak_reversal), **{name: float(np.asarray(value)) for name, value in model.initial.items()}}
    # A spread of 5 mV: cells that start alike would all fire at once.
    state[model.membrane] = state[model.membrane] + 5e-3 * rng.random(size)
    for name, value in state.items():
        group.variables[name].set_value(value)
    current = model.constant_input_
    for name, normal in model.spreads.items():
        draws = rng.normal(float(np.asarray(normal.mean)), float(np.asarray(normal.sd)), size)
        if name == model.input:
            current = draws
        else:
            group.variables[name].set_value(draws)
    group.variables[model.input].set_value(current)


def spiking_network(circuit, *, seed=0, dt=None):
    """The Brian2 objects of a circuit, for monitors and runs of your own.

    Parameters
    ----------
    circuit : Circuit, str or path
    seed : int
        Decides the wiring, delays and starting values. The Poisson events of a run of your own come from Brian2's
        generator: call `brian2.seed` before it.
    dt : Quantity, optional

    Returns
    -------
    network : brian2.Network
    groups : dict of str to brian2.NeuronGroup

    Examples
    --------
    >>> from b2reduce import load_circuit
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> network, groups = spiking_network(small, seed=1)
    >>> len(groups["E"])
    400
    """
    circuit = load_circuit(circuit)
    with brian_session():
        network, groups, _ = _build(circuit, seed, seconds(dt, "dt") or float(circuit.dt))
    return network, groups


def simulate_spikes(circuit, *, duration, seed=1, bin="1 ms", record=100, dt=None, engine="auto", progress=None):
    """Run the spiking network.

    Parameters
    ----------
    circuit : Circuit, str or path
    duration : Quantity
    seed : int
        Every seed draws new wiring and new noise.
    bin : Quantity
        Width of the bins of the rates.
    record : int
        Number of cells of each population whose conductances are recorded, every millisecond.
    dt : Quantity, optional
        By default the circuit's.
    engine : str
        ``"auto"`` or ``"brian2"``.
    progress : None, bool, str or callable

    Returns
    -------
    Activity

    Raises
    ------
    DivergenceError
        If the integration ends in NaN.

    Examples
    --------
    >>> from brian2 import ms
    >>> from b2reduce import load_circuit
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> simulate_spikes(small, duration=50*ms, seed=1).rate.shape
    (2, 50)
    """
    circuit = load_circuit(circuit)
    if engine not in NETWORK_ENGINES:
        raise InputError(f"engine: {unknown_name('engine', engine, NETWORK_ENGINES)}; networks run in Brian2")
    duration_, bin_ = seconds(duration, "duration"), seconds(bin, "bin")
    dt_ = seconds(dt, "dt") or float(circuit.dt)
    if isinstance(record, bool) or not isinstance(record, (int, np.integer)) or record < 0:
        raise InputError(f"record: got {record!r}, expected a number of cells")
    bins = round(duration_ / bin_)
    if bins < 1 or bin_ < dt_ * (1 - 1e-9):
        raise InputError(f"bin: got {bin_ * 1e3:g} ms, expected at least the time step of {dt_ * 1e3:g} ms and at most the duration of {duration_ * 1e3:g} ms")
    names = tuple(circuit.populations)
    with brian_session(seed_streams(seed, _NOISE)) as brian2, Progress(progress) as bar:
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        report = bar.stage(f"spiking network, seed {seed}")
        network, groups, _ = _build(circuit, seed, dt_)
        clock = next(iter(groups.values())).clock
        spikes = {name: brian2.SpikeMonitor(group, codeobj_class=NumpyCodeObject, name=f"spikes_of_{name}") for name, group in groups.items()}
        states = {}
        every = max(1, round(BIN_ / dt_)) * dt_
        if record:
            states = {name: brian2.StateMonitor(group, [f"g_syn_{p.symbol}" for p in circuit.pathways(name)], record=np.arange(min(record, len(group))),
                                                dt=every * brian2.second, when="end", codeobj_class=NumpyCodeObject, name=f"conductances_of_{name}")
                      for name, group in groups.items() if circuit.pathways(name)}
        network.add(*spikes.values(), *states.values())
        # A diverging cell is reported below, not by numpy's warnings.
        with np.errstate(all="ignore"), divisions_reported(f"circuit {circuit.name!r}: a division by zero, because the integration diverged with "
                                                           f"dt = {clock.dt}; take a smaller dt or weaker synapses"):
            network.run(bins * bin_ * brian2.second, report=lambda elapsed, done, start, total: report(done), report_period=0.5 * brian2.second, namespace={})
        for name, group in groups.items():
            for variable in circuit.populations[name].model.state_variables:
                bad = np.flatnonzero(~np.isfinite(group.variables[variable].get_value()))
                if bad.size:
                    raise DivergenceError(f"circuit {circuit.name!r}, population {name}: {variable} is not finite in {bad.size} of {len(group)} cells at the "
                                          f"end of the run with dt = {clock.dt}; take a smaller dt or weaker synapses")
        found = {name: (np.array(monitor.i), np.array(monitor.t_)) for name, monitor in spikes.items()}
        conductances = {p.label: getattr(states[name], f"g_syn_{p.symbol}_") for name in states for p in circuit.pathways(name)}
        conductance_t = next(iter(states.values())).t_ + dt_ if states else None
        methods = {name: circuit.populations[name].model.method_used(bool(circuit.pathways(name))) for name in names}
    edges = np.arange(bins + 1) * bin_
    # Spikes lie on the grid: half a step of slack keeps those at an edge in the bin that starts there.
    rate_ = np.array([np.histogram(found[name][1] + 0.25 * dt_, edges)[0] / (circuit.populations[name].size * bin_) for name in names])
    provenance = {"kind": "spikes", "circuit": circuit.name, "circuit_hash": circuit.hash, "seed": seed, "dt [s]": dt_, "method": methods,
                  "duration [s]": bins * bin_, "engine": "brian2", "versions": versions()}
    units = {p.label: si_label(circuit.populations[name].model.conductance_dim) for name in names for p in circuit.pathways(name)}
    return Activity(names, (np.arange(bins) + 0.5) * bin_, rate_, bin_, {name: p.size for name, p in circuit.populations.items()},
                    spikes_=found, conductances_=conductances, conductance_t_=conductance_t, conductance_units=units, provenance=provenance)
