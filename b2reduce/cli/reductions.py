"""The rate model that a command asks for by the options of a circuit."""

from __future__ import annotations

from .arguments import read_pair
from .changes import read_changes, read_circuit

__all__ = ["reduced_circuit"]


def reduced_circuit(circuit, changes, *, level, at, window, **options):
    """The rate model of a circuit by the texts of `CIRCUIT`, the further `options` as `reduce` takes them."""
    from ..reduction.reduce import reduce

    return reduce(
        read_circuit(circuit, changes),
        level=level or "linear",
        at=read_changes(at, "--at"),
        window=read_pair(window, "--window"),
        progress=True,
        **options,
    )
