"""Parameters of a circuit by their dotted names.

drive.NAME.FIELD, projection.SOURCE->TARGET.FIELD, population.NAME.PARAMETER.
"""

from __future__ import annotations

from dataclasses import replace as dataclass_replace

import numpy as np

from ..basics.arguments import described, mapping
from ..basics.display import quantity_text
from ..basics.errors import CircuitError, unknown_name
from ..basics.units import with_units

__all__ = ["chosen", "numbers_of", "replaced", "resolve", "value_of"]

#: Ways to say which cells are connected, of which a projection has one.
CONNECTED = ("in_degree", "probability", "wiring")
#: What can be changed of a projection and of a drive, besides the parameters of their synapses.
FIELDS = {
    "projection": ("delay", *CONNECTED, "profile", "plasticity", "start"),
    "drive": ("inputs", "profile", "rate", "spikes", "start", "trains"),
}

#: What can be changed of a population, besides the parameters of its cells.
OF_POPULATIONS = ("size", "initial")


def resolve(circuit, name, error, more=""):
    """(kind, which, attribute) of a dotted name; the arrow may be a colon, as it is written in a shell.

    Parameters
    ----------
    circuit : Circuit
    name : str
    error : type
        Of the exception that is raised where there is no such population, projection or drive.
    more : str
        What else could have been meant, for its message.
    """
    kind, _, rest = name.partition(".")
    which, _, attribute = rest.rpartition(".")
    targeted = tuple(f"{drive.name}->{drive.target}" for drive in circuit.drives)
    known = {
        "population": tuple(circuit.populations),
        "projection": circuit.labels,
        "drive": (*circuit.drive_names, *targeted),
    }
    if kind not in known:
        raise error(
            f"got {name!r}, expected drive.NAME.FIELD, projection.SOURCE->TARGET.FIELD or"
            f" population.NAME.PARAMETER{more}"
        )
    which = which if kind == "population" else which.replace(":", "->")
    if which not in known[kind]:
        whole, _, part = which.rpartition(".")
        if whole in known[kind]:  # within a table
            raise error(f"got {name!r}, expected the whole of {part!r}: give {kind}.{whole}.{part}, a table")
        raise error(unknown_name(kind, which, known[kind]))
    return kind, which, attribute


def chosen(circuit, kind, which):
    """[whether a name stands for it] of every projection or drive of a circuit."""
    if kind == "projection":
        return [label == which for label in circuit.labels]
    return [which in (drive.name, f"{drive.name}->{drive.target}") for drive in circuit.drives]


def numbers_of(circuit, kind, which):
    """{name: Parameter} of the numbers that all synapses that a name stands for have."""
    if kind == "population":
        return {}
    hits = zip(chosen(circuit, kind, which), getattr(circuit, f"{kind}s"))
    first, *others = ({p.name: p for p in entry.synapse_kind.numbers()} for hit, entry in hits if hit)
    return {name: p for name, p in first.items() if all(other.get(name) == p for other in others)}


def _fields(kind, entries):
    """Names of what all of some projections or drives have."""
    shared = set.intersection(*({*entry.parameters} for entry in entries))
    return tuple(sorted({*FIELDS[kind], *shared}))


def replaced_one(circuit, key, value):
    """A copy with one parameter changed."""
    kind, _, rest = key.partition(".")
    if kind in ("dt", "name", "title") and not rest:
        return dataclass_replace(circuit, **{kind: value})
    kind, which, attribute = resolve(circuit, key, CircuitError, more=" or dt")
    if value is None and attribute in ("rate", "spikes"):
        raise CircuitError("got None, expected a rate or spikes: a drive without both would fall silent")
    if kind == "population":
        old = circuit.populations[which]
        new = (
            dataclass_replace(old, **{attribute: value})
            if attribute in OF_POPULATIONS
            else old.with_parameter(attribute, value)
        )
        return dataclass_replace(circuit, populations={**circuit.populations, which: new})
    hits = chosen(circuit, kind, which)
    known = _fields(kind, [entry for hit, entry in zip(hits, getattr(circuit, f"{kind}s")) if hit])
    if attribute not in known:
        raise CircuitError(unknown_name("field", attribute, known))
    changes = {attribute: value}
    if attribute in CONNECTED:
        changes |= {name: None for name in CONNECTED if name != attribute}
    if attribute == "spikes":  # in place of the rate
        changes |= {"rate": None}
    entries = tuple(
        dataclass_replace(entry, **changes) if hit else entry
        for hit, entry in zip(hits, getattr(circuit, f"{kind}s"))
    )
    return dataclass_replace(circuit, **{f"{kind}s": entries})


def value_of(circuit, name):
    """The value of a parameter by its dotted name, as `replace` takes it."""
    kind, which, attribute = resolve(
        circuit, name, lambda message: CircuitError(f"{circuit._where}, {name}: {message}")
    )
    if kind == "population":
        population = circuit.populations[which]
        known = {"size": population.size, **population.model.parameters}
        known.setdefault(population.model.input, with_units(0.0, population.model.current_dim))
        entries, found = [which], [known.get(attribute)]
    else:
        hits = chosen(circuit, kind, which)
        entries = [entry for hit, entry in zip(hits, getattr(circuit, f"{kind}s")) if hit]
        known = _fields(kind, entries)
        found = [getattr(entry, attribute, None) for entry in entries]
    if attribute not in known:
        raise CircuitError(
            f"{circuit._where}, {name}:"
            f" {unknown_name('parameter' if kind == 'population' else 'field', attribute, known)}"
        )
    if any(np.ndim(value) or not isinstance(value, (int, float, np.number, np.ndarray)) for value in found):
        raise CircuitError(
            f"{circuit._where}, {name}: has no single number as its value, but {described(found[0])}"
        )
    if any(other != found[0] for other in found):
        raise CircuitError(
            f"{circuit._where}, {name}: stands for {', '.join(map(quantity_text, found))}, expected one"
            f" value; name the target as well, as in drive.{which}->{entries[0].target}.{attribute}"
        )
    return found[0]


def replaced(circuit, changes=None, **more):
    """A changed copy."""
    where = circuit._where
    changes = (
        {}
        if changes is None
        else mapping(changes, f"{where}, changes", '{"drive.ext.rate": 12*Hz}', CircuitError)
    )
    seen = {}
    for key, value in {**changes, **more}.items():
        if not isinstance(key, str):
            raise CircuitError(
                f'{where}, changes: got the name {described(key)}, expected text such as "drive.ext.rate"'
            )
        if (same := seen.setdefault(key.replace(":", "->"), key)) != key:
            raise CircuitError(
                f"{where}, changes: got {same!r} and {key!r}, which are one parameter; give it once"
            )
        try:
            circuit = replaced_one(circuit, key, value)
        except CircuitError as error:
            message = str(error)
            raise (
                error if message.startswith("circuit ") else CircuitError(f"{where}, {key}: {message}")
            ) from None
    return circuit
