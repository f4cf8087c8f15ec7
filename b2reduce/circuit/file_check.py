"""All that is wrong with a circuit or neuron file, at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..basics.arguments import described
from ..basics.errors import CircuitError, InputError, ModelError, unknown_name
from ..basics.files import read_toml
from ..basics.units import parse_quantity
from .circuit import Circuit
from .circuit_reading import KEYS as CIRCUIT_KEYS
from .circuit_reading import POPULATION_KEYS
from .given_arrays import with_folder
from .load_model import load_model
from .neuron import NeuronModel
from .neuron_reading import KEYS as NEURON_KEYS
from .neuron_reading import NEEDED as NEURON_NEEDED
from .parts import Drive, Population, Projection
from .roles import ROLES
from .sizes import Sizes
from .starting_values import check_initial
from .synapses.register import DEFAULT, synapse_kind

__all__ = ["check_file"]

#: Values that stand in for the other fields of an entry while one field is tried.
_FINE = {
    Projection: {"source": "E", "target": "E", "in_degree": 1},
    Drive: {"name": "fine", "target": "E", "inputs": 1, "rate": "1 Hz"},
}


def check_file(path):
    """[fault] of a circuit or neuron file, each with the place where it stands; empty where the file is fine.

    Parameters
    ----------
    path : path
        Of a TOML file.

    Raises
    ------
    InputError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        data = read_toml(path, InputError)
    except InputError as error:
        return [str(error).removeprefix(f"{path}: ")]
    kind = data.get("kind", "circuit" if "populations" in data else "neuron")
    if kind not in ("circuit", "neuron"):
        return [f"kind: {unknown_name('kind', kind, ('circuit', 'neuron'))}"]
    found = _circuit_faults(data, path) if kind == "circuit" else _neuron_faults(data, path)
    return list(dict.fromkeys(found))  # one fault that shows in several places once


def _said(error, *prefixes):
    """What an error says beyond where it stands."""
    text = str(error)
    for prefix in prefixes:
        text = text.removeprefix(prefix)
    return text


def _tried(build, *prefixes):
    try:
        build()
    except InputError as error:
        return [_said(error, *prefixes)]
    return []


def _keys(data, known, where=""):
    return [f"{where}{key}: {unknown_name('key', key, known)}" for key in data if key not in known]


def _missing(data, needed, where=""):
    return [f"{where}the key {key!r} is missing" for key in needed if key not in data]


def _neuron_faults(data, path, where=""):
    found = _keys(data, NEURON_KEYS, where) + _missing(data, NEURON_NEEDED, where)
    roles = data.get("roles", {})
    for table in ("roles", "parameters", "initial", "departures"):
        if not isinstance(data.get(table, {}), Mapping):
            found.append(f"{where}{table}: got {described(data[table])}, expected a table: write [{table}]")
    found += _keys(roles, ROLES, f"{where}roles.") if isinstance(roles, Mapping) else []
    for table in ("parameters", "initial"):
        for key, value in data.get(table, {}).items() if isinstance(data.get(table, {}), Mapping) else ():
            if not (table == "parameters" and isinstance(value, str) and value.strip().startswith("normal(")):
                found += [f"{where}{table}.{key}: {fault}" for fault in _tried(lambda: parse_quantity(value))]
    if found:
        return found  # what the equations are to be held against is not known
    name = data.get("name", path.stem)
    try:
        NeuronModel.from_dict(data, source=str(path))
    except ModelError as error:
        return [where + _said(error, f"neuron {name!r} ({path}), ", f"neuron {name!r}, ")]
    return []


def _population_faults(name, entry, path):
    """(faults, Population or None)."""
    where = f"populations.{name}"
    if not isinstance(entry, Mapping):
        return [f"{where}: got {described(entry)}, expected a table: write [{where}]"], None
    found = _keys(entry, POPULATION_KEYS, f"{where}.") + _missing(entry, ("model", "size"), f"{where}: ")
    if "size" in entry:
        found += [f"{where}.{fault}" for fault in _tried(lambda: Population("lif", entry["size"]))]
    if "feature" in entry:
        found += [
            f"{where}.{fault}" for fault in _tried(lambda: Population("lif", 1000, feature=entry["feature"]))
        ]
    if "model" not in entry:
        return found, None
    try:
        model = (
            NeuronModel.from_dict(entry["model"])
            if isinstance(entry["model"], Mapping)
            else load_model(entry["model"], relative_to=path.parent)
        )
    except InputError as error:
        own = (
            _neuron_faults(entry["model"], path, f"{where}.model.")
            if isinstance(entry["model"], Mapping)
            else [f"{where}.model: {error}"]
        )
        return found + (own or [f"{where}.model: {error}"]), None
    parameters = entry.get("parameters", {})
    if not isinstance(parameters, Mapping):
        return [
            *found,
            (
                f'{where}.parameters: got {described(parameters)}, expected a table such as {{ V_th = "-50'
                ' mV" }'
            ),
        ], None
    for key, value in parameters.items():
        found += [f"{where}: {fault}" for fault in _tried(lambda: model.with_parameters({key: value}))]
    if found:
        return found, None
    try:
        population = Population(model, **{key: value for key, value in entry.items() if key != "model"})
        check_initial(name, population)
        return [], population
    except InputError as error:
        return [f"{where}: {_said(error, f'{where}, ')}"], None


