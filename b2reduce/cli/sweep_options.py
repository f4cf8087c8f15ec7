"""Options of recorded sweeps, and what they are as arguments of `read_sweeps`."""

from __future__ import annotations

import click

from .arguments import options, read_axis

__all__ = ["SWEEPS", "sweep_arguments"]

#: Options that recordings alone have.
SWEEPS = options(
    click.option(
        "--g-added",
        "--added-g",
        "g_added",
        metavar="LIST",
        help="Conductances added by a dynamic clamp: one value for all, or one a file, '0 nS,10 nS,20 nS'.",
    ),
    click.option("--g-channel", metavar="NAME", help="Channel that recorded the added conductance."),
    click.option("--voltage", metavar="NAME", help="Channel of the cell, or electrode of an NWB file."),
    click.option("--command", metavar="NAME", help="DAC or channel of the injected current."),
    click.option(
        "--voltage-unit", metavar="UNIT", help="What the voltages are, where the file is wrong: 'mV'."
    ),
    click.option(
        "--command-unit", metavar="UNIT", help="What the currents are, where the file is wrong: 'pA'."
    ),
    click.option(
        "--currents",
        metavar="AXIS",
        help="Current of each sweep where the file does not say: '-50 pA:400 pA:10', or a list; with"
        " --window.",
    ),
    click.option(
        "--window", metavar="START,STOP", help="The step, such as '100 ms,600 ms'; by default found."
    ),
    click.option("--holding", metavar="I", help="Current of the amplifier that the files do not say."),
    click.option("--junction", metavar="V", help="Liquid junction potential, taken off all voltages."),
    click.option("--sweeps", metavar="LIST", help="Sweeps to read, such as '1,2,5-12'; by default all."),
    click.option("--protocol", metavar="TEXT", help="NWB: sweeps whose stimulus is called so, in part."),
    click.option("--spikes", metavar="METHOD", help="'threshold' (by default) or 'efel'."),
    click.option("--threshold", metavar="V", help="Voltage that peaks of spikes reach; by default -20 mV."),
    click.option("--slope", metavar="SLOPE", help="dV/dt that rises reach; by default '20 V/second'."),
    click.option("--refractory", metavar="T", help="After a spike in which no other is; by default 1 ms."),
    click.option(
        "--steady", type=float, metavar="SHARE", help="Share of the step for the steady rate; by default 0.5."
    ),
)


def sweep_arguments(words):
    """Arguments of `read_sweeps` from words."""
    readers = {
        "g_added": lambda text: read_axis(text, "--g-added"),
        "currents": lambda text: read_axis(text, "--currents"),
        "window": lambda text: tuple(part.strip() for part in text.split(",")),
        "sweeps": _numbers,
    }
    return {name: readers[name](value) if name in readers else value for name, value in words.items()}


def _numbers(text):
    """'1,2,5-12' as a list."""
    from ..basics.errors import InputError

    numbers: list = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            numbers += range(int(first), int(last) + 1) if dash else [int(first)]
        except ValueError:
            raise InputError(f"--sweeps: got {text!r}, expected numbers such as '1,2,5-12'") from None
        if len(numbers) > 100_000:
            raise InputError(f"--sweeps: got {text!r}, which are more than any recording has")
    return numbers
