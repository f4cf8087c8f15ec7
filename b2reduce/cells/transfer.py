"""Transfer functions: the rate of a cell over the rates of its presynaptic inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..basics.display import sheet_html
from ..basics.errors import InputError
from ..basics.fields import Array, Flag, Floats, Many, Mapped, Number, Plain, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units

if TYPE_CHECKING:
    from typing import Any

    import pandas

__all__ = ["TransferFunction"]

_GRIDS = ("rate_", "rate_sem_", "cv_", "I_", "g_", "time_")


@dataclass(frozen=True, eq=False)
class TransferFunction(Record):
    """Firing rates over a grid of presynaptic rates.

    Attributes with a trailing underscore are SI floats; without it they carry units. Arrays are read-only.
    The axes of all grids are the presynaptic rates, in the order of `rates`.

    Attributes
    ----------
    rates : dict of str to Quantity
        Axes: the rate of one input of each drive that was varied.
    rate, rate_sem : Quantity, shape (first drive, second drive, ...)
        Rate of the cell, and its standard error over replicates.
    cv : ndarray, same shape
        Coefficient of variation of the intervals; NaN below two intervals.
    I, g : Quantity, same shape
        Mean current (driving forces taken from the leak reversal) and mean total leak that the drives make:
        the coordinates of the same points on an f-I surface.
    time : Quantity, same shape
        Simulated time that each point took, all replicates together.
    provenance : mapping
        What was run: model and its hash, drives, dt, duration, replicates, seed, engine, versions.
    check : mapping
        A sample of the cells again with rk4 at half the step, as in `FISurface`.
    warnings : tuple of str
        What must be known before the rates are used.
    top_ : float
        Hz; up to here the rates are precise enough to be smoothed (NaN: none was stated).
    between : mapping
        Cells simulated between the points of the grid, which what is interpolated there is held against:
        ``rates``, shape (point, axis), ``rate`` and ``rate_sem``, Hz; empty if there are none.
    spread : mapping
        Standard deviation over cells of what they get of every drive, over its mean: rates on the grid are
        those of cells that get the same, what is interpolated is the mean over cells. Empty where they do.
    """

    rates_: Mapping
    rate_: np.ndarray
    rate_sem_: np.ndarray
    cv_: np.ndarray
    I_: np.ndarray
    g_: np.ndarray
    time_: np.ndarray
    per_area: bool = False
    provenance: Mapping = field(default_factory=dict)
    check: Mapping = field(default_factory=dict)
    warnings: tuple = ()
    top_: float = np.nan
    between: Mapping = field(default_factory=dict)
    spread: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        rates_=Mapped(Text, Floats("_rate")),
        **{name: Array("f", None, dtype=float) for name in _GRIDS},
        per_area=Flag,
        provenance=Plain,
        check=Plain,
        warnings=Many(Text),
        top_=Number,
        between=Mapped(Text, Array("f", None, dtype=float)),
        spread=Mapped(Text, Number),
    )

    def __post_init__(self):
        super().__post_init__()
        shape = tuple(values.size for values in self.rates_.values())
        for name in _GRIDS:
            if getattr(self, name).shape != shape:
                raise InputError(
                    f"{name.rstrip('_')}: got the shape {getattr(self, name).shape}, expected {shape}: one"
                    " value for every combination of rates"
                )

    _area = property(lambda self: "/m^2" if self.per_area else "")
    rates = property(lambda self: {name: with_units(values, "Hz") for name, values in self.rates_.items()})
    rate = property(lambda self: with_units(self.rate_, "Hz"))
    rate_sem = property(lambda self: with_units(self.rate_sem_, "Hz"))
    cv = property(lambda self: self.cv_)
    I = property(lambda self: with_units(self.I_, f"A{self._area}"))
    g = property(lambda self: with_units(self.g_, f"S{self._area}"))
    time = property(lambda self: with_units(self.time_, "s"))

    def to_frame(self) -> pandas.DataFrame:
        """Tidy DataFrame, one row a point, SI units in the column names.

        Presynaptic rates as ``"r_<drive> [Hz]"``.
        """
        import pandas as pd

        columns = {
            f"r_{name} [Hz]": grid.ravel()
            for name, grid in zip(self.rates_, np.meshgrid(*self.rates_.values(), indexing="ij"))
        }
        labels = ("rate [Hz]", "rate_sem [Hz]", "cv", f"I [A{self._area}]", f"g [S{self._area}]", "time [s]")
        return pd.DataFrame(
            columns | {label: getattr(self, name).ravel() for label, name in zip(labels, _GRIDS)}
        )

    def to_xarray(self) -> Any:
        """The transfer function as an `xarray.Dataset` over the presynaptic rates, in SI (needs xarray)."""
        from ..basics.labelled import transfer_dataset

        return transfer_dataset(self)

    def _repr_html_(self):
        rows = [
            (name, values.size, f"{values[0]:.4g} to {values[-1]:.4g}")
            for name, values in self.rates_.items()
        ]
        return sheet_html(
            ("source", "rates", "range (Hz)"),
            rows,
            f"transfer function of {self.provenance.get('model') or 'a cell'}: {self.rate_.min():.3g} to"
            f" {self.rate_.max():.3g} Hz",
            self.warnings,
        )

    def __repr__(self):
        axes = " x ".join(f"{values.size} rates of {name}" for name, values in self.rates_.items())
        return f"TransferFunction({axes}, {self.rate_.min():.3g}-{self.rate_.max():.3g} Hz)"
