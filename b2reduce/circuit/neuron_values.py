"""What follows from the texts and values of a neuron: its variables, units, leak and capacitance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..basics.errors import ModelError
from .brian_errors import first_line
from .cell_equations import si_unit_name
from .membrane_slopes import leak_is_alone, slope_of
from .role_checks import check_roles
from .roles import role_value
from .spread import Spread

__all__ = ["NeuronValues"]


class NeuronValues:
    """Properties that `NeuronModel` derives from its fields."""

    name: str
    source: str
    equations: str
    threshold: str
    reset: str
    refractory: Any
    parameters: Mapping
    input: str
    leak: Any
    capacitance: Any

    def error(self: Any, key: str, message: Any) -> ModelError:
        """A `ModelError` that says where the fault is."""
        return ModelError(
            f"neuron {self.name!r}{f' ({self.source})' if self.source else ''}, {key}: {message}"
        )

    @cached_property
    def parsed(self: Any) -> Any:
        import brian2

        try:
            return brian2.Equations(self.equations)
        except Exception as error:
            raise self.error("equations", f"Brian2 cannot read them: {first_line(error)}") from None

    @property
    def state_variables(self: Any) -> Any:
        """Names of the variables with a differential equation."""
        return tuple(sorted(self.parsed.diff_eq_names))

    def dimension_of_variable(self: Any, name: str) -> Any:
        """Dimension of a variable of the equations."""
        return self.parsed[name].dim

    @property
    def constants(self: Any) -> Any:
        """Parameters as single values: the mean of those that vary over cells."""
        return {
            key: value.mean if isinstance(value, Spread) else value for key, value in self.parameters.items()
        }

    @property
    def spreads(self: Any) -> Any:
        """Parameters that vary over cells."""
        return {key: value for key, value in self.parameters.items() if isinstance(value, Spread)}

    @property
    def noisy(self: Any) -> bool:
        """Whether chance is part of the equations: white noise (xi) or random numbers."""
        text = f"{self.equations}\n{self.threshold}\n{self.reset}\n{self.refractory}"
        return self.parsed.is_stochastic or bool(re.search(r"\b(randn?|poisson|binomial)\s*\(", text))

    @cached_property
    def conductance_dim(self: Any) -> Any:
        """Dimension of the leak: siemens, or siemens per area."""
        from brian2 import get_dimensions, second, volt

        if self.leak is not None:
            return get_dimensions(role_value(self, "leak"))
        if self.input in self.parsed:
            return self.parsed[self.input].dim / volt.dim
        if self.input in self.constants:
            return get_dimensions(self.constants[self.input]) / volt.dim
        if self.capacitance is not None:
            return get_dimensions(role_value(self, "capacitance")) / second.dim
        raise self.error(
            "equations",
            f"the unit of the input {self.input!r} follows from nothing; declare it, such as '{self.input} :"
            " amp'",
        )

    @property
    def current_dim(self: Any) -> Any:
        """Dimension of the input: ampere, or ampere per area."""
        from brian2 import volt

        return self.conductance_dim * volt.dim

    @cached_property
    def leak_(self: Any) -> float:
        """The leak conductance in SI: the mean where it varies over cells, 0 for a cell without one."""
        return 0.0 if self.leak is None else float(np.asarray(role_value(self, "leak")))

    @cached_property
    def leak_reversal_(self: Any) -> float:
        """The reversal of the leak in V, which driving forces are taken from."""
        return float(np.asarray(role_value(self, "leak_reversal")))

    @cached_property
    def capacitance_(self: Any) -> float:
        """The capacitance in SI: one over d(dv/dt)/d(input)."""
        return check_roles(self)

    @cached_property
    def slope_(self: Any) -> Any:
        """d(dv/dt)/dv in 1/s where it is a constant of the parameters, else None."""
        return slope_of(self)

    @property
    def conductance_scale_(self: Any) -> Any:
        """A conductance of the cell's own size in SI: its leak, or C over 20 ms where it has none."""
        return self.leak_ or self.capacitance_ / 0.02

    @property
    def leak_parameter(self: Any) -> Any:
        """The parameter that adds the same to the cell as a conductance with the leak's reversal would.

        None where no parameter is a leak alone.
        """
        return self.leak if isinstance(self.leak, str) and leak_is_alone(self) else None

    def si(self: Any, name: str) -> float:
        """A parameter as a plain SI float."""
        return float(np.asarray(self.constants[name]))

    @property
    def constant_input_(self: Any) -> Any:
        """The constant current among the parameters (0 where the input is not given a value), SI."""
        return self.si(self.input) if self.input in self.parameters else 0.0

    @property
    def stochastic(self: Any) -> bool:
        """Whether the equations have white noise (xi)."""
        return self.parsed.is_stochastic

    @property
    def equations_with_input(self: Any) -> Any:
        declared = (
            ""
            if self.input in self.parsed
            else f"\n{self.input} : {si_unit_name(self.current_dim)} (constant)"
        )
        return self.equations + declared

    @property
    def namespace(self: Any) -> Any:
        return {key: value for key, value in self.constants.items() if key != self.input}
