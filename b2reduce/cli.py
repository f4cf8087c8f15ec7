"""The command line. Results go to stdout, progress and messages to stderr; Brian2 is imported only by what simulates."""

from __future__ import annotations

import signal
import sys
import warnings

import click

from . import __version__, cliask, clifiles
from .clitools import (CIRCUIT, CIRCUIT_NAME, JSON, MODEL_NAME, OUTPUT, SEED, check_output, fi_figure, options, read_along, read_axis, read_changes, read_circuit, read_grid, read_noise, read_pair,
                       scheduler_of, show_failures, show_result, show_table, show_warnings, write_results)
from .interrupts import Terminated, end_at_once, raise_on_sigterm, raised_again, undisturbed

__all__ = ["main"]

ENDED = 130, 143  # exit status after Ctrl-C and after SIGTERM


class _Command(click.Group):
    """Turns the package's own errors into one message and exit status 2, and Ctrl-C and SIGTERM into one line and the status that shells use."""

    def main(self, args=None, **extra):
        """Of a process of its own where no arguments are handed over."""
        if args is not None:
            return super().main(args, **extra)
        raise_on_sigterm()
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a job in the background: Brian2 would hand on to what cannot be called
            signal.signal(signal.SIGINT, _ignore)
        try:
            with raised_again():
                return super().main(args, **extra)
        except SystemExit as end:
            if end.code in ENDED:
                end_at_once(end.code)
            raise
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):  # all is written, or nothing; the process has only to end
                signal.signal(number, signal.SIG_IGN)

    def make_context(self, *args, **extra):
        try:
            return super().make_context(*args, **extra)
        except KeyboardInterrupt as interrupt:
            _interrupted(interrupt)

    def invoke(self, context):
        try:
            return self._own_errors(context)
        except KeyboardInterrupt as interrupt:
            _interrupted(interrupt, context.meta.get("b2reduce.folder"))

    def _own_errors(self, context):
        from .provenance import OutputError
        from .units import InputError

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", category=UserWarning, module=r"b2reduce(?!\.experiments)")  # results carry theirs, and each command shows them once
                return super().invoke(context)
        except (InputError, OutputError, FloatingPointError) as error:
            click.echo(f"Error: {error}", err=True)
            context.exit(2)
        except RuntimeError as error:
            from .session import StoppedError
            from .standalone import ProgramError

            if not isinstance(error, (StoppedError, ProgramError)):
                raise
            click.echo(f"Error: {error}", err=True)
            context.exit(2)


def _ignore(number, frame):
    """A signal that a process was started to ignore."""


def _interrupted(interrupt, folder=None):
    with undisturbed():
        click.echo(f"interrupted; {_kept(folder)}", err=True)
    sys.exit(ENDED[isinstance(interrupt, Terminated)])


def _kept(folder):
    """What an interrupted command leaves."""
    from pathlib import Path

    folder = None if folder is None else Path(folder)
    if folder is None or not folder.is_dir() or not any(folder.iterdir()):
        return "nothing was written"
    if not (folder / "scan.json").exists():
        return f"{folder} is complete"
    finished = len(list((folder / "points").glob("*.json")))
    return f"the points that were finished ({finished}) are kept in {folder}, and the same command goes on from there"


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="b2reduce")
def main():
    """From a spiking network in Brian2 to the rate model that theory says it is, and how far apart they are.

    Values carry units: '0.3 nA', '10 nS', '14 Hz'. Exit status: 0 success, 1 finished but the comparison is a
    breakdown, 2 bad input.

    \b
    Names and options complete themselves once the shell is told, in the file that it reads at its start:
      bash  eval "$(_B2REDUCE_COMPLETE=bash_source b2reduce)"
      zsh   eval "$(_B2REDUCE_COMPLETE=zsh_source b2reduce)"
      fish  _B2REDUCE_COMPLETE=fish_source b2reduce | source
    """


main.add_command(clifiles.new)
main.add_command(clifiles.check)
for command in (cliask.what_if, cliask.tune, cliask.export, cliask.explore, cliask.notebook):
    main.add_command(command)


@main.command(short_help="List the neurons and circuits of the package.")
@JSON
def models(as_json):
    """List the neurons and circuits that come with the package."""
    from .circuit import list_models

    table = list_models()
    show_result(table.to_dict("records"), as_json, lambda: show_table("models", ("name", "kind", "title"), table[["name", "kind", "title"]].itertuples(index=False)))


