"""How a rate model moves beside a state.

The eigenvalues of its linearisation, time constants and feedback included.
"""

from __future__ import annotations

import numpy as np

from ..reduction.loops.model_system import model_system

__all__ = ["eigenvalues_at_", "kind_of", "membrane_tau_of"]

MARGIN = 1e-6  # of the fastest decay: real parts closer to 0 than this are neither stable nor unstable


def membrane_tau_of(reduced, name):
    model = reduced.circuit.populations[name].model
    return model.capacitance_ / float(np.asarray(reduced.operating_g[name]))


def eigenvalues_at_(reduced, slopes, rates_, delays=False):
    """Of the rate equations at rates in Hz, the largest real part first; with delays the rightmost ones, as
    many as there are variables, and one more where that would part a pair.
    """
    system = model_system(reduced, slopes, rates_)
    if not len(system.A):
        return np.array([-np.inf + 0j])
    values = system.eigenvalues_(delays)
    values = values[np.lexsort((-values.imag, -values.real))].astype(complex)
    number = len(system.A)
    return values[: number + (len(values) > number and is_pair(*values[number - 1 : number + 1]))]


def is_pair(one, other):
    """Whether two eigenvalues are a complex one and its conjugate."""
    return bool(one.imag > 0 and abs(one - other.conjugate()) <= 1e-6 * abs(one))


def kind_of(eigenvalues, marginal=False):
    """What the linearised equations say."""
    real, slack = eigenvalues.real, MARGIN * np.max(np.abs(eigenvalues.real))
    if marginal or (abs(real[0]) <= slack):
        return "marginal"
    spirals = "focus" if abs(eigenvalues[0].imag) > slack else "node"
    if real[0] < 0:
        return f"stable {spirals}"
    if spirals == "focus":
        return "unstable focus"
    return "unstable node" if np.all(real > 0) else "saddle"
