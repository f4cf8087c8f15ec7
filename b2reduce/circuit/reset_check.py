"""Whether a cell that fired would fire again at once, and whether its refractory time is negative.

Seen by evaluating its own texts.
"""

from __future__ import annotations

import ast

import numpy as np

from .allowed_nodes import ExpressionError
from .equation_text import parse_equations
from .expressions import evaluate_tree
from .grammar import names_in, parse_expression, parse_statements

__all__ = ["check_refractory", "check_reset"]

_RANGE = np.linspace(-0.2, 0.2, 81)  # V, where the threshold is tried
# SI, of other variables that decide over threshold or reset
_OTHERS = np.array([0, 1e-10, -1e-10, 1e-3, -1e-3, 1.0, -1.0])
_AT_ = 1e-9  # V: a membrane that is reset onto the threshold goes past it in the next step
_NOW_ = 1.0  # s
_MOST = 3  # variables


def check_refractory(model):
    """Raise if a refractory time that is an expression of constants is negative."""
    from brian2 import get_dimensions, second

    if not isinstance(model.refractory, str):
        return
    tree = parse_expression(model.refractory)
    if names_in(tree) & (set(model.parsed.names) | set(_clock(model)) | {model.input}):
        return  # changes in time, or is the input that b2reduce sets
    try:
        value = evaluate_tree(tree, model.constants, model.refractory)
    except ExpressionError as error:
        raise model.error("refractory", str(error)) from None
    if get_dimensions(value) is second.dim and float(value) < 0:
        key = f"parameters.{model.refractory}" if model.refractory in model.parameters else "refractory"
        raise model.error(key, f"got a refractory time of {value}, expected at least 0 s")


def check_reset(model):
    """Raise if the threshold is met right after the reset, whatever the cell's state was: it would fire
    without end.

    Notes
    -----
    States over a wide range in which the cell fires are reset, and the threshold is looked at again, with the
    membrane where the reset left it or a nanovolt beside it. A cell whose threshold does not depend on what
    the reset sets is left alone, since then the spike itself carries the membrane back below; so is one that
    a refractory condition holds silent after the reset.
    """
    definitions, statements = parse_equations(model.equations), parse_statements(model.reset)
    threshold = parse_expression(model.threshold)
    needed = _reaches(names_in(threshold), definitions)
    statements, needed = _that_matter(statements, needed, definitions)
    targets = {_target(node) for node in statements}
    if not targets:
        return
    try:
        state = _states(model, needed)
        fires = _holds(threshold, state, definitions, model)
        if (
            not fires.any()
            or not _again(model, state, statements, threshold, targets, definitions)[fires].all()
        ):
            return
        # A jump that is smaller than the steps of the range carries a cell below that has only just crossed
        # the threshold.
        state = _just_fired(model, state, fires, threshold, definitions)
        if not _again(model, state, statements, threshold, targets, definitions).all():
            return
        after = _reset(statements, state, definitions, model)
    except ExpressionError:
        return  # random, or without a value somewhere in the range: nothing can be said
    seen = _seen(model, after, targets)
    raise model.error(
        "reset",
        f"the threshold {model.threshold!r} is met again right after the reset {model.reset!r}{seen}; reset"
        " below the threshold, or, if a spike's peak is meant, give the condition refractory ="
        f" {model.threshold!r}",
    )


def _again(model, state, statements, threshold, targets, definitions):
    """Where a cell that fires in a state fires once more after the reset."""
    after = _reset(statements, state, definitions, model)
    again = np.zeros(state[model.membrane].shape, dtype=bool)
    for shift in (0.0, -_AT_, _AT_) if model.membrane in targets else (0.0,):
        moved = {**after, model.membrane: after[model.membrane] + _volts(shift)}
        again |= _holds(threshold, moved, definitions, model) & ~_silent(model, moved, definitions)
    return again


def _just_fired(model, state, fires, threshold, definitions):
    """States right behind the threshold, by bisection over the membrane between neighbours.

    Those given where it is not crossed.
    """
    names = list(state)
    v = np.asarray(state[model.membrane])
    order = np.lexsort((v, *(np.asarray(state[name]) for name in names if name != model.membrane)))
    left, right = order[:-1], order[1:]
    crossed = (fires[left] != fires[right]) & (v[right] > v[left])
    if not crossed.any():
        return {name: values[fires] for name, values in state.items()}
    left, right = left[crossed], right[crossed]
    silent, firing = np.where(fires[left], v[right], v[left]), np.where(fires[left], v[left], v[right])
    base = {name: values[left] for name, values in state.items()}
    for _ in range(40):
        middle = (silent + firing) / 2
        hit = _holds(threshold, {**base, model.membrane: _volts(middle)}, definitions, model)
        silent, firing = np.where(hit, silent, middle), np.where(hit, middle, firing)
    return {**base, model.membrane: _volts(firing)}


