"""States at which a rate model rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.display import amount, number, sheet_html
from ..basics.fields import Complexes, Flag, Many, Mapped, Maybe, Measured, Of, Text
from ..basics.frozen import FrozenDict, FrozenList, Record
from ..basics.units import with_units

if TYPE_CHECKING:
    from typing import Any

    from brian2 import Quantity

__all__ = ["FixedPoint", "FixedPoints"]


@dataclass(frozen=True, eq=False)
class FixedPoint(Record):
    """Rates at which a rate model stays, and what small changes of them do.

    Attributes
    ----------
    rates : mapping of str to Quantity
    eigenvalues_ : ndarray of complex, shape (state,)
        1/s, of the rate equations linearised there, the largest real part first.
    kind : str
        "stable node", "stable focus", "saddle", "unstable node", "unstable focus" or "marginal". A focus
        spirals.
    outside : tuple of str
        Populations for which the point lies outside of what was measured.
    """

    rates: FrozenDict
    eigenvalues_: np.ndarray
    kind: str
    outside: tuple = ()

    FIELDS = FrozenDict(
        rates=Mapped(Text, Measured("Hz")), eigenvalues_=Complexes("state"), kind=Text, outside=Many(Text)
    )

    @property
    def stable(self) -> bool:
        """Whether all small changes die away."""
        return self.kind.startswith("stable")

    @property
    def oscillatory(self) -> bool:
        """Whether the slowest or growing changes oscillate."""
        return self.kind.endswith("focus")

    @property
    def eigenvalues(self) -> Quantity:
        """Eigenvalues as a Quantity."""
        return with_units(self.eigenvalues_, "Hz")

    @property
    def rates_(self) -> Any:
        """{population: rate in Hz}."""
        return {name: float(np.asarray(rate)) for name, rate in self.rates.items()}

    @property
    def time_constant(self) -> float:
        """Of the slowest decay or the fastest growth, s; infinite where marginal."""
        largest = abs(self.eigenvalues_[0].real)
        return with_units(1 / largest if largest > 0 else np.inf, "s")

    @property
    def frequency(self) -> Any:
        """Of the leading mode, Hz; 0 where it does not oscillate."""
        return with_units(abs(self.eigenvalues_[0].imag) / (2 * np.pi), "Hz")

    def __repr__(self):
        rates = ", ".join(f"{name} {rate:.4g} Hz" for name, rate in self.rates_.items())
        return f"FixedPoint({rates}; {self.kind})"

    @property
    def _row(self):
        """What one wants to know of it, for people: as in `FixedPoints`."""
        return (
            *(number(rate) for rate in self.rates_.values()),
            self.kind,
            amount(self.time_constant, "s"),
            amount(self.frequency, "Hz") if self.oscillatory else "",
            ", ".join(self.outside),
        )

    def _repr_html_(self):
        return FixedPoints([self])._repr_html_()


class FixedPoints(FrozenList):
    """FixedPoint of a rate model, the lowest summed rate first.

    Attributes
    ----------
    complete : bool or None
        Whether these are all: True where every set of firing units was tried, or where gains are bounded and
        the indices sign(det(1 - d rates/d rates)) of all points add up to 1, as they must (degree theory);
        pairs of points whose indices cancel could still be missing. False where they do not add up, so that
        more exist. None where this cannot be told.
    """

    FIELDS = FrozenDict(points=Many(Of("FixedPoint")), complete=Maybe(Flag))

    def __init__(self, points=(), complete=None):
        super().__init__(points)
        self.complete = complete

    points = property(tuple, doc="The points as a tuple.")

    def parts(self) -> Any:
        """What the constructor takes, to write and to pickle it."""
        return {"points": self.points, "complete": self.complete}

    def __reduce__(self):
        return FixedPoints, (self.points, self.complete)

    @property
    def columns(self) -> Any:
        """Names of the columns of `rows`."""
        names = self[0].rates_ if self else ()
        return (
            *(f"{name} (Hz)" for name in names),
            "kind",
            "time constant",
            "oscillates at",
            "outside of what was measured",
        )

    @property
    def rows(self) -> Any:
        """One row of texts a point, in units of the field."""
        return [point._row for point in self]

    def _repr_html_(self):
        said = {True: "these are all", False: "there are more than these", None: ""}[self.complete]
        return (
            sheet_html(self.columns, self.rows, f"fixed points{f' ({said})' if said else ''}")
            if self
            else "<p>no fixed point</p>"
        )
