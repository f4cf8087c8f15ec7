"""Parameters that differ from cell to cell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.units import format_quantity

__all__ = ["Listed", "Normal", "Spread", "scalar_text", "text_of"]


class Spread(ABC):
    """A parameter of which every cell of a network has its own value.

    Attributes
    ----------
    mean, sd : Quantity or float
        Over cells.
    """

    mean: Any
    sd: Any

    @abstractmethod
    def draw_(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """SI values of so many cells."""

    @abstractmethod
    def text(self) -> Any:
        """What a file has."""


@dataclass(frozen=True)
class Normal(Spread):
    """A parameter drawn for every cell of a network from a normal distribution."""

    mean: Any
    sd: Any

    def draw_(self, rng, size):
        return rng.normal(float(np.asarray(self.mean)), float(np.asarray(self.sd)), size)

    def text(self):
        return str(self)

    def __str__(self):
        return f"normal({scalar_text(self.mean)}, {scalar_text(self.sd)})"


@dataclass(frozen=True, eq=False)
class Listed(Spread):
    """A parameter of as many values as there are cells, in their order; another number of cells draws from
    them.
    """

    values: Any  #: Quantity or ndarray, shape (value,)

    def __post_init__(self):
        values = self.values.copy()
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def mean(self):
        return self.values.mean()

    @property
    def sd(self):
        return self.values.std()

    def draw_(self, rng, size):
        values = np.asarray(self.values, dtype=float)
        return values.copy() if values.size == size else rng.choice(values, size)

    def text(self):
        return [scalar_text(value) for value in self.values]

    def __str__(self):
        return f"one of {len(self.values)} with mean {scalar_text(self.mean)}"

    def __eq__(self, other):
        return isinstance(other, Listed) and self.text() == other.text()

    def __hash__(self):
        return hash(tuple(self.text()))


def text_of(value):
    """A parameter as a file has it."""
    return value.text() if isinstance(value, Spread) else scalar_text(value)


def scalar_text(value):
    """One value as a file has it."""
    from brian2 import Quantity

    if isinstance(value, Quantity):
        return format_quantity(value)
    return value.item() if isinstance(value, np.generic) else value
