"""Statements as Brian2 takes them: one a line or between semicolons, however they are indented."""

from __future__ import annotations

import ast
import re

__all__ = ["plain_code", "statements_of"]


def statements_of(code):
    """The trees of the statements.

    Raises
    ------
    SyntaxError
        If one cannot be read.
    """
    lines = [line.strip() for line in re.split(r"[;\n]", code)]
    return ast.parse("\n".join(line for line in lines if line)).body


def plain_code(code):
    """The statements one a line."""
    return "\n".join(ast.unparse(node) for node in statements_of(code))
