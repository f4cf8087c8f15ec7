"""Rates of groups whose cells fire at random: one, one a cell, or a table over time."""

from __future__ import annotations

import numpy as np

from .algebra import NUMERIC, NotAlgebra, draws, function_of, names_of, read, replaced, symbol
from .group_equations import poisson_rate_of
from .scope import Scope
from .varying import varies

__all__ = ["NoRate", "is_poisson", "rate_of", "values_of_text"]

_MOST = 10**6  # entries of a table


class NoRate(ValueError):
    """A rate that drives of circuits do not have, with the reason."""


def is_poisson(group):
    """Whether the cells of a group do nothing but fire at random."""
    from brian2 import PoissonGroup

    return isinstance(group, PoissonGroup) or poisson_rate_of(group) is not None


def rate_of(group, namespace):
    """Rates in Hz: a float, an array over cells, or (times in s, rates).

    Raises
    ------
    NoRate
        If it is none of these.
    """
    from brian2.core.variables import Subexpression

    text = poisson_rate_of(group)
    if text is not None and group._refractory is not False:
        raise NoRate("its cells are refractory after a spike, and trains of drives are not")
    if text is None:
        variable = group.variables["rates"]
        if not isinstance(variable, Subexpression):
            return _one(np.asarray(variable.get_value(), dtype=float))
        text = variable.expr
    return values_of_text(text, group, Scope(group, namespace), "rate")


def _one(values):
    return float(values.ravel()[0]) if np.ptp(values) == 0 else values


def values_of_text(text, group, scope, what):
    """What a text on cells of a group is worth, as of `rate_of`; `what` is for messages.

    Raises
    ------
    NoRate
        If it changes in time other than by TimedArrays, or they differ from cell to cell; so do variables
        with a differential equation, and what spikes set.
    """
    import sympy

    try:
        expression = _written_out(text, group)
    except NotAlgebra as error:
        raise NoRate(f"the {what}: {error}") from None
    if draws(expression):
        raise NoRate(f"the {what} {text!r} draws a random number at every step")
    named = names_of(expression) - {"t"}
    if varying := sorted(name for name in named if name in group.variables and varies(group, name)):
        raise NoRate(f"the {what} {text!r} hangs on what changes in time: {', '.join(varying)}")
    values = {name: _value(name, group, scope) for name in named}
    functions = {}
    for call in expression.atoms(sympy.core.function.AppliedUndef):
        name = call.func.__name__
        if name not in NUMERIC:
            functions[name] = _table(name, call, scope, what)
    names = sorted(values)
    clock = symbol("t")
    made = function_of(expression, ["t", *names], {name: table[2] for name, table in functions.items()})
    found = lambda t: np.asarray(made(t, *(values[name] for name in names)), dtype=float)
    if clock not in expression.free_symbols:
        return _one(found(0.0))
    if not functions or any(np.ndim(value) for value in values.values()):
        raise NoRate(f"the {what} {text!r} is a formula of t; make it a TimedArray, which has a last value")
    step = min(table[0] for table in functions.values())
    last = max(table[1] for table in functions.values())
    if last / step > _MOST:
        raise NoRate(f"the {what} {text!r} has more than {_MOST} values")
    times = np.arange(round(last / step)) * step
    rates = np.broadcast_to(found(times + step / 2), times.shape)
    if np.ptp(rates) == 0:
        return float(rates[0])
    kept = np.r_[True, np.diff(rates) != 0]
    return times[kept], rates[kept]


def _written_out(text, group):
    """With the subexpressions of a group in place."""
    from brian2.equations.equations import SUBEXPRESSION

    expression = read(text)
    lines = getattr(group, "user_equations", {})
    for _ in range(len(lines)):
        inner = {
            symbol(name): read(line.expr.code)
            for name, line in lines.items()
            if line.type == SUBEXPRESSION and name in names_of(expression)
        }
        if not inner:
            break
        expression = replaced(expression, inner)
    return expression


def _value(name, group, scope):
    if name in group.variables:
        values = np.asarray(group.variables[name].get_value(), dtype=float)
        return float(values.ravel()[0]) if values.size == 1 else values
    return scope.value_(name)


def _table(name, call, scope, what):
    """(step, duration, function of time) of a TimedArray."""
    from brian2 import TimedArray

    array = scope.resolved(name)
    if not isinstance(array, TimedArray) or array.values.ndim != 1:
        found = "a TimedArray with one column a cell" if isinstance(array, TimedArray) else "no TimedArray"
        raise NoRate(
            f"the {what} calls {call}, {found}; drives have one table over time, or rates that stay the same"
        )
    values, step = np.asarray(array.values, dtype=float), float(array.dt)
    index = lambda t: np.clip(np.floor(np.asarray(t) / step + 1e-9).astype(int), 0, values.size - 1)
    return step, values.size * step, lambda t: values[index(t)]
