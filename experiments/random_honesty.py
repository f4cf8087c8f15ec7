"""Errors and warnings over circuits drawn at random, in two halves: limits may be chosen on one and are
reported on the other.

Every circuit drawn is a row. It is measured; or refused, where the reduction says by an error that it cannot
be had; or silent, where no population fires at `SILENT_` in the spiking network, so that relative errors mean
nothing; or a fault, where something else was raised. Only measured circuits have errors.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click
import numpy as np
from b2reduce.experiments.honesty_measures import LIMIT, measure_validation
from b2reduce.experiments.random_circuits import random_circuit

import b2reduce as b2r
from b2reduce.reduction.levels.register import LEVELS

__all__ = ["measure_random", "random_summary", "run_random"]

DURATION = "1.2 s"
SILENT_ = 0.1  # Hz
OUTCOMES = ("measured", "refused", "silent", "fault")
HALVES = {"seen": 0, "unseen": 1}  # remainders of the circuits' numbers


def measure_random(number, seed=1):
    """The row of one circuit."""
    from b2reduce.basics.errors import InputError

    start = time.perf_counter()
    row = {"number": number, "seed": seed}
    try:
        circuit = random_circuit(number, seed)
        row["cells"] = {
            name: f"{population.size} {population.model.name}"
            for name, population in circuit.populations.items()
        }
        try:
            v = b2r.validate(circuit, duration=DURATION, seeds=1, seed=seed, progress=False)
        except (
            InputError
        ) as error:  # the generator's circuits are valid, as its tests say: what is refused is the reduction
            row.update(outcome="refused", error=f"{type(error).__name__}: {error}")
        else:
            row.update(measure_validation(v, duration=DURATION, seed=seed))
            row["outcome"] = "measured" if max(row["rates"].values()) >= SILENT_ else "silent"
    except Exception as error:  # a fault of the package is a result here, and must not end the others
        row.update(
            outcome="fault", error=f"{type(error).__name__}: {error}", traceback=traceback.format_exc()
        )
    return {**row, "seconds": round(time.perf_counter() - start, 1)}


def _share(part, whole):
    """A share with its 95 % interval (Wilson)."""
    from scipy.stats import binomtest

    if not whole:
        return {"count": 0, "of": 0, "share": np.nan, "low": np.nan, "high": np.nan}
    interval = binomtest(part, whole).proportion_ci(method="wilson")
    return {
        "count": part,
        "of": whole,
        "share": part / whole,
        "low": float(interval.low),
        "high": float(interval.high),
    }


def random_summary(rows):
    """What became of the circuits, the median errors, and whether warnings come where errors do.

    Returns
    -------
    dict
        ``outcomes`` {outcome: number}; ``medians`` {level, "here", "away", "over_time": median error}; and
        for errors ``here`` (where the circuit was reduced) and ``any`` (there, at other drives, or over
        time): ``warned`` of the errors above 15 %, and ``deserved`` of the warnings, each with count, of,
        share, low and high.
    """
    measured = [row for row in rows if row["outcome"] == "measured"]
    warned = [row for row in measured if row["warned"]]

    def median(key):
        values = [row[key] for row in measured if not np.isnan(row[key])]
        return float(np.median(values)) if values else np.nan

    summary = {
        "outcomes": {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES},
        "medians": {key: median(key) for key in (*LEVELS, "here", "away", "over_time")},
    }
    for name, key in (("here", "here"), ("any", "worst")):
        off = [row for row in measured if row[key] > LIMIT]
        summary[name] = {
            "warned": _share(sum(row["warned"] for row in off), len(off)),
            "deserved": _share(sum(row[key] > LIMIT for row in warned), len(warned)),
        }
    return summary


def _print(rows):
    for name, remainder in HALVES.items():
        half = [row for row in rows if row["number"] % 2 == remainder]
        numbers = random_summary(half)
        outcomes = ", ".join(f"{count} {what}" for what, count in numbers["outcomes"].items())
        click.echo(f"\n{name} ({len(half)} circuits of {'odd' if remainder else 'even'} number): {outcomes}")
        click.echo(
            "  median errors: "
            + ", ".join(
                f"{key.replace('_', ' ')} {100 * value:.1f} %" for key, value in numbers["medians"].items()
            )
        )
        for key, where in (("here", "where reduced"), ("any", "here, away or over time")):
            for what, text in (
                ("warned", f"of errors above {100 * LIMIT:.0f} % {where}, warned of"),
                ("deserved", f"of warnings, deserved by errors {where}"),
            ):
                share = numbers[key][what]
                percent = (
                    f": {100 * share['share']:.0f} % ({100 * share['low']:.0f} to"
                    f" {100 * share['high']:.0f} %)"
                    if share["of"]
                    else ""
                )
                click.echo(f"  {text:<62} {share['count']} of {share['of']}{percent}")


def _line(row):
    start = f"{row['number']:>3}  {row['outcome']:<9}{row['seconds']:6.1f} s  "
    if "here" not in row:
        return f"{start}{row['error'].splitlines()[0][:200]}"
    percent = "  ".join(
        f"{key.replace('_', ' ')} {100 * row[key]:.1f} %" for key in (*LEVELS, "away", "over_time")
    )
    said = f"{'warned' if row['warned'] else 'no warning'}{'' if (row['worst'] > LIMIT) == row['warned'] else ' (!)'}"
    return f"{start}{percent}  {said}  {row['rates']}  {', '.join(row['cells'].values())}"


def _read(path, seed):
    """Rows of an earlier run, by number."""
    if path is None or not Path(path).exists():
        return {}
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("seed") != seed or data.get("duration") != DURATION:
        raise click.UsageError(
            f"{path}: got a file of something else than circuits of seed {seed} run for {DURATION}; name"
            " another file, or remove it"
        )
    return {row["number"]: row for row in data["rows"]}


def _write(path, seed, rows):
    """All rows so far: a run that is killed leaves the file of before or of after."""
    aside = Path(f"{path}.{os.getpid()}.part")
    aside.write_text(
        json.dumps(
            {"seed": seed, "duration": DURATION, "rows": [rows[number] for number in sorted(rows)]}, indent=1
        ),
        encoding="utf-8",
    )
    os.replace(aside, path)


def run_random(count, *, seed=1, workers=2, path=None):
    """Measure circuits 0 to count - 1, print each in order and then both halves.

    Rows that `path` has are not measured again.
    """
    rows = _read(path, seed)
    missing = [number for number in range(count) if number not in rows]
    before = os.environ.get("B2REDUCE_THREADS")
    # Inherited by the workers, which are as many as the cores that are wanted
    os.environ["B2REDUCE_THREADS"] = "1"
    try:
        with ProcessPoolExecutor(
            max(1, min(workers, len(missing))), mp_context=multiprocessing.get_context("spawn")
        ) as pool:
            results = pool.map(partial(measure_random, seed=seed), missing)
            try:
                for number in range(count):
                    if number not in rows:
                        rows[number] = next(results)
                        if path is not None:
                            _write(path, seed, rows)
                    click.echo(_line(rows[number]))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    finally:
        if before is None:
            del os.environ["B2REDUCE_THREADS"]
        else:
            os.environ["B2REDUCE_THREADS"] = before
    chosen = [rows[number] for number in range(count)]
    _print(chosen)
    return chosen
