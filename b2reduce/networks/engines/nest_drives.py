"""Drives as generators of NEST."""

from __future__ import annotations

import numpy as np

from ..spiking_network import values_of
from ..train_groups import train_sources

__all__ = ["connect_drives"]


def connect_drives(wires, circuit, draws, cells, models):
    """Make and connect what drives the cells.

    Parameters
    ----------
    wires : Wires
    draws : Draws
    cells : dict of str to ndarray
        Node numbers of every population.
    models : dict of str to NestModel
    """
    values, trains = {**draws.start, **values_of(circuit)}, {}
    for symbol, drive in train_sources(circuit):
        trains[drive] = _trains(wires, drive, values.get((f"trains_{symbol}", "rates")))
    for drive in circuit.drives:
        target, model = cells[drive.target], models[drive.target]
        p = next(p for p in circuit.pathways(drive.target) if p.is_drive and p.source == drive.name)
        weight, receptor = model.weights[p.label], model.receptors[p.label]
        if drive.by_trains:
            source = trains[next(each for each in trains if drive.same_trains(each))]
            i, j, delay_ = draws.wiring[p.label]
            size = draws.sizes.get(p.label, 1.0)
            wires.connect(source[i], target[j], weight * size, delay_, receptor)
            continue
        own = lambda key, p=p, drive=drive: values[drive.target, f"{key}_syn_{p.symbol}"]
        if drive.sizes is not None:  # larger or smaller events of each cell
            key = p.sized[0]
            weight = weight * own(key) / p.synapse.variables_[key]
        rate_ = own("rate") if drive.constant or drive.sizes is not None else p.K
        wires.connect(_poisson(wires, drive, rate_, target.size), target, weight, 0.0, receptor)


def _poisson(wires, drive, rate_, number):
    """Numbers of generators, one for each of so many targets: each has trains of its own from one generator,
    where all have the same rate.

    A table holds rates of one input, and `rate_` how many there are.
    """
    several = np.ndim(rate_) > 0
    if drive.constant:
        name, given = "poisson_generator", lambda x: {"rate": float(x)}
    else:
        times, rates = _table(wires, drive)
        name, given = (
            "inhomogeneous_poisson_generator",
            lambda x: {"rate_times": times, "rate_values": x * rates},
        )
    made = wires.nest.Create(name, number if several else 1, [given(x) for x in np.atleast_1d(rate_)])
    return np.resize(np.array(made.tolist()), number)


def _table(wires, drive):
    """Times in ms and rates in Hz of a table on the grid.

    NEST's first time is a step; what is earlier holds from there on.
    """
    dt_, unit = wires.dt_, wires.nest.resolution
    rates = drive.rate_at_(drive.grid_(dt_))
    first = np.flatnonzero(np.diff(rates, prepend=np.nan) != 0)
    steps = np.maximum(first, 1)
    last = np.append(np.diff(steps) > 0, True)  # of two that fall together the later
    return steps[last] * unit, rates[first][last]


def _trains(wires, drive, rates_):
    """Node numbers of trains that cells share, or that were recorded."""
    nest = wires.nest
    if drive.spikes is None:
        parrots = np.array(nest.Create("parrot_neuron", drive.trains).tolist())
        wires.connect(_poisson(wires, drive, 1.0 if rates_ is None else rates_, parrots.size), parrots, 1.0)
        return parrots
    trains = drive.spikes
    steps = np.maximum(trains.steps(wires.dt_, f"drive {drive.name}->{drive.target}"), 1)
    order = np.lexsort((steps, trains.i))
    parts = np.split(
        steps[order] * nest.resolution, np.searchsorted(trains.i[order], np.arange(1, trains.number))
    )
    made = nest.Create("spike_generator", trains.number, [{"spike_times": part} for part in parts])
    return np.array(made.tolist())
