"""Where a reduction holds: spiking network and all levels over a grid of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ..basics.arguments import one_of
from ..basics.display import field_unit, number, sheet_html
from ..basics.fields import Many, Table, Text
from ..basics.files import output_folder, write_text
from ..basics.frozen import FrozenDict, Record
from ..reduction.levels.register import LEVELS
from ..results.archive import add_archive
from .scan import scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    import pandas

    from ..basics.types import PathLike, ProgressLike
    from ..circuit.types import CircuitLike

__all__ = ["RegimeMap", "map_regimes"]


@dataclass(frozen=True, eq=False)
class RegimeMap(Record):
    """A scan of validations.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per point and population, as `scan` gives it.
    parameters : tuple of str
        Columns of the table that were varied.
    level : str
        That was validated; the others stand beside it.
    """

    table: pandas.DataFrame
    parameters: tuple
    level: str

    FIELDS = FrozenDict(table=Table("point", "status"), parameters=Many(Text), level=Text)

    @property
    def points(self) -> Any:
        """A row per point: parameters, largest error and tier of every level, open loop, warnings, status."""
        first = self.table.groupby("point", sort=True).first()
        columns = [
            *self.parameters,
            *(f"{what} {level}" for level in LEVELS for what in ("largest_error", "tier")),
            "warned",
            "broken",
            "warnings",
            "status",
        ]
        points = first.reindex(columns=columns)
        if "open_loop_error" in self.table:
            points["open_loop_error"] = self.table.groupby("point")["open_loop_error"].agg(
                lambda errors: errors.abs().max()
            )
        return points

    def save(self, folder: PathLike) -> None:
        """Write points.csv, the row per point, and what `load` reads back, into a new folder."""
        with output_folder(folder) as place:
            self.add_to(place)

    def add_to(self, folder: Path) -> None:
        """The same into a folder that is there."""
        write_text(folder / "points.csv", self.points.to_csv())
        add_archive(self, folder)

    @property
    def sheet(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """(columns, rows) for people.

        Parameters in units of the field, the largest error of every level in percent, the error's tier,
        whether a premise warns.
        """
        points, labels, factors = self.points, [], {}
        for name in self.parameters:
            title, _, unit = name.rstrip("]").partition(" [")
            factors[name], unit = field_unit(unit, points[name].to_numpy(dtype=float)) if unit else (1.0, "")
            labels.append(f"{title} ({unit})" if unit else title)
        errors = [column for column in points if column.startswith("largest_error")]
        rows = []
        for _, row in points.astype(object).iterrows():
            values = [number(float(row[name]) / factors[name]) for name in self.parameters]
            rows.append(
                (
                    *values,
                    *(
                        "" if row[name] is None or row[name] != row[name] else f"{100 * float(row[name]):.1f}"
                        for name in errors
                    ),
                    "yes" if row["warned"] is True else "no",
                    row["status"],
                )
            )
        return [*labels, *(f"{name.split()[1]} (%)" for name in errors), "warned", "status"], rows

    def to_xarray(self) -> Any:
        """The row per point as an `xarray.Dataset` over the parameters (needs xarray)."""
        from ..basics.labelled import table_dataset

        return table_dataset(self.points, self.parameters)

    def _repr_html_(self):
        return f"<p><b>{escape(repr(self))}</b></p>{sheet_html(*self.sheet)}"

    def __repr__(self):
        tiers = self.points[f"tier {self.level}"].value_counts()
        return (
            f"RegimeMap({len(self.points)} points over {', '.join(self.parameters)}:"
            f" {', '.join(f'{count} {tier}' for tier, count in tiers.items())})"
        )


def map_regimes(
    circuit: CircuitLike,
    grid: Mapping[str, Any],
    *,
    level: str = "linear",
    seed: int = 1,
    executor: Any = None,
    workers: int | None = None,
    out: PathLike | None = None,
    progress: ProgressLike = None,
    **settings,
) -> RegimeMap:
    """Run the spiking network and the rate model at all levels over a grid.

    Parameters
    ----------
    circuit : Circuit, str or path
    grid : mapping of str to sequence
        As in `scan`.
    level : str
        What is validated; the other levels stand beside it.
    seed, executor, workers, out, progress
        As in `scan`.
    **settings
        As in `validate`: ``duration``, ``seeds``, ``noise``...

    Returns
    -------
    RegimeMap

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> from b2reduce import Circuit, Drive, Population
    >>> external = Drive(name="ext", target="E", inputs=200, rate="14 Hz", G="0.5 nS", tau="5 ms", E="0 mV")
    >>> alone = Circuit(populations={"E": Population("lif", 100)}, drives=[external])
    >>> quick = dict(duration=0.2*second, seeds=1, levels=["linear"], noise="none", workers=1)
    >>> map_regimes(alone, {"drive.ext.rate": [14]*Hz}, **quick).parameters
    ('drive.ext.rate [Hz]',)
    """
    one_of(level, LEVELS, "level")
    table = scan(
        circuit,
        grid,
        task="validate",
        seed=seed,
        executor=executor,
        workers=workers,
        out=out,
        progress=progress,
        level=level,
        **settings,
    )
    columns = list(table.columns)
    last = columns.index("population") if "population" in columns else columns.index("status")
    return RegimeMap(table, tuple(columns[1:last]), level)