def _target(node):
    return (node.targets[0] if isinstance(node, ast.Assign) else node.target).id


def _that_matter(statements, needed, definitions):
    """The statements that decide over names, in order, and all the names that they need."""
    kept = []
    for node in reversed(statements):
        if _target(node) in needed:
            kept.insert(0, node)
            needed = needed | _reaches(names_in(node.value), definitions)
    return kept, needed


def _volts(value):
    from brian2 import volt

    return value * volt


def _clock(model):
    """Values of the names that Brian2 adds, at a spike."""
    from brian2 import second

    return {
        "t": _NOW_ * second,
        "lastspike": _NOW_ * second,
        "dt": model.dt,
        "i": 0.0,
        "N": 1.0,
        "not_refractory": True,
        "t_in_timesteps": float(round(_NOW_ / float(model.dt))),
    }


def _reaches(names, definitions):
    """Names with those behind subexpressions."""
    found, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            if name in definitions and definitions[name].kind == "subexpression":
                todo += names_in(definitions[name].tree)
    return found


def _states(model, needed):
    """{name: values} of all states in question, one axis a state variable that matters."""
    from brian2 import Quantity, get_dimensions, volt

    variables = [name for name in model.state_variables if name in needed or name == model.membrane]
    if len(variables) > _MOST:
        raise ExpressionError("there are too many variables")
    named = [float(value) for value in model.constants.values() if get_dimensions(value) is volt.dim]
    reach = max(map(abs, named), default=0.0)
    volts = np.unique(np.r_[_RANGE, reach * np.linspace(-3, 3, 81), named])
    coarse = lambda name: (
        np.unique(np.r_[named, 0.0]) if model.dimension_of_variable(name) is volt.dim else _OTHERS
    )
    grid = np.meshgrid(
        *(volts if name == model.membrane else coarse(name) for name in variables), indexing="ij"
    )
    return {
        name: Quantity(values.ravel(), dim=model.dimension_of_variable(name))
        for name, values in zip(variables, grid)
    }


def _values(model, state, definitions, names):
    values = {**_clock(model), **model.constants, **state}
    for name in _ordered(_reaches(names, definitions), definitions):
        values[name] = evaluate_tree(definitions[name].tree, values, definitions[name].text)
    return values


def _ordered(names, definitions):
    """The subexpressions among names, each after those that it needs."""
    left = [name for name in names if name in definitions and definitions[name].kind == "subexpression"]
    while left:
        ready = [name for name in left if not names_in(definitions[name].tree) & set(left)]
        yield from ready
        left = [name for name in left if name not in ready]


def _holds(tree, state, definitions, model):
    shape = state[model.membrane].shape
    return (
        np.broadcast_to(
            np.asarray(
                evaluate_tree(tree, _values(model, state, definitions, names_in(tree)), model.threshold)
            ),
            shape,
        )
        != 0
    )


def _silent(model, state, definitions):
    """Where a refractory condition keeps the cell from firing."""
    from brian2 import get_dimensions, second

    shape = state[model.membrane].shape
    if not isinstance(model.refractory, str):
        return np.zeros(shape, dtype=bool)
    tree = parse_expression(model.refractory)
    value = evaluate_tree(tree, _values(model, state, definitions, names_in(tree)), model.refractory)
    return np.broadcast_to(False if get_dimensions(value) is second.dim else np.asarray(value) != 0, shape)


def _reset(statements, state, definitions, model):
    from brian2 import Quantity, get_dimensions

    state = dict(state)
    for node in statements:
        target = _target(node)
        tree = (
            node.value
            if isinstance(node, ast.Assign)
            else ast.BinOp(ast.Name(target, ast.Load()), node.op, node.value)
        )
        value = evaluate_tree(tree, _values(model, state, definitions, names_in(tree)), model.reset)
        state[target] = Quantity(
            np.broadcast_to(np.asarray(value, dtype=float), state[model.membrane].shape),
            dim=get_dimensions(value),
        )
    return state


def _seen(model, after, targets):
    """The state that the reset leaves, for the message."""
    name = model.membrane if model.membrane in targets else min(targets & set(after))
    values = after[name]
    return (
        f", at {name} = {values[0]}"
        if np.ptp(np.asarray(values)) <= 1e-9 * np.max(np.abs(np.asarray(values)))
        else ""
    )
