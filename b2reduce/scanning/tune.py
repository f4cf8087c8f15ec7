"""The value of a parameter at which a network fires at wanted rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arguments import described, mapping, require, to_si
from ..basics.display import amount, number, sheet_html
from ..basics.errors import InputError, OperatingPointError, unknown_name
from ..basics.fields import Anything, Flag, Of, Table, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.progress import Progress
from ..basics.units import si_label, with_units
from ..circuit.circuit import Circuit
from ..circuit.parameter_names import resolve
from ..reduction.frozen import free_parameters
from ..reduction.reduce import reduce_again
from ..reduction.reduced_circuit import ReducedCircuit
from .what_if import at_rest_, tangent

__all__ = ["Tuned", "read_wanted", "tune"]

REACH = 10.0  # by which factor a value is looked for, either way
VOLTS_ = 0.05  # V either way of a reversal potential or a threshold
PLACES = 41  # at which a rate model is asked before a root is looked for
NEAR = 0.01  # relative, and standard errors: what a rate may be off by and still be the one that was wanted
EDGE = 0.05  # of the way between two reductions: nearer to either a proposal tells little
STEPS = 9  # reductions made anew at most
HALVINGS = 6  # of the way back to where there was an operating point
SAME = 1e-4  # of where it is looked for: proposals nearer to one another are one
RUNAWAY = 1e3  # relative difference that stands for rates beyond all bounds


@dataclass(frozen=True, eq=False)
class Tuned(Record):
    """The value of a parameter that gives wanted rates.

    Attributes
    ----------
    name : str
        Of the parameter.
    value : Quantity or number
        The best that was found.
    stderr : Quantity or number
        What the standard error of the rates makes of it; NaN where rates do not depend on it.
    reached : bool
        Whether the rates there are those that were wanted, to 1 % or two standard errors.
    table : pandas.DataFrame
        Index population: ``wanted``, ``rate`` and ``stderr`` of the reduction made at the value, Hz.
    steps : pandas.DataFrame
        Every value at which the circuit was reduced, SI, and the rates there, Hz.
    circuit : Circuit
        With the value.
    reduced : ReducedCircuit
        Its reduction.
    message : str
        In words.
    """

    name: str
    value: object
    stderr: object
    reached: bool
    table: object
    steps: object
    circuit: Circuit
    reduced: ReducedCircuit
    message: str

    FIELDS = FrozenDict(
        name=Text,
        value=Anything,
        stderr=Anything,
        reached=Flag,
        table=Table("wanted", "rate", "stderr"),
        steps=Table("value"),
        circuit=Of("Circuit"),
        reduced=Of("ReducedCircuit"),
        message=Text,
    )

    def __repr__(self):
        return f"Tuned({self.message})"

    def _repr_html_(self):
        rows = [
            (name, number(row.wanted), number(row.rate, row.stderr)) for name, row in self.table.iterrows()
        ]
        return sheet_html(("population", "wanted (Hz)", "rate (Hz)"), rows, self.message)


def tune(reduced, rates, *, vary, bounds=None, progress=None):
    """The value of a parameter at which populations fire at wanted rates.

    Each step solves the rate model whose gains are frozen, and reduces the circuit anew where that puts it,
    until the rates there are the wanted ones.

    Parameters
    ----------
    reduced : ReducedCircuit
    rates : mapping of str to Quantity
        Wanted rates of one or more populations; of several the sum of squared relative differences is made
        least.
    vary : str
        The parameter by its dotted name, such as ``"projection.I->E.G"`` or ``"drive.ext.rate"``.
    bounds : pair of Quantity, optional
        Where to look; by default a tenth to ten times of what is there, 50 mV either way of a potential.
    progress : None, bool, str or callable

    Returns
    -------
    Tuned
        Where the rates cannot be had, the nearest that can: `reached` and `message` say so.

    Raises
    ------
    InputError
        If a name is unknown, the parameter belongs to the cells (whose gains would change), or the bounds are
        not.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from b2reduce import reduce
    >>> found = tune(reduce("ei_lif", noise="none"), {"E": 10*Hz}, vary="projection.I->E.G")
    >>> found.reached
    True
    """
    import pandas as pd

    require(reduced, ReducedCircuit, "tune, reduced")
    wanted, start, lo_, hi_ = read_wanted(reduced.circuit, rates, vary, bounds)
    counted, unit = isinstance(start, int), getattr(start, "dim", None)
    value_of = lambda x: int(round(x)) if counted else x if unit is None else with_units(x, unit)
    # What cannot be varied is refused before minutes of work
    tangent(reduced).replace({vary: value_of(lo_ + 0.5 * (hi_ - lo_))})

    def missed(model, x):
        """Relative differences of the frozen model's rates at a value; large where it runs away."""
        model = tangent(model)
        changed = model.replace({vary: value_of(x)})
        got = at_rest_(changed, model.at_on_(changed.circuit))
        return np.array(
            [
                (got[name] - rate) / rate if np.isfinite(got[name]) else RUNAWAY
                for name, rate in wanted.items()
            ]
        )

    steps, model, x = [], reduced, float(np.asarray(start, dtype=float))
    with Progress(progress) as bar:
        for step in range(STEPS + 1):
            if step:
                model, x = _reduced_near(reduced, vary, value_of, x, steps, bar)
            if step or lo_ <= x <= hi_:
                steps.append(_Step(x, model))
            if steps and steps[-1].reaches(wanted):
                break
            x = _between(steps, wanted, _solved(lambda value: missed(model, value), x, lo_, hi_))
            if counted:
                x = float(round(x))
            if any(abs(x - tried.x) <= SAME * min(hi_ - lo_, 10 * abs(x)) for tried in steps):
                break  # nothing nearer is to be had
    best = min(steps, key=lambda tried: tried.miss(wanted))
    reached, rest, error = best.reaches(wanted), best.rates, best.stderr
    stderr_ = (
        np.nan
        if counted
        else _error_of(
            lambda value: missed(best.model, value), best, wanted, 1e-2 * (abs(best.x) or hi_ - lo_)
        )
    )
    table = pd.DataFrame(
        {
            "wanted": pd.Series(wanted),
            "rate": pd.Series(rest).reindex(list(wanted)),
            "stderr": pd.Series(error).reindex(list(wanted)),
        }
    ).rename_axis("population")
    shown = (
        str(value_of(best.x))
        if counted
        else number(best.x, stderr_)
        if unit is None
        else amount(best.x, si_label(unit), stderr_)
    )
    said = ", ".join(
        f"{name} {number(rest[name], error[name])}"
        f" Hz{f' (wanted {number(wanted[name])})' if name in wanted else ''}"
        for name in reduced.populations
    )
    where = (
        " at the edge of where it was looked for"
        if min(abs(best.x - lo_), abs(best.x - hi_)) <= 1e-3 * (hi_ - lo_)
        else ""
    )
    message = f"{vary} = {shown}: {said}" + (
        "" if reached else f"; this is the nearest that was found{where}"
    )
    columns = pd.DataFrame(
        [
            {"value": tried.x, **{f"{name} [Hz]": tried.rates[name] for name in reduced.populations}}
            for tried in steps
        ]
    )
    return Tuned(
        vary,
        value_of(best.x),
        stderr_ if counted or unit is None else with_units(stderr_, unit),
        reached,
        table,
        columns,
        best.model.circuit,
        best.model,
        message,
    )


