"""The f-I surface.

Firing rate over mean input current and total leak conductance, with or without synaptic noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..basics.errors import InputError
from ..basics.fields import Flag, Floats, Many, Plain, Text
from ..basics.frozen import FrozenDict, Record, put, read_only
from ..basics.units import with_units
from .recorded_surface import parts_of_frame
from .recordings import read_recording
from .silences import silences
from .surface_text import html_of, line_of, sheet_of, summary_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pandas

    from ..basics.types import PathLike, QuantityLike

__all__ = ["FISurface"]


@dataclass(frozen=True, eq=False)
class FISurface(Record):
    """Firing rates over a grid of mean current and total leak conductance.

    Attributes with a trailing underscore are SI floats; without it they carry units. Arrays are read-only.

    Attributes
    ----------
    I, g : Quantity, shapes (I,) and (g,)
        Axes: mean current with all driving forces taken from the leak reversal, and mean total leak-like
        conductance. The means of the noise are part of both.
    rate : Quantity, shape (I, g)
        Sustained rate, Hz.
    rate_sem : Quantity, shape (I, g)
        Standard error of the rate: over replicates with noise, the resolution of the time grid without.
    onset_rate : Quantity, shape (I, g)
        One over the first interval; NaN below two spikes.
    cv : ndarray, shape (I, g)
        Coefficient of variation of the intervals; NaN below two intervals.
    time : Quantity, shape (I, g)
        Simulated time that each point took, all replicates together; NaN for recorded data.
    blocked : ndarray of bool, shape (I, g)
        Points at the upper end of a curve that are silent, or below half of the highest rate at smaller
        currents, and the way down to them: depolarisation block. Told from the rates themselves; fits leave
        them out and say so.
    provenance : mapping
        What was run: model and its hash, noise, dt, duration, replicates, seed, engine, versions.
    check : mapping
        A seeded sample of the points again with rk4 at half the step: how many cells, the relative
        difference, its standard error, what the rates may err by for it, and at which rate. Empty for
        recorded data, and where no native engine could run it.
    warnings : tuple of str
        What must be known before the rates are used: of their accuracy, and of what was assumed when recorded
        data were read.
    """

    I_: np.ndarray
    g_: np.ndarray
    rate_: np.ndarray
    rate_sem_: np.ndarray = None  # type: ignore[assignment]  # filled when it is made
    onset_rate_: np.ndarray = None  # type: ignore[assignment]  # filled when it is made
    cv_: np.ndarray = None  # type: ignore[assignment]  # filled when it is made
    time_: np.ndarray = None  # type: ignore[assignment]  # filled when it is made
    per_area: bool = False
    provenance: Mapping = field(default_factory=dict)
    check: Mapping = field(default_factory=dict)
    warnings: tuple = ()

    if TYPE_CHECKING:  # set when it is made
        blocked: ClassVar[np.ndarray]

    FIELDS = FrozenDict(
        I_=Floats("I"),
        g_=Floats("g"),
        rate_=Floats("I", "g"),
        rate_sem_=Floats("I", "g"),
        onset_rate_=Floats("I", "g"),
        cv_=Floats("I", "g"),
        time_=Floats("I", "g"),
        per_area=Flag,
        provenance=Plain,
        check=Plain,
        warnings=Many(Text),
    )

    def __post_init__(self):
        for name in ("rate_sem_", "onset_rate_", "cv_", "time_"):
            if getattr(self, name) is None:
                put(self, **{name: np.full((len(self.I_), len(self.g_)), np.nan)})
        super().__post_init__()
        put(self, blocked=read_only(silences(self.rate_, self.rate_sem_)[0]))

    @property
    def current_unit(self) -> str:
        """``"A"`` or ``"A/m^2"``."""
        return "A/m^2" if self.per_area else "A"

    @property
    def conductance_unit(self) -> str:
        """``"S"`` or ``"S/m^2"``."""
        return "S/m^2" if self.per_area else "S"

    I = property(lambda self: with_units(self.I_, self.current_unit))
    g = property(lambda self: with_units(self.g_, self.conductance_unit))
    rate = property(lambda self: with_units(self.rate_, "Hz"))
    rate_sem = property(lambda self: with_units(self.rate_sem_, "Hz"))
    onset_rate = property(lambda self: with_units(self.onset_rate_, "Hz"))
    cv = property(lambda self: self.cv_)
    time = property(lambda self: with_units(self.time_, "s"))

    def to_frame(self) -> pandas.DataFrame:
        """Tidy DataFrame, one row a point, SI units in the column names."""
        import pandas as pd

        I_, g_ = np.meshgrid(self.I_, self.g_, indexing="ij")
        return pd.DataFrame(
            {
                f"I [{self.current_unit}]": I_.ravel(),
                f"g [{self.conductance_unit}]": g_.ravel(),
                "rate [Hz]": self.rate_.ravel(),
                "rate_sem [Hz]": self.rate_sem_.ravel(),
                "onset_rate [Hz]": self.onset_rate_.ravel(),
                "cv": self.cv_.ravel(),
                "time [s]": self.time_.ravel(),
            }
        )

    @classmethod
    def from_frame(
        cls,
        frame: pandas.DataFrame,
        provenance: Mapping[str, Any] | None = None,
        *,
        added: bool = False,
        g_L: QuantityLike | None = None,
        E_L: QuantityLike | None = None,
        E_added: QuantityLike | None = None,
        repeats: Any = None,
    ) -> FISurface:
        """Build from recorded data.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row a point, with a current, a conductance and a rate, each with its unit in the header (``"I
            [pA]"``, ``"g (nS)"``, ``"rate_Hz"``, ``"I [uA/cm^2]"``: any unit of the right kind) or in every
            cell (``"120 pA"``); optionally ``rate_sem``, ``onset_rate``, ``cv``, ``time [s]``. Pairs that are
            missing become NaN. Axis values within 1e-9 of one another are one.
        provenance : dict, optional
            What else is known of the data, kept with the surface.
        added : bool
            The current is what was injected and the conductance what was added to the cell, as a dynamic
            clamp has them: they become ``I + g (E_added - E_L)`` and ``g_L + g``.
        g_L, E_L : Quantity, optional
            With `added`: conductance of the cell itself and its reversal.
        E_added : Quantity, optional
            With `added`: reversal of the added conductance; by default what a column ``E_added [mV]`` says,
            else E_L, with a warning.
        repeats : None, "average" or "refuse"
            Rows of one pair (I, g) are averaged, and `rate_sem` is their scatter over the square root of
            their number (or what their own standard errors give, if that is more). None refuses where a
            column such as "cell" or "drug" says that they are of different things; "average" does not look.

        Raises
        ------
        InputError
            If a column or its unit is missing or a cell cannot be read; the message names column and row.
        """
        return cls(**parts_of_frame(frame, provenance, added, g_L, E_L, E_added, repeats))

    @classmethod
    def from_csv(cls, path: PathLike, provenance: Mapping[str, Any] | None = None, **arguments) -> FISurface:
        """Build from a file of recorded data, as spreadsheets and acquisition programs write them.

        Semicolons, tabs, commas, bars or blanks between columns; decimal points or commas; UTF-8, UTF-16 or
        what Windows writes. What cannot be told is refused by line and column (the rules stand in
        `b2reduce.cells.recordings`).

        Parameters
        ----------
        path : str or path
        provenance : dict, optional
        **arguments
            Those of `from_frame`: added, g_L, E_L, E_added, repeats.

        Raises
        ------
        InputError
            If the file cannot be read, or holds what `from_frame` refuses.
        """
        try:
            frame = read_recording(path)
            return cls.from_frame(frame, {"file": str(path), **(provenance or {})}, **arguments)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def from_abf(
        cls,
        path: PathLike | Sequence[PathLike],
        *,
        g_L: QuantityLike | None = None,
        E_L: QuantityLike | None = None,
        **arguments,
    ) -> FISurface:
        """Build from current-clamp or dynamic-clamp sweeps in ABF files (needs ``b2reduce[recordings]``).

        Short for ``read_sweeps(path, **arguments).to_surface(g_L=g_L, E_L=E_L)``: the recording in between
        shows which spikes were found in which steps.

        Parameters
        ----------
        path : path or list of them
            Of one cell.
        g_L, E_L : Quantity, optional
            Of the cell itself; by default from the steps below threshold.
        **arguments
            Those of `read_sweeps`: g_added, E_added, voltage, command, window, junction, threshold, ...
        """
        from .sweeps.read import read_sweeps

        return read_sweeps(path, **arguments).to_surface(g_L=g_L, E_L=E_L)

    @classmethod
    def from_nwb(
        cls,
        path: PathLike | Sequence[PathLike],
        *,
        g_L: QuantityLike | None = None,
        E_L: QuantityLike | None = None,
        **arguments,
    ) -> FISurface:
        """Build from sweeps in NWB files, of versions 1 and 2: the same as `from_abf`."""
        return cls.from_abf(path, g_L=g_L, E_L=E_L, **arguments)

    def to_xarray(self) -> Any:
        """The surface as an `xarray.Dataset` over I and g, SI units (needs xarray)."""
        from ..basics.labelled import surface_dataset

        return surface_dataset(self)

    def sheet(
        self, most_currents: int = 12, most_conductances: int = 6
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """(columns, rows) of texts in units of the field, a row a current, for people.

        Of more than the most evenly spaced ones.
        """
        return sheet_of(self, most_currents, most_conductances)

    @property
    def summary(self) -> Any:
        """(columns, rows) of texts in units of the field, a row a conductance.

        From where on it fires, and how fast.
        """
        return summary_of(self)

    def _repr_html_(self):
        return html_of(self)

    def __repr__(self):
        return line_of(self)
