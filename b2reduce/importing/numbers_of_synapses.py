"""What an event of a synapse adds, as numbers: one, or one a synapse."""

from __future__ import annotations

import numpy as np

from .algebra import draws, function_of, names_of
from .events import NotRead
from .varying import varies

__all__ = ["Places", "numbers_of"]


class Places:
    """Where the names in statements of a Synapses object live.

    Parameters
    ----------
    synapses : Synapses
    scope : Scope
        Of the synapses.
    """

    def __init__(self, synapses, scope):
        from .object_names import base_of

        self.synapses, self.scope = synapses, scope
        self.source, self.target = base_of(synapses.source), base_of(synapses.target)

    def __call__(self, name):
        """(place, plain name) as `executed` asks for."""
        variables = self.synapses.variables
        if name in variables and self._owner(name) == self.synapses.name:
            return "own", name
        for suffix, place, group in (("_post", "post", self.target), ("_pre", "pre", self.source)):
            if name.endswith(suffix) and name.removesuffix(suffix) in group.variables:
                return place, name.removesuffix(suffix)
        if name in variables and name in self.target.variables:
            return "post", name
        if name in variables:
            return "constant", name  # such as N, dt, t
        try:
            self.scope.resolved(name)
        except ValueError:
            return "local", name
        return "constant", name

    def _owner(self, name):
        return getattr(self.synapses.variables[name].owner, "name", None)

    def listed(self, names):
        """Those names, sorted, that are variables of the synapse with one value a synapse."""
        equations = self.synapses.equations.names
        values = {name: self.synapses.variables[name].get_value() for name in names if name in equations}
        return tuple(name for name in sorted(values) if np.size(values[name]) == len(self.synapses))

    def differential(self, name):
        """Whether a variable of the synapse has a differential equation."""
        for equations in (self.synapses.event_driven, self.synapses.equations):
            if equations is not None and name in equations.diff_eq_names:
                return True
        return False


def numbers_of(expression, places, i, j):
    """The SI values of an expression: a float, or an array over synapses.

    Parameters
    ----------
    expression : sympy expression
        Of names as `Event` has them.
    places : Places
    i, j : ndarray
        Cells of source and target, counted in the whole groups.

    Raises
    ------
    NotRead
        If something in it has no fixed value.
    """
    if draws(expression):
        raise NotRead("draws a random number at every spike")
    values = {}
    for name in names_of(expression):
        for place, group, cells in (("post", places.target, j), ("pre", places.source, i)):
            plain = name.removesuffix(f"_{place}")
            if plain != name and plain in group.variables:
                values[name] = _of_group(group, plain, place, cells)
        if name in ("i", "j"):
            end = places.synapses.source if name == "i" else places.synapses.target
            values[name] = ((i if name == "i" else j) - int(end.start)).astype(float)
        if name in values:
            continue
        if places(name)[0] == "own":
            values[name] = _own(places, name)
        else:
            values[name] = _constant(places, name)
    names = sorted(values)
    try:
        found = np.asarray(function_of(expression, names)(*(values[name] for name in names)), dtype=float)
    except (NameError, TypeError, KeyError) as error:
        raise NotRead(f"has {expression} in it, which has no fixed value ({error})") from None
    if not np.isfinite(found).all():
        raise NotRead(f"has {expression} in it, which is not finite")
    return float(found.ravel()[0]) if found.size and np.ptp(found) == 0 else found


def _of_group(group, name, place, cells):
    if varies(group, name):
        raise NotRead(f"depends on {name}_{place}, which changes in time")
    values = np.asarray(group.variables[name].get_value(), dtype=float)
    return float(values.ravel()[0]) if values.size == 1 else values[cells]


def _own(places, name):
    from brian2.core.variables import Subexpression

    variable = places.synapses.variables[name]
    if isinstance(variable, Subexpression):
        raise NotRead(f"depends on {name}, which is worked out anew at every step")
    values = np.asarray(variable.get_value(), dtype=float)
    return float(values.ravel()[0]) if values.size == 1 else values


def _constant(places, name):
    if name in ("t", "lastspike") or name.startswith("xi"):
        raise NotRead(f"depends on {name}, which changes in time")
    if places.scope.is_function(name):
        raise NotRead(f"calls {name}(), a function of its own")
    return places.scope.value_(name)
