"""What consists of numbers alone, worked out in floats.

Sympy, which would do it exactly, must never meet a tower of powers.
"""

from __future__ import annotations

import ast
import math
from types import MappingProxyType

from .allowed_nodes import OPERATORS, ExpressionError, operands, written_at

__all__ = ["RANDOM", "folded"]

RANDOM = ("poisson", "rand", "randn")
LARGEST = 1e50  # of what numbers alone give: beyond, sympy loses precision or time
LARGEST_POWER = 100  # of a written exponent: sympy works powers of whole numbers out, digit by digit


def folded(tree, text, known=MappingProxyType({})):
    """The value of what consists of numbers alone, else None: sympy, which would work it out exactly, must
    never meet a tower of powers.

    Parameters
    ----------
    tree : ast.expr
    text : str
        For messages.
    known : dict of str to float
        Names that are numbers, such as subexpressions.
    """

    def refuse(node, message):
        raise ExpressionError(f"got {written_at(node, text)!r}: {message}")

    def value(node):
        """A float, or None where a name is part of it; the tree is shallow enough by now."""
        if isinstance(node, ast.Name):
            return known.get(node.id)
        if isinstance(node, ast.Constant):
            return bounded(node, lambda: float(node.value))
        parts = [value(child) for child in operands(node, text)]
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Pow)
            and parts[1] is not None
            and abs(parts[1]) > LARGEST_POWER
        ):
            refuse(
                node,
                f"the exponent is {parts[1]:.3g}, expected at most {LARGEST_POWER}; write exp() for growth as"
                " fast as this",
            )
        if not parts or any(part is None for part in parts) or isinstance(node, (ast.Compare, ast.BoolOp)):
            return None
        if isinstance(node, ast.BinOp):
            return bounded(node, lambda: OPERATORS[type(node.op)](*parts))
        if isinstance(node, ast.UnaryOp):
            return (
                -parts[0]
                if isinstance(node.op, ast.USub)
                else parts[0]
                if isinstance(node.op, ast.UAdd)
                else None
            )
        return bounded(node, lambda: _of_number(node.func.id, parts))

    def bounded(node, compute):
        try:
            result = compute()
        except ZeroDivisionError:
            refuse(node, "divides by zero")
        except (OverflowError, ValueError):
            result = math.inf
        if isinstance(result, complex) or result is not None and not abs(result) <= LARGEST:
            refuse(node, f"is no real number up to {LARGEST:g}")
        return result

    return value(tree)


def _of_number(name, parts):
    if name in RANDOM or name in ("timestep", "clip", "exprel", "sign", "int"):
        return None
    plain = {"arccos": math.acos, "arcsin": math.asin, "arctan": math.atan, "abs": abs}
    return float(plain.get(name, getattr(math, name, None))(*parts))
