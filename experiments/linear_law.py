"""The linear law of rates over current and leak, and how far cells are from it."""

from __future__ import annotations

import numpy as np

SEED = 1
WINDOW = (0, 80)  # Hz
WINDOWS = ((0, 40), (0, 60), (5, 60), (0, 100), (0, 120))  # Hz
# Published value, half a unit of its last digit, unit, and that unit in SI.
PUBLISHED = {
    "beta": (35.4, 0.05, "Hz cm²/µA", 1e2),
    "I_c": (0.65, 0.005, "µA/cm²", 1e-2),
    "V_c": (5.6, 0.05, "mV", 1e-3),
}
FIELDS = {"beta": "beta", "I_c": "I_theta", "V_c": "v_theta"}


def law(fit):
    """beta, I_c and V_c of a fit in the paper's units."""
    return {name: float(np.asarray(getattr(fit, FIELDS[name]))) / PUBLISHED[name][3] for name in FIELDS}


def errors(fit):
    """Their standard errors."""
    return {name: float(np.asarray(fit.stderr[FIELDS[name]])) / PUBLISHED[name][3] for name in FIELDS}


def bends(surface):
    """For each leak the rms distance in Hz of the curve between 1 and 80 Hz from its straight line."""
    distances = []
    for rates in surface.rate_.T:
        here = (rates > 1) & (rates < WINDOW[1])
        line = np.polyval(np.polyfit(surface.I_[here], rates[here], 1), surface.I_[here])
        distances.append(float(np.sqrt(np.mean((rates[here] - line) ** 2))))
    return distances
