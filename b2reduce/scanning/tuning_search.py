"""How a value is looked for at which a network fires at wanted rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.errors import OperatingPointError
from ..reduction.again import reduce_again
from ..reduction.reduced_circuit import ReducedCircuit

__all__ = ["Step", "between", "error_of", "reduced_near", "solved"]

PLACES = 41  # at which a rate model is asked before a root is looked for
NEAR = 0.01  # relative, and standard errors: what a rate may be off by and still be the one that was wanted
EDGE = 0.05  # of the way between two reductions: nearer to either a proposal tells little
HALVINGS = 6  # of the way back to where there was an operating point


@dataclass(frozen=True, eq=False)
class Step:
    """A reduction made at a value."""

    x: float
    model: ReducedCircuit

    @property
    def rates(self):
        return self.model.operating_rate_

    @property
    def stderr(self):
        return {name: float(np.asarray(value)) for name, value in self.model.stderr["rates"].items()}

    def miss(self, wanted):
        """Sum of squared relative differences from the wanted rates."""
        return sum(((self.rates[name] - rate) / rate) ** 2 for name, rate in wanted.items())

    def reaches(self, wanted):
        """Whether the rates are the wanted ones."""
        error = self.stderr
        return all(
            abs(self.rates[name] - rate)
            <= max(NEAR * rate, 2 * error[name] if np.isfinite(error[name]) else 0.0)
            for name, rate in wanted.items()
        )


def reduced_near(reduced, vary, value_of, x, steps, bar):
    """(reduction, value).

    At a value or, where there is no operating point, half of the way back to the last one that had it.
    """
    for halving in range(HALVINGS + 1):
        try:
            circuit = reduced.circuit.replace({vary: value_of(x)})
            return reduce_again(reduced, circuit, drives_=reduced.at_on_(circuit), progress=bar), x
        except OperatingPointError:
            if not steps or halving == HALVINGS:
                raise
            x = (x + steps[-1].x) / 2


def error_of(missed, step, wanted, change):
    """Standard error of a value: of the rates', over by how much they change with it.

    NaN where they do not.
    """
    slopes = (missed(step.x + change) - missed(step.x - change)) / (2 * change)
    relative = np.array([step.stderr[name] / rate for name, rate in wanted.items()])
    if not np.any(slopes) or not np.all(np.isfinite(slopes)):
        return np.nan
    return float(np.sqrt(np.sum((slopes * relative) ** 2)) / np.sum(slopes**2))


def between(steps, wanted, x):
    """A proposal, or, where reductions on either side of what is wanted are known and it lies at or beyond
    their edge, a place between them.
    """
    if len(wanted) > 1:
        return x
    ((name, rate),) = wanted.items()
    known = sorted(
        (place, np.log(max(rest[name], 1e-3) / rate))
        for place, rest in ((tried.x, tried.rates) for tried in steps)
    )
    pairs = [(a, b) for a, b in zip(known, known[1:]) if a[1] * b[1] < 0]
    if not pairs:
        return x
    (a, low), (b, high) = min(pairs, key=lambda pair: pair[1][0] - pair[0][0])
    if a + EDGE * (b - a) < x < b - EDGE * (b - a):
        return x
    return a + float(np.clip(low / (low - high), 0.2, 0.8)) * (b - a)


def solved(missed, x, lo_, hi_):
    """Where a frozen model misses least, the nearest such place to x."""
    from scipy.optimize import brentq, minimize_scalar

    even = np.geomspace(lo_, hi_, PLACES) if lo_ > 0 else np.linspace(lo_, hi_, PLACES)
    places = np.unique([*even, np.clip(x, lo_, hi_)])
    errors = np.array([missed(place) for place in places])
    if errors.shape[1] == 1:
        crossing = np.nonzero(np.diff(np.sign(errors[:, 0])) != 0)[0]
        if crossing.size:
            k = min(crossing, key=lambda k: min(abs(places[k] - x), abs(places[k + 1] - x)))
            return float(brentq(lambda place: missed(place)[0], places[k], places[k + 1], rtol=1e-6))
    total = np.sum(errors**2, axis=1)
    k = int(np.argmin(total))
    a, b = places[max(k - 1, 0)], places[min(k + 1, places.size - 1)]
    found = minimize_scalar(lambda place: float(np.sum(missed(place) ** 2)), bounds=(a, b), method="bounded")
    return float(found.x if found.fun < total[k] else places[k])
