"""Writes the page of the benchmark and its picture from the committed tables.

python -m b2reduce.experiments.reductions.page
"""

from __future__ import annotations

import math

import click
from b2reduce.experiments.reductions.entries import ENTRIES
from b2reduce.experiments.reductions.listing import FOLDER, listed, populations_of
from b2reduce.experiments.reductions.page_text import REASONS, TEXT
from b2reduce.experiments.reductions.picture import picture
from b2reduce.experiments.reductions.premises import off_by_level, read_premises
from b2reduce.experiments.reductions.references import read_references
from b2reduce.experiments.reductions.score import percent, scored
from b2reduce.experiments.reductions.scoring import FLOOR_, LIMIT
from b2reduce.experiments.reductions.tables import read_table

from b2reduce.basics.files import save_figure, write_text

__all__ = ["PAGE", "PICTURE", "page_text"]

PAGE, PICTURE = FOLDER / "README.md", FOLDER / "errors.png"


def _table(header, rows):
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines)


def _scores(found):
    header = ["entry", "median error", "95 % interval", "mean", "worst", "within 15 %", "missing", "failed"]
    header += ["other drives: median", "off and warned of", "warnings deserved"]
    rows = []
    for name, (groups, _) in found.items():
        every, moved = groups["all"], groups["other drives"]
        interval = "-" if math.isnan(every.low) else f"{percent(every.low)} to {percent(every.high)}"
        rows.append(
            [
                f"`{name}`",
                percent(every.median),
                interval,
                percent(every.mean),
                percent(every.worst),
                f"{every.within} of {every.circuits}",
                str(every.missing),
                str(every.failed),
                f"{percent(moved.median)} (of {moved.circuits - moved.missing})",
                f"{every.off_warned} of {every.off}",
                f"{every.off_warned} of {every.warned}",
            ]
        )
    return _table(header, rows)


def _where(one):
    return f"doi:{one.doi}" if one.doi else "random"


def _circuits():
    return _table(
        ["circuit", "kind", "what it is", "drive"],
        [
            [f"[{name}](circuits/{name}.toml)", _where(one), one.source, one.drive]
            for name, one in listed().items()
        ],
    )


def _rate(prediction, spiking_):
    if prediction is None:
        return "-"
    if not math.isfinite(prediction.rate_):
        return "**none**"
    off = abs(prediction.rate_ - spiking_) > LIMIT * max(spiking_, FLOOR_)
    text = f"{prediction.rate_:.2f}"
    return f"**{text}**" if off else text


def _number(value):
    return "-" if math.isnan(value) else f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _rates(tables):
    references = read_references()
    rows = []
    for name in listed():
        for key in populations_of(name):
            row = references[name][key]
            spiking_ = row["rate [Hz]"]
            rows.append(
                [
                    name,
                    key,
                    f"{spiking_:.2f} ± {row['stderr [Hz]']:.2g}",
                    _number(row["cv"]),
                    _number(row["synchrony"]),
                    *(_rate(table.get((name, key)), spiking_) for table in tables.values()),
                ]
            )
    return _table(["circuit", "population", "spiking (Hz)", "CV", "synchrony", *tables], rows)


def _failures():
    broken: dict = {}
    for row in read_premises():
        measured = "" if math.isnan(row["measured"]) else f" {row['measured']:.3g} ({row['limit']})"
        broken.setdefault(row["circuit"], []).append(f"{row['premise']}{measured}")
    rows = []
    for name, errors in off_by_level().items():
        said = ", ".join(f"{level} {percent(error)}" for level, error in errors.items())
        rows.append([name, said, "; ".join(broken.get(name, ["not measured"])), REASONS.get(name, "")])
    return _table(["circuit", "error by level", "premises that do not hold in spikes", "why"], rows)


def page_text():
    """The text of the page."""
    paths = {name: FOLDER / "entries" / f"{name}.csv" for name in ENTRIES}
    return TEXT.format(
        scores=_scores({name: scored(path) for name, path in paths.items()}),
        entries="\n".join(f"- `{name}`: {what}." for name, what in ENTRIES.items()),
        failures=_failures(),
        circuits=_circuits(),
        rates=_rates({name: read_table(path) for name, path in paths.items()}),
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """Write README.md and errors.png beside the tables."""
    write_text(PAGE, page_text())
    save_figure(picture(), PICTURE, metadata={"Software": None})
    click.echo(f"wrote {PAGE} and {PICTURE}")


if __name__ == "__main__":
    main()
