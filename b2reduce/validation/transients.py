"""How rates change in time.

Spiking trials against the rate model, after a step and over the frequencies of a sinusoid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import one_time
from ..basics.errors import InputError
from ..basics.fields import Measured, Plain, Table, Whole
from ..basics.frozen import FrozenDict, Record, frozen
from ..basics.units import with_units
from ..networks.activity import both_kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    from brian2 import Quantity

    from ..basics.types import QuantityLike
    from ..networks.activity import Activity

__all__ = ["TransientComparison", "compare_transients", "gain_and_phase_", "half_rise_"]

SMOOTH_ = 2e-3  # s; half-rise times are those of smoothed rates, or single noisy bins would decide
BASE_ = 0.2  # s before the step
LEAD_, LEAST_ = 0.2, 0.8  # s before a sinusoid is looked at, and of whole periods of it at least


@dataclass(frozen=True, eq=False)
class TransientComparison(Record):
    """A change in time, of spiking trials and of the rate model.

    Attributes
    ----------
    table : pandas.DataFrame
        Index population. ``step`` in Hz, by how much the spiking rate changes from before to after; ``rmse``
        over the window in Hz and ``rmse_fraction`` of the size of the step; ``aligned`` and
        ``aligned_fraction``, the same once the model's two steady states are put onto those of the spikes,
        which leaves shape and timing; ``counting``, the root mean square in Hz that finitely many Poisson
        spikes alone would leave, and ``scatter``, what the trials' own scatter leaves in their mean (NaN for
        one trial); ``correlation``; ``half_rise_spiking``, ``half_rise_rate`` and their difference ``late``
        (rate model less spiking) in s; ``base_error`` and ``final_error``, rate model less spiking at rest,
        in Hz.
    start, stop : Quantity
        The window.
    trials : int
    provenance : mapping
    """

    table: pandas.DataFrame
    start: Quantity
    stop: Quantity
    trials: int
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        table=Table("step", "rmse", "correlation", "late"),
        start=Measured("s"),
        stop=Measured("s"),
        trials=Whole,
        provenance=Plain,
    )

    def __repr__(self):
        return f"TransientComparison({self.trials} trials, {self.start} to {self.stop})\n{self.table}"


def compare_transients(
    spikes: Activity | Sequence[Activity],
    rates: Activity,
    *,
    start: QuantityLike,
    stop: QuantityLike,
    smooth: QuantityLike = "2 ms",
) -> TransientComparison:
    """Compare the response to a change at `start` until `stop`.

    Parameters
    ----------
    spikes : Activity or sequence of Activity
        Trials, one per seed, whose rates are averaged.
    rates : Activity
        The rate run of the same drives.
    start, stop : Quantity
        Window; at `start` the drive changes. Steady states are the means of the 0.2 s before `start` and of
        all that follows `stop`.
    smooth : Quantity
        Standard deviation of the Gaussian that smooths both rates before their half-rise times are read.

    Returns
    -------
    TransientComparison

    Raises
    ------
    InputError
        If populations or bins differ, or the window does not lie within the runs.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from b2reduce import Activity
    >>> t = np.arange(600) * 1e-3 + 5e-4
    >>> rate = lambda tau: np.where(t > 0.3, 14 - 4 * np.exp(-(t - 0.3) / tau), 10)
    >>> run = lambda tau: Activity(("E",), t, rate(tau)[None], 1e-3, {"E": 1000})
    >>> found = compare_transients(run(0.010), run(0.014), start=300*ms, stop=400*ms)
    >>> # (14 ms - 10 ms) ln 2, and half of s^2/tau of either from smoothing by s = 2 ms
    >>> round(float(1e3 * found.table.late["E"]), 1)
    2.7
    """
    import pandas as pd

    trials = _trials(spikes, rates)
    start_, stop_, smooth_ = (
        one_time(value, name) for value, name in ((start, "start"), (stop, "stop"), (smooth, "smooth"))
    )
    t_, bin_, end_ = rates.t_, rates.bin_, min(run.duration_ for run in [*trials, rates])
    if not (0 < start_ < stop_ < end_) or smooth_ < 0:
        raise InputError(
            f"got start {start}, stop {stop} and smooth {smooth}, expected 0 s < start < stop < {end_:g} s"
            " with some time on both sides for the steady states"
        )
    before, inside, after = (
        (t_ > max(start_ - BASE_, 0)) & (t_ < start_),
        (t_ > start_) & (t_ < stop_),
        (t_ > stop_) & (t_ < end_),
    )
    if not before.any() or not after.any() or inside.sum() < 3:
        raise InputError(
            f"got start {start} and stop {stop} in bins of {bin_ * 1e3:g} ms, expected at least one bin"
            " before, one after, and three in between"
        )
    number, rows = int(round(end_ / bin_)), {}
    for population in rates.populations:
        every = np.array([run.rate_[run.populations.index(population), :number] for run in trials])
        spiking, rate = every.mean(axis=0), rates.rate_[rates.populations.index(population), :number]
        window = inside[:number]
        (base, final), (base_rate, final_rate) = (
            (values[before[:number]].mean(), values[after[:number]].mean()) for values in (spiking, rate)
        )
        step, step_rate = final - base, final_rate - base_rate
        aligned = base + (rate - base_rate) * (step / step_rate if step_rate else np.nan)
        rms = lambda difference: float(np.sqrt(np.mean(difference[window] ** 2)))
        size = trials[0].sizes.get(population)
        rises = [
            half_rise_(t_[:number], values, start_, stop_, low, high, smooth_)
            for values, low, high in ((spiking, base, final), (rate, base_rate, final_rate))
        ]
        rmse, rmse_aligned = rms(rate - spiking), rms(aligned - spiking)
        rows[population] = {
            "step": step,
            "rmse": rmse,
            "rmse_fraction": rmse / abs(step),
            "aligned": rmse_aligned,
            "aligned_fraction": rmse_aligned / abs(step),
            "counting": (
                float(np.sqrt(spiking[window].mean() / (size * bin_ * len(trials)))) if size else np.nan
            ),
            "scatter": (
                float(np.sqrt(every[:, window].var(axis=0, ddof=1).mean() / len(trials)))
                if len(trials) > 1
                else np.nan
            ),
            "correlation": float(np.corrcoef(spiking[window], rate[window])[0, 1]),
            "half_rise_spiking": rises[0],
            "half_rise_rate": rises[1],
            "late": rises[1] - rises[0],
            "base_error": base_rate - base,
            "final_error": final_rate - final,
        }
    provenance = {"spikes": [run.provenance for run in trials], "rates": rates.provenance}
    return TransientComparison(
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("population"),
        with_units(start_, "s"),
        with_units(stop_, "s"),
        len(trials),
        frozen(provenance),
    )


def _trials(spikes, rates):
    """Trials as a list whose populations and bins are those of the rate run."""
    trials = both_kinds(spikes, rates, "compare_transients")
    for run in trials:
        if set(run.populations) != set(rates.populations) or abs(run.bin_ / rates.bin_ - 1) > 1e-9:
            raise InputError(
                f"got trials of {', '.join(run.populations)} in bins of {run.bin_ * 1e3:g} ms and rates of"
                f" {', '.join(rates.populations)} in bins of {rates.bin_ * 1e3:g} ms; expected the same"
                " populations in the same bins"
            )
    return trials


def half_rise_(t_, rate_, start_, stop_, base, final, smooth_=SMOOTH_):
    """Time after `start_` in s at which a rate first comes half way from one steady state to the other.

    NaN if it does not before `stop_`.
    """
    from scipy.ndimage import gaussian_filter1d

    bin_ = t_[1] - t_[0]
    way = (gaussian_filter1d(rate_, smooth_ / bin_) if smooth_ > 0 else rate_) - base
    way = way / (final - base) if final != base else np.full(len(t_), np.nan)
    inside = np.flatnonzero((t_ > start_) & (t_ < stop_))
    over = inside[way[inside] >= 0.5]
    if not over.size:
        return np.nan
    k = over[0]
    return (
        float(np.interp(0.5, way[k - 1 : k + 1], t_[k - 1 : k + 1]) - start_)
        if k > 0 and way[k - 1] < 0.5
        else float(t_[k] - start_)
    )


def gain_and_phase_(t_, rate_, frequency_, begin_):
    """Complex amplitude Z of Im[Z exp(2 pi i f (t - begin))] in a rate over whole periods, Hz.

    A rate that comes late has a negative phase.
    """
    wave = np.exp(-2j * np.pi * frequency_ * (t_ - begin_))
    # Least squares with a constant: bins need not divide a period.
    design = np.stack([np.ones(len(t_)), wave.real, wave.imag], axis=1)
    _, cosine, minus_sine = np.linalg.lstsq(design, np.asarray(rate_).T, rcond=None)[0]
    return -minus_sine + 1j * cosine
