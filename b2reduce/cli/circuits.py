"""Commands on circuits: the rate model, its comparison with the spiking network, its states."""

from __future__ import annotations

import click

from .arguments import CIRCUIT, JSON, OUTPUT, SEED, read_pair
from .changes import read_along, read_changes, read_circuit
from .imported import save_audit
from .output import check_output, fi_figure, show_result, show_table, show_warnings, write_results
from .reductions import reduced_circuit
from .starts import START, read_start


@click.command(short_help="Derive the rate model of a circuit.")
@CIRCUIT
@SEED
@OUTPUT
@JSON
def reduce(circuit, changes, folder, as_json, **options):
    """Derive the rate model of a CIRCUIT (a name or a .toml file): W, W_ext, theta, tau."""
    from ..basics.codec.documents import document_text
    from ..basics.display import amount
    from ..reduction.model_table import model_table, states_sheet
    from ..results import plain as store

    check_output(folder)
    reduced = reduced_circuit(circuit, changes, **options)
    if folder:
        write_results(
            folder,
            reduced,
            {"result.json": store.reduced_data(reduced)},
            {"pathways.csv": reduced.pathways.reset_index()},
            {
                f"fi_{name}": fi_figure(surface, reduced.gains[name], f"reduction of {reduced.circuit.name}")
                for name, surface in reduced.surfaces.items()
            },
            texts={"reduced.json": document_text(reduced)},
        )

    delays = reduced.circuit.synaptic_delays_

    def show():
        show_table(
            f"rate model of {reduced.circuit.name}, level {reduced.level}, noise {reduced.noise}",
            *model_table(reduced),
        )
        show_table(
            "pathways",
            ("pathway", "K", "W", "tau"),
            (
                (label, f"{row.K:g}", amount(row.W, row.unit, row.W_stderr), amount(delays[label], "s"))
                for label, row in reduced.pathways.iterrows()
            ),
        )

        if len(reduced.known_states_) > 1:
            show_table("states", *states_sheet(reduced))

    show_result(store.reduced_data(reduced), as_json, show)
    show_warnings(reduced.warnings)


@click.command(short_help="Reduce, run both networks, compare, report.")
@CIRCUIT
@click.option(
    "--seeds",
    default=3,
    show_default=True,
    help="Number of spiking runs, each with its own wiring and noise.",
)
@click.option("--duration", default="2 s", show_default=True, help="Of every run.")
@click.option("--seed", default=1, show_default=True, help="Of the reduction and of the first spiking run.")
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    help="Of the spiking runs: 'auto', 'native', 'brian2', 'standalone' or 'nest'.",
)
@START
@OUTPUT
@JSON
@click.pass_context
def run(
    context,
    circuit,
    level,
    noise,
    cells,
    tau,
    at,
    window,
    changes,
    dt,
    seeds,
    duration,
    seed,
    engine,
    start,
    folder,
    as_json,
):
    """Reduce a CIRCUIT, run both networks, compare them, check the premises, write the report.

    A script (my_script.py) may stand in its place: it runs up to its first run(), whose network is taken.
    Where its weights differ it runs once more with these shuffled, and is refused if rates move: give
    --cells.
    """
    from ..results import plain as store
    from ..validation.validate import validate

    check_output(folder)
    validation = validate(
        read_circuit(circuit, changes),
        duration=duration,
        seed=seed,
        seeds=seeds,
        level=level,
        noise=noise,
        tau=tau,
        at=read_changes(at, "--at"),
        window=read_pair(window, "--window"),
        cells=cells,
        dt=dt,
        initial=read_start(start),
        network_engine=engine,
        progress=True,
    )
    if folder:
        validation.save(folder)
        save_audit(folder)

    def show():
        comparison = validation.comparison
        show_table(
            f"{validation.circuit.name}: {comparison.tier}",
            ("population", "spiking (Hz)", "rate model (Hz)", "error", "spread (Hz)"),
            (
                (
                    name,
                    f"{row.spiking:.2f}",
                    f"{row.rate:.2f}",
                    f"{100 * row.error:+.1f} %",
                    f"{row.spread:.2f}",
                )
                for name, row in comparison.table.iterrows()
            ),
        )
        show_table(
            "levels",
            ("level", *comparison.table.index, "largest error", "gains alone", "tier", "note"),
            (
                (
                    level,
                    *(f"{row[name]:.2f}" for name in comparison.table.index),
                    f"{100 * row['largest_error']:.1f} %",
                    f"{100 * row['open_loop_error']:.1f} %",
                    row["tier"],
                    row["note"],
                )
                for level, row in validation.levels.iterrows()
            ),
        )
        if comparison.cells is not None:
            show_table(
                "rates over cells (Hz)",
                ("population", "statistic", "spiking", "rate model"),
                (
                    (name, statistic, f"{row.spiking:.2f}", f"{row.rate:.2f}")
                    for (name, statistic), row in comparison.cells.iterrows()
                ),
            )
        show_table(
            "premises",
            ("premise", "measured", "limit", "holds"),
            (
                (
                    row.assumption,
                    "" if row.measured != row.measured else f"{row.measured:.3g}",
                    row.limit,
                    "yes" if row.holds else "NO",
                )
                for row in validation.assumptions.itertuples()
            ),
        )

    show_result(store.validation_data(validation), as_json, show)
    click.echo(validation.verdict.sentence, err=True)
    show_warnings(validation.reduced.warnings)
    if folder:
        click.echo(f"report: {folder}/report.html", err=True)
    context.exit(1 if validation.comparison.tier == "breakdown" else 0)


