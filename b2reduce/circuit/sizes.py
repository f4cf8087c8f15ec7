"""Sizes of synapses that differ from synapse to synapse: what is written, its moments, and draws of it.

A distribution is that of the size itself, in its unit; all synapses of a projection or drive have one sign.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..basics.arguments import described
from ..basics.errors import CircuitError, InputError
from ..basics.units import format_quantity, parse_quantity, si_label, with_units
from .spread import Normal

__all__ = ["LogNormalSize", "ListedSizes", "NormalSize", "Sizes", "mean_of", "read_sizes"]

#: Of a normal distribution that would have the other sign. Draws of that sign are drawn again, which moves
#: the mean by less than 1.2 % of it at this share; the moments in use are those of what is left.
MOST_CUT = 0.01
#: Of standard deviation over mean: beyond it no number of synapses has the moments that theory takes.
MOST_CV = 100.0
#: Below it nothing is cut, and the density at the cut is no number.
_NARROW = 1e-3
_WRITTEN = re.compile(r"\s*(normal|lognormal)\s*\((.*)\)\s*$", re.DOTALL)
_FORMS = '"normal(0.5 nS, 0.1 nS)", "lognormal(0.5 nS, 0.1 nS)" with mean and standard deviation of the size'


class Sizes(ABC):
    """A distribution of sizes, of which every synapse has its own.

    Attributes
    ----------
    mean : Quantity
        Of what is drawn.
    second : float
        Mean square over squared mean of what is drawn, 1 where all are the same.
    """

    mean: Any
    second: float

    @abstractmethod
    def draw(self, rng, number):
        """So many sizes, over their mean."""

    @abstractmethod
    def text(self):
        """What a circuit's file has."""

    @abstractmethod
    def __mul__(self, factor):
        """The same with every size multiplied."""

    __array_ufunc__ = None  # a number of numpy's leaves multiplication to this class

    def __rmul__(self, factor):
        return self * factor

    def __eq__(self, other):
        return type(other) is type(self) and other.text() == self.text()

    def __hash__(self):
        return hash(str(self.text()))

    def __str__(self):
        return str(self.text())


@dataclass(frozen=True, eq=False)
class _OfMoments(Sizes):
    """A distribution that is given by mean and standard deviation."""

    given: Any
    sd: Any

    word = ""

    @property
    def mean(self):
        return self.given

    @cached_property
    def cv(self):
        """Standard deviation over mean, as written."""
        return abs(float(np.asarray(self.sd)) / float(np.asarray(self.given)))

    def check(self, key):
        """Raise a `CircuitError` where so wide a distribution cannot be drawn from."""
        if not self.cv <= MOST_CV:
            raise CircuitError(
                f"{key}: got {self}, whose standard deviation is {self.cv:.3g} times its mean, expected at"
                f" most {MOST_CV:g}; lower it"
            )

    def text(self):
        return f"{self.word}({format_quantity(self.given)}, {format_quantity(self.sd)})"

    def __str__(self):
        return self.text()

    def __mul__(self, factor):
        return type(self)(factor * self.given, abs(factor) * self.sd)


@dataclass(frozen=True, eq=False)
class NormalSize(_OfMoments):
    """Normal, cut at 0: draws of the other sign are drawn again."""

    word = "normal"

    @cached_property
    def _cut(self):
        """(share that is cut, mean, mean square) with what is written as 1 (the truncated normal's)."""
        from scipy.special import log_ndtr, ndtr

        if self.cv < _NARROW:
            return 0.0, 1.0, 1.0 + self.cv**2
        z = 1 / self.cv
        hazard = np.exp(-(z**2) / 2 - log_ndtr(z)) / np.sqrt(
            2 * np.pi
        )  # density at the cut over what is left
        mean = 1 + self.cv * hazard
        return float(ndtr(-z)), float(mean), float(mean + self.cv**2)

    @property
    def share_cut(self):
        """Share of draws that would have the other sign."""
        return self._cut[0]

    @property
    def mean(self):
        return self._cut[1] * self.given

    @property
    def second(self):
        _, mean, square = self._cut
        return square / mean**2

    def draw(self, rng, number):
        drawn = 1 + self.cv * rng.standard_normal(number)
        while (wrong := np.flatnonzero(drawn < 0)).size:
            drawn[wrong] = 1 + self.cv * rng.standard_normal(wrong.size)
        return drawn / self._cut[1]


