"""The whole job in one call: reduce, run both networks, compare, check the premises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np

from ..basics.arguments import described, needed_seconds, one_of, one_time, whole
from ..basics.display import number, sheet_html
from ..basics.errors import InputError
from ..basics.frozen import FrozenDict
from ..basics.progress import Progress
from ..basics.units import with_units
from ..cells.engine import ENGINES
from ..cells.settings import BRIAN_STEP_, check_run
from ..circuit.circuit import load_circuit
from ..networks.simulate_rates import simulate_rates
from ..networks.simulate_spikes import NETWORK_ENGINES, simulate_spikes
from ..reduction.integration_steps import integrated
from ..reduction.operating_point import OperatingPointError, find_operating_point, operating_rates_from
from ..reduction.reduce import LEVELS, reduce_levels
from ..reduction.transfer_axes import transfer_problem
from .comparison import FLOOR_, compare, tier_of
from .reduction_premises import Premise, follows_the_drives, renewal_agrees
from .spike_premises import check_assumptions
from .verdict import FATAL, SERIOUS, LevelRecord, Verdict, judge

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
        The levels side by side, index level: rate of every population in Hz, ``largest_error``,
        ``open_loop_error`` (of the gains alone), ``tier``, and in ``note`` which populations came to rest
        outside of what was measured, that there is more than one state, or why the level cannot be had. The
        level validated is that of the rate run; the others are the rates at rest where drives are constant.
    reductions : mapping of str to ReducedCircuit
        Of all levels; `reduced` is that which was asked for.
    verdict : Verdict
        Whether to trust the rate model, what does not hold, and what would improve it; made once, so that all
        show the same.
    premises : pandas.DataFrame
        The same table as `assumptions`.
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
    verdict: Verdict

    @property
    def premises(self):
        """The premises of the derivation as they were measured."""
        return self.assumptions

    @property
    def warned(self):
        """Whether anything but the error itself foretells errors of more than 15 %, here or at drives a
        quarter beside these.

        That is a premise whose failure makes such errors by itself. The others say why, and are weighed by
        what they do: to the agreement of the levels, and to the rates when trains are as regular as the cells
        fire.
        """
        return bool(set(self.verdict.failed) & {*FATAL, *SERIOUS, "fires without noise"})

    @property
    def provenance(self):
        """What was run: the reduction's provenance, and those of the spiking runs and of the rate run."""
        return {**self.reduced.provenance, **self.comparison.provenance}

    def save(self, folder):
        """Write report.html, result.json, comparison.csv, assumptions.csv and figures/ into a new folder."""
        from .report import write_report

        write_report(self, folder)

    def __repr__(self):
        return (
            f"{self.comparison!r}\n{self.verdict}\npremises that do not hold:"
            f" {', '.join(self.verdict.failed) or 'none'}"
        )

    def _repr_html_(self):
        rows = [
            (row.assumption, number(row.measured), row.limit, row.advice)
            for row in self.assumptions.itertuples()
            if not row.holds
        ]
        tried = [f"try {remedy.arguments}: {remedy.why}" for remedy in self.verdict.remedies]
        broken = (
            sheet_html(("premise that does not hold", "measured", "limit", "what it is"), rows)
            if rows
            else "<p>All measured premises hold.</p>"
        )
        return (
            f"<p><b>{escape(self.verdict.trust.upper())}</b>: {escape(str(self.verdict))}</p>"
            + "".join(f"<p>{escape(text)}</p>" for text in tried)
            + self.reduced._repr_html_()
            + self.comparison._repr_html_()
            + broken
        )


