"""Time courses with a rise: two states, of which the first is what events add to."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from ...basics.errors import CircuitError
from .base import Synapse
from .two_poles import TwoPoles

__all__ = ["AlphaFunction", "RisesAndDecays", "TwoStates"]


class TwoStates(Synapse):
    """h' = -h/tau_rise, h += jump at an event; x' = (h - x)/tau, where x is what is summed up.

    An event of jump 1 is tau_rise/(tau - tau_rise) (exp(-t/tau) - exp(-t/tau_rise)) of x, whose area is
    tau_rise, and (t/tau) exp(-t/tau) where both are the same. How x reaches the cell, its `letter` and
    `dimension`, says the class that stands beside this one.

    Attributes
    ----------
    rise : str
        The name of the first time constant.
    """

    rise = "tau_rise"

    @property
    @abstractmethod
    def jump_(self):
        """What an event adds to h."""

    @property
    def _taus_(self):
        return getattr(self, f"{self.rise}_"), self.tau_

    @property
    def variables_(self):
        kept = {name: value for name, value in self.values_.items() if name != self.size}
        return {"jump": self.jump_, **kept}

    @classmethod
    def units(cls, label, model):
        units = super().units(label, model)
        del units[f"{cls.size}_syn_{label}"]
        return {f"jump_syn_{label}": cls.dimension(model), **units}

    @classmethod
    def equations(cls, label, model):
        h, x, dim = f"h_syn_{label}", f"{cls.letter}_syn_{label}", cls.dimension(model)
        return [(h, f"-{h}/{cls.rise}_syn_{label}", dim), (x, f"({h} - {x})/tau_syn_{label}", dim)]

    @classmethod
    def jumps(cls, label, model, at=""):
        return {f"h_syn_{label}{at}": f"jump_syn_{label}{at}"}

    def start_(self, label, rate_):
        return dict.fromkeys((f"h_syn_{label}", f"{self.letter}_syn_{label}"), self.mean_(rate_))

    def mean_(self, rate_, inputs=1.0):
        return inputs * self.jump_ * self._taus_[0] * rate_

    def summed_variance_(self, rate_, inputs=1.0):
        """Variance of what is summed up, in continuous time."""
        rise, fall = self._taus_
        return inputs * rate_ * (self.jump_ * rise) ** 2 / (2 * (rise + fall))

    def recorded_variance_(self, rate_, dt_):
        # The sum over steps n of (a^n - b^n)^2 with a = exp(-dt/tau) and b = exp(-dt/tau_rise), times
        # tau_rise^2/(tau - tau_rise)^2, in a form that holds where both are the same.
        from scipy.special import exprel

        rise, fall = self._taus_
        first = np.exp(-dt_ / rise) * dt_ / fall * exprel(dt_ * (1 / rise - 1 / fall))
        both = dt_ / rise + dt_ / fall
        below = np.expm1(-2 * dt_ / fall) * np.expm1(-both) * np.expm1(-2 * dt_ / rise)
        return rate_ * dt_ * (self.jump_ * first) ** 2 * (1 + np.exp(-both)) / -below

    @property
    def filter(self):
        return TwoPoles(*self._taus_)


class AlphaFunction(TwoStates):
    """(t/tau) exp(1 - t/tau) times the size, its peak."""

    rise = "tau"

    @property
    def jump_(self):
        return np.e * self.size_


class RisesAndDecays(TwoStates):
    """A difference of exponentials, of peak size or of area size times tau, as the parameter `norm` says.

    A kind has as its last field `scale_`, what an event adds to the first state over its size.

    Attributes
    ----------
    alike : str
        The kind in which both time constants are the same, where there is one.
    """

    tied = ("tau_rise", "tau")
    alike = ""

    @classmethod
    def check_together(cls, values, key):
        if not values["tau_rise"] < values["tau"]:
            same = f", or where both are the same use kind = {cls.alike!r}" if cls.alike else ""
            raise CircuitError(
                f"{key}, tau_rise: got {values['tau_rise']}, expected less than tau = {values['tau']};"
                f" exchange them{same}"
            )

    @classmethod
    def of(cls, values):
        numbers = (float(np.asarray(values[each.name])) for each in cls.numbers())
        rise, fall = (float(np.asarray(values[name])) for name in ("tau_rise", "tau"))
        area = values["norm"] == "area"
        return cls(*numbers, fall / rise if area else (fall / rise) ** (fall / (fall - rise)))

    @property
    def jump_(self):
        return self.scale_ * self.size_
