"""Time constants of rate models: of the membrane, of synapses, fitted, or given."""

from __future__ import annotations

from collections.abc import Mapping

from ..basics.arguments import needed_seconds
from ..basics.errors import InputError, UnitError, unknown_name
from ..basics.units import with_units

TAUS = ("membrane", "synaptic", "fitted", "resonant")


def time_constants_of(circuit, tau, g_):
    """(choice, {population or pathway label: tau})."""
    if isinstance(tau, str) and tau == "membrane":
        return tau, {
            name: with_units(population.model.capacitance_ / g_[name], "s")
            for name, population in circuit.populations.items()
        }
    if isinstance(tau, str) and tau == "fitted":
        return tau, {}  # follows from what is measured
    if isinstance(tau, str) and tau in ("synaptic", "resonant"):
        return tau, {label: with_units(value, "s") for label, value in circuit.synaptic_delays_.items()}
    if tau is None:
        raise InputError(
            f"tau: got None, expected one of {', '.join(TAUS)}, a time, or a dict of population to time"
        )
    values = tau if isinstance(tau, Mapping) else {name: tau for name in circuit.populations}
    for name in values:
        if name not in circuit.populations:
            raise InputError(f"tau: {unknown_name('population', name, circuit.populations)}")
    missing = [name for name in circuit.populations if name not in values]
    if missing:
        raise InputError(f"tau: the populations {', '.join(missing)} have no value")
    try:
        return "given", {
            name: with_units(needed_seconds(value, f"tau, {name}"), "s") for name, value in values.items()
        }
    except UnitError as error:
        raise InputError(f"{error}; or one of {', '.join(TAUS)}") from None
