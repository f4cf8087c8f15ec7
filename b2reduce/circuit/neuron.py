"""A neuron as data: Brian2 equation strings, parameters with units, and the roles that the theory needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..basics.display import amount, pairs_html, quantity_text
from ..basics.errors import InputError, ModelError, UnitError, unknown_name
from ..basics.files import named_file, read_toml, write_text
from ..basics.frozen import FrozenDict
from ..basics.provenance import content_hash
from ..basics.session import probe_group
from ..basics.toml_text import toml_text
from ..basics.units import format_quantity, parse_quantity, si_label
from .library import find_data_file
from .neuron_checks import check_model, first_line
from .neuron_text import check_text, plain_for_sympy, read_refractory
from .reset_check import check_refractory, check_reset
from .roles import check_named, check_roles, leak_is_alone, read_role, role_value, slope_of

__all__ = ["NeuronModel", "CellEquations", "load_model"]

ROLES = ("membrane", "input", "leak", "leak_reversal", "capacitance")
#: Of measurements: a conductance that every cell has besides its own leak, with the leak's reversal, in the
#: input as synapses are.
ADDED_LEAK = "g_added_syn"
#: Keys of a neuron's file, and those without which there is no neuron.
KEYS = (
    "kind",
    "name",
    "title",
    "cite",
    "equations",
    "threshold",
    "reset",
    "refractory",
    "method",
    "dt",
    "roles",
    "parameters",
    "departures",
    "initial",
)
NEEDED = ("equations", "threshold", "parameters")
#: Explicit methods of second order or higher: safe to keep once conductances vary within a step.
SECOND_ORDER = ("rk2", "rk4", "gsl_rk2", "gsl_rk4", "gsl_rkf45", "gsl_rkck", "gsl_rk8pd")
#: Methods for equations with white noise; without it their drift is that of Euler's method.
NOISY = ("heun", "milstein")
_NORMAL = re.compile(r"\s*normal\(\s*([^,]+?)\s*,\s*([^,]+?)\s*\)\s*$")


@dataclass(frozen=True)
class CellEquations:
    """What Brian2 is given: the cell with its synapses, ready for a NeuronGroup."""

    equations: str
    threshold: str
    reset: str
    refractory: object
    method: str
    namespace: dict
    events: str  #: the statement that adds the Poisson events of one step; empty without sources


@dataclass(frozen=True, eq=False)
class NeuronModel:
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
        own.
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
    refractory: object = None
    parameters: Mapping = field(default_factory=dict)
    method: str | None = None
    membrane: str = "v"
    input: str = "I_app"
    leak: object = "g_L"
    leak_reversal: object = "E_L"
    capacitance: object = "C_m"
    name: str = "inline"
    title: str = ""
    cite: tuple = ()
    dt: object = "0.1 ms"
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
        put("equations", _one_line_each(self.equations))
        put(
            "parameters",
            FrozenDict(
                {
                    key: self._value("parameters", key, value, spread=True)
                    for key, value in self.parameters.items()
                }
            ),
        )
        put(
            "initial",
            FrozenDict({key: self._value("initial", key, value) for key, value in self.initial.items()}),
        )
        put("departures", FrozenDict(dict(self.departures)))
        if not isinstance(self.cite, (str, list, tuple)) or not all(
            isinstance(item, str) for item in self.cite
        ):
            raise self.error(
                "cite", f'got {self.cite!r}, expected a list such as ["doi:10.1162/08997660360675053"]'
            )
        put("cite", (self.cite,) if isinstance(self.cite, str) else tuple(self.cite))
        put("dt", self._value("", "dt", self.dt))
        for role in ("leak", "leak_reversal", "capacitance"):
            put(role, read_role(getattr(self, role)))
        put("refractory", None if self.refractory is False else self.refractory)
        try:
            put("refractory", read_refractory(self.refractory))
        except InputError as error:
            raise self.error("refractory", str(error)) from None
        check_text(self)  # before anything reaches Brian2
        check_named(self)
        self._absorb_declarations()
        check_model(self)
        check_refractory(self)
        check_reset(self)

    def _value(self, table, key, value, spread=False):
        where = f"{table}.{key}" if table else key
        try:
            if spread and isinstance(value, str) and (normal := _NORMAL.match(value)):
                value = Normal(parse_quantity(normal[1]), parse_quantity(normal[2]))
            if not (spread and isinstance(value, Normal)):
                value = parse_quantity(value)
        except UnitError as error:
            raise self.error(where, str(error)) from None
        parts = (value.mean, value.sd) if isinstance(value, Normal) else (value,)
        if not all(np.ndim(part) == 0 and np.isfinite(np.asarray(part, dtype=float)) for part in parts):
            raise self.error(where, f"got {value}, expected one finite value")
        if isinstance(value, Normal) and (
            si_label(value.mean) != si_label(value.sd) or np.asarray(value.sd) < 0
        ):
            raise self.error(
                where, f"got {value}, expected a standard deviation of at least 0 in the unit of the mean"
            )
        return value

    def _absorb_declarations(self):
        """Take out of the equations what they declare as a parameter and [parameters] gives a value.

        One place decides.
        """
        from brian2 import get_dimensions

        for name in sorted(self._parsed.parameter_names - {self.input}):
            if name not in self.parameters:
                raise self.error(
                    f"parameters.{name}",
                    f"the equations declare {name!r}, which has no value; add it to [parameters]",
                )
            declared, got = self._parsed[name].dim, get_dimensions(self.constants[name])
            if declared is not got:
                raise self.error(
                    f"parameters.{name}",
                    f"got a value in {si_label(got)}, expected {si_label(declared)} as the equations"
                    " declare it",
                )
        absorbed = self._parsed.parameter_names - {self.input}
        if absorbed:
            lines = [
                line for line in self.equations.splitlines() if line.partition(":")[0].strip() not in absorbed
            ]
            object.__setattr__(self, "equations", "\n".join(lines))
            del self.__dict__["_parsed"]

    def error(self, key, message):
        """A `ModelError` that says where the fault is."""
        return ModelError(
            f"neuron {self.name!r}{f' ({self.source})' if self.source else ''}, {key}: {message}"
        )

    @cached_property
    def _parsed(self):
        import brian2

        try:
            return brian2.Equations(self.equations)
        except Exception as error:
            raise self.error("equations", f"Brian2 cannot read them: {first_line(error)}") from None

    @property
    def state_variables(self):
        """Names of the variables with a differential equation."""
        return tuple(sorted(self._parsed.diff_eq_names))

    def dimension_of_variable(self, name):
        """Dimension of a variable of the equations."""
        return self._parsed[name].dim

    @property
    def constants(self):
        """Parameters as single values: the mean of those that vary over cells."""
        return {
            key: value.mean if isinstance(value, Normal) else value for key, value in self.parameters.items()
        }

    @property
    def spreads(self):
        """Parameters that vary over cells."""
        return {key: value for key, value in self.parameters.items() if isinstance(value, Normal)}

    @property
    def noisy(self):
        """Whether chance is part of the equations: white noise (xi) or random numbers."""
        text = f"{self.equations}\n{self.threshold}\n{self.reset}\n{self.refractory}"
        return self._parsed.is_stochastic or bool(re.search(r"\b(randn?|poisson|binomial)\s*\(", text))

    @cached_property
    def conductance_dim(self):
        """Dimension of the leak: siemens, or siemens per area."""
        from brian2 import get_dimensions, second, volt

        if self.leak is not None:
            return get_dimensions(role_value(self, "leak"))
        if self.input in self._parsed:
            return self._parsed[self.input].dim / volt.dim
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
    def current_dim(self):
        """Dimension of the input: ampere, or ampere per area."""
        from brian2 import volt

        return self.conductance_dim * volt.dim

    @cached_property
    def leak_(self):
        """The leak conductance in SI: the mean where it varies over cells, 0 for a cell without one."""
        return 0.0 if self.leak is None else float(np.asarray(role_value(self, "leak")))

    @cached_property
    def leak_reversal_(self):
        """The reversal of the leak in V, which driving forces are taken from."""
        return float(np.asarray(role_value(self, "leak_reversal")))

    @cached_property
    def capacitance_(self):
        """The capacitance in SI: one over d(dv/dt)/d(input)."""
        return check_roles(self)

    @cached_property
    def slope_(self):
        """d(dv/dt)/dv in 1/s where it is a constant of the parameters, else None."""
        return slope_of(self)

    @property
    def conductance_scale_(self):
        """A conductance of the cell's own size in SI: its leak, or C over 20 ms where it has none."""
        return self.leak_ or self.capacitance_ / 0.02

    @property
    def leak_parameter(self):
        """The parameter that adds the same to the cell as a conductance with the leak's reversal would.

        None where no parameter is a leak alone.
        """
        return self.leak if isinstance(self.leak, str) and leak_is_alone(self) else None

    def si(self, name):
        """A parameter as a plain SI float."""
        return float(np.asarray(self.constants[name]))

    @property
    def constant_input_(self):
        """The constant current among the parameters (0 where the input is not given a value), SI."""
        return self.si(self.input) if self.input in self.parameters else 0.0

    def replace(self, **changes):
        """A changed copy.

        Fields of the model by their name, anything else a parameter that exists already.
        """
        fields = {key: changes.pop(key) for key in list(changes) if key in self.__dataclass_fields__}
        return dataclass_replace(self, **fields).with_parameters(changes)

    def with_parameters(self, changes):
        """A copy with other values of parameters that exist, or of the constant input."""
        for key in changes:
            if key not in self.parameters and key != self.input:
                raise self.error(f"parameters.{key}", unknown_name("parameter", key, list(self.parameters)))
        return dataclass_replace(self, parameters={**self.parameters, **changes}) if changes else self

    def to_dict(self):
        """The content of the TOML file, as plain text values."""
        text = lambda value: (
            value
            if isinstance(value, str)
            else str(value)
            if isinstance(value, Normal)
            else _scalar_text(value)
        )
        data = {
            "kind": "neuron",
            "name": self.name,
            "title": self.title,
            "cite": list(self.cite),
            "equations": self.equations,
            "threshold": self.threshold,
            "reset": self.reset,
        }
        if self.refractory is not None:
            data["refractory"] = text(self.refractory)
        if self.method:
            data["method"] = self.method
        data["dt"] = text(self.dt)
        data["roles"] = {
            role: "none" if getattr(self, role) is None else text(getattr(self, role)) for role in ROLES
        }
        for table in ("parameters", "initial"):
            data[table] = {key: text(value) for key, value in getattr(self, table).items()}
        data["departures"] = dict(self.departures)
        return data

    @classmethod
    def from_dict(cls, data, source=""):
        """Build from the content of a TOML file; unknown keys are errors."""
        data = dict(data)
        name = data.get("name", Path(source).stem or "inline")
        where = f"neuron {name!r}{f' ({source})' if source else ''}"
        kind = data.pop("kind", "neuron")
        if kind != "neuron":
            raise ModelError(f'{where}, kind: got {kind!r}, expected kind = "neuron"')
        for key in data:
            if key not in KEYS:
                raise ModelError(f"{where}, {key}: {unknown_name('key', key, sorted(KEYS))}")
        for key in NEEDED:
            if key not in data:
                raise ModelError(f"{where}: the key {key!r} is missing")
        roles = data.pop("roles", {})
        if not isinstance(roles, Mapping):
            raise ModelError(f"{where}, roles: got {roles!r}, expected a table")
        for key in roles:
            if key not in ROLES:
                raise ModelError(f"{where}, roles.{key}: {unknown_name('role', key, ROLES)}")
        return cls(**{**data, **roles, "name": name, "source": str(source)})

    def to_toml(self):
        """The model as the text of a TOML file that `load_model` reads back to the same values."""
        data = self.to_dict()
        return toml_text(data, tables=[key for key, value in data.items() if isinstance(value, dict)])

    def save(self, path):
        """Write `to_toml` into a file that ends in .toml, for `load_model` and the command line (aside first,
        then renamed).
        """
        write_text(named_file(path, ".toml"), self.to_toml())

    @property
    def _pairs(self):
        """What one wants to know of a cell, for people."""
        roles = {role: getattr(self, role) for role in ROLES}
        text = lambda value: (
            "none"
            if value is None
            else (
                value
                if isinstance(value, str)
                else str(value)
                if isinstance(value, Normal)
                else quantity_text(value)
            )
        )
        return [
            ("equations", self.equations),
            ("threshold", self.threshold),
            ("reset", self.reset.strip() or "none"),
            ("refractory", text(self.refractory)),
            ("parameters", ", ".join(f"{name} = {text(value)}" for name, value in self.parameters.items())),
            ("roles", ", ".join(f"{role} {text(value)}" for role, value in roles.items())),
            ("method", self.method or "chosen by Brian2's rules"),
            ("cite", ", ".join(self.cite) or "none"),
            *((f"departure ({key})", said) for key, said in self.departures.items()),
        ]

    def __repr__(self):
        per = "/m^2" if si_label(self.conductance_dim) == "S/m^2" else ""
        leak = (
            "no leak"
            if self.leak is None
            else f"leak {amount(self.leak_, 'S' + per)} at {amount(self.leak_reversal_, 'V')}"
        )
        return (
            f"NeuronModel({self.name!r}: {', '.join(self.state_variables)}; C"
            f" {amount(self.capacitance_, 'F' + per)}, {leak})"
        )

    def _repr_html_(self):
        return pairs_html(f"{self.name}: {self.title}" if self.title else self.name, self._pairs)

    @cached_property
    def hash(self):
        """Short hash of everything that decides the cell's behaviour."""
        data = self.to_dict()
        for key in ("title", "cite", "departures"):
            data.pop(key)
        return content_hash(data)

    def cell_equations(self, synapses=(), per_cell=(), shared=(), poisson=(), counted=False, method=None):
        """The equations that Brian2 runs, for sweeps and networks alike.

        Parameters
        ----------
        synapses : sequence of str
            Labels of the conductances to append: ``g_syn_<label>`` with ``tau_syn_<label>``,
            ``E_syn_<label>`` and ``G_syn_<label>``.
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

        Returns
        -------
        CellEquations
        """
        lines = self.equations.splitlines()
        current, conductance = si_unit_name(self.current_dim), si_unit_name(self.conductance_dim)
        declared = dict.fromkeys([self.input, *per_cell])
        lines = [line for line in lines if line.partition(":")[0].strip() != self.input]
        reversal = {}
        added = [f"g_syn_{s}*(E_syn_{s} - {self.membrane})" for s in synapses]
        if ADDED_LEAK in per_cell:
            if not isinstance(self.leak_reversal, str):
                reversal["E_added_syn"] = self.leak_reversal
            added.insert(
                0, f"{ADDED_LEAK}*(({'E_added_syn' if reversal else self.leak_reversal}) - {self.membrane})"
            )
        if added:
            total = f"{self.input}_total"
            lines = [_substitute(line, self.input, total) for line in lines]
            lines.append(f"{total} = {' + '.join([self.input, *added])} : {current}")
            lines += [f"dg_syn_{s}/dt = -g_syn_{s}/tau_syn_{s} : {conductance}" for s in synapses]
        units = {self.input: current}
        for s in synapses:
            units.update({f"tau_syn_{s}": "second", f"E_syn_{s}": "volt", f"G_syn_{s}": conductance})
        for s in poisson:
            units[f"rate_syn_{s}"] = "Hz"
        for name in per_cell:
            units.setdefault(name, si_unit_name(self._dimension_of(name)))
        for name, unit in units.items():
            if name in self._parsed and name not in declared:
                raise self.error("equations", f"the name {name!r} is reserved for synapses; rename it")
            flags = "shared, constant" if name in shared else "constant"
            lines.append(f"{name} : {unit} ({flags})")
        if counted and poisson:
            lines += ["count_from_syn : second (shared, constant)", *(f"n_syn_{s} : 1" for s in poisson)]
            event = (
                "k_syn_{0} = poisson(rate_syn_{0}*dt)\ng_syn_{0} += G_syn_{0}*k_syn_{0}\nn_syn_{0} +="
                " k_syn_{0}*int(t >= count_from_syn)"
            )
        else:
            event = "g_syn_{0} += G_syn_{0}*poisson(rate_syn_{0}*dt)"
        events = "\n".join(event.format(s) for s in poisson)
        namespace = {key: value for key, value in self.constants.items() if key not in units} | reversal
        return CellEquations(
            "\n".join(lines),
            self.threshold,
            self.reset,
            False if self.refractory is None else self.refractory,
            method or self.method_used(bool(synapses)),
            namespace,
            events,
        )

    def _dimension_of(self, name):
        from brian2 import get_dimensions

        if name == self.input:
            return self.current_dim
        if name == ADDED_LEAK:
            return self.conductance_dim
        if name not in self.parameters:
            raise self.error(f"parameters.{name}", unknown_name("parameter", name, list(self.parameters)))
        return get_dimensions(self.constants[name])

    def method_used(self, with_synapses):
        """The integration method that is tried first: the model's own where it is known to be right, and is
        accurate enough.

        An exact step is taken for one linear variable alone. With several the solution that is generated
        divides by differences of time constants and by eigenvalues: it is lost where two of them are equal,
        where they are complex, and while the membrane is held. Synapses need a second order: with Euler's
        steps the conductance at the start of a step acts for all of it, which at 0.1 ms biases rates by 10-20
        %.
        """
        if not with_synapses:
            return self._method_alone
        if self.stochastic:
            return self.method if self.method in NOISY else "heun"
        return self.method if self.method in SECOND_ORDER else "rk2"

    @property
    def stochastic(self):
        """Whether the equations have white noise (xi)."""
        return self._parsed.is_stochastic

    @cached_property
    def _method_alone(self):
        if self.stochastic:
            return self.method if self.method not in (None, "exact") else "heun"
        if self.method not in (None, "exact"):
            return self.method
        if len(self._parsed.diff_eq_names) > 1 or not plain_for_sympy(self.state_variables):
            return "rk4"
        from brian2.stateupdaters.base import UnsupportedEquationsException

        group = probe_group(
            self._equations_with_input,
            method="exact",
            namespace=self._namespace,
            threshold=self.threshold,
            reset=self.reset,
            refractory=False if self.refractory is None else self.refractory,
        )
        try:
            group.state_updater.update_abstract_code(run_namespace={})
        except UnsupportedEquationsException:
            return "rk4"
        return "exact"

    @property
    def _equations_with_input(self):
        declared = (
            ""
            if self.input in self._parsed
            else f"\n{self.input} : {si_unit_name(self.current_dim)} (constant)"
        )
        return self.equations + declared

    @property
    def _namespace(self):
        return {key: value for key, value in self.constants.items() if key != self.input}


