"""How what a synapse has summed up reaches the cell: as a conductance, or as a current."""

from __future__ import annotations

from .base import Synapse

__all__ = ["AsConductance", "AsCurrent"]


class AsConductance(Synapse):
    """The current g (E - v) of a conductance g of any time course.

    A kind adds `mean_`, and `summed_variance_` of the conductance in continuous time.
    """

    quantity = "conductance"
    letter = "g"

    @classmethod
    def dimension(cls, model):
        """Of what is summed up."""
        return model.conductance_dim

    @classmethod
    def current(cls, label, model):
        return f"g_syn_{label}*(E_syn_{label} - {model.membrane})"

    @classmethod
    def recorded(cls, label, model):
        return f"{cls.letter}_syn_{label}", cls.dimension(model)

    def leak_(self, rate_, inputs=1.0):
        return self.mean_(rate_, inputs)

    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.mean_(rate_, inputs) * (self.E_ - model.leak_reversal_ - above_)

    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.summed_variance_(rate_, inputs) * (self.E_ - model.leak_reversal_ - above_) ** 2


class AsCurrent(Synapse):
    """A current I of any time course, which no leak comes with.

    A kind adds `mean_`, and `summed_variance_` of the current in continuous time.
    """

    quantity = "current"
    brings_leak = False
    letter = "I"

    @classmethod
    def dimension(cls, model):
        """Of what is summed up."""
        return model.current_dim

    @classmethod
    def current(cls, label, model):
        return f"I_syn_{label}"

    @classmethod
    def recorded(cls, label, model):
        return f"{cls.letter}_syn_{label}", cls.dimension(model)

    def leak_(self, rate_, inputs=1.0):
        return 0.0 * rate_

    def current_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.mean_(rate_, inputs)

    def variance_(self, rate_, model, above_=0.0, inputs=1.0):
        return self.summed_variance_(rate_, inputs)
