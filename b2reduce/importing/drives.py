"""Inputs that fire at random as drives: PoissonInput, and groups of trains with their synapses."""

from __future__ import annotations

import numpy as np

from ..basics.units import si_label, with_units
from ..circuit.parts import Drive
from .algebra import rounded
from .audit import shown
from .object_names import base_of, bounds_of
from .projections import entries_of, increments_of, negative
from .scope import Scope
from .spread_values import same
from .synapse_values import any_of, independent, sizes_of
from .train_rates import NoRate, rate_of, values_of_text
from .wiring_laws import law_of

__all__ = ["drive_arguments", "drives_of_input", "drives_of_trains", "note_drive"]


def drives_of_input(item, parts, cells, namespace, name, audit):
    """The drives of a PoissonInput."""
    target, (start, stop) = base_of(item._group), bounds_of(item._group)
    inputs, found = int(item.N), []
    code = f"{item.target_var} += {item.weight}"
    for part in parts[target.name]:
        if part.stop <= start or part.start >= stop:
            continue
        weight, rate = _weight_and_rate(item, part, namespace, name, audit)
        population = cells[part.name]
        for answer in entries_of(name, code, ((item.target_var, 1.0),), population, audit):
            entry, reading = answer.entry, answer.reading
            if not weight or negative(entry, weight, name, code, audit):
                continue
            arguments = entry.scaled(weight).arguments(population.model)
            found.append(answer.made(Drive, name, part.name, inputs, rate, **arguments))
            said = f"{inputs} independent trains of {_rate_text(rate)} on each cell"
            note_drive(audit, name, f"PoissonInput: {code}", part, entry, arguments, f"{said}; {reading}")
    return found


def _weight_and_rate(item, part, namespace, name, audit):
    """(what an event of a PoissonInput adds, in SI; the rate of a train as a drive has it)."""
    rate = float(np.asarray(item.rate))
    if not isinstance(item.weight, str):
        return float(np.asarray(item.weight)), with_units(rate, "Hz")
    try:
        found = values_of_text(item.weight, part.group, Scope(part.group, namespace), "weight")
    except NoRate as error:
        audit.refuse(name, str(error), "events have one size: let the rate change in time", "left out")
        return 0.0, with_units(0.0, "Hz")
    if isinstance(found, tuple):
        return _gate(*found, rate, name, audit)
    if not same(found):
        audit.refuse(
            name,
            f"the weight {item.weight!r} differs from cell to cell",
            "events of a drive have one size, or a distribution of sizes",
            "their mean is taken",
        )
    return float(np.mean(found)), with_units(rate, "Hz")


def _gate(times, weights, rate, name, audit):
    """A weight over time as a rate over time: what is off has no events."""
    on = weights[weights != 0]
    weight = float(on[0])
    if not same(on):
        audit.refuse(
            name,
            f"its weight changes over time between {on.min():g} and {on.max():g}",
            "events have one size: let the rate change in time",
            "the mean input is kept",
        )
        weight = float(on.mean())
    return weight, _table((times, rate * weights / weight))


def _rate_text(rate):
    return "rates over time" if isinstance(rate, tuple) else shown(rate)


def drives_of_trains(link, parts, cells, namespace, name, audit):
    """The drives of synapses from a group that fires at random."""
    start, stop = link.bounds
    try:
        rate = rate_of(link.source, namespace)
    except NoRate as error:
        audit.refuse(link.name, f"{link.source.name}: {error}", "give one rate, one a train, or a TimedArray")
        return []
    if isinstance(rate, np.ndarray):
        rate = rate[start:stop]
    shared = np.bincount(link.i).max() > 1 if link.i.size else False
    found = []
    for part in parts[link.target.name]:
        chosen = np.flatnonzero(part.among(link.j))
        if chosen.size:
            i, j = link.i[chosen] - start, link.j[chosen] - part.start
            trains = (_shared if shared else _independent)(link, part, i, j, stop - start, rate, audit)
            found += _onto(link, part, chosen, i, j, trains, cells[part.name], name, audit)
    return found


def _onto(link, part, chosen, i, j, trains, population, name, audit):
    """The drives onto one population, from what is known of their trains."""
    if trains is None:
        return []
    keywords, said, assumed = trains
    if np.any(np.asarray(link.delay) > 0):
        assumed = "; ".join(
            filter(None, [assumed, "delays left out: they only shift trains that are random anyway"])
        )
    increments, weight = increments_of(link, chosen, audit)
    if increments is None or link.plasticity is not None:
        if link.plasticity is not None:
            audit.refuse(
                link.name,
                "trains from outside whose synapses have short-term plasticity",
                "drives have none: make the trains a population, or scale the weight by the mean release",
            )
        return []
    found = []
    for answer in entries_of(link.name, link.code, increments, population, audit):
        entry, reading = answer.entry, answer.reading
        arguments = drive_arguments(entry, weight, i, j, population, link, audit)
        if arguments is None:
            continue
        found.append(answer.made(Drive, name, part.name, **keywords, **arguments))
        read_ = f"{link.source.name} and {link.name}: {link.code}"
        note_drive(audit, name, read_, part, entry, arguments, f"{said}; {reading}", assumed)
    return found