@main.command(short_help="Measure firing rate over current and leak of a cell.")
@MODEL_NAME
@click.option("--I", "currents", required=True, metavar="AXIS", help="Mean currents: 'first:last:number' or a list, such as '0 nA:1 nA:41'.")
@click.option("--g", "leaks", required=True, metavar="AXIS", help="Mean total leak conductances, such as '10 nS,20 nS'.")
@click.option("--noise", metavar="FILE", help="A TOML file with [[drives]] (name, inputs, rate, G, tau, E) that act as noise.")
@click.option("--duration", help="Length of the run; by default 2 s, 2.5 s in noise.")
@click.option("--warmup", help="What of it the rate leaves out.")
@click.option("--replicates", type=int, help="Cells per point.")
@click.option("--rtol", type=float, help="In noise: wanted relative standard error of the rate.")
@click.option("--dt", help="Time step; by default the model's.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a parameter: g_A='0 mS/cm^2'. May be repeated.")
@SEED
@OUTPUT
@JSON
def fi(model, currents, leaks, noise, duration, warmup, replicates, rtol, dt, changes, seed, folder, as_json):
    """Measure firing rate over mean current and leak of a MODEL (a name or a .toml file)."""
    from . import store
    from .model import load_model
    from .surface import measure_fi

    check_output(folder)
    cell = load_model(model)
    surface = measure_fi(cell, read_axis(currents, "--I"), read_axis(leaks, "--g"), noise=read_noise(noise), duration=duration, warmup=warmup, replicates=replicates,
                         rtol=rtol, dt=dt, parameters=read_changes(changes), seed=seed, progress=True)
    show_warnings(surface.warnings)
    if folder:
        write_results(folder, {"result.json": store.surface_data(surface)}, {"surface.csv": surface.to_frame()}, {"fi": fi_figure(surface, None, f"f-I of {cell.name}")})
    title, (columns, rows) = (f"f-I of {cell.name}; all points are in {folder}/surface.csv", surface.summary) if folder else (f"rate (Hz) of {cell.name}", surface.sheet(surface.I_.size, surface.g_.size))
    show_result(store.surface_data(surface), as_json, lambda: show_table(title, columns, rows))


@main.command(short_help="Fit the shift law to an f-I table.")
@click.argument("csv")
@click.option("--form", default="threshold_linear", show_default=True, help="Gain function: threshold_linear, sqrt, softplus, threshold_power, logistic, spline, or auto.")
@click.option("--rates", metavar="LO,HI", help="Window of rates to fit, such as '5 Hz,60 Hz'; by default all.")
@click.option("--weights", help="'sem': weight points by one over their standard error.")
@click.option("--added", is_flag=True,
              help="The current is what was injected, the conductance what was added to the cell, as a dynamic clamp has them.")
@click.option("--g_L", "g_L", metavar="G", help="With --added: the cell's own conductance, such as '9 nS'.")
@click.option("--E_L", "E_L", metavar="E", help="With --added: its reversal, such as '-70 mV'.")
@click.option("--E_added", "E_added", metavar="E",
              help="With --added: reversal of the added conductance, unless a column 'E_added [mV]' has it; by default E_L.")
@click.option("--repeats", metavar="RULE",
              help="Rows of one pair: 'average' always, 'refuse' always; by default averaged unless another column tells them apart.")
@OUTPUT
@JSON
@click.option("--seed", default=1, hidden=True, help="Accepted by every command; a fit draws no random numbers.")
def fit(csv, form, rates, weights, added, g_L, E_L, E_added, repeats, folder, as_json, seed):
    """Fit the law r = f(I - I_theta - v_theta g) to a table with the columns 'I [pA]', 'g [nS]', 'rate [Hz]', in any units."""
    from . import store
    from .display import gain_rows, quantity_text
    from .forms import FORMS
    from .gain import fit_gain
    from .surface import FISurface

    check_output(folder)
    surface = FISurface.from_csv(csv, added=added, g_L=g_L, E_L=E_L, E_added=E_added, repeats=repeats)
    gain = fit_gain(surface, form=form, rates=read_pair(rates, "--rates"), weights=weights)
    if folder:
        write_results(folder, {"result.json": store.fit_data(gain)}, {"slopes.csv": gain.slopes}, {"fi": fi_figure(surface, gain, f"fit of {csv}")})
    rows = [*gain_rows(gain), ("r2", f"{gain.r2:.5f}", ""), ("rmse", quantity_text(gain.rmse), ""), ("points", str(gain.points), "")]
    chosen = f" (chosen of {', '.join(FORMS)})" if form == "auto" else ""
    show_result(store.fit_data(gain), as_json, lambda: show_table(f"{gain.form} gain{chosen}", ("parameter", "value", "standard error"), rows))
    show_warnings(gain.warnings)


