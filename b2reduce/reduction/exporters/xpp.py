"""Files for XPPAUT."""

from __future__ import annotations

import math
import re

from ...basics.errors import InputError
from ..rate_system import printed
from .script import Script

__all__ = ["Xpp"]

MOST_CHANGES = 40  # values of a drive's table within one line of a file
LONGEST = 9  # characters of a name
TAKEN = {
    "t",
    "pi",
    "sin",
    "cos",
    "tan",
    "exp",
    "ln",
    "log",
    "abs",
    "max",
    "min",
    "heav",
    "sign",
    "if",
    "then",
    "else",
    "sum",
    "of",
    "ran",
    "normal",
    "delay",
    "flr",
    "mod",
    "not",
    "par",
    "aux",
    "init",
    "done",
    "number",
    "table",
    "wiener",
    "global",
    "set",
    "e",
}


class Xpp(Script):
    """Is integrated by XPPAUT's own methods."""

    name = "xpp"
    meaning = "a file for XPPAUT"
    file = "rates.ode"

    def values(self, reduced, system, duration_):
        names = short_names(
            [
                *system.parameters,
                *system.drives,
                *(name for name, _ in system.definitions),
                *(state.name for state in system.states),
            ]
        )
        shown = lambda formula: _respelled(printed(formula, "xpp"), names)
        changing = {}
        for symbol, (name, rate) in system.drives.items():
            if isinstance(rate, tuple):
                times, values = rate
                if len(times) > MOST_CHANGES:
                    raise InputError(
                        f"drives, {name}: got a table of {len(times)} values, expected at most {MOST_CHANGES}"
                        " in an XPP file; export to 'brian2' or 'numpy'"
                    )
                changing[names[symbol]] = repr(values[0]) + "".join(
                    f"+({after - before!r})*heav(t-({time!r}))"
                    for time, before, after in zip(times[1:], values, values[1:])
                )
        auxiliary = short_names([*reduced.populations], taken=names.values(), suffix="rate")
        return {
            "parameters": {names[name]: value for name, value in system.parameters.items()},
            "constants": {
                names[symbol]: value
                for symbol, value in system.drives.items()
                if not isinstance(value[1], tuple)
            },
            "changing": changing,
            "definitions": [(names[name], shown(formula)) for name, formula in system.definitions],
            "states": [
                {"name": names[state.name], "formula": shown(state.derivative), "initial": state.initial}
                for state in system.states
            ],
            "rates": {auxiliary[name]: names[variable] for name, variable in system.rates.items()},
            "stored": int(duration_ / system.dt_) + 10,
            "top": math.ceil(2 * max([1.0, *reduced.operating_rate_.values()])),
        }


def short_names(names, taken=(), suffix=""):
    """{name: name for XPP}, which takes nine characters and knows no capitals."""
    short, used = {}, {*TAKEN, *map(str.lower, taken)}
    for name in names:
        wanted = f"{name}_{suffix}" if suffix else name
        candidate = (
            wanted if len(wanted) <= LONGEST else "".join(wanted.replace("_to_", "_").split("_"))[:LONGEST]
        )
        number = 1
        while candidate.lower() in used:
            number += 1
            candidate = f"{wanted.replace('_', '')[: LONGEST - len(str(number))]}{number}"
        used.add(candidate.lower())
        short[name] = candidate
    return short


def _respelled(formula, names):
    return re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), formula).replace(" ", "")
