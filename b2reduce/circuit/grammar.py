"""What may stand in a model's text: arithmetic on names, and nothing that could run, read before Brian2 sees
any of it.

Brian2 hands parts of its strings to `eval`, by way of sympy for arguments of functions and directly for
units. Every text of a model passes here first: it is parsed, never run, and only the kinds of nodes listed
below are let through.
"""

from __future__ import annotations

import ast
import textwrap
import warnings

from .allowed_nodes import ExpressionError, operands, short, written_at
from .folding import folded

__all__ = ["names_in", "parse_expression", "parse_statements"]

MOST_CHARACTERS = 20_000  # of one text
MOST_LEVELS = 100  # of an expression's tree; Brian2 and sympy recurse, several frames a level


def _parse(text, mode):
    """The tree that Python reads, or an ExpressionError whatever the text."""
    if not isinstance(text, str):
        raise ExpressionError(f"got {short(repr(text))}, expected text")
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(
            f"got {len(text)} characters, expected at most {MOST_CHARACTERS}; split the expression into"
            " subexpressions"
        )
    bad = next((c for c in text if not (c.isascii() and (c.isprintable() or c in "\n\t\r"))), None)
    if bad is not None:
        raise ExpressionError(
            f"got {short(text)!r} with the character {bad!r}, expected plain ASCII letters, digits and"
            " operators"
        )
    try:
        with warnings.catch_warnings():
            # Python's own remarks on odd literals; what they point at is refused below
            warnings.simplefilter("ignore")
            return ast.parse(textwrap.dedent(text).strip(), mode=mode)
    except SyntaxError as error:
        raise ExpressionError(f"cannot read {short(text)!r}: {error.msg}") from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        raise ExpressionError(
            f"got {short(text)!r}, nested too deeply to be read; split it into subexpressions"
        ) from None


def parse_expression(text):
    """The tree of an expression that is safe to hand on.

    Returns
    -------
    ast.expr

    Raises
    ------
    ExpressionError
        If anything but names, numbers, operators and calls of known functions stands in it, or it is too
        large.
    """
    tree = _parse(text, "eval").body
    _check(tree, text)
    return tree


def parse_statements(text):
    """The statements of a reset, each an assignment to a name.

    Returns
    -------
    list of ast.Assign or ast.AugAssign

    Raises
    ------
    ExpressionError
    """
    body = _parse(text, "exec").body
    for node in body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign)
            else []
        )
        if len(targets) != 1 or not isinstance(targets[0], ast.Name):
            raise ExpressionError(
                f"got {written_at(node, text)!r}, expected assignments to variables such as 'v = V_r' or 'w"
                " += b'"
            )
        if isinstance(node, ast.AugAssign) and not isinstance(
            node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
        ):
            raise ExpressionError(f"got {written_at(node, text)!r}, expected one of =, +=, -=, *= and /=")
        _check(targets[0], text)
        _check(node.value, text)
    return body


def _check(tree, text):
    """Raise unless a tree is arithmetic; without recursion, since it may be deep."""
    todo = [(tree, 1)]
    while todo:
        node, level = todo.pop()
        if level > MOST_LEVELS:
            raise ExpressionError(
                f"got {short(text)!r}, nested more than {MOST_LEVELS} levels deep; split it into"
                " subexpressions"
            )
        todo += [(child, level + 1) for child in operands(node, text)]
    folded(tree, text)


def names_in(tree):
    """Names of variables, parameters and units in a tree, those of functions left out."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
