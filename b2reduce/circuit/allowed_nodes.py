"""Which nodes may stand in the tree of an expression, and what to write instead of others."""

from __future__ import annotations

import ast
import textwrap

from ..basics.errors import InputError

__all__ = ["COMPARISONS", "FUNCTIONS", "OPERATORS", "ExpressionError", "operands", "short", "written_at"]

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
    """A text on one line, its end left out where it is long."""
    text = " ".join(str(text).split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


def written_at(node, text):
    """The part of a text that a node was read from, for messages."""
    return short(ast.get_source_segment(textwrap.dedent(text).strip(), node) or text)


def operands(node, text):
    """The operands of a node that is allowed."""
    refuse = lambda message: ExpressionError(f"got {written_at(node, text)!r}: {message}")
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
