"""Which premises do not hold where a level is off: measured on a spiking run, once the predictions are made.

    python -m b2reduce.experiments.reductions.premises            circuits that a level is off at
    python -m b2reduce.experiments.reductions.premises NAME ...   these

No entry reads any of it. Seeds are others than those of the references.
"""

from __future__ import annotations

import warnings

import click
from b2reduce.experiments.reductions.levels import SEED
from b2reduce.experiments.reductions.listing import FOLDER, circuit_of, listed
from b2reduce.experiments.reductions.score import outcomes_of
from b2reduce.experiments.reductions.scoring import LIMIT

import b2reduce as b2r
from b2reduce.basics.errors import B2reduceError
from b2reduce.basics.files import write_text
from b2reduce.basics.progress import Progress
from b2reduce.reduction.levels.register import LEVELS
from b2reduce.validation.premises.evidence import Evidence
from b2reduce.validation.premises.table import premises_table
from b2reduce.validation.premises.uncoupled import UncoupledCells

__all__ = ["broken_premises", "off_by_level", "read_premises"]

CSV = FOLDER / "premises.csv"
COLUMNS = ("circuit", "premise", "measured", "limit")


def off_by_level():
    """{circuit: {level: error}} of the circuits that a level is off at by more than 15 %, or fails."""
    found: dict = {}
    for level in LEVELS:
        for name, outcome in outcomes_of(FOLDER / "entries" / f"{level}.csv").items():
            found.setdefault(name, {})[level] = outcome.error
    return {name: errors for name, errors in found.items() if any(each > LIMIT for each in errors.values())}


def broken_premises(name):
    """Rows (circuit, premise, measured, limit) of what does not hold, of one reduction and one spiking run.

    They are those of the circuit that was reduced: of one at other drives that is the first of its family, and
    whether the rate model follows its drives is among them, as in the table of `validate`.
    """
    circuit, what = circuit_of(listed()[name].family), listed()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", b2r.errors.AccuracyWarning)  # of a percent
        reduced = b2r.reduce(circuit, level="linear", at=dict(what.at) or None, seed=SEED, progress=False)
        run = b2r.simulate_spikes(circuit, duration=f"{what.duration} s", seed=SEED, progress=False)
        with Progress(False) as bar:
            uncoupled = UncoupledCells(reduced, SEED, "auto", bar)
            table = premises_table(Evidence(circuit, [run], reduced, None, uncoupled))
    broken = table[~table["holds"].astype(bool)]
    return [(name, row.assumption, float(row.measured), row.limit) for row in broken.itertuples()]


def read_premises():
    """[{column: value}] of the committed table."""
    import pandas as pd

    return pd.read_csv(CSV).to_dict("records") if CSV.exists() else []


def _write(rows):
    import pandas as pd

    order = list(listed())
    rows = sorted(rows, key=lambda row: order.index(row[0]))  # a stable sort: premises stay in their order
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_text(CSV, table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(listed())))
def main(names):
    """Write the premises that do not hold; circuits that are in the table already are kept unless named."""
    rows = [tuple(row[column] for column in COLUMNS) for row in read_premises()]
    for name in names or off_by_level():
        if not names and any(row[0] == name for row in rows):
            continue
        try:
            own = broken_premises(name)
        except B2reduceError as error:
            click.echo(f"{name}: no reduction to measure premises of: {error}", err=True)
            continue
        # Said by a row, so that a circuit without a broken premise is not measured again
        own = own or [(name, "all hold", float("nan"), "")]
        rows = [row for row in rows if row[0] != name] + own
        _write(rows)
        click.echo(f"{name}: {', '.join(row[1] for row in own)}")


if __name__ == "__main__":
    main()
