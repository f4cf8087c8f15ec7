"""Values of the parameters of some cells: one, or a normal distribution over them."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.units import with_units
from ..circuit.spread import Listed, Normal
from .algebra import rounded
from .audit import shown
from .spread_values import estimated, looks_normal

__all__ = ["CellValues"]


class CellValues:
    """What the names in the equations of some cells are worth.

    Parameters
    ----------
    part : Part
    equations : GroupEquations
    scope : Scope
    """

    def __init__(self, part, equations, scope):
        self.part, self.equations, self.scope = part, equations, scope
        self._cells = {name: part.values_(name) for name in equations.parameters if self._numeric(name)}

    def _numeric(self, name):
        return np.asarray(self.part.group.variables[name].get_value()).dtype.kind in "fiub"

    @property
    def varying(self):
        """Parameters that differ from cell to cell."""
        return tuple(name for name, values in self._cells.items() if np.ptp(values.astype(float)) > 0)

    def values_of(self, names):
        """{name: SI value} of those among some names that are constants, the same for all cells."""
        found = {}
        for name in names:
            if name in self._cells:
                if name not in self.varying:
                    found[name] = float(self._cells[name][0])
            elif name == self.unit_name and self.equations.unit_ != 1:
                found[name] = self.equations.unit_
            elif name not in self.equations.lines and not self._is_built_in(name):
                if not self.scope.is_function(name):
                    found[name] = self.scope.value_(name)
        return found

    @property
    def unit_name(self):
        from .group_equations import UNIT

        return UNIT

    def _is_built_in(self, name):
        from ..circuit.neuron_checks import BUILTIN

        return name in BUILTIN or name.startswith("xi_") or name in self.equations.group.variables

    def is_unit(self, name):
        """Whether a name is that of a unit, and of nothing that the user has defined."""
        from brian2.core.namespace import DEFAULT_UNITS

        if name in self.equations.lines or name not in DEFAULT_UNITS:
            return False
        found = self.scope.resolved(name)
        return found.value == float(DEFAULT_UNITS[name]) and found.dim == DEFAULT_UNITS[name].dim

    def dimension(self, name):
        """Of a constant or a variable."""
        from brian2 import volt

        if name in self.equations.lines:
            return self.equations.lines[name].dim
        if name == self.unit_name and self.equations.unit_ != 1:
            return volt.dim
        return self.scope.resolved(name).dim

    def _constant(self, name):
        found = self.values_of([name])
        if name not in found:
            raise InputError(
                f"from_brian2, {self.part.name}: its texts have {name} in them, which has no value that stays"
            )
        return found[name]

    def quantity(self, name, audit):
        """A parameter as a cell has it: a Quantity or number, a `Normal`, or a `Listed` where a test refuses
        that.
        """
        dim = self.dimension(name)
        if name not in self._cells:
            value = self._constant(name)
            return value if dim.is_dimensionless else with_units(value, dim)
        values = self._cells[name].astype(float)
        value = lambda number: number if dim.is_dimensionless else with_units(number, dim)
        if name not in self.varying:
            return value(rounded(float(values[0])))
        spread, why = Listed(value(values)), "each cell keeps its value"
        if looks_normal(values):
            spread = Normal(*(value(estimated(each)) for each in (values.mean(), values.std(ddof=1))))
            why = "a test does not refuse that they are normal; networks draw their own"
        audit.row(self.part.name, f"{name}: {values.size} values", shown(spread), why)
        return spread
