"""Conductances with a rise that a factor of the voltage multiplies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from .inputs import AsConductance
from .parameters import NORM, REVERSAL, TAU, TAU_RISE, G, Parameter
from .two_states import RisesAndDecays
from .voltage_factor import VoltageFactor, factor_at_, factor_of

__all__ = ["JAHR_STEVENS", "Line", "Nmda"]

#: The share of channels that magnesium (1 mM) leaves open: Jahr & Stevens 1990, J Neurosci 10:3178.
JAHR_STEVENS = "1/(1 + exp(-0.062*v/mV)/3.57)"
# Of the quadrature over the voltages: an exponential factor over 10 mV to rounding
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_LEAST_SPREAD_ = 1e-5  # V; below it the line is the tangent


class Line(NamedTuple):
    """The line that stands for B(v) (E - v) over a distribution of voltages."""

    mean: object  #: V, of the current over g, which the line passes through at the mean voltage
    leak: object  #: minus its slope: the effective leak over g
    bend: object  #: how far the current leaves it where the mean voltage moves by its spread, over the mean


@dataclass(frozen=True)
class Nmda(RisesAndDecays, AsConductance):
    """g as of `RiseAndDecay`, and the current g B(v) (E - v).

    Of one kind of receptor B is the same text for all cells: a class is made for every text (`of`), since the
    equations are asked of classes.

    On average B(v) (E - v) is a line of v: over the voltages of the cell, normal around v with standard
    deviation v_sd, it has the mean and the slope of regression of B(v) (E - v). What is left beside it has no
    mean and is not correlated with the voltage. Where B rises steeply the slope is upwards, and the effective
    leak negative, as that of such receptors is. As long as v is not given it is E, where nothing is blocked,
    which stands in until the cells have been measured.

    A gate that saturates, such as s' = -s/tau + alpha x (1 - s) of Wang (2002), is not among it: g adds up.
    """

    G_: object
    tau_rise_: object
    tau_: object
    E_: object
    v_: object
    v_sd_: object
    scale_: object  #: what an event adds to the first state, over G: the norm

    kind = "nmda"
    meaning = (
        "conductances that rise with tau_rise and decay with tau after each spike, of peak G or of area G tau"
        " (norm), A is the area over G; current g B(v) (E - v), on average a line of v,"
        " g b (E_line - v), over the voltages of the cell"
    )
    weight = "K G A b (E_line - E_leak - v_theta)"
    weight_latex = r"K\,G\,A\,b\,(E_\mathrm{line} - E_\mathrm{leak} - v_\theta)"
    B = JAHR_STEVENS
    parameters = (
        G,
        TAU_RISE,
        TAU,
        REVERSAL,
        NORM,
        VoltageFactor("B", JAHR_STEVENS),
        Parameter("v", "V", "-55 mV", negative=True, needed=False),
        Parameter("v_sd", "V", "3 mV", positive=True, needed=False),
    )
    size = "G"

    @classmethod
    def of(cls, values):
        given = {"v": values["E"], "v_sd": 0.0, "B": JAHR_STEVENS, **values}
        return super(Nmda, _with_factor(given["B"])).of(given)

    def __reduce__(self):
        return _remade, (self.B, tuple(getattr(self, name) for name in self.__dataclass_fields__))

    @classmethod
    def asks_voltage(cls, values):
        return "v" not in values

    @classmethod
    def at_voltages(cls, values, v_):
        from brian2 import volt

        spread = np.std(v_)
        measured = {"v": np.mean(v_) * volt, **({"v_sd": spread * volt} if spread > 0 else {})}
        return {**values, **measured}

    # In the equations of a cell

    @property
    def variables_(self):
        return {name: value for name, value in super().variables_.items() if name not in ("v", "v_sd")}

    @classmethod
    def units(cls, label, model):
        units = super().units(label, model)
        return {
            name: dim for name, dim in units.items() if name not in (f"v_syn_{label}", f"v_sd_syn_{label}")
        }

    @classmethod
    def current(cls, label, model):
        return f"g_syn_{label}*({factor_of(cls.B, model.membrane)})*(E_syn_{label} - {model.membrane})"

    # On average

    @property
    def line(self):
        """The `Line` over the voltages of its cells."""
        values = (self.E_, self.v_, self.v_sd_)
        alone = all(isinstance(value, float) for value in values)
        return (_line if alone else _line.__wrapped__)(self.B, *values)

    @property
    def bend_(self):
        return self.line.bend

    def force_(self, model, above_):
        return self.line.mean - self.line.leak * (model.leak_reversal_ + above_ - self.v_)

    def leak_(self, rate_, inputs=1.0):
        return self.mean_(rate_, inputs) * self.line.leak


@cache
def _with_factor(text):
    """The class of a factor."""
    return Nmda if text == Nmda.B else type("Nmda", (Nmda,), {"B": text, "__doc__": Nmda.__doc__})


def _remade(text, values):
    return _with_factor(text)(*values)


@lru_cache(maxsize=1024)
def _line(text, E_, v_, v_sd_):
    """The Line of a factor; of arrays one an entry."""
    E_, v_, spread = (np.asarray(value, dtype=float)[..., None] for value in (E_, v_, v_sd_))
    spread = np.maximum(spread, _LEAST_SPREAD_)

    def over(middle):
        """(mean, leak) around a mean voltage.

        The mean of B is taken out first: with a constant B nothing is left to be integrated.
        """
        v = middle + spread * _NODES
        B = factor_at_(text, v).astype(float)
        mean_B = B[..., :1] + np.sum((B - B[..., :1]) * _WEIGHTS, axis=-1, keepdims=True)
        rest = (B - mean_B) * (E_ - v)
        mean = mean_B * (E_ - middle) + np.sum(rest * _WEIGHTS, axis=-1, keepdims=True)
        return mean, mean_B - np.sum(rest * _NODES * _WEIGHTS, axis=-1, keepdims=True) / spread

    mean, leak = over(v_)
    left = [np.abs(over(v_ + step)[0] - (mean - leak * step)) for step in (-spread, spread)]
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.where(mean != 0, np.maximum(*left) / np.abs(mean), 0.0)
    return Line(*(value[..., 0][()] for value in np.broadcast_arrays(mean, leak, bend)))
