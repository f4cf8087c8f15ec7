"""A neuron as data: Brian2 equation strings, parameters with units, and the roles that the theory needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..basics.display import pairs_html
from ..basics.errors import InputError, unknown_name
from ..basics.files import named_file, write_text
from ..basics.frozen import FrozenDict
from ..basics.provenance import content_hash
from ..basics.toml_text import toml_text
from .cell_equations import cell_equations
from .integration_methods import method_alone, method_used
from .neuron_checks import check_model
from .neuron_reading import neuron_arguments, one_line_each, read_value, undeclared
from .neuron_text import check_text, read_refractory
from .neuron_text_forms import neuron_pairs, neuron_text, neuron_to_dict
from .neuron_values import NeuronValues
from .reset_check import check_refractory, check_reset
from .roles import check_named, read_role

if TYPE_CHECKING:
    from typing import Any

    from ..basics.types import PathLike


__all__ = ["NeuronModel"]


@dataclass(frozen=True, eq=False)
class NeuronModel(NeuronValues):
    """A neuron written as Brian2 equations.

    The arguments have the names of `brian2.NeuronGroup`; the roles say which symbols the reduction acts on.

    Parameters
    ----------
    equations : str
        Brian2 equations. The membrane equation must contain the `input` and the `leak` symbols:
        C dv/dt = g_leak (E_leak - v) + I_active + I_input.
    threshold, reset : str
        As in `brian2.NeuronGroup`.
    refractory : str, Quantity or None
        A time (``"2 ms"``), the name of a parameter, or a condition.
    parameters : dict of str to Quantity or str
        Values of all constants in the equations. ``"normal(-50 mV, 1 mV)"`` gives every cell of a network its
        own, as a list or an array of one value a cell does; networks of another size draw from these.
    method : str, optional
        Integration method of Brian2. By default ``"exact"`` where possible, otherwise ``"rk4"``.
    membrane, input : str
        Roles: names of the membrane potential, and of the current input with the sign that excites.
    leak, leak_reversal : str, Quantity or None
        The leak conductance and its reversal potential: a parameter, an expression of parameters
        (``"1/R_m"``) or a value. They are numbers and nothing else: measurements add a conductance g - g_leak
        with the leak's reversal to the input, and never change a symbol of the equations. None for the leak
        of a cell that has none (quadratic or Izhikevich cells): g then counts from 0, and the reversal is the
        potential that driving forces are taken from.
    capacitance : str, Quantity or None
        Held against one over d(dv/dt)/d(input); None takes that.
    name, title : str
        How the model is called in results.
    cite : sequence of str
        ``"doi:..."`` of the papers the model comes from.
    dt : Quantity or str
        Time step for the cell by itself; circuits have their own.
    initial : dict
        Starting values of state variables; by default the membrane starts at the leak reversal, others at 0.
    departures : dict of str to str
        What differs from the cited paper.

    Raises
    ------
    ModelError
        If a symbol is unknown, a role is missing, or units do not agree.

    Examples
    --------
    >>> from brian2 import ms, mV, nS, pF
    >>> cell = NeuronModel(equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
    ...                    threshold="v > V_th", reset="v = V_r", refractory=2*ms,
    ...                    parameters=dict(C_m=250*pF, g_L=10*nS, E_L=-65*mV, V_th=-50*mV, V_r=-60*mV))
    >>> cell.replace(V_th=-48*mV).parameters["V_th"]
    -48. * mvolt
    """

    equations: str
    threshold: str
    reset: str = ""
    refractory: Any = None
    parameters: Mapping = field(default_factory=dict)
    method: str | None = None
    membrane: str = "v"
    input: str = "I_app"
    leak: Any = "g_L"
    leak_reversal: Any = "E_L"
    capacitance: Any = "C_m"
    name: str = "inline"
    title: str = ""
    cite: tuple = ()
    dt: Any = "0.1 ms"
    initial: Mapping = field(default_factory=dict)
    departures: Mapping = field(default_factory=dict)
    source: str = field(default="", repr=False)  #: file the model was read from

    def __post_init__(self):
        put = lambda name, value: object.__setattr__(self, name, value)
        for key, kind in (
            ("name", str),
            ("title", str),
            ("equations", str),
            ("threshold", str),
            ("reset", str),
            ("membrane", str),
            ("input", str),
            ("parameters", Mapping),
            ("initial", Mapping),
            ("departures", Mapping),
        ):
            if not isinstance(getattr(self, key), kind):
                raise self.error(
                    key, f"got {getattr(self, key)!r}, expected {'text' if kind is str else 'a table'}"
                )
        put("equations", one_line_each(self.equations))
        put(
            "parameters",
            FrozenDict(
                {
                    key: read_value(self, "parameters", key, value, spread=True)
                    for key, value in self.parameters.items()
                }
            ),
        )
        put(
            "initial",
            FrozenDict({key: read_value(self, "initial", key, value) for key, value in self.initial.items()}),
        )
        for key, said in self.departures.items():
            if not isinstance(said, str):
                raise self.error(f"departures.{key}", f"got {said!r}, expected a text")
        put("departures", FrozenDict(dict(self.departures)))
        if not isinstance(self.cite, (str, list, tuple)) or not all(
            isinstance(item, str) for item in self.cite
        ):
            raise self.error(
                "cite", f'got {self.cite!r}, expected a list such as ["doi:10.1162/08997660360675053"]'
            )
        put("cite", (self.cite,) if isinstance(self.cite, str) else tuple(self.cite))
        put("dt", read_value(self, "", "dt", self.dt))
        for role in ("leak", "leak_reversal", "capacitance"):
            put(role, read_role(getattr(self, role)))
        put("refractory", None if self.refractory is False else self.refractory)
        try:
            put("refractory", read_refractory(self.refractory))
        except InputError as error:
            raise self.error("refractory", str(error)) from None
        check_text(self)  # before anything reaches Brian2
        check_named(self)
        kept = undeclared(self)
        if kept != self.equations:
            put("equations", kept)
            del self.__dict__["parsed"]
        check_model(self)
        check_refractory(self)
        check_reset(self)

    def replace(self, **changes) -> NeuronModel:
        """A changed copy.

        Fields of the model by their name, anything else a parameter that exists already.
        """
        fields = {key: changes.pop(key) for key in list(changes) if key in self.__dataclass_fields__}
        return dataclass_replace(self, **fields).with_parameters(changes)

    def with_parameters(self, changes: Mapping[str, Any]) -> NeuronModel:
        """A copy with other values of parameters that exist, or of the constant input."""
        for key in changes:
            if key not in self.parameters and key != self.input:
                raise self.error(f"parameters.{key}", unknown_name("parameter", key, list(self.parameters)))
        return dataclass_replace(self, parameters={**self.parameters, **changes}) if changes else self

    def to_dict(self) -> dict[str, Any]:
        """The content of the TOML file, as plain text values."""
        return neuron_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str = "") -> NeuronModel:
        """Build from the content of a TOML file; unknown keys are errors."""
        return cls(**neuron_arguments(data, source))

    def to_toml(self) -> str:
        """The model as the text of a TOML file that `load_model` reads back to the same values."""
        data = self.to_dict()
        return toml_text(data, tables=[key for key, value in data.items() if isinstance(value, dict)])

    def save(self, path: PathLike) -> None:
        """Write `to_toml` into a file that ends in .toml, for `load_model` and the command line (aside first,
        then renamed).
        """
        write_text(named_file(path, ".toml"), self.to_toml())

    @property
    def _pairs(self):
        """What one wants to know of a cell, for people."""
        return neuron_pairs(self)

    def __repr__(self):
        return neuron_text(self)

    def _repr_html_(self):
        return pairs_html(f"{self.name}: {self.title}" if self.title else self.name, self._pairs)

    @cached_property
    def hash(self) -> str:
        """Short hash of everything that decides the cell's behaviour."""
        data = self.to_dict()
        for key in ("title", "cite", "departures"):
            data.pop(key)
        return content_hash(data)

    def cell_equations(
        self,
        synapses: Any = None,
        per_cell: Any = (),
        shared: Any = (),
        poisson: Any = (),
        counted: Any = False,
        method: Any = None,
        swinging: Any = (),
    ) -> Any:
        """The equations that Brian2 runs, for sweeps and networks alike.

        Parameters
        ----------
        synapses : mapping of str to Synapse or its class, optional
            What to append, by label: state variables such as ``g_syn_<label>``, and parameters such as
            ``tau_syn_<label>``.
        per_cell : sequence of str
            Parameters that every cell has its own value of. The input always is one; `ADDED_LEAK` among them
            adds the conductance of that name, with the leak's reversal.
        shared : sequence of str
            Names among the synapses' values that are one value per group, not one per cell.
        poisson : sequence of str
            The labels that receive Poisson events of rate ``rate_syn_<label>`` (all inputs pooled, Hz).
        counted : bool
            Count the events from the time ``count_from_syn`` on, in ``n_syn_<label>``.
        method : str, optional
            Integration method; by default that of `method_used`.
        swinging : sequence of str
            Those of `poisson` whose rate is ``1 + swing_syn_<label>(t)`` times as high, a function of the
            namespace.

        Returns
        -------
        CellEquations
        """
        return cell_equations(self, synapses, per_cell, shared, poisson, counted, method, swinging)

    def method_used(self, with_synapses: Any) -> Any:
        """The integration method that is tried first: the model's own where it is known to be right, and is
        accurate enough.

        An exact step is taken for one linear variable alone. With several the solution that is generated
        divides by differences of time constants and by eigenvalues: it is lost where two of them are equal,
        where they are complex, and while the membrane is held. Synapses need a second order: with Euler's
        steps the conductance at the start of a step acts for all of it, which at 0.1 ms biases rates by 10-20
        %.
        """
        return method_used(self, with_synapses)

    @cached_property
    def method_alone(self) -> Any:
        """The method for cells without synapses."""
        return method_alone(self)
