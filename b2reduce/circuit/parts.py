"""What circuits are made of: populations, projections between them, and drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described, one_of
from ..basics.errors import CircuitError
from ..basics.frozen import FrozenDict, put
from .drive_rates import mean_rate_, rate_at, rate_text, read_rate
from .given_wiring import read_wiring
from .load_model import load_model
from .neuron import NeuronModel
from .orientation import FEATURES, LEAST_CELLS, angles_
from .plasticity.register import read_plasticity
from .read_values import NAME, profile_of, read_quantity, text_of, whole_number
from .synapses.register import DEFAULT
from .synaptic_input import SynapticInput

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Drive", "Population", "Projection"]


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

    def with_parameter(self, name: str, value: Any) -> Population:
        """A changed copy."""
        return Population(self.model, self.size, {**self.parameters, name: value}, self.feature)

    @property
    def angles_(self) -> Any:
        """Preferred angles in radians, shape (cell,); None without a feature."""
        return None if self.feature is None else angles_(self.size)


@dataclass(frozen=True, eq=False, init=False)
class Projection(SynapticInput):
    """Synapses from one population to another.

    Parameters
    ----------
    source, target : str
        Populations.
    G, tau, E : Quantity or str
        Of the kind "exponential": the jump of the conductance at a spike, its decay time, and the reversal
        potential. Parameters that other kinds have are given by their names.
    in_degree : int, optional
        Synapses on every target cell, drawn without replacement and without self-connection.
    probability : float, optional
        Instead of `in_degree`: every pair is connected with this probability.
    wiring : mapping or path, optional
        Instead of `in_degree`: arrays `i` (from), `j` (onto) over synapses, and where they differ `weight`,
        which multiplies G, and `delay` in s; or the path of an npz file with these.
    delay : Quantity, str or pair of them
        One value, or uniform between two.
    profile : mapping, optional
        Between populations with a feature: how the number of synapses from a cell depends on the difference
        of preferred angles, ``{"kind": "cosine", "modulation": 0.6}`` for 1 + 0.6 cos 2d, ``{"kind":
        "exponential", "width": 30}`` in degrees, or ``{"kind": "table", "values": [...]}`` from -90 to 90
        degrees. The in-degree stays what it is, and so does G.
    plasticity : mapping, optional
        How spikes change what the next ones release at every synapse by itself: ``{"kind":
        "tsodyks_markram", "U": 0.5, "tau_rec": "500 ms", "tau_facil": "300 ms"}``. Jumps are then multiplied
        by the u x that is released; tau_facil = 0 ms is depression alone. Rate models have its mean release
        for Poisson spikes, and u and x as averaged variables.
    kind : str
        Of the synapses.
    parameters : mapping, optional
        Of the synapses, as an alternative to giving them by their names.
    """

    source: str
    target: str
    kind: str
    parameters: Mapping
    in_degree: int | None
    probability: float | None
    wiring: Any
    delay: tuple
    profile: Any
    plasticity: Any

    NEEDED = ("source", "target")

    def __init__(
        self,
        source,
        target,
        G=None,
        tau=None,
        E=None,
        in_degree=None,
        probability=None,
        delay="0 ms",
        profile=None,
        plasticity=None,
        kind=DEFAULT,
        parameters=None,
        wiring=None,
        **named,
    ):
        for name, end in (("source", source), ("target", target)):
            if not isinstance(end, str):
                raise CircuitError(
                    f"projection, {name}: got {described(end)}, expected the name of a population"
                )
        key = f"projection {source}->{target}"
        put(self, source=source, target=target, profile=profile_of(profile, key))
        put(self, plasticity=read_plasticity(plasticity, key))
        self._put_synapse(kind, key, parameters, dict(G=G, tau=tau, E=E), named)
        ways = {"in_degree": in_degree, "probability": probability, "wiring": wiring}
        said = [name for name, value in ways.items() if value is not None]
        if len(said) != 1:
            got = f"{'both' if len(said) == 2 else 'all'} of {' and '.join(said)}" if said else "none"
            raise CircuitError(f"{key}: got {got}, expected one of wiring, in_degree and probability")
        if wiring is not None:
            wiring = read_wiring(wiring, key)
        elif in_degree is not None:
            in_degree = whole_number(in_degree, f"{key}, in_degree")
        elif (
            isinstance(probability, bool)
            or not isinstance(probability, (int, float, np.number))
            or not 0 < probability <= 1
        ):
            raise CircuitError(
                f"{key}, probability: got {described(probability)}, expected a number above 0 and up to 1"
            )
        times = delay if isinstance(delay, (list, tuple)) else (delay,)
        times = tuple(read_quantity(value, "s", f"{key}, delay") for value in times)
        if len(times) not in (1, 2) or any(value < 0 for value in times) or times[0] > times[-1]:
            raise CircuitError(
                f"{key}, delay: got {described(delay)}, expected one time or [least, greatest], of at"
                " least 0 s"
            )
        put(self, in_degree=in_degree, probability=probability, delay=times, wiring=wiring)
        self._check_said_once(key)

    def _check_said_once(self, key):
        """Refuse what the wiring says already."""
        wiring = self.wiring
        if wiring is None:
            return
        for said, what, other in (
            (self.profile, "profile", "the wiring says who is near"),
            (wiring.delay is not None and float(self.delay[-1]), "delay", "the wiring has delays"),
            (wiring.weight is not None and self.sizes, self.synapse_kind.size, "the wiring has weights"),
        ):
            if said:
                raise CircuitError(f"{key}, {what}: {other}; leave one of them out")

    @property
    def factor(self) -> float:
        return 1.0 if self.wiring is None else self.wiring.mean_weight

    @property
    def second(self) -> float:
        return super().second if self.wiring is None or self.sizes is not None else self.wiring.second

    @property
    def differing(self) -> bool:
        return self.sizes is not None or (self.wiring is not None and self.wiring.relative is not None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in the TOML file."""
        if self.wiring is not None and self.wiring.delay is not None:
            return {key: value for key, value in super().to_dict().items() if key != "delay"}
        return {**super().to_dict(), "delay": [text_of(value) for value in self.delay]}


