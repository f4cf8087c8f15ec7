"""How what a synapse has summed up reaches the membrane, from its coefficient in dv/dt.

The coefficient is a function of the voltage alone: constant for a current, a line for a conductance, and
with a factor of the voltage what NMDA receptors have. Units play no part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .algebra import function_of, names_of, rounded, symbol, written
from .courses import NoKind

__all__ = ["Conductance", "Coupling", "Current", "Gated", "coupling_of"]

_TRIED_ = np.linspace(-0.1, 0.05, 31)  # V
_FAR_ = np.linspace(-0.15, 1.0, 231)  # V
_STRAIGHT = 1e-9  # of second differences over the values
_FLAT = 1e-9  # of the change over all that range


class Coupling(ABC):
    """The coefficient c(v), per second and per unit of what is summed up."""

    @abstractmethod
    def entry(self, course, capacitance_):
        """The `Entry` of a synapse with a time course."""

    @property
    @abstractmethod
    def reading(self):
        """What it is, for tables."""


@dataclass(frozen=True)
class Current(Coupling):
    """c(v) = scale."""

    scale: float

    reading = "a current"

    def entry(self, course, capacitance_):
        return course.current(self.scale * capacitance_)


@dataclass(frozen=True)
class Conductance(Coupling):
    """c(v) = scale (E - v)."""

    scale: float
    E_: float

    @property
    def reading(self):
        return f"a conductance with the reversal {1e3 * self.E_:.6g} mV"

    def entry(self, course, capacitance_):
        return course.conductance(self.scale * capacitance_, self.E_)


@dataclass(frozen=True)
class Gated(Coupling):
    """c(v) = scale B(v) (E - v)."""

    scale: float
    E_: float
    factor: str

    @property
    def reading(self):
        return f"a conductance with the reversal {1e3 * self.E_:.6g} mV and the factor {self.factor}"

    def entry(self, course, capacitance_):
        return course.gated(self.scale * capacitance_, self.E_, self.factor)


def coupling_of(coefficient, membrane):
    """The `Coupling` that a coefficient says.

    Parameters
    ----------
    coefficient : sympy expression
        In SI, of the voltage alone.
    membrane : str

    Raises
    ------
    NoKind
        If it is none, with the reason.
    """
    others = names_of(coefficient) - {membrane}
    if others:
        raise NoKind(
            f"its effect on d{membrane}/dt depends on {', '.join(sorted(others))}, which changes in time or"
            " from cell to cell"
        )
    values = np.array(function_of(coefficient, [membrane])(_TRIED_), dtype=float)
    if not np.isfinite(values).all():
        raise NoKind(f"its effect on d{membrane}/dt has no finite value at all voltages")
    largest = np.abs(values).max()
    if np.ptp(values) <= _FLAT * largest:
        return Current(rounded(values[0]))
    if np.abs(np.diff(values, 2)).max() <= _STRAIGHT * largest:
        slope = (values[-1] - values[0]) / (_TRIED_[-1] - _TRIED_[0])
        return Conductance(rounded(-slope), _reversal(_TRIED_[0] - values[0] / slope))
    return _gated(coefficient, membrane)


def _reversal(E_):
    """Without what rounding leaves of 0 V."""
    return round(rounded(E_), 12) + 0.0


def _gated(coefficient, membrane):
    import sympy

    v = symbol(membrane)
    for form in (sympy.factor_terms(coefficient), sympy.factor(coefficient)):
        number, factors = form.as_coeff_mul()
        lines = [each for each in factors if each.is_polynomial(v) and sympy.degree(each, v) == 1]
        if len(lines) == 1:
            slope = float(sympy.diff(lines[0], v))
            rest = sympy.Mul(*(each for each in factors if each is not lines[0]))
            scale = -float(number) * slope
            E_ = _reversal(float(-lines[0].subs(v, 0)) / slope)
            # The factor is 1 where it is largest: that of magnesium at voltages that no cell reaches
            values = np.array(function_of(rest, [membrane])(_FAR_), dtype=float)
            largest = float(values[np.argmax(np.abs(values))])
            return Gated(rounded(largest * scale), E_, _text(rest / largest, v))
    raise NoKind(
        f"its effect on d{membrane}/dt is no line of {membrane}, and no factor times a driving force (E -"
        f" {membrane})"
    )


def _text(factor, v):
    """The factor as circuits have it, of ``v/mV``."""
    import sympy

    millivolts = sympy.Symbol("v_in_mV", real=True)
    plain = factor.subs(v, millivolts * sympy.Float("0.001"))
    plain = plain.xreplace({each: sympy.Float(rounded(float(each))) for each in plain.atoms(sympy.Float)})
    return written(plain).replace("v_in_mV", "(v/mV)")
