"""Scripts of Brian2 as circuits: which are read as they are, of which something is said, which are refused.

    python -m b2reduce.experiments.imports FOLDER_OR_FILES... [--check] [-o out.csv]

Every script runs up to its first run(), in a process of its own and for a limited time. It is read exactly;
or with something said, where values were assumed; or refused, with what a circuit does not hold; or has no
network of spiking cells; or it failed, by itself, by the import, or in time. With --check the network of the
user and the circuit run as well, and their rates stand beside one another.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import tempfile
import time
from functools import cache
from pathlib import Path

import click
from b2reduce.experiments.script_rates import PRINTED, rates_beside, run_script

from b2reduce.basics.processes import end_processes
from b2reduce.importing.first_run import AUDIT, FAULT, NO_RUN, REFUSED, SCRIPT

__all__ = ["OUTCOMES", "import_one", "main", "scripts_among", "summary"]

EXACT, SAID, NO_NETWORK, FAILED = "exact", "said", "no network", "failed"
OUTCOMES = (EXACT, SAID, REFUSED, NO_NETWORK, FAILED)
COLUMNS = ("script", "outcome", "populations", "projections", "drives", "seconds", "why", "rates")
#: What a refusal begins with where nothing in the network spikes
_NOTHING_SPIKES = "there is no NeuronGroup with a threshold"


def scripts_among(paths):
    """The files, and all scripts in the folders."""
    found = []
    for path in map(Path, paths):
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def import_one(path, *, limit=120.0, check=None):
    """The row of one script.

    Parameters
    ----------
    path : path
    limit : float
        Seconds.
    check : (float, int), optional
        Duration in s and number of runs of the user's network and the circuit.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="b2reduce_import_") as folder:
        done = _run(Path(path), folder, limit, check)
        audit, printed = Path(folder) / AUDIT, Path(folder) / PRINTED
        found = json.loads(audit.read_text(encoding="utf-8")) if audit.is_file() else None
        printed = printed.read_text(encoding="utf-8", errors="replace") if printed.is_file() else ""
    row = {"script": str(path), "seconds": round(time.perf_counter() - start, 1)}
    if not done:
        return {**row, "outcome": FAILED, "why": f"not done after {limit:g} s"}
    if found is None:
        return {**row, "outcome": FAILED, "why": f"its process ended: {printed[-300:]}"}
    if found["error"] is None:
        return {**row, **found["look"], "outcome": SAID if found["warnings"] else EXACT,
                "why": " | ".join(found["warnings"])}  # fmt: skip
    nothing = found["how"] == NO_RUN or (found["how"] == REFUSED and _NOTHING_SPIKES in found["error"])
    outcome = {REFUSED: REFUSED, SCRIPT: FAILED, FAULT: FAILED}.get(found["how"])
    return {**row, "outcome": NO_NETWORK if nothing else outcome, "why": found["error"]}


@cache
def _server():
    """What starts processes: it has Brian2 loaded, once, and forks for every script."""
    os.environ["MPLBACKEND"] = "Agg"
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["b2reduce.experiments.script_rates"])
    first = processes.Process(target=int)  # loading is not of the first script's time
    first.start()
    first.join()
    return processes


def _run(path, folder, limit, check):
    """Whether a script was done in time."""
    processes = _server()
    process = processes.Process(target=run_script, args=(str(path.resolve()), folder, check))
    process.start()
    try:
        process.join(limit)
        return not process.is_alive()
    finally:
        if process.is_alive():
            end_processes([process.pid], groups=True, wait=lambda: process.join(0))


def summary(rows):
    """{outcome: number of scripts}."""
    return {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES}


def _line(row):
    counts = " ".join(
        f"{row[what]} {what}" for what in ("populations", "projections", "drives") if what in row
    )
    why = " ".join(str(row.get("why", "")).split())
    rates = "".join(f"\n      {rate}" for rate in rates_beside(row.get("rates", [])))
    return f"{row['outcome']:<10} {row['seconds']:6.1f} s  {row['script']}  {counts}  {why}{rates}"


def _write(rows, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "rates": "; ".join(rates_beside(row.get("rates", [])))})


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--check", is_flag=True, help="Run the users' networks and the circuits as well.")
@click.option("--duration", default=1.0, show_default=True, help="Of these runs, in s.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="Number of runs of each.")
@click.option("--limit", default=120.0, show_default=True, help="Seconds that a script may take.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the lines as a table (CSV).")
def main(paths, check, duration, seeds, limit, output):
    """Import the networks of scripts, and say what became of each."""
    from rich.console import Console
    from rich.progress import Progress

    rows, scripts = [], scripts_among(paths)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scripts", total=len(scripts))
        for path in scripts:
            bar.update(task, description=path.name)
            rows.append(row := import_one(path, limit=limit, check=(duration, seeds) if check else None))
            click.echo(_line(row))
            if output:
                _write(rows, output)
            bar.advance(task)
    click.echo(f"\n{len(rows)} scripts: " + ", ".join(f"{n} {what}" for what, n in summary(rows).items()))


if __name__ == "__main__":
    main()