@dataclass(frozen=True, eq=False)
class LogNormalSize(_OfMoments):
    """Lognormal; mean and standard deviation are those of the size, not of its logarithm."""

    word = "lognormal"

    @property
    def second(self):
        return 1 + self.cv**2

    def draw(self, rng, number):
        variance = np.log1p(self.cv**2)
        return np.exp(np.sqrt(variance) * rng.standard_normal(number) - variance / 2)


@dataclass(frozen=True, eq=False)
class ListedSizes(Sizes):
    """Each synapse has one of some sizes, all equally likely."""

    values: Any  #: Quantity, shape (value,)

    @property
    def mean(self):
        return self.values.mean()

    @cached_property
    def _relative(self):
        values = np.asarray(self.values, dtype=float)
        return values / values.mean()

    @property
    def second(self):
        return float(np.mean(self._relative**2))

    def draw(self, rng, number):
        return rng.choice(self._relative, number)

    def text(self):
        return [format_quantity(value) for value in self.values]

    def __str__(self):
        return f"one of {len(self.values)} with mean {format_quantity(self.mean)}"

    def __mul__(self, factor):
        return ListedSizes(factor * self.values)


def mean_of(value):
    """A value of a synapse, or the mean of those that differ."""
    return value.mean if isinstance(value, Sizes) else value


def read_sizes(value, read, key):
    """Sizes that differ, from text, a `Normal`, a list or an array; None where one value was given.

    Parameters
    ----------
    value : object
    read : callable
        Of one value, as `Parameter.read` without its key.
    key : str
    """
    from brian2 import Quantity

    if isinstance(value, Sizes):
        return value
    if isinstance(value, Normal):
        return _checked(NormalSize(read(value.mean), _deviation(value.sd, value.mean, key)), key)
    if isinstance(value, str) and (written := _WRITTEN.match(value)):
        return _from_text(value, *written.groups(), read, key)
    if isinstance(value, str) and re.match(r"\s*[A-Za-z_]\w*\s*\(", value):
        raise CircuitError(f"{key}: got {described(value)}, expected {_FORMS}, or one value with its unit")
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        plain = isinstance(value, np.ndarray) and not isinstance(value, Quantity)
        if plain or np.ndim(value) != 1 or len(value) == 0:
            raise CircuitError(
                f'{key}: got {described(value)}, expected a list such as ["0.4 nS", "0.6 nS"] or an array'
                " with its unit, such as [0.4, 0.6]*nS, of which every synapse has one"
            )
        return _listed([read(each) for each in value], key)
    return None


def _from_text(value, word, inside, read, key):
    parts = [part.strip() for part in inside.split(",")]
    if len(parts) != 2 or not all(parts):
        raise CircuitError(f"{key}: got {described(value)}, expected two values: {_FORMS}")
    mean = read(parts[0])
    return _checked(
        {"normal": NormalSize, "lognormal": LogNormalSize}[word](mean, _deviation(parts[1], mean, key)), key
    )


def _deviation(value, mean, key):
    try:
        sd = parse_quantity(value)
        mean = parse_quantity(mean)
    except InputError as error:
        raise CircuitError(f"{key}: {error}") from None
    if si_label(sd) != si_label(mean) or not 0 <= float(np.asarray(sd)) < np.inf:
        raise CircuitError(
            f"{key}: got the standard deviation {described(value)}, expected at least 0 in"
            f" {si_label(mean)}, as the mean {mean} is"
        )
    return sd


def _checked(sizes, key):
    if float(np.asarray(sizes.given)) == 0:
        raise CircuitError(f"{key}: got {sizes}, expected a mean that is not 0: every synapse has its sign")
    sizes.check(key)
    if isinstance(sizes, NormalSize) and sizes.share_cut > MOST_CUT:
        raise CircuitError(
            f"{key}: got {sizes}, of which {sizes.share_cut:.2g} would have the other sign and be drawn"
            f" again, expected at most {MOST_CUT:g}; lower the standard deviation or use"
            f" {LogNormalSize(sizes.given, sizes.sd)}"
        )
    return sizes


def _listed(values, key):
    if len({si_label(value) for value in values}) > 1:
        raise CircuitError(f"{key}: got values in {', '.join(sorted({si_label(v) for v in values}))}")
    si = np.array([float(np.asarray(value)) for value in values])
    if si.min() < 0 < si.max():
        raise CircuitError(
            f"{key}: got sizes of both signs, {si.min():g} to {si.max():g} {si_label(values[0])}, expected"
            " one sign; write two projections or drives"
        )
    if not si.any():
        raise CircuitError(f"{key}: all sizes are 0; give one value of 0 instead")
    return ListedSizes(with_units(si, si_label(values[0])))
