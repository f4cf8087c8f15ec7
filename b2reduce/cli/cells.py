"""Commands on cells: what there is, and f-I surfaces."""

from __future__ import annotations

import click

from .arguments import JSON, MODEL_NAME, OUTPUT, SEED, read_axis, read_noise
from .changes import read_changes
from .output import check_output, fi_figure, show_result, show_table, show_warnings, write_results


@click.command(short_help="List the neurons and circuits of the package.")
@JSON
def models(as_json):
    """List the neurons and circuits that come with the package."""
    from ..circuit.library import list_models

    table = list_models()
    show_result(
        table.to_dict("records"),
        as_json,
        lambda: show_table(
            "models", ("name", "kind", "title"), table[["name", "kind", "title"]].itertuples(index=False)
        ),
    )


@click.command(short_help="Measure firing rate over current and leak of a cell.")
@MODEL_NAME
@click.option(
    "--I",
    "currents",
    required=True,
    metavar="AXIS",
    help="Mean currents: 'first:last:number' or a list, such as '0 nA:1 nA:41'.",
)
@click.option(
    "--g", "leaks", required=True, metavar="AXIS", help="Mean total leak conductances, such as '10 nS,20 nS'."
)
@click.option(
    "--noise",
    metavar="FILE",
    help="A TOML file with [[drives]] (name, inputs, rate, G, tau, E) that act as noise.",
)
@click.option("--duration", help="Length of the run; by default 2 s, 2.5 s in noise.")
@click.option("--warmup", help="What of it the rate leaves out.")
@click.option("--replicates", type=int, help="Cells per point.")
@click.option("--rtol", type=float, help="In noise: wanted relative standard error of the rate.")
@click.option("--dt", help="Time step; by default the model's.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter: g_A='0 mS/cm^2'. May be repeated.",
)
@SEED
@OUTPUT
@JSON
def fi(model, currents, leaks, noise, duration, warmup, replicates, rtol, dt, changes, seed, folder, as_json):
    """Measure firing rate over mean current and leak of a MODEL (a name or a .toml file)."""
    from ..cells.measure_fi import measure_fi
    from ..circuit.load_model import load_model
    from ..results import plain as store

    check_output(folder)
    cell = load_model(model)
    surface = measure_fi(
        cell,
        read_axis(currents, "--I"),
        read_axis(leaks, "--g"),
        noise=read_noise(noise),
        duration=duration,
        warmup=warmup,
        replicates=replicates,
        rtol=rtol,
        dt=dt,
        parameters=read_changes(changes),
        seed=seed,
        progress=True,
    )
    show_warnings(surface.warnings)
    if folder:
        write_results(
            folder,
            surface,
            {"result.json": store.surface_data(surface)},
            {"surface.csv": surface.to_frame()},
            {"fi": fi_figure(surface, None, f"f-I of {cell.name}")},
        )
    title, (columns, rows) = (
        (f"f-I of {cell.name}; all points are in {folder}/surface.csv", surface.summary)
        if folder
        else (f"rate (Hz) of {cell.name}", surface.sheet(surface.I_.size, surface.g_.size))
    )
    show_result(store.surface_data(surface), as_json, lambda: show_table(title, columns, rows))
