"""What the scripts of published results share: running their figures, and the table of published against measured."""

from __future__ import annotations

import inspect
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

__all__ = ["Row", "figures_of", "run"]


@dataclass(frozen=True)
class Row:
    """One line of a script's table.

    Attributes
    ----------
    what : str
    published : str
        The number or claim, and where it stands.
    measured : str
        With its uncertainty.
    within : bool or None
        Whether they agree within what both leave open; None where there is nothing to hold it against.
    """

    what: str
    published: str
    measured: str
    within: bool | None = None


def figures_of(module):
    """[(name, function)] of a script's figures in order; each takes ``long`` and returns (Figure, [Row, ...])."""
    names = [name for name in module if name.startswith("fig") and name[3:].isdigit() and inspect.isfunction(module[name])]
    return [(name, module[name]) for name in sorted(names, key=lambda name: int(name[3:]))]


def run(module, arguments=None):
    """The command line of a script: draw its figures, print its table, exit with 1 where something is not within.

    Parameters
    ----------
    module : dict
        The script's globals().
    arguments : list of str, optional
        By default those of the process; none where the script runs as a notebook.
    """
    @click.command(help=module["__doc__"], context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--long", "long", is_flag=True, help="The full grid instead of a short run.")
    @click.option("--only", multiple=True, metavar="FIG", help="Only this figure, such as fig2. May be repeated.")
    @click.option("-o", "--output", "folder", metavar="DIR", help="Write every figure there, as PNG and SVG.")
    def command(long, only, folder):
        rows = play(module, long=long, only=only, folder=folder)
        sys.exit(1 if any(row.within is False for row in rows) else 0)

    if arguments is None and "ipykernel" in sys.modules:
        play(module)
        return
    command(arguments)


def play(module, *, long=False, only=(), folder=None):
    """Run figures; returns the rows of all of them."""
    rows, began = [], time.monotonic()
    for _, _, more in drawn(module, long=long, only=only, folder=folder):
        rows += more
    show(module, rows, time.monotonic() - began)
    return rows


def drawn(module, *, long=False, only=(), folder=None, formats=("png", "svg")):
    """Yield (name, Figure, [Row, ...]) of a script's figures, each written to a folder if one is given, and closed after use."""
    import matplotlib.pyplot as plt

    from b2reduce.plots import style

    chosen = [(name, draw) for name, draw in figures_of(module) if not only or name in only]
    if not chosen:
        raise click.UsageError(f"--only: got {', '.join(only)}, expected one of {', '.join(name for name, _ in figures_of(module))}")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, draw in chosen:
        with plt.style.context(style()):
            figure, rows = draw(long)
            for kind in formats if folder else ():
                # Without the date the same figure is the same file.
                figure.savefig(Path(folder) / f"{Path(module['__file__']).stem}_{name}.{kind}", metadata={"Date": None} if kind == "svg" else None)
        yield name, figure, rows
        if "ipykernel" not in sys.modules:
            plt.close(figure)


def show(module, rows, seconds):
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{module['TITLE']}  {module['DOI']}", title_justify="left")
    for column in ("", "published", "measured", "within"):
        table.add_column(column)
    for row in rows:
        table.add_row(row.what, row.published, row.measured, {True: "yes", False: "NO", None: ""}[row.within if row.within is None else bool(row.within)])
    # Without markup: brackets in a formula are brackets.
    console = Console(width=None if sys.stdout.isatty() else 170, highlight=False, markup=False)
    console.print(table)
    for departure in module.get("DEPARTURES", ()):
        console.print(f"departure: {departure}")
    console.print(f"{seconds:.0f} s")
