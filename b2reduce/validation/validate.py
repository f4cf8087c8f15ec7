"""The whole job in one call: reduce, run both networks, compare, check the premises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..basics.arguments import described, needed_seconds, one_of, one_time, whole
from ..basics.errors import InputError
from ..basics.frozen import FrozenDict
from ..basics.progress import Progress
from ..basics.units import with_units
from ..cells.engine import ENGINES
from ..cells.settings import BRIAN_STEP_, check_run
from ..circuit.circuit import load_circuit
from ..networks.engines.register import AUTO, NETWORK_ENGINES, check_engine_name
from ..networks.simulate_rates import simulate_rates
from ..networks.simulate_spikes import simulate_spikes
from ..reduction.levels.register import LEVELS
from ..reduction.reduce import reduce
from ..reduction.states import measured_start, read_rates
from .comparison import compare
from .judge import judge
from .level_table import level_rows, level_table
from .premises.evidence import Evidence
from .premises.table import premises_table
from .premises.uncoupled import UncoupledCells
from .validation import Validation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..basics.types import Drives, ProgressLike, QuantityLike, Tau
    from ..circuit.types import CircuitLike

__all__ = ["validate"]


def validate(
    circuit: CircuitLike,
    *,
    duration: QuantityLike | None = "2 s",
    seed: int = 1,
    seeds: int = 3,
    level: str | None = None,
    noise: str = "renewal",
    tau: Tau = "membrane",
    at: Drives | None = None,
    window: tuple[float, float] | None = None,
    levels: Sequence[str] | None = None,
    cells: bool = False,
    after: QuantityLike | None = None,
    dt: QuantityLike | None = None,
    engine: str = "auto",
    network_engine: str = "auto",
    initial: Any = None,
    progress: ProgressLike = None,
) -> Validation:
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
    network_engine : {"auto", "native", "brian2", "standalone", "nest"}
        Of the spiking networks, as in `simulate_spikes`.
    initial : str, mapping of str to Quantity or FixedPoint, optional
        State that all networks start in: a name of `ReducedCircuit.states` ("silent", "active"), or rates, as
        in `simulate_rates`; the spiking networks start at the rates that the rate model judged has there.
        By default spiking networks start as the circuit says, and the rate model at its operating point
        where silence is another state.

    Returns
    -------
    Validation

    Notes
    -----
    To the premises of `check_premises` those are added that need further operating points of uncoupled
    cells: whether the model follows its drives a quarter weaker and stronger, and, with noise "matched",
    whether Poisson trains will do.

    Examples
    --------
    >>> from brian2 import second
    >>> v = validate("ei_lif", duration=0.5*second, seeds=1, levels=["linear"])
    >>> v.comparison.tier
    'quantitative'
    """
    import time

    circuit = load_circuit(circuit)
    if dt is not None:
        circuit = circuit.replace({"dt": dt})
    seed, seeds = whole(seed, "seed"), whole(seeds, "seeds", 1)
    for name, value, known in (
        *((("level", level, LEVELS),) if level is not None else ()),
        ("engine", engine, ENGINES),
    ):
        one_of(value, known, name)
    check_engine_name(network_engine, "network_engine")
    if network_engine != AUTO and (problem := NETWORK_ENGINES[network_engine].problem(circuit)):
        raise InputError(f"network_engine: {problem}")
    duration_ = needed_seconds(duration, "duration")
    if initial is not None:
        read_rates(tuple(circuit.populations), initial, lambda name: {})
    # Before anything is measured
    check_run(
        duration_,
        float(circuit.dt),
        cells=sum(population.size for population in circuit.populations.values()),
        least_=BRIAN_STEP_,
    )
    duration = with_units(duration_, "s")
    after = with_units(min(0.5, duration_ / 4) if after is None else float(one_time(after, "after")), "s")
    took: dict[str, float] = {}

    def timed(name, task):
        start = time.perf_counter()
        result = task()
        took[name] = took.get(name, 0.0) + time.perf_counter() - start
        return result

    missing = {name: why for name, kind in LEVELS.items() if (why := kind.problem(circuit))}
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
            lambda: reduce(
                circuit,
                levels=wanted,
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
        start = reduced.start_rates_(initial)
        start = None if start is None else {name: with_units(rate, "Hz") for name, rate in start.items()}
        own = measured_start(reduced) if start is None else start
        rates = timed(
            "rate network",
            lambda: simulate_rates(reduced, duration=duration, seed=seed, initial=own, progress=bar),
        )
        spikes = [
            timed(
                "spiking network",
                lambda: simulate_spikes(
                    circuit,
                    duration=duration,
                    seed=seed + number,
                    engine=network_engine,
                    initial=start,
                    progress=bar,
                ),
            )
            for number in range(seeds)
        ]
        comparison = compare(spikes, rates, after=after, reduced=reduced)
        records = timed(
            "other levels",
            lambda: level_rows(
                reductions,
                reduced,
                rates,
                spikes,
                comparison,
                duration,
                missing if levels is None else {},
                start,
            ),
        )
        uncoupled = UncoupledCells(reduced, seed, engine, bar)
        assumptions = timed(
            "premises", lambda: premises_table(Evidence(circuit, spikes, reduced, rates, uncoupled))
        )
    return Validation(
        circuit,
        reduced,
        spikes,
        rates,
        comparison,
        assumptions,
        level_table(records, comparison.table.index),
        FrozenDict(reductions),
        took,
        judge(comparison, assumptions, records, reduced),
    )
