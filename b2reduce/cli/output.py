"""What commands print and write."""

from __future__ import annotations

import io
import json
import os
import sys

import click


def speak_utf8(streams=None):
    """Have what is printed be UTF-8, as files are: pipes of Windows take an alphabet of the country.

    Whoever names another in PYTHONIOENCODING gets it, with question marks for what it lacks.
    """
    chosen = {"errors": "replace"} if os.environ.get("PYTHONIOENCODING") else {"encoding": "utf-8"}
    for stream in streams or (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(**chosen)


def check_output(folder, resumable=False):
    """Refuse an output folder that cannot be, before anything runs."""
    if folder:
        from ..basics.files import check_output_folder

        click.get_current_context().meta["b2reduce.folder"] = folder
        check_output_folder(folder, filled=resumable)


def show_result(data, as_json, show):
    if as_json:
        from ..basics.files import without_nan

        click.echo(json.dumps(without_nan(data), indent=2, ensure_ascii=False))
    else:
        show()


def show_table(title, columns, rows):
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(str, row))
    # A pipe has no width: rows stay whole for grep and for people who redirect.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


def show_warnings(warnings):
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def fi_figure(surface, gain, title):
    """What draws an f-I curve into an Axes."""
    from ..results.plots.cells import plot_fi

    return lambda ax: plot_fi(surface, gain, ax=ax).set_title(title)


def write_results(folder, result, documents, tables, figures, texts=None, beside=None):
    """A result, from which `load` reads it back, with JSON, CSV, figures and texts, into a new folder.

    Parameters
    ----------
    folder : str
    result : object
    documents, tables, texts : dict of str to dict, DataFrame, str
        By the name of their file.
    figures : dict of str to callable
        What draws each into an Axes.
    beside : dict of str to object
        Other results, each in a folder of its own within.
    """
    from matplotlib.figure import Figure
    from matplotlib.style import context

    from ..basics.files import output_folder, write_json, write_text
    from ..results.archive import add_archive
    from ..results.plots.style import style

    with output_folder(folder) as place, context(style()):
        for name, text in (texts or {}).items():
            write_text(place / name, text)
        add_archive(result, place)
        for name, other in (beside or {}).items():
            (place / name).mkdir()
            add_archive(other, place / name)
        if figures:
            (place / "figures").mkdir()
        for name, data in documents.items():
            write_json(place / name, data)
        for name, table in tables.items():
            table.to_csv(place / name, index=False)
        for name, draw in figures.items():
            figure = Figure(figsize=(5.6, 3.8))
            draw(figure.subplots())
            figure.savefig(place / "figures" / f"{name}.png")
            figure.savefig(place / "figures" / f"{name}.svg", metadata={"Date": None})


def show_failures(table):
    for number, status in (
        table.loc[table["status"] != "ok", ["point", "status"]].drop_duplicates().itertuples(index=False)
    ):
        click.echo(f"Warning: point {number}: {status}", err=True)
