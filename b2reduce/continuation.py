"""Fixed points followed along a parameter of the circuit: where they meet, where they begin to oscillate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .provenance import unknown_name
from .reduced import ReducedCircuit
from .stability import constant_drives_, fixed_points, point_at_, point_of_set_, roots_, threshold_linear
from .units import InputError, parse_quantity, si_label, to_si, with_units

__all__ = ["Continuation", "continue_fixed_points"]

STEP, LEAST_STEP, MOST_STEPS = 0.02, 1e-5, 2000  # along a branch, in units of the parameter's range and of the rates' size
GRID, LOOKED = 81, 5  # values of the parameter: where all sets of firing units are tried; where other models are searched for branches not yet followed
PRECISE = 1e-10  # of the range, of the parameter at a special point
BESIDE = 1e-6  # of the range: how far from an edge one looks which fixed points there are


@dataclass(frozen=True, eq=False)
class Continuation:
    """Branches of fixed points along a parameter.

    Attributes
    ----------
    parameter : str
        Column of the tables that holds it, SI with its unit.
    points : pandas.DataFrame
        A row per fixed point: branch, parameter, rate of every population in Hz, largest real part and its imaginary part in
        1/s, kind. The rows of a branch follow one another along it.
    special : pandas.DataFrame
        Where something changes: ``what`` is "fold" (two fixed points meet), "hopf" (a pair of complex eigenvalues crosses zero),
        "zero" (a real eigenvalue crosses zero without a fold), "border" (a unit reaches its threshold and stability jumps), or
        "runaway" (rates grow beyond all bounds); the parameter, the rates, and the frequency in Hz of what oscillates.
    """

    parameter: str
    points: object
    special: object

    def __repr__(self):
        return f"Continuation({len(self.points)} points on {self.points['branch'].nunique()} branches along {self.parameter}; {len(self.special)} special)"


def continue_fixed_points(reduced, parameter, values):
    """Follow the fixed points of a rate model along a parameter of its circuit.

    Parameters
    ----------
    reduced : ReducedCircuit
        Its gains and time constants stay as they are.
    parameter : str
        Dotted name, as in `Circuit.replace`: ``"drive.ext.rate"``, ``"projection.I->E.G"``, ``"population.E.I_app"``. At level
        "transfer" only rates of drives.
    values : pair or sequence of Quantity
        The range; of a sequence the ends, and its length is the number of values that fixed points are looked for at.

    Returns
    -------
    Continuation

    Raises
    ------
    InputError
        If the parameter would change what was measured, or the range is empty.

    Notes
    -----
    Threshold-linear models are enumerated at every value, so that no branch is missed; each set of firing units is one branch, and
    ends of branches are refined by bisection. Other models are followed by pseudo-arclength from every fixed point that is
    found at the given values and not yet on a branch.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from b2reduce import reduce
    >>> found = continue_fixed_points(reduce("ei_lif", seed=1), "drive.ext.rate", [4, 20]*Hz)
    >>> found.points["kind"].unique().tolist()
    ['stable node']
    """
    import pandas as pd

    at, si, label = _family(reduced, parameter, values)
    lo, hi = float(si.min()), float(si.max())
    linear = reduced.level in ("linear", "gain") and all(gain.form == "threshold_linear" for gain in reduced.gains.values())
    follow, number = (_by_active_sets, GRID) if linear else (_by_arclength, LOOKED)
    rows, special = follow(at, reduced.populations, np.linspace(lo, hi, max(len(si), number)))
    column = f"{parameter} [{label}]"
    rates = [f"{name} [Hz]" for name in reduced.populations]
    points = pd.DataFrame([(branch, p, *point.rates_.values(), point.eigenvalues_[0].real, abs(point.eigenvalues_[0].imag), point.kind) for branch, p, point in rows],
                          columns=["branch", column, *rates, "growth [1/s]", "turning [1/s]", "kind"])
    found = pd.DataFrame([(what, p, *r, frequency) for what, p, r, frequency in special], columns=["what", column, *rates, "frequency [Hz]"])
    return Continuation(column, points, found.sort_values(column, ignore_index=True))


def _family(reduced, parameter, values):
    """(model at an SI value of the parameter, SI values, their unit)."""
    if not isinstance(reduced, ReducedCircuit):
        raise InputError(f"reduced: got {type(reduced).__name__}, expected a ReducedCircuit, whose circuit has parameters")
    kind, _, rest = parameter.partition(".")
    which, _, attribute = rest.rpartition(".")
    model = reduced.circuit.populations[which].model if kind == "population" and which in reduced.circuit.populations else None
    allowed = {"drive": ("rate",) if reduced.level == "transfer" else ("rate", "G", "tau", "E"), "projection": () if reduced.level == "transfer" else ("G", "tau", "E"),
               "population": (model.input, model.leak) if model and reduced.level != "transfer" else ()}
    try:
        values = [parse_quantity(value) for value in values]
    except TypeError:
        raise InputError(f"values: got {values!r}, expected a range such as [8, 20]*Hz") from None
    known = {"drive": (*reduced.circuit.drive_names, *(f"{d.name}->{d.target}" for d in reduced.circuit.drives)), "projection": reduced.circuit.labels, "population": reduced.populations}
    if kind not in known:
        raise InputError(f"parameter: got {parameter!r}, expected drive.NAME.FIELD, projection.SOURCE->TARGET.FIELD or population.NAME.PARAMETER")
    if which not in known[kind]:
        raise InputError(f"parameter, {parameter}: {unknown_name(kind, which, known[kind])}")
    if attribute not in allowed[kind]:
        raise InputError(f"parameter: {unknown_name('field', attribute, allowed[kind])}: {parameter} decides the gains themselves, or is no continuous value; "
                         f"reduce anew at each value instead, as `scan` does")
    if len(values) < 2:
        raise InputError(f"values: got {len(values)}, expected at least the two ends of a range")
    dim, label = getattr(values[0], "dim", None), si_label(values[0])
    reduced.circuit.replace({parameter: values[0]})  # a unit that does not fit is refused
    si = np.array([float(to_si(value, label, "values")) for value in values])
    if not np.isfinite(si).all() or si.min() == si.max():
        raise InputError(f"values: got {si.tolist()}, expected a range of finite values")

    def at(p):
        model = replace(reduced, circuit=reduced.circuit.replace({parameter: with_units(float(p), dim) if dim is not None else float(p)}))
        model.__dict__["functions_"] = reduced.functions_  # which do not depend on it, and take time to make
        return model

    return at, si, label


def _by_active_sets(at, names, grid):
    """Branches of a threshold-linear model: one for each set of firing units and stretch on which it has a fixed point."""
    from scipy.optimize import brentq

    width, cache, rows, special, branch = grid[-1] - grid[0], {}, [], [], 0

    def model(p):
        if p not in cache:
            reduced = at(p)
            cache[p] = reduced, threshold_linear(reduced), constant_drives_(reduced)
        return cache[p]

    def point(p, active):
        reduced, network, drives_ = model(p)
        return point_of_set_(reduced, network, active, network.at_set_(active), drives_)

    def margin(p, active):
        return model(p)[1].margin_(active)

    def edge(active, p, inside):
        """What happens where a set of firing units begins or ends, `inside` being the side (1 or -1) on which it is."""
        here, there = p + inside * BESIDE * width, p - inside * BESIDE * width
        rates = tuple(point(here, active).rates_.values())
        near, nearer, beyond = (model(q)[1].at_set_(active) for q in (here, p + inside * BESIDE * width / 10, there))
        # A unit that reaches its threshold comes closer to it in proportion; where lines become parallel all move away.
        reached = np.flatnonzero((near * beyond < 0) & (np.abs(nearer) < 0.5 * np.abs(near)))
        if not reached.size:
            return [("runaway", p, rates, 0.0)]
        unit = int(reached[0])
        other = tuple(value != (number == unit) for number, value in enumerate(active))
        if margin(here, other) >= 0:
            return [("fold", p, rates, 0.0)]
        if margin(there, other) >= 0 and point(there, other).stable != point(here, active).stable:
            return [("border", p, rates, 0.0)]
        return []

    for active in dict.fromkeys(active for p in grid for active in model(p)[1].active_sets_):
        held = [margin(p, active) >= 0 for p in grid]
        for k, p in enumerate(grid):
            if k and held[k] != held[k - 1]:
                end = brentq(lambda q: margin(q, active) or 1e-300, grid[k - 1], p, xtol=PRECISE * width)
                special += edge(active, end, -1 if held[k - 1] else 1)
            if held[k]:
                branch += not (k and held[k - 1])
                rows.append((branch, p, point(p, active)))
                if k and held[k - 1]:
                    special += _crossing(lambda q: point(q, active), grid[k - 1], p)
    return rows, _distinct(special, grid)


def _crossing(point, a, b, value=lambda q: q):
    """Where eigenvalues cross zero between two places of a branch."""
    from scipy.optimize import brentq

    growing = [int(np.sum(point(q).eigenvalues_.real > 0)) for q in (a, b)]
    if growing[0] == growing[1]:
        return []
    number = min(growing)
    real = lambda q: np.sort(point(q).eigenvalues_.real)[::-1][number]
    if not real(a) * real(b) < 0:
        return []
    q = brentq(real, a, b, xtol=PRECISE * abs(b - a) + 4 * np.finfo(float).eps * abs(b))
    found = point(q)
    turning = abs(found.eigenvalues_[np.argsort(-found.eigenvalues_.real)[number]].imag)
    return [("hopf" if turning > 1e-6 * np.max(np.abs(found.eigenvalues_)) else "zero", value(q), tuple(found.rates_.values()), turning / (2 * np.pi))]


def _distinct(special, grid):
    """The same place reached along two branches counts once."""
    kept = []
    for entry in special:
        same = lambda other: (other[0] == entry[0] and abs(other[1] - entry[1]) < 1e-5 * (grid[-1] - grid[0])
                              and np.allclose(other[2], entry[2], rtol=1e-3, atol=1e-3))
        if not any(map(same, kept)):
            kept.append(entry)
    return kept


def _by_arclength(at, names, grid):
    """Branches of any model by pseudo-arclength: the next point is looked for across the tangent, so that folds are passed."""
    rows, special, branches = [], [], []
    curve = _Curve(at, names, grid)
    for p in grid:
        model = at(p)
        for rates in roots_(model, constant_drives_(model)):
            start = curve.scaled([rates[name] for name in names], p)
            if any(np.min(np.max(np.abs(branch - start), axis=1)) < 1.5 * STEP for branch in branches):
                continue
            branch, found = curve.follow(start)
            branches.append(np.array([u for u, _ in branch]))
            rows += [(len(branches), curve.parameter(u), point) for u, point in branch]
            special += found
    return rows, _distinct(special, grid)


class _Curve:
    """Solutions u of F(r; p) = r, where u holds rates and parameter in units of their sizes."""

    def __init__(self, at, names, grid):
        self.at, self.names, self.lo, self.width = at, names, grid[0], grid[-1] - grid[0]
        self.size = max(float(np.asarray(gain.rates[1])) for gain in at(grid[0]).gains.values())
        self.models = {}

    def scaled(self, rates, p):
        return np.append(np.asarray(rates) / self.size, (p - self.lo) / self.width)

    def parameter(self, u):
        return self.lo + min(max(float(u[-1]), 0.0), 1.0) * self.width  # a step may look beyond the range, where the circuit may not exist

    def model(self, u):
        p = self.parameter(u)
        if p not in self.models:
            if len(self.models) > 64:
                self.models.clear()
            model = self.at(p)
            self.models[p] = model, constant_drives_(model)
        return self.models[p]

    def excess(self, u):
        model, drives_ = self.model(u)
        rates = model.response_(dict(zip(self.names, np.maximum(u[:-1], 0.0) * self.size)), drives_)
        return np.array([float(rates[name]) for name in self.names]) / self.size - u[:-1]

    def point(self, u):
        model, drives_ = self.model(u)
        return point_at_(model, dict(zip(self.names, (np.maximum(u[:-1], 0.0) * self.size).tolist())), drives_)

    def tangent(self, u, before):
        step = 1e-2 if self.model(u)[0].level in ("surface", "transfer") else 1e-5  # as wide as a cell of a table
        columns = []
        for k in range(len(u)):
            up, down = u.copy(), u.copy()
            up[k] += step
            down[k] -= step
            if k == len(u) - 1:
                up[k], down[k] = min(up[k], 1.0), max(down[k], 0.0)
            columns.append((self.excess(up) - self.excess(down)) / (up[k] - down[k]))
        direction = np.linalg.svd(np.array(columns).T)[2][-1]
        return direction if direction @ before >= 0 else -direction

    def corrected(self, guess, tangent):
        """The solution across the tangent from a guess, or None."""
        from scipy.optimize import root

        answer = root(lambda u: np.append(self.excess(u), tangent @ (u - guess)), guess, tol=1e-12)
        good = np.max(np.abs(answer.fun)) < 1e-8 and np.max(np.abs(answer.x - guess)) < 3 * STEP
        return answer.x if good else None

    def at_parameter(self, guess, end):
        """The solution at an end of the range."""
        from scipy.optimize import root

        answer = root(lambda r: self.excess(np.append(r, end)), guess[:-1], tol=1e-12)
        return np.append(answer.x, end)

    def follow(self, start):
        """([(u, FixedPoint)] in order, special points) of the branch through a solution."""
        sides, special = [], []
        for sign in (-1.0, 1.0):
            side, found = self._one_way(start, sign)
            sides.append(side)
            special += found
        branch = [*sides[0][::-1], start, *sides[1]]
        return [(u, self.point(u)) for u in branch], special

    def _one_way(self, u, sign):
        from scipy.optimize import brentq

        ahead = np.append(np.zeros(len(u) - 1), sign)
        tangent, step, side, special, start = self.tangent(u, ahead), STEP, [], [], u
        for _ in range(MOST_STEPS):
            new = self.corrected(u + step * tangent, tangent)
            if new is None or self.tangent(new, tangent) @ tangent < 0.9:
                step /= 2
                if step < LEAST_STEP:
                    if new is None:
                        break
                    step = LEAST_STEP
                else:
                    continue
            if not -1e-12 <= new[-1] <= 1 + 1e-12:
                end = self.at_parameter(new, float(np.clip(new[-1], 0, 1)))
                return [*side, end], special
            turned = self.tangent(new, tangent)
            along = lambda s: self.corrected(u + s * tangent, tangent)
            if turned[-1] * tangent[-1] < 0:
                s = brentq(lambda s: self.tangent(along(s), tangent)[-1] if s else tangent[-1], 0.0, step, xtol=1e-9)
                fold = along(s)
                special.append(("fold", self.parameter(fold), tuple((fold[:-1] * self.size).tolist()), 0.0))
            else:
                special += _crossing(lambda s: self.point(along(s) if s else u), 0.0, step, lambda s: self.parameter(along(s)))
            side.append(new)
            u, tangent, step = new, turned, min(1.5 * step, STEP)
            if len(side) > 5 and np.max(np.abs(u - start)) < 0.5 * step:
                break  # a closed curve
        return side, special
