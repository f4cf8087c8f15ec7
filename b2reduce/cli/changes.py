"""Changes of circuits as a command line has them: NAME=VALUE."""

from __future__ import annotations

from .arguments import read_axis
from .imported import circuit_named

__all__ = ["read_along", "read_changes", "read_circuit", "read_grid", "read_name"]


def read_name(entry, option, example):
    """(name, text behind the equals sign) of NAME=VALUE; I:E in a name is I->E."""
    from ..basics.errors import InputError

    name, equals, value = entry.partition("=")
    name, value = name.strip().strip("'\""), value.strip().strip("'\"")
    if not equals and name.endswith("-"):
        raise InputError(
            f"{option}: got {entry!r}, of which the shell took the rest for the name of a file to write,"
            f" since > stands in it: put it in quotes, or write a colon, {name.removesuffix('-')}:E...; the"
            " shell may have made an empty file here whose name begins with what stood behind the >"
        )
    if not equals or not name or not value:
        raise InputError(f"{option}: got {entry!r}, expected {example}")
    return (name.replace(":", "->") if name.startswith(("projection.", "drive.")) else name), value


def read_changes(entries, option="--set"):
    """{name: value} of NAME=VALUE."""
    example = (
        "DRIVE=RATE, such as ext='12 Hz'"
        if option == "--at"
        else "NAME=VALUE, such as drive.ext.rate='12 Hz' or projection.I:E.G='0.5 nS'"
    )
    read = [read_name(entry, option, example) for entry in entries]
    twice = [name for number, (name, _) in enumerate(read) if name in [other for other, _ in read[:number]]]
    if twice:
        from ..basics.errors import InputError

        raise InputError(f"{option}: got {twice[0]!r} twice; give it once")
    return {name: _changed(value, f"{option}, {name}") for name, value in read}


def _changed(text, key):
    """The value that a text stands for: tables and lists as files have them, a count, or the text."""
    if text.isdigit():
        return int(text)
    if not text.startswith(("{", "[")):
        return text
    import tomllib

    from ..basics.errors import InputError

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        raise InputError(
            f"{key}: got {text!r}, expected a table or a list as in a file, the whole in single quotes, such"
            ' as \'{ kind = "cosine", modulation = 0.6 }\' or \'["1 ms", "2 ms"]\''
        ) from None


def read_circuit(name, changes):
    return circuit_named(name).replace(read_changes(changes))


def read_along(text):
    """(name, [lowest, highest]) of NAME=LO,HI."""
    from ..basics.errors import InputError
    from ..basics.units import parse_quantity

    if not text:
        return None, None
    example = "NAME=LO,HI, such as drive.ext.rate='4 Hz,20 Hz'"
    name, ends = read_name(text, "--along", example)
    if len(ends.split(",")) != 2:
        raise InputError(f"--along: got {text!r}, expected {example}")
    return name, [parse_quantity(end) for end in ends.split(",")]


def read_grid(entries):
    grid = {}
    for entry in entries:
        name, axis = read_name(
            entry,
            "--grid",
            "NAME=AXIS, such as drive.ext.rate='8 Hz:20 Hz:7' or projection.I:E.G='1 nS,2 nS'",
        )
        # Counts, such as in-degrees
        values = [int(item) if item.strip().isdigit() else None for item in axis.split(",")]
        grid[name] = values if None not in values else list(read_axis(axis, f"--grid {name}"))
    return grid
