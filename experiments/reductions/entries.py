"""Makes the entries of the benchmark: tables of predicted rates, from the circuits alone.

    python -m b2reduce.experiments.reductions.entries                  all, circuits that are done left as they are
    python -m b2reduce.experiments.reductions.entries --only linear    one of them
    python -m b2reduce.experiments.reductions.entries --circuit ei_lif --again

Every family of circuits that is done is written at once. `entries/NAME.csv` is what is scored; `entries/NAME.json`
says what made it.
"""

from __future__ import annotations

import csv
import io
import json
import time

import click
import numpy as np
from b2reduce.experiments.reductions.levels import family_rows, members
from b2reduce.experiments.reductions.listing import FOLDER, circuit_of, listed
from b2reduce.experiments.reductions.siegert import siegert_problem, siegert_rates
from b2reduce.experiments.reductions.tables import COLUMNS

from b2reduce.basics.files import write_json, write_text
from b2reduce.basics.provenance import versions
from b2reduce.reduction.levels.register import LEVELS

__all__ = ["ENTRIES", "recorded"]

#: {entry: what it is}
ENTRIES = {
    **{level: f'b2reduce, level "{level}", noise "renewal"' for level in LEVELS},
    "quenched": 'b2reduce, level "linear", noise "quenched": cells that differ in what they get',
    "noise-free": 'b2reduce, level "linear", noise "none": the gain of the textbook',
    "nnmt": "Siegert's formula (NNMT), where it applies",
}
NOTE = 300  # letters of a note


def _siegert_rows(family):
    found = {}
    for name in members(family):
        circuit = circuit_of(name)
        if problem := siegert_problem(circuit):
            found[name] = [(key, None, None, False, problem) for key in circuit.populations]
            continue
        rates, said = siegert_rates(circuit)
        found[name] = [(key, rate, None, bool(said), "; ".join(said)) for key, rate in rates.items()]
    return {"nnmt": found}


def _measured(family, names):
    """{entry: {circuit: rows}} of those entries that are asked for; levels are measured together."""
    found = {}
    levels = [name for name in names if name in LEVELS]
    if levels:
        found.update(family_rows(family, levels, "renewal"))
    for entry, noise in (("quenched", "quenched"), ("noise-free", "none")):
        if entry in names:
            found[entry] = family_rows(family, ["linear"], noise)["linear"]
    if "nnmt" in names:
        found.update(_siegert_rows(family))
    return found


def recorded(name):
    """{circuit: what was kept of it} of an entry."""
    path = FOLDER / "entries" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write(name, records):
    """The records, and the table that is made of them alone."""
    folder = FOLDER / "entries"
    ordered = {circuit: records[circuit] for circuit in listed() if circuit in records}
    write_json(folder / f"{name}.json", ordered)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for circuit, record in ordered.items():
        for key, rate, stderr, warned, note in record["rows"]:
            shown = "" if rate is None else rate if isinstance(rate, str) else f"{rate:.5g}"
            deviation = "" if stderr is None else f"{stderr:.3g}"
            writer.writerow((circuit, key, shown, deviation, "yes" if warned else "no", note))
    write_text(folder / f"{name}.csv", text.getvalue())


def _record(name, rows, seconds):
    """What is kept of a circuit; JSON has no NaN, so that failures are words."""
    kept = [
        (key, "nan" if rate is not None and not np.isfinite(rate) else rate, stderr, warned, _short(note))
        for key, rate, stderr, warned, note in rows
    ]
    return {"circuit_hash": circuit_of(name).hash, "seconds": seconds, "versions": _versions(), "rows": kept}


def _versions():
    from importlib import metadata

    try:
        return {**versions(), "nnmt": metadata.version("nnmt")}
    except metadata.PackageNotFoundError:
        return dict(versions())


def _short(note):
    note = " ".join(note.split())
    return note if len(note) <= NOTE else note[: NOTE - 3] + "..."


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--only", multiple=True, type=click.Choice(list(ENTRIES)), help="These entries; may be repeated."
)
@click.option("--circuit", "circuits", multiple=True, type=click.Choice(list(listed())))
@click.option("--again", is_flag=True, help="Measure anew what is done.")
def main(only, circuits, again):
    """Predict the rates of all circuits, and write one table an entry."""
    records = {name: recorded(name) for name in only or ENTRIES}
    for family in dict.fromkeys(listed()[name].family for name in circuits or listed()):
        done = lambda name, family=family: all(
            records[name].get(one, {}).get("circuit_hash") == circuit_of(one).hash for one in members(family)
        )
        wanted = [name for name in records if again or not done(name)]
        if not wanted:
            continue
        start = time.perf_counter()
        found = _measured(family, wanted)
        seconds = round(time.perf_counter() - start, 1)
        for name, of_circuits in found.items():
            for one, rows in of_circuits.items():
                records[name][one] = _record(one, rows, seconds)
            _write(name, records[name])
        click.echo(f"{family}: {', '.join(found)} ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
