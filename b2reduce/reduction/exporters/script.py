"""Scripts that are written from a template of the package."""

from __future__ import annotations

from abc import abstractmethod

from ... import __version__
from ...basics.rendering import rendered
from ...cells.settings import BRIAN_STEP_, check_run
from ..equations import BIN_, rate_assignment
from ..rate_system import rate_system
from .base import Exporter

__all__ = ["Script"]


class Script(Exporter):
    """What runs a rate model without this package.

    Attributes
    ----------
    file : str
        What the script calls itself; of its template the name is ``<name>.<ending of this>.jinja``.
    tables : bool
        Whether it can hold tables of several dimensions.
    delays : {"steps", "chain"}
        How it says that rates arrive late, as of `rate_system`.
    """

    file = "rates.py"
    tables = False
    delays = "chain"

    def problem(self, reduced):
        if self.tables or reduced.kind.shift_law:
            return ""
        tables = any(rate_assignment(reduced, name) for name in reduced.populations)
        return (
            f"has no tables of several dimensions, which level {reduced.level!r} is made of" if tables else ""
        )

    @abstractmethod
    def values(self, reduced, system, duration_):
        """{name: value} that the template needs besides those of every script."""

    def write(self, reduced, duration_, drives, initial, dt_):
        system = rate_system(reduced, drives, dt_, initial, self.delays)
        check_run(duration_, system.dt_, cells=len(reduced.populations), least_=BRIAN_STEP_)
        steps = max(1, round(BIN_ / system.dt_))
        values = dict(
            about=_about(reduced, system),
            file=self.file,
            duration=repr(duration_),
            dt=repr(system.dt_),
            steps=steps,
            bin=steps * system.dt_,
            rates=system.rates,
            drives=system.drives,
            states=system.states,
        )
        template = f"{self.name}.{self.file.rpartition('.')[2]}.jinja"
        return rendered(template, {**values, **self.values(reduced, system, duration_)})


def _about(reduced, system):
    circuit = reduced.circuit
    title = circuit.title.replace("\\", "/").replace('"', "'").replace("\n", " ")
    return (
        f"Rate model of the circuit {circuit.name}{f': {title}' if title else ''}.\n\nDerived by b2reduce"
        f" {__version__}: level {reduced.level}, noise {reduced.noise}, tau {reduced.tau_choice}, seed"
        f" {reduced.provenance.get('seed')}, circuit {reduced.provenance.get('circuit_hash')}."
        + _lateness(reduced, system)
    )


def _lateness(reduced, system):
    if system.late or all(
        p.delays.none for name in reduced.populations for p in reduced.circuit.pathways(name)
    ):
        return ""
    return (
        "\n\nDelays are chains of states, of the same mean and about the same variance as those of the"
        " circuit."
    )
