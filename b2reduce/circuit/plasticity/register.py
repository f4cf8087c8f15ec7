"""The kinds of short-term plasticity, and how files give them."""

from __future__ import annotations

from collections.abc import Mapping

from ...basics.arguments import described
from ...basics.errors import CircuitError, unknown_name
from .tsodyks_markram import TsodyksMarkram

__all__ = ["KINDS", "read_plasticity"]

KINDS = {kind.kind: kind for kind in (TsodyksMarkram,)}


def read_plasticity(given, key):
    """The checked plasticity of a projection from a mapping or an object of one of the kinds, or None.

    Raises
    ------
    CircuitError
        If the kind is unknown, a key is missing or unknown, or a value is out of its range.
    """
    if given is None:
        return None
    if isinstance(given, tuple(KINDS.values())):
        given = given.to_dict()
    if not isinstance(given, Mapping) or "kind" not in given:
        raise CircuitError(
            f"{key}, plasticity: got {described(given)}, expected a table such as {{ kind ="
            ' "tsodyks_markram", U = 0.5, tau_rec = "500 ms", tau_facil = "300 ms" }'
        )
    if not isinstance(given["kind"], str) or given["kind"] not in KINDS:
        raise CircuitError(f"{key}, plasticity.kind: {unknown_name('kind', given['kind'], KINDS)}")
    kind = KINDS[given["kind"]]
    known = [parameter.name for parameter in kind.parameters]
    for name in given:
        if name not in ("kind", *known):
            raise CircuitError(f"{key}, plasticity.{name}: {unknown_name('key', name, ['kind', *known])}")
    for name in known:
        if name not in given:
            raise CircuitError(f"{key}, plasticity: the key {name!r} is missing")
    values = {p.name: p.read(given[p.name], f"{key}, plasticity") for p in kind.parameters}
    kind.check_together(values, f"{key}, plasticity")
    return kind.of(values)
