"""What projections and drives share: synapses of a kind, with the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, ClassVar

from ..basics.arguments import described
from ..basics.errors import CircuitError
from ..basics.frozen import put
from .read_values import text_of
from .sizes import Sizes, mean_of
from .synapses.register import DEFAULT, SYNAPSES, synapse_kind

__all__ = ["SynapticInput"]


class SynapticInput:
    """Synapses on the cells of a population; each value of a parameter is an attribute of its name.

    Attributes
    ----------
    NEEDED : tuple of str
        Keys that a file must have besides the parameters of the synapses.
    """

    NEEDED: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def keys(cls: Any, kind: str = DEFAULT) -> Any:
        """Keys that a table of a file may have, with synapses of a kind."""
        values = [parameter.name for parameter in synapse_kind(kind, "kind").parameters]
        names = (item.name for item in fields(cls))
        return tuple(key for name in names for key in (values if name == "parameters" else [name]))

    @classmethod
    def needed(cls, kind: str = DEFAULT, given: Any = ()) -> Any:
        """Those of `keys` that it must have, where some keys are given."""
        return (*cls.NEEDED, *synapse_kind(kind, "kind").needed())

    def _put_synapse(self, kind, key, *values):
        """Read kind and parameters; of several values of one the last that is not None counts."""
        given = {}
        for table in values:
            if not isinstance(table, (Mapping, type(None))):
                raise CircuitError(
                    f'{key}, parameters: got {described(table)}, expected a table such as {{"tau": "5 ms"}}'
                )
            given.update({name: value for name, value in (table or {}).items() if value is not None})
        own = synapse_kind(kind, f"{key}, kind")
        has = lambda each: {parameter.name for parameter in each.parameters}
        strange = next((name for name in given if name not in has(own)), None)
        fitting = [name for name, other in SYNAPSES.items() if {*given} <= has(other)]
        if strange is not None and fitting:
            raise CircuitError(
                f"{key}: {kind} synapses have no {strange!r}; for {', '.join(given)} give kind ="
                f" {' or '.join(map(repr, fitting))}"
            )
        put(self, kind=kind, parameters=own.read(given, key))

    def __getattr__(self, name):
        values = self.__dict__.get("parameters", {})
        if name in values:
            return values[name]
        raise AttributeError(f"{type(self).__name__} of {self.__dict__.get('kind')} synapses has no {name!r}")

    @property
    def synapse_kind(self: Any) -> Any:
        """The class of its synapses."""
        return synapse_kind(self.kind, "kind")

    @cached_property
    def synapse(self: Any) -> Any:
        """One of its synapses, in SI: the mean one, where their sizes differ."""
        one = self.synapse_kind.of({name: mean_of(value) for name, value in self.parameters.items()})
        return one if self.factor == 1.0 else one.scaled(self.factor)

    @property
    def factor(self: Any) -> float:
        """What multiplies the mean size of its synapses."""
        return 1.0

    @property
    def differing(self: Any) -> bool:
        """Whether the sizes of its synapses differ."""
        return self.sizes is not None

    @property
    def uneven(self: Any) -> bool:
        """Whether it says itself that cells are not all connected or driven alike."""
        return self.profile is not None

    @property
    def sizes(self: Any) -> Any:
        """The `Sizes` of its synapses; None where all are the same."""
        given = self.parameters[self.synapse_kind.size]
        return given if isinstance(given, Sizes) else None

    @property
    def second(self: Any) -> float:
        """Mean square of the sizes of its synapses over their squared mean: by so much noise is more."""
        return 1.0 if self.sizes is None else self.sizes.second

    def to_dict(self: Any) -> dict[str, Any]:
        """Plain data, as in the TOML file."""
        absent = {parameter.name for parameter in self.synapse_kind.parameters} - {*self.parameters}
        data = {key: text_of(getattr(self, key)) for key in self.keys(self.kind) if key not in absent}
        return {key: value for key, value in data.items() if value is not None}
