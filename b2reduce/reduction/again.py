"""A reduction with the settings of one before."""

from __future__ import annotations

from ..basics.units import with_units
from .reduce import reduce

__all__ = ["reduce_again"]


def reduce_again(reduced, circuit, *, drives_=None, progress=None):
    """A reduction of a changed circuit with the settings of a reduction of the circuit before.

    Parameters
    ----------
    reduced : ReducedCircuit
    circuit : Circuit
    drives_ : mapping of (drive, target) to float, optional
        Rates in Hz at which the operating point is looked for; by default the circuit's.
    progress : optional

    Returns
    -------
    ReducedCircuit

    Raises
    ------
    OperatingPointError
        If there is none.
    """
    at = {}
    for name in circuit.drive_names:
        own = {d.target: d.rate_ for d in circuit.drives if d.name == name}
        rates = own if drives_ is None else {target: drives_[name, target] for target in own}
        if rates != own and len(set(rates.values())) == 1:
            at[name] = with_units(next(iter(rates.values())), "Hz")
        elif rates != own:  # `at` has one rate for all targets
            circuit = circuit.replace(
                {f"drive.{name}->{target}.rate": with_units(rate, "Hz") for target, rate in rates.items()}
            )
    return reduce(
        circuit,
        level=reduced.level,
        noise=reduced.noise,
        tau=reduced.dynamics.argument(reduced),
        at=at or None,
        cells=reduced.cells,
        adaptation="measured" if reduced.adaptation else None,
        seed=reduced.provenance.get("seed", 1),
        progress=progress,
    )