def validate(
    circuit,
    *,
    duration="2 s",
    seed=1,
    seeds=3,
    level=None,
    noise="renewal",
    tau="membrane",
    at=None,
    window=None,
    levels=None,
    cells=False,
    after=None,
    dt=None,
    engine="auto",
    network_engine="auto",
    progress=None,
):
    """Reduce a circuit, run it both ways, and say by how much and why they differ.

    Parameters
    ----------
    circuit : Circuit, str or path
    duration : Quantity
    seed : int
        Of the reduction and of the first spiking run; further runs take the seeds that follow.
    seeds : int
        Number of spiking runs.
    level : {"linear", "gain", "surface", "transfer"}, optional
        Of the rate model that is run and judged; by default "transfer", which predicts over the widest range
        of drives, or "linear" where a circuit cannot have it; of `levels` that leave it out the first.
    noise, tau, at, window, cells
        As in `reduce`.
    levels : sequence of str, optional
        Levels to lay side by side with `level`, by default all that the circuit can have; they share one
        operating point.
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

    Notes
    -----
    To the premises of `check_assumptions` these are added:

    follows the drives
        Difference of the rates, at drives a quarter weaker and stronger, from operating points of uncoupled
        cells that are found there anew, relative; where there are drives, and one unit a population.
    Poisson trains will do
        Of noise "matched": relative change of the operating rates when recurrent trains are as regular as the
        cells fire.

    Examples
    --------
    >>> from brian2 import second
    >>> v = validate("ei_lif", duration=0.5*second, seeds=1, levels=["linear"])
    >>> v.comparison.tier
    'quantitative'
    """
    import time

    import pandas as pd

    circuit = load_circuit(circuit)
    if dt is not None:
        circuit = circuit.replace({"dt": dt})
    seed, seeds = whole(seed, "seed"), whole(seeds, "seeds", 1)
    for name, value, known in (
        *((("level", level, LEVELS),) if level is not None else ()),
        ("engine", engine, ENGINES),
        ("network_engine", network_engine, NETWORK_ENGINES),
    ):
        one_of(value, known, name)
    duration_ = needed_seconds(duration, "duration")
    # Before anything is measured
    check_run(
        duration_,
        float(circuit.dt),
        cells=sum(population.size for population in circuit.populations.values()),
        least_=BRIAN_STEP_,
    )
    duration = with_units(duration_, "s")
    after = with_units(min(0.5, duration_ / 4) if after is None else float(one_time(after, "after")), "s")
    took = {}

    def timed(name, task):
        start = time.perf_counter()
        result = task()
        took[name] = took.get(name, 0.0) + time.perf_counter() - start
        return result

    missing = {"transfer": transfer_problem(circuit)} if transfer_problem(circuit) else {}
    if levels is not None and not isinstance(levels, (list, tuple)):
        raise InputError(f"levels: got {described(levels)}, expected a list of some of {', '.join(LEVELS)}")
    for name in levels or ():
        one_of(name, LEVELS, "levels")
    if level is None:
        level = levels[0] if levels and "transfer" not in levels else "linear" if missing else "transfer"
    wanted = list(
        dict.fromkeys(
            [level, *(name for name in (LEVELS if levels is None else levels) if name not in missing)]
        )
    )
    with Progress(progress) as bar:
        reductions = timed(
            "reduction",
            lambda: reduce_levels(
                circuit,
                wanted,
                noise=noise,
                tau=tau,
                at=at,
                window=window,
                cells=cells,
                seed=seed,
                engine=engine,
                progress=bar,
            ),
        )
        reduced = reductions[level]
        # Where silence is another state of the rate model, it starts from the operating point that was meant.
        initial = dict(reduced.operating_rate) if len(reduced.states_) > 1 else None
        rates = timed(
            "rate network",
            lambda: simulate_rates(reduced, duration=duration, seed=seed, initial=initial, progress=bar),
        )
        spikes = [
            timed(
                "spiking network",
                lambda: simulate_spikes(
                    circuit, duration=duration, seed=seed + number, engine=network_engine, progress=bar
                ),
            )
            for number in range(seeds)
        ]
        comparison = compare(spikes, rates, after=after, reduced=reduced)
        records = timed(
            "other levels",
            lambda: _levels(
                reductions, reduced, rates, spikes, comparison, duration, missing if levels is None else {}
            ),
        )
        rows = timed(
            "premises",
            lambda: [
                Premise(*row)
                for row in check_assumptions(circuit, spikes, reduced, rates).itertuples(index=False)
            ],
        )
        rows += timed("premises", lambda: _agreements(reduced, seed, engine, bar))
        assumptions = pd.DataFrame(rows, columns=list(Premise._fields))
    return Validation(
        circuit,
        reduced,
        spikes,
        rates,
        comparison,
        assumptions,
        _table(records, comparison.table.index),
        FrozenDict(reductions),
        took,
        judge(comparison, assumptions, records, reduced),
    )


def _agreements(reduced, seed, engine, bar):
    """Premises that take operating points other than that of the reduction."""
    rows, circuit = [], integrated(reduced.circuit, reduced.dt_, fixed=True)[0]
    settings = dict(seed=seed, dt_=reduced.dt_, engine=engine, bar=bar)

    def operating_rates(drives_, start_):
        try:
            return operating_rates_from(
                circuit, drives_, start_, renewal=reduced.noise != "matched", **settings
            )
        except OperatingPointError:  # which the premise then says
            return {}

    if not reduced.cells and any(reduced.at_.values()):
        rows.append(follows_the_drives(reduced, operating_rates))
    if reduced.noise == "matched":
        rows.append(
            renewal_agrees(
                reduced, find_operating_point(circuit, reduced.at_, renewal=True, **settings).rate_
            )
        )
    return rows


def _levels(reductions, reduced, rates, spikes, comparison, duration, missing):
    """[LevelRecord] of all levels."""
    import pandas as pd

    spiking, records = comparison.table["spiking"], []
    constant = all(drive.constant for drive in reduced.circuit.drives)
    drives_ = {(drive.name, drive.target): drive.rate_ for drive in reduced.circuit.drives}
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
            rest = other.steady_rates_(drives_, other.operating_rate_)
            own, mean, lost = None, pd.Series(rest).reindex(spiking.index), _beyond(other, rest, drives_)
        else:
            initial = dict(other.operating_rate) if len(other.states_) > 1 else None
            run = simulate_rates(
                other, duration=duration, initial=initial, seed=rates.provenance.get("seed", 1)
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
            )
        )
    return records


def _table(records, populations):
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


def _beyond(reduced, rest, drives_):
    """Populations whose rates at rest lie outside of what was measured."""
    if reduced.level in ("linear", "gain"):
        limits = {
            name: [float(np.asarray(rate)) for rate in gain.rates] for name, gain in reduced.gains.items()
        }
        return [name for name, (lo, hi) in limits.items() if not lo <= rest[name] <= hi]
    return [
        name
        for name in reduced.populations
        if bool(reduced.functions_[name].outside(*reduced.arguments_(name, rest, drives_)))
    ]
