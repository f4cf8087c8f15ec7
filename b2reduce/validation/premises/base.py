"""What a premise of the derivation is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from ...basics.frozen import FrozenDict

__all__ = ["Premise", "Ratio", "Row"]


class Row(NamedTuple):
    """A premise, measured: a row of the table."""

    assumption: str
    measured: float
    limit: str
    holds: bool
    advice: str


class Premise(ABC):
    """What the derivation takes for granted: how it is measured, and what follows where it does not hold.

    Nobody asks for the name of a premise: what differs between premises is said here. A new one is a subclass
    in a file of its own, and one line in `register`.

    Attributes
    ----------
    name : str
        As tables and verdicts show it.
    meaning : str
        One paragraph: what is assumed, why the derivation needs it, what goes wrong without.
    limit : float
        What is measured may be as large.
    reason : str
        Why the limit is where it is.
    fatal : str
        What breaks where it does not hold, where no rate model of this kind means much then.
    local : bool
        Whether it limits how far from its operating point a reduction reaches.
    serious : bool
        Whether its failure by itself foretells errors of more than 15 %, here, a quarter beside these drives,
        or over time.
    caution : str
        A sentence that the verdict says where it does not hold.
    change : mapping
        Arguments of `validate` and `reduce` that mend it; empty where none does.
    otherwise : str
        What else helps.
    """

    name = ""
    meaning = ""
    limit = np.nan
    reason = ""
    fatal = ""
    local = False
    serious = False
    caution = ""
    change = FrozenDict({})
    otherwise = ""

    @abstractmethod
    def measure(self, evidence):
        """The Row that this premise is measured as, by an `Evidence`; None where there is nothing to see."""

    def leading_remedy(self, reduced):
        """(change, why) that the verdict's sentence says by itself where this does not hold; or None."""
        return None

    @property
    def warns(self):
        """Whether a result warns where this does not hold."""
        return self.serious or bool(self.fatal)

    @property
    def bound(self):
        """The limit as the table shows it."""
        return f"<= {self.limit:g}"

    def allows(self, measured):
        """Whether a value is within the limit."""
        return measured <= self.limit

    def row(self, measured, holds, advice, bound=None):
        """The Row of a value."""
        return Row(self.name, measured, self.bound if bound is None else bound, bool(holds), advice)

    def judged(self, measured, what, where_broken):
        """The Row of a value that the limit decides on: what it is, and what to add where it is beyond."""
        holds = self.allows(measured)
        return self.row(measured, holds, what if holds else what + where_broken)

    def unmeasured(self, why, holds=True, bound=None):
        """The Row where there was nothing to measure."""
        return self.row(np.nan, holds, why, bound)


class Ratio(Premise):
    """A premise on a ratio that should be one, which `limit` bounds either way."""

    @property
    def bound(self):
        return f"{1 / self.limit:.2g} to {self.limit:g}"

    def allows(self, measured):
        return 1 / self.limit <= measured <= self.limit

    @staticmethod
    def farthest(ratios):
        """The key of the ratio that is farthest from one."""
        return max(ratios, key=lambda key: abs(np.log(max(ratios[key], 1e-3))))