def _entry_faults(type_, entry, where, names):
    """Faults of one projection or drive, field by field."""
    if not isinstance(entry, Mapping):
        return [f"{where}: got {described(entry)}, expected a table"]
    kind = entry.get("kind", DEFAULT)
    if unknown := _tried(lambda: synapse_kind(kind, f"{where}, kind")):
        return unknown  # which parameters it has is not known
    values = {parameter.name: parameter for parameter in synapse_kind(kind, "kind").parameters}
    known = type_.keys(kind)
    found = _keys(entry, known, f"{where}, ") + _missing(entry, type_.needed(kind, entry), f"{where}: ")
    for key, value in entry.items():
        if key not in known:
            continue
        if key in ("source", "target") and isinstance(value, str):
            found += [] if value in names else [f"{where}, {key}: {unknown_name('population', value, names)}"]
            continue
        label = "projection E->E, " if type_ is Projection else "drive fine->E, "
        if key in values:  # by itself: it may not go together with the values that stand in for the others
            read = lambda: synapse_kind(kind, "kind").read_one(values[key], value, label.removesuffix(", "))
            faults = _tried(read, label)
            found += [f"{where}, {key}: {fault.removeprefix(f'{key}: ')}" for fault in faults]
            differ = not faults and isinstance(read(), Sizes)
            if fault := values[key].unit_fault(read().mean if differ else value):
                found.append(f"{where}, {key}: {fault}")
            continue
        fine = {**_FINE[type_], "kind": kind, **{name: item.example for name, item in values.items()}}
        if key in ("probability", "wiring"):
            fine.pop("in_degree")
        if key == "spikes":
            fine.pop("rate")
        if key == "trains":  # whether there are enough is seen with the whole entry
            fine["inputs"] = 1
        found += [
            f"{where}, {key}: {fault.removeprefix(f'{key}: ')}"
            for fault in _tried(
                lambda: type_(**{**fine, key: value}),
                label,
                f"drive {value}->E: " if key == "name" else "drive fine->E: ",
            )
        ]
    if not found:
        found += [f"{where}: {fault}" for fault in _tried(lambda: type_(**entry))]
    return found


def _circuit_faults(data, path):
    found = _keys(data, CIRCUIT_KEYS) + _missing(data, ("populations",))
    populations = data.get("populations", {})
    if not isinstance(populations, Mapping):
        return [
            *found,
            f"populations: got {described(populations)}, expected tables: write [populations.NAME]",
        ]
    built = {}
    for name, entry in populations.items():
        faults, population = _population_faults(name, entry, path)
        found += faults
        if population is not None:
            built[name] = population
    alone = Population("lif", 1000)
    where = lambda error: _said(
        error, f"circuit {data.get('name', path.stem)!r} ({path}), ", "circuit 'inline', "
    )
    for name in populations:
        found += [fault for fault in map(where, _tried(lambda: Circuit(populations={name: alone})))]
    for key in ("dt", "name", "title", "cite"):
        if key in data:
            found += [
                fault
                for fault in map(
                    where,
                    _tried(
                        lambda: Circuit(populations={"E": alone}, **{key: data[key]}),
                        f"circuit {described(data[key])}, ",
                    ),
                )
            ]
    entries = {}
    for kind, type_ in (("projections", Projection), ("drives", Drive)):
        listed = data.get(kind, [])
        if not isinstance(listed, (list, tuple)):
            found.append(f"{kind}: got {described(listed)}, expected a list of tables: write [[{kind}]]")
            continue
        entries[kind] = []
        for number, entry in enumerate((with_folder(entry, path.parent) for entry in listed), start=1):
            faults = _entry_faults(type_, entry, f"{kind}, entry {number}", populations)
            found += faults
            if not faults and entry["target"] in built and entry.get("source", entry["target"]) in built:
                made = type_(**entry)
                faults = [
                    f"{kind}, entry {number}: {fault}"
                    for fault in map(where, _tried(lambda: Circuit(populations=built, **{kind: [made]})))
                ]
                found += faults
                entries[kind] += [] if faults else [made]
    if not found:  # what only shows in the whole: names that occur twice
        try:
            Circuit.from_dict(data, source=str(path))
        except CircuitError as error:
            found.append(where(error))
    return found
