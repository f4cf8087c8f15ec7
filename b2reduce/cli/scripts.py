"""The command that plays the scripts of published results."""

from __future__ import annotations

import click

from .output import show_result, show_table


@click.command(short_help="Reproduce a published result.")
@click.argument("name", required=False)
@click.option(
    "--list",
    "listed",
    is_flag=True,
    help="Show what there is and how many minutes it takes; with a NAME its figures.",
)
@click.option("--long", "long", is_flag=True, help="The full grid instead of a short run.")
@click.option("--only", multiple=True, metavar="FIG", help="Only this figure, such as fig2. May be repeated.")
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    help="Write every figure there, as PNG and SVG, and the table as CSV.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.pass_context
def reproduce(context, name, listed, long, only, folder, as_json):
    """Run the script NAME of a published result: its figures, and a table of what was published and what is
    measured.

    A row says yes where the two agree within what both leave open, and NO where they do not: then the exit
    status is 1.
    """
    from importlib import import_module

    from ..basics.errors import InputError, unknown_name

    scripts = listed_scripts()
    if name is not None and name not in scripts:
        raise InputError(f"{unknown_name('script', name, scripts)}; b2reduce reproduce --list shows them")
    if name is None:
        records = [
            {"name": key, "title": entry["TITLE"], "minutes": entry["MINUTES"], "doi": entry["DOI"]}
            for key, entry in scripts.items()
        ]
        show_result(
            records,
            as_json,
            lambda: show_table(
                "published results",
                ("name", "result", "minutes (short, long)", "source"),
                (
                    (key, entry["TITLE"], "{:g}, {:g}".format(*entry["MINUTES"]), entry["DOI"])
                    for key, entry in scripts.items()
                ),
            ),
        )
        return
    if listed:
        show_result(
            scripts[name]["figures"],
            as_json,
            lambda: show_table(scripts[name]["TITLE"], ("figure", "shows"), scripts[name]["figures"].items()),
        )
        return
    import matplotlib

    matplotlib.use("agg")
    from ..experiments.script import play

    context.exit(
        play(
            vars(import_module(f"b2reduce.experiments.{name}")),
            long=long,
            only=only,
            folder=folder,
            as_json=as_json,
        )
    )


def listed_scripts():
    """{name: what a script says of itself}, read without running it."""
    import ast
    from importlib.resources import files

    folder = files("b2reduce.experiments")
    found = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".py"):
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        said = {
            node.targets[0].id: node.value
            for node in body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in ("TITLE", "DOI", "MINUTES")
        }
        if {"TITLE", "DOI", "MINUTES"} <= set(said):
            entry = {key: ast.literal_eval(value) for key, value in said.items()}
            entry["figures"] = {
                node.name: ast.get_docstring(node).split("\n")[0]
                for node in body
                if isinstance(node, ast.FunctionDef) and node.name[:3] == "fig" and node.name[3:].isdigit()
            }
            found[path.name.removesuffix(".py")] = entry
    return found
