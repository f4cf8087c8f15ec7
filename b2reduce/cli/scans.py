"""Commands on grids of parameters."""

from __future__ import annotations

import click

from .arguments import CIRCUIT_NAME, JSON, options
from .changes import read_circuit, read_grid
from .output import check_output, show_failures, show_result, show_table

_GRID = options(
    CIRCUIT_NAME,
    click.option(
        "--grid",
        "grid",
        multiple=True,
        required=True,
        metavar="NAME=AXIS",
        help=(
            "A parameter and its values: drive.ext.rate='8 Hz:20 Hz:7', or values between commas. May be"
            " repeated: all combinations."
        ),
    ),
    click.option("--duration", default="2 s", show_default=True, help="Of every run."),
    click.option("--seeds", default=1, show_default=True, help="Spiking runs per point."),
    click.option(
        "--level",
        default="linear",
        show_default=True,
        help="Kind of rate model: 'linear', 'gain', 'surface' or 'transfer'.",
    ),
    click.option(
        "--noise", default="renewal", show_default=True, help="'renewal', 'quenched', 'matched' or 'none'."
    ),
    click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change the circuit at all points. May be repeated.",
    ),
    click.option("--workers", type=int, help="Processes on this machine; by default one per core."),
    click.option("--scheduler", metavar="ADDRESS", help="Run on the workers of this dask scheduler instead."),
    click.option("--seed", default=1, show_default=True, help="Of every point."),
    click.option(
        "-o",
        "--output",
        "folder",
        metavar="DIR",
        required=True,
        help="Folder of the scan; one that was interrupted is gone on with.",
    ),
)


@click.command(short_help="Run a task over a grid of parameters.")
@_GRID
@click.option(
    "--task",
    default="validate",
    show_default=True,
    help="'validate', 'reduce', 'rates', 'spikes' or 'fluctuations'.",
)
@JSON
def scan(
    circuit, grid, duration, seeds, level, noise, changes, workers, scheduler, seed, folder, task, as_json
):
    """Run a task at every point of a grid of parameters of a CIRCUIT; one table comes out."""
    from ..basics.display import frame_sheet
    from ..scanning.scan import scan as run_scan

    check_output(folder, resumable=True)
    settings = {
        "validate": dict(duration=duration, seeds=seeds, level=level, noise=noise),
        "reduce": dict(level=level, noise=noise),
        "rates": dict(duration=duration, level=level, noise=noise),
        "spikes": dict(duration=duration),
        "fluctuations": dict(level=level, noise=noise),
    }.get(task, {})
    with scheduler_of(scheduler) as executor:
        table = run_scan(
            read_circuit(circuit, changes),
            read_grid(grid),
            task=task,
            seed=seed,
            executor=executor,
            workers=workers,
            out=folder,
            progress=True,
            **settings,
        )
    shown = table[
        [column for column in table.columns if column not in ("broken", "warnings", "verdict")][:12]
    ]
    show_result(
        table.to_dict("records"),
        as_json,
        lambda: show_table(
            f"{task}: {len(table)} rows, all columns in {folder}/table.csv", *frame_sheet(shown)
        ),
    )
    show_failures(table)


@click.command("map", short_help="Where the reduction holds, over a grid of parameters.")
@_GRID
@JSON
def map_(circuit, grid, duration, seeds, level, noise, changes, workers, scheduler, seed, folder, as_json):
    """Run spiking network and all levels over a grid of parameters of a CIRCUIT.

    Writes points.csv and map.png.
    """
    from pathlib import Path

    from matplotlib.style import context

    from ..basics.files import save_figure
    from ..results.plots.style import style
    from ..scanning.map_plot import map_figure
    from ..scanning.regime_map import map_regimes

    check_output(folder, resumable=True)
    axes = read_grid(grid)
    with scheduler_of(scheduler) as executor:
        regimes = map_regimes(
            read_circuit(circuit, changes),
            axes,
            level=level,
            seed=seed,
            executor=executor,
            workers=workers,
            out=folder,
            progress=True,
            duration=duration,
            seeds=seeds,
            noise=noise,
        )
    regimes.add_to(Path(folder))
    if len(axes) <= 2:
        with context(style()):
            figure = map_figure(regimes)
            for name, metadata in (("map.png", None), ("map.svg", {"Date": None})):
                save_figure(figure, Path(folder) / name, metadata=metadata)
    show_result(
        regimes.points.reset_index().to_dict("records"),
        as_json,
        lambda: show_table(
            f"largest error of the mean rates by level; everything in {folder}", *regimes.sheet
        ),
    )
    show_failures(regimes.table)


def scheduler_of(address):
    """A dask client as a context, or nothing."""
    from contextlib import nullcontext

    from ..basics.errors import InputError

    if address is None:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "--scheduler: dask.distributed is not installed: pip install 'b2reduce[distributed]'"
        ) from None
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"--scheduler: nothing answers at {address}: {type(error).__name__}; start one with 'dask"
            " scheduler', or leave the option out"
        ) from None
