"""Spiking against rate: by how much they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..basics.arguments import one_time, require
from ..basics.display import number, sheet_html, sheet_text
from ..basics.errors import InputError
from ..basics.fields import Maybe, Measured, Plain, Table
from ..basics.frozen import FrozenDict, Record, frozen
from ..basics.units import with_units
from ..circuit.drive_rates import rate_at
from ..networks.activity import both_kinds
from ..networks.counting import counted_rates, counting_variance
from ..reduction.measured_range import mean_response_
from ..reduction.reduced_circuit import ReducedCircuit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    from brian2 import Quantity

    from ..basics.types import QuantityLike
    from ..networks.activity import Activity

__all__ = ["Comparison", "compare", "tier_of"]

FLOOR_ = 1.0  # Hz; below it an error is taken relative to 1 Hz
TIERS = (("quantitative", 0.15), ("qualitative", 0.50))
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of rates over cells


def tier_of(error):
    """What an error of the mean rates, without its sign, allows one to say."""
    return next((name for name, limit in TIERS if error <= limit), "breakdown")


@dataclass(frozen=True, eq=False)
class Comparison(Record):
    """Mean rates of a spiking and a rate run.

    Attributes
    ----------
    table : pandas.DataFrame
        Index population. ``spiking`` and ``rate`` in Hz, ``error`` = (rate - spiking)/max(spiking, 1 Hz),
        ``spread`` the standard deviation of the spiking rate over seeds in Hz (NaN for one seed).
    split : pandas.DataFrame or None
        Where the reduction was given, index population: ``open_loop`` in Hz, the rate that its gains give
        where the spiking network's own rates go in; ``open_loop_error``, the fault of the gains alone; and
        ``error``, what the feedback makes of it by amplifying or reducing it.
    cells : pandas.DataFrame or None
        Of runs with rates of cells: index (population, statistic), columns ``spiking`` and ``rate`` in Hz.
        Statistics: mean; sd over cells; sd without what counting spikes for a finite time adds; quantiles,
        for the rate model with that scatter added, so that the two columns are alike.
    seeds : pandas.DataFrame
        Spiking rate of every run, one column a run.
    after : Quantity
        Start of the time over which rates were averaged.
    provenance : mapping
        Those of the spiking runs and of the rate run.
    tier : str
        ``"quantitative"`` if the largest error is at most 15 %, ``"qualitative"`` up to 50 %, else
        ``"breakdown"``.
    """

    table: pandas.DataFrame
    seeds: pandas.DataFrame
    after: Quantity
    provenance: Mapping = field(default_factory=dict)
    cells: Any = None
    split: Any = None

    FIELDS = FrozenDict(
        table=Table("spiking", "rate", "error", "spread"),
        seeds=Table(),
        after=Measured("s"),
        provenance=Plain,
        cells=Maybe(Table("spiking", "rate")),
        split=Maybe(Table("open_loop", "open_loop_error", "error")),
    )

    @property
    def largest_error(self) -> float:
        """Largest error over populations, without its sign."""
        return float(self.table["error"].abs().max())

    @property
    def tier(self) -> str:
        """The verdict from the largest error."""
        return tier_of(self.largest_error)

    @property
    def _title(self):
        return f"Comparison({self.tier}, largest error {100 * self.largest_error:.1f} %, after {self.after})"

    @property
    def _rows(self):
        """(columns, rows) for people."""
        rows = [
            (name, number(row.spiking, row.spread), number(row.rate), f"{100 * row.error:+.1f} %")
            for name, row in self.table.iterrows()
        ]
        columns = ["population", "spiking (Hz)", "rate model (Hz)", "error"]
        if self.split is not None:
            columns.append("gains alone (Hz)")
            rows = [(*row, number(self.split.open_loop[row[0]])) for row in rows]
        return columns, rows

    def __repr__(self):
        return sheet_text(*self._rows, self._title)

    def _repr_html_(self):
        return sheet_html(
            *self._rows,
            self._title,
            ["± is the standard deviation over seeds."] if self.seeds.shape[1] > 1 else [],
        )


def compare(
    spikes: Activity | Sequence[Activity],
    rates: Activity,
    *,
    after: QuantityLike | None = None,
    reduced: ReducedCircuit | None = None,
) -> Comparison:
    """Compare mean rates of spiking runs with those of the rate model.

    With one unit a cell the distribution over cells is compared as well, with the spiking run of the same
    wiring.

    Parameters
    ----------
    spikes : Activity or sequence of Activity
        Spiking runs, one per seed.
    rates : Activity
        The rate run; the populations must be the same.
    after : Quantity, optional
        Average over the time from here on; by default the last three quarters of the shorter run.
    reduced : ReducedCircuit, optional
        Splits the error into that of the gain (open loop) and what the feedback makes of it.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If the populations differ or nothing lies after `after`.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import second
    >>> from b2reduce import Activity
    >>> run = lambda rate: Activity(("E",), np.arange(100) * 0.01 + 0.005, np.full((1, 100), rate), 0.01)
    >>> compare([run(10.0), run(12.0)], run(11.0), after=0.5*second).tier
    'quantitative'
    """
    import pandas as pd

    runs = both_kinds(spikes, rates, "compare")
    if reduced is not None:
        require(reduced, ReducedCircuit, "compare, reduced")
    for run in runs:
        if set(run.populations) != set(rates.populations):
            raise InputError(
                f"got spiking populations {', '.join(run.populations)} and rate populations"
                f" {', '.join(rates.populations)}; both must come from the same circuit"
            )
    shortest = min(run.duration_ for run in [*runs, rates])
    after_ = shortest / 4 if after is None else one_time(after, "after")
    if not 0 <= after_ < shortest:
        raise InputError(f"after: got {after_:g} s, but the shorter run ends at {shortest:g} s")
    after = with_units(after_, "s")
    seeds = pd.concat(
        [run.mean(after) for run in runs],
        axis=1,
        keys=[run.provenance.get("seed", number) for number, run in enumerate(runs)],
    )
    spiking, rate = seeds.mean(axis=1), rates.mean(after).reindex(seeds.index)
    table = pd.DataFrame(
        {
            "spiking": spiking,
            "rate": rate,
            "error": (rate - spiking) / np.maximum(spiking, FLOOR_),
            "spread": seeds.std(axis=1, ddof=1) if len(runs) > 1 else np.nan,
        }
    )
    same = []
    if rates.cell_rate_ is not None:
        same = [
            run
            for run in runs
            if run.provenance.get("seed") == rates.provenance["seed"] and run.spikes_ is not None
        ]
        if not same:
            raise InputError(
                f"the rates of cells belong to the wiring of seed {rates.provenance['seed']}, but the spiking"
                f" runs have the seeds {', '.join(map(str, seeds.columns))}; give simulate_rates() one of"
                " these"
            )
    split = None
    if reduced is not None:
        open_loop = pd.Series(_open_loop(reduced, same or runs, rates, after_)).reindex(table.index)
        split = pd.DataFrame(
            {
                "open_loop": open_loop,
                "open_loop_error": (open_loop - spiking) / np.maximum(spiking, FLOOR_),
                "error": table["error"],
            }
        )
    cells = _over_cells(same[0], rates, after_) if same else None
    return Comparison(
        table,
        seeds,
        after,
        frozen({"spikes": [run.provenance for run in runs], "rates": rates.provenance}),
        cells,
        split,
    )


def _open_loop(reduced, runs, rates, after_):
    """{population: rate in Hz} that the gains give at the rates of the spiking network, over stretches of
    constant drive.
    """
    drives = rates.drives_
    end_ = min(run.duration_ for run in runs)
    edges = {
        after_,
        end_,
        *(t for rate in drives.values() if isinstance(rate, tuple) for t in rate[0] if after_ < t < end_),
    }
    total = dict.fromkeys(reduced.populations, 0.0)
    for first, last in zip(sorted(edges), sorted(edges)[1:]):
        seen = [run.rate_[:, (run.t_ > first) & (run.t_ < last)] for run in runs]
        if not seen[0].size:
            continue
        means = np.mean([piece.mean(axis=1) for piece in seen], axis=0)
        held = {key: float(rate_at(rate, first)) for key, rate in drives.items()}
        if reduced.cells:  # every cell with what its own wiring brings; there is one run of that wiring
            spikes = runs[0].spikes_
            cell_rates = {
                name: (
                    np.bincount(i[(t >= first) & (t < last)], minlength=runs[0].sizes[name]) / (last - first)
                )
                for name, (i, t) in spikes.items()
            }
            out = mean_response_(reduced, cell_rates, held, rates.provenance["seed"])
        else:
            out = reduced.response_(dict(zip(runs[0].populations, means.tolist())), held)
        total = {name: total[name] + float(out[name]) * (last - first) / (end_ - after_) for name in total}
    return total


def _over_cells(run, rates, after_):
    """Table of the distributions of rates over cells."""
    import pandas as pd
    from scipy.special import ndtr

    after = with_units(after_, "s")
    spiking, rate = run.cell_means_(after), rates.cell_means_(after)
    rows = {}
    for name in run.populations:
        counting = counting_variance(run, name, after_)
        some, scatter = counted_rates(run, rates, name, after_)
        x = np.linspace(max((some - 5 * scatter).min(), 0.0), (some + 5 * scatter).max(), 400)
        below = ndtr((x[:, None] - some) / scatter).mean(axis=1)
        rows[name, "mean"] = spiking[name].mean(), rate[name].mean()
        rows[name, "sd"] = spiking[name].std(), np.sqrt(rate[name].var() + counting)
        rows[name, "sd without counting"] = (
            np.sqrt(max(spiking[name].var() - counting, 0.0)),
            rate[name].std(),
        )
        for level in QUANTILES:
            rows[name, f"{100 * level:g} %"] = np.quantile(spiking[name], level), np.interp(level, below, x)
    return pd.DataFrame(
        rows.values(),
        index=pd.MultiIndex.from_tuples(rows, names=["population", "statistic"]),
        columns=["spiking", "rate"],
    )
