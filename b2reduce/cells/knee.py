"""Where the resting state of a cell ends."""

from __future__ import annotations

import numpy as np

from ..circuit.cell_equations import ADDED_LEAK
from .engine import Cells, simulate_cells

NEAR_ = 1e-3  # V; times the leak it is the scale of currents near zero
STEP_, FARTHEST = 2e-4, 400  # V, first step along the resting state; steps
KNEE = 1e-7  # V: to what the end of the resting state is searched for; the current is flat there


def find_knee(model, g, lower, upper, resting, final, dt_, engine):
    """The current at which the resting state ends in a fold, followed from the state that rests at `lower`;
    NaN if there is none up to `upper`, or it is not stable all the way.

    At a fold the steady current over the membrane potential has its maximum: the membrane is held, the other
    variables and the current are solved for. The slopes are those of one step of the integration, whose fixed
    points are those of the equations.
    """
    from scipy.optimize import minimize_scalar

    names = [model.membrane, *(name for name in model.state_variables if name != model.membrane)]
    x = np.array([resting[name] for name in names])
    sizes = np.array([np.nanmax(np.abs(final[name]), initial=0.0) for name in names])
    sizes = np.where(sizes > 0, sizes, 1.0)
    step = lambda states, currents: _slopes(model, names, states, currents, g, dt_, engine)
    unit = max(g, model.conductance_scale_) * NEAR_
    v = x[0]
    unknown = np.concatenate([x[1:], [lower]])
    scales = np.concatenate([sizes[1:], [unit]])

    def steady(v, guess):
        """(other variables and current in balance at v, whether that rest is stable), or (None, False)."""
        for _ in range(15):
            moves = np.vstack([np.zeros(scales.size), *(sign * 1e-5 * np.diag(scales) for sign in (1, -1))])
            trials = guess + moves
            slopes = step(np.column_stack([np.full(len(trials), v), trials[:, :-1]]), trials[:, -1])
            if slopes is None:
                return None, False
            n = scales.size
            jacobian = (slopes[1 : 1 + n] - slopes[1 + n :]).T / 2e-5
            try:
                change = np.linalg.solve(jacobian, -slopes[0])
            except np.linalg.LinAlgError:
                return None, False
            guess = guess + change * scales
            if np.abs(change).max() < 1e-9:
                return guess, _stable(
                    step, np.concatenate([[v], guess[:-1]]), guess[-1], np.concatenate([[1e-2], sizes[1:]])
                )
        return None, False

    found, stable = steady(v, unknown)
    if found is None or not stable or abs(found[-1] - lower) > 0.05 * max(abs(lower), unit):
        return np.nan
    path, move = [(v, found)], STEP_
    for _ in range(FARTHEST):
        guess = found if len(path) < 2 else found + (found - path[-2][1]) * move / (path[-1][0] - path[-2][0])
        after, stable = steady(v + move, guess)
        if after is None:
            return np.nan
        path.append((v + move, after))
        if after[-1] < found[-1] or not stable:
            break
        if after[-1] > upper + 0.05 * max(abs(upper), unit):
            return np.nan
        v, found = v + move, after
        move = min(1.3 * move, 1e-3)
    else:
        return np.nan
    low, high = path[max(len(path) - 3, 0)][0], path[-1][0]

    def current(v):
        near = min(path, key=lambda point: abs(point[0] - v))[1]
        at, _ = steady(v, near)
        return np.inf if at is None else -at[-1] / unit

    best = minimize_scalar(current, bounds=(low, high), method="bounded", options={"xatol": KNEE})
    knee, margin = -best.fun * unit, 1e-3 * (high - low)
    if not low + margin < best.x < high - margin:  # the rest loses its stability without an end
        return np.nan
    at, stable = steady(best.x - margin, min(path, key=lambda point: abs(point[0] - best.x))[1])
    return (
        float(knee)
        if at is not None and stable and np.isfinite(knee) and lower - 1e-3 * abs(lower) <= knee <= upper
        else np.nan
    )


def _stable(step, x, current, sizes):
    """Whether a small change of state dies out: no growing part of the linearised step.

    Near the fold one part is as good as zero.
    """
    moves = np.vstack([sign * 1e-5 * np.diag(sizes) for sign in (1, -1)])
    slopes = step(x + moves, np.full(len(moves), current))
    if slopes is None:
        return False
    n = sizes.size
    jacobian = (slopes[:n] - slopes[n:]).T / 2e-5 / sizes[:, None]
    return bool(np.linalg.eigvals(jacobian).real.max() <= 1e-2)


def _slopes(model, names, states, currents, g, dt_, engine):
    """Rates of change, shape (state, variable), by one step.

    None where a step ends in a spike or not in a number.
    """
    n = len(currents)
    cells = Cells(
        model,
        n,
        {model.input: np.asarray(currents, dtype=float), ADDED_LEAK: np.full(n, g - model.leak_)},
        (),
        dict(zip(names, states.T)),
    )
    stats, _ = simulate_cells(cells, dt_, dt_=dt_, engine=engine, diverging="silent")
    after = np.column_stack([stats.final_state[name] for name in names])
    if np.any(stats.total > 0) or not np.isfinite(after).all():
        return None
    return (after - states) / dt_
