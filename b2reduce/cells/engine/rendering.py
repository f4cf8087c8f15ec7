"""Expressions of equations as C++ on doubles."""

from __future__ import annotations

import ast
from functools import lru_cache

__all__ = ["NotExpressible", "number_of", "renderer"]

#: Functions of equations that the kernel has; a model that calls another is left to Brian2.
FUNCTIONS = {
    "exp": "exp",
    "log": "log",
    "log10": "log10",
    "log1p": "log1p",
    "expm1": "expm1",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "abs": "fabs",
    "ceil": "ceil",
    "floor": "floor",
    "sign": "sign",
    "clip": "clip",
    "exprel": "exprel",
    "int": "int_",
    "timestep": "timestep",
}
RANDOM = ("rand", "randn")  # a new number at each call, each step and each cell; xi is written with randn


class NotExpressible(Exception):
    """Equations that the native engine leaves to Brian2; the message says why."""


@lru_cache(maxsize=1)
def renderer():
    """What turns expressions of Brian2 into C++."""
    from brian2.parsing.rendering import CPPNodeRenderer

    class Renderer(CPPNodeRenderer):
        """C++ on doubles without branches or integer conversions, which would keep the compiler from using
        vectors.
        """

        def __init__(self):
            super().__init__(auto_vectorise=set())

        def render_Name(self, node):
            return f"m_{node.id}"

        render_NameConstant = render_Name

        def render_Constant(self, node):
            return (
                {True: "1.0", False: "0.0"}[node.value]
                if isinstance(node.value, bool)
                else repr(float(node.value))
            )

        render_Num = render_Constant

        def render_Call(self, node):
            if node.func.id in RANDOM:
                return f"{node.func.id}()"
            if node.func.id not in FUNCTIONS:
                raise NotExpressible(f"the function {node.func.id}() has no native form")
            arguments = ", ".join(self.render_node(argument) for argument in node.args)
            if node.func.id == "int" and _is_boolean(node.args[0]):
                return f"(({arguments}) != 0 ? 1.0 : 0.0)"
            return f"{FUNCTIONS[node.func.id]}({arguments})"

        def render_BinOp(self, node):
            forms = {
                ast.Pow: "pow({0}, {1})",
                ast.Div: "({0} / {1})",
                ast.FloorDiv: "floor({0} / {1})",
                ast.Mod: "({0} - {1} * floor({0} / {1}))",
            }
            if type(node.op) not in forms:
                # Renders both sides itself: twice at every level of a long sum takes for ever
                return super().render_BinOp(node)
            left, right = (
                self.render_element_parentheses(node.left),
                self.render_element_parentheses(node.right),
            )
            power = number_of(node.right) if isinstance(node.op, ast.Pow) else None
            if power is not None and power == int(power) and abs(power) <= 64:
                return f"power<{int(power)}>({left})"
            return forms[type(node.op)].format(left, right)

        def render_BoolOp(self, node):
            sign = " & " if isinstance(node.op, ast.And) else " | "
            return "(" + sign.join(f"(({self.render_node(value)}) != 0)" for value in node.values) + ")"

        def render_UnaryOp(self, node):
            return (
                f"(({self.render_node(node.operand)}) == 0)"
                if isinstance(node.op, ast.Not)
                else super().render_UnaryOp(node)
            )

    return Renderer()


def number_of(node):
    """The value of a literal, with its sign; None if it is something else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number_of(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) else None


def _is_boolean(node):
    return (
        isinstance(node, (ast.Compare, ast.BoolOp))
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        or (isinstance(node, ast.Name) and node.id == "not_refractory")
    )
