"""The spiking references: mean rates, their standard errors, irregularity and synchrony of every circuit.

    python -m b2reduce.experiments.reductions.references            all that are missing or of another circuit
    python -m b2reduce.experiments.reductions.references NAME ...   only these, whether they are there or not

A circuit that is done is written at once, so that a run that was ended goes on there. `references.json` has the
rates of every seed and what ran them, `references.csv` the means over seeds.
"""

from __future__ import annotations

import json
import time

import click
import numpy as np
from b2reduce.experiments.reductions.listing import FOLDER, circuit_of, listed

import b2reduce as b2r
from b2reduce.basics.files import write_json, write_text
from b2reduce.basics.provenance import versions

__all__ = ["COLUMNS", "interval_cv", "measure", "read_references", "summary", "synchrony"]

JSON, CSV = FOLDER / "references.json", FOLDER / "references.csv"
COLUMNS = ("circuit", "population", "cells", "rate [Hz]", "stderr [Hz]", "cv", "synchrony")
LEAST = 5  # spikes of a cell whose intervals are looked at
BIN_ = 3e-3  # s, of the counts whose variance is synchrony


def interval_cv(i, t):
    """Mean over cells of the coefficient of variation of their intervals, of cells with 5 spikes or more.

    Parameters
    ----------
    i, t : array
        Cells and times of all spikes.

    Examples
    --------
    >>> interval_cv(np.zeros(6, int), [0, 1, 3, 4, 6, 7]).round(4)  # intervals 1, 2, 1, 2, 1
    np.float64(0.3499)
    """
    i, t = np.asarray(i), np.asarray(t, dtype=float)
    order = np.lexsort((t, i))
    i, t = i[order], t[order]
    found = []
    for train in np.split(t, np.flatnonzero(np.diff(i)) + 1):
        if train.size >= LEAST:
            intervals = np.diff(train)
            found.append(intervals.std() / intervals.mean())
    return np.mean(found) if found else np.nan


def synchrony(t, begin, end):
    """Variance of a population's spike count in bins of 3 ms over its mean: 1 of independent Poisson cells.

    Parameters
    ----------
    t : array
        Times of all its spikes, s.
    begin, end : float
        What is counted, s; whole bins from the begin.

    Examples
    --------
    >>> synchrony([0.0015, 0.0016, 0.0017, 0.0018], 0, 0.006)  # counts 4 and 0: variance 4, mean 2
    np.float64(2.0)
    """
    bins = int((end - begin) / BIN_ + 1e-9)
    counts = np.histogram(t, bins, (begin, begin + bins * BIN_))[0]
    return counts.var() / counts.mean() if counts.any() else np.nan


def measure(name, seeds=None):
    """What is kept of a circuit: rates of every seed, and how they were made.

    Parameters
    ----------
    name : str
    seeds : sequence of int, optional
        Others than those of the list.
    """
    what, circuit = listed()[name], circuit_of(name)
    start = time.perf_counter()
    rows: dict = {key: {"rate": [], "cv": [], "synchrony": []} for key in circuit.populations}
    for seed in what.seeds if seeds is None else seeds:
        run = b2r.simulate_spikes(circuit, duration=f"{what.duration} s", seed=seed, record=0)
        for key, (i, t) in run.spikes_.items():
            i, t = i[t >= what.after], t[t >= what.after]
            row = rows[key]
            row["rate"].append(len(t) / (run.sizes[key] * (what.duration - what.after)))
            row["cv"].append(float(interval_cv(i, t)))
            row["synchrony"].append(float(synchrony(t, what.after, what.duration)))
    return {
        "circuit_hash": circuit.hash,
        "duration": what.duration,
        "after": what.after,
        "seeds": list(what.seeds if seeds is None else seeds),
        "engine": run.provenance["engine"],
        "dt [s]": run.provenance["dt [s]"],
        "versions": dict(versions()),
        "seconds": round(time.perf_counter() - start, 1),
        "cells": dict(run.sizes),
        "populations": rows,
    }


def summary(records):
    """Rows of the table from {circuit: what `measure` kept}."""
    rows = []
    for name, record in records.items():
        for key, found in record["populations"].items():
            rates = np.array(found["rate"])
            means = [_mean(found[what]) for what in ("cv", "synchrony")]
            stderr = rates.std(ddof=1) / np.sqrt(rates.size)
            rows.append((name, key, record["cells"][key], rates.mean(), stderr, *means))
    return rows


def _mean(values):
    known = [value for value in values if value is not None and np.isfinite(value)]
    return np.mean(known) if known else np.nan


def read_references():
    """{circuit: {population: {column: value}}} of the committed table."""
    import pandas as pd

    table = pd.read_csv(CSV, keep_default_na=False, na_values=[""], dtype={"population": str})
    found: dict = {}
    for row in table.to_dict("records"):
        found.setdefault(row["circuit"], {})[row["population"]] = row
    return found


def _current(record, name):
    """Whether a record is of this circuit as it stands in the list."""
    what = listed()[name]
    wanted = {"circuit_hash": circuit_of(name).hash, "duration": what.duration, "after": what.after}
    return {**wanted, "seeds": list(what.seeds)} == {key: record[key] for key in (*wanted, "seeds")}


def _write(records):
    import pandas as pd

    ordered = {name: records[name] for name in listed() if name in records}
    write_json(JSON, ordered)
    table = pd.DataFrame(summary(ordered), columns=list(COLUMNS))
    write_text(CSV, table.to_csv(index=False, float_format="%.5g", lineterminator="\n"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(listed())))
def main(names):
    """Run the spiking networks and write their mean rates."""
    records = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else {}
    records = {name: record for name, record in records.items() if name in listed()}
    for name in names or listed():
        if not names and name in records and _current(records[name], name):
            continue
        records[name] = record = measure(name)
        _write(records)
        rates = ", ".join(f"{row[1]} {row[3]:.2f}±{row[4]:.2f}" for row in summary({name: record}))
        click.echo(f"{name}: {rates} Hz ({record['seconds']:.0f} s)")


if __name__ == "__main__":
    main()
