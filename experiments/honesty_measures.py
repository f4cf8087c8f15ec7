"""The three errors of a rate model and what was said of them.

Where it was made, at other drives, and over time.
"""

from __future__ import annotations

import numpy as np

import b2reduce as b2r
from b2reduce.reduction.levels.register import LEVELS
from b2reduce.validation.comparison import FLOOR_

__all__ = ["LIMIT", "measure_validation"]

LIMIT = 0.15
AWAY = (0.75, 1.25)  # factors of all drives
SMOOTH_ = 10e-3  # s, Gaussian, of rates over time


def _scaled(rate, factor):
    """A drive's rate, or table of rates, times a factor."""
    return (rate[0], factor * rate[1]) if isinstance(rate, tuple) else factor * rate


def measure_validation(v, *, duration="1.5 s", seed=1):
    """Errors by level, of the level validated here, away from here and over time, and whether anything
    foretold them.

    Parameters
    ----------
    v : Validation
    duration : Quantity or str
        Of the spiking runs at other drives.
    seed : int

    Returns
    -------
    dict
        ``worst`` is the largest of ``here``, ``away`` and ``over_time``; levels that cannot be had are NaN.
    """
    circuit, reduced = v.circuit, v.reduced
    row = {
        "rates": {key: round(float(rate), 2) for key, rate in v.comparison.table["spiking"].items()},
        "model rates": {key: round(float(rate), 2) for key, rate in v.comparison.table["rate"].items()},
        **{
            level: float(v.levels.loc[level, "largest_error"]) if level in v.levels.index else np.nan
            for level in LEVELS
        },
        "level": reduced.level,
        "here": float(v.levels.loc[reduced.level, "largest_error"]),
    }
    away = []
    for factor in AWAY:
        drives = {drive.name: _scaled(drive.rate, factor) for drive in circuit.drives}
        runs = b2r.simulate_spikes(
            circuit.replace({f"drive.{key}.rate": rate for key, rate in drives.items()}),
            duration=duration,
            seed=seed,
            record=0,
        )
        spiking = runs.mean("0.4 s")
        rest = reduced.steady_rates_({key: factor * rate for key, rate in reduced.at_.items()})
        errors = [abs(rest[key] - rate) / max(rate, FLOOR_) for key, rate in spiking.items()]
        away.append(float(np.max(np.nan_to_num(errors, nan=np.inf))))
    row.update(
        away=max(away),
        over_time=_over_time(v),
        warned=bool(v.warned),
        verdict=str(v.verdict),
        said=[*v.assumptions.loc[~v.assumptions["holds"].astype(bool), "assumption"], *reduced.warnings],
    )
    row["worst"] = max(row["here"], row["away"], row["over_time"])
    return row


def _over_time(v):
    """Root mean square distance of rates over time from the rate model, relative to the rate, without what
    finitely many cells give by chance.
    """
    run, worst = v.spikes[0].smooth(f"{SMOOTH_} s"), 0.0
    inside = run.t_ > 0.4
    for number, name in enumerate(run.populations):
        spiking = run.rate_[number, inside]
        model = v.rates.rate_[v.rates.populations.index(name)]
        model = np.interp(run.t_[inside], v.rates.t_, model)
        # Of Poisson trains through a Gaussian kernel
        chance = spiking.mean() / (run.sizes[name] * 2 * np.sqrt(np.pi) * SMOOTH_)
        square = float(np.mean((spiking - model) ** 2))
        square = np.inf if np.isnan(square) else square  # the rate model runs away
        worst = max(worst, float(np.sqrt(max(square - chance, 0.0)) / max(spiking.mean(), FLOOR_)))
    return worst
