"""What names in the texts of a group mean: Brian2's rules, and values in SI."""

from __future__ import annotations

import numpy as np

from ..basics.errors import CircuitError
from ..basics.units import with_units

__all__ = ["Scope"]


class Scope:
    """Names of a group that are none of its variables.

    Parameters
    ----------
    group : Group
        Its own namespace counts, else that of the run.
    namespace : mapping
        Of the run.
    """

    def __init__(self, group, namespace):
        self.group, self._namespace, self._found = group, namespace, {}

    def resolved(self, name):
        """The constant or function of that name."""
        if name not in self._found:
            try:
                found = self.group.resolve_all([name], self._namespace, user_identifiers=())
            except KeyError as error:
                raise CircuitError(
                    f"from_brian2, {self.group.name}: {str(error).strip(chr(34))}; call it where run() would"
                    " stand, or pass namespace= as to run()"
                ) from None
            self._found[name] = found[name]
        return self._found[name]

    def define(self, name, value_, dim):
        """Let a name mean a number from now on."""
        from brian2.core.variables import Constant

        self._found[name] = Constant(name, value_, dimensions=dim)

    def is_function(self, name):
        from brian2.core.functions import Function

        return isinstance(self.resolved(name), Function)

    def quantity(self, name):
        """The value of a constant, with its unit."""
        found = self.resolved(name)
        value = np.asarray(found.get_value(), dtype=float)
        if value.ndim and value.size == 1:
            value = value.reshape(())
        if value.ndim:
            raise CircuitError(
                f"from_brian2, {self.group.name}: {name!r} is an array of {value.size}, expected one value;"
                " declare it in the equations, one a cell"
            )
        dim = found.dim
        return float(value) if dim.is_dimensionless else with_units(float(value), dim)

    def value_(self, name):
        """The same in SI."""
        return float(np.asarray(self.quantity(name)))
