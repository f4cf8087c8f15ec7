"""How the error of a rate model grows with the frequency of its drive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, one_of, require, to_si, whole
from ..basics.errors import InputError
from ..basics.fields import Measured, Plain, Table
from ..basics.frozen import FrozenDict, Record, frozen
from ..basics.units import with_units
from ..circuit.circuit import load_circuit
from ..circuit.protocols import sinusoid_drive
from ..networks.engines.register import check_engine_name
from ..networks.simulate_rates import simulate_rates
from ..networks.simulate_spikes import simulate_spikes
from ..reduction.reduced_circuit import ReducedCircuit
from .transients import LEAD_, LEAST_, gain_and_phase_

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pandas

    from ..basics.types import ArrayQuantity, ProgressLike
    from ..circuit.types import CircuitLike

__all__ = ["compare_frequencies", "FrequencyComparison"]


@dataclass(frozen=True, eq=False)
class FrequencyComparison(Record):
    """The response to sinusoids of the drive over their frequency: how slow is slow.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a population, model and frequency: ``population``, ``model``, ``frequency`` in Hz; ``spiking``
        and ``rate``, amplitudes in Hz, with ``spiking_sem`` the standard error of the former;
        ``spiking_phase``, ``rate_phase`` in degrees against the drive, negative where the rate comes late;
        ``error``, the length of the difference of the two complex amplitudes relative to the spiking one;
        ``error_sem``, how much of it counting alone would make; ``static_error``, the same difference for a
        rate that follows its input at once, as at the lowest frequency.
    mean, amplitude : Quantity
        Of the drive.
    provenance : mapping
    """

    table: pandas.DataFrame
    mean: pandas.DataFrame
    amplitude: Any
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        table=Table("population", "model", "frequency", "spiking", "rate", "error"),
        mean=Measured("Hz"),
        amplitude=Measured("Hz"),
        provenance=Plain,
    )

    def __repr__(self):
        return f"FrequencyComparison(drive {self.mean} +- {self.amplitude})\n{self.table}"


def compare_frequencies(
    circuit: CircuitLike,
    reduced: ReducedCircuit | Mapping[str, ReducedCircuit],
    *,
    frequencies: ArrayQuantity,
    drive: str | None = None,
    depth: float = 0.1,
    seeds: Sequence[int] = (1, 2),
    engine: str = "auto",
    progress: ProgressLike = None,
) -> FrequencyComparison:
    """Response of a circuit and of its rate models to a drive that varies sinusoidally, over the frequency.

    Parameters
    ----------
    circuit : Circuit, str or path
    reduced : ReducedCircuit or dict of str to ReducedCircuit
        Rate models, by the names that the table gives them.
    frequencies : Quantity
        Run one after the other in one run, each for 0.2 s and then at least 0.8 s of whole periods.
    drive : str, optional
        By default the circuit's only one.
    depth : float
        Amplitude of the drive's rate relative to its mean.
    seeds : sequence of int
        Of the spiking trials.
    engine : {"auto", "native", "brian2", "standalone", "nest"}
        Of the spiking runs.
    progress : None, bool, str or callable

    Returns
    -------
    FrequencyComparison

    Raises
    ------
    InputError
        If a name is unknown, the drive varies already, or a frequency is not above 0 Hz.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from b2reduce import load_circuit, reduce
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> found = compare_frequencies(small, reduce(small, noise="none"), frequencies=[10]*Hz, seeds=[1])
    >>> list(found.table["population"])
    ['E', 'I']
    """
    import pandas as pd

    circuit = load_circuit(circuit)
    models = (
        dict(reduced)
        if isinstance(reduced, Mapping)
        else {"rate model": require(reduced, ReducedCircuit, "compare_frequencies, reduced")}
    )
    for name, model in models.items():
        require(model, ReducedCircuit, f"compare_frequencies, reduced, {name}")
    check_engine_name(engine)
    if isinstance(depth, bool) or not isinstance(depth, (int, float, np.number)):
        raise InputError(f"depth: got {described(depth)}, expected a number above 0 and up to 1")
    if isinstance(seeds, (str, Mapping)) or np.ndim(seeds) != 1:
        raise InputError(f"seeds: got {described(seeds)}, expected a list of whole numbers such as (1, 2)")
    seeds = [whole(seed, "seeds") for seed in seeds]
    drive = circuit.drive_names[0] if drive is None and len(circuit.drive_names) == 1 else drive
    one_of(drive, circuit.drive_names, "drive")
    own = [entry for entry in circuit.drives if entry.name == drive]
    if (
        not all(entry.constant and not entry.many_rates for entry in own)
        or len({entry.rate_ for entry in own}) > 1
        or not 0 < depth <= 1
        or not len(seeds)
    ):
        raise InputError(
            f"got drive {drive!r} with rates {', '.join(str(entry.rate) for entry in own)}, depth {depth} and"
            f" seeds {seeds}; expected one constant rate, a depth above 0 and up to 1, and at least one seed"
        )
    frequency_ = np.unique(np.atleast_1d(to_si(frequencies, "Hz", "frequencies")))
    if not frequency_.size or not np.isfinite(frequency_).all() or frequency_[0] <= 0 or frequency_[-1] > 500:
        raise InputError(
            f"frequencies: got {described(frequencies)}, expected values above 0 Hz and up to 500 Hz, half"
            " the inverse of the bins of 1 ms"
        )
    mean_, times, values, spans, begin = own[0].rate_, [], [], [], 0.0
    for f in frequency_:
        lead = max(1, np.ceil(LEAD_ * f - 1e-9)) / f
        length = np.ceil(LEAST_ * f - 1e-9) / f
        own_times, own_values = sinusoid_drive(
            with_units(mean_, "Hz"),
            with_units(depth * mean_, "Hz"),
            with_units(f, "Hz"),
            duration=with_units(lead + length, "s"),
        )
        times.append(begin + np.asarray(own_times)[:-1])
        values.append(np.asarray(own_values)[:-1])
        spans.append((begin, begin + lead, begin + lead + length))
        begin += lead + length
    table = with_units(np.concatenate(times), "s"), with_units(np.concatenate(values), "Hz")
    duration = with_units(np.ceil(begin * 1e3) * 1e-3, "s")
    changed = circuit.replace({f"drive.{drive}.rate": table})
    trials = [
        simulate_spikes(changed, duration=duration, seed=seed, record=0, engine=engine, progress=progress)
        for seed in seeds
    ]
    runs = {
        name: simulate_rates(model, duration=duration, drives={drive: table}, dt="0.05 ms", progress=progress)
        for name, model in models.items()
    }
    rows = []
    for population in trials[0].populations:
        slowest = None
        for f, (zero, first, last) in zip(frequency_, spans):

            def amplitude(run, f=f, zero=zero, first=first, last=last):
                inside = (run.t_ > first) & (run.t_ < last)
                return (
                    gain_and_phase_(
                        run.t_[inside], run.rate_[run.populations.index(population), inside], f, zero
                    ),
                    run.rate_[run.populations.index(population), inside].mean(),
                )

            found = [amplitude(run) for run in trials]
            spiking, rate = np.mean([Z for Z, _ in found]), np.mean([mean for _, mean in found])
            # Poisson spikes of N cells in T: a variance of 2 r/(N T) in either part of the amplitude.
            sem = float(np.sqrt(2 * rate / (trials[0].sizes[population] * (last - first) * len(trials))))
            slowest = spiking if slowest is None else slowest
            for name, run in runs.items():
                Z, _ = amplitude(run)
                rows.append(
                    {
                        "population": population,
                        "model": name,
                        "frequency": f,
                        "spiking": abs(spiking),
                        "spiking_sem": sem,
                        "spiking_phase": np.degrees(np.angle(spiking)),
                        "rate": abs(Z),
                        "rate_phase": np.degrees(np.angle(Z)),
                        "error": abs(Z - spiking) / abs(spiking),
                        "error_sem": np.sqrt(2) * sem / abs(spiking),
                        "static_error": abs(slowest - spiking) / abs(spiking),
                    }
                )
    provenance = {
        "spikes": [{key: value for key, value in run.provenance.items()} for run in trials],
        "models": {name: model.tau_choice for name, model in models.items()},
    }
    return FrequencyComparison(
        pd.DataFrame(rows), with_units(mean_, "Hz"), with_units(depth * mean_, "Hz"), frozen(provenance)
    )
