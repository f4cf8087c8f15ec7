"""Commands about files of circuits and cells: a new one, and what is wrong with one."""

from __future__ import annotations

import click

from .arguments import JSON
from .output import show_result

__all__ = ["check", "new"]


@click.command(short_help="Write a commented file to begin from.")
@click.argument("path", metavar="FILE")
@click.option(
    "--kind",
    type=click.Choice(["circuit", "neuron"]),
    default="circuit",
    show_default=True,
    help="What to describe.",
)
def new(path, kind):
    """Write a commented circuit (or with --kind neuron a cell) into the new FILE, which must end in .toml.

    It runs as it stands.
    """
    from importlib import resources

    from ..basics.files import new_file, write_text

    place = new_file(path, ".toml")
    write_text(
        place,
        resources.files("b2reduce")
        .joinpath(f"templates/{kind}.toml")
        .read_text(encoding="utf-8")
        .replace(f"my_{'circuit' if kind == 'circuit' else 'cell'}", _name(place.stem)),
    )
    click.echo(
        f"wrote {path}; b2reduce check {path} says what is wrong once it is changed, "
        + (
            f"b2reduce run {path} -o {place.stem} runs it"
            if kind == "circuit"
            else f"b2reduce fi {path} --I '0 nA:1 nA:21' --g '10 nS,20 nS' measures it"
        ),
        err=True,
    )


def _name(stem):
    """A file's name as a name of a circuit within quotes."""
    return "".join(letter if letter.isalnum() or letter in "_-. " else "_" for letter in stem)


@click.command(short_help="Say all that is wrong with a file.")
@click.argument("path", metavar="FILE")
@JSON
@click.pass_context
def check(context, path, as_json):
    """Read a circuit or neuron FILE and say all that is wrong with it, at once.

    Exit status 2 where something is.
    """
    from ..circuit.file_check import check_file

    faults = check_file(path)
    show_result(
        {"file": path, "faults": faults},
        as_json,
        lambda: [click.echo(f"{path}: {fault}") for fault in faults],
    )
    count = {0: "nothing is", 1: "1 thing is"}.get(len(faults), f"{len(faults)} things are")
    click.echo(f"{path}: {count} wrong", err=True)
    context.exit(2 if faults else 0)


@click.command(short_help="Remove the compiled kernels.")
def clean():
    """Remove the kernels and networks that were compiled and are kept between runs.

    They are built again when needed.
    """
    from ..basics.compiler import clean_cache
    from ..basics.environment import cache_folder
    from ..cells.engine.sources import clean_sources
    from ..networks.engines.programs import clean_programs

    clean_sources()
    click.echo(
        f"removed {clean_cache()} kernels and {clean_programs()} networks from {cache_folder()}", err=True
    )
