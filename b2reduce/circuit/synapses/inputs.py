"""How what a synapse has summed up reaches the cell: as a conductance, or as a current."""

from __future__ import annotations

from abc import abstractmethod

from .base import Synapse

__all__ = ["AsConductance", "AsCurrent"]


class _Summed(Synapse):
    """A conductance or a current of any time course.

    What stands beside this class adds `mean_`, and `summed_variance_` in continuous time.

    Attributes
    ----------
    letter : str
        Of the variable that events are summed up in.
    """

    letter = ""

    @classmethod
    @abstractmethod
    def dimension(cls, model):
        """Of what is summed up."""

    @abstractmethod
    def force_(self, model, above_):
        """What multiplies it to be a current, in a cell so many volts above the reversal of its leak."""

    @classmethod
    def recorded(cls, label, model):
        return f"{cls.letter}_syn_{label}", cls.dimension(model)

    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.mean_(rate_, inputs) * self.force_(model, above_)

    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.summed_variance_(rate_, inputs) * self.force_(model, above_) ** 2


class AsConductance(_Summed):
    """The current g (E - v) of a conductance g."""

    quantity = "conductance"
    letter = "g"

    @classmethod
    def dimension(cls, model):
        return model.conductance_dim

    @classmethod
    def current(cls, label, model):
        return f"g_syn_{label}*(E_syn_{label} - {model.membrane})"

    def force_(self, model, above_):
        return self.E_ - model.leak_reversal_ - above_

    def leak_(self, rate_, inputs=1.0):
        return self.mean_(rate_, inputs)


class AsCurrent(_Summed):
    """A current I, which no leak comes with."""

    quantity = "current"
    brings_leak = False
    letter = "I"

    @classmethod
    def dimension(cls, model):
        return model.current_dim

    @classmethod
    def current(cls, label, model):
        return f"I_syn_{label}"

    def force_(self, model, above_):
        return 1.0

    def leak_(self, rate_, inputs=1.0):
        return 0.0 * rate_
