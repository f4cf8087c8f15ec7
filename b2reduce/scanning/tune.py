"""The value of a parameter at which a network fires at wanted rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..basics.arguments import require
from ..basics.display import amount, number, sheet_html
from ..basics.fields import Anything, Flag, Of, Table, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.progress import Progress
from ..basics.units import si_label, with_units
from ..circuit.circuit import Circuit
from ..reduction.reduced_circuit import ReducedCircuit
from .tuning_search import Step, between, error_of, reduced_near, solved
from .wanted_rates import read_wanted
from .what_if import at_rest_, tangent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas
    from brian2 import Quantity

    from ..basics.types import ProgressLike, QuantityLike

__all__ = ["Tuned", "tune"]

STEPS = 9  # reductions made anew at most
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
    value: Quantity
    stderr: Any
    reached: bool
    table: pandas.DataFrame
    steps: pandas.DataFrame
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


def tune(
    reduced: ReducedCircuit,
    rates: Mapping[str, QuantityLike],
    *,
    vary: str,
    bounds: tuple[Any, Any] | None = None,
    progress: ProgressLike = None,
) -> Tuned:
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

    steps: list[Any] = []
    model, x = reduced, float(np.asarray(start, dtype=float))
    with Progress(progress) as bar:
        for step in range(STEPS + 1):
            if step:
                model, x = reduced_near(reduced, vary, value_of, x, steps, bar)
            if step or lo_ <= x <= hi_:
                steps.append(Step(x, model))
            if steps and steps[-1].reaches(wanted):
                break
            x = between(steps, wanted, solved(lambda value: missed(model, value), x, lo_, hi_))
            if counted:
                x = float(round(x))
            if any(abs(x - tried.x) <= SAME * min(hi_ - lo_, 10 * abs(x)) for tried in steps):
                break  # nothing nearer is to be had
    best = min(steps, key=lambda tried: tried.miss(wanted))
    reached, rest, error = best.reaches(wanted), best.rates, best.stderr
    stderr_ = (
        np.nan
        if counted
        else error_of(
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
    at_edge = min(abs(best.x - lo_), abs(best.x - hi_)) <= 1e-3 * (hi_ - lo_)
    message = f"{vary} = {shown}: {_said(best, wanted, reached, at_edge)}"
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


def _said(best, wanted, reached, at_edge):
    """The rates at the best value, and whether they are the wanted ones, in words."""
    rates = ", ".join(
        f"{name} {number(best.rates[name], best.stderr[name])}"
        f" Hz{f' (wanted {number(wanted[name])})' if name in wanted else ''}"
        for name in best.model.populations
    )
    where = " at the edge of where it was looked for" if at_edge else ""
    return rates + ("" if reached else f"; this is the nearest that was found{where}")
