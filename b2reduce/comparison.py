"""Spiking against rate: by how much they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .activity import Activity
from .provenance import frozen
from .units import InputError, to_si, with_units

__all__ = ["Comparison", "compare"]

FLOOR_ = 1.0  # Hz; below it an error is taken relative to 1 Hz
TIERS = (("quantitative", 0.15), ("qualitative", 0.50))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Mean rates of a spiking and a rate run.

    Attributes
    ----------
    table : pandas.DataFrame
        Index population. ``spiking`` and ``rate`` in Hz, ``error`` = (rate - spiking)/max(spiking, 1 Hz), ``spread`` the
        standard deviation of the spiking rate over seeds in Hz (NaN for one seed).
    seeds : pandas.DataFrame
        Spiking rate of every run, one column a run.
    after : Quantity
        Start of the time over which rates were averaged.
    provenance : mapping
        Those of the spiking runs and of the rate run.
    tier : str
        ``"quantitative"`` if the largest error is at most 15 %, ``"qualitative"`` up to 50 %, else ``"breakdown"``.
    """

    table: object
    seeds: object
    after: object
    provenance: Mapping = field(default_factory=dict)

    @property
    def largest_error(self):
        """Largest error over populations, without its sign."""
        return float(self.table["error"].abs().max())

    @property
    def tier(self):
        """The verdict from the largest error."""
        return next((name for name, limit in TIERS if self.largest_error <= limit), "breakdown")

    def __repr__(self):
        return f"Comparison({self.tier}, largest error {100 * self.largest_error:.1f} %)\n{self.table}"


def compare(spikes, rates, *, after=None):
    """Compare mean rates of spiking runs with those of the rate model.

    Parameters
    ----------
    spikes : Activity or sequence of Activity
        Spiking runs, one per seed.
    rates : Activity
        The rate run; the populations must be the same.
    after : Quantity, optional
        Average over the time from here on; by default the last three quarters of the shorter run.

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
    >>> run = lambda rate: Activity(("E",), np.arange(100) * 0.01 + 0.005, np.full((1, 100), rate), 0.01)
    >>> compare([run(10.0), run(12.0)], run(11.0), after=0.5*second).tier
    'quantitative'
    """
    import pandas as pd

    runs = [spikes] if isinstance(spikes, Activity) else list(spikes)
    if not runs:
        raise InputError("spikes: got no run, expected one Activity or a list of them")
    for run in runs:
        if set(run.populations) != set(rates.populations):
            raise InputError(f"got spiking populations {', '.join(run.populations)} and rate populations {', '.join(rates.populations)}; "
                             f"both must come from the same circuit")
    shortest = min(run.duration_ for run in [*runs, rates])
    after_ = shortest / 4 if after is None else to_si(after, "s", "after")
    if not 0 <= after_ < shortest:
        raise InputError(f"after: got {after_:g} s, but the shorter run ends at {shortest:g} s")
    after = with_units(after_, "s")
    seeds = pd.concat([run.mean(after) for run in runs], axis=1, keys=[run.provenance.get("seed", number) for number, run in enumerate(runs)])
    spiking, rate = seeds.mean(axis=1), rates.mean(after).reindex(seeds.index)
    table = pd.DataFrame({"spiking": spiking, "rate": rate, "error": (rate - spiking) / np.maximum(spiking, FLOOR_),
                          "spread": seeds.std(axis=1, ddof=1) if len(runs) > 1 else np.nan})
    return Comparison(table, seeds, after, frozen({"spikes": [run.provenance for run in runs], "rates": rates.provenance}))
