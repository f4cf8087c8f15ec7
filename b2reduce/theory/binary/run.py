"""The result of a run of a binary network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...basics.arguments import whole
from ...basics.errors import InputError
from ...basics.fields import Array, Floats, Many, Maybe, Plain, Text
from ...basics.frozen import FrozenDict, Record

if TYPE_CHECKING:
    from typing import Any

__all__ = ["BinaryRun"]


@dataclass(frozen=True, eq=False)
class BinaryRun(Record):
    """Activity of a binary network over time; arrays are read-only.

    Attributes
    ----------
    populations : tuple of str
    activity : ndarray, shape (population, sweep + 1)
        Fraction of active units, in both encodings, before the first and after every sweep.
    flips : ndarray of int, shape (sweep,)
        How many units changed their state.
    states : ndarray of int8, shape (unit,)
        At the end, in the network's encoding.
    history : ndarray of int8, shape (sweep + 1, unit), or None
        All states, if they were recorded.
    encoding : str
    provenance : mapping
    """

    populations: tuple
    activity: np.ndarray
    flips: np.ndarray
    states: np.ndarray
    history: np.ndarray | None
    encoding: str
    provenance: Mapping

    FIELDS = FrozenDict(
        populations=Many(Text, "population"),
        activity=Floats("population", "time"),
        flips=Array("i", "sweep"),
        states=Array("i", "unit", dtype=np.int8),
        history=Maybe(Array("i", "time", "unit", dtype=np.int8)),
        encoding=Text,
        provenance=Plain,
    )

    def mean(self, *, after: Any = 0) -> Mapping[str, float]:
        """Mean fraction of active units of each population.

        Parameters
        ----------
        after : int
            Leave out the initial state and this many sweeps.

        Returns
        -------
        pandas.Series
        """
        import pandas as pd

        sweeps = self.flips.size
        after = whole(after, "after")
        if not after < sweeps:
            raise InputError(
                f"after: got {after}, expected a whole number of sweeps from 0 to {sweeps - 1}, below the"
                f" {sweeps} of the run"
            )
        return pd.Series(
            self.activity[:, after + 1 :].mean(axis=1),
            index=pd.Index(self.populations, name="population"),
            name="activity",
        )

    def __repr__(self):
        last = ", ".join(f"{name} {value:.3g}" for name, value in zip(self.populations, self.activity[:, -1]))
        return f"BinaryRun({self.flips.size} sweeps; active at the end: {last})"
