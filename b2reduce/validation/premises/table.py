"""All premises, a row each."""

from __future__ import annotations

from .base import Row
from .register import PREMISES

__all__ = ["premises_table"]


def premises_table(evidence):
    """The DataFrame of the premises that can be measured on an `Evidence`."""
    import pandas as pd

    measured = [premise.measure(evidence) for premise in PREMISES.values()]
    return pd.DataFrame([row for row in measured if row is not None], columns=list(Row._fields))
