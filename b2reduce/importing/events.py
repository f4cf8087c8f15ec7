"""What the statements at a spike do, worked out as algebra: every variable after it, by those before it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from .algebra import NotAlgebra, expanded, names_of, read, replaced, symbol
from .statements import statements_of

__all__ = ["Event", "NotRead", "executed"]


class NotRead(ValueError):
    """Statements that this does not understand, with the reason."""


@dataclass
class Event:
    """The variables after it, as expressions of those before it.

    Symbols are ``x_post`` for a variable x of the target, ``x_pre`` for one of the source, and plain names
    for variables of the synapse and constants.

    Attributes
    ----------
    increments : dict of str to sympy expression
        What is added to variables of the target.
    changes : dict of str to sympy expression
        New values of variables of the synapse.
    elsewhere : list of str
        Variables of the source that it sets.
    """

    increments: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    elsewhere: list = field(default_factory=list)


def executed(code, place_of):
    """The `Event` of some statements.

    Parameters
    ----------
    code : str
    place_of : callable
        {name: (place, plain name)} by a name in the text, with the places "own", "post", "pre", "constant"
        and "local".
    """
    try:
        statements = statements_of(code)
    except SyntaxError as error:
        raise NotRead(f"cannot be read: {error.msg}") from None
    known = {}

    def canonical(name):
        place, plain = place_of(name)
        return symbol(f"{plain}_{place}") if place in ("post", "pre") else symbol(plain)

    def value(node):
        try:
            expression = read(ast.unparse(node))
            names = {symbol(name): canonical(name) for name in names_of(expression)}
            return replaced(expression.xreplace(names), known)
        except NotAlgebra as error:
            raise NotRead(f"cannot be read: {error}") from None

    for node in statements:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if len(targets) != 1 or not isinstance(targets[0], ast.Name):
            raise NotRead(f"{ast.unparse(node)!r} is no assignment to a variable")
        target = canonical(targets[0].id)
        known[target] = (
            value(node.value)
            if isinstance(node, ast.Assign)
            else _changed(known.get(target, target), node.op, value(node.value))
        )
    event = Event()
    for name, after in known.items():
        place = _place(name.name, place_of, statements)
        if place == "own":
            event.changes[name.name] = after
        elif place == "post":
            event.increments[name.name.removesuffix("_post")] = expanded(after - name)
        elif place == "pre":
            event.elsewhere.append(name.name)
    event.changes = {name: new for name, new in event.changes.items() if new != symbol(name)}
    event.increments = {name: new for name, new in event.increments.items() if new != 0}
    return event


def _place(canonical, place_of, statements):
    """Where a target lives, by the name that the statements have for it."""
    for node in statements:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        place, plain = place_of(target.id)
        if canonical == (f"{plain}_{place}" if place in ("post", "pre") else plain):
            return place
    raise AssertionError(canonical)  # only names of statements are asked for


def _changed(old, op, value):
    if isinstance(op, ast.Add):
        return old + value
    if isinstance(op, ast.Sub):
        return old - value
    if isinstance(op, ast.Mult):
        return old * value
    if isinstance(op, ast.Div):
        return old / value
    raise NotRead("has an assignment other than =, +=, -=, *= and /=")
