"""Commands on cells: what there is, f-I surfaces, and the gains fitted to them."""

from __future__ import annotations

import click

from .arguments import JSON, MODEL_NAME, OUTPUT, SEED, read_axis, read_noise, read_pair
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


@click.command(short_help="Fit the shift law to an f-I table.")
@click.argument("csv")
@click.option(
    "--form",
    default="threshold_linear",
    show_default=True,
    help="Gain function: threshold_linear, sqrt, softplus, threshold_power, logistic, spline, or auto.",
)
@click.option(
    "--rates", metavar="LO,HI", help="Window of rates to fit, such as '5 Hz,60 Hz'; by default all."
)
@click.option("--weights", help="'sem': weight points by one over their standard error.")
@click.option(
    "--added",
    is_flag=True,
    help=(
        "The current is what was injected, the conductance what was added to the cell, as a dynamic clamp has"
        " them."
    ),
)
@click.option("--g_L", "g_L", metavar="G", help="With --added: the cell's own conductance, such as '9 nS'.")
@click.option("--E_L", "E_L", metavar="E", help="With --added: its reversal, such as '-70 mV'.")
@click.option(
    "--E_added",
    "E_added",
    metavar="E",
    help=(
        "With --added: reversal of the added conductance, unless a column 'E_added [mV]' has it; by default"
        " E_L."
    ),
)
@click.option(
    "--repeats",
    metavar="RULE",
    help=(
        "Rows of one pair: 'average' always, 'refuse' always; by default averaged unless another column tells"
        " them apart."
    ),
)
@OUTPUT
@JSON
@click.option(
    "--seed", default=1, hidden=True, help="Accepted by every command; a fit draws no random numbers."
)
def fit(csv, form, rates, weights, added, g_L, E_L, E_added, repeats, folder, as_json, seed):
    """Fit the law r = f(I - I_theta - v_theta g) to a table with the columns 'I [pA]', 'g [nS]', 'rate [Hz]',
    in any units.
    """
    from ..basics.display import gain_rows, quantity_text
    from ..cells.gain import fit_gain
    from ..cells.gain_forms import FORMS
    from ..cells.surface import FISurface
    from ..results import plain as store

    check_output(folder)
    surface = FISurface.from_csv(csv, added=added, g_L=g_L, E_L=E_L, E_added=E_added, repeats=repeats)
    gain = fit_gain(surface, form=form, rates=read_pair(rates, "--rates"), weights=weights)
    if folder:
        write_results(
            folder,
            gain,
            {"result.json": store.fit_data(gain)},
            {"slopes.csv": gain.slopes},
            {"fi": fi_figure(surface, gain, f"fit of {csv}")},
        )
    rows = [
        *gain_rows(gain),
        ("r2", f"{gain.r2:.5f}", ""),
        ("rmse", quantity_text(gain.rmse), ""),
        ("points", str(gain.points), ""),
    ]
    chosen = f" (chosen of {', '.join(FORMS)})" if form == "auto" else ""
    show_result(
        store.fit_data(gain),
        as_json,
        lambda: show_table(f"{gain.form} gain{chosen}", ("parameter", "value", "standard error"), rows),
    )
    show_warnings(gain.warnings)
