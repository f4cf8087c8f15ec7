"""What subthreshold steps say of a cell and of the amplifier: g_L, E_L, and what the bridge left.

Input resistance is the slope of the voltage's change over the current's, from before a step to its steady
part. Every sweep is its own reference, so that a resting potential that drifts does not enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Passive", "Steady", "bridge_jumps", "passive_of", "slope_through_zero"]

DOWN_, UP_ = -20e-3, 10e-3  # V within which steps are taken where three have different currents
FIT_ = (3e-4, 3e-3)  # s after an edge through which a parabola leads back to it
BEFORE_ = (3e-3, 1e-4)  # s before an edge that the voltage is read from
FEWEST = 8  # samples of either stretch


@dataclass(frozen=True)
class Steady:
    """Steady voltages of a sweep that did not fire, V, and its currents, A, and added conductance, S."""

    base: float
    plateau: float
    holding: float
    current: float
    added: float


@dataclass(frozen=True)
class Passive:
    """The cell's own conductance and its reversal, with standard errors, and the number of sweeps."""

    g_L: float = np.nan
    g_L_sem: float = np.nan
    E_L: float = np.nan
    E_L_sem: float = np.nan
    sweeps: int = 0
    curvature: float = np.nan


def slope_through_zero(x, y):
    """(slope, its standard error) of a line through the origin; an error from two points on.

    Examples
    --------
    >>> slope, error = slope_through_zero(np.array([1.0, 2.0]), np.array([1.1, 1.9]))
    >>> print(round(slope, 3), round(error, 3))
    0.98 0.06
    """
    weight = float(np.sum(x * x))
    if not weight:
        return np.nan, np.nan
    slope = float(np.sum(x * y)) / weight
    scatter = np.sum((y - slope * x) ** 2) / (x.size - 1) if x.size > 1 else np.nan
    return slope, float(np.sqrt(scatter / weight))


def passive_of(steadies, E_added):
    """g_L and E_L from subthreshold sweeps.

    Those without added conductance, where one has a step; else those with it, by the line
    I + g (E_added - V) = g_L (V - E_L) through their steady states.
    """
    own = [steady for steady in steadies if steady.added == 0 and steady.current != steady.holding]
    if own:
        return _without(own, [steady for steady in steadies if steady.added == 0])
    if len(steadies) >= 2 and np.isfinite(E_added):
        return _with(steadies, E_added)
    return Passive()


def _without(own, resting):
    dI = np.array([steady.current - steady.holding for steady in own])
    dV = np.array([steady.plateau - steady.base for steady in own])
    near = (dV >= DOWN_) & (dV <= UP_)
    if np.unique(np.round(dI[near], 13)).size >= 3:
        dI, dV = dI[near], dV[near]
    R, R_sem = slope_through_zero(dI, dV)
    base = np.array([steady.base for steady in resting])
    holding = np.array([steady.holding for steady in resting])
    rests = base - R * holding
    sem = rests.std(ddof=1) / np.sqrt(rests.size) if rests.size > 1 else np.nan
    return Passive(
        1 / R,
        R_sem / R**2,
        float(rests.mean()),
        float(np.hypot(sem, np.mean(holding) * R_sem)),
        dI.size,
        _curvature(dI, dV, R),
    )


def _curvature(dI, dV, R):
    """By which share the resistance changes from one end of the currents to the other; NaN where chance
    explains it or both signs of a current are not there.
    """
    if np.unique(np.round(dI, 13)).size < 4 or dI.min() >= 0 or dI.max() <= 0:
        return np.nan
    design = np.stack([dI, dI * dI], axis=1) / np.abs(dI).max() ** np.array([1, 2])
    found, *_ = np.linalg.lstsq(design, dV, rcond=None)
    residual = dV - design @ found
    variance = np.sum(residual**2) / (dI.size - 2) * np.linalg.inv(design.T @ design)[1, 1]
    scale = np.abs(dI).max()
    change = 2 * found[1] / scale * np.ptp(dI) / scale / R
    return float(change) if abs(found[1]) > 4 * np.sqrt(variance) else np.nan


def _with(steadies, E_added):
    V = np.array([steady.plateau for steady in steadies])
    y = np.array([steady.current + steady.added * (E_added - steady.plateau) for steady in steadies])
    if np.ptp(y) == 0:
        return Passive()
    # V has the scatter: y is what was commanded, but for a small part
    (R, rest), *_ = np.linalg.lstsq(np.stack([y, np.ones_like(y)], axis=1), V, rcond=None)
    residual, spread = V - R * y - rest, np.sum((y - y.mean()) ** 2)
    scatter = np.sum(residual**2) / (V.size - 2) if V.size > 2 else np.nan
    R_sem = np.sqrt(scatter / spread)
    return Passive(
        1 / R,
        float(R_sem / R**2),
        float(rest),
        float(np.sqrt(scatter * (1 / V.size + y.mean() ** 2 / spread))),
        V.size,
    )


def bridge_jumps(voltage, rate, edges, spikes):
    """[(step of the current, jump of the voltage)] at edges without a spike within 5 ms.

    The voltage at the edge is that of a parabola through 0.3 to 3 ms after it: what a membrane has charged by
    then is not taken for a jump. Of a charging with one time constant tau the error is b^3/(120 tau^3) of the
    steady change, with b = 3 ms: 0.2 % at 5 ms.
    """
    found = []
    for first, change in edges:
        edge = first / rate
        if not change or np.any(np.abs(spikes - edge) < 5e-3):
            continue
        after = np.arange(first + round(FIT_[0] * rate), min(voltage.size, first + round(FIT_[1] * rate)))
        before = np.arange(max(0, first - round(BEFORE_[0] * rate)), first - round(BEFORE_[1] * rate))
        if after.size < FEWEST or before.size < FEWEST:
            continue
        value = lambda at, order: np.polynomial.Polynomial.fit((at - first) / rate, voltage[at], order)(0.0)
        found.append((change, value(after, 2) - value(before, 1)))
    return found
