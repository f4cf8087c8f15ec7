"""The value of a model's expressions.

Of parameters and units, by walking the tree that the grammar let through, never by `eval`.
"""

from __future__ import annotations

import ast
from types import MappingProxyType

from .allowed_nodes import COMPARISONS, OPERATORS, ExpressionError, operands, short
from .folding import RANDOM
from .grammar import parse_expression

__all__ = ["ExpressionError", "evaluate", "evaluate_tree", "parse_expression"]


def evaluate(text, constants):
    """The value of an expression of parameters and units.

    Parameters
    ----------
    text : str
        Such as ``"1/R_m"`` or ``"tau_m*g_L + 5*pF"``: names, numbers, operators, functions that are not
        random, and Brian2's units.
    constants : dict of str to Quantity or float
        Values of the names; those of units need not be there.

    Returns
    -------
    brian2.Quantity or float
        Or an array, where constants are arrays; of a comparison, a bool.

    Raises
    ------
    ExpressionError
        If the text is no arithmetic, a name has no value, units do not agree, or the result is not finite.

    Examples
    --------
    >>> from brian2 import Mohm, ms
    >>> evaluate("tau_m/R_m", {"tau_m": 20*ms, "R_m": 100*Mohm})
    200. * pfarad
    """
    return evaluate_tree(parse_expression(text), constants, text)


def evaluate_tree(tree, constants, text, chance=MappingProxyType({})):
    """The value of a tree that `parse_expression` or `parse_statements` returned; `text` is for messages.

    Where random functions may stand in it, `chance` has what is called for each of their names.
    """
    import numpy as np
    from brian2.units.fundamentalunits import DimensionMismatchError

    try:
        with np.errstate(all="ignore"):
            result = _value(tree, constants, chance)
    except ExpressionError as error:
        raise ExpressionError(f"got {short(text)!r}: {error}") from None
    except DimensionMismatchError as error:
        raise ExpressionError(f"got {short(text)!r}, where units do not agree: {error.desc}") from None
    except ZeroDivisionError:
        raise ExpressionError(f"got {short(text)!r}, which divides by zero") from None
    except (ArithmeticError, ValueError, TypeError) as error:
        raise ExpressionError(f"got {short(text)!r}, which has no value: {error}") from None
    if not np.all(np.isfinite(np.asarray(result, dtype=float))):
        raise ExpressionError(f"got {short(text)!r}, whose value is not finite")
    return result


def _value(node, constants, chance):
    from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
    from brian2.core.namespace import DEFAULT_UNITS

    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, bool) else float(node.value)
    if isinstance(node, ast.Name):
        if node.id in constants:
            return constants[node.id]
        if node.id in DEFAULT_UNITS:
            return DEFAULT_UNITS[node.id]
        if node.id in DEFAULT_CONSTANTS:
            return DEFAULT_CONSTANTS[node.id].get_value()
        raise ExpressionError(
            f"{node.id!r} has no value; known: {', '.join(sorted(constants)) or 'no parameter'}, and units"
            " such as mV"
        )
    parts = [_value(child, constants, chance) for child in operands(node, "")]
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](*parts)
    if isinstance(node, ast.UnaryOp):
        return (
            -parts[0]
            if isinstance(node.op, ast.USub)
            else parts[0]
            if isinstance(node.op, ast.UAdd)
            else _not(parts[0])
        )
    if isinstance(node, ast.Compare):
        return COMPARISONS[type(node.ops[0])](*parts)
    if isinstance(node, ast.BoolOp):
        both = (lambda a, b: a & b) if isinstance(node.op, ast.And) else (lambda a, b: a | b)
        result = _truth(parts[0])
        for part in parts[1:]:
            result = both(result, _truth(part))
        return result
    if node.func.id in chance:
        return chance[node.func.id]()
    if node.func.id in RANDOM:
        raise ExpressionError(f"{node.func.id}() is random and has no value of its own")
    return DEFAULT_FUNCTIONS[node.func.id].pyfunc(*parts)


def _truth(value):
    import numpy as np

    return np.asarray(value) != 0


def _not(value):
    return ~_truth(value)
