"""Formulas of Brian2 equations without units, under other names, and of gains without an expression."""

from __future__ import annotations

import ast

import numpy as np

from ..cells.gain_forms import KNOTS

__all__ = ["renamed_formula", "spline_formulas"]

_UNITS = {"amp", "meter", "siemens", "farad", "coulomb", "second", "volt", "Hz"}


class _Names(ast.NodeTransformer):
    """Puts other names and formulas in place of names, and 1 in place of units."""

    def __init__(self, renamed, sums):
        self.renamed, self.sums = renamed, sums

    def visit_Name(self, node):
        if node.id in self.sums:
            return ast.parse(self.sums[node.id], mode="eval").body
        if node.id in self.renamed:
            return ast.Name(self.renamed[node.id], ast.Load())
        return ast.Constant(1) if node.id in _UNITS else node

    def visit_BinOp(self, node):
        node = self.generic_visit(node)
        left, right = node.left, node.right
        is_value = lambda part, value: isinstance(part, ast.Constant) and part.value == value
        if isinstance(node.op, ast.Mult):
            if rectified := _rectified(left, right):
                return rectified
            if is_value(left, 0) or is_value(right, 0):
                return ast.Constant(0)
            if is_value(left, 1) or is_value(right, 1):
                return right if is_value(left, 1) else left
        if isinstance(node.op, (ast.Div, ast.Pow)) and (is_value(right, 1) or is_value(left, 0)):
            return left
        return node


def _rectified(left, right):
    """x int(x > 0), or c x int(x > 0), as clip(x, 0, inf), which every language has."""
    if not (
        isinstance(right, ast.Call)
        and getattr(right.func, "id", "") == "int"
        and isinstance(right.args[0], ast.Compare)
    ):
        return None
    condition = right.args[0]
    factor, value = (
        (left.left, left.right)
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult)
        else (None, left)
    )
    same = (
        isinstance(value, ast.Name)
        and ast.unparse(condition.left) == value.id
        and isinstance(condition.ops[0], ast.Gt)
    )
    if (
        not same
        or not isinstance(condition.comparators[0], ast.Constant)
        or condition.comparators[0].value != 0
    ):
        return None
    clipped = ast.Call(
        ast.Name("clip", ast.Load()), [value, ast.Constant(0), ast.Name("inf", ast.Load())], []
    )
    return clipped if factor is None else ast.BinOp(factor, ast.Mult(), clipped)


def renamed_formula(text, renamed, sums):
    """A formula with other names and whole formulas in place of names."""
    return ast.unparse(_Names(renamed, sums).visit(ast.parse(text.strip(), mode="eval")))


def spline_formulas(gain, x, own):
    """{name: formula} of a spline gain: what changes at each knot, as a polynomial of what lies beyond it;
    straight beyond the ends, never below 0.

    Coefficients are of distances in units of the width of all knots, so that they are of the size of rates.
    """
    knots, r, curve = _spline_of(gain)
    first, width = float(knots[0]), float(knots[-1] - knots[0])
    places = (knots - first) / width
    pieces = [
        np.poly1d(curve.c[:, k] * width ** np.arange(3, -1, -1.0))(np.poly1d([1.0, -place]))
        for k, place in enumerate(places[:-1])
    ]
    begin, end = ((r[b] - r[a]) / (places[b] - places[a]) for a, b in ((0, 1), (-2, -1)))
    pieces = [np.poly1d([begin, r[0]]), *pieces, np.poly1d([end, r[-1] - end])]
    formulas, parts = {}, [f"{float(r[0])!r} + {float(begin)!r}*({x} - {first!r})/{width!r}"]
    for number, (place, before, after) in enumerate(zip(places, pieces, pieces[1:]), start=1):
        # Of the distance from the knot, where it is 0: the curve has no jumps
        change = (after - before)(np.poly1d([1.0, place]))
        beyond, bend = f"beyond_{number}", f"bend_{number}"
        formulas[beyond] = f"clip(({x} - {float(first + width * place)!r})/{width!r}, 0, inf)"
        formulas[bend] = " + ".join(
            f"{c!r}*{own(beyond)}" + (f"**{power}" if power > 1 else "")
            for power, c in zip(range(change.order, 0, -1), change.c.tolist())
        )
        parts.append(own(bend))
    return {**formulas, "r": f"clip({' + '.join(parts)}, 0, inf)"}


def _spline_of(gain):
    from scipy.interpolate import PchipInterpolator

    x, r = np.array(gain.shape_[:KNOTS]), np.array(gain.shape_[KNOTS:])
    return x, r, PchipInterpolator(x, r)
