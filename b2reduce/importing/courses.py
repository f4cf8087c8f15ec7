"""Time courses of what an event leaves in linear equations: a decay, a rise and a decay, or an alpha
function.

A time course says what it is as a conductance, as a current, and with a factor of the voltage: the kind of
synapse, and its values for an event of size 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..circuit.synapses.alpha import Alpha
from ..circuit.synapses.current import ExponentialCurrent
from ..circuit.synapses.current_alpha import CurrentAlpha
from ..circuit.synapses.current_rise_decay import CurrentRiseAndDecay
from ..circuit.synapses.exponential import ExponentialConductance
from ..circuit.synapses.jump import Jump
from ..circuit.synapses.nmda import Nmda
from ..circuit.synapses.rise_decay import RiseAndDecay
from .algebra import rounded

__all__ = [
    "AlphaFunction",
    "Course",
    "Decay",
    "Entry",
    "NoCourse",
    "NoKind",
    "RiseDecay",
    "courses_of",
    "jump_of",
]

# Of amplitudes and time constants that are the same but for rounding
_SAME = 1e-9


class NoCourse(ValueError):
    """Equations whose answer to an event is none of the time courses."""


class NoKind(ValueError):
    """A time course and a way into the cell that no kind of synapse has together."""


@dataclass(frozen=True)
class Entry:
    """A synapse as a circuit has it.

    Attributes
    ----------
    kind : class
        A subclass of `Synapse`.
    values_ : dict of str to float
        Its parameters in SI, for an event of size 1.
    words : dict of str to str
        Those that are no numbers.
    """

    kind: Any
    values_: dict
    words: dict = field(default_factory=dict)

    @property
    def size_(self):
        return self.values_[self.kind.size]

    def scaled(self, factor):
        """The synapse whose events are so many times as large."""
        size = rounded(factor * self.size_)
        return Entry(self.kind, {**self.values_, self.kind.size: size}, self.words)

    def arguments(self, model):
        """Keywords of a projection or drive onto cells of a model."""
        from ..basics.units import with_units

        dims = {each.name: each.dimension(model) for each in self.kind.numbers()}
        values = {name: with_units(value, dims[name]) for name, value in self.values_.items()}
        return {"kind": self.kind.kind, **values, **self.words}


class Course(ABC):
    """Of an event of size 1."""

    @abstractmethod
    def conductance(self, scale, E_):
        """The `Entry` where scale*s (E - v) is a current."""

    @abstractmethod
    def current(self, scale):
        """The `Entry` where scale*s is a current."""

    @abstractmethod
    def gated(self, scale, E_, factor):
        """The `Entry` where scale*s B(v) (E - v) is a current."""

    def reading(self):
        """Its time constants, for tables."""
        return ", ".join(f"{name} {1e3 * value:.6g} ms" for name, value in self.times_.items())

    @property
    @abstractmethod
    def times_(self):
        """{parameter: s}."""


@dataclass(frozen=True)
class Decay(Course):
    """size exp(-t/tau)."""

    size: float
    tau_: float

    @property
    def times_(self):
        return {"tau": self.tau_}

    def conductance(self, scale, E_):
        return Entry(ExponentialConductance, {"G": scale * self.size, **self.times_, "E": E_})

    def current(self, scale):
        return Entry(ExponentialCurrent, {"w": scale * self.size, **self.times_})

    def gated(self, scale, E_, factor):
        raise NoKind(
            "a conductance with a factor of the voltage that jumps at once; give it a rise, such as"
            " ds/dt = (x - s)/tau with dx/dt = -x/tau_rise and x += w"
        )


@dataclass(frozen=True)
class RiseDecay(Course):
    """A difference of exponentials whose peak is `size`."""

    size: float
    tau_rise_: float
    tau_: float

    @property
    def times_(self):
        return {"tau_rise": self.tau_rise_, "tau": self.tau_}

    def conductance(self, scale, E_):
        return Entry(RiseAndDecay, {"G": scale * self.size, **self.times_, "E": E_}, {"norm": "peak"})

    def current(self, scale):
        return Entry(CurrentRiseAndDecay, {"w": scale * self.size, **self.times_}, {"norm": "peak"})

    def gated(self, scale, E_, factor):
        words = {"norm": "peak", "B": factor}
        return Entry(Nmda, {"G": scale * self.size, **self.times_, "E": E_}, words)


@dataclass(frozen=True)
class AlphaFunction(Course):
    """size (t/tau) exp(1 - t/tau)."""

    size: float
    tau_: float

    @property
    def times_(self):
        return {"tau": self.tau_}

    def conductance(self, scale, E_):
        return Entry(Alpha, {"G": scale * self.size, **self.times_, "E": E_})

    def current(self, scale):
        return Entry(CurrentAlpha, {"w": scale * self.size, **self.times_})

    def gated(self, scale, E_, factor):
        raise NoKind(
            "an alpha function with a factor of the voltage; rise and decay must differ, by a percent at"
            " least"
        )


def jump_of(size_):
    """The `Entry` of a membrane that jumps."""
    return Entry(Jump, {"J": size_})


def courses_of(matrix, event, readout):
    """The time courses that add up to readout . exp(matrix t) . event.

    Parameters
    ----------
    matrix : ndarray, shape (state, state)
        Of the linear equations, 1/s.
    event, readout : ndarray, shape (state,)

    Raises
    ------
    NoCourse
        If it is none of those, with the reason.
    """
    matrix, event, readout = _that_count(np.asarray(matrix, float), np.asarray(event), np.asarray(readout))
    if len(matrix) == 0:
        return []
    if len(matrix) > 2:
        raise NoCourse(f"{len(matrix)} coupled equations; a rise and a decay are two")
    if np.any(np.linalg.eigvals(matrix).real >= 0):
        raise NoCourse("it does not decay")
    start = readout @ event
    if len(matrix) == 1:
        return [Decay(rounded(start), rounded(-1 / matrix[0, 0]))]
    return _of_two(matrix, start, readout @ matrix @ event)


def _that_count(matrix, event, readout):
    """The same without states that the event does not reach, or that nobody sees."""
    forward, backward = event != 0, readout != 0
    links = matrix != 0
    for _ in range(len(matrix)):
        forward = forward | (links @ forward)
        backward = backward | (links.T @ backward)
    kept = forward & backward
    return matrix[np.ix_(kept, kept)], event[kept], readout[kept]


def _of_two(matrix, start, slope):
    rates = np.linalg.eigvals(matrix)
    trace, det = np.trace(matrix), np.linalg.det(matrix)
    # Where both are the same the square root of rounding errors is left
    apart = trace**2 / 4 - det
    if abs(apart) < _SAME * trace**2:
        rate = trace / 2
        tau_, grown = -1 / rate, slope - rate * start
        found = [Decay(rounded(start), rounded(tau_))] if abs(start) > _SAME * abs(grown * tau_) else []
        return [*found, AlphaFunction(rounded(grown * tau_ / np.e), rounded(tau_))]
    if np.iscomplexobj(rates) and np.any(rates.imag):
        raise NoCourse("it oscillates")
    rise, fall = sorted(-1 / rates.real)
    one, other = -1 / rise, -1 / fall
    decaying = (slope - one * start) / (other - one)
    rising = start - decaying
    largest = max(abs(decaying), abs(rising))
    if abs(decaying + rising) < _SAME * largest:
        peak = (rise / fall) ** (rise / (fall - rise)) - (rise / fall) ** (fall / (fall - rise))
        return [RiseDecay(rounded(decaying * peak), rounded(rise), rounded(fall))]
    parts = [(decaying, fall), (rising, rise)]
    return [Decay(rounded(size), rounded(tau_)) for size, tau_ in parts if abs(size) > _SAME * largest]
