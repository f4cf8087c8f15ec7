"""What depends on a cell's constants alone, taken out of the time loop."""

from __future__ import annotations

import ast

from .rendering import RANDOM, number_of

__all__ = ["Hoister"]


def _is_refractory_switch(node):
    return (
        isinstance(node, ast.Call)
        and node.func.id == "int"
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == "not_refractory"
    )


class Hoister(ast.NodeTransformer):
    """Takes what depends on a cell's constants alone out of the time loop, and turns divisions by it into
    products.

    The switch `int(not_refractory)` counts as constant: such values are computed for both of its states.
    """

    def __init__(self, fixed, invariants):
        self.fixed, self.invariants = fixed, invariants

    def settled(self, node):
        if isinstance(node, ast.Name):
            return node.id in self.fixed
        if isinstance(node, ast.Call):
            return (
                _is_refractory_switch(node)
                or node.func.id not in RANDOM
                and all(map(self.settled, node.args))
            )
        return isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Constant)) and all(
            self.settled(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        )

    def keep(self, node):
        return ast.Name(
            self.invariants.setdefault(ast.unparse(node), f"fixed_{len(self.invariants)}"), ast.Load()
        )

    def visit(self, node):
        if isinstance(node, (ast.BinOp, ast.Call)) and self.settled(node) and not _is_refractory_switch(node):
            return self.keep(node)
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and self.settled(node.right)
            and number_of(node.right) is None
        ):
            return ast.BinOp(
                self.visit(node.left),
                ast.Mult(),
                self.keep(ast.BinOp(ast.Constant(1.0), ast.Div(), node.right)),
            )
        return self.generic_visit(node)