@dataclass(frozen=True)
class Normal:
    """A parameter drawn for every cell of a network from a normal distribution."""

    mean: object
    sd: object

    def __str__(self):
        return f"normal({_scalar_text(self.mean)}, {_scalar_text(self.sd)})"


def _scalar_text(value):
    from brian2 import Quantity

    return format_quantity(value) if isinstance(value, Quantity) else value


def si_unit_name(dim):
    """A dimension as Brian2 writes it behind the colon of an equation."""
    label = si_label(dim)
    names = {
        "V": "volt",
        "A": "amp",
        "S": "siemens",
        "F": "farad",
        "s": "second",
        "Hz": "Hz",
        "ohm": "ohm",
        "C": "coulomb",
        "A/m^2": "amp/meter**2",
        "S/m^2": "siemens/meter**2",
        "F/m^2": "farad/meter**2",
        "m": "meter",
        "m^2": "meter**2",
    }
    return names.get(label, label if label == "1" else repr(dim))


def _one_line_each(text):
    """Equations with one definition a line, without comments.

    Brian2 lets an expression run on until its colon.
    """
    lines, open_ = [], ""
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        if not open_ and lines and line.startswith("("):  # flags of the definition before
            lines[-1] += f" {line}"
            continue
        open_ = f"{open_} {line}".strip()
        if ":" in line:
            lines.append(open_)
            open_ = ""
    return "\n".join([*lines, open_] if open_ else lines)


def _substitute(line, old, new):
    """Rename a symbol on the right-hand side of one equation line."""
    head, equals, tail = line.partition("=")
    return head + equals + re.sub(rf"\b{re.escape(old)}\b", new, tail) if equals else line


def load_model(name, relative_to=None):
    """Read a neuron from ``models/neurons`` or from a TOML file.

    Parameters
    ----------
    name : str or path
        A name that `list_models` shows, or a path ending in ``.toml``.
    relative_to : path, optional
        Folder that a relative path starts from; the working folder by default.

    Returns
    -------
    NeuronModel

    Raises
    ------
    ModelError
        If the name is unknown (the known ones are listed) or the file is faulty (the file and the key are
        named).

    Examples
    --------
    >>> load_model("lif").parameters["C_m"]
    250. * pfarad
    """
    if isinstance(name, NeuronModel):
        return name
    path = find_data_file(name, "neurons", ModelError, relative_to)
    return NeuronModel.from_dict(read_toml(path, ModelError), source=str(path))
