"""Time constants that the user gives."""

from __future__ import annotations

from collections.abc import Mapping

from ...basics.arguments import needed_seconds
from ...basics.errors import InputError, unknown_name
from ...basics.units import with_units
from .population import OnePerPopulation

__all__ = ["Given"]


class Given(OnePerPopulation):
    """One time for all populations, or one for each."""

    name = "given"
    meaning = "time constants that were given"
    named = False

    def read(self, circuit, tau):
        values = tau if isinstance(tau, Mapping) else dict.fromkeys(circuit.populations, tau)
        for name in values:
            if name not in circuit.populations:
                raise InputError(f"tau: {unknown_name('population', name, circuit.populations)}")
        missing = [name for name in circuit.populations if name not in values]
        if missing:
            raise InputError(f"tau: the populations {', '.join(missing)} have no value")
        return {
            name: with_units(needed_seconds(value, f"tau, {name}"), "s") for name, value in values.items()
        }

    def time_constants(self, circuit, given, point, fits, responses):
        return given, {}

    def argument(self, reduced):
        return dict(reduced.tau)
