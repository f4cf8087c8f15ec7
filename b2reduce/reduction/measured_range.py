"""Whether rates lie within what was measured, and what the gains give at given rates."""

from __future__ import annotations

import numpy as np

from ..circuit.wiring import draw_wiring, ones_matrix
from .equations import carrier, filters

__all__ = ["mean_response_", "place", "outside", "is_outside"]


def mean_response_(reduced, cell_rates, drives_, seed):
    """{population: mean rate in Hz} that the gains give where cells fire at given rates, each cell with the
    inputs that its wiring names.

    Parameters
    ----------
    cell_rates : mapping of str to ndarray, shape (cell,)
        Hz.
    drives_ : mapping of (drive, target) to float
    seed : int
        Of the wiring.
    """
    circuit, wiring, found = reduced.circuit, draw_wiring(reduced.circuit, seed), {}
    for target in circuit.populations:
        carried = {
            p.label: (
                drives_[p.source, target] * circuit.drive_weights_(p.source, target)
                if p.is_drive
                else ones_matrix(circuit, wiring[p.label], p.source, target) @ cell_rates[p.source] / p.K
            )
            for p in circuit.pathways(target)
        }
        found[target] = float(
            np.mean(reduced.functions_[target](*reduced.carried_arguments_(target, carried)))
        )
    return found


def place(reduced, population):
    """Variables that say where in the measured range a population is."""
    if reduced.level == "surface":
        return ["I", "g"]
    return (
        [carrier(reduced, f) for f in filters(reduced, population)] if reduced.level == "transfer" else ["r"]
    )


def outside(reduced, population, values):
    """Whether units are outside of what was measured: of the window of rates, the surface, or the presynaptic
    rates.

    Parameters
    ----------
    values : mapping of str to ndarray
        Of the variables that `place` names.
    """
    if reduced.level in ("linear", "gain"):
        lo, hi = (float(np.asarray(rate)) for rate in reduced.gains[population].rates)
        return (values["r"] < lo) | (values["r"] > hi)
    if reduced.level == "surface":
        return reduced.functions_[population].outside(values["I"], values["g"])
    sources, arguments = filters(reduced, population), []
    for axis in reduced.axes_(population):
        terms = [(axis.factor(f.pathways), values[carrier(reduced, f)]) for f in sources]
        arguments.append(sum(factor * value for factor, value in terms if factor))
    return reduced.functions_[population].outside(*arguments)


def is_outside(reduced, population, rates_, drives_):
    """Whether a population at rest is outside of what was measured, at rates in Hz of populations and of
    (drive, target).
    """
    arguments = reduced.arguments_(population, rates_, drives_)
    if reduced.level in ("linear", "gain"):
        return bool(outside(reduced, population, {"r": rates_[population]}))
    return bool(reduced.functions_[population].outside(*arguments))