def drive_arguments(entry, weight, i, j, population, link, audit):
    """Keywords of the synapses of a drive; None where they are refused."""
    weights = np.broadcast_to(weight, i.shape)
    factor = float(weights[0]) if same(weights) else float(weights.mean())
    if not weights.any() or negative(entry, factor, link.name, link.code, audit):
        return None
    arguments = entry.scaled(factor).arguments(population.model)
    if not same(weights):
        size = entry.kind.size
        one_sign = weights.min() >= 0 or weights.max() <= 0
        text, why = (
            sizes_of(entry.size_ * weights, i, j, si_label(arguments[size]))
            if one_sign
            else (None, "weights have both signs")
        )
        if text is None and one_sign and independent(weights, i) and independent(weights, j):
            arguments[size] = any_of(entry.size_ * weights, si_label(arguments[size]))
        elif text is None:
            audit.refuse(
                link.name,
                f"{link.code!r} onto {population.part.name}: {why}",
                "synapses of a drive have one size, or normal or lognormal ones",
                "their mean is taken",
            )
        else:
            arguments[size] = text
    return arguments


def _independent(link, part, i, j, trains, rate, audit):
    """(keywords, what is said, what is assumed) of trains that go onto one cell each."""
    into = np.bincount(j, minlength=part.size)
    inputs = max(1, round(float(into.mean())))
    if isinstance(rate, tuple):
        if np.ptp(into):
            audit.refuse(
                link.name,
                f"cells of {part.name} have {into.min()} to {into.max()} trains, whose rate changes in time",
                "give all cells as many trains",
                f"each has {inputs}",
            )
        return {"inputs": inputs, "rate": _table(rate)}, f"{inputs} independent trains on each cell", ""
    total = np.bincount(j, weights=np.broadcast_to(rate, (trains,))[i], minlength=part.size)
    if same(total):
        # Poisson trains add up: so many of their mean rate are the same
        mean = with_units(rounded(float(total[0]) / inputs), "Hz")
        said = f"{inputs} independent trains of {shown(mean)} on each cell"
        return {"inputs": inputs, "rate": mean}, said, ""
    rates = with_units(total / inputs, "Hz")
    return (
        {"inputs": inputs, "rate": rates},
        f"{inputs} independent trains on each cell, with a rate of its own, mean"
        f" {float(total.mean()) / inputs:.4g}"
        " Hz",
        "",
    )


def _shared(link, part, i, j, trains, rate, audit):
    """The same of trains of which each goes onto several cells."""
    law = law_of(i, j, trains, part.size, own=False)
    inputs = max(1, round(i.size / part.size))
    assumed = ""
    if not law.random:
        audit.refuse(
            link.name,
            f"trains onto {part.name}: {law.reason}",
            "shared trains go onto cells at random, each cell with as many",
            f"each cell sees {inputs} of {trains}, at random",
        )
    elif "in_degree" not in law.arguments:
        assumed = (
            f"{law.reason}: each cell sees {inputs} of the {trains} trains, the spread between cells is left"
            " out"
        )
        audit.warn(f"{link.name}: {assumed}")
    if isinstance(rate, tuple):
        given, shown = _table(rate), "changing in time"
    elif isinstance(rate, np.ndarray):
        given, shown = with_units(rate, "Hz"), f"of their own rates, mean {rate.mean():.4g} Hz"
    else:
        given, shown = with_units(rate, "Hz"), f"of {rate:g} Hz"
    keywords = {"inputs": inputs, "trains": trains, "rate": given}
    return keywords, f"{trains} trains {shown}, shared: each cell sees {inputs}", assumed


def _table(rate):
    times, rates = rate
    return with_units(times, "s"), with_units(rates, "Hz")


def note_drive(audit, name, read_, part, entry, arguments, said, assumed=""):
    """The line of a drive in the table."""
    size = arguments[entry.kind.size]
    audit.row(
        name,
        read_,
        f"drive {name}->{part.name}: {entry.kind.kind}, {entry.kind.size} = {shown(size)}; {said}",
        assumed,
    )
