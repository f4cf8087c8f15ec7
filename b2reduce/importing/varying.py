"""Variables of groups that change in time, which no number of a circuit can stand for."""

from __future__ import annotations

import ast

from .object_names import base_of
from .statements import statements_of

__all__ = ["varies"]

_BY_ITSELF = ("lastspike", "not_refractory", "t", "t_in_timesteps")


def varies(group, name):
    """Whether a variable of a group changes in time: by a differential equation, by formula, or as spikes
    set it; also one that is linked to such a variable of another group.
    """
    from brian2.core.variables import Subexpression

    variable = group.variables[name]
    if name in _BY_ITSELF or isinstance(variable, Subexpression):
        return True
    if variable.owner is None:
        return False
    owner = base_of(variable.owner)
    moving = getattr(getattr(owner, "equations", None), "diff_eq_names", ())
    return variable.name in moving or variable.name in _set_at_events(owner)


def _set_at_events(group):
    """Names that the statements at spikes, and at other events, assign to."""
    nodes = [node for code in getattr(group, "event_codes", {}).values() for node in statements_of(code)]
    named = [each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in named if isinstance(each.ctx, ast.Store)}
