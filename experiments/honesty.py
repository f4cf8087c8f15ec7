"""Honesty as a number: over circuits of all kinds, how good each level is, and whether warnings come where
errors do.

    python -m b2reduce.experiments.honesty                       all circuits (about ten minutes)
    python -m b2reduce.experiments.honesty "nearly silent" ...   only these
    python -m b2reduce.experiments.honesty --random              circuits drawn at random, which set no limit:
    12, or 60 with --long

An error counts where a rate model is used: at the drives that it was made for, at drives a quarter weaker and
stronger, and over time. A warning is a premise that does not hold, or a warning of the reduction; what it
says is weighed without looking at the spiking rates' difference from the model. It was deserved if any of the
three errors exceeds 15 %.

Limits of premises were chosen on circuits such as those of the list, so that their shares say little of
others. Circuits drawn at random (random_circuits.py) are in two halves: limits may be chosen on those of even
number, those of odd number are unseen.
"""

from __future__ import annotations

import json

import click
import numpy as np
from b2reduce.experiments.honest_circuits import AT, CIRCUITS
from b2reduce.experiments.honesty_measures import LIMIT, measure_validation
from b2reduce.experiments.random_honesty import run_random

import b2reduce as b2r
from b2reduce.reduction.levels.register import LEVELS

__all__ = ["PUBLISHED", "measure", "summary", "main"]

# {circuit: {population: (Hz, what it is)}}: rates in the sources of published circuits, beside which the
# measured ones are printed.
PUBLISHED = {
    "zerlaut2018": {
        "RS": (2.457, "the authors' mean field, first order"),
        "FS": (9.641, "the authors' mean field, first order"),
    },
    "vogels2005": {
        "E": (None, "sustains itself; no rate stated"),
        "I": (None, "sustains itself; no rate stated"),
    },
}


def measure(name, duration="1.5 s", seeds=1, seed=1):
    """One circuit: errors by level, here, away from here and over time, and what was said about them."""
    v = b2r.validate(CIRCUITS[name](), duration=duration, seeds=seeds, seed=seed, at=AT.get(name))
    return {"circuit": name, **measure_validation(v, duration=duration, seed=seed)}


def summary(rows):
    """{what: number} over circuits."""
    best = lambda row: np.nanmin([row[level] for level in LEVELS])
    finite = lambda level: np.array([row[level] for row in rows if not np.isnan(row[level])])
    unwarned = [row for row in rows if not row["warned"]]
    off, worst = [row for row in rows if row["here"] > LIMIT], [row for row in rows if row["worst"] > LIMIT]
    warned = [row for row in rows if row["warned"]]
    share = lambda part, whole: len(part) / len(whole) if whole else np.nan
    return {
        "circuits": len(rows),
        **{f"median error, {level}": float(np.median(finite(level))) for level in LEVELS},
        **{f"worst error, {level}": float(finite(level).max()) for level in LEVELS},
        "median error of the best level where premises hold": (
            float(np.median([best(row) for row in unwarned])) if unwarned else np.nan
        ),
        "circuits without a warning": len(unwarned),
        "circuits off by more than 15 % where they were reduced": len(off),
        "share of these with a warning": share([row for row in off if row["warned"]], off),
        "circuits off by more than 15 % here, away, or over time": len(worst),
        "share of those with a warning": share([row for row in worst if row["warned"]], worst),
        "share of warnings that were deserved": share(
            [row for row in warned if row["worst"] > LIMIT], warned
        ),
    }


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(CIRCUITS)))
@click.option(
    "--random",
    "count",
    is_flag=False,
    flag_value=0,
    default=None,
    type=click.IntRange(0),
    help="So many circuits drawn at random instead; without a number 12, or 60 with --long.",
)
@click.option("--long", "long_", is_flag=True, help="60 circuits at random.")
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the circuits drawn at random."
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Processes, for circuits drawn at random.",
)
@click.option(
    "--json",
    "path",
    type=click.Path(dir_okay=False),
    help="Write every row; circuits drawn at random that are in the file are not run again.",
)
def main(names, count, long_, seed, workers, path):
    """Print errors and warnings over circuits of all kinds."""
    if count is not None or long_:
        if names:
            raise click.UsageError(
                f"got circuits ({', '.join(names)}) together with --random or --long, expected one of either"
            )
        run_random(count or (60 if long_ else 12), seed=seed, workers=workers, path=path)
        return
    rows = []
    for name in names or CIRCUITS:
        rows.append(row := measure(name))
        percent = "  ".join(f"{level} {100 * row[level]:6.1f} %" for level in LEVELS)
        click.echo(
            f"{name:<18} {percent}   away {100 * row['away']:6.1f} %   over time"
            f" {100 * row['over_time']:5.1f} %   {'warned' if row['warned'] else 'no warning'}:"
            f" {'; '.join(text[:60] for text in row['said'] if text != 'fires without noise')}  "
            f" {row['rates']}"
        )
    if any(row["circuit"] in PUBLISHED for row in rows):
        click.echo("\npublished circuit, population: published, spiking, rate model (Hz)")
    for row in rows:
        for name, (rate, what) in PUBLISHED.get(row["circuit"], {}).items():
            click.echo(
                f"  {row['circuit']}, {name}: {'-' if rate is None else f'{rate:.2f}'} ({what}),"
                f" {row['rates'][name]:.2f}, {row['model rates'][name]:.2f}"
            )
    click.echo("")
    for what, value in summary(rows).items():
        click.echo(f"{what:<62} {value if isinstance(value, int) else f'{100 * value:.1f} %'}")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
