"""What circuits are made of: populations, projections and drives, and what a population receives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from ..basics.arguments import described, one_of, to_si, whole
from ..basics.errors import CircuitError, InputError, UnitError, unknown_name
from ..basics.frozen import FrozenDict
from ..basics.units import format_quantity, parse_quantity, si_label
from .neuron import NeuronModel, load_model
from .orientation import FEATURES, LEAST_CELLS, Profile, angles_, read_profile

__all__ = ["Population", "Projection", "Drive", "Pathway"]

_EXAMPLES = {"s": "5*ms", "V": "-70*mV", "Hz": "10*Hz"}
LEAST_STEP_ = 1e-9  # s
LONG_TABLE = 100  # entries of the table of a drive
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)  # names become parts of equations


def check_step(dt_, error=InputError):
    """Refuse a time step so short that no run ends, which is a slip of its unit."""
    if dt_ < LEAST_STEP_:
        raise error(f"dt: got {dt_:g} s, expected a time step of at least {LEAST_STEP_:g} s; check its unit")


def put(instance, **values):
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def read_quantity(value, unit, key, positive=False):
    """A Quantity of the right dimension from text or Quantity."""
    from brian2 import Quantity

    if not isinstance(value, (str, Quantity, bool, int, float, np.number)) or np.ndim(value):
        raise CircuitError(
            f"{key}: got {described(value)}, expected one value{f' in {unit}' if unit else ''} with its unit,"
            f" such as {_EXAMPLES.get(unit, '0.5*nS')}"
        )
    try:
        value = parse_quantity(value)
        si = to_si(value, unit, key) if unit else float(np.asarray(value))
    except UnitError as error:
        raise CircuitError(str(error) if str(error).startswith(key) else f"{key}: {error}") from None
    if np.ndim(si) or not np.isfinite(si) or (positive and not si > 0) or (unit in ("Hz",) and si < 0):
        raise CircuitError(
            f"{key}: got {value}, expected one finite"
            f" value{' above 0' if positive else ' of at least 0' if unit == 'Hz' else ''}"
        )
    return value


def profile_of(profile, key, centred=False):
    try:
        return read_profile(profile, key, centred)
    except InputError as error:
        raise CircuitError(str(error)) from None


def whole_number(value, key, least=1):
    return whole(value, key, least, CircuitError)


def text_of(value):
    """A field as plain data, as in the TOML file."""
    from brian2 import Quantity

    if isinstance(value, Profile):
        return value.to_dict()
    return format_quantity(value) if isinstance(value, Quantity) else value


@dataclass(frozen=True, eq=False)
class Population:
    """Cells of one model.

    Parameters
    ----------
    model : NeuronModel, str or path
    size : int
        Number of cells.
    parameters : dict
        Parameters to replace; ``"normal(-50 mV, 1 mV)"`` gives each cell its own; the model's input is a
        constant current.
    feature : "orientation", optional
        Gives the cells preferred angles, -90 degrees + 180 degrees i/size, over which profiles of projections
        and drives go.
    """

    model: NeuronModel
    size: int
    parameters: Mapping = field(default_factory=dict)
    feature: str | None = None

    def __post_init__(self):
        if not isinstance(self.parameters, Mapping):
            raise CircuitError(
                f'parameters: got {described(self.parameters)}, expected a table such as {{ V_th = "-50'
                ' mV" }'
            )
        model = load_model(self.model)
        put(
            self,
            model=model.with_parameters(dict(self.parameters)),
            size=whole_number(self.size, "size"),
            parameters=FrozenDict(dict(self.parameters)),
        )
        if self.feature is not None:
            one_of(self.feature, FEATURES, "feature", CircuitError)
            if self.size < LEAST_CELLS:
                raise CircuitError(
                    f"feature: got an axis of {self.size} cell{'s' if self.size > 1 else ''}, expected at"
                    f" least {LEAST_CELLS}; enlarge the population or leave the feature out"
                )

    def with_parameter(self, name, value):
        """A changed copy."""
        return Population(self.model, self.size, {**self.parameters, name: value}, self.feature)

    @property
    def angles_(self):
        """Preferred angles in radians, shape (cell,); None without a feature."""
        return None if self.feature is None else angles_(self.size)


@dataclass(frozen=True, eq=False)
class Projection:
    """Exponential conductance synapses from one population to another.

    Parameters
    ----------
    source, target : str
        Populations.
    in_degree : int, optional
        Synapses on every target cell, drawn without replacement and without self-connection.
    probability : float, optional
        Instead of `in_degree`: every pair is connected with this probability.
    G, tau, E : Quantity or str
        Jump of the conductance at a spike, its decay time, and the reversal potential.
    delay : Quantity, str or pair of them
        One value, or uniform between two.
    profile : mapping, optional
        Between populations with a feature: how the number of synapses from a cell depends on the difference
        of preferred angles, ``{"kind": "cosine", "modulation": 0.6}`` for 1 + 0.6 cos 2d, ``{"kind":
        "exponential", "width": 30}`` in degrees, or ``{"kind": "table", "values": [...]}`` from -90 to 90
        degrees. The in-degree stays what it is, and so does G.
    """

    source: str
    target: str
    G: object
    tau: object
    E: object
    in_degree: int | None = None
    probability: float | None = None
    delay: object = "0 ms"
    profile: object = None

    def __post_init__(self):
        for name in ("source", "target"):
            if not isinstance(getattr(self, name), str):
                raise CircuitError(
                    f"projection, {name}: got {described(getattr(self, name))}, expected the name of a"
                    " population"
                )
        key = f"projection {self.source}->{self.target}"
        put(self, profile=profile_of(self.profile, key))
        put(
            self,
            G=read_quantity(self.G, None, f"{key}, G"),
            tau=read_quantity(self.tau, "s", f"{key}, tau", positive=True),
            E=read_quantity(self.E, "V", f"{key}, E"),
        )
        if (self.in_degree is None) == (self.probability is None):
            raise CircuitError(
                f"{key}: got {'both' if self.in_degree is not None else 'neither'} of in_degree and"
                " probability, expected one of them"
            )
        if self.in_degree is not None:
            put(self, in_degree=whole_number(self.in_degree, f"{key}, in_degree"))
        elif (
            isinstance(self.probability, bool)
            or not isinstance(self.probability, (int, float, np.number))
            or not 0 < self.probability <= 1
        ):
            raise CircuitError(
                f"{key}, probability: got {described(self.probability)}, expected a number above 0 and up"
                " to 1"
            )
        delay = self.delay if isinstance(self.delay, (list, tuple)) else (self.delay,)
        delay = tuple(read_quantity(value, "s", f"{key}, delay") for value in delay)
        if len(delay) not in (1, 2) or any(value < 0 for value in delay) or delay[0] > delay[-1]:
            raise CircuitError(
                f"{key}, delay: got {described(self.delay)}, expected one time or [least, greatest], of at"
                " least 0 s"
            )
        put(self, delay=delay)


@dataclass(frozen=True, eq=False)
class Drive:
    """Independent Poisson trains on an exponential conductance of every cell of a population.

    Parameters
    ----------
    name : str
        Drives of several targets may share a name: they are then changed together.
    target : str, optional
        A population; none where a drive serves as noise of `measure_fi`.
    inputs : int
        Number of trains on each cell.
    rate : Quantity, str, (times, values) or brian2.TimedArray
        Of one train. A table holds each value until the next time; before its first time the first value
        holds.
    G, tau, E : Quantity or str
        As in `Projection`.
    profile : mapping, optional
        Onto a population with a feature: the rate on a cell over its preferred angle, as in `Projection`,
        with ``at`` for the angle in degrees that is driven most; the mean stays the rate, which must be
        constant.
    """

    name: str
    target: str | None = None
    inputs: int = 1
    rate: object = "0 Hz"
    G: object = None
    tau: object = None
    E: object = None
    profile: object = None

    def __post_init__(self):
        if not isinstance(self.target, (str, type(None))):
            raise CircuitError(
                f"drive, target: got {described(self.target)}, expected the name of a population"
            )
        key = f"drive {self.name if isinstance(self.name, str) else ''}" + (
            f"->{self.target}" if self.target else ""
        )
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise CircuitError(
                f"{key}: got the name {described(self.name)}, expected letters, digits and underscores"
            )
        for name in ("G", "tau", "E"):
            if getattr(self, name) is None:
                raise CircuitError(f"{key}: the key {name!r} is missing")
        put(
            self,
            inputs=whole_number(self.inputs, f"{key}, inputs"),
            G=read_quantity(self.G, None, f"{key}, G"),
            tau=read_quantity(self.tau, "s", f"{key}, tau", positive=True),
            E=read_quantity(self.E, "V", f"{key}, E"),
            rate=read_rate(self.rate, f"{key}, rate"),
            profile=profile_of(self.profile, key, centred=True),
        )
        if self.profile is not None and not self.constant:
            raise CircuitError(
                f"{key}, rate: got a table with a profile, expected one rate; use two drives, one with the"
                " profile and one with the table"
            )

    @property
    def constant(self):
        """Whether the rate is one value."""
        return not isinstance(self.rate, tuple)

    @property
    def rate_(self):
        """Rate of one train, Hz: the constant, or the time mean of the table.

        The last value of a table counts for as long as the others do on average.
        """
        if self.constant:
            return float(np.asarray(self.rate))
        times, values = (np.asarray(part, dtype=float) for part in self.rate)
        if len(times) == 1:
            return float(values[0])
        steps = np.diff(times)
        return float(np.average(values, weights=[*steps, steps.mean()]))

    def rate_at_(self, t_):
        """Rate of one train at times in s, Hz."""
        return rate_at(self.rate, t_)

    def to_dict(self):
        """Plain data, as in the TOML file."""
        data = {item.name: text_of(getattr(self, item.name)) for item in fields(self)}
        if not self.constant:
            # A long table is for programs to read: its numbers as they are take a hundredth of the time.
            text = (
                (lambda values, unit: [f"{value!r} {unit}" for value in np.asarray(values).tolist()])
                if len(self.rate[0]) > LONG_TABLE
                else (lambda values, unit: [format_quantity(value) for value in values])
            )
            data["rate"] = {"times": text(self.rate[0], "s"), "values": text(self.rate[1], "Hz")}
        return {key: value for key, value in data.items() if value is not None}


def read_rate(rate, key):
    """A rate as a Quantity, or a table as a pair of Quantity arrays."""
    from brian2 import Hz, TimedArray, second

    if isinstance(rate, TimedArray):
        return _table_of(rate, key)
    if isinstance(rate, Mapping):
        for name in rate:
            if name not in ("times", "values"):
                raise CircuitError(f"{key}.{name}: {unknown_name('key', name, ('times', 'values'))}")
        if len(rate) < 2:
            raise CircuitError(f"{key}: got {described(rate)}, expected times and values")
        rate = (rate["times"], rate["values"])
    if not isinstance(rate, (tuple, list)):
        if np.ndim(rate) or not isinstance(rate, (str, bool, int, float, np.number, np.ndarray)):
            raise CircuitError(
                f"{key}: got {described(rate)}, expected one rate, a table (times, values) or a TimedArray:"
                " say when each value begins"
            )
        return read_quantity(rate, "Hz", key)
    if len(rate) != 2:
        raise CircuitError(f"{key}: got {described(rate)}, expected one rate or a table (times, values)")
    try:
        times, values = (
            np.atleast_1d(to_si(part, unit, f"{key}, {name}"))
            for part, unit, name in zip(rate, ("s", "Hz"), ("times", "values"))
        )
    except UnitError as error:
        raise CircuitError(str(error)) from None
    if times.ndim != 1 or values.ndim != 1:
        raise CircuitError(f"{key}: got nested lists, expected one list of times and one of values")
    if times.shape != values.shape or not times.size:
        raise CircuitError(
            f"{key}: got {times.size} times and {values.size} values, expected as many of both, at least one"
        )
    if np.any(np.diff(times) <= 0) or not np.isfinite(times).all():
        raise CircuitError(f"{key}, times: got {times.tolist()} s, expected ascending times")
    if np.any(values < 0) or not np.isfinite(values).all():
        raise CircuitError(f"{key}, values: got {values.tolist()} Hz, expected rates of at least 0 Hz")
    return (times * second, values * Hz)


def _table_of(array, key):
    """The table of a TimedArray, which means the same.

    Each value holds for one dt, the last one from then on.
    """
    from brian2 import Hz, second

    values = np.asarray(array.values, dtype=float)
    if values.ndim != 1:
        raise CircuitError(
            f"{key}: got a TimedArray of shape {values.shape}, expected one value a time, which is the rate"
            " of every train; rates that differ from cell to cell are several drives, or a profile"
        )
    if array.dim is not Hz.dim:
        raise CircuitError(
            f"{key}: got a TimedArray in {si_label(array.dim)}, expected Hz; attach the unit to its values"
        )
    return read_rate((np.arange(values.size) * float(array.dt) * second, values * Hz), key)


def rate_at(rate, t_):
    """A rate or table at times in s, Hz; each value of a table holds until the next time."""
    if not isinstance(rate, tuple):
        return np.full(np.shape(t_), float(np.asarray(rate)))
    times, values = (np.asarray(part, dtype=float) for part in rate)
    # A table's time that lies on a step of the grid belongs to that step, whatever its last bit says.
    return values[np.clip(np.searchsorted(times, np.asarray(t_) + 1e-9, side="right") - 1, 0, None)]


#: Keys without which there is no projection or drive.
NEEDED = {
    Projection: ("source", "target", "G", "tau", "E"),
    Drive: ("name", "target", "inputs", "rate", "G", "tau", "E"),
}


@dataclass(frozen=True)
class Pathway:
    """One set of inputs of a population, projection or drive, SI floats."""

    label: str  #: "E->I", "ext->I"; parallel projections "E->I#2"
    target: str
    source: str
    is_drive: bool
    K: float  #: inputs per target cell (the mean, for a probability)
    G_: float
    tau_: float
    E_: float

    def mean_(self, rate_):
        """Mean conductance at a presynaptic rate: K G tau r (Campbell's theorem)."""
        return self.K * self.G_ * self.tau_ * rate_

    @property
    def symbol(self):
        """The label as an identifier for equations."""
        return self.label.replace("->", "_to_").replace("#", "_")
