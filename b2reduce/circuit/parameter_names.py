"""Parameters of a circuit by their dotted names.

Drive.NAME.FIELD, projection.SOURCE->TARGET.FIELD, population.NAME.PARAMETER.
"""

from __future__ import annotations

from ..basics.errors import unknown_name

__all__ = ["FIELDS", "chosen", "resolve"]

#: What can be changed of a projection and of a drive.
FIELDS = {
    "projection": ("E", "G", "delay", "in_degree", "probability", "profile", "tau"),
    "drive": ("E", "G", "inputs", "profile", "rate", "tau"),
}


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
        raise error(unknown_name(kind, which, known[kind]))
    return kind, which, attribute


def chosen(circuit, kind, which):
    """[whether a name stands for it] of every projection or drive of a circuit."""
    if kind == "projection":
        return [label == which for label in circuit.labels]
    return [which in (drive.name, f"{drive.name}->{drive.target}") for drive in circuit.drives]
