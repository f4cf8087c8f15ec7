"""What the scripts of published results share.

Running their figures, and the table of published against measured.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

__all__ = ["Row", "SOURCES", "figures_of", "play", "run"]


SOURCES = {
    "paper": "a number or a claim of the paper",
    "theory": "a closed form or a derivation, evaluated here",
    "spiking": "the spiking simulation, run here",
}


@dataclass(frozen=True)
class Row:
    """One line of a script's table.

    Attributes
    ----------
    what : str
    published : str
        The number or the claim that is held against what is measured.
    measured : str
        With its uncertainty.
    within : bool or None
        Whether they agree within what both leave open; None where there is nothing to hold it against.
    source : {"theory", "paper", "spiking"}
        Where `published` comes from, as in `SOURCES`.
    """

    what: str
    published: str
    measured: str
    within: bool | None = None
    source: str = "theory"

    def __post_init__(self):
        if self.source not in SOURCES:
            raise ValueError(f"source: got {self.source!r}, expected one of {', '.join(SOURCES)}")
        object.__setattr__(self, "within", None if self.within is None else bool(self.within))


def figures_of(module):
    """[(name, function)] of a script's figures in order.

    Each takes ``long`` and returns (Figure, [Row, ...]).
    """
    names = [
        name
        for name in module
        if name.startswith("fig") and name[3:].isdigit() and inspect.isfunction(module[name])
    ]
    return [(name, module[name]) for name in sorted(names, key=lambda name: int(name[3:]))]


def run(module, arguments=None):
    """The command line of a script: draw its figures, print its table, exit with 1 where something is not
    within.

    Parameters
    ----------
    module : dict
        The script's globals().
    arguments : list of str, optional
        By default those of the process; none where the script runs as a notebook.
    """
    if arguments is None and "ipykernel" in sys.modules:
        play(module)
        return

    @click.command(help=module["__doc__"], context_settings={"help_option_names": ["-h", "--help"]})
    @options
    def command(**chosen):
        sys.exit(play(module, **chosen))

    command(arguments)


def options(command):
    """The options of a script, here and in ``b2reduce reproduce``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the table as JSON."),
        click.option(
            "-o",
            "--output",
            "folder",
            metavar="DIR",
            help="Write every figure there, as PNG and SVG, and the table as CSV.",
        ),
        click.option(
            "--only", multiple=True, metavar="FIG", help="Only this figure, such as fig2. May be repeated."
        ),
        click.option("--long", "long", is_flag=True, help="The full grid instead of a short run."),
    ):
        command = option(command)
    return command


def play(module, *, long=False, only=(), folder=None, as_json=False):
    """Run figures and print their table; 1 if a row is not within, else 0."""
    rows, began = [], time.monotonic()
    for _, _, more in drawn(module, long=long, only=only, folder=folder):
        rows += more
    table = [
        {
            "what": row.what,
            "published": row.published,
            "source": row.source,
            "measured": row.measured,
            "within": row.within,
        }
        for row in rows
    ]
    if folder:
        import pandas as pd

        path = Path(folder) / f"{stem(module)}.csv"
        pd.DataFrame(table).to_csv(path.with_suffix(".new"), index=False)
        path.with_suffix(".new").replace(path)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "title": module["TITLE"],
                    "doi": module["DOI"],
                    "seed": module["SEED"],
                    "long": long,
                    "table": table,
                    "departures": list(module["DEPARTURES"]),
                },
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        show(module, rows, time.monotonic() - began)
    written = (
        f"figures and table: {Path(folder) / stem(module)}*"
        if folder
        else "figures and table were not kept: -o DIR writes them"
    )
    click.echo(written, err=True)
    return 1 if any(row.within is False for row in rows) else 0


def stem(module):
    """Name of a script."""
    return Path(module["__file__"]).stem


def drawn(module, *, long=False, only=(), folder=None, formats=("png", "svg")):
    """Yield (name, Figure, [Row, ...]) of a script's figures, each written to a folder if one is given, and
    closed after use.
    """
    import matplotlib.pyplot as plt

    from b2reduce.results.plots.style import style

    known = dict(figures_of(module))
    unknown = [name for name in only if name not in known]
    if unknown:
        raise click.UsageError(f"--only: got {', '.join(unknown)}, expected one of {', '.join(known)}")
    chosen = [(name, known[name]) for name in known if not only or name in only]
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, draw in chosen:
        with plt.style.context(style()):
            figure, rows = draw(long)
            for kind in formats if folder else ():
                # Without the date the same figure is the same file.
                figure.savefig(
                    Path(folder) / f"{stem(module)}_{name}.{kind}",
                    metadata={"Date": None} if kind == "svg" else None,
                )
        yield name, figure, rows
        if "ipykernel" not in sys.modules:
            plt.close(figure)


def show(module, rows, seconds):
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{module['TITLE']}  {module['DOI']}", title_justify="left")
    for column in ("", "published", "source", "measured", "within"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row.what,
            row.published,
            row.source,
            row.measured,
            {True: "yes", False: "NO", None: ""}[row.within],
        )
    # Without markup: brackets in a formula are brackets.
    console = Console(width=None if sys.stdout.isatty() else 190, highlight=False, markup=False)
    console.print(table)
    for source in dict.fromkeys(row.source for row in rows):
        console.print(f"{source}: {SOURCES[source]}")
    for departure in module["DEPARTURES"]:
        console.print(f"departure: {departure}")
    console.print(f"{seconds:.0f} s")
