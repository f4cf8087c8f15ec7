"""The values that kinds of synapses have, as circuits give them."""

from __future__ import annotations

from dataclasses import dataclass

from ...basics.arguments import described, one_of
from ...basics.errors import CircuitError, InputError
from ...basics.units import parse_quantity, si_label, with_units
from ..read_values import read_quantity

__all__ = ["G", "NORM", "REVERSAL", "TAU", "TAU_RISE", "W", "Choice", "Parameter"]

#: Units that are per area where the target's cells are: (attribute of the cell, name, what it is held
#: against, example, example per area).
_OF_TARGET = {
    "S": ("conductance_dim", "a conductance", "as the leak of its target", "0.5 nS", "0.05 mS/cm^2"),
    "A": ("current_dim", "a current", "as the input of its target", "20 pA", "0.1 uA/cm^2"),
}


@dataclass(frozen=True)
class Parameter:
    """A value of a kind of synapse as circuits give it.

    Attributes
    ----------
    name : str
        A key of projections and drives.
    unit : str
        In SI; "S" and "A" are per area where the target's cells are.
    example : str
        A value that nothing is wrong with.
    positive, negative : bool
        Whether it must be above 0; whether it may be below.
    needed : bool
        Whether it must be given.
    """

    name: str
    unit: str
    example: str
    positive: bool = False
    negative: bool = False
    needed: bool = True

    #: Where none is given and none is needed: there is no value.
    default = None

    def read(self, value, key):
        """The Quantity that was given; a unit that depends on the target is checked by `check`."""
        unit = None if self.unit in _OF_TARGET else self.unit
        return read_quantity(value, unit, f"{key}, {self.name}", positive=self.positive)

    def dimension(self, model):
        """Its dimension for synapses onto cells of a model."""
        from brian2 import get_dimensions

        if self.unit in _OF_TARGET:
            return getattr(model, _OF_TARGET[self.unit][0])
        return get_dimensions(with_units(1.0, self.unit))

    def check(self, value, model, key):
        """Raise a `CircuitError` unless the value suits cells of a model."""
        if self.unit not in _OF_TARGET:
            return
        dim, (_, what, beside, *_) = self.dimension(model), _OF_TARGET[self.unit]
        if getattr(value, "dim", None) is not dim or (value < 0 and not self.negative):
            least = "" if self.negative else " of at least 0"
            raise CircuitError(
                f"{key}, {self.name}: got {value}, expected {what}{least} in {si_label(dim)}, {beside}"
            )

    def unit_fault(self, value):
        """What is wrong with the unit of a value whose target is not known; empty where nothing is."""
        from brian2 import get_dimensions

        if self.unit not in _OF_TARGET:
            return ""
        try:
            label = si_label(get_dimensions(parse_quantity(value)))
        except InputError:
            return ""  # which reading it says
        if label in (self.unit, f"{self.unit}/m^2"):
            return ""
        _, what, _, example, per_area = _OF_TARGET[self.unit]
        return (
            f'got {described(value)}, expected {what} such as "{example}", or per area such as "{per_area}"'
        )


@dataclass(frozen=True)
class Choice:
    """A word of a kind of synapse, one of some; what a Parameter answers, and no value of the cell.

    Attributes
    ----------
    name : str
        A key of projections and drives.
    words : tuple of str
    """

    name: str
    words: tuple[str, ...]

    needed = True
    default = None

    @property
    def example(self):
        """A word that nothing is wrong with."""
        return self.words[0]

    def read(self, value, key):
        """The word that was given."""
        one_of(value, self.words, f"{key}, {self.name}", CircuitError)
        return value

    def check(self, value, model, key):
        """Words suit all cells."""

    def unit_fault(self, value):
        """Words have no unit."""
        return ""


# What several kinds have

G = Parameter("G", "S", "1 nS")
W = Parameter("w", "A", "20 pA", negative=True)
TAU_RISE = Parameter("tau_rise", "s", "0.5 ms", positive=True)
TAU = Parameter("tau", "s", "1 ms", positive=True)
REVERSAL = Parameter("E", "V", "0 mV", negative=True)
#: What the size of an event is: the peak of its time course, or the height at which an exponential that
#: decays with tau has its area.
NORM = Choice("norm", ("peak", "area"))
