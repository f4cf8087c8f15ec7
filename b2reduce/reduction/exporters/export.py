"""Rate models in the words of others."""

from __future__ import annotations

from ...basics.arguments import described, needed_seconds, one_of, seconds
from ...basics.errors import InputError
from ..levels.register import LEVELS
from .register import EXPORTERS

__all__ = ["exported"]


def exported(reduced, kind, *, duration="2 s", drives=None, initial=None, dt=None):
    """The text that an exporter writes of a rate model; see `ReducedCircuit.to_script`."""
    one_of(kind, EXPORTERS, "kind")
    exporter, duration_, dt_ = EXPORTERS[kind], needed_seconds(duration, "duration"), seconds(dt, "dt")
    if problem := exporter.problem(reduced):
        levels = _either(name for name, level in LEVELS.items() if level.shift_law)
        others = _either(
            name for name, other in EXPORTERS.items() if other.runs and not other.problem(reduced)
        )
        raise InputError(f"kind: {kind!r} {problem}; reduce at level {levels}, or export to {others}")
    for name, value in {"drives": drives, "initial": initial, "dt": dt}.items():
        if value is not None and not exporter.runs:
            raise InputError(
                f"{name}: got {described(value)}, expected none, since {exporter.meaning} does not run;"
                " change the circuit before it is reduced"
            )
    return exporter.write(reduced, duration_, drives, initial, dt_)


def _either(names):
    *first, last = map(repr, names)
    return f"{', '.join(first)} or {last}" if first else last