@main.command(short_help="Derive the rate model of a circuit.")
@CIRCUIT
@SEED
@OUTPUT
@JSON
def reduce(circuit, level, noise, cells, tau, at, window, changes, dt, seed, folder, as_json):
    """Derive the rate model of a CIRCUIT (a name or a .toml file): W, W_ext, theta, tau."""
    from . import store
    from .display import amount
    from .modeltable import model_table
    from .reduction import reduce as reduce_circuit

    check_output(folder)
    reduced = reduce_circuit(read_circuit(circuit, changes), level=level or "linear", noise=noise, tau=tau, at=read_changes(at, "--at"), window=read_pair(window, "--window"),
                             cells=cells, dt=dt, seed=seed, progress=True)
    if folder:
        write_results(folder, {"result.json": store.reduced_data(reduced), "reduced.json": reduced.to_dict()}, {"pathways.csv": reduced.pathways.reset_index()},
               {f"fi_{name}": fi_figure(surface, reduced.gains[name], f"reduction of {reduced.circuit.name}") for name, surface in reduced.surfaces.items()})

    def show():
        show_table(f"rate model of {reduced.circuit.name}, level {reduced.level}, noise {reduced.noise}", *model_table(reduced))
        show_table("pathways", ("pathway", "K", "W", "tau"), ((label, f"{row.K:g}", amount(row.W, row.unit, row.W_stderr), amount(row.tau, "s")) for label, row in reduced.pathways.iterrows()))

    show_result(store.reduced_data(reduced), as_json, show)
    show_warnings(reduced.warnings)


@main.command(short_help="Reduce, run both networks, compare, report.")
@CIRCUIT
@click.option("--seeds", default=3, show_default=True, help="Number of spiking runs, each with its own wiring and noise.")
@click.option("--duration", default="2 s", show_default=True, help="Of every run.")
@click.option("--seed", default=1, show_default=True, help="Of the reduction and of the first spiking run.")
@OUTPUT
@JSON
@click.pass_context
def run(context, circuit, level, noise, cells, tau, at, window, changes, dt, seeds, duration, seed, folder, as_json):
    """Reduce a CIRCUIT, run spiking and rate network, compare them, check the premises, write the report."""
    from . import store
    from .validation import validate

    check_output(folder)
    validation = validate(read_circuit(circuit, changes), duration=duration, seed=seed, seeds=seeds, level=level, noise=noise, tau=tau, at=read_changes(at, "--at"),
                          window=read_pair(window, "--window"), cells=cells, dt=dt, progress=True)
    if folder:
        validation.save(folder)

    def show():
        comparison = validation.comparison
        show_table(f"{validation.circuit.name}: {comparison.tier}", ("population", "spiking (Hz)", "rate model (Hz)", "error", "spread (Hz)"),
               ((name, f"{row.spiking:.2f}", f"{row.rate:.2f}", f"{100 * row.error:+.1f} %", f"{row.spread:.2f}") for name, row in comparison.table.iterrows()))
        show_table("levels", ("level", *comparison.table.index, "largest error", "gains alone", "tier", "note"),
               ((level, *(f"{row[name]:.2f}" for name in comparison.table.index), f"{100 * row['largest_error']:.1f} %", f"{100 * row['open_loop_error']:.1f} %",
                 row["tier"], row["note"]) for level, row in validation.levels.iterrows()))
        if comparison.cells is not None:
            show_table("rates over cells (Hz)", ("population", "statistic", "spiking", "rate model"),
                   ((name, statistic, f"{row.spiking:.2f}", f"{row.rate:.2f}") for (name, statistic), row in comparison.cells.iterrows()))
        show_table("premises", ("premise", "measured", "limit", "holds"),
               ((row.assumption, "" if row.measured != row.measured else f"{row.measured:.3g}", row.limit, "yes" if row.holds else "NO") for row in validation.assumptions.itertuples()))

    show_result(store.validation_data(validation), as_json, show)
    click.echo(validation.verdict.sentence, err=True)
    show_warnings(validation.reduced.warnings)
    if folder:
        click.echo(f"report: {folder}/report.html", err=True)
    context.exit(1 if validation.comparison.tier == "breakdown" else 0)


