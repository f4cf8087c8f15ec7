"""Commands that ask a rate model.

What if a circuit were changed, what to change for given rates, and the model in the words of others.
"""

from __future__ import annotations

import click

from .arguments import CIRCUIT, CIRCUIT_NAME, EXPORTER, JSON, OUTPUT, SEED
from .changes import read_changes, read_circuit, read_name
from .output import check_output, show_result, show_table, show_warnings, write_results
from .reductions import reduced_circuit

__all__ = ["explore", "export", "notebook", "tune", "what_if"]


def _reduced(circuit, changes, level, noise, cells, tau, at, window, dt, seed):
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
    show_warnings(reduced.warnings)
    return reduced


@click.command("what-if", short_help="What becomes of the rates when a circuit is changed.")
@CIRCUIT
@click.argument("question", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option(
    "--spiking/--no-spiking",
    default=True,
    show_default=True,
    help="Run the spiking network of the changed circuit as well.",
)
@click.option("--duration", default="2 s", show_default=True, help="Of the spiking runs.")
@click.option("--seeds", default=1, show_default=True, help="Spiking runs.")
@SEED
@OUTPUT
@JSON
def what_if(
    circuit,
    question,
    spiking,
    duration,
    seeds,
    level,
    noise,
    cells,
    tau,
    at,
    window,
    changes,
    dt,
    seed,
    folder,
    as_json,
):
    """Change a CIRCUIT and show its rates now, with the gains frozen, reduced anew, and spiking.

    Such as: b2reduce what-if ei_lif projection.I:E.G=x2, where x2 doubles what is there; or ='2 nS'.
    """
    from ..scanning.what_if import read_question
    from ..scanning.what_if import what_if as ask

    check_output(folder)
    question = read_question(read_circuit(circuit, changes), read_changes(question, "what-if"))
    asked = ask(
        _reduced(circuit, changes, level, noise, cells, tau, at, window, dt, seed),
        question,
        spiking=spiking,
        duration=duration,
        seed=seed,
        seeds=seeds,
        progress=True,
    )
    data = {
        "changes": {name: str(value) for name, value in asked.changes.items()},
        "rates [Hz]": asked.table.reset_index().to_dict("records"),
        "outside": list(asked.outside),
        "notes": list(asked.notes),
    }
    if folder:
        write_results(folder, asked, {"result.json": data}, {"rates.csv": asked.table.reset_index()}, {})
    show_result(data, as_json, lambda: show_table(asked.title, *asked.sheet))
    for note in asked.notes:
        click.echo(note, err=True)


@click.command(short_help="The value of a parameter that gives wanted rates.")
@CIRCUIT
@click.argument("wanted", nargs=-1, required=True, metavar="POPULATION=RATE...")
@click.option(
    "--vary", required=True, metavar="NAME", help="The parameter, such as projection.I:E.G or drive.ext.rate."
)
@click.option(
    "--bounds",
    metavar="LO,HI",
    help="Where to look, such as '1 nS,4 nS'; by default a tenth to ten times of what is there.",
)
@SEED
@OUTPUT
@JSON
@click.pass_context
def tune(
    context,
    circuit,
    wanted,
    vary,
    bounds,
    level,
    noise,
    cells,
    tau,
    at,
    window,
    changes,
    dt,
    seed,
    folder,
    as_json,
):
    """Find the value of a parameter of a CIRCUIT at which populations fire at wanted rates. Exit status 1
    where they cannot be had.

    Such as: b2reduce tune ei_lif E='10 Hz' --vary projection.I:E.G
    """
    from ..basics.errors import InputError
    from ..basics.units import parse_quantity
    from ..scanning.tune import tune as find
    from ..scanning.wanted_rates import read_wanted

    check_output(folder)
    rates = dict(read_name(entry, "tune", "POPULATION=RATE, such as E='10 Hz'") for entry in wanted)
    if bounds is not None and len(bounds.split(",")) != 2:
        raise InputError(f"--bounds: got {bounds!r}, expected two values such as '1 nS,4 nS'")
    limits = None if bounds is None else [parse_quantity(value) for value in bounds.split(",")]
    name, _ = read_name(f"{vary}=0", "--vary", "a name such as projection.I:E.G")
    read_wanted(read_circuit(circuit, changes), rates, name, limits)
    found = find(
        _reduced(circuit, changes, level, noise, cells, tau, at, window, dt, seed),
        rates,
        vary=name,
        bounds=limits,
        progress=True,
    )
    data = {
        "name": found.name,
        "value": str(found.value),
        "stderr": str(found.stderr),
        "reached": found.reached,
        "rates [Hz]": found.table.reset_index().to_dict("records"),
        "steps": found.steps.to_dict("records"),
    }
    if folder:
        write_results(
            folder,
            found,
            {"result.json": data},
            {"steps.csv": found.steps},
            {},
            texts={"circuit.toml": found.circuit.to_toml()},
        )
    show_result(data, as_json, lambda: click.echo(found.message))
    context.exit(0 if found.reached else 1)


@click.command(short_help="The rate model as a script or as LaTeX.")
@CIRCUIT
@click.option("--to", "kind", required=True, type=EXPORTER, help="What to write.")
@click.option("--duration", default="2 s", show_default=True, help="That the script runs.")
@SEED
@click.option(
    "-o", "--output", "path", metavar="FILE", help="Write into this new file; by default on the screen."
)
def export(circuit, kind, duration, level, noise, cells, tau, at, window, changes, dt, seed, path):
    """Derive the rate model of a CIRCUIT and write it so that it runs without b2reduce.

    For Brian2, numpy, XPPAUT or PyRates, or for a paper.
    """
    from ..basics.arguments import needed_seconds
    from ..basics.files import new_file, write_text

    needed_seconds(duration, "duration")
    if path:
        new_file(path)
    reduced = _reduced(circuit, changes, level, noise, cells, tau, at, window, dt, seed)
    text = reduced.to_script(kind, duration=duration)
    if path:
        write_text(path, text)
        click.echo(f"wrote {path}", err=True)
    else:
        click.echo(text, nl=False)


@click.command(short_help="A page with sliders, computed where it is read.")
@CIRCUIT
@click.option(
    "--spikes",
    default=0,
    show_default=True,
    metavar="N",
    help="Run the spiking network at N drives and show its rates as points.",
)
@click.option("--duration", default="2 s", show_default=True, help="Of these runs.")
@SEED
@click.option(
    "-o", "--output", "path", metavar="PAGE", required=True, help="The new page, which ends in .html."
)
def explore(circuit, spikes, duration, level, noise, cells, tau, at, window, changes, dt, seed, path):
    """Write a self-contained PAGE of a CIRCUIT.

    Sliders for drives and conductances, rates at rest and after a step, f-I curves under a shunt.
    """
    from ..basics.files import new_file
    from ..results.explorer import PAGES
    from ..results.explorer import explore as write

    new_file(path, *PAGES)
    reduced = _reduced(circuit, changes, level or "surface", noise, cells, tau, at, window, dt, seed)
    write(reduced, path, spikes=spikes, duration=duration, seed=seed, progress=True)
    click.echo(f"wrote {path}", err=True)


@click.command(short_help="A validation notebook of a circuit, run.")
@CIRCUIT_NAME
@click.option("--level", help="Kind of rate model, as in run.")
@click.option(
    "--noise", default="renewal", show_default=True, help="'renewal', 'quenched', 'matched' or 'none'."
)
@click.option("--seeds", default=3, show_default=True, help="Spiking runs.")
@click.option("--duration", default="2 s", show_default=True, help="Of every run.")
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change the circuit. May be repeated."
)
@click.option("--no-run", is_flag=True, help="Write it without running it.")
@SEED
@click.option(
    "-o",
    "--output",
    "path",
    metavar="NOTEBOOK",
    required=True,
    help="The new notebook, which ends in .ipynb.",
)
def notebook(circuit, level, noise, seeds, duration, changes, no_run, seed, path):
    """Write an executed NOTEBOOK that validates a CIRCUIT, with cells to go on from.

    Needs the extra 'notebooks'.
    """
    from ..results.notebook import write_notebook

    write_notebook(
        read_circuit(circuit, changes),
        path,
        level=level,
        noise=noise,
        seeds=seeds,
        duration=duration,
        seed=seed,
        execute=not no_run,
        progress=True,
    )
    click.echo(f"wrote {path}", err=True)
