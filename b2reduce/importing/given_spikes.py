"""Synapses from a SpikeGeneratorGroup as drives that replay its spikes."""

from __future__ import annotations

import numpy as np

from ..basics.errors import CircuitError
from ..circuit.parts import Drive
from .drives import drive_arguments, note_drive
from .projections import entries_of, increments_of
from .wiring_laws import law_of

__all__ = ["drives_of_spikes"]


def drives_of_spikes(link, parts, cells, name, audit):
    """The drives: the spikes that every cell receives, in a train of its own."""
    group = link.source
    if float(np.asarray(group.period)) < np.inf and float(np.asarray(group.period)) > 0:
        audit.refuse(
            link.name,
            f"{group.name} repeats its spikes with a period of {group.period}",
            "recorded trains do not repeat: write the spikes out for as long as you simulate",
        )
        return []
    train = np.asarray(group._neuron_index, dtype=int)
    times = np.asarray(group._spike_time, dtype=float)
    found = []
    for part in parts[link.target.name]:
        chosen = np.flatnonzero(part.among(link.j))
        increments, weight = increments_of(link, chosen, audit) if chosen.size else (None, None)
        if increments is None or not times.size:
            continue
        cell, when = _received(link, chosen, part, train, times)
        if not cell.size:
            continue
        population = cells[part.name]
        for answer in entries_of(link.name, link.code, increments, population, audit):
            entry, reading = answer.entry, answer.reading
            i, j = link.i[chosen], link.j[chosen] - part.start
            arguments = drive_arguments(entry, weight, i, j, population, link, audit)
            if arguments is None:
                continue
            try:
                drive, seen = _drive(answer, name, part, (cell, when), link, chosen, arguments, train, times)
            except CircuitError as error:
                audit.refuse(link.name, str(error), "one spike a step of every cell's input")
                continue
            found.append(drive)
            said = f"the {times.size} spikes of {group.name}, {seen}; {reading}"
            note_drive(
                audit, name, f"{group.name} and {link.name}: {link.code}", part, entry, arguments, said
            )
    return found


def _drive(answer, name, part, received, link, chosen, arguments, train, times):
    """(the drive, how cells see its trains): what each receives as one train, or where two spikes then fall
    into one step, which no train has, the trains of the group, if cells see them at random or all of them."""
    step_ = float(part.group.clock.dt_)
    try:
        probe = Drive(name, part.name, spikes=dict(zip("it", received)), **arguments)
        probe.onto(part.size).check_cells(part.size, part.name, step_)
    except CircuitError:
        trains = int(link.bounds[1] - link.bounds[0])
        law = law_of(link.i[chosen] - link.bounds[0], link.j[chosen] - part.start, trains, part.size, False)
        if "in_degree" not in law.arguments or np.ndim(link.delay):
            raise
        spikes = {"i": train - link.bounds[0], "t": times + link.delay}
        seen = {"trains": trains, "inputs": law.arguments["in_degree"]}
        made = answer.made(Drive, name, part.name, spikes=spikes, **seen, **arguments)
        return made, f"of which each cell sees {seen['inputs']} of {trains} trains"
    made = answer.made(Drive, name, part.name, spikes=dict(zip("it", received)), **arguments)
    return made, "as they reach each cell"


def _received(link, chosen, part, train, times):
    """(cells, times in s) of all spikes on the cells of a population, later by their delays."""
    order = np.argsort(train, kind="stable")
    train, times = train[order], times[order]
    i, j = link.i[chosen], link.j[chosen] - part.start
    delay = np.broadcast_to(link.delay, link.i.shape)[chosen]
    first, last = np.searchsorted(train, i, "left"), np.searchsorted(train, i, "right")
    number = last - first
    spike = np.repeat(first - np.r_[0, np.cumsum(number)[:-1]], number) + np.arange(number.sum())
    return np.repeat(j, number), times[spike] + np.repeat(delay, number)
