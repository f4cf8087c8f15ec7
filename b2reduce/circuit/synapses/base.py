"""What a kind of synapse is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...basics.errors import CircuitError, unknown_name
from ...basics.frozen import FrozenDict
from ..sizes import read_sizes
from .parameters import Choice, Parameter

__all__ = ["Choice", "Parameter", "Synapse"]


class Synapse(ABC):
    """How spikes act on a cell, with the values of one pathway.

    Nobody asks for the name of a kind: what differs between kinds is said here. A new one is a frozen
    dataclass in a file of its own, whose fields are its `numbers` with an underscore behind their names, in
    SI, floats or arrays over cells; and one line in `register`. What is asked for text (`equations`,
    `current`, `jumps`) is a class method, since it has names of variables and no values; constants of the
    cell are ``<name>_syn_<label>`` for the names in `variables_`.

    Rates are those of the events of one input, or with `inputs` of each of so many.

    Attributes
    ----------
    kind : str
        As files give it.
    meaning, weight, weight_latex : str
        What an event does, for tables; and what weights of rate models are, as text and in LaTeX.
    parameters : tuple of Parameter, Choice and what answers as they do
    size : str
        The parameter that the size of events is linear in.
    quantity : str
        What is recorded of it, in a word.
    brings_leak : bool
        Whether it adds to the leak of a cell.
    tied : tuple of str
        Parameters whose values must go together, as `check_together` sees.
    """

    kind = ""
    meaning = ""
    weight = weight_latex = ""
    parameters: tuple[Any, ...] = ()
    size = ""
    quantity = "conductance"
    brings_leak = True
    tied: tuple[str, ...] = ()

    # Values

    @classmethod
    def read(cls, given, key):
        """{parameter: Quantity} of what a projection or drive was given, None for what it was not."""
        given = {name: value for name, value in given.items() if value is not None}
        known = [parameter.name for parameter in cls.parameters]
        for name in given:
            if name not in known:
                raise CircuitError(f"{key}: {unknown_name(f'parameter of {cls.kind} synapses', name, known)}")
        missing = [p for p in cls.parameters if p.needed and p.name not in given]
        if missing:
            names = " and ".join(repr(p.name) for p in missing)
            said = f"key {names} is" if len(missing) == 1 else f"keys {names} are"
            such = ", ".join(f"{p.name} = {p.example!r}" for p in missing)
            raise CircuitError(f"{key}: the {said} missing, such as {such}")
        texts = {p.name: given.get(p.name, p.default) for p in cls.parameters}
        values = FrozenDict(
            {p.name: cls.read_one(p, texts[p.name], key) for p in cls.parameters if texts[p.name] is not None}
        )
        cls.check_together(values, key)
        return values

    @classmethod
    def read_one(cls, parameter, value, key):
        """One parameter; the size may be `Sizes`, which differ from synapse to synapse."""
        read = lambda value: parameter.read(value, key)
        sizes = read_sizes(value, read, f"{key}, {cls.size}") if parameter.name == cls.size else None
        return read(value) if sizes is None else sizes

    @classmethod
    def check_together(cls, values, key):
        """Raise a `CircuitError` where parameters that are right by themselves do not go together."""
        return None

    @classmethod
    def needed(cls):
        """Names of the parameters that must be given."""
        return tuple(parameter.name for parameter in cls.parameters if parameter.needed)

    @classmethod
    def numbers(cls):
        """The parameters that are numbers."""
        return tuple(parameter for parameter in cls.parameters if isinstance(parameter, Parameter))

    @classmethod
    def of(cls, values):
        """The synapse with these Quantities or SI values, and words; of sizes that differ their mean."""
        return cls(*(float(np.asarray(values[parameter.name])) for parameter in cls.numbers()))

    @classmethod
    def stacked(cls, synapses):
        """One synapse whose values are arrays over those of several."""
        return cls(*(np.array([getattr(each, item.name) for each in synapses]) for item in fields(cls)))

    @cached_property
    def values_(self):
        """{parameter: SI value}."""
        return {parameter.name: getattr(self, f"{parameter.name}_") for parameter in self.numbers()}

    @property
    def variables_(self):
        """{name: SI value} of the constants in its equations."""
        return self.values_

    def mapped(self, function):
        """The synapse with a function of every value."""
        return type(self)(*(function(getattr(self, item.name)) for item in fields(self)))

    @property
    def size_(self):
        """The value that the size of its events is linear in."""
        return self.values_[self.size]

    def scaled(self, factor):
        """The synapse whose events are larger by a factor."""
        return replace(self, **{f"{self.size}_": factor * self.size_})

    def in_events_of(self, other):
        """How many events of a synapse that differs in their size alone one is; 0 if it does nothing."""
        return self.size_ / other.size_ if self.size_ else 0.0

    # What it needs of the voltage of its cells

    @classmethod
    def asks_voltage(cls, values):
        """Whether its means need the voltages of its cells, which these Quantities do not tell."""
        return False

    @classmethod
    def at_voltages(cls, values, v_):
        """The Quantities with what its means need of voltages in V that its cells were seen at."""
        return values

    @property
    def bend_(self):
        """How far its mean current is off a line of the voltage, where the mean voltage of its cells moves by
        its spread, over the current; None of currents that are such lines or have no voltage in them.
        """
        return None

    # In the equations of a cell

    @classmethod
    def units(cls, label, model):
        """{variable: dimension} of the constants in the equations of a cell, those of `variables_`."""
        return {f"{p.name}_syn_{label}": p.dimension(model) for p in cls.numbers()}

    @classmethod
    @abstractmethod
    def equations(cls, label, model):
        """[(variable, right-hand side of its time derivative, dimension)] of its state."""

    @classmethod
    @abstractmethod
    def current(cls, label, model):
        """The term that it adds to the input of the cell; empty where it adds none."""

    @classmethod
    @abstractmethod
    def jumps(cls, label, model, at=""):
        """{variable: what an event adds to it}; `at` stands behind every name, as Brian2 wants ``_post``."""

    @abstractmethod
    def start_(self, label, rate_):
        """{variable: SI value} of its state where events have long come at a rate."""

    def held_(self, label, value_):
        """{variable: SI value} of its state where what is recorded has long had this mean.

        As in chains of filters of gain 1, whose states then all have it.
        """
        return dict.fromkeys(self.start_(label, 0.0), value_)

    @classmethod
    @abstractmethod
    def recorded(cls, label, model):
        """(variable, dimension) that is recorded in networks, or None."""

    @abstractmethod
    def recorded_variance_(self, rate_, dt_):
        """Variance that independent events give to what is recorded, at the end of steps (Campbell)."""

    # On average

    @abstractmethod
    def mean_(self, rate_, inputs=1.0):
        """Mean of what is recorded; of what is not, of what it adds to a variable in a second."""

    @abstractmethod
    def leak_(self, rate_, inputs=1.0):
        """What it adds to the mean leak of a cell."""

    @abstractmethod
    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        """The mean current into a cell that is so many volts above the reversal of its leak.

        At 0 V it is what adds to the input, beside `leak_`; at v_theta and 1 Hz it is the weight.
        """

    @abstractmethod
    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        """Variance of that current for independent events (Campbell).

        Of charge that comes at once, which has none: of the part that the cell's own leak lets pass.
        """

    def density_(self, rate_, model, above_=0.0, inputs=1.0):
        """Spectral density of that current at rest for independent events: rate times charge squared."""
        return inputs * rate_ * self.current_(1.0, model, above_) ** 2

    @property
    @abstractmethod
    def filter(self):
        """The linear filter of gain 1, such as `LowPass`, through which a rate becomes the current."""
