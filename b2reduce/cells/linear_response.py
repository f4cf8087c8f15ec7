"""The linear response of a population of cells to a modulated current."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..basics.fields import Complexes, Flag, Floats, Number, Plain
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units
from .filters import FILTERS, fit_filter

if TYPE_CHECKING:
    import pandas

    from .filters import RateFilter

__all__ = ["LinearResponse"]


@dataclass(frozen=True, eq=False)
class LinearResponse(Record):
    """How the rate of a cell in noise follows small changes of its mean current.

    r(t) = r_0 + Re[gain(f) A exp(2 pi i f t)] for I(t) = I + A cos(2 pi f t): a rate that comes late has a
    negative phase.

    Attributes
    ----------
    frequency : Quantity, shape (frequency,)
        The first is 0: a constant change.
    gain : ndarray of complex, shape (frequency,)
        SI, Hz/A or Hz m^2/A.
    gain_sem : ndarray
        Standard error of the real part, and of the imaginary one.
    rate, rate_sem : Quantity
        Without modulation (the mean of both signs of it).
    I, g : Quantity
        Mean current and mean total leak.
    modulation : Quantity
        Amplitude of each frequency.
    filters : dict of str to RateFilter
        Fits of "first", "lead" and "second" order.
    best : RateFilter
        The one of lowest AIC.
    provenance : mapping
    """

    frequency_: np.ndarray
    gain: np.ndarray
    gain_sem: np.ndarray
    rate_: float
    rate_sem_: float
    I_: float
    g_: float
    modulation_: float
    per_area: bool = False
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        frequency_=Floats("frequency"),
        gain=Complexes("frequency"),
        gain_sem=Floats("frequency"),
        **dict.fromkeys(("rate_", "rate_sem_", "I_", "g_", "modulation_"), Number),
        per_area=Flag,
        provenance=Plain,
    )

    _area = property(lambda self: "/m^2" if self.per_area else "")
    frequency = property(lambda self: with_units(self.frequency_, "Hz"))
    rate = property(lambda self: with_units(self.rate_, "Hz"))
    rate_sem = property(lambda self: with_units(self.rate_sem_, "Hz"))
    I = property(lambda self: with_units(self.I_, f"A{self._area}"))
    g = property(lambda self: with_units(self.g_, f"S{self._area}"))
    modulation = property(lambda self: with_units(self.modulation_, f"A{self._area}"))

    @cached_property
    def filters(self) -> Mapping[str, RateFilter]:
        """{form: RateFilter}."""
        return {form: fit_filter(self.frequency_, self.gain, self.gain_sem, form) for form in FILTERS}

    @property
    def best(self) -> RateFilter:
        """The filter of lowest AIC."""
        return min(self.filters.values(), key=lambda found: found.aic)

    def to_frame(self) -> pandas.DataFrame:
        """One row a frequency.

        Gain without its phase, its standard error, the phase in degrees, and the fits.
        """
        import pandas as pd

        unit = "Hz m^2/A" if self.per_area else "Hz/A"
        fits = {
            f"{form}, {part}": function(found.gain * found(self.frequency_))
            for form, found in self.filters.items()
            for part, function in (
                (f"|gain| [{unit}]", np.abs),
                ("phase [deg]", lambda values: np.degrees(np.angle(values))),
            )
        }
        return pd.DataFrame(
            {
                "frequency [Hz]": self.frequency_,
                f"|gain| [{unit}]": np.abs(self.gain),
                f"gain_sem [{unit}]": self.gain_sem,
                "phase [deg]": np.degrees(np.angle(self.gain)),
                **fits,
            }
        )

    def __repr__(self):
        best = self.best
        found = ", ".join(f"{name} {value:.3g}" for name, value in zip(best.names, best.values))
        return (
            f"LinearResponse({self.rate_:.3g} Hz, {self.frequency_.size} frequencies up to"
            f" {self.frequency_[-1]:g} Hz, best filter {best.form}: {found} in SI)"
        )