@dataclass(frozen=True, eq=False)
class _Step:
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


def _reduced_near(reduced, vary, value_of, x, steps, bar):
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


def _error_of(missed, step, wanted, change):
    """Standard error of a value: of the rates', over by how much they change with it.

    NaN where they do not.
    """
    slopes = (missed(step.x + change) - missed(step.x - change)) / (2 * change)
    relative = np.array([step.stderr[name] / rate for name, rate in wanted.items()])
    if not np.any(slopes) or not np.all(np.isfinite(slopes)):
        return np.nan
    return float(np.sqrt(np.sum((slopes * relative) ** 2)) / np.sum(slopes**2))


def read_wanted(circuit, rates, vary, bounds):
    """Checked ({population: wanted rate in Hz}, the parameter's value, lowest, highest of it in SI)."""
    wanted = {}
    for name, rate in mapping(rates, "rates", '{"E": 5*Hz}').items():
        if name not in circuit.populations:
            raise InputError(f"rates: {unknown_name('population', name, circuit.populations)}")
        wanted[name] = float(to_si(rate, "Hz", f"rates, {name}"))
        if not 0 < wanted[name] < np.inf:
            raise InputError(f"rates, {name}: got {described(rate)}, expected a rate above 0 Hz")
    if not wanted:
        raise InputError('rates: there is none; say what is wanted, such as {"E": 5*Hz}')
    if not isinstance(vary, str):
        raise InputError(
            f'vary: got {described(vary)}, expected the name of one parameter such as "projection.I->E.G"'
        )
    kind, which, attribute = resolve(circuit, vary, lambda message: InputError(f"vary, {vary}: {message}"))
    start = circuit.value(vary)
    if kind == "population" and attribute not in ("size", *free_parameters(circuit.populations[which].model)):
        raise InputError(
            f"vary, {vary}: is the cells' own, so that their gain changes with it; vary a drive, a synapse or"
            " a constant current, or scan over it"
        )
    return (wanted, start, *_bounds(start, bounds, vary))


def _between(steps, wanted, x):
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


def _bounds(start, bounds, vary):
    """(lowest, highest) in SI."""
    now = float(np.asarray(start, dtype=float))
    unit = getattr(start, "dim", None)
    if bounds is not None:
        if not isinstance(bounds, (tuple, list)) and np.ndim(bounds) != 1 or len(bounds) != 2:
            raise InputError(f"bounds: got {described(bounds)}, expected a lowest and a highest value")
        lo_, hi_ = (
            float(to_si(value, unit, "bounds")) if unit is not None else float(value) for value in bounds
        )
    elif unit is not None and si_label(unit) == "V":
        lo_, hi_ = now - VOLTS_, now + VOLTS_
    elif now == 0:
        raise InputError(
            f"bounds: {vary} is 0 now, so that nothing says where to look; give a lowest and a highest value"
        )
    else:
        lo_, hi_ = sorted((now / REACH, now * REACH))
    if not np.isfinite([lo_, hi_]).all() or not lo_ < hi_:
        raise InputError(f"bounds: got {described(bounds)}, expected a lowest value below a highest")
    return lo_, hi_


def _solved(missed, x, lo_, hi_):
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
