"""Every premise of the derivation, measured on spiking runs and on the reduction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..basics.arguments import require, runs_of
from ..basics.errors import InputError
from ..circuit.circuit import load_circuit
from ..networks.activity import Activity
from ..reduction.reduced_circuit import ReducedCircuit
from .premises.evidence import Evidence
from .premises.table import premises_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas

    from ..circuit.types import CircuitLike

__all__ = ["check_premises"]


def check_premises(
    circuit: CircuitLike,
    spikes: Activity | Sequence[Activity],
    reduced: ReducedCircuit,
    rates: Activity | None = None,
) -> pandas.DataFrame:
    """Measure the premises under which the rate model was derived.

    Parameters
    ----------
    circuit : Circuit, str or path
    spikes : Activity or sequence of Activity
        Spiking runs of this circuit with recorded conductances; the first quarter of each is left out.
    reduced : ReducedCircuit
    rates : Activity, optional
        The rate run: for how long it was outside of what was measured.

    Returns
    -------
    pandas.DataFrame
        One row an assumption, its worst case over populations and pathways: ``assumption``, ``measured``,
        ``limit``, ``holds``, ``advice`` (which names the worst case).

    Notes
    -----
    What is measured, why it matters, and why the limit is where it is, every premise says itself, in a file
    of ``b2reduce/validation/premises``; ``PREMISES`` of its ``register`` has them by name, in the order of
    the table, and ``help`` of one of them shows what it measures. The two that need further operating points
    of uncoupled cells are in the table of `validate` only.

    Examples
    --------
    >>> from brian2 import second
    >>> from b2reduce import load_circuit, reduce, simulate_spikes
    >>> small = load_circuit("ei_lif").replace({"population.E.size": 400, "population.I.size": 100})
    >>> spikes, reduced = simulate_spikes(small, duration=0.2*second), reduce(small, noise="none")
    >>> table = check_premises(small, spikes, reduced).set_index("assumption")
    >>> bool(table.holds["asynchrony"])  # a quarter of its inputs are shared between any two cells
    False
    """
    circuit = load_circuit(circuit)
    require(reduced, ReducedCircuit, "check_premises, reduced")
    if rates is not None:
        require(rates, Activity, "check_premises, rates")
    runs = runs_of(spikes, Activity, "check_premises, spikes")
    if any(run.spikes_ is None for run in runs):
        raise InputError("spikes: got a run without spikes, expected what simulate_spikes returns")
    for run in runs:
        if set(run.populations) != set(circuit.populations):
            raise InputError(
                f"spikes: got populations {', '.join(run.populations)}, expected those of the circuit:"
                f" {', '.join(circuit.populations)}"
            )
    return premises_table(Evidence(circuit, runs, reduced, rates))
