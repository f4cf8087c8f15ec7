"""Circuits from the plain data of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..basics.arguments import described
from ..basics.errors import CircuitError, InputError, unknown_name
from .given_arrays import with_folder
from .load_model import load_model
from .neuron import NeuronModel
from .parts import Drive, Population, Projection
from .synapses.register import DEFAULT, synapse_kind

__all__ = ["KEYS", "POPULATION_KEYS", "circuit_arguments"]

#: Keys of a circuit's file, and of its populations.
KEYS, POPULATION_KEYS = (
    ("kind", "name", "title", "cite", "dt", "populations", "projections", "drives"),
    ("model", "size", "parameters", "feature", "initial"),
)


def circuit_arguments(data, source=""):
    """Arguments of `Circuit` from the content of a TOML file; unknown keys are errors."""
    data = dict(data)
    where = f"circuit {data.get('name', Path(source).stem or 'inline')!r}" + (
        f" ({source})" if source else ""
    )

    def check(content, known, key):
        if not isinstance(content, Mapping):
            raise CircuitError(f"{where}, {key.rstrip('.: ')}: got {described(content)}, expected a table")
        for name in content:
            if name not in known:
                raise CircuitError(f"{where}, {key}{name}: {unknown_name('key', name, known)}")
        return dict(content)

    check(data, KEYS, "")
    kind = data.pop("kind", "circuit")
    if kind != "circuit":
        raise CircuitError(f'{where}, kind: got {kind!r}, expected kind = "circuit"')
    populations = {}
    for name, entry in check(data.get("populations", {}), data.get("populations", {}), "populations").items():
        entry = check(entry, POPULATION_KEYS, f"populations.{name}.")
        for key in ("model", "size"):
            if key not in entry:
                raise CircuitError(f"{where}, populations.{name}: the key {key!r} is missing")
        model = entry.pop("model")
        try:
            if isinstance(model, Mapping):
                model = NeuronModel.from_dict(model)
            else:
                model = load_model(model, relative_to=Path(source).parent if source else None)
            populations[name] = Population(model, **entry)
        except InputError as error:
            raise CircuitError(f"{where}, populations.{name}: {error}") from None
    lists = {}
    for kind, type_ in (("projections", Projection), ("drives", Drive)):
        lists[kind] = []
        if not isinstance(data.get(kind, []), (list, tuple)):
            raise CircuitError(
                f"{where}, {kind}: got {described(data[kind])}, expected a list of tables: write [[{kind}]]"
            )
        for number, entry in enumerate(data.get(kind, ()), start=1):
            synapse = entry.get("kind", DEFAULT) if isinstance(entry, Mapping) else DEFAULT
            synapse_kind(synapse, f"{where}, {kind}, entry {number}: kind")
            entry = check(entry, type_.keys(synapse), f"{kind}, entry {number}: ")
            entry = with_folder(entry, Path(source).parent if source else None)
            for key in type_.needed(synapse, entry):
                if key not in entry:
                    raise CircuitError(f"{where}, {kind}, entry {number}: the key {key!r} is missing")
            try:
                lists[kind].append(type_(**entry))
            except InputError as error:
                raise CircuitError(f"{where}, {error}") from None
    rest = {key: data[key] for key in ("title", "cite", "dt") if key in data}
    name = data.get("name", Path(source).stem or "inline")
    return dict(populations=populations, **lists, **rest, name=name, source=str(source))
