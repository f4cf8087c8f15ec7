"""The engine that is taken where the user leaves it to us."""

from __future__ import annotations

from .base import NetworkEngine
from .native import Native, Unavailable, program_of
from .runtime import Runtime

__all__ = ["Automatic"]


class Automatic(NetworkEngine):
    """The native engine wherever it can run a circuit, else Brian2's runtime mode, which then says why."""

    name = "auto"
    title = "native, or else brian2"
    synapse_bytes, cell_bytes = Native.synapse_bytes, Native.cell_bytes

    def activity(self, run, report):
        try:
            program_of(run.circuit, run.dt_)
        except Unavailable as reason:
            return Runtime(because=str(reason)).activity(run, report)
        return Native().activity(run, report)

    def record(self, run, report):
        raise NotImplementedError  # of the engine that it takes
