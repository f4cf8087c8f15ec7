"""Scores a table of predicted rates against the spiking references.

    python -m b2reduce.experiments.reductions.score TABLE.csv

The README beside this says how a table looks, and what may not be used to make it.
"""

from __future__ import annotations

import dataclasses
import json
import math

import click
from b2reduce.experiments.reductions.listing import listed
from b2reduce.experiments.reductions.references import read_references
from b2reduce.experiments.reductions.scoring import LIMIT, outcomes, scores
from b2reduce.experiments.reductions.tables import read_table

from b2reduce.basics.errors import B2reduceError
from b2reduce.basics.files import without_nan

__all__ = ["GROUPS", "outcomes_of", "percent", "report", "scored"]

#: {name: which circuits}
GROUPS = {
    "all": lambda one: True,
    "published": lambda one: one.kind == "published",
    "random": lambda one: one.kind == "random",
    "other drives": lambda one: bool(one.of),
}


def percent(value):
    """A share in words: three digits at most, none of what is unknown.

    Examples
    --------
    >>> percent(0.01234), percent(0.34567), percent(float("inf")), percent(float("nan"))
    ('1.2 %', '35 %', 'inf', '-')
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "inf"
    return f"{100 * value:.1f} %" if value < 0.0995 else f"{100 * value:.0f} %"


def outcomes_of(path):
    """{circuit: Outcome} of a table.

    Raises
    ------
    InputError
        If the table is refused.
    """
    return outcomes(read_table(path), read_references(), listed())


def scored(path):
    """({group: Scores}, {circuit: Outcome}) of a table, which may be refused as well."""
    found = outcomes_of(path)
    groups = {
        group: scores({name: outcome for name, outcome in found.items() if belongs(listed()[name])})
        for group, belongs in GROUPS.items()
    }
    return groups, found


def report(groups, found):
    """The lines that the command prints."""
    yield f"{'circuits':<14}{'median':>8}{'95 % interval':>20}{'mean':>9}{'worst':>9}{'within 15 %':>13}{'missing':>9}{'failed':>8}"
    for group, each in groups.items():
        interval = f"{percent(each.low)} to {percent(each.high)}"
        yield (
            f"{group:<14}{percent(each.median):>8}{interval:>20}{percent(each.mean):>9}"
            f"{percent(each.worst):>9}{f'{each.within} of {each.circuits}':>13}{each.missing:>9}{each.failed:>8}"
        )
    every = groups["all"]
    yield ""
    yield f"errors above 15 %, or no number: {every.off} circuits, {every.off_warned} of them warned of"
    yield f"warnings: {every.warned}, {every.off_warned} of them deserved"
    yield (
        f"populations: {every.populations}, {every.populations_missing} missing,"
        f" {every.by_chance} within two standard errors"
    )
    for name, outcome in found.items():
        if outcome.missing:
            yield f"missing: {name}: {', '.join(outcome.missing)}"
    for name, outcome in found.items():
        if outcome.complete and not outcome.error <= LIMIT:
            errors = ", ".join(f"{key} {_signed(error)}" for key, error in outcome.errors.items())
            yield f"off: {name}: {errors}{' (warned)' if outcome.warned else ' (not warned)'}"


def _signed(error):
    return "no number" if math.isinf(error) else f"{100 * error:+.0f} %"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("table", type=click.Path(dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Numbers for programs; null where there is none.")
def main(table, as_json):
    """Score TABLE, a CSV with the columns circuit, population and rate [Hz]."""
    try:
        groups, found = scored(table)
    except B2reduceError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        data = {group: dataclasses.asdict(each) for group, each in groups.items()}
        errors = {name: outcome.errors for name, outcome in found.items()}
        click.echo(json.dumps(without_nan({"scores": data, "errors": errors}), indent=1))
        return
    for line in report(groups, found):
        click.echo(line)


if __name__ == "__main__":
    main()