@main.command("fixed-points", short_help="Fixed points of the rate model, their stability, and where they change.")
@CIRCUIT
@click.option("--along", metavar="NAME=LO,HI", help="Follow them along a parameter, such as drive.ext.rate='4 Hz,20 Hz'.")
@SEED
@OUTPUT
@JSON
def fixed_points_(circuit, level, noise, cells, tau, at, window, changes, dt, along, seed, folder, as_json):
    """Fixed points of the rate model of a CIRCUIT and their eigenvalues; what runs away; folds and Hopf points along a parameter."""
    import pandas as pd

    from . import networkplots, store
    from .continuation import continue_fixed_points
    from .phaseplane import phase_plane
    from .reduction import reduce as reduce_circuit
    from .stability import fixed_points, runaway_statement

    check_output(folder)
    parameter, values = read_along(along)
    reduced = reduce_circuit(read_circuit(circuit, changes), level=level or "linear", noise=noise, tau=tau, at=read_changes(at, "--at"), window=read_pair(window, "--window"),
                             cells=cells, dt=dt, seed=seed, progress=True)
    points, runaway = fixed_points(reduced), runaway_statement(reduced)
    data, tables, figures = store.fixed_points_data(reduced, points, runaway), {}, {}
    tables["fixed_points.csv"] = pd.DataFrame([{**{f"{name} [Hz]": rate for name, rate in point.rates_.items()}, "kind": point.kind, "outside": " ".join(point.outside),
                                                "time constant [s]": float(point.time_constant), "frequency [Hz]": float(point.frequency)} for point in points],
                                              columns=None if points else [*(f"{name} [Hz]" for name in reduced.populations), "kind"])
    if len(reduced.populations) == 2 and reduced.level in ("linear", "gain") and not reduced.by_pathway:
        plane = phase_plane(reduced)
        figures["phase_plane"] = lambda ax: networkplots.plot_phase_plane(plane, ax=ax)
    if along:
        continued = continue_fixed_points(reduced, parameter, values)
        data["special"] = continued.special.to_dict("records")
        tables.update({"branches.csv": continued.points, "special.csv": continued.special})
        figures.update({f"along_{name}": lambda ax, name=name: networkplots.plot_continuation(continued, population=name, ax=ax) for name in reduced.populations})
    if folder:
        write_results(folder, {"result.json": data}, tables, figures)

    def show():
        show_table(f"fixed points of {reduced.circuit.name}, level {reduced.level}", points.columns, points.rows)
        if along:
            shown = continued.special
            if shown.empty:
                click.echo(f"nothing changes along {continued.parameter}: {', '.join(continued.points['kind'].unique()) or 'no fixed point'} throughout")
                return
            show_table(f"along {continued.parameter}", shown.columns, ([f"{value:.6g}" if isinstance(value, float) else value for value in row] for row in shown.itertuples(index=False)))

    show_result(data, as_json, show)
    if not points:
        click.echo("there is no fixed point", err=True)
    if runaway:
        click.echo(runaway, err=True)
    show_warnings(reduced.warnings)


@main.command(short_help="Reproduce a published result.")
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="Show what there is and how many minutes it takes; with a NAME its figures.")
@click.option("--long", "long", is_flag=True, help="The full grid instead of a short run.")
@click.option("--only", multiple=True, metavar="FIG", help="Only this figure, such as fig2. May be repeated.")
@click.option("-o", "--output", "folder", metavar="DIR", help="Write every figure there, as PNG and SVG, and the table as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.pass_context
def reproduce(context, name, listed, long, only, folder, as_json):
    """Run the script NAME of a published result: its figures, and a table of what was published and what is measured.

    A row says yes where the two agree within what both leave open, and NO where they do not: then the exit status is 1.
    """
    from importlib import import_module

    from .provenance import unknown_name
    from .units import InputError

    scripts = _scripts()
    if name is not None and name not in scripts:
        raise InputError(f"{unknown_name('script', name, scripts)}; b2reduce reproduce --list shows them")
    if name is None:
        records = [{"name": key, "title": entry["TITLE"], "minutes": entry["MINUTES"], "doi": entry["DOI"]} for key, entry in scripts.items()]
        show_result(records, as_json, lambda: show_table("published results", ("name", "result", "minutes (short, long)", "source"),
                                                ((key, entry["TITLE"], "{:g}, {:g}".format(*entry["MINUTES"]), entry["DOI"]) for key, entry in scripts.items())))
        return
    if listed:
        show_result(scripts[name]["figures"], as_json, lambda: show_table(scripts[name]["TITLE"], ("figure", "shows"), scripts[name]["figures"].items()))
        return
    import matplotlib

    matplotlib.use("agg")
    from .experiments.script import play

    context.exit(play(vars(import_module(f"b2reduce.experiments.{name}")), long=long, only=only, folder=folder, as_json=as_json))


def _scripts():
    """{name: what a script says of itself}, read without running it."""
    import ast
    from importlib.resources import files

    folder = files("b2reduce.experiments")
    found = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".py"):
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        said = {node.targets[0].id: node.value for node in body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in ("TITLE", "DOI", "MINUTES")}
        if {"TITLE", "DOI", "MINUTES"} <= set(said):
            entry = {key: ast.literal_eval(value) for key, value in said.items()}
            entry["figures"] = {node.name: ast.get_docstring(node).split("\n")[0] for node in body if isinstance(node, ast.FunctionDef) and node.name[:3] == "fig" and node.name[3:].isdigit()}
            found[path.name.removesuffix(".py")] = entry
    return found


