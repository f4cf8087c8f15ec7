"""Rates of a drive that differ: from cell to cell, or from train to train where cells share trains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.arguments import described
from ..basics.errors import CircuitError, InputError
from ..basics.units import format_quantity, parse_quantity, si_label
from .read_values import read_quantity
from .sizes import MOST_CUT, LogNormalSize, NormalSize
from .spread import Normal

__all__ = ["DrawnRates", "ListedRates", "is_list_of_rates", "read_cell_rates"]

LONG_LIST = 100  # entries; a longer one is for programs to read
_WRITTEN = re.compile(r"\s*(\w+)\s*\((.*)\)\s*$", re.DOTALL)
_FORMS = '"normal(5 Hz, 1 Hz)" or "lognormal(5 Hz, 1 Hz)" with mean and standard deviation over cells'


@dataclass(frozen=True, eq=False)
class ListedRates:
    """One rate each, in order.

    Attributes
    ----------
    values : Quantity, shape (cell,)
    """

    values: Any

    @property
    def mean_(self):
        """Hz."""
        return float(np.mean(np.asarray(self.values, dtype=float)))

    @property
    def cv(self):
        """Standard deviation over mean."""
        return float(np.std(np.asarray(self.values, dtype=float)) / self.mean_)

    def relative(self, rng, number):
        """So many rates over their mean."""
        return np.asarray(self.values, dtype=float) / self.mean_

    def check_number(self, number, key, of_what):
        """Raise a `CircuitError` unless there is one for each."""
        if self.values.size != number:
            raise CircuitError(
                f"{key}, rate: got {self.values.size} rates, but {of_what}; expected one each, or"
                ' "normal(5 Hz, 1 Hz)"; for rates that change over time give times and values'
            )

    def scaled(self, factor):
        """The same with every rate multiplied."""
        return ListedRates(factor * self.values)

    def text(self):
        """What a circuit's file has."""
        if self.values.size > LONG_LIST:
            return [f"{value!r} Hz" for value in np.asarray(self.values, dtype=float).tolist()]
        return [format_quantity(value) for value in self.values]

    def __eq__(self, other):
        return isinstance(other, ListedRates) and other.text() == self.text()

    def __hash__(self):
        return hash(tuple(self.text()))

    def __str__(self):
        return f"{self.values.size} rates, mean {self.mean_:.4g} Hz"


@dataclass(frozen=True)
class DrawnRates:
    """Drawn for every cell with the seed of a network.

    Attributes
    ----------
    law : NormalSize or LogNormalSize
    """

    law: Any

    @property
    def mean_(self):
        """Of what is drawn, Hz."""
        return float(np.asarray(self.law.mean))

    @property
    def cv(self):
        """Standard deviation over mean, of what is drawn."""
        return float(np.sqrt(max(self.law.second - 1, 0.0)))

    def relative(self, rng, number):
        """So many rates over their mean."""
        return self.law.draw(rng, number)

    def check_number(self, number, key, of_what):
        """As many as are needed are drawn."""

    def scaled(self, factor):
        """The same with every rate multiplied."""
        return DrawnRates(factor * self.law)

    def text(self):
        """What a circuit's file has."""
        return self.law.text()

    def __str__(self):
        return self.text()


def is_list_of_rates(rate):
    """Whether what was given is a list of single rates, not a table over time."""
    if isinstance(rate, np.ndarray):
        return rate.ndim == 1 and hasattr(rate, "dim") and rate.size > 0
    if not isinstance(rate, (list, tuple)) or not rate or any(np.ndim(each) for each in rate):
        return False
    if len(rate) != 2:
        return True
    # A table of one entry is a pair of a time and a rate
    return _is_rate(rate[0])


def _is_rate(value):
    try:
        return si_label(parse_quantity(value)) == "Hz"
    except InputError:
        return False


def read_cell_rates(rate, key):
    """Rates that differ, from text, a `Normal`, a list or an array; None where something else was given."""
    if isinstance(rate, (ListedRates, DrawnRates)):
        return rate
    if isinstance(rate, Normal):
        return _drawn("normal", rate.mean, rate.sd, str(rate), key)
    if isinstance(rate, str) and (written := _WRITTEN.match(rate)):
        word, inside = written.groups()
        parts = [part.strip() for part in inside.split(",")]
        if word not in ("normal", "lognormal") or len(parts) != 2 or not all(parts):
            raise CircuitError(f"{key}: got {described(rate)}, expected one rate, or {_FORMS}")
        return _drawn(word, *parts, rate, key)
    return _listed(rate, key) if is_list_of_rates(rate) else None


def _drawn(word, mean, sd, written, key):
    mean, sd = (read_quantity(value, "Hz", f"{key}, {what}") for value, what in ((mean, "mean"), (sd, "sd")))
    if not float(mean) > 0:
        raise CircuitError(f"{key}: got {described(written)}, expected a mean above 0 Hz")
    law = {"normal": NormalSize, "lognormal": LogNormalSize}[word](mean, sd)
    law.check(key)
    if isinstance(law, NormalSize) and law.share_cut > MOST_CUT:
        raise CircuitError(
            f"{key}: got {law}, of which {law.share_cut:.2g} would be negative and be drawn again, expected"
            f" at most {MOST_CUT:g}; lower the standard deviation or use {LogNormalSize(mean, sd)}"
        )
    return DrawnRates(law)


def _listed(values, key):
    from brian2 import Hz

    found = np.array([float(np.asarray(_one(each, key))) for each in values])
    if not found.any():
        raise CircuitError(f'{key}: all {found.size} rates are 0; give the one rate "0 Hz" instead')
    return ListedRates(found * Hz)


def _one(value, key):
    if not isinstance(value, str) and not hasattr(value, "dim"):
        raise CircuitError(
            f"{key}: got {described(value)} in a list, expected rates with their unit, such as"
            ' ["4 Hz", "6 Hz"] or [4, 6]*Hz, one a cell'
        )
    return read_quantity(value, "Hz", key)
