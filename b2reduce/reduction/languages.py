"""Languages that formulas are written in, by their operators and functions."""

from __future__ import annotations

import ast

from ..basics.errors import InputError, unknown_name

__all__ = ["LANGUAGES"]


class Printer(ast.NodeVisitor):
    """Formulas in the language of a table of operators and functions."""

    def __init__(self, power, functions, comparison, joint=", "):
        self.power, self.functions, self.comparison, self.joint = power, functions, comparison, joint

    def generic_visit(self, node):
        raise InputError(f"equations: cannot write {ast.unparse(node)!r} in this language")

    def visit_Expression(self, node):
        return self.visit(node.body)

    def visit_Name(self, node):
        return node.id

    def visit_Constant(self, node):
        return repr(node.value)

    def visit_UnaryOp(self, node):
        return f"(-{self.visit(node.operand)})" if isinstance(node.op, ast.USub) else self.visit(node.operand)

    def visit_BinOp(self, node):
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return self.power.format(left, right)
        symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(node.op)]
        sums = lambda part: isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Add, ast.Sub))
        products = lambda part: isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Mult, ast.Div))
        left = f"({left})" if sums(node.left) and symbol in "*/" else left
        right = (
            f"({right})"
            if sums(node.right) and symbol != "+" or products(node.right) and symbol in "*/"
            else right
        )
        return f"{left} {symbol} {right}" if symbol in "+-" else f"{left}{symbol}{right}"

    def visit_Call(self, node):
        name, arguments = node.func.id, node.args
        if name == "int" and isinstance(arguments[0], ast.Compare):
            sides = [self.visit(arguments[0].left), self.visit(arguments[0].comparators[0])]
            more = isinstance(arguments[0].ops[0], (ast.Gt, ast.GtE))
            return self.comparison.format(*(sides if more else sides[::-1]))
        if name == "clip":
            value, low, high = (self.visit(part) for part in arguments)
            text = self.functions["max"].format(value, low)
            return text if high in ("inf", "Infinity") else self.functions["min"].format(text, high)
        shown = [self.visit(part) for part in arguments]
        if name.startswith("F_"):
            return f"{name}({self.joint.join(shown)})"
        if name not in self.functions:
            raise InputError(f"equations: {unknown_name('function', name, self.functions)}")
        return self.functions[name].format(*shown)


LANGUAGES = {
    "numpy": Printer(
        "{}**{}",
        {
            "exp": "np.exp({})",
            "log": "np.log({})",
            "sqrt": "np.sqrt({})",
            "abs": "abs({})",
            "max": "max({}, {})",
            "min": "min({}, {})",
        },
        "({} > {})",
    ),
    "arrays": Printer(
        "{}**{}",
        {
            "exp": "np.exp({})",
            "log": "np.log({})",
            "sqrt": "np.sqrt({})",
            "abs": "np.abs({})",
            "max": "np.maximum({}, {})",
            "min": "np.minimum({}, {})",
        },
        "({} > {})",
    ),
    "javascript": Printer(
        "Math.pow({}, {})",
        {
            "exp": "Math.exp({})",
            "log": "Math.log({})",
            "sqrt": "Math.sqrt({})",
            "abs": "Math.abs({})",
            "max": "Math.max({}, {})",
            "min": "Math.min({}, {})",
        },
        "({} > {} ? 1 : 0)",
    ),
    "xpp": Printer(
        "{}^{}",
        {
            "exp": "exp({})",
            "log": "ln({})",
            "sqrt": "sqrt({})",
            "abs": "abs({})",
            "max": "max({},{})",
            "min": "min({},{})",
        },
        "heav({}-({}))",
    ),
    "pyrates": Printer(
        "{}^{}",
        {
            "exp": "exp({})",
            "log": "log({})",
            "sqrt": "sqrt({})",
            "abs": "absv({})",
            "max": "maxi({}, {})",
            "min": "mini({}, {})",
        },
        "heaviside({}-({}))",
    ),
}
