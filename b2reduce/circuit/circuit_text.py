"""Circuits as text: the TOML file that reads back to the same circuit, and tables for people."""

from __future__ import annotations

from ..basics.display import amount, quantity_text
from ..basics.files import write_bytes, write_text
from ..basics.toml_text import toml_text
from ..basics.units import format_quantity
from .library import data_names
from .load_model import load_model
from .sizes import Sizes
from .spread import Spread, text_of

__all__ = ["circuit_tables", "circuit_toml"]


def save_circuit(circuit, path):
    """Write a circuit's file, and beside it npz files for the wiring of every projection that has one, and
    for the trains of every drive that replays some.
    """
    files = {}
    for kind, key in (("projections", "wiring"), ("drives", "spikes")):
        for number, entry in enumerate(getattr(circuit, kind)):
            if (given := getattr(entry, key)) is not None:
                file = f"{path.stem}_{key}_{number + 1}.npz"
                files[kind, number, key] = file
                write_bytes(path.with_name(file), given.npz())
    write_text(path, circuit_toml(circuit, files))


def circuit_toml(circuit, files=None):
    """The text of a circuit's file; see `Circuit.to_toml`.

    `files` holds names of files with wiring or spikes, {(list, number, key): name}; without, they stand in
    the text.
    """
    data = circuit.to_dict()
    for (kind, number, key), file in (files or {}).items():
        data[kind][number][key] = file
    for name, population in circuit.populations.items():
        data["populations"][name].update(_cell_by_name(population.model))
    return toml_text(data, tables=["populations"], lists=["projections", "drives"])


def _cell_by_name(model):
    """The model of a population as the TOML file has it.

    By name where the package has that cell, else written out.
    """
    if model.name not in data_names("neurons"):
        return {}
    base = load_model(model.name)
    changed = {
        key: value
        for key, value in model.parameters.items()
        if key not in base.parameters or text_of(value) != text_of(base.parameters[key])
    }
    if (
        not set(changed) <= {*base.parameters, base.input}
        or base.with_parameters(changed).to_dict() != model.to_dict()
    ):
        return {}
    written = {key: text_of(value) for key, value in changed.items()}
    return {"model": model.name, **({"parameters": written} if written else {})}


def _inputs(circuit, projection):
    """Inputs of a cell in a word."""
    if projection.wiring is not None:
        degrees = projection.wiring.in_degrees(circuit.populations[projection.target].size)
        return f"{degrees.mean():.4g} ± {degrees.std():.3g}, given"
    return projection.in_degree if projection.in_degree is not None else f"p = {projection.probability:g}"


def _delays(projection):
    if projection.wiring is not None and projection.wiring.delay is not None:
        found = projection.wiring.delay
        return " to ".join(amount(value, "s") for value in dict.fromkeys((found.min(), found.max())))
    return " to ".join(map(quantity_text, projection.delay))


def _seen(drive):
    """Trains on a cell in a word."""
    return drive.inputs if drive.trains is None else f"{drive.inputs} of {drive.trains}"


def _rate(drive):
    if drive.many_rates:
        return str(drive.rate)
    if drive.constant:
        return quantity_text(drive.rate)
    return f"{len(drive.rate[0])} values, in the long run {amount(drive.rate_, 'Hz')}"


def circuit_tables(circuit):
    """[(columns, rows, title)] of populations, of projections, and of drives, where there are any."""
    shown = lambda value: str(value) if isinstance(value, (str, Sizes, Spread)) else quantity_text(value)
    changed = lambda parameters: ", ".join(f"{key} = {shown(value)}" for key, value in parameters.items())
    # Where there are several kinds of synapses, what one of them has not is left open.
    kinds = circuit.synapse_kinds
    names = tuple(dict.fromkeys(parameter.name for kind in kinds for parameter in kind.parameters))
    several = len(kinds) > 1
    columns = (*(["synapses"] if several else []), *names)
    # What things start from, where any says so
    started = any(entry.start is not None for entry in (*circuit.projections, *circuit.drives))
    initial = any(p.initial for p in circuit.populations.values())
    starts = lambda p: [", ".join(f"{key} = {each}" for key, each in p.initial.items())] if initial else []
    values = lambda entry: (
        *([entry.kind] if several else []),
        *(shown(entry.parameters.get(name, "")) for name in names),
        *([str(entry.start or "")] if started else []),
    )
    given = lambda said: ["start"] if said else []
    populations = [
        (name, p.size, p.model.name, changed(p.parameters), p.feature or "", *starts(p))
        for name, p in circuit.populations.items()
    ]
    projections = [
        (label, _inputs(circuit, p), *values(p), _delays(p))
        for label, p in zip(circuit.labels, circuit.projections)
    ]
    drives = [(f"{d.name}->{d.target}", _seen(d), _rate(d), *values(d)) for d in circuit.drives]
    tables = (
        (("population", "cells", "model", "changed", "feature", *given(initial)), populations),
        (("projection", "inputs", *columns, *given(started), "delay"), projections),
        (("drive", "inputs", "rate", *columns, *given(started)), drives),
    )
    return [(columns, rows, "") for columns, rows in tables if rows]


def circuit_to_dict(circuit):
    """Plain data: what the TOML file says, with the models written out."""
    return {
        "kind": "circuit",
        "name": circuit.name,
        "title": circuit.title,
        "cite": list(circuit.cite),
        "dt": format_quantity(circuit.dt),
        "populations": {
            name: {
                "model": p.model.to_dict(),
                "size": p.size,
                **({"feature": p.feature} if p.feature else {}),
                **(
                    {"initial": {key: each.to_dict() for key, each in p.initial.items()}} if p.initial else {}
                ),
            }
            for name, p in circuit.populations.items()
        },
        "projections": [projection.to_dict() for projection in circuit.projections],
        "drives": [drive.to_dict() for drive in circuit.drives],
    }
