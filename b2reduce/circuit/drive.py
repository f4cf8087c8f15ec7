"""Drives: trains of spikes from outside of a circuit, on synapses of the cells of a population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..basics.arguments import described
from ..basics.errors import CircuitError
from ..basics.frozen import put
from ..basics.units import with_units
from .cell_rates import DrawnRates, ListedRates, read_cell_rates
from .drive_rates import lasting_rate_, rate_at, rate_text, read_rate, table_grid_
from .given_trains import MOST_TRAINS, GivenTrains, read_trains
from .read_values import NAME, profile_of, whole_number
from .starts import read_start
from .synapses.register import DEFAULT
from .synaptic_input import SynapticInput

__all__ = ["Drive"]

#: Spikes of a train in a step: where more are expected, trains of one a step at most vary less
MOST_A_STEP = 0.1


@dataclass(frozen=True, eq=False, init=False)
class Drive(SynapticInput):
    """Trains of spikes on synapses of every cell of a population: independent Poisson trains, of each cell
    its own, or trains that cells share, or recorded ones.

    Parameters
    ----------
    name : str
        Drives of several targets may share a name: they are then changed together.
    target : str, optional
        A population; none where a drive serves as noise of `measure_fi`.
    inputs : int
        Number of trains on each cell.
    rate : Quantity, str, (times, values), brian2.TimedArray, or one rate a cell
        Of one train. A table holds each value until the next time; before its first time the first value
        holds. ``"normal(5 Hz, 1 Hz)"``, a list or an array has one rate for each cell, or, where cells share
        trains, for each train.
    G, tau, E : Quantity or str
        As in `Projection`.
    trains : int, optional
        So many trains are shared: each cell sees `inputs` of them, drawn without replacement with the seed.
        Cells then have inputs in common. Drives of one name and equal trains and rates, onto several
        populations, are the very same trains. Without, all trains of all cells are independent.
    spikes : path, mapping, (i, t) or brian2.SpikeMonitor, optional
        Instead of `rate`: recorded trains, of arrays `i`, the train, and `t` in s, and where they last longer
        than to the last spike a `duration` in s; or the path of an npz file with these. With `trains` and
        `inputs` each cell sees some of them; without, train i is the one input of cell i. Two spikes of one
        train in one step are refused, as Brian2 does. After the last spike trains are silent.
    profile : mapping, optional
        Onto a population with a feature: the rate on a cell over its preferred angle, as in `Projection`,
        with ``at`` for the angle in degrees that is driven most; the mean stays the rate, which must be
        constant.
    start, kind, parameters
        As in `Projection`.
    """

    name: str
    target: str | None
    inputs: int
    trains: int | None
    rate: Any
    kind: str
    parameters: Mapping
    profile: Any
    start: Any

    NEEDED = ("name", "target", "inputs", "rate")
    #: What a drive with recorded trains has not.
    RECORDED: ClassVar = ("inputs", "rate")
    plasticity: ClassVar[None] = None

    def __init__(
        self,
        name,
        target=None,
        inputs=1,
        rate=None,
        G=None,
        tau=None,
        E=None,
        profile=None,
        kind=DEFAULT,
        parameters=None,
        start=None,
        trains=None,
        spikes=None,
        **named,
    ):
        if not isinstance(target, (str, type(None))):
            raise CircuitError(f"drive, target: got {described(target)}, expected the name of a population")
        key = f"drive {name if isinstance(name, str) else ''}" + (f"->{target}" if target else "")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise CircuitError(
                f"{key}: got the name {described(name)}, expected letters, digits and underscores"
            )
        trains = None if trains is None else whole_number(trains, f"{key}, trains")
        put(self, name=name, target=target, inputs=whole_number(inputs, f"{key}, inputs"), trains=trains)
        self._put_synapse(kind, key, parameters, dict(G=G, tau=tau, E=E), named)
        put(self, profile=profile_of(profile, key, centred=True), start=read_start(start, f"{key}, start"))
        if spikes is not None:
            if rate is not None:
                raise CircuitError(
                    f"{key}: got both of rate and spikes, expected one; spikes have their rate"
                )
            rate = read_trains(spikes, key)
        put(self, rate=_read("0 Hz" if rate is None else rate, f"{key}, rate"))
        self._check_trains(key)
        self._check_profile(key)

    def _check_trains(self, key):
        """Refuse numbers of trains that cannot be; recorded trains learn how many they are."""
        if self.trains is not None and self.trains > MOST_TRAINS:
            raise CircuitError(
                f"{key}, trains: got {self.trains:.3g}, expected at most {MOST_TRAINS:g}: each is simulated"
            )
        if self.trains is not None and self.trains < self.inputs:
            raise CircuitError(
                f"{key}, trains: got {self.trains} trains, of which each cell should see {self.inputs};"
                " expected at least as many trains as inputs; lower inputs, or leave trains out, and all"
                " trains of all cells are independent"
            )
        if self.trains is not None and isinstance(self.rate, ListedRates):
            self.rate.check_number(self.trains, key, f"{self.trains} trains are shared")
        if self.spikes is None:
            return
        if self.trains is not None:
            self.rate.check_number(self.trains, key, f"there are {self.trains} trains")
            put(self, rate=self.rate.among(self.trains))
        elif self.inputs != 1:
            raise CircuitError(
                f"{key}, inputs: got {self.inputs} inputs from recorded trains, which are one to one onto"
                f" cells; say of how many trains each cell sees {self.inputs}, trains ="
                f" {max(self.rate.number, self.inputs)} here, or leave inputs out"
            )

    def _check_profile(self, key):
        if self.profile is None:
            return
        for wrong, name, what, expected in (
            (
                not self.constant,
                "rate",
                "a table",
                "one rate; use two drives, one with the profile and one with the table",
            ),
            (
                self.spikes is not None,
                "spikes",
                "recorded trains",
                "one of them; recorded trains say how each cell is driven",
            ),
            (
                self.trains is not None,
                "trains",
                "shared trains",
                "one of them; a shared train has one rate for all cells that see it",
            ),
            (
                self.differing_rates is not None,
                "rate",
                "rates that differ",
                "one of them; a profile says which rate each cell has",
            ),
        ):
            if wrong:
                raise CircuitError(f"{key}, {name}: got {what} with a profile, expected {expected}")

    @classmethod
    def keys(cls: Any, kind: str = DEFAULT) -> Any:
        return (*super().keys(kind), "spikes")

    @classmethod
    def needed(cls, kind: str = DEFAULT, given: Any = ()) -> Any:
        wanted = super().needed(kind, given)
        return tuple(key for key in wanted if key not in cls.RECORDED) if "spikes" in given else wanted

    @property
    def constant(self) -> bool:
        """Whether the rate is one value over time."""
        return not isinstance(self.rate, tuple)

    @property
    def spikes(self) -> GivenTrains | None:
        """Recorded trains; None where they are drawn."""
        return self.rate if isinstance(self.rate, GivenTrains) else None

    @property
    def differing_rates(self) -> ListedRates | DrawnRates | None:
        """Rates that differ from cell to cell, or between shared trains; None where all are the same."""
        return self.rate if isinstance(self.rate, (ListedRates, DrawnRates)) else None

    @property
    def by_trains(self) -> bool:
        """Whether its trains are sources of spikes, each with synapses onto the cells that see it."""
        return self.trains is not None or self.spikes is not None

    def same_trains(self, other: Drive) -> bool:
        """Whether it has the very trains of another drive."""
        said = [
            [str(d.to_dict().get(key)) for key in ("name", "trains", "rate", "spikes")] for d in (self, other)
        ]
        return self is other or (self.trains is not None and said[0] == said[1])

    @property
    def uneven(self) -> bool:
        """Whether cells are driven at different rates, which the drive says."""
        return self.profile is not None or (self.differing_rates is not None and not self.by_trains)

    @property
    def overlap(self) -> float:
        """Share of its trains that a cell has in common with another, on average."""
        return 0.0 if self.trains is None else self.inputs / self.trains

    @property
    def rate_(self) -> Any:
        """Rate of one train in the long run, Hz: constant, of a table `lasting_rate_`, the mean of many."""
        if isinstance(self.rate, GivenTrains):
            return self.rate.rate_
        return lasting_rate_(self.rate) if self.differing_rates is None else self.rate.mean_

    @property
    def rate_over_time(self) -> Any:
        """Mean rate of a train as a Quantity, or a table of it."""
        return with_units(self.rate_, "Hz") if self.many_rates else self.rate

    @property
    def many_rates(self) -> bool:
        """Whether `rate` is of many trains or cells, no Quantity or table."""
        return self.spikes is not None or self.differing_rates is not None

    def rate_at_(self, t_: Any) -> Any:
        """Rate of one train at times in s, Hz."""
        return rate_at(self.rate_over_time, t_)

    def grid_(self, dt_: float) -> Any:
        """Times in s of a table of its rate on a grid: two steps beyond its last time."""
        return table_grid_(self.rate, dt_, f"drive {self.name}->{self.target}, rate")

    def onto(self, cells: int) -> Drive:
        """The drive on so many cells: recorded trains that are one to one are as many."""
        if self.spikes is None or self.trains is not None:
            return self
        bound = object.__new__(Drive)
        bound.__dict__.update(self.__dict__, rate=self.rate.among(cells))
        return bound

    def check_cells(self, cells: int, population: str, dt_: float) -> None:
        """Raise a `CircuitError` unless it can drive a population of so many cells with such a step."""
        key = f"drive {self.name}->{self.target}"
        if self.trains is None and self.many_rates:
            self.rate.check_number(cells, key, f"population {population} has {cells} cells")
        self.check_step(dt_)

    def check_step(self, dt_: float) -> None:
        """Raise a `CircuitError` where a train would have several spikes in a step."""
        key = f"drive {self.name}->{self.target}"
        if self.spikes is not None:
            self.rate.steps(dt_, key)
        elif self.by_trains and (fastest_ := self.fastest_) * dt_ > MOST_A_STEP:
            raise CircuitError(
                f"{key}, rate: got up to {fastest_:g} Hz of a shared train, {fastest_ * dt_:.2g} spikes a"
                f" step of {dt_ * 1e3:g} ms, expected at most {MOST_A_STEP:g}, beyond which trains are no"
                " Poisson trains; take more trains and inputs of lower rates, or lower dt"
            )

    @property
    def fastest_(self) -> float:
        """The highest rate of a train, Hz; three standard deviations above the mean where they are drawn."""
        rates = self.differing_rates
        if isinstance(rates, ListedRates):
            return float(max(rates.values))
        if rates is not None:
            return rates.mean_ * (1 + 3 * rates.cv)
        return float(max(self.rate[1])) if isinstance(self.rate, tuple) else self.rate_

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in the TOML file."""
        data = super().to_dict()
        if self.spikes is None:
            many = self.differing_rates
            return {**data, "rate": rate_text(self.rate) if many is None else many.text()}
        absent = ("rate",) if self.trains is not None else ("rate", "inputs")
        return {key: value for key, value in data.items() if key not in absent}


def _read(rate, key):
    """What `Drive.rate` holds: one rate, a table over time, rates that differ, or recorded trains."""
    if isinstance(rate, GivenTrains):
        return rate
    found = read_cell_rates(rate, key)
    return read_rate(rate, key) if found is None else found
