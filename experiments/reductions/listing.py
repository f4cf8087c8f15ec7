"""The fixed list of circuits, and the circuits themselves, as they stand in files.

`circuits.toml` says of every circuit what it is and how its spiking reference is made; `circuits/NAME.toml` is
the circuit with its cells written out, so that nothing of what drew it is needed to read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import b2reduce as b2r
from b2reduce.basics.errors import InputError
from b2reduce.basics.files import read_toml

__all__ = ["FOLDER", "KINDS", "Listed", "circuit_of", "listed", "populations_of"]

#: Where this package stands: lists, references and entries lie beside its modules.
FOLDER = Path(str(files("b2reduce.experiments.reductions")))
KINDS = ("published", "random")


@dataclass(frozen=True)
class Listed:
    """A circuit of the list.

    Attributes
    ----------
    name : str
    kind : {"published", "random"}
    doi : str
        Of what was published; empty for random circuits.
    source : str
        What it is, and what of it is whose.
    drive : str
        What drives it, in words.
    duration, after : float
        Of a spiking run, and what is left out of it at the begin, s.
    seeds : tuple of int
        Of the spiking reference.
    of : str
        The circuit of the list that this is with other rates of the drives only; empty where it is none.
    at : dict
        {drive: rate} at which it is to be looked at, where that is not what its file says.
    """

    name: str
    kind: str
    doi: str
    source: str
    drive: str
    duration: float
    after: float
    seeds: tuple
    of: str = ""
    at: tuple = ()

    @property
    def family(self):
        """The name that circuits share which differ in the rates of their drives only."""
        return self.of or self.name


@cache
def listed():
    """{name: Listed}, in the order of the list.

    Raises
    ------
    InputError
        If an entry lacks something, or names a circuit that is not there.
    """
    path = FOLDER / "circuits.toml"
    data = read_toml(path, InputError)
    found = {}
    for entry in data["circuits"]:
        settings = {**data["defaults"], **entry}
        settings.update(seeds=tuple(settings["seeds"]), at=tuple(settings.get("at", {}).items()))
        one = Listed(**settings)
        if one.kind not in KINDS or (one.kind == "published") != bool(one.doi):
            raise InputError(
                f"{path}: {one.name}: got kind {one.kind!r} and DOI {one.doi!r}, expected a published circuit"
                " with its DOI, or a random one without"
            )
        if one.name in found or (one.of and one.of not in found):
            raise InputError(f"{path}: {one.name}: stands there twice, or before {one.of!r}, which it is of")
        found[one.name] = one
    return found


@cache
def circuit_of(name):
    """The circuit of this name, from its file."""
    return b2r.load_circuit(FOLDER / "circuits" / f"{name}.toml")


@cache
def populations_of(name):
    """Names of its populations, read without building anything."""
    return tuple(read_toml(FOLDER / "circuits" / f"{name}.toml", InputError)["populations"])