@dataclass(frozen=True, eq=False, init=False)
class Drive(SynapticInput):
    """Independent Poisson trains on synapses of every cell of a population.

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
    kind, parameters
        As in `Projection`.
    """

    name: str
    target: str | None
    inputs: int
    rate: Any
    kind: str
    parameters: Mapping
    profile: Any

    NEEDED = ("name", "target", "inputs", "rate")

    def __init__(
        self,
        name,
        target=None,
        inputs=1,
        rate="0 Hz",
        G=None,
        tau=None,
        E=None,
        profile=None,
        kind=DEFAULT,
        parameters=None,
        **named,
    ):
        if not isinstance(target, (str, type(None))):
            raise CircuitError(f"drive, target: got {described(target)}, expected the name of a population")
        key = f"drive {name if isinstance(name, str) else ''}" + (f"->{target}" if target else "")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise CircuitError(
                f"{key}: got the name {described(name)}, expected letters, digits and underscores"
            )
        put(self, name=name, target=target, inputs=whole_number(inputs, f"{key}, inputs"))
        self._put_synapse(kind, key, parameters, dict(G=G, tau=tau, E=E), named)
        put(self, rate=read_rate(rate, f"{key}, rate"), profile=profile_of(profile, key, centred=True))
        if self.profile is not None and not self.constant:
            raise CircuitError(
                f"{key}, rate: got a table with a profile, expected one rate; use two drives, one with the"
                " profile and one with the table"
            )

    @property
    def constant(self) -> bool:
        """Whether the rate is one value."""
        return not isinstance(self.rate, tuple)

    @property
    def rate_(self) -> Any:
        """Rate of one train, Hz: the constant, or the time mean of the table."""
        return mean_rate_(self.rate)

    def rate_at_(self, t_: Any) -> Any:
        """Rate of one train at times in s, Hz."""
        return rate_at(self.rate, t_)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in the TOML file."""
        return {**super().to_dict(), "rate": rate_text(self.rate)}
