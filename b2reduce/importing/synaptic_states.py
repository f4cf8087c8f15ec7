"""The variables of a cell that events increase: their linear equations, and how they act on the membrane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .algebra import depends_on, function_of, names_of, number_of, symbol, valued
from .couplings import coupling_of

__all__ = ["NotLinear", "SynapticStates", "synaptic_names"]

_SAME = 1e-10  # of coefficients that have one form


class NotLinear(ValueError):
    """Variables that events increase and that are no sums of synapses, with the reason."""


def synaptic_names(equations, increased):
    """Variables that events increase, and those that follow them; never the membrane."""
    found = {name for name in increased if name in equations.states} - {equations.membrane}
    while True:
        more = {
            name
            for name, slope in equations.slopes.items()
            if name != equations.membrane and name not in found and depends_on(slope, found)
        }
        if not more:
            return tuple(name for name in equations.states if name in found)
        found |= more


@dataclass(frozen=True)
class Way:
    """One way from synaptic variables to the membrane.

    Attributes
    ----------
    coupling : Coupling
    readout : ndarray, shape (state,)
        How much of each variable is summed up.
    """

    coupling: object
    readout: np.ndarray


class SynapticStates:
    """Variables z with dz/dt = A z and dv/dt = rest + sum of c_k(v) z_k.

    Parameters
    ----------
    equations : GroupEquations
    names : tuple of str
    values_ : mapping of str to float
        Of the constants, for some cells of the group.

    Raises
    ------
    NotLinear
        If one of the equations is no such equation.
    """

    def __init__(self, equations, names, values_):
        self.equations, self.names, self.values_ = equations, names, values_
        self.matrix = np.array([[self._entry(one, other) for other in names] for one in names]).reshape(
            len(names), len(names)
        )
        #: Variables with something else in their equations, such as noise: these go on without events, and
        #: what
        #: events leave is added to them, since all is linear
        self.kept = self._check_nothing_else()
        self.coefficients = {name: self._coefficient(name) for name in names}
        self._ways = {}

    def _entry(self, one, other):
        import sympy

        slope = sympy.diff(self.equations.slopes[one], symbol(other))
        value = number_of(slope, self.values_)
        if value is None:
            others = sorted(names_of(valued(slope, self.values_)))
            raise NotLinear(
                f"d{one}/dt is not linear in {other} with constant coefficients: they depend on"
                f" {', '.join(others)}"
            )
        return value

    def _check_nothing_else(self):
        zero, kept = {symbol(name): 0 for name in self.names}, set()
        for name in self.names:
            rest = self.equations.slopes[name].xreplace(zero)
            if number_of(rest, self.values_) != 0:
                others = {each for each in names_of(rest) if not each.startswith("xi")} - set(self.values_)
                if others:
                    raise NotLinear(
                        f"d{name}/dt has a part that is not of the synapses, with"
                        f" {', '.join(sorted(others))} in"
                        " it"
                    )
                kept.update(self.moved([name]))
            if "unless refractory" in self.equations.lines[name].flags:
                raise NotLinear(
                    f"{name} stands still while the cell is refractory (unless refractory), as no synapse"
                    " does; take the flag off"
                )
        texts = (self.equations.threshold, self.equations.reset, self.equations.refractory)
        for what, text in zip(("threshold", "reset", "refractory condition"), texts):
            from brian2.utils.stringtools import get_identifiers

            named = get_identifiers(text) & set(self.names) if isinstance(text, str) else ()
            if named:
                raise NotLinear(f"{', '.join(sorted(named))} is in the {what}, and is a synapse")
        return tuple(name for name in self.names if name in kept)

    def _coefficient(self, name):
        """d(dv/dt)/dz as an expression of the voltage and of what changes."""
        import sympy

        found = sympy.diff(self.equations.slopes[self.equations.membrane], symbol(name))
        if depends_on(found, self.names):
            raise NotLinear(f"d{self.equations.membrane}/dt is not linear in {name}")
        return valued(found, self.values_)

    def moved(self, names):
        """Variables that an event on some variables can move, and those that move with them."""
        linked = set(names)
        links = (self.matrix != 0) | (self.matrix.T != 0)
        while True:
            more = {
                other
                for number, other in enumerate(self.names)
                if other not in linked and any(links[number, self.names.index(each)] for each in linked)
            }
            if not more:
                return tuple(each for each in self.names if each in linked)
            linked |= more

    def ways(self, names):
        """Every `Way` of some variables to the membrane, one for all whose coefficients have one form; the
        same ones whenever it is asked.

        Raises
        ------
        NoKind
            If a coefficient is of none of the forms.
        """
        if names not in self._ways:
            self._ways[names] = self._found(names)
        return self._ways[names]

    def _found(self, names):
        found = []
        for name in names:
            coefficient = self.coefficients[name]
            if coefficient == 0:
                continue
            for first, readout in found:
                ratio = self._ratio(coefficient, self.coefficients[first])
                if ratio is not None:
                    readout[self.names.index(name)] = ratio
                    break
            else:
                readout = np.zeros(len(self.names))
                readout[self.names.index(name)] = 1.0
                found.append((name, readout))
        membrane = self.equations.membrane
        return [Way(coupling_of(self.coefficients[first], membrane), readout) for first, readout in found]

    def _ratio(self, one, other):
        """How many times as large one coefficient is, at every voltage; None where it depends on that."""
        membrane = self.equations.membrane
        if (names_of(one) | names_of(other)) - {membrane}:
            return None
        v = np.linspace(-0.0913, 0.0271, 7)
        with np.errstate(all="ignore"):
            ratios = function_of(one, [membrane])(v) / function_of(other, [membrane])(v)
        flat = np.isfinite(ratios).all() and np.ptp(ratios) <= _SAME * np.abs(ratios).max()
        return float(ratios[0]) if flat else None
