"""A state of a ring that does not change in time, and what a bump of rates adds up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..circuit.orientation import PERIOD

__all__ = ["RingState", "mean_of_bump", "tuning_of_bump"]
from ..basics.fields import Array, Number, Text
from ..basics.frozen import FrozenDict, Record

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike


def mean_of_bump(cut):
    """Mean of [cos 2a - cos 2c]_+ over the ring."""
    return (np.sin(2 * cut) - 2 * cut * np.cos(2 * cut)) / np.pi


def tuning_of_bump(cut):
    """Mean of [cos 2a - cos 2c]_+ cos 2a."""
    return (cut - np.sin(4 * cut) / 4) / np.pi


@dataclass(frozen=True)
class RingState(Record):
    """A state of a ring that does not change in time.

    Attributes
    ----------
    kind : {"silent", "homogeneous", "broad", "narrow"}
        No unit fires; all fire alike; all fire, by angle; a bump with silence around it.
    offset, amplitude : float
        Rates [offset + amplitude cos 2a]_+ at angles a from the peak of the input, in the units of the
        contrast (those of currents times beta). Below 0 the bump stands opposite to the input, at 90 degrees
        (`at`).
    cut : float
        Half width of what fires, radians; pi/2 where all does.
    eigenvalues : ndarray
        Of (d rate out/d rate in - 1) within the states of angular modes 0 and 2: even ones first, the last
        that which turns the bump. In units of 1/tau.
    """

    kind: str
    offset: float
    amplitude: float
    cut: float
    eigenvalues: np.ndarray

    FIELDS = FrozenDict(
        kind=Text, offset=Number, amplitude=Number, cut=Number, eigenvalues=Array("fc", "mode")
    )

    @property
    def stable(self) -> bool:
        """Whether small changes die away, but for the turning of a bump that nothing holds."""
        return bool(np.all(self.eigenvalues[:-1] < 0) and self.eigenvalues[-1] < 1e-9)

    @property
    def marginal(self) -> bool:
        """Whether the bump can stand anywhere."""
        return abs(float(self.eigenvalues[-1])) <= 1e-9

    @property
    def at(self) -> Any:
        """Where the bump stands, radians from the peak of the input: 0 or pi/2."""
        return 0.0 if self.amplitude >= 0 else PERIOD / 2

    @property
    def peak(self) -> float:
        """Largest rate."""
        return max(self.offset + abs(self.amplitude), 0.0)

    @property
    def half_width(self) -> float:
        """Half width at half maximum, radians; NaN where rates never fall to half."""
        if self.kind in ("silent", "homogeneous"):
            return np.nan
        level = (self.peak / 2 - self.offset) / abs(self.amplitude)
        return 0.5 * float(np.arccos(level)) if -1 <= level <= 1 else np.nan

    def rates(self, angles: ArrayLike) -> Any:
        """Rates at angles in radians from the peak of the input."""
        return np.maximum(self.offset + self.amplitude * np.cos(2 * np.asarray(angles, dtype=float)), 0.0)
