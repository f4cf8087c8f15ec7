"""How the cells of a circuit are integrated.

The first method, at the circuit's step, that a trial of each population finds right.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..basics.errors import DivergenceError
from ..cells.checked_points import measure_checked
from .inputs import average, sources_of

__all__ = ["integrated"]

RATES_ = (5.0, 25.0)  # Hz of all recurrent sources in a trial
# V times the leak: current beside the mean input, so that cells fire which the guessed rates leave silent
PUSHES_ = (0.0, 5e-3, 10e-3, 20e-3)
TRIAL = dict(replicates=4, duration_=0.6, warmup_=0.1, seed=0)


def integrated(circuit, dt_, fixed=False):
    """The circuit with methods that hold at a step.

    Parameters
    ----------
    fixed : bool
        The step is the caller's wish and stays; otherwise it may become smaller.

    Returns
    -------
    circuit : Circuit
        Models whose first choice of method errs have another one.
    dt_ : float
    notes : tuple of str
        What was replaced, and why.
    """
    return _integrated(circuit.hash, _Held(circuit), dt_, bool(fixed))


class _Held:
    """A circuit as an argument of a cached function, told apart by its hash alone."""

    def __init__(self, circuit):
        self.circuit = circuit

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


@lru_cache(maxsize=64)
def _integrated(hash_, held, dt_, fixed):
    circuit, notes, chosen, known = held.circuit, [], {}, {}
    for name, population in circuit.populations.items():
        alike = (
            population.model.hash,
            dt_,
            *(
                (
                    p.K,
                    p.second,
                    p.synapse,
                    p.plasticity,
                    circuit.drive(p.source, name).rate_ if p.is_drive else None,
                )
                for p in circuit.pathways(name)
            ),
        )
        points = known[alike] = known[alike] if alike in known else _trial(circuit, name, dt_, fixed)
        chosen[name] = points.method
        notes += [f"population {name}: {note}" for note in points.notes]
        dt_ = min(dt_, points.dt)
    changed = {
        name: replace(population, model=replace(population.model, method=chosen[name]))
        for name, population in circuit.populations.items()
        if chosen[name] != population.model.method_used(bool(circuit.pathways(name)))
    }
    return (
        (replace(circuit, populations={**circuit.populations, **changed}) if changed else circuit),
        dt_,
        tuple(notes),
    )


def _trial(circuit, name, dt_, fixed):
    """The cells of a population at a few inputs around those it can have, by the first method that agrees
    with half the step.
    """
    model = circuit.populations[name].model
    rates_ = {source: np.repeat(RATES_, len(PUSHES_)) for source in circuit.populations}
    drives_ = circuit.drives_
    I_, g_ = (
        values * np.ones(len(RATES_) * len(PUSHES_)) for values in average(circuit, name, rates_, drives_)
    )
    I_ = I_ + np.tile(PUSHES_, len(RATES_)) * np.maximum(g_, model.conductance_scale_)
    sources = tuple(
        replace(source, rate_=source.rate_ * np.ones(I_.size))
        for source in sources_of(circuit, name, rates_, drives_, dict.fromkeys(circuit.populations, 1.0))
    )
    try:
        return measure_checked(model, I_, g_, sources, dt_=dt_, fixed=fixed, engine="auto", **TRIAL)
    except DivergenceError as error:
        raise DivergenceError(f"circuit {circuit.name!r}, population {name}: {error}") from None
