"""The command line. Results go to stdout, progress and messages to stderr; Brian2 is imported only by what simulates."""

from __future__ import annotations

import functools
import json
import signal
import sys
import warnings

import click

from . import __version__
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
    """


def _options(*decorators):
    def apply(function):
        return functools.reduce(lambda wrapped, decorator: decorator(wrapped), reversed(decorators), function)

    return apply


_OUTPUT = click.option("-o", "--output", "folder", metavar="DIR", help="Write everything into this new folder.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON: SI floats, units in the keys.")
_SEED = click.option("--seed", default=1, show_default=True, help="Decides every random number.")
_CIRCUIT = _options(
    click.argument("circuit"),
    click.option("--level", help="Kind of rate model: 'linear' (by default), 'gain', 'surface' or 'transfer' (by default of run, where a circuit can have it)."),
    click.option("--noise", default="renewal", show_default=True, help="'renewal': gains in the synaptic noise of the operating point, as regular as the cells fire; "
                 "'matched': the same of Poisson trains; 'none': without."),
    click.option("--cells", is_flag=True, help="One rate unit a cell, on the spiking network's own wiring."),
    click.option("--tau", default="membrane", show_default=True, help="'membrane', 'synaptic', 'fitted', 'resonant', or a time such as '10 ms'."),
    click.option("--at", "at", multiple=True, metavar="DRIVE=RATE", help="Rate of a drive at which the operating point is found."),
    click.option("--window", metavar="LO,HI", help="Rates at which gains are fitted, such as '5 Hz,60 Hz'."),
    click.option("--set", "changes", multiple=True, metavar="NAME=VALUE",
                 help="Change the circuit: drive.ext.rate='12 Hz', projection.I->E.G='0.5 nS', population.E.V_th='-48 mV'. May be repeated."),
    click.option("--dt", help="Time step; by default the circuit's."),
)


@main.command(short_help="List the neurons and circuits of the package.")
@_JSON
def models(as_json):
    """List the neurons and circuits that come with the package."""
    from .circuit import list_models

    table = list_models()
    _print(table.to_dict("records"), as_json, lambda: _table("models", ("name", "kind", "title"), table[["name", "kind", "title"]].itertuples(index=False)))


@main.command(short_help="Measure firing rate over current and leak of a cell.")
@click.argument("model")
@click.option("--I", "currents", required=True, metavar="AXIS", help="Mean currents: 'first:last:number' or a list, such as '0 nA:1 nA:41'.")
@click.option("--g", "leaks", required=True, metavar="AXIS", help="Mean total leak conductances, such as '10 nS,20 nS'.")
@click.option("--noise", metavar="FILE", help="A TOML file with [[drives]] (name, inputs, rate, G, tau, E) that act as noise.")
@click.option("--duration", help="Length of the run; by default 2 s, 2.5 s in noise.")
@click.option("--warmup", help="What of it the rate leaves out.")
@click.option("--replicates", type=int, help="Cells per point.")
@click.option("--rtol", type=float, help="In noise: wanted relative standard error of the rate.")
@click.option("--dt", help="Time step; by default the model's.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a parameter: g_A='0 mS/cm^2'. May be repeated.")
@_SEED
@_OUTPUT
@_JSON
def fi(model, currents, leaks, noise, duration, warmup, replicates, rtol, dt, changes, seed, folder, as_json):
    """Measure firing rate over mean current and leak of a MODEL (a name or a .toml file)."""
    from . import store
    from .model import load_model
    from .surface import measure_fi

    _check(folder)
    cell = load_model(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # told below, in the manner of the other commands
        surface = measure_fi(cell, _axis(currents, "--I"), _axis(leaks, "--g"), noise=_noise(noise), duration=duration, warmup=warmup, replicates=replicates,
                             rtol=rtol, dt=dt, parameters=_changes(changes), seed=seed, progress=True)
    _warn(surface.warnings)
    if folder:
        _write(folder, {"result.json": store.surface_data(surface)}, {"surface.csv": surface.to_frame()}, {"fi": _fi(surface, None, f"f-I of {cell.name}")})
    frame = surface.to_frame()
    _print(store.surface_data(surface), as_json, lambda: _table(f"f-I of {cell.name}", frame.columns, ([f"{value:.6g}" for value in row] for row in frame.to_numpy())))


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
@_OUTPUT
@_JSON
@click.option("--seed", default=1, hidden=True, help="Accepted by every command; a fit draws no random numbers.")
def fit(csv, form, rates, weights, added, g_L, E_L, E_added, repeats, folder, as_json, seed):
    """Fit the law r = f(I - I_theta - v_theta g) to a table with the columns 'I [pA]', 'g [nS]', 'rate [Hz]', in any units."""
    from . import store
    from .gain import fit_gain
    from .surface import FISurface

    _check(folder)
    surface = FISurface.from_csv(csv, added=added, g_L=g_L, E_L=E_L, E_added=E_added, repeats=repeats)
    gain = fit_gain(surface, form=form, rates=_pair(rates, "--rates"), weights=weights)
    if folder:
        _write(folder, {"result.json": store.fit_data(gain)}, {"slopes.csv": gain.slopes}, {"fi": _fi(surface, gain, f"fit of {csv}")})
    rows = [(name, str(value), str(gain.stderr[name])) for name, value in gain.params.items()]
    rows += [("r2", f"{gain.r2:.5f}", ""), ("rmse", str(gain.rmse), ""), ("points", str(gain.points), "")]
    _print(store.fit_data(gain), as_json, lambda: _table(f"{form} gain", ("parameter", "value", "standard error"), rows))
    _warn(gain.warnings)


@main.command(short_help="Derive the rate model of a circuit.")
@_CIRCUIT
@_SEED
@_OUTPUT
@_JSON
def reduce(circuit, level, noise, cells, tau, at, window, changes, dt, seed, folder, as_json):
    """Derive the rate model of a CIRCUIT (a name or a .toml file): W, W_ext, theta, tau."""
    from . import store
    from .reduction import reduce as reduce_circuit

    _check(folder)
    reduced = reduce_circuit(_circuit(circuit, changes), level=level or "linear", noise=noise, tau=tau, at=_changes(at, "--at"), window=_pair(window, "--window"),
                             cells=cells, dt=dt, seed=seed, progress=True)
    if folder:
        _write(folder, {"result.json": store.reduced_data(reduced), "reduced.json": reduced.to_dict()}, {"pathways.csv": reduced.pathways.reset_index()},
               {f"fi_{name}": _fi(surface, reduced.gains[name], f"reduction of {reduced.circuit.name}") for name, surface in reduced.surfaces.items()})

    def show():
        _table(f"pathways of {reduced.circuit.name}", ("pathway", "K", "W", "standard error", "unit"),
               ((label, f"{row.K:g}", f"{row.W:.5g}", f"{row.W_stderr:.2g}", row.unit) for label, row in reduced.pathways.iterrows()))
        _table("populations", ("population", "operating rate", "theta", "tau", "beta", "v_theta"),
               ((name, str(reduced.operating_rate[name]), str(reduced.theta[name]), str(reduced.tau.get(name, "one per pathway")),
                 str(reduced.gains[name].beta), str(reduced.gains[name].v_theta)) for name in reduced.populations))

    _print(store.reduced_data(reduced), as_json, show)
    _warn(reduced.warnings)


@main.command(short_help="Reduce, run both networks, compare, report.")
@_CIRCUIT
@click.option("--seeds", default=3, show_default=True, help="Number of spiking runs, each with its own wiring and noise.")
@click.option("--duration", default="2 s", show_default=True, help="Of every run.")
@click.option("--seed", default=1, show_default=True, help="Of the reduction and of the first spiking run.")
@_OUTPUT
@_JSON
@click.pass_context
def run(context, circuit, level, noise, cells, tau, at, window, changes, dt, seeds, duration, seed, folder, as_json):
    """Reduce a CIRCUIT, run spiking and rate network, compare them, check the premises, write the report."""
    from . import store
    from .validation import validate

    _check(folder)
    validation = validate(_circuit(circuit, changes), duration=duration, seed=seed, seeds=seeds, level=level, noise=noise, tau=tau, at=_changes(at, "--at"),
                          window=_pair(window, "--window"), cells=cells, dt=dt, progress=True)
    if folder:
        validation.save(folder)

    def show():
        comparison = validation.comparison
        _table(f"{validation.circuit.name}: {comparison.tier}", ("population", "spiking (Hz)", "rate model (Hz)", "error", "spread (Hz)"),
               ((name, f"{row.spiking:.2f}", f"{row.rate:.2f}", f"{100 * row.error:+.1f} %", f"{row.spread:.2f}") for name, row in comparison.table.iterrows()))
        _table("levels", ("level", *comparison.table.index, "largest error", "gains alone", "tier", "note"),
               ((level, *(f"{row[name]:.2f}" for name in comparison.table.index), f"{100 * row['largest_error']:.1f} %", f"{100 * row['open_loop_error']:.1f} %",
                 row["tier"], row["note"]) for level, row in validation.levels.iterrows()))
        if comparison.cells is not None:
            _table("rates over cells (Hz)", ("population", "statistic", "spiking", "rate model"),
                   ((name, statistic, f"{row.spiking:.2f}", f"{row.rate:.2f}") for (name, statistic), row in comparison.cells.iterrows()))
        _table("premises", ("premise", "measured", "limit", "holds"),
               ((row.assumption, f"{row.measured:.3g}", row.limit, "yes" if row.holds else "NO") for row in validation.assumptions.itertuples()))

    _print(store.validation_data(validation), as_json, show)
    click.echo(validation.verdict.sentence, err=True)
    _warn(validation.reduced.warnings)
    if folder:
        click.echo(f"report: {folder}/report.html", err=True)
    context.exit(1 if validation.comparison.tier == "breakdown" else 0)


@main.command("fixed-points", short_help="Fixed points of the rate model, their stability, and where they change.")
@_CIRCUIT
@click.option("--along", metavar="NAME=LO,HI", help="Follow them along a parameter, such as drive.ext.rate='4 Hz,20 Hz'.")
@_SEED
@_OUTPUT
@_JSON
def fixed_points_(circuit, level, noise, cells, tau, at, window, changes, dt, along, seed, folder, as_json):
    """Fixed points of the rate model of a CIRCUIT and their eigenvalues; what runs away; folds and Hopf points along a parameter."""
    import pandas as pd

    from . import networkplots, store
    from .continuation import continue_fixed_points
    from .phaseplane import phase_plane
    from .reduction import reduce as reduce_circuit
    from .stability import fixed_points, runaway_statement

    _check(folder)
    parameter, values = _along(along)
    reduced = reduce_circuit(_circuit(circuit, changes), level=level or "linear", noise=noise, tau=tau, at=_changes(at, "--at"), window=_pair(window, "--window"),
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
        _write(folder, {"result.json": data}, tables, figures)

    def show():
        _table(f"fixed points of {reduced.circuit.name}, level {reduced.level}", (*(f"{name} (Hz)" for name in reduced.populations), "kind", "time constant", "oscillates at", "outside"),
               ((*(f"{rate:.4g}" for rate in point.rates_.values()), point.kind, f"{1e3 * float(point.time_constant):.3g} ms",
                 f"{float(point.frequency):.3g} Hz" if point.oscillatory else "", " ".join(point.outside)) for point in points))
        if along:
            shown = continued.special
            if shown.empty:
                click.echo(f"nothing changes along {continued.parameter}: {', '.join(continued.points['kind'].unique()) or 'no fixed point'} throughout")
                return
            _table(f"along {continued.parameter}", shown.columns, ([f"{value:.6g}" if isinstance(value, float) else value for value in row] for row in shown.itertuples(index=False)))

    _print(data, as_json, show)
    if not points:
        click.echo("there is no fixed point", err=True)
    if runaway:
        click.echo(runaway, err=True)
    _warn(reduced.warnings)


def _along(text):
    """(name, [lowest, highest]) of NAME=LO,HI."""
    from .units import InputError, parse_quantity

    if not text:
        return None, None
    name, equals, ends = text.partition("=")
    ends = ends.strip().strip("'\"").split(",")
    if not equals or not name.strip() or len(ends) != 2:
        raise InputError(f"--along: got {text!r}, expected NAME=LO,HI, such as drive.ext.rate='4 Hz,20 Hz'")
    return name.strip(), [parse_quantity(end) for end in ends]


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
        _print(records, as_json, lambda: _table("published results", ("name", "result", "minutes (short, long)", "source"),
                                                ((key, entry["TITLE"], "{:g}, {:g}".format(*entry["MINUTES"]), entry["DOI"]) for key, entry in scripts.items())))
        return
    if listed:
        _print(scripts[name]["figures"], as_json, lambda: _table(scripts[name]["TITLE"], ("figure", "shows"), scripts[name]["figures"].items()))
        return
    import matplotlib

    matplotlib.use("agg")
    from .experiments.script import play

    context.exit(play(vars(import_module(f"b2reduce.experiments.{name}")), long=long, only=only, folder=folder, as_json=as_json))


def _scripts():
    """{name: what a script says of itself}, read without running it."""
    import ast
    from importlib.resources import files

    from .units import InputError

    try:
        folder = files("b2reduce.experiments")
    except ModuleNotFoundError:
        raise InputError("the scripts of published results are not there; install the package (pip install . in its folder) instead of running it from the checkout") from None
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


_GRID = _options(
    click.argument("circuit"),
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
@_JSON
def scan(circuit, grid, duration, seeds, level, noise, changes, workers, scheduler, seed, folder, task, as_json):
    """Run a task at every point of a grid of parameters of a CIRCUIT; one table comes out."""
    from .scanning import scan as run_scan

    _check(folder, resumable=True)
    settings = {"validate": dict(duration=duration, seeds=seeds, level=level, noise=noise), "reduce": dict(level=level, noise=noise),
                "rates": dict(duration=duration, level=level, noise=noise), "spikes": dict(duration=duration)}.get(task, {})
    with _scheduler(scheduler) as executor:
        table = run_scan(_circuit(circuit, changes), _grid(grid), task=task, seed=seed, executor=executor, workers=workers, out=folder, progress=True, **settings)
    shown = [column for column in table.columns if column not in ("broken", "warnings", "verdict")][:12]
    _print(table.to_dict("records"), as_json, lambda: _table(f"{task}: {len(table)} rows, all columns in {folder}/table.csv", shown, (
        [f"{value:.5g}" if isinstance(value, float) else value for value in row] for row in table[shown].itertuples(index=False))))
    _failures(table)


@main.command("map", short_help="Where the reduction holds, over a grid of parameters.")
@_GRID
@_JSON
def map_(circuit, grid, duration, seeds, level, noise, changes, workers, scheduler, seed, folder, as_json):
    """Run spiking network and all levels over a grid of parameters of a CIRCUIT; writes points.csv and map.png."""
    from pathlib import Path

    from matplotlib.figure import Figure
    from matplotlib.style import context

    from . import plots
    from .provenance import save_figure
    from .regimes import regime_map

    _check(folder, resumable=True)
    axes = _grid(grid)
    with _scheduler(scheduler) as executor:
        regimes = regime_map(_circuit(circuit, changes), axes, level=level, seed=seed, executor=executor, workers=workers, out=folder, progress=True,
                             duration=duration, seeds=seeds, noise=noise)
    regimes.save(Path(folder) / "points.csv")
    if len(axes) <= 2:
        with context(plots.style()):
            figure = Figure(figsize=(5.6, 4.2))
            plots.plot_map(regimes, ax=figure.subplots())
            for name, metadata in (("map.png", None), ("map.svg", {"Date": None})):
                save_figure(figure, Path(folder) / name, metadata=metadata)
    points = regimes.points
    errors = [column for column in points.columns if column.startswith("largest_error")]
    _print(points.reset_index().to_dict("records"), as_json, lambda: _table(
        f"largest error of the mean rates (%), by level; everything in {folder}", [*regimes.parameters, *(name.split()[1] for name in errors), "warned"],
        ([f"{row[name]:.5g}" if isinstance(row[name], float) else row[name] for name in regimes.parameters] + [f"{100 * float(row[name]):.1f}" for name in errors]
         + ["yes" if row["warned"] is True else "no"] for _, row in points.astype(object).iterrows())))
    _failures(regimes.table)


def _grid(entries):
    from .units import InputError

    grid = {}
    for entry in entries:
        name, equals, axis = entry.partition("=")
        if not equals or not name.strip() or not axis.strip():
            raise InputError(f"--grid: got {entry!r}, expected NAME=AXIS, such as drive.ext.rate='8 Hz:20 Hz:7'")
        values = [int(item) if item.strip().isdigit() else None for item in axis.split(",")]  # counts, such as in-degrees
        grid[name.strip()] = values if None not in values else list(_axis(axis.strip().strip("'\""), f"--grid {name}"))
    return grid


def _scheduler(address):
    """A dask client as a context, or nothing."""
    from contextlib import nullcontext

    from .units import InputError

    if address is None:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler: dask.distributed is not installed: pip install 'b2reduce[distributed]'") from None
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"--scheduler: nothing answers at {address}: {type(error).__name__}; start one with 'dask scheduler', or leave the option out") from None


def _failures(table):
    for number, status in table.loc[table["status"] != "ok", ["point", "status"]].drop_duplicates().itertuples(index=False):
        click.echo(f"Warning: point {number}: {status}", err=True)


@main.command(short_help="Remove the compiled kernels.")
def clean():
    """Remove the kernels and networks that were compiled and are kept between runs; they are built again when needed."""
    from .standalone import clean_programs
    from .sweep.build import clean_cache
    from .sweep.environment import cache_folder
    from .sweep.sources import clean_sources

    clean_sources()
    click.echo(f"removed {clean_cache()} kernels and {clean_programs()} networks from {cache_folder()}", err=True)


def _check(folder, resumable=False):
    """Refuse an output folder that cannot be, before anything runs."""
    if folder:
        from .provenance import check_output_folder

        click.get_current_context().meta["b2reduce.folder"] = folder
        if not resumable:
            check_output_folder(folder)


def _print(data, as_json, show):
    if as_json:
        from .provenance import without_nan

        click.echo(json.dumps(without_nan(data), indent=2, ensure_ascii=False))
    else:
        show()


def _table(title, columns, rows):
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(str, row))
    # A pipe has no width: rows stay whole for grep and for people who redirect.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


def _warn(warnings):
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def _axis(text, option):
    """'0 nA:1 nA:41' or '10 nS,20 nS' as a list of Quantities."""
    import numpy as np
    from brian2 import Quantity

    from .units import InputError, parse_quantity

    try:
        if ":" not in text:
            return Quantity([parse_quantity(item) for item in text.split(",")])
        first, last, number = text.split(":")
        first, last, number = parse_quantity(first), parse_quantity(last), int(number)
        if number < 1:
            raise ValueError
        return Quantity(np.linspace(0, 1, number) * (last - first) + first)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
    except Exception:
        raise InputError(f"{option}: got {text!r}, expected 'first:last:number' such as '0 nA:1 nA:41', or values of one unit between commas") from None


def _pair(text, option):
    if text is None:
        return None
    from .units import InputError, to_si, with_units

    parts = text.split(",")
    if len(parts) != 2:
        raise InputError(f"{option}: got {text!r}, expected two rates such as '5 Hz,60 Hz'")
    return tuple(with_units(to_si(part, "Hz", option), "Hz") for part in parts)


def _changes(entries, option="--set"):
    from .units import InputError

    changes = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"{option}: got {entry!r}, expected NAME=VALUE")
        value = value.strip().strip("'\"")
        changes[name.strip()] = int(value) if value.isdigit() else value
    return changes


def _circuit(name, changes):
    from .circuit import load_circuit

    return load_circuit(name).replace(_changes(changes))


def _noise(path):
    """Drives of a TOML file that holds nothing else."""
    if path is None:
        return None
    from dataclasses import fields
    from pathlib import Path

    from .circuit import Drive
    from .provenance import read_toml, unknown_name
    from .units import InputError

    data = read_toml(Path(path), InputError)
    for key in data:
        if key != "drives":
            raise InputError(f"{path}, {key}: {unknown_name('key', key, ('drives',))}")
    if not isinstance(data.get("drives", []), list) or not all(isinstance(entry, dict) for entry in data.get("drives", [])):
        raise InputError(f"{path}, drives: got {data['drives']!r}, expected tables: write [[drives]]")
    known, drives = [item.name for item in fields(Drive)], []
    for number, entry in enumerate(data.get("drives", ()), start=1):
        for key in entry:
            if key not in known:
                raise InputError(f"{path}, drives, entry {number}, {key}: {unknown_name('key', key, known)}")
        try:
            drives.append(Drive(**{"name": f"noise{number}", **entry}))
        except InputError as error:
            raise InputError(f"{path}, {error}") from None
    if not drives:
        raise InputError(f"{path}: there is no [[drives]] in it")
    return drives


def _fi(surface, gain, title):
    """What draws an f-I curve into an Axes."""
    from . import plots

    return lambda ax: plots.plot_fi(surface, gain, ax=ax).set_title(title)


def _write(folder, documents, tables, figures):
    """JSON, CSV and figures into a new folder."""
    from matplotlib.figure import Figure
    from matplotlib.style import context

    from . import plots
    from .provenance import output_folder, write_json

    with output_folder(folder) as place, context(plots.style()):
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
