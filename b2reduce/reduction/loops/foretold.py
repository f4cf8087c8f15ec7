"""What spectra foretell of premises that spiking networks are measured for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "CHANGE",
    "CORRELATION",
    "COUNT_BIN_",
    "LIMITS",
    "VARIANCE",
    "Foretold",
    "foretold",
    "growth_of",
    "stretch_of",
]

COUNT_BIN_ = 5e-3  # s, of the spike counts whose correlation is looked at: a fast synapse's time
#: What is looked at: of the inputs of a cell, over that of independent trains; of the spikes of two cells,
#: times the in-degree; of the population rates from one stretch to the next, relative.
VARIANCE, CORRELATION, CHANGE = "variance of inputs", "correlation of counts", "change of rates"
LIMITS = {VARIANCE: 1.5, CORRELATION: 0.5, CHANGE: 0.5}


class Foretold(NamedTuple):
    """A quantity that a premise hangs on, as uncoupled cells foretell it."""

    quantity: str
    foretold: float
    limit: float
    holds: bool
    where: str


def stretch_of(reduced):
    """The longest of the model's and the synapses' time constants, s."""
    own = [float(np.asarray(tau)) for tau in reduced.tau.values()]
    return max([*own, *reduced.circuit.synaptic_delays_.values()], default=1e-2)


def foretold(spectra, stretch_):
    """[Foretold] of the premises that hang on how cells fire together; infinite where activity grows by
    itself.
    """
    names, circuit = spectra.names, spectra.circuit
    fires = dict(zip(names, spectra.rate_ > 0))
    recurrent = [p for name in names for p in circuit.pathways(name) if not p.is_drive and fires[p.source]]
    if not recurrent:
        return _of_shared_trains(spectra)
    degree: dict = {}
    for p in recurrent:
        degree[p.source] = max(p.K, degree.get(p.source, 0.0))
    if spectra.growing:
        limits = LIMITS | {CORRELATION: LIMITS[CORRELATION] / max(degree.values())}
        return [_judged(name, np.inf, limit, "grows by itself") for name, limit in limits.items()]
    ratios = {p.label: spectra.input_variance_(p) for p in recurrent}
    varies = max(ratios, key=ratios.get)
    together = _correlations(spectra)
    alike = max(degree, key=lambda name: together[name] * degree[name])
    change = dict(zip(names, np.nan_to_num(spectra.change_(stretch_))))
    moves = max(change, key=change.get)
    return [
        _judged(VARIANCE, ratios[varies], LIMITS[VARIANCE], varies),
        _judged(CORRELATION, together[alike], LIMITS[CORRELATION] / degree[alike], f"population {alike}"),
        _judged(CHANGE, change[moves], LIMITS[CHANGE], f"population {moves}"),
    ]


def _of_shared_trains(spectra):
    """Where cells project nowhere, no cell sums up what they have in common, and nothing limits it."""
    if not spectra.shared:
        return []
    together = _correlations(spectra)
    worst = max((link.pathway.target for link in spectra.shared), key=together.get)
    return [_judged(CORRELATION, together[worst], np.inf, f"population {worst}, which no cell sums up")]


def _correlations(spectra):
    """{population: mean correlation of the spike counts of two of its cells}; 0 of one cell alone."""
    alone, together = spectra.counts_(COUNT_BIN_)
    return dict(zip(spectra.names, np.nan_to_num(np.diag(together) / alone)))


def _judged(name, value, limit, where):
    return Foretold(name, float(value), float(limit), bool(value <= limit), where)


def growth_of(root):
    """A root in words: how fast what goes on by itself grows or dies, and with which frequency."""
    frequency = abs(root.imag) / (2 * np.pi)
    kind = "grows" if root.real > 0 else "dies"
    time = f"that {kind} as exp({'' if root.real > 0 else '-'}t / {1e3 / max(abs(root.real), 1e-9):.3g} ms)"
    return f"a rhythm of {frequency:.3g} Hz {time}" if frequency > 0 else f"a change of all rates {time}"
