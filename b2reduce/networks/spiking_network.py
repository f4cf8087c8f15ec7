"""The Brian2 objects of a spiking circuit, and what a seed draws for them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..basics.streams import OfNetwork, seed_streams
from ..circuit.drive_wiring import draw_drive_sizes, draw_drive_wiring
from ..circuit.spike_counts import watched_equations
from ..circuit.starting_values import drawn_starts
from ..circuit.wiring import draw_sizes, draw_wiring, drive_sums
from .train_groups import train_groups, train_rates_

__all__ = [
    "BIN_",
    "Draws",
    "build_network",
    "draws_of",
    "monitors_of",
    "recorded_of",
    "recorded_step_",
    "values_of",
]

BIN_ = 1e-3  # s; also the time between recorded conductances


@dataclass(frozen=True)
class Draws:
    """Everything that the seed of a spiking run decides but its noise.

    Attributes
    ----------
    wiring : dict of str to (ndarray, ndarray, ndarray or float)
        Presynaptic and postsynaptic indices and delays of every projection, and of every drive that has
        trains by themselves.
    start : dict of (population, variable) to ndarray or float
        Starting values of state variables, and per-cell values of parameters.
    sizes : dict of str to ndarray
        Sizes of the synapses of every projection in which they differ, over their mean; likewise of drives.
    plastic : dict of str to dict of str to float
        What variables of plasticity start from, of projections that start otherwise than at rest.
    """

    wiring: dict
    start: dict
    sizes: dict = field(default_factory=dict)
    plastic: dict = field(default_factory=dict)


def draws_of(circuit, seed, state=None):
    """Wiring, starting values and per-cell parameters.

    Cells are spread over 5 mV from the reversal up, since equal cells would all fire at once, where neither
    the circuit nor a StartingState says what they start from.
    """
    rng, start = np.random.default_rng(seed_streams(seed, OfNetwork.START)), {}
    for name, population in circuit.populations.items():
        model, size = population.model, population.size
        values = {
            model.membrane: model.leak_reversal_,
            **{key: float(np.asarray(value)) for key, value in model.initial.items()},
        }
        values[model.membrane] = values[model.membrane] + 5e-3 * rng.random(size)
        start.update({(name, key): value for key, value in values.items()})
        start[name, model.input] = model.constant_input_
        for key, normal in model.spreads.items():
            start[name, key] = rng.normal(float(np.asarray(normal.mean)), float(np.asarray(normal.sd)), size)
    start.update(_drives_that_differ(circuit, seed))
    start.update(train_rates_(circuit, seed))
    start.update(drawn_starts(circuit, seed, start) if state is None else state.values)
    wiring, trains = draw_wiring(circuit, seed), draw_drive_wiring(circuit, seed)
    sizes = draw_sizes(circuit, wiring, seed) | draw_drive_sizes(circuit, trains, seed)
    plastic = {} if state is None else dict(state.plastic)
    return Draws(wiring | trains, start, sizes, plastic)


def _drives_that_differ(circuit, seed):
    """{(population, variable): SI values over cells} of independent drives whose synapses differ in size, or
    whose rates are drawn.
    """
    found, sums = {}, drive_sums(circuit, seed)
    for drive in circuit.drives:
        if not _drawn(drive):
            continue
        source, target = drive.name, drive.target
        p = next(p for p in circuit.pathways(target) if p.is_drive and p.source == source)
        size, number = sums.get((source, target), (None, 1.0))
        rate_ = drive.rate_ * circuit.drive_weights_(source, target, seed) if drive.constant else 1.0
        found[target, f"rate_syn_{p.symbol}"] = p.K * number * rate_
        if size is not None:
            variables = p.synapse.scaled(size).variables_
            found.update({(target, f"{k}_syn_{p.symbol}"): variables[k] for k in p.sized})
    return found


def _drawn(drive):
    """Whether a seed decides what arrives through a drive, apart from chance."""
    return not drive.by_trains and (drive.sizes is not None or drive.differing_rates is not None)


def values_of(circuit):
    """{(population, variable).

    SI value, or an array over cells} of what distinguishes circuits of one structure: parameters of synapses,
    rates.
    """
    values = dict(train_rates_(circuit))
    for name in circuit.populations:
        for p in circuit.pathways(name):
            drive = circuit.drive(p.source, name) if p.is_drive else None
            differ = drive is not None and drive.sizes is not None and _drawn(drive)
            values.update(
                {
                    (name, f"{key}_syn_{p.symbol}"): value
                    for key, value in p.synapse.variables_.items()
                    if not (differ and key in p.sized)
                }
            )
            if drive is not None and drive.constant and not (drive.by_trains or _drawn(drive)):
                values[name, f"rate_syn_{p.symbol}"] = (
                    p.K * drive.rate_ * circuit.drive_weights_(p.source, name)
                )
    return values


def build_network(circuit, draws, dt_, *, codeobj_class=None):
    """(Network, {population: NeuronGroup}).

    Parameters
    ----------
    codeobj_class : class, optional
        What creates synapses: numpy's work, done once, where nothing is compiled anyway.
    """
    import brian2

    clock = brian2.Clock(dt=dt_ * brian2.second, name="b2reduce_network_clock")
    groups, objects = {}, []
    for name, population in circuit.populations.items():
        model, pathways = population.model, circuit.pathways(name)
        synapses = {p.symbol: p.synapse for p in pathways}
        drives = [p for p in pathways if p.is_drive and not circuit.drive(p.source, name).by_trains]
        tuned = [f"rate_syn_{p.symbol}" for p in drives if circuit.drive(p.source, name).uneven]
        for p in drives:
            if circuit.drive(p.source, name).sizes is not None:
                tuned += [f"{key}_syn_{p.symbol}" for key in (*p.sized, "rate")]
        shared = [
            key
            for symbol, synapse in synapses.items()
            for value in (*synapse.variables_, "rate")
            if (key := f"{value}_syn_{symbol}") not in tuned
        ]
        spreads = [key for key in model.spreads if key != model.input]
        written = model.cell_equations(
            synapses, per_cell=spreads, shared=shared, poisson=[p.symbol for p in drives]
        )
        written, watch = watched_equations(model, written)
        namespace, events = dict(written.namespace), written.events
        for p in drives:
            drive = circuit.drive(p.source, name)
            if not drive.constant:
                table = f"table_{p.symbol}"
                grid = drive.grid_(dt_)
                # Where cells differ in the number of their events, the rate holds that
                total = (
                    p.K * drive.rate_at_(grid) * brian2.Hz if drive.sizes is None else drive.rate_at_(grid)
                )
                times = "" if drive.sizes is None else f"*rate_syn_{p.symbol}"
                namespace[table] = brian2.TimedArray(total, dt=dt_ * brian2.second, name=table)
                events = events.replace(f"rate_syn_{p.symbol}*dt", f"{table}(t){times}*dt")
        group = brian2.NeuronGroup(
            population.size,
            written.equations,
            threshold=written.threshold,
            reset=written.reset,
            refractory=written.refractory,
            method=written.method,
            namespace=namespace,
            clock=clock,
            name=name,
        )
        if watch:
            group.run_regularly(watch, clock=clock, when="before_thresholds", name=f"counts_of_{name}")
        if events:
            group.run_regularly(events, clock=clock, when="synapses", name=f"drives_of_{name}")
        groups[name] = group
    trains = train_groups(circuit, dt_, clock)
    named = groups | {group.name: group for group in trains.values()}
    for (name, key), value in {**draws.start, **values_of(circuit)}.items():
        named[name].variables[key].set_value(value)
    sources = {label: groups[p.source] for label, p in zip(circuit.labels, circuit.projections)} | trains
    onto = dict(zip(circuit.labels, circuit.projections))
    onto |= {f"{d.name}->{d.target}": d for d in circuit.drives if d.by_trains}
    for label, projection in onto.items():
        pathway = next(p for p in circuit.pathways(projection.target) if p.label == label)
        symbol, model = pathway.symbol, circuit.populations[projection.target].model
        jumps = pathway.synapse.jumps(symbol, model, at="_post")
        own, released = "", ""
        sizes, plasticity = draws.sizes.get(label), projection.plasticity
        state, at_spike, namespace = [], [], {}
        if sizes is not None:
            own = "size_of_it*"
            state.append("size_of_it : 1 (constant)")
        if plasticity is not None:
            released, at_spike = "*released_stp", plasticity.at_spike()
            state += plasticity.equations()
            namespace = {**plasticity.variables_, "second": brian2.second}
        jump = [
            f"{variable} += {own}({size}){released}" if own or released else f"{variable} += {size}"
            for variable, size in jumps.items()
        ]
        synapses = brian2.Synapses(
            sources[label],
            groups[projection.target],
            "\n".join(state) or None,
            on_pre="\n".join([*at_spike, *jump]),
            namespace=namespace,
            clock=clock,
            codeobj_class=codeobj_class,
            name=f"synapses_{symbol}",
        )
        i, j, delay_ = draws.wiring[label]
        synapses.connect(i=i, j=j)
        synapses.delay = delay_ * brian2.second
        if sizes is not None:
            synapses.size_of_it = sizes
        for variable, value in (
            {} if plasticity is None else {**plasticity.start, **draws.plastic.get(label, {})}
        ).items():
            setattr(synapses, variable, value)
        synapses.pre.codeobj_class = None  # the pathway that carries the spikes is worth compiling
        objects.append(synapses)
    return brian2.Network(*groups.values(), *dict.fromkeys(trains.values()), *objects), groups


def recorded_step_(dt_):
    """Time between recorded conductances: a millisecond in whole steps."""
    return max(1, round(BIN_ / dt_)) * dt_


def recorded_of(circuit, name):
    """{pathway label: (variable, dimension)} of what is recorded of the synapses of a population."""
    model, pathways = circuit.populations[name].model, circuit.pathways(name)
    found = {p.label: p.synapse.recorded(p.symbol, model) for p in pathways}
    return {label: entry for label, entry in found.items() if entry is not None}


def monitors_of(circuit, groups, dt_, record, *, codeobj_class=None):
    """({population: SpikeMonitor}, {population: StateMonitor of the conductances of `record` cells})."""
    import brian2

    spikes = {
        name: brian2.SpikeMonitor(group, codeobj_class=codeobj_class, name=f"spikes_of_{name}")
        for name, group in groups.items()
    }
    states = {
        name: brian2.StateMonitor(
            group,
            [variable for variable, _ in recorded_of(circuit, name).values()],
            record=np.arange(min(record, len(group))),
            dt=recorded_step_(dt_) * brian2.second,
            when="end",
            codeobj_class=codeobj_class,
            name=f"conductances_of_{name}",
        )
        for name, group in groups.items()
        if record and recorded_of(circuit, name)
    }
    return spikes, states
