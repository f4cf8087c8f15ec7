"""The rates that a rate model gives for rates that go in, and where they come to rest."""

from __future__ import annotations

from dataclasses import replace as dataclass_replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..basics.errors import InputError
from .drives import read_drives
from .inputs import synapses_of
from .loops.responses import by_number, fitted
from .rest import loop_of, states_of, steady_rates
from .states import of_model, read_rates, state_table, states_of_model
from .transfer_axes import transfer_axes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..basics.types import Drives, Initial

__all__ = ["RateFunctions"]


class RateFunctions:
    """Rates in and out of a rate model, as its `Level` has them, and its operating point."""

    @property
    def operating_rate_(self: Any) -> Mapping[str, float]:
        """{population: rate} of the operating point, Hz."""
        return {name: float(np.asarray(rate)) for name, rate in self.operating_rate.items()}

    @property
    def at_(self: Any) -> Any:
        """{(drive, target): rate in Hz} at which the operating point was found."""
        value = lambda d: self.at[d.name] if d.name in self.at else self.at[f"{d.name}->{d.target}"]
        return {(d.name, d.target): float(np.asarray(value(d))) for d in self.circuit.drives}

    def at_on_(self: Any, circuit: Any) -> Any:
        """{(drive, target): rate in Hz} of a changed circuit.

        Where the operating point was found, unless the change says otherwise.
        """
        old = self.circuit.drives_
        return {key: self.at_[key] if rate == old[key] else rate for key, rate in circuit.drives_.items()}

    @property
    def moved(self: Any) -> Mapping[str, float]:
        """{population: by how much its gain lay above the operating rate}, Hz."""
        return self.kind.moved(self)

    @cached_property
    def functions_(self: Any) -> Any:
        """{population: what gives its rate in Hz}, of what `arguments_` gives; SI floats or arrays.

        What was measured here passes through the operating point, which is known best of all.
        """
        return self.kind.functions(self)

    def axes_(self: Any, population: str | None) -> Any:
        """[Axis] of the arguments of a transfer function."""
        if population not in self._axes:
            self._axes[population] = transfer_axes(self.circuit, population)
        return self._axes[population]

    @cached_property
    def _axes(self: Any) -> dict:
        return {}

    def arguments_(self: Any, population: str | None, rates_: Any, drives_: Any) -> Any:
        """What `functions_` takes at given rates of populations and of (drive, target)."""
        return self.kind.arguments(self, population, rates_, drives_)

    def carried_arguments_(self: Any, population: str | None, carried: Any) -> Any:
        """The same where rates of their own arrive by the pathways, {label: rate in Hz}, floats or arrays."""
        return self.kind.carried_arguments(self, population, carried)

    def response_(self: Any, rates_: Any, drives_: Any) -> Any:
        """{population: rate} in Hz that comes out where rates of populations and of (drive, target) go in.

        Floats or arrays.
        """
        return {
            name: self.functions_[name](*self.arguments_(name, rates_, drives_)) for name in self.populations
        }

    def steady_rates_(self: Any, drives_: Any, start_: Any = None) -> Any:
        """{population: rate} in Hz at rest, from no activity or from given rates.

        NaN where the model runs away.
        """
        return steady_rates(self.populations, lambda rates_: self.response_(rates_, drives_), start_)

    @cached_property
    def answer_filters_(self: Any) -> Any:
        """{population: {synapse: RateFilter or None}}: how cells answer behind each kind of synapse."""
        found = {}
        for name, own in by_number(self.answers).items():
            kinds = synapses_of(self.circuit, name)
            found[name] = {kinds[k][0]: fitted(each, kinds[k][0]) for k, each in own.items()}
        return found

    @cached_property
    def loop_(self: Any) -> Any:
        """{(target, source): d rate/d rate} of the rate model at its operating point, by differences."""
        return loop_of(self)

    @cached_property
    def states_(self: Any) -> Any:
        """[{population: rate}] in Hz at which the rate model comes to rest.

        From beside its operating point and, where that is another, from silence.
        """
        return states_of(self)

    @cached_property
    def known_states_(self: Any) -> Any:
        """[State] at the drives of the operating point, as far as they are known."""
        return states_of_model(self)

    @property
    def states(self: Any) -> Any:
        """DataFrame of the states of the circuit at the drives of the operating point.

        Index "silent", "active" (that of the operating point, where it is not silent), "active 2"...; columns
        the rates in Hz of every population; "stable", whether the rate model goes back there from beside; and
        "outside", the populations for which it lies outside of what was measured.
        `simulate_rates` and `simulate_spikes` start in one of them with ``initial="active"``. They are
        looked for where uncoupled cells have states, at silence, and where the rate model goes to from there;
        `fixed_points` looks for all that the rate model has.
        """
        return state_table(self)

    def drive_rates_(self: Any, drives: Drives | None = None) -> Any:
        """{(drive, target): rate or table} with `drives` replacing the circuit's."""
        rates = {(drive.name, drive.target): drive.rate_over_time for drive in self.circuit.drives}
        for name, rate in read_drives(self.circuit, drives).items():
            uneven = [d for d in self.circuit.drives if d.name == name and d.uneven]
            if isinstance(rate, tuple) and uneven:
                what = "a profile" if uneven[0].profile is not None else "rates that differ from cell to cell"
                raise InputError(f"drives, {name}: got a table for a drive with {what}, expected one rate")
            rates.update({key: rate for key in rates if key[0] == name})
        return rates

    def plastic_(self: Any, population: str) -> Mapping[Any, str]:
        """{short-term plasticity of synapses from a population: its name in equations}."""
        kinds = dict.fromkeys(p.plasticity for p in self.circuit.projections if p.source == population)
        return {kind: f"stp_{number}" for number, kind in enumerate(filter(None, kinds), start=1)}

    @property
    def plastic(self: Any) -> bool:
        """Whether synapses have short-term plasticity, so that rates that arrive bend with those sent."""
        return any(projection.plasticity is not None for projection in self.circuit.projections)

    def start_rates_(self: Any, initial: Initial) -> Any:
        """{population: rate} in Hz to start a run from, 0 where none is given; None where there was no input
        before. A name is that of a state, "silent" or as `states` has it.

        Raises
        ------
        InputError
            If a population is unknown or a rate cannot be.
        """
        return (
            None
            if initial is None
            else read_rates(self.populations, initial, lambda name: of_model(self, name))
        )

    def saying_(self: Any, warnings: Any) -> Any:
        """The same model with these warnings, and with what was computed for it."""
        model = dataclass_replace(self, warnings=list(warnings))
        # None of it depends on warnings
        model.__dict__.update(
            {
                name: self.__dict__[name]
                for name in ("functions_", "loop_", "states_", "known_states_")
                if name in self.__dict__
            }
        )
        return model

    def frozen_on_(self: Any, circuit: Any, **fields) -> Any:
        """The same gains, as they were measured, on a changed circuit; other fields by name."""
        model = dataclass_replace(self, circuit=circuit, **fields)
        if model.level == self.level:
            # Which do not depend on the circuit, and take time to make
            model.__dict__["functions_"] = self.functions_
        return model
