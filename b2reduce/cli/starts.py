"""The state that the networks of a command start in."""

from __future__ import annotations

import click

from .changes import read_name

__all__ = ["START", "read_start"]

START = click.option(
    "--start",
    "start",
    multiple=True,
    metavar="STATE",
    help=(
        "State that all networks start in: 'silent', 'active', or rates such as --start E='10 Hz' --start"
        " I='12 Hz'."
    ),
)


def read_start(entries):
    """What `validate` takes as `initial`: the name of a state, or rates; None where nothing was given."""
    if not entries:
        return None
    if len(entries) == 1 and "=" not in entries[0]:
        return entries[0].strip()
    example = "silent, active, or POPULATION=RATE such as E='10 Hz'"
    return dict(read_name(entry, "--start", example) for entry in entries)
