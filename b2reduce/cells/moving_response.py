"""How cells follow currents at several rates, and whether a filter that moves foretells large ones better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..basics.fields import Complexes, Floats, Many, Number, Of, Plain
from ..basics.frozen import FrozenDict, Record
from .cascade import power_of
from .moving_filter import fit_moving

if TYPE_CHECKING:
    import pandas

    from .moving_filter import MovingFilter

__all__ = ["MovingResponse"]

SURE = 3.0  # standard errors by which the moving filter must be nearer


@dataclass(frozen=True, eq=False)
class MovingResponse(Record):
    """Linear responses of a population of cells at several rates, and its rate in large sinusoidal currents
    beside what cascades foretell: F(I + filter[sinusoid]).

    Attributes
    ----------
    reference_ : float
        The operating rate, Hz.
    responses : tuple of LinearResponse
        By ascending rate.
    current_, rate_ : ndarray, shape (current,)
        F: mean currents, A or A/m^2, and rates there, Hz.
    mean_, amplitude_ : float
        Of the large currents.
    frequency_ : ndarray, shape (tone,)
        Theirs, Hz.
    measured, measured_sem : ndarray, shape (tone, harmonic)
        Mean rate and harmonics of the cells, Hz, r(t) = sum over all k of c_k exp(2 pi i k f t); standard
        errors of the real part, and of the imaginary one.
    static, moving : ndarray, shape (tone, harmonic)
        The same foretold, by the filter of the operating point and by the one that moves.
    """

    reference_: float
    responses: tuple
    current_: np.ndarray
    rate_: np.ndarray
    mean_: float
    amplitude_: float
    frequency_: np.ndarray
    measured: np.ndarray
    measured_sem: np.ndarray
    static: np.ndarray
    moving: np.ndarray
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        reference_=Number,
        responses=Many(Of("LinearResponse")),
        current_=Floats("current"),
        rate_=Floats("current"),
        mean_=Number,
        amplitude_=Number,
        frequency_=Floats("tone"),
        measured=Complexes("tone", "harmonic"),
        measured_sem=Floats("tone", "harmonic"),
        static=Complexes("tone", "harmonic"),
        moving=Complexes("tone", "harmonic"),
        provenance=Plain,
    )

    @cached_property
    def filter(self) -> MovingFilter:
        """The filter that moves."""
        return fit_moving(self.responses, self.reference_)

    @property
    def chance_(self) -> np.ndarray:
        """Mean square that chance in the measured harmonics makes, Hz^2, of every tone."""
        variance = self.measured_sem**2
        return variance[:, 0] + 4 * variance[:, 1:].sum(axis=1)

    @property
    def swing_(self) -> np.ndarray:
        """Mean square of the measured swing about its mean, Hz^2, of every tone."""
        return np.maximum(2 * (np.abs(self.measured[:, 1:]) ** 2).sum(axis=1) - self.chance_, 1e-12)

    def _error(self, foretold, tones=slice(None)):
        missed = power_of(foretold - self.measured) - self.chance_
        return float(np.sqrt(max(missed[tones].sum(), 0.0) / self.swing_[tones].sum()))

    @property
    def errors(self) -> Mapping[str, float]:
        """{"static", "moving"}: root mean square error over root mean square swing, chance taken out."""
        return {"static": self._error(self.static), "moving": self._error(self.moving)}

    @property
    def moves(self) -> bool:
        """Whether the filter that moves is nearer, by more than chance makes."""
        nearer = np.sum(power_of(self.static - self.measured) - power_of(self.moving - self.measured))
        # d nearer/d measured is twice the difference of both, twice that for harmonics of either sign
        apart = np.abs(self.static - self.moving) * self.measured_sem
        apart[:, 1:] *= 2
        return bool(nearer > SURE * 2 * np.sqrt(np.sum(apart**2)))

    @property
    def error(self) -> float:
        """Of the filter that is used."""
        return self.errors["moving" if self.moves else "static"]

    def to_frame(self) -> pandas.DataFrame:
        """One row a tone: its frequency, the errors of both filters, and the share of chance."""
        import pandas as pd

        tones = range(len(self.frequency_))
        return pd.DataFrame(
            {
                "frequency [Hz]": self.frequency_,
                "static": [self._error(self.static, [k]) for k in tones],
                "moving": [self._error(self.moving, [k]) for k in tones],
                "chance": np.sqrt(self.chance_ / self.swing_),
            }
        )

    def __repr__(self):
        filter_, missed = self.filter, {name: f"{100 * error:.0f} %" for name, error in self.errors.items()}
        return (
            f"MovingResponse({len(self.responses)} rates from {filter_.lowest_:.3g} to"
            f" {filter_.highest_:.3g} Hz, large currents missed by {missed['static']} (static) and"
            f" {missed['moving']} (moving), used: {'moving' if self.moves else 'static'})"
        )
