"""Branches of fixed points followed by pseudo-arclength, so that folds are passed.

And what happens along any branch: eigenvalues that cross zero.
"""

from __future__ import annotations

import numpy as np

from ..reduction.drives import constant_drives_
from .fixed_points import point_at_
from .roots import roots_

__all__ = ["PRECISE", "by_arclength", "crossing", "distinct"]

# Along a branch, in units of the parameter's range and of the rates' size
STEP, LEAST_STEP, MOST_STEPS = 0.02, 1e-5, 2000
PARTS = 16  # of a step on which something happens
# Relative to the largest eigenvalue: an imaginary part that is none, a real part that is as good as zero
REAL, CROSSED = 1e-9, 1e-5
PRECISE = 1e-10  # of the range, of the parameter at a special point


def _real_parts(point, complex_):
    """Real parts of the pairs of complex eigenvalues of a point, or of its real ones, the largest first."""
    values = point.eigenvalues_
    oscillates = np.abs(values.imag) > REAL * np.max(np.abs(values))
    return np.sort(values.real[oscillates & (values.imag > 0)] if complex_ else values.real[~oscillates])[
        ::-1
    ]


def crossing(point, a, b, value=lambda q: q, folds=False):
    """Where eigenvalues cross zero between two places of a branch.

    With `folds` a single real one that does is a fold, which is found otherwise.
    """
    from scipy.optimize import brentq

    found, precise = [], dict(xtol=PRECISE * abs(b - a) + 4 * np.finfo(float).eps * max(abs(a), abs(b)))
    for complex_ in (True,) if folds else (True, False):
        number = [int(np.sum(_real_parts(point(q), complex_) > 0)) for q in (a, b)]
        for k in range(min(number), max(number)):

            def kth(q, k=k, complex_=complex_):
                parts = _real_parts(point(q), complex_)
                return parts[k] if k < len(parts) else -1.0

            if kth(a) * kth(b) >= 0:
                continue
            q = brentq(kth, a, b, **precise)
            here = point(q)
            values = here.eigenvalues_
            nearest = values[np.argmin(np.abs(values.real) + (np.abs(values.imag) > 0) * (not complex_))]
            # Two that meet, and are real or complex from there on, cross nothing
            if abs(nearest.real) > CROSSED * np.max(np.abs(values)):
                continue
            what = "hopf" if complex_ else "zero"
            frequency = abs(nearest.imag) / (2 * np.pi) if complex_ else 0.0
            found.append((what, value(q), tuple(here.rates_.values()), frequency))
    return found


def distinct(special, grid):
    """The same place reached along two branches counts once."""
    kept = []
    for entry in special:
        same = lambda other: (
            other[0] == entry[0]
            and abs(other[1] - entry[1]) < 1e-5 * (grid[-1] - grid[0])
            and np.allclose(other[2], entry[2], rtol=1e-3, atol=1e-3)
        )
        if not any(map(same, kept)):
            kept.append(entry)
    return kept


def by_arclength(at, names, grid):
    """Branches of any model by pseudo-arclength.

    The next point is looked for across the tangent, so that folds are passed.
    """
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
    return rows, distinct(special, grid)


class _Curve:
    """Solutions u of F(r; p) = r, where u holds rates and parameter in units of their sizes."""

    def __init__(self, at, names, grid):
        self.at, self.names, self.lo, self.width = at, names, grid[0], grid[-1] - grid[0]
        self.size = max(float(np.asarray(gain.rates[1])) for gain in at(grid[0]).gains.values())
        self.models = {}

    def scaled(self, rates, p):
        return np.append(np.asarray(rates) / self.size, (p - self.lo) / self.width)

    def parameter(self, u):
        # A step may look beyond the range, where the circuit may not exist
        return self.lo + min(max(float(u[-1]), 0.0), 1.0) * self.width

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
        return point_at_(
            model, dict(zip(self.names, (np.maximum(u[:-1], 0.0) * self.size).tolist())), drives_
        )

    def tangent(self, u, before):
        # As wide as a cell of a table
        step = self.model(u)[0].kind.parameter_step
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

    def _events(self, u, tangent, turned, step):
        """Folds and crossings on a step along a branch.

        Where one lies another may, so that such a step is looked at in parts.
        """
        from scipy.optimize import brentq

        along = lambda s: self.corrected(u + s * tangent, tangent) if s else u
        growing = lambda s: int(np.sum(self.point(along(s)).eigenvalues_.real > 0))
        if turned[-1] * tangent[-1] > 0 and growing(0.0) == growing(step):
            return []
        places = [s for s in np.linspace(0.0, step, PARTS + 1) if along(s) is not None]
        ahead = lambda s: self.tangent(along(s), tangent)[-1] if s else tangent[-1]
        special = []
        for a, b in zip(places, places[1:]):
            fold = ahead(a) * ahead(b) < 0
            if fold:
                turning = along(brentq(ahead, a, b, xtol=1e-9))
                special.append(
                    ("fold", self.parameter(turning), tuple((turning[:-1] * self.size).tolist()), 0.0)
                )
            special += crossing(
                lambda s: self.point(along(s)), a, b, lambda s: self.parameter(along(s)), folds=fold
            )
        return special

    def _one_way(self, u, sign):
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
            special += self._events(u, tangent, turned, step)
            side.append(new)
            u, tangent, step = new, turned, min(1.5 * step, STEP)
            if len(side) > 5 and np.max(np.abs(u - start)) < 0.5 * step:
                break  # a closed curve
        return side, special
