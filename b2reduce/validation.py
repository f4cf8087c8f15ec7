"""The whole job in one call: reduce, run both networks, compare, check the premises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .assumptions import check_assumptions
from .circuit import load_circuit
from .comparison import FLOOR_, compare, tier_of
from .gainpremises import Premise, levels_agree, renewal_agrees
from .measuring import transfer_problem
from .operating import find_operating_point
from .progress import Progress
from .provenance import FrozenDict, unknown_name
from .rate import simulate_rates
from .reduction import LEVELS, reduce_levels
from .spiking import simulate_spikes
from .surface import seconds
from .units import InputError, to_si, with_units
from .verdict import FATAL, SERIOUS, verdict

__all__ = ["Validation", "validate"]


@dataclass(frozen=True, eq=False)
class Validation:
    """A reduction and how it fared.

    Attributes
    ----------
    circuit : Circuit
    reduced : ReducedCircuit
    spikes : list of Activity
        One per seed.
    rates : Activity
    comparison : Comparison
    assumptions : pandas.DataFrame
    levels : pandas.DataFrame
        The levels side by side, index level: rate of every population in Hz, ``largest_error``, ``open_loop_error`` (of the
        gains alone), ``tier``, and in ``note`` which populations came to rest outside of what was measured, that there is more
        than one state, or why the level cannot be had. The level validated is that of the rate run; the others are the rates at rest where drives are
        constant.
    reductions : mapping of str to ReducedCircuit
        Of all levels; `reduced` is that which was asked for.
    verdict : str
        Whether to trust the rate model, and what would improve it.
    seconds : mapping of str to float
        Wall time of each step, s.
    """

    circuit: object
    reduced: object
    spikes: list
    rates: object
    comparison: object
    assumptions: object
    levels: object
    reductions: Mapping
    seconds: Mapping

    @property
    def verdict(self):
        """Whether to trust the rate model, and what would improve it."""
        return verdict(self.comparison, self.assumptions, self.levels, self.reduced)

    @property
    def warned(self):
        """Whether anything but the error itself foretells errors of more than 15 %, here or at drives a quarter beside these.

        That is a premise whose failure makes such errors by itself. The others say why, and are weighed by what they do: to the
        agreement of the levels, and to the rates when trains are as regular as the cells fire.
        """
        broken = set(self.assumptions.loc[~self.assumptions["holds"].astype(bool), "assumption"])
        return bool(broken & {*FATAL, *SERIOUS, *(("fires without noise",) if self.reduced.noise == "none" else ())})

    @property
    def provenance(self):
        """What was run: the reduction's provenance, and those of the spiking runs and of the rate run."""
        return {**self.reduced.provenance, **self.comparison.provenance}

    def save(self, folder):
        """Write report.html, result.json, comparison.csv, assumptions.csv and figures/ into a new folder."""
        from .report import write_report

        write_report(self, folder)

    def __repr__(self):
        broken = self.assumptions.loc[~self.assumptions["holds"], "assumption"]
        return f"{self.comparison!r}\n{self.verdict}\npremises that do not hold: {', '.join(broken) or 'none'}"


def validate(circuit, *, duration="2 s", seed=1, seeds=3, level="linear", noise="matched", tau="membrane", at=None, window=None, levels=None,
             cells=False, after=None, dt=None, engine="auto", network_engine="auto", progress=None):
    """Reduce a circuit, run it both ways, and say by how much and why they differ.

    Parameters
    ----------
    circuit : Circuit, str or path
    duration : Quantity
    seed : int
        Of the reduction and of the first spiking run; further runs take the seeds that follow.
    seeds : int
        Number of spiking runs.
    level, noise, tau, at, window, cells
        As in `reduce`.
    levels : sequence of str, optional
        Levels to lay side by side with `level`, by default all that the circuit can have; they share one operating point.
    after : Quantity, optional
        Start of the averages; by default 0.5 s or a quarter of the duration, whichever is shorter.
    dt : Quantity, optional
        Time step of gains and spiking network; by default the circuit's.
    engine, progress
        As in `measure_fi`.
    network_engine : {"auto", "brian2", "standalone"}
        Of the spiking networks, as in `simulate_spikes`.

    Returns
    -------
    Validation

    Examples
    --------
    >>> from brian2 import second
    >>> v = validate("ei_lif", duration=1*second, seeds=1)
    >>> v.comparison.tier
    'quantitative'
    """
    import time

    import pandas as pd

    circuit = load_circuit(circuit)
    if dt is not None:
        circuit = circuit.replace({"dt": dt})
    if isinstance(seeds, bool) or not isinstance(seeds, (int, np.integer)) or seeds < 1:
        raise InputError(f"seeds: got {seeds!r}, expected a whole number of at least 1")
    duration_ = seconds(duration, "duration")
    duration = with_units(duration_, "s")
    after = with_units(min(0.5, duration_ / 4) if after is None else to_si(after, "s", "after"), "s")
    took = {}

    def timed(name, task):
        start = time.perf_counter()
        result = task()
        took[name] = took.get(name, 0.0) + time.perf_counter() - start
        return result

    missing = {"transfer": transfer_problem(circuit)} if transfer_problem(circuit) else {}
    for name in levels or ():
        if name not in LEVELS:
            raise InputError(f"levels: {unknown_name('level', name, LEVELS)}")
    wanted = list(dict.fromkeys([level, *(name for name in (LEVELS if levels is None else levels) if name not in missing)]))
    with Progress(progress) as bar:
        reductions = timed("reduction", lambda: reduce_levels(circuit, wanted, noise=noise, tau=tau, at=at, window=window, cells=cells, seed=seed, engine=engine,
                                                              progress=bar))
        reduced = reductions[level]
        rates = timed("rate network", lambda: simulate_rates(reduced, duration=duration, seed=seed, progress=bar))
        spikes = [timed("spiking network", lambda: simulate_spikes(circuit, duration=duration, seed=seed + number, engine=network_engine,
                                                                      progress=bar))
                  for number in range(seeds)]
        comparison = compare(spikes, rates, after=after, reduced=reduced)
        table = timed("other levels", lambda: _levels(reductions, reduced, rates, spikes, comparison, duration, missing if levels is None else {}))
        rows = timed("premises", lambda: [Premise(*row) for row in check_assumptions(circuit, spikes, reduced, rates).itertuples(index=False)])
        rows += timed("premises", lambda: _agreements(reductions, reduced, seed, engine, bar))
        assumptions = pd.DataFrame(rows, columns=list(Premise._fields))
    return Validation(circuit, reduced, spikes, rates, comparison, assumptions, table, FrozenDict(reductions), took)