_GRID = options(
    CIRCUIT_NAME,
    click.option("--grid", "grid", multiple=True, required=True, metavar="NAME=AXIS",
                 help="A parameter and its values: drive.ext.rate='8 Hz:20 Hz:7', or values between commas. May be repeated: all combinations."),
    click.option("--duration", default="2 s", show_default=True, help="Of every run."),
    click.option("--seeds", default=1, show_default=True, help="Spiking runs per point."),
    click.option("--level", default="linear", show_default=True, help="Kind of rate model: 'linear', 'gain', 'surface' or 'transfer'."),
    click.option("--noise", default="renewal", show_default=True, help="'renewal', 'matched' or 'none'."),
    click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change the circuit at all points. May be repeated."),
    click.option("--workers", type=int, help="Processes on this machine; by default one per core."),
    click.option("--scheduler", metavar="ADDRESS", help="Run on the workers of this dask scheduler instead."),
    click.option("--seed", default=1, show_default=True, help="Of every point."),
    click.option("-o", "--output", "folder", metavar="DIR", required=True, help="Folder of the scan; one that was interrupted is gone on with."),
)


@main.command(short_help="Run a task over a grid of parameters.")
@_GRID
@click.option("--task", default="validate", show_default=True, help="'validate', 'reduce', 'rates' or 'spikes'.")
@JSON
def scan(circuit, grid, duration, seeds, level, noise, changes, workers, scheduler, seed, folder, task, as_json):
    """Run a task at every point of a grid of parameters of a CIRCUIT; one table comes out."""
    from .display import frame_sheet
    from .scanning import scan as run_scan

    check_output(folder, resumable=True)
    settings = {"validate": dict(duration=duration, seeds=seeds, level=level, noise=noise), "reduce": dict(level=level, noise=noise),
                "rates": dict(duration=duration, level=level, noise=noise), "spikes": dict(duration=duration)}.get(task, {})
    with scheduler_of(scheduler) as executor:
        table = run_scan(read_circuit(circuit, changes), read_grid(grid), task=task, seed=seed, executor=executor, workers=workers, out=folder, progress=True, **settings)
    shown = table[[column for column in table.columns if column not in ("broken", "warnings", "verdict")][:12]]
    show_result(table.to_dict("records"), as_json, lambda: show_table(f"{task}: {len(table)} rows, all columns in {folder}/table.csv", *frame_sheet(shown)))
    show_failures(table)


@main.command("map", short_help="Where the reduction holds, over a grid of parameters.")
@_GRID
@JSON
def map_(circuit, grid, duration, seeds, level, noise, changes, workers, scheduler, seed, folder, as_json):
    """Run spiking network and all levels over a grid of parameters of a CIRCUIT; writes points.csv and map.png."""
    from pathlib import Path

    from matplotlib.style import context

    from . import plots
    from .provenance import save_figure
    from .mapplots import map_figure
    from .regimes import regime_map

    check_output(folder, resumable=True)
    axes = read_grid(grid)
    with scheduler_of(scheduler) as executor:
        regimes = regime_map(read_circuit(circuit, changes), axes, level=level, seed=seed, executor=executor, workers=workers, out=folder, progress=True,
                             duration=duration, seeds=seeds, noise=noise)
    regimes.save(Path(folder) / "points.csv")
    if len(axes) <= 2:
        with context(plots.style()):
            figure = map_figure(regimes)
            for name, metadata in (("map.png", None), ("map.svg", {"Date": None})):
                save_figure(figure, Path(folder) / name, metadata=metadata)
    show_result(regimes.points.reset_index().to_dict("records"), as_json, lambda: show_table(f"largest error of the mean rates by level; everything in {folder}", *regimes.sheet))
    show_failures(regimes.table)


@main.command(short_help="Remove the compiled kernels.")
def clean():
    """Remove the kernels and networks that were compiled and are kept between runs; they are built again when needed."""
    from .standalone import clean_programs
    from .sweep.build import clean_cache
    from .sweep.environment import cache_folder
    from .sweep.sources import clean_sources

    clean_sources()
    click.echo(f"removed {clean_cache()} kernels and {clean_programs()} networks from {cache_folder()}", err=True)
