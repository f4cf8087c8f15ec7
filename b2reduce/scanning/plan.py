"""The points of a scan: what is changed at each, and the circuit that this makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..basics.arguments import described
from ..basics.errors import CircuitError, InputError
from ..circuit.circuit import Circuit
from ..circuit.parameter_names import chosen, numbers_of, resolve
from ..results.scan_values import parsed, plain_value

__all__ = ["Plan", "plan_of"]


@dataclass(frozen=True, eq=False)
class Plan:
    """The points of a scan.

    Attributes
    ----------
    circuit : Circuit
        That is changed.
    points : list of dict
        {name: value} as plain data, which `Circuit.replace` takes as well.
    kinds : list
        A key for each point. Points of one kind differ in numbers of their synapses and constant rates
        alone, which may take any value whatever the others are: what holds for one of them
        holds for all.
    circuits : dict
        The circuit at the first point of each kind.
    """

    circuit: Circuit
    points: list
    kinds: list
    circuits: dict

    def circuit_at(self, number):
        """The circuit at a point."""
        return self.circuit.replace(self.points[number])


@dataclass(frozen=True)
class _Value:
    plain: object
    alone: bool  #: whether it surely can be, whatever else is changed


def plan_of(circuit, grid):
    """The plan of a grid.

    Every value is checked: by itself where no other has a say in it, else in every combination that occurs.

    Raises
    ------
    InputError
        If the grid is none, or a value cannot be.
    """
    if isinstance(grid, Mapping):
        values, axes = _Values(circuit, grid), {}
        for name, axis in grid.items():
            if isinstance(axis, (str, bytes)) or np.ndim(axis) == 0:
                raise InputError(
                    f"grid, {name}: got {described(axis)}, expected a list of values, such as [8, 12]*Hz"
                )
            axes[name] = [values.read(name, value) for value in axis]
        points = [dict(zip(axes, combination)) for combination in product(*axes.values())] if axes else []
    elif isinstance(grid, (list, tuple)) and all(isinstance(point, Mapping) for point in grid):
        values = _Values(circuit, {name for point in grid for name in point})
        points = [{name: values.read(name, value) for name, value in point.items()} for point in grid]
    else:
        raise InputError(
            f"grid: got {described(grid)}, expected a mapping of names to lists of values, or a list of"
            " mappings"
        )
    if not points:
        raise InputError("grid: there is no point in it; give every name at least one value")
    plain = [{name: value.plain for name, value in point.items()} for point in points]
    kinds = [
        tuple((name, "" if value.alone else repr(value.plain)) for name, value in point.items())
        for point in points
    ]
    circuits = {}
    for kind, point in zip(kinds, plain):
        if kind not in circuits:
            circuits[kind] = circuit.replace(point)
    return Plan(circuit, plain, kinds, circuits)


class _Values:
    """Reads values, and knows of each name what a value of it must be."""

    def __init__(self, circuit, names):
        self.circuit, self.known = circuit, {}
        self.profiled = any(str(name).endswith(".profile") for name in names)

    def read(self, name, value):
        value = parsed(value)
        if name not in self.known:
            self.known[name] = self._expected(name)
        dim, least = self.known[name]
        alone = dim is not None and getattr(value, "dim", None) is dim and not np.ndim(value)
        if alone:
            value_ = float(np.asarray(value))
            alone = np.isfinite(value_) and (value_ > 0 if least == "above 0" else value_ >= least)
        return _Value(plain_value(value, f"grid, {name}"), bool(alone))

    def _expected(self, name):
        """(dimension, least) of a value that stands alone.

        (None, None) where none does: that is checked within a circuit.
        """
        try:
            kind, which, attribute = resolve(self.circuit, name, CircuitError)
        except (CircuitError, AttributeError):  # no such name, or no text: `replace` says so
            return None, None
        least = {name: _least(p) for name, p in numbers_of(self.circuit, kind, which).items()}
        # A rate beside a profile or in place of a table makes another network
        if kind == "drive" and not self.profiled:
            least["rate"] = 0.0
        if attribute not in least:
            return None, None
        hits = zip(chosen(self.circuit, kind, which), getattr(self.circuit, f"{kind}s"))
        entries = [entry for hit, entry in hits if hit]
        if any(attribute in entry.synapse_kind.tied for entry in entries):
            return None, None
        if attribute == "rate" and any(
            not entry.constant or entry.uneven or entry.many_rates for entry in entries
        ):
            return None, None
        dims = {getattr(getattr(entry, attribute, None), "dim", None) for entry in entries}
        return (dims.pop(), least[attribute]) if len(dims) == 1 else (None, None)


def _least(parameter):
    """The least value of a Parameter, which by itself is right from there on."""
    return "above 0" if parameter.positive else -np.inf if parameter.negative else 0.0