def _agreements(reductions, reduced, seed, engine, bar):
    """Premises that need more than one reduction."""
    rows = []
    if reduced.level != "transfer" and "transfer" in reductions and not reduced.cells:
        rows.append(levels_agree(reduced, reductions["transfer"]))
    if reduced.noise == "matched":
        point = find_operating_point(reduced.circuit, reduced.at_, seed=seed, dt_=reduced.provenance["dt [s]"], engine=engine, bar=bar, renewal=True)
        rows.append(renewal_agrees(reduced, point.rate_))
    return rows


def _levels(reductions, reduced, rates, spikes, comparison, duration, missing):
    """The table of all levels."""
    import pandas as pd

    spiking, rows = comparison.table["spiking"], {}
    constant = all(drive.constant for drive in reduced.circuit.drives)
    drives_ = {(drive.name, drive.target): drive.rate_ for drive in reduced.circuit.drives}
    for level in LEVELS:
        other = reductions.get(level)
        if other is None:
            if level in missing:
                rows[level] = {"largest_error": np.nan, "open_loop_error": np.nan, "tier": "", "note": missing[level]}
            continue
        if other is reduced:
            own, mean = comparison, comparison.table["rate"]
            lost = [name for name, share in rates.outside.items() if share > 0.5]
        elif constant and not other.cells:
            rest = other.steady_rates_(drives_)
            own, mean, lost = None, pd.Series(rest).reindex(spiking.index), _beyond(other, rest, drives_)
        else:
            run = simulate_rates(other, duration=duration, seed=rates.provenance.get("seed", 1))
            own = compare(spikes, run, after=comparison.after, reduced=other)
            mean, lost = own.table["rate"], [name for name, share in run.outside.items() if share > 0.5]
        error = float(((mean - spiking) / np.maximum(spiking, FLOOR_)).abs().max())
        error = np.inf if np.isnan(error) else error  # it runs away
        if own is None:
            out = pd.Series({name: float(rate) for name, rate in other.response_(spiking.to_dict(), drives_).items()}).reindex(spiking.index)
            open_loop = float(((out - spiking) / np.maximum(spiking, FLOOR_)).abs().max())
        else:
            open_loop = float(own.split["open_loop_error"].abs().max())
        states = [warning for warning in other.warnings if "more than one state" in warning]
        note = "; ".join([*([f"rests outside of what was measured: {', '.join(lost)}"] if lost else []), *(["started from silence; it has more than one state"] if states else [])])
        rows[level] = {**mean.to_dict(), "largest_error": error, "open_loop_error": open_loop, "tier": tier_of(error), "note": note}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*spiking.index, "largest_error", "open_loop_error", "tier", "note"]).rename_axis("level")


def _beyond(reduced, rest, drives_):
    """Populations whose rates at rest lie outside of what was measured."""
    if reduced.level in ("linear", "gain"):
        limits = {name: [float(np.asarray(rate)) for rate in gain.rates] for name, gain in reduced.gains.items()}
        return [name for name, (lo, hi) in limits.items() if not lo <= rest[name] <= hi]
    return [name for name in reduced.populations if bool(reduced.functions_[name].outside(*reduced.arguments_(name, rest, drives_)))]
