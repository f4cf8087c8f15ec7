"""All states of a rate model: roots from many starts."""

from __future__ import annotations

from itertools import product

import numpy as np

from ..reduction.loops.model_system import slopes_

__all__ = ["roots_"]

STARTS = 5  # rates of each of two populations that the search for roots starts from
MOST_STARTS = 64
REACH = 3.0  # the search goes up to so many times the highest rate at which gains were measured
# Rounds of further starts where the indices of the roots do not add up, and starts a round
MOST_EXTRA, EXTRA = 40, 10
SAME = 1e-5  # relative distance below which two roots are one


def is_bounded(reduced):
    """Whether no rate grows as fast as the rates that drive it, far out."""
    return reduced.kind.bounded(reduced)


def roots_(reduced, drives_):
    """[{population: rate}] where r = F(r), by Newton's method from many starts with the roots found divided
    out.
    """
    from scipy.optimize import root

    names = reduced.populations

    def excess(r):
        rates = reduced.response_(dict(zip(names, np.maximum(r, 0.0))), drives_)
        return np.array([float(rates[name]) for name in names]) - r

    top = REACH * max(float(np.asarray(reduced.gains[name].rates[1])) for name in names)
    per_axis = next(n for n in range(STARTS, 1, -1) if n ** len(names) <= MOST_STARTS or n == 2)
    starts = list(product(*[top * np.linspace(0, 1, per_axis) ** 2] * len(names)))
    if len(starts) > MOST_STARTS:
        starts = list(top * np.random.default_rng(0).random((MOST_STARTS, len(names))) ** 2)
    settled = [
        reduced.steady_rates_(drives_, dict(zip(names, start)))
        for start in (np.zeros(len(names)), np.full(len(names), top))
    ]
    known = [
        np.array([rates[name] for name in names])
        for rates in settled
        if np.isfinite(list(rates.values())).all()
    ]
    found = []

    def new(r):
        return all(np.max(np.abs(r - other)) > SAME * max(np.max(np.abs(other)), 1.0) for other in found)

    def polished(r):
        answer = root(excess, r, tol=1e-12)
        return answer.x if np.max(np.abs(answer.fun)) < 1e-7 * max(np.max(np.abs(answer.x)), 1.0) else None

    def look(start):
        while True:
            deflated = lambda r: (
                excess(r)
                * np.prod([1 + (top / REACH) ** 2 / max(np.sum((r - other) ** 2), 1e-300) for other in found])
            )
            r = polished(root(deflated, start, tol=1e-10).x)
            if r is None or np.any(r < -SAME) or not new(r):
                return
            found.append(np.maximum(r, 0.0))

    for start in [*known, *starts]:
        look(start)
    if is_bounded(reduced):
        # Between two roots whose indices do not add up lies another; elsewhere chance decides, at all sizes
        # of rates alike.
        rng = np.random.default_rng(0)
        largest = np.array(
            [
                (
                    min(float(np.max(gain.params["r_max"])), top)
                    if gain.form == "logistic" and reduced.kind.shift_law
                    else top
                )
                for gain in map(reduced.gains.get, names)
            ]
        )
        for turn in range(MOST_EXTRA):
            if index_of(reduced, [dict(zip(names, r.tolist())) for r in found], drives_) == 1:
                break
            pair = rng.permutation(len(found))[:2]
            for _ in range(EXTRA):
                between = (
                    found[pair[0]] + rng.random(len(names)) * (found[pair[-1]] - found[pair[0]])
                    if turn % 2 and len(pair) == 2
                    else (largest * rng.random(len(names)) ** rng.choice([0.3, 1.0, 3.0]))
                )
                # With and without what was found divided out: deflation bends the way to roots that lie close
                plain = polished(between)
                if plain is not None and np.all(plain >= -SAME) and new(plain):
                    found.append(np.maximum(plain, 0.0))
                look(between)
    return [dict(zip(names, r.tolist())) for r in found]


def index_of(reduced, roots, drives_):
    """Sum of sign(det(1 - d rates/d rates)) over roots."""
    names = reduced.populations
    total = 0
    for rates_ in roots:
        slopes = slopes_(reduced, rates_, drives_)
        matrix = np.array(
            [
                [
                    sum(
                        slopes[p.label] * p.slope_(rates_[source])
                        for p in reduced.circuit.pathways(target)
                        if not p.is_drive and p.source == source
                    )
                    for source in names
                ]
                for target in names
            ]
        )
        total += int(np.sign(np.linalg.det(np.eye(len(names)) - matrix)))
    return total
