"""The LIF cell in closed form, and what rounding to the time grid leaves of it."""

from __future__ import annotations

import numpy as np


def exact_interval_(model, I_, g_):
    """Interval of the leaky integrate-and-fire cell in s: t_ref + (C/g) ln((V_inf - V_r)/(V_inf - V_th))."""
    V_inf = model.si("E_L") + I_ / g_
    with np.errstate(invalid="ignore", divide="ignore"):
        T = model.si("t_ref") + model.si("C_m") / g_ * np.log(
            (V_inf - model.si("V_r")) / (V_inf - model.si("V_th"))
        )
    return np.where(V_inf > model.si("V_th"), T, np.inf)


def rounding_(model, I_, g_, dt_):
    """How far rounding moves the intervals of a simulated leaky integrate-and-fire cell in s: one that ends
    on the time grid may end a step sooner or later.

    The potential is rounded in every step, by up to two units in the last place, and the leak forgets that
    within tau/dt steps; it reaches the threshold at (V_inf - V_th)/tau. Times on the grid are rounded
    themselves, below 1e-9 of a step in all runs of less than a minute.
    """
    tau_, V_inf = model.si("C_m") / g_, model.si("E_L") + I_ / g_
    largest = np.maximum(np.abs(V_inf), max(abs(model.si(name)) for name in ("E_L", "V_r", "V_th")))
    with np.errstate(divide="ignore"):
        return (
            2 * np.finfo(float).eps * largest * tau_ / dt_ * tau_ / np.maximum(V_inf - model.si("V_th"), 0.0)
            + 1e-9 * dt_
        )
