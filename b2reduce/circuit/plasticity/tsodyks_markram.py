"""Short-term plasticity after Tsodyks and Markram, and what it releases on average."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...basics.errors import CircuitError
from ...basics.units import format_quantity, with_units
from ..synapses.parameters import Parameter
from .releases import Releases

__all__ = ["TsodyksMarkram"]

#: Of U: below it the chain of moments has no end, and nothing is released.
LEAST_U = 1e-6
LONGEST_ = 1e5  # s, of both times


@dataclass(frozen=True)
class TsodyksMarkram:
    """Facilitation and depression of every synapse by the spikes that it carries.

    du/dt = -u/tau_facil and dx/dt = (1 - x)/tau_rec between spikes; at a spike first u += U (1 - u), then u x
    is released and x -= u x. The jump of the synapse is multiplied by the u x that is released: the u that
    acts is the one after its step (Tsodyks, Pawelzik and Markram 1998, equations 2.1 to 2.6, doi
    10.1162/089976698300017502). With tau_facil = 0 there is depression alone, and u is U at each spike; with
    tau_rec = 0 facilitation alone, and x is 1.

    Means over Poisson trains are exact; see `Releases`.
    """

    U_: float
    tau_rec_: float
    tau_facil_: float

    kind = "tsodyks_markram"
    parameters = (
        Parameter("U", "1", "0.5", positive=True),
        Parameter("tau_rec", "s", "500 ms"),
        Parameter("tau_facil", "s", "300 ms"),
    )

    @classmethod
    def check_together(cls, values, key):
        """Raise a `CircuitError` where a value is out of its range."""
        if not LEAST_U <= float(values["U"]) <= 1:
            raise CircuitError(
                f"{key}, U: got {values['U']}, expected a share of at least {LEAST_U:g} and up to 1"
            )
        for name, alone in (("tau_facil", "depression"), ("tau_rec", "facilitation")):
            if not 0 <= float(values[name]) <= LONGEST_:
                raise CircuitError(
                    f"{key}, {name}: got {values[name]}, expected a time of at least 0 s and at most"
                    f" {LONGEST_:g} s; 0 s is {alone} alone"
                )

    @classmethod
    def of(cls, values):
        """The plasticity with these Quantities or SI values."""
        return cls(*(float(np.asarray(values[parameter.name])) for parameter in cls.parameters))

    def to_dict(self):
        """Plain data, as in the TOML file."""
        times = {"tau_rec": self.tau_rec_, "tau_facil": self.tau_facil_}
        return {
            "kind": self.kind,
            "U": self.U_,
            **{name: format_quantity(with_units(value, "s")) for name, value in times.items()},
        }

    # In the synapses of a network

    @property
    def variables_(self):
        """{constant: SI value} of its equations."""
        return {"U_stp": self.U_, "tau_rec_stp": self.tau_rec_, "tau_facil_stp": self.tau_facil_}

    def equations(self):
        """Lines of state of a Brian2 ``Synapses``; times are in seconds."""
        lines = []
        if self.tau_rec_ > 0:
            lines.append("dx_stp/dt = (1 - x_stp)/(tau_rec_stp*second) : 1 (event-driven)")
        if self.tau_facil_ > 0:
            lines.append("du_stp/dt = -u_stp/(tau_facil_stp*second) : 1 (event-driven)")
        return lines

    def at_spike(self):
        """Lines that a spike does before its jump, which is multiplied by ``released_stp``."""
        facilitate = ["u_stp += U_stp*(1 - u_stp)"] if self.tau_facil_ > 0 else []
        used = "u_stp" if self.tau_facil_ > 0 else "U_stp"
        if self.tau_rec_ == 0:
            return [*facilitate, f"released_stp = {used}"]
        return [*facilitate, f"released_stp = {used}*x_stp", "x_stp -= released_stp"]

    @property
    def start(self):
        """{variable: value} of synapses that have long been silent; u is 0 there, Brian2's own start."""
        return {"x_stp": 1.0} if self.tau_rec_ > 0 else {}

    def held_(self, rate_):
        """{variable: value} of synapses that spikes have long come to at a rate in Hz, averaged."""
        u, x = self.rest_(rate_)
        known = {"u_stp": self.tau_facil_ > 0, "x_stp": self.tau_rec_ > 0}
        return {key: float(value) for key, value in (("u_stp", u), ("x_stp", x)) if known[key]}

    def passed_(self, u, x, wait_):
        """(u, x) that act at a spike so many s after the last, which left u and x behind."""
        forgets = np.exp(-wait_ / self.tau_facil_) if self.tau_facil_ > 0 else 0.0
        recovers = np.exp(-wait_ / self.tau_rec_) if self.tau_rec_ > 0 else 0.0
        u = u * forgets
        return u + self.U_ * (1 - u), 1 - (1 - x) * recovers

    # On average

    def release_(self, rate_):
        """Mean of what is released at a spike of Poisson trains of these rates, <u x>."""
        return self._over(rate_, lambda found: found.mean)

    def square_(self, rate_):
        """Mean square of what is released at a spike, <(u x)^2>."""
        return self._over(rate_, lambda found: found.square)

    def density_(self, rate_, frequency_):
        """Two-sided spectral density of the train of releases at a frequency in Hz above 0, in 1/s."""
        turned = lambda found: found.square + 2 * found.later_(2j * np.pi * frequency_).real
        return np.asarray(rate_) * self._over(rate_, turned)

    def later_(self, rate_, end_):
        """Laplace transform at a rate `end_` in 1/s of what is released at times after a release, in 1/s:
        the mean of its product with that release, over the mean square.
        """
        return self._over(rate_, lambda found: found.later_(float(end_)) / found.square)

    def rest_(self, rate_):
        """(u before spikes, x) of averaged variables, du/dt = -u/tau_facil + r U (1 - u) and so on."""
        load = self.U_ * np.asarray(rate_) * self.tau_facil_
        u = load / (1 + load)
        after = u + self.U_ * (1 - u)
        return u, 1 / (1 + after * np.asarray(rate_) * self.tau_rec_)

    def _over(self, rate_, value):
        rates = np.asarray(rate_, dtype=float)
        found = np.array([value(_releases(rate, self)) for rate in rates.ravel().tolist()])
        return found.reshape(rates.shape) if rates.ndim else float(found[0])


@lru_cache(maxsize=4096)
def _releases(rate_, plasticity):
    return Releases(rate_, plasticity.U_, plasticity.tau_rec_, plasticity.tau_facil_)