@click.command(
    "fixed-points", short_help="Fixed points of the rate model, their stability, and where they change."
)
@CIRCUIT
@click.option(
    "--along",
    metavar="NAME=LO,HI",
    help="Follow them along a parameter, such as drive.ext.rate='4 Hz,20 Hz'.",
)
@SEED
@OUTPUT
@JSON
def fixed_points_command(
    circuit, level, noise, cells, tau, at, window, changes, dt, along, seed, folder, as_json
):
    """Fixed points of the rate model of a CIRCUIT and their eigenvalues; what runs away.

    Folds and Hopf points along a parameter.
    """
    import pandas as pd

    from ..results import plain as store
    from ..results.plots.theory import plot_continuation, plot_phase_plane
    from ..theory.continuation import continue_fixed_points
    from ..theory.fixed_points import fixed_points, runaway_statement
    from ..theory.phase_plane import phase_plane

    check_output(folder)
    parameter, values = read_along(along)
    reduced = reduced_circuit(
        circuit,
        changes,
        level=level,
        noise=noise,
        cells=cells,
        tau=tau,
        at=at,
        window=window,
        dt=dt,
        seed=seed,
    )
    points, runaway = fixed_points(reduced), runaway_statement(reduced)
    data, tables, figures = store.fixed_points_data(reduced, points, runaway), {}, {}
    tables["fixed_points.csv"] = pd.DataFrame(
        [
            {
                **{f"{name} [Hz]": rate for name, rate in point.rates_.items()},
                "kind": point.kind,
                "outside": " ".join(point.outside),
                "time constant [s]": float(point.time_constant),
                "frequency [Hz]": float(point.frequency),
            }
            for point in points
        ],
        columns=None if points else [*(f"{name} [Hz]" for name in reduced.populations), "kind"],
    )
    if len(reduced.populations) == 2 and reduced.kind.shift_law and not reduced.by_pathway:
        plane = phase_plane(reduced)
        figures["phase_plane"] = lambda ax: plot_phase_plane(plane, ax=ax)
    if along:
        continued = continue_fixed_points(reduced, parameter, values)
        data["special"] = continued.special.to_dict("records")
        tables.update({"branches.csv": continued.points, "special.csv": continued.special})
        figures.update(
            {
                f"along_{name}": lambda ax, name=name: plot_continuation(continued, population=name, ax=ax)
                for name in reduced.populations
            }
        )
    if folder:
        beside = {"continuation": continued} if along else {}
        write_results(folder, points, {"result.json": data}, tables, figures, beside=beside)

    def show():
        show_table(
            f"fixed points of {reduced.circuit.name}, level {reduced.level}", points.columns, points.rows
        )
        if along:
            shown = continued.special
            if shown.empty:
                click.echo(
                    f"nothing changes along {continued.parameter}:"
                    f" {', '.join(continued.points['kind'].unique()) or 'no fixed point'} throughout"
                )
                return
            show_table(
                f"along {continued.parameter}",
                shown.columns,
                (
                    [f"{value:.6g}" if isinstance(value, float) else value for value in row]
                    for row in shown.itertuples(index=False)
                ),
            )

    show_result(data, as_json, show)
    if not points:
        click.echo("there is no fixed point", err=True)
    if runaway:
        click.echo(runaway, err=True)
    show_warnings(reduced.warnings)
