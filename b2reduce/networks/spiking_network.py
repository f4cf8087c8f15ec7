"""The Brian2 objects of a spiking circuit, and what a seed draws for them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..basics.streams import OfNetwork, seed_streams
from ..circuit.drive_wiring import draw_drive_sizes, draw_drive_wiring
from ..circuit.starting_values import drawn_starts
from ..circuit.wiring import draw_sizes, draw_wiring, drive_sums
from .cell_groups import cell_group
from .connections import connected
from .train_groups import train_groups, train_rates_

__all__ = [
    "BIN_",
    "Draws",
    "build_network",
    "drawn_synapses",
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


def drawn_synapses(circuit, seed, only=None):
    """({label: wiring}, {label: sizes}) of all projections and trains, or of `only` some labels."""
    wiring, trains = draw_wiring(circuit, seed, only), draw_drive_wiring(circuit, seed, only)
    sizes = draw_sizes(circuit, wiring, seed) | draw_drive_sizes(circuit, trains, seed)
    return wiring | trains, sizes


def draws_of(circuit, seed, state=None, only=None):
    """Wiring, of `only` some projections where not of all, starting values and per-cell parameters.

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
        for key, spread in model.spreads.items():
            start[name, key] = spread.draw_(rng, size)
    start.update(_drives_that_differ(circuit, seed))
    start.update(train_rates_(circuit, seed))
    start.update(drawn_starts(circuit, seed, start) if state is None else state.values)
    wiring, sizes = drawn_synapses(circuit, seed, only)
    plastic = {} if state is None else dict(state.plastic)
    return Draws(wiring, start, sizes, plastic)


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
    groups = {name: cell_group(circuit, name, dt_, clock) for name in circuit.populations}
    trains = train_groups(circuit, dt_, clock)
    named = groups | {group.name: group for group in trains.values()}
    for (name, key), value in {**draws.start, **values_of(circuit)}.items():
        named[name].variables[key].set_value(value)
    sources = {label: groups[p.source] for label, p in zip(circuit.labels, circuit.projections)} | trains
    entries = dict(zip(circuit.labels, circuit.projections))
    entries |= {f"{drive.name}->{drive.target}": drive for drive in circuit.drives if drive.by_trains}
    synapses = [
        connected(
            circuit,
            label,
            entry,
            sources[label],
            groups[entry.target],
            draws,
            clock=clock,
            codeobj_class=codeobj_class,
        )
        for label, entry in entries.items()
    ]
    return brian2.Network(*groups.values(), *dict.fromkeys(trains.values()), *synapses), groups


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
