"""Decimal commas and points of a recorded table."""

from __future__ import annotations

import re

from ..basics.errors import InputError
from .recorded_headers import role_of

__all__ = ["set_decimal_points"]

_TOKEN = re.compile(r"[+\-\u2212]?[0-9.,][0-9.,]*(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([,.])[0-9]{3}")


def set_decimal_points(frame):
    """Turn decimal commas into points in the columns that count, after making sure that they are."""
    places = [place for place, header in enumerate(frame.columns) if role_of(header)]
    tokens = []  # (row, column, number as written)
    for place in places:
        for row, cell in enumerate(frame.iloc[:, place]):
            match = _TOKEN.match(cell)
            if match and ("," in match[0] or "." in match[0]):
                tokens.append((row, place, match[0].replace("\u2212", "-")))

    def refuse(token, why):
        row, place, text = token
        raise InputError(f"line {frame.index[row]}, column {frame.columns[place]!r}: got {text!r}, {why}")

    commas, points = ([token for token in tokens if mark in token[2]] for mark in ",.")
    for token in tokens:
        if token[2].count(",") + token[2].count(".") > 1 and (re.search(r"[0-9][,.][0-9]{3}[,.]", token[2])):
            refuse(
                token,
                "with separators of thousands, which are not read: write 1234.5 or, between semicolons,"
                " 1234,5",
            )
    if commas and points:
        refuse(
            points[0],
            f"where line {frame.index[commas[0][0]]} has {commas[0][2]!r}: one file has one decimal mark",
        )
    marked = commas or points
    if marked and all(_GROUPED.fullmatch(token[2]) for token in marked):
        if commas:
            refuse(
                commas[0],
                f"which may be {commas[0][2].replace(',', '.')} or {commas[0][2].replace(',', '')} as far as"
                " this file tells; write a decimal point, or no separator of thousands",
            )
        whole = re.compile(r"[+-]?0*[1-9][0-9]*")
        plain = {place for place in places if any(map(whole.fullmatch, frame.iloc[:, place]))}
        for token in points:
            # 400, 800, 1.200: a program that leaves zeros out would have written 1.2.
            if token[2].endswith("0") and token[1] in plain:
                refuse(
                    token,
                    f"which may be {float(token[2]):g} or {token[2].replace('.', '')} as far as this file"
                    " tells; write no separator of thousands, or all numbers with the same decimals",
                )
    pointed = lambda cell: (
        _TOKEN.sub(lambda match: match[0].replace(",", "."), cell, count=1) if _TOKEN.match(cell) else cell
    )
    for place in {token[1] for token in commas}:
        frame.isetitem(place, list(map(pointed, frame.iloc[:, place])))
