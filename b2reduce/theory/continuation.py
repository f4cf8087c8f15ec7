"""Fixed points followed along a parameter of the circuit: where they meet, where they begin to oscillate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, flag, require, to_si
from ..basics.errors import InputError, OperatingPointError
from ..basics.fields import Table, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.progress import Progress
from ..basics.units import parse_quantity, si_label
from ..reduction.again import reduce_again
from ..reduction.reduced_circuit import ReducedCircuit
from .arclength import by_arclength
from .fixed_points import fixed_points
from .linearised import is_threshold_linear

if TYPE_CHECKING:
    import pandas

    from ..basics.types import ArrayQuantity, ProgressLike

from .continued_points import by_active_sets, family

__all__ = ["Continuation", "continue_fixed_points"]

# Values of the parameter: where all sets of firing units are tried; where other models are searched for
# branches not yet followed
GRID, LOOKED = 81, 5
SILENT_ = 1e-3  # Hz


@dataclass(frozen=True, eq=False)
class Continuation(Record):
    """Branches of fixed points along a parameter.

    Attributes
    ----------
    parameter : str
        Column of the tables that holds it, SI with its unit.
    points : pandas.DataFrame
        A row per fixed point: branch, parameter, rate of every population in Hz, largest real part and its
        imaginary part in 1/s, kind, and ``outside``, the populations for which it lies outside of what was
        measured, so that it is extrapolated. The rows of a branch follow one another along it.
    special : pandas.DataFrame
        Where something changes: ``what`` is "fold" (two fixed points meet), "hopf" (a pair of complex
        eigenvalues crosses zero), "zero" (a real eigenvalue crosses zero without a fold), "silent" (a
        population falls silent or begins to fire), "border" (a unit reaches its threshold and stability
        jumps), "no operating point" (with `anew`, rates NaN), or "runaway" (rates grow beyond all bounds);
        the parameter, the rates, and the frequency in Hz of what oscillates.
    """

    parameter: str
    points: pandas.DataFrame
    special: pandas.DataFrame

    FIELDS = FrozenDict(
        parameter=Text,
        points=Table("branch", "growth [1/s]", "turning [1/s]", "kind", "outside"),
        special=Table("what", "frequency [Hz]"),
    )

    def __repr__(self):
        return (
            f"Continuation({len(self.points)} points on {self.points['branch'].nunique()} branches along"
            f" {self.parameter}; {len(self.special)} special)"
        )


def continue_fixed_points(
    reduced: ReducedCircuit,
    parameter: str,
    values: ArrayQuantity,
    *,
    anew: bool = False,
    progress: ProgressLike = None,
) -> Continuation:
    """Follow the fixed points of a rate model along a parameter of its circuit.

    Parameters
    ----------
    reduced : ReducedCircuit
        Its gains and time constants stay as they are.
    parameter : str
        Dotted name, as in `Circuit.replace`: ``"drive.ext.rate"``, ``"projection.I->E.G"``,
        ``"population.E.I_app"``. At level "transfer" only rates of drives.
    values : pair or sequence of Quantity
        The range; of a sequence the ends, and its length is the number of values that fixed points are looked
        for at.
    anew : bool
        Reduce afresh at every one of the values, as often as that many `reduce` calls take: for any parameter
        of `Circuit.replace`, and where a branch leaves what was measured. Fixed points are those of the model
        reduced there; where no operating point is found `special` says so.
    progress : optional
        As in `measure_fi`; of `anew`.

    Returns
    -------
    Continuation

    Raises
    ------
    InputError
        If the parameter would change what was measured, or the range is empty.

    Notes
    -----
    Threshold-linear models are enumerated at every value, so that no branch is missed; each set of firing
    units is one branch, and ends of branches are refined by bisection. Other models are followed by
    pseudo-arclength from every fixed point that is found at the given values and not yet on a branch.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from b2reduce import reduce
    >>> found = continue_fixed_points(reduce("ei_lif", noise="none"), "drive.ext.rate", [4, 20]*Hz)
    >>> found.points["kind"].unique().tolist()
    ['stable node']
    """
    if flag(anew, "anew"):
        return _table(reduced, parameter, *_reduced_anew(reduced, parameter, values, progress))
    at, si, label = family(reduced, parameter, values)
    lo, hi = float(si.min()), float(si.max())
    linear = is_threshold_linear(reduced)
    follow, number = (by_active_sets, GRID) if linear else (by_arclength, LOOKED)
    rows, special = follow(at, reduced.populations, np.linspace(lo, hi, max(len(si), number)))
    return _table(reduced, parameter, label, rows, special)


def _reduced_anew(reduced, parameter, values, progress):
    """(unit, rows, special points) of models reduced at each value, each with settings of the first."""
    require(reduced, ReducedCircuit, "continue_fixed_points, reduced")
    if isinstance(values, (str, bytes, Mapping)) or np.ndim(values) != 1 or len(values) < 2:
        raise InputError(
            f"values: got {described(values)}, expected at least two values such as [8, 12, 16]*Hz"
        )
    values = [parse_quantity(value) for value in values]
    rows, special, label = [], [], si_label(values[0])
    with Progress(progress) as bar:
        report = bar.stage(f"reductions along {parameter}")
        for number, value in enumerate(values):
            p = float(to_si(value, label, "values"))
            try:
                model = reduce_again(reduced, reduced.circuit.replace({parameter: value}), progress=False)
            except OperatingPointError:
                special.append(("no operating point", p, (np.nan,) * len(reduced.populations), 0.0))
                continue
            rows += [(branch, p, point) for branch, point in enumerate(fixed_points(model), start=1)]
            report((number + 1) / len(values))
    return label, sorted(rows, key=lambda row: row[:2]), special


def _table(reduced, parameter, label, rows, special):
    """The Continuation of rows (branch, parameter, FixedPoint) and special points."""
    import pandas as pd

    column = f"{parameter} [{label}]"
    rates = [f"{name} [Hz]" for name in reduced.populations]
    points = pd.DataFrame(
        [
            (
                branch,
                p,
                *point.rates_.values(),
                point.eigenvalues_[0].real,
                abs(point.eigenvalues_[0].imag),
                point.kind,
                ", ".join(point.outside),
            )
            for branch, p, point in rows
        ],
        columns=["branch", column, *rates, "growth [1/s]", "turning [1/s]", "kind", "outside"],
    )
    special = [*special, *_silences(rows)]
    found = pd.DataFrame(
        [(what, p, *r, frequency) for what, p, r, frequency in special],
        columns=["what", column, *rates, "frequency [Hz]"],
    )
    return Continuation(column, points, found.sort_values(column, ignore_index=True))


def _silences(rows):
    """Where a population falls silent along a branch, or begins to fire.

    Half-way between two of its points.
    """
    special = []
    for (branch, p, point), (next_branch, q, beyond) in zip(rows, rows[1:]):
        if branch == next_branch:
            for name, rate in point.rates_.items():
                if (rate > SILENT_) != (beyond.rates_[name] > SILENT_):
                    special.append(
                        (
                            "silent",
                            (p + q) / 2,
                            tuple((np.array(list(point.rates_.values())) + list(beyond.rates_.values())) / 2),
                            0.0,
                        )
                    )
    return special
