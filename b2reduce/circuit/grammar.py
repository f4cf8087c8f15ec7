"""What may stand in a model's text: arithmetic on names, and nothing that could run, read before Brian2 sees
any of it.

Brian2 hands parts of its strings to `eval`, by way of sympy for arguments of functions and directly for
units. Every text of a model passes here first: it is parsed, never run, and only the kinds of nodes listed
below are let through.
"""

from __future__ import annotations

import ast
import math
import textwrap
import warnings
from types import MappingProxyType

from ..basics.errors import InputError

__all__ = [
    "COMPARISONS",
    "FUNCTIONS",
    "OPERATORS",
    "RANDOM",
    "ExpressionError",
    "folded",
    "names_in",
    "operands",
    "parse_expression",
    "parse_statements",
    "short",
]

#: Functions of equations, Brian2's own, and how many arguments they take.
FUNCTIONS = {
    **dict.fromkeys(
        "abs arccos arcsin arctan ceil cos cosh exp expm1 exprel floor int log log10 log1p poisson".split(), 1
    ),
    **dict.fromkeys("sign sin sinh sqrt tan tanh".split(), 1),
    "clip": 3,
    "rand": 0,
    "randn": 0,
    "timestep": 2,
}
RANDOM = ("poisson", "rand", "randn")
MOST_CHARACTERS = 20_000  # of one text
MOST_LEVELS = 100  # of an expression's tree; Brian2 and sympy recurse, several frames a level
LARGEST = 1e50  # of what numbers alone give: beyond, sympy loses precision or time
LARGEST_POWER = 100  # of a written exponent: sympy works powers of whole numbers out, digit by digit

OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.Mod: lambda a, b: a % b,
    ast.FloorDiv: lambda a, b: a // b,
}
COMPARISONS = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
_INSTEAD = {"^": "**", "&": "and", "|": "or"}
_BITWISE = {ast.BitXor: "^", ast.BitAnd: "&", ast.BitOr: "|"}
_MODULES = ("np", "numpy", "math", "brian2", "b2", "b", "sympy", "sp", "scipy", "jnp", "torch", "cmath")
_SYNONYMS = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "ln": "log",
    "fabs": "abs",
    "absolute": "abs",
    "Abs": "abs",
    "ceiling": "ceil",
    "normal": "randn",
    "uniform": "rand",
}
_ELSEWISE = {
    "pow": "a**b",
    "power": "a**b",
    "max": "int(a > b)*a + int(a <= b)*b",
    "maximum": "int(a > b)*a + int(a <= b)*b",
    "min": "int(a < b)*a + int(a >= b)*b",
    "minimum": "int(a < b)*a + int(a >= b)*b",
    "heaviside": "int(x > 0)",
    "Heaviside": "int(x > 0)",
    "where": "int(c)*a + int(not c)*b",
    "square": "x**2",
    "round": "floor(x + 0.5)",
    "sigmoid": "1/(1 + exp(-x))",
}
_KINDS = {
    ast.Subscript: "an index in [ ]",
    ast.Lambda: "a lambda",
    ast.IfExp: "'a if c else b'",
    ast.JoinedStr: "text",
    ast.NamedExpr: "':='",
    ast.Starred: "'*'",
    ast.List: "a list",
    ast.Tuple: "a comma",
    ast.Dict: "a dict",
    ast.Set: "braces",
    ast.Await: "await",
}


class ExpressionError(InputError):
    """Text of a model that is no arithmetic; the message says what stands in the way."""


def short(text, most=60):
    text = " ".join(str(text).split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


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
                f"got {_written(node, text)!r}, expected assignments to variables such as 'v = V_r' or 'w"
                " += b'"
            )
        if isinstance(node, ast.AugAssign) and not isinstance(
            node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
        ):
            raise ExpressionError(f"got {_written(node, text)!r}, expected one of =, +=, -=, *= and /=")
        _check(targets[0], text)
        _check(node.value, text)
    return body


def _written(node, text):
    return short(ast.get_source_segment(textwrap.dedent(text).strip(), node) or text)


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


def operands(node, text):
    """The operands of a node that is allowed."""
    refuse = lambda message: ExpressionError(f"got {_written(node, text)!r}: {message}")
    if isinstance(node, ast.Name):
        if node.id.startswith("_"):
            raise refuse(
                f"the name {node.id!r} begins with an underscore, as only Brian2's own may; rename it"
            )
        return []
    if isinstance(node, ast.Constant):
        if type(node.value) not in (bool, int, float):
            what = "text" if isinstance(node.value, (str, bytes)) else repr(node.value)
            raise refuse(f"{what} has no meaning in equations, expected names, numbers and operators")
        return []
    if isinstance(node, ast.UnaryOp):
        if not isinstance(node.op, (ast.UAdd, ast.USub, ast.Not)):
            raise refuse("the operator '~' has no meaning in equations; write 'not'")
        return [node.operand]
    if isinstance(node, ast.BinOp):
        if type(node.op) not in OPERATORS:
            sign = _BITWISE.get(type(node.op))
            raise refuse(
                f"the operator {sign!r} has no meaning in equations; write {_INSTEAD[sign]!r}"
                if sign
                else "the operator has no meaning in equations, expected + - * / ** % //"
            )
        return [node.left, node.right]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.Compare):
        if not all(type(op) in COMPARISONS for op in node.ops):
            raise refuse("expected one of < <= > >= == !=")
        if len(node.ops) > 1:
            raise refuse("compares three values at once; write 'a < b and b < c'")
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call):
        return _arguments(node, refuse)
    if isinstance(node, ast.Attribute):
        raise refuse(_attribute(node))
    what = next((name for kind, name in _KINDS.items() if isinstance(node, kind)), "it")
    hint = "; write int(c)*a + int(not c)*b" if isinstance(node, ast.IfExp) else ""
    raise refuse(
        f"{what} has no meaning in equations, expected names, numbers, operators and functions{hint}"
    )


def _arguments(node, refuse):
    if isinstance(node.func, ast.Attribute):
        raise refuse(_attribute(node.func))
    if not isinstance(node.func, ast.Name):
        raise refuse("only a function can be called, by its name")
    name = node.func.id
    if name not in FUNCTIONS:
        hint = (
            f"; write {_SYNONYMS[name]}"
            if name in _SYNONYMS
            else f"; write {_ELSEWISE[name]}"
            if name in _ELSEWISE
            else ""
        )
        raise refuse(
            f"there is no function {name!r} in equations{hint or '; known: ' + ', '.join(sorted(FUNCTIONS))}"
        )
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise refuse(f"{name} takes plain arguments, without names or '*'")
    if len(node.args) != FUNCTIONS[name]:
        raise refuse(
            f"{name} takes {FUNCTIONS[name] or 'no'} argument{'s' if FUNCTIONS[name] != 1 else ''}, got"
            f" {len(node.args)}"
        )
    return node.args


def _attribute(node):
    name = _SYNONYMS.get(node.attr, node.attr)
    if isinstance(node.value, ast.Name) and node.value.id in _MODULES:
        if name in FUNCTIONS or name in ("pi", "e", "inf") or name in _ELSEWISE:
            return f"write {_ELSEWISE.get(name, name)}, without {node.value.id!r}"
        return f"there is no {name!r} in equations; known functions: {', '.join(sorted(FUNCTIONS))}"
    return "the sign '.' has no meaning in equations outside of numbers, expected plain names"


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
        raise ExpressionError(f"got {_written(node, text)!r}: {message}")

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


def names_in(tree):
    """Names of variables, parameters and units in a tree, those of functions left out."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
