"""How every level of the rate model does, a row a level."""

from __future__ import annotations

import numpy as np

from ..networks.simulate_rates import simulate_rates
from ..reduction.levels.register import LEVELS
from ..reduction.states import measured_start
from .comparison import FLOOR_, compare, tier_of
from .verdict import LevelRecord


def level_rows(reductions, reduced, rates, spikes, comparison, duration, missing, start=None):
    """[LevelRecord] of all levels; `start` has the rates that networks started at, where they were said."""
    import pandas as pd

    spiking, records = comparison.table["spiking"], []
    constant = all(drive.constant for drive in reduced.circuit.drives)
    drives_ = reduced.circuit.drives_
    largest = lambda rates: float(((rates - spiking) / np.maximum(spiking, FLOOR_)).abs().max())
    for level in LEVELS:
        other = reductions.get(level)
        if other is None:
            if level in missing:
                records.append(LevelRecord(level, {}, missing=missing[level]))
            continue
        if other is reduced:
            own, mean = comparison, comparison.table["rate"]
            lost = [name for name, share in rates.outside.items() if share > 0.5]
        elif constant and not other.cells:
            rest = other.steady_rates_(
                drives_, other.operating_rate_ if start is None else other.start_rates_(start)
            )
            own, mean, lost = (
                None,
                pd.Series(rest).reindex(spiking.index),
                [name for name in other.populations if other.kind.is_outside(other, name, rest, drives_)],
            )
        else:
            run = simulate_rates(
                other,
                duration=duration,
                initial=measured_start(other) if start is None else start,
                seed=rates.provenance.get("seed", 1),
            )
            own = compare(spikes, run, after=comparison.after, reduced=other)
            mean, lost = own.table["rate"], [name for name, share in run.outside.items() if share > 0.5]
        error = largest(mean)
        out = (
            pd.Series(
                {name: float(rate) for name, rate in other.response_(spiking.to_dict(), drives_).items()}
            ).reindex(spiking.index)
            if own is None
            else None
        )
        # It runs away
        records.append(
            LevelRecord(
                level,
                mean.to_dict(),
                np.inf if np.isnan(error) else error,
                largest(out) if own is None else float(own.split["open_loop_error"].abs().max()),
                tuple(lost),
                len(other.states_),
                told=start is not None,
            )
        )
    return records


def level_table(records, populations):
    """The levels side by side, for people."""
    import pandas as pd

    rows = {
        record.level: {
            **record.rates,
            "largest_error": record.error,
            "open_loop_error": record.open_loop_error,
            "tier": "" if record.missing else tier_of(record.error),
            "note": record.note,
        }
        for record in records
    }
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=[*populations, "largest_error", "open_loop_error", "tier", "note"]
    ).rename_axis("level")
