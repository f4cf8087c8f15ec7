"""What the commands share: options, how their values are read, and how results are shown and written."""

from __future__ import annotations

import functools

import click


def options(*decorators):
    def apply(function):
        return functools.reduce(lambda wrapped, decorator: decorator(wrapped), reversed(decorators), function)

    return apply


def _completed(kind):
    def complete(context, parameter, start):
        from click.shell_completion import CompletionItem

        from ..circuit.library import data_names

        return [CompletionItem(name) for name in data_names(kind) if name.startswith(start)] or [
            CompletionItem(start, type="file")
        ]

    return complete


class _Registered(click.ParamType):
    """One of the names in a register, which is read when names are asked for: commands are listed without."""

    def __init__(self, name, register):
        self.name, self._register = name, register

    @property
    def _choice(self):
        return click.Choice(list(self._register()))

    def get_metavar(self, *where, **which):
        return self._choice.get_metavar(*where, **which)

    def get_missing_message(self, *where, **which):
        return self._choice.get_missing_message(*where, **which)

    def convert(self, value, param, ctx):
        return self._choice.convert(value, param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        return self._choice.shell_complete(ctx, param, incomplete)


def _exporters():
    from ..reduction.exporters.register import EXPORTERS

    return EXPORTERS


EXPORTER = _Registered("exporter", _exporters)


def _kept(context, parameter, value):
    """Keep an option for what reads circuits, of which commands need not know."""
    context.meta[f"b2reduce.{parameter.name}"] = value


CIRCUIT_NAME = options(
    click.argument("circuit", shell_complete=_completed("circuits")),
    click.option(
        "--leave-out",
        is_flag=True,
        expose_value=False,
        callback=_kept,
        help="Of a script (my_script.py): leave out what a circuit cannot have, with a warning of each.",
    ),
)
MODEL_NAME = click.argument("model", shell_complete=_completed("neurons"))
OUTPUT = click.option(
    "-o", "--output", "folder", metavar="DIR", help="Write everything into this new folder."
)
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON: SI floats, units in the keys."
)
SEED = click.option("--seed", default=1, show_default=True, help="Decides every random number.")
CIRCUIT = options(
    CIRCUIT_NAME,
    click.option(
        "--level",
        help=(
            "Kind of rate model: 'linear' (by default), 'gain', 'surface' or 'transfer' (by default of run,"
            " where a circuit can have it)."
        ),
    ),
    click.option(
        "--noise",
        default="renewal",
        show_default=True,
        help=(
            "'renewal': gains in the synaptic noise of the operating point, as regular as the cells fire; "
            "'quenched': and in cells that differ in their inputs; 'matched': with Poisson trains; "
            "'none': without."
        ),
    ),
    click.option("--cells", is_flag=True, help="One rate unit a cell, on the spiking network's own wiring."),
    click.option(
        "--any-weights",
        is_flag=True,
        expose_value=False,
        callback=_kept,
        help=(
            "Of a script, without --cells: go on with weights that differ within a block without running its"
            " network with these shuffled, which refuses it where rates move."
        ),
    ),
    click.option(
        "--tau",
        default="membrane",
        show_default=True,
        help="'membrane', 'synaptic', 'fitted', 'resonant', 'pathway', 'moving', or a time such as '10 ms'.",
    ),
    click.option(
        "--at",
        "at",
        multiple=True,
        metavar="DRIVE=RATE",
        help="Rate of a drive at which the operating point is found.",
    ),
    click.option("--window", metavar="LO,HI", help="Rates at which gains are fitted, such as '5 Hz,60 Hz'."),
    click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help=(
            "Change the circuit: drive.ext.rate='12 Hz', projection.I:E.G='0.5 nS' (or 'projection.I->E.G=0.5"
            " nS', in quotes), population.E.V_th='-48 mV'. May be repeated."
        ),
    ),
    click.option("--dt", help="Time step; by default the circuit's."),
)


#: On an axis; what is more would fill the memory before anything is measured.
MOST_POINTS = 100_000


def read_axis(text, option):
    """'0 nA:1 nA:41' or '10 nS,20 nS' as a list of Quantities."""
    import numpy as np
    from brian2 import Quantity

    from ..basics.errors import InputError
    from ..basics.units import parse_quantity

    try:
        if ":" not in text:
            return Quantity([parse_quantity(item) for item in text.split(",")])
        first, last, number = text.split(":")
        first, last, number = parse_quantity(first), parse_quantity(last), int(number)
        if number < 1:
            raise ValueError
        if number > MOST_POINTS:
            raise InputError(f"got {number} values in {text!r}, expected at most {MOST_POINTS}; take fewer")
        return Quantity(np.linspace(0, 1, number) * (last - first) + first)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
    except Exception:
        raise InputError(
            f"{option}: got {text!r}, expected 'first:last:number' such as '0 nA:1 nA:41', or values of one"
            " unit between commas"
        ) from None


def read_pair(text, option):
    if text is None:
        return None
    from ..basics.errors import InputError
    from ..basics.units import to_si, with_units

    parts = text.split(",")
    if len(parts) != 2:
        raise InputError(f"{option}: got {text!r}, expected two rates such as '5 Hz,60 Hz'")
    return tuple(with_units(to_si(part, "Hz", option), "Hz") for part in parts)


def read_noise(path):
    """Drives of a TOML file that holds nothing else."""
    if path is None:
        return None
    from pathlib import Path

    from ..basics.errors import InputError, unknown_name
    from ..basics.files import read_toml
    from ..circuit.parts import Drive
    from ..circuit.synapses.register import DEFAULT, synapse_kind

    data = read_toml(Path(path), InputError)
    for key in data:
        if key != "drives":
            raise InputError(f"{path}, {key}: {unknown_name('key', key, ('drives',))}")
    if not isinstance(data.get("drives", []), list) or not all(
        isinstance(entry, dict) for entry in data.get("drives", [])
    ):
        raise InputError(f"{path}, drives: got {data['drives']!r}, expected tables: write [[drives]]")
    drives = []
    for number, entry in enumerate(data.get("drives", ()), start=1):
        kind = entry.get("kind", DEFAULT)
        synapse_kind(kind, f"{path}, drives, entry {number}, kind")
        known = Drive.keys(kind)
        for key in entry:
            if key not in known:
                raise InputError(f"{path}, drives, entry {number}, {key}: {unknown_name('key', key, known)}")
        try:
            drives.append(Drive(**{"name": f"noise{number}", **entry}))
        except InputError as error:
            raise InputError(f"{path}, {error}") from None
    if not drives:
        raise InputError(f"{path}: there is no [[drives]] in it")
    return drives
