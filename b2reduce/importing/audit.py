"""What was read of a network, what became of it, what was assumed, and what could not be taken along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.display import quantity_text
from ..basics.errors import CircuitError
from ..circuit.spread import Listed, Normal

__all__ = ["Audit", "Refusal", "shown"]

COLUMNS = ("object", "read from", "became", "assumed")


def shown(value):
    """A value in the table: in a unit of the field, to four digits."""
    if isinstance(value, Normal):
        return f"normal({shown(value.mean)}, {shown(value.sd)})"
    if isinstance(value, Listed):
        return f"one of {len(value.values)} values a cell, mean {shown(value.mean)}"
    if isinstance(value, str) or value is None:
        return str(value)
    if np.ndim(value):
        return f"one of {len(value)} with mean {shown(value.mean())}"
    return quantity_text(value) if hasattr(value, "dim") else f"{value:.4g}"


@dataclass(frozen=True)
class Refusal:
    """Something that a circuit does not hold.

    Attributes
    ----------
    object, what, needed : str
        Whose it is, what stands there, and what would be needed or can be done.
    without : str
        What the circuit is without it.
    """

    object: str
    what: str
    needed: str
    without: str = "left out"

    def __str__(self):
        return f"{self.object}: {self.what}; {self.needed}"


class Audit:
    """Collects while a network is read: nothing is dropped without a line of it.

    Attributes
    ----------
    rows : list of tuple
        Of `COLUMNS`.
    refusals : list of Refusal
        What changes rates.
    warnings : list of str
    """

    def __init__(self):
        self.rows, self.refusals, self.warnings = [], [], []

    def row(self, object_, read, became, assumed=""):
        """A line of the table."""
        line = tuple(" ".join(str(each).split()) for each in (object_, read, became, assumed))
        if line not in self.rows:
            self.rows.append(line)

    def assumed(self, object_, read, became, assumed):
        """A line whose assumption users should see."""
        self.row(object_, read, became, assumed)
        self.warn(f"{object_}: {assumed}")

    def warn(self, sentence):
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def refuse(self, object_, what, needed, without="left out"):
        """Something that changes rates and cannot be taken along."""
        refusal = Refusal(str(object_), " ".join(str(what).split()), needed, without)
        if refusal in self.refusals:
            return
        self.refusals.append(refusal)
        self.row(object_, what, f"not taken along: {without}", needed)
        self.warn(f"{refusal} ({without})")

    def settle(self, strict):
        """Raise a `CircuitError` with all that was refused, if the caller wants nothing less."""
        if strict and self.refusals:
            raise CircuitError(
                f"from_brian2: {len(self.refusals)} thing{'s' if len(self.refusals) > 1 else ''} of this"
                " network would be lost, and with them its rates:\n"
                + "\n".join(f"  {number}. {each}" for number, each in enumerate(self.refusals, start=1))
                + "\nstrict=False leaves them out, and says so in the table"
            )

    @property
    def table(self):
        """All lines."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(COLUMNS))
