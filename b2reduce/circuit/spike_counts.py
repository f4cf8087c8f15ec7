"""Whether every spike is counted once, and how soon the next can be counted at all.

A spike is a rise through the threshold: between two counts its condition must have been false. A reset sees
to that; a cell that makes its own spikes is above threshold for a millisecond, and without a refractory
period that outlasts it every step of it is counted.
"""

from __future__ import annotations

import ast
import operator
import re
import textwrap
from dataclasses import replace

import numpy as np

from ..basics.errors import InputError
from ..basics.units import with_units

__all__ = [
    "HELD",
    "STILL",
    "check_counts",
    "check_points",
    "condition_of",
    "fewest_steps",
    "is_watched",
    "watched_equations",
]

# Variables of the Brian2 groups whose counts are watched
STILL, HELD = "still_above_threshold", "spikes_counted_again"
MOST_HELD = 1e-3  # of the counts: more wrong ones than this are an error, fewer move no rate by more
_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS = {ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le}


def condition_of(model):
    """The threshold condition by itself, without the refractory state that a model may have put into it."""
    return re.sub(r"\bnot_refractory\b", "True", model.threshold)


def is_watched(model):
    """Whether a spike could be counted twice.

    Not where the reset makes the threshold condition false, nor where spikes are drawn by chance.
    """
    if re.search(r"\b(randn?|poisson|binomial)\s*\(", model.threshold):
        return False
    try:
        known = _constants(model)
        for line in ast.parse(textwrap.dedent(model.reset)).body:
            if (
                isinstance(line, ast.Assign)
                and len(line.targets) == 1
                and isinstance(line.targets[0], ast.Name)
            ):
                known[line.targets[0].id] = _value(line.value, known)
            else:
                known.update(
                    {
                        node.id: None
                        for node in ast.walk(line)
                        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                    }
                )
        return _value(ast.parse(condition_of(model).strip(), mode="eval").body, known) is not False
    except SyntaxError:
        return True


def _constants(model):
    """SI values of what is the same in all cells at all times."""
    varying = {model.input, *model.spreads}
    return {name: float(np.asarray(value)) for name, value in model.constants.items() if name not in varying}


def _value(node, known):
    """The value of a plain expression; None where it is not known beforehand."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return known[node.id] if node.id in known else _unit(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand, known)
        return None if value is None else -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BoolOp):
        values, decisive = [_value(value, known) for value in node.values], isinstance(node.op, ast.Or)
        return decisive if decisive in values else None if None in values else not decisive
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        sides, act = (_value(node.left, known), _value(node.right, known)), _ARITHMETIC[type(node.op)]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        sides, act = (
            (_value(node.left, known), _value(node.comparators[0], known)),
            _COMPARISONS[type(node.ops[0])],
        )
    else:
        return None
    if None in sides or isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and abs(sides[1]) > 64:
        return None
    try:
        return act(*sides)
    except ArithmeticError:
        return None


def _unit(name):
    from brian2.units import allunits, stdunits

    unit = getattr(allunits, name, getattr(stdunits, name, None))
    return float(np.asarray(unit)) if hasattr(unit, "dim") else None


def fewest_steps(model, dt_):
    """The smallest number of time steps between two counts that the refractory period leaves."""
    time = model.refractory
    if isinstance(time, str):
        try:
            time = _value(ast.parse(time.strip(), mode="eval").body, _constants(model))
        except SyntaxError:
            time = None
        # A condition must be false for one step before the next count
        if time is None or isinstance(time, bool):
            return 2
    return 1 if time is None else max(1, int(np.floor((float(np.asarray(time)) + 1e-3 * dt_) / dt_)))


def watched_equations(model, written):
    """(the equations of a group that counts how often a spike was counted again, what it runs before the
    thresholds of each step).

    The statement is empty, and the equations are as they were, where nothing need be watched.
    """
    if not is_watched(model):
        return written, ""
    still = f"int({condition_of(model)})"
    reset = "\n".join(
        [f"{HELD} += {STILL}", textwrap.dedent(written.reset).strip("\n"), f"{STILL} = {still}"]
    )
    return (
        replace(written, equations=f"{written.equations}\n{STILL} : 1\n{HELD} : 1", reset=reset),
        f"{STILL} = {STILL}*{still}",
    )


def check_counts(model, total, held, where):
    """Refuse counts of which too many are the same spike.

    Parameters
    ----------
    model : NeuronModel
    total, held : int
        Counts, and how many of them came without the threshold condition having been false since the one
        before.
    where : str

    Raises
    ------
    InputError
    """
    if held <= MOST_HELD * total:
        return
    times = total / max(total - held, 1)
    counts = f"{times:.3g} times" if times >= 1.095 else f"again in {100 * held / total:.2g} % of all counts"
    period = (
        "there is no refractory period"
        if model.refractory is None
        else f"refractory = {str(model.refractory)!r} ends before the spike does"
    )
    raise InputError(
        f"model {model.name!r}: a spike is counted {counts} {where}: the threshold {model.threshold!r} was"
        f" true all the while from one count to the next, and {period}; write refractory ="
        f" {model.threshold!r}, so that a spike counts once, when it crosses the threshold"
    )


def check_points(model, statistics, I_, g_, replicates):
    """Refuse the counts of cells, `replicates` of which stand at each point (I_, g_).

    The worst point is named.
    """
    total, held = (
        np.reshape(values, (-1, replicates)).sum(axis=1) for values in (statistics.total, statistics.held)
    )
    worst = int(np.argmax(held / np.maximum(total, 1)))
    where = (
        f"at I = {with_units(I_[worst], model.current_dim)}, g ="
        f" {with_units(g_[worst], model.conductance_dim)}"
    )
    check_counts(model, int(total[worst]), float(held[worst]), where)
