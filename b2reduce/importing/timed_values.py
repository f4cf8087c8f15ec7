"""Equations that follow a table over time, which cells of circuits do not: its mean stands in."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ..basics.units import with_units
from .audit import shown

__all__ = ["without_tables"]


def without_tables(lines, scope, name, audit):
    """The lines of a group with numbers in place of TimedArrays.

    One whose values are all the same is that value; others are refused, and where that is let pass their mean
    over time stands for them.

    Parameters
    ----------
    lines : dict of str to Line
    scope : Scope
        Learns the numbers.
    name : str
        Of the group.
    audit : Audit
    """
    from brian2 import TimedArray

    found = {}
    for key, line in lines.items():
        text = line.text
        for called in set(re.findall(r"\b([A-Za-z_]\w*)\s*\(", text)):
            array = scope.resolved(called)
            if not isinstance(array, TimedArray):
                continue
            values = np.asarray(array.values, dtype=float)
            if np.ptp(values) > 0:
                audit.refuse(
                    name,
                    f"{key} follows the TimedArray {called} over time: {line.text}",
                    "cells of circuits have no currents over time: make it the rate of a drive",
                    f"it is {shown(with_units(values.mean(), array.dim))} throughout, its mean",
                )
            scope.define(called, float(values.mean()), array.dim)
            text = re.sub(rf"\b{called}\s*\([^()]*\)", called, text)
        found[key] = replace(line, text=text)
    return found
