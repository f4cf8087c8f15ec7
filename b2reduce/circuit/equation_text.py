"""What each line of a neuron's equations defines, read before Brian2 sees them."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass

from .allowed_nodes import ExpressionError, short
from .folding import folded
from .grammar import names_in, parse_expression

__all__ = ["Definition", "parse_equations"]

_LINE = re.compile(
    r"\s*(?:d\s*([A-Za-z_]\w*)\s*/\s*dt|([A-Za-z_]\w*))\s*(?:=(?!=)([^:]*))?:([^:()]*)(?:\(([^()]*)\))?\s*",
    re.ASCII,
)
MOST_EQUATIONS = 500
MOST_NODES = 20_000  # of an equation with its subexpressions written out, as integrators write it
_MANY = 10**6  # as good as without end
MOST_TERMS = 500  # of an equation multiplied out, which Brian2 does in search of an exact method
FLAGS = {
    "differential": ("unless refractory",),
    "subexpression": ("shared", "constant over dt"),
    "parameter": ("constant", "shared"),
}


@dataclass(frozen=True)
class Definition:
    """What one line of the equations defines."""

    name: str
    kind: str  #: "differential", "subexpression" or "parameter"
    tree: object  #: the right-hand side; None of a parameter
    text: str
    unit: str
    flags: tuple


def parse_equations(text):
    """The definitions of equations with one a line and without comments, by name.

    Returns
    -------
    dict of str to Definition

    Raises
    ------
    ExpressionError
        If a line is no definition, a right-hand side no arithmetic, or the whole too large for Brian2 and
        sympy.
    """
    found = {}
    for line in text.split("\n"):
        if not line.strip():
            continue
        definition = _definition(line)
        if definition.name in found:
            raise ExpressionError(f"define {definition.name!r} twice; rename one of them")
        found[definition.name] = definition
    if len(found) > MOST_EQUATIONS:
        raise ExpressionError(f"got {len(found)} definitions, expected at most {MOST_EQUATIONS}")
    _check_size(found)
    return found


def _definition(line):
    bad = next((c for c in line if not (c.isascii() and (c.isprintable() or c == "\t"))), None)
    if bad is not None:
        raise ExpressionError(
            f"got {short(line)!r} with the character {bad!r}, expected plain ASCII letters, digits and"
            " operators"
        )
    match = _LINE.fullmatch(line)
    if not match:
        raise ExpressionError(
            f"got the line {short(line)!r}, expected one definition a line, "
            "such as 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit (constant)'"
        )
    derived, plain, expression, unit, flags = match.groups()
    if derived and expression is None:
        raise ExpressionError(
            f"got the line {short(line)!r}, expected a right-hand side after 'd{derived}/dt ='"
        )
    kind = "differential" if derived else "parameter" if expression is None else "subexpression"
    flags = tuple(" ".join(flag.split()) for flag in flags.split(",")) if flags is not None else ()
    for flag in flags:
        if flag not in FLAGS[kind]:
            raise ExpressionError(
                f"{derived or plain}: got the flag {short(flag)!r}, expected"
                f" {' or '.join(map(repr, FLAGS[kind]))}"
            )
    _check_unit(unit.strip(), derived or plain)
    try:
        tree = None if expression is None else parse_expression(expression)
    except ExpressionError as error:
        raise ExpressionError(f"{derived or plain}: {error}") from None
    return Definition(derived or plain, kind, tree, (expression or "").strip(), unit.strip(), flags)


def _check_unit(unit, name):
    """Raise unless a unit is products, quotients and small powers of names: Brian2 evaluates it."""
    refuse = ExpressionError(
        f"{name}: got the unit {short(unit)!r} after the colon, expected base units such as volt,"
        " amp/meter**2 or 1"
    )
    try:
        todo = [parse_expression(unit)]
    except ExpressionError:
        raise refuse from None
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            power = folded(node.right, unit)
            if power is None or abs(power) > 10:
                raise refuse
            todo.append(node.left)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            todo += [node.left, node.right]
        elif not isinstance(node, ast.Name) and not (isinstance(node, ast.Constant) and node.value == 1):
            raise refuse


def _check_size(definitions):
    """Raise if integrators, which write subexpressions out and multiply out, would not come to an end.

    Work out those that are numbers.
    """
    known, sizes = {}, {}
    waiting = {
        name: definition for name, definition in definitions.items() if definition.kind == "subexpression"
    }
    inner = {name: names_in(definition.tree) & set(waiting) for name, definition in waiting.items()}
    while waiting:
        ready = [name for name in waiting if not inner[name] & set(waiting)]
        if not ready:
            raise ExpressionError(
                f"{', '.join(sorted(waiting)[:5])}: subexpressions that define each other in a circle; "
                "only a differential equation may refer to itself"
            )
        for name in ready:
            sizes[name], value = _measured(waiting.pop(name), sizes, known)
            if value is not None:
                known[name] = value
    for definition in definitions.values():
        if definition.kind == "differential":
            _measured(definition, sizes, known)


def _measured(definition, sizes, known):
    """(size, value or None where it is no number) of one right-hand side."""
    nodes, terms = _size(definition.tree, sizes)
    if nodes > MOST_NODES or terms > MOST_TERMS:
        raise ExpressionError(
            f"{definition.name}: written out, with its subexpressions, and multiplied out it has {nodes:.3g}"
            f" parts in {terms:.3g} terms, expected at most {MOST_NODES} in {MOST_TERMS}; simplify it"
        )
    try:
        return (nodes, terms), folded(definition.tree, definition.text, known)
    except ExpressionError as error:
        raise ExpressionError(f"{definition.name}: {error}") from None


def _size(node, sizes):
    """(nodes, terms once multiplied out) of a tree; `sizes` has those of subexpressions."""
    if isinstance(node, ast.Name):
        return sizes.get(node.id, (1, 1))
    if isinstance(node, ast.Constant):
        return 1, 1
    if isinstance(node, ast.Call):
        parts = [_size(argument, sizes) for argument in node.args]
        return 1 + sum(n for n, _ in parts), max([t for _, t in parts], default=1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        (nodes, terms), (more, _) = _size(node.left, sizes), _size(node.right, sizes)
        power = abs(folded(node.right, "") or 0)
        return 1 + nodes + more, min(
            math.comb(terms + int(power) - 1, int(power)) if power and power == int(power) else terms, _MANY
        )
    parts = [_size(child, sizes) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    nodes, terms = min(1 + sum(n for n, _ in parts), _MANY), [t for _, t in parts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return nodes, min(terms[0] * terms[1], _MANY)
    # A denominator is multiplied out by itself
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return nodes, max(terms)
    return nodes, sum(terms)
