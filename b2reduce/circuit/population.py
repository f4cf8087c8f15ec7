"""Cells of one model, and what each of them has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..basics.arguments import described, one_of
from ..basics.errors import CircuitError, unknown_name
from ..basics.frozen import FrozenDict, put
from .load_model import load_model
from .neuron import NeuronModel
from .orientation import FEATURES, LEAST_CELLS, angles_
from .read_values import whole_number
from .spread import Listed
from .starts import read_start

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Population"]


@dataclass(frozen=True, eq=False)
class Population:
    """Cells of one model.

    Parameters
    ----------
    model : NeuronModel, str or path
    size : int
        Number of cells.
    parameters : dict
        Parameters to replace; ``"normal(-50 mV, 1 mV)"`` gives each cell its own, as a list or an
        array of one value a cell does; the model's input is a constant current.
    feature : "orientation", optional
        Gives the cells preferred angles, -90 degrees + 180 degrees i/size, over which profiles of projections
        and drives go.
    initial : dict
        What state variables start from in networks, ``{"v": "E_L + rand()*(V_th - E_L)"}``: a value, a list
        of one a cell, ``"normal(mean, sd)"``, ``"uniform(a, b)"``, or a text with ``rand()``, ``randn()``,
        parameters of the cell, ``i`` and ``N`` (number of the cell, and of all) and state variables, as far
        as they are set: from the first to the last entry. By default what the model says, and the membrane
        spread over 5 mV from there up; a membrane that is given is not spread.
    """

    model: NeuronModel
    size: int
    parameters: Mapping = field(default_factory=dict)
    feature: str | None = None
    initial: Mapping = field(default_factory=dict)

    def __post_init__(self):
        if not isinstance(self.parameters, Mapping):
            raise CircuitError(
                f'parameters: got {described(self.parameters)}, expected a table such as {{ V_th = "-50'
                ' mV" }'
            )
        model = load_model(self.model).with_parameters(dict(self.parameters))
        # Lists and arrays of a caller's could change
        own = {
            key: model.parameters[key] if isinstance(model.parameters.get(key), Listed) else value
            for key, value in self.parameters.items()
        }
        put(self, model=model, size=whole_number(self.size, "size"), parameters=FrozenDict(own))
        if self.feature is not None:
            one_of(self.feature, FEATURES, "feature", CircuitError)
            if self.size < LEAST_CELLS:
                raise CircuitError(
                    f"feature: got an axis of {self.size} cell{'s' if self.size > 1 else ''}, expected at"
                    f" least {LEAST_CELLS}; enlarge the population or leave the feature out"
                )
        put(self, initial=self._read_initial())

    def _read_initial(self):
        """{variable: Start}; what texts are worth is known once cells are there (`check_starts`)."""
        if not isinstance(self.initial, Mapping):
            raise CircuitError(
                f'initial: got {described(self.initial)}, expected a table such as {{ v = "-60 mV" }}'
            )
        known = self.model.state_variables
        for name, value in self.initial.items():
            if value is None:
                raise CircuitError(
                    f"initial.{name}: got None, expected a value with its unit, a text such as"
                    ' "-60*mV + 10*mV*rand()", or a list of values, one a cell; leave it out for what the'
                    " model says"
                )
            if name not in known:
                raise CircuitError(
                    f"initial.{name}: {unknown_name('state variable', name, known)}; what synapses start from"
                    " is the start of a projection or drive"
                )
        return FrozenDict(
            {name: read_start(value, f"initial.{name}") for name, value in self.initial.items()}
        )

    def with_parameter(self, name: str, value: Any) -> Population:
        """A changed copy."""
        return replace(self, parameters={**self.parameters, name: value})

    @property
    def angles_(self) -> Any:
        """Preferred angles in radians, shape (cell,); None without a feature."""
        return None if self.feature is None else angles_(self.size)
