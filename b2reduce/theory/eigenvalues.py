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
    many as there are variables.
    """
    system = model_system(reduced, slopes, rates_)
    values = system.eigenvalues_(delays) if len(system.A) else np.array([-np.inf + 0j])
    return values[np.lexsort((-values.imag, -values.real))][: max(len(system.A), 1)].astype(complex)


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
