"""Activity: what both simulators return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import one_time, require, runs_of
from ..basics.display import number, sheet_html
from ..basics.errors import InputError
from ..basics.fields import Array, Either, Floats, Many, Mapped, Maybe, Number, Plain, Row, Text, Whole
from ..basics.frozen import FrozenDict, Record
from ..basics.units import with_units

if TYPE_CHECKING:
    from typing import Any

    import pandas
    from brian2 import Quantity

    from ..basics.types import QuantityLike

__all__ = ["Activity", "OUTSIDE_LIMIT", "both_kinds"]

#: Fraction of the time of a rate run beyond what was measured; the way up from silence is not counted against
#: it.
OUTSIDE_LIMIT = 0.1


def both_kinds(spikes, rates, verb):
    """A list of the spiking runs, once it is sure that neither they nor the rate run are the other."""
    require(rates, Activity, f"{verb}, rates")
    runs = runs_of(spikes, Activity, f"{verb}, spikes")
    kinds = [run.provenance.get("kind") for run in runs]
    if "rates" in kinds and (rates.provenance.get("kind") == "spikes" or rates.spikes_ is not None):
        raise InputError(
            f"{verb}, spikes and rates: got them swapped; call {verb}(spikes, rates, ...): first what"
            " simulate_spikes() gave, then what simulate_rates() gave"
        )
    if "rates" in kinds:
        raise InputError(
            f"{verb}, spikes: got a rate run, expected spiking runs; simulate_spikes(circuit, duration=...)"
            " makes one"
        )
    if rates.provenance.get("kind") == "spikes" or rates.spikes_ is not None:
        raise InputError(
            f"{verb}, rates: got a spiking run, expected a rate run; simulate_rates(reduced, duration=...)"
            " makes one"
        )
    return runs


#: A table of times or of rates.
_SERIES = Either(Array("f", "_entry"), Many(Number, "_entry"))


@dataclass(frozen=True, eq=False)
class Activity(Record):
    """Rates of populations over time.

    Attributes
    ----------
    populations : tuple of str
    t : Quantity, shape (time,)
        Centres of the time bins.
    rate : Quantity, shape (population, time)
        Spikes per cell and bin width; for a rate model its mean over the bin.
    spikes : mapping of str to (ndarray, Quantity), or None
        Cell indices and times of all spikes of a population; None in a rate run.
    conductances : mapping of str to Quantity, shape (cell, time), or None
        Synaptic conductance of the recorded cells of each pathway at `conductance_t`; None in a rate run.
    sizes : mapping of str to int
        Number of cells.
    bin : Quantity
    outside : mapping of str to float
        Of a rate run, the fraction of time that each population spent outside of what was measured, where its
        gain is extrapolated or its table answers with the nearest edge; empty for a spiking run.
    cell_rate : mapping of str to Quantity, shape (cell, block), or None
        Of a rate run with one unit a cell: mean rates of single cells over blocks of `cell_bin`.
    drives_ : mapping of (str, str) to float or (times, rates)
        Of a rate run, the rate of one input of each (drive, target) that it was run with: Hz, or a table in s
        and Hz.
    provenance : mapping
    """

    populations: tuple
    t_: np.ndarray
    rate_: np.ndarray
    bin_: float
    sizes: Mapping = field(default_factory=dict)
    spikes_: Mapping | None = None
    conductances_: Mapping | None = None
    conductance_t_: np.ndarray | None = None
    conductance_units: Mapping = field(default_factory=dict)
    provenance: Mapping = field(default_factory=dict)
    outside: Mapping = field(default_factory=dict)
    cell_rate_: Mapping | None = None
    cell_bin_: float | None = None
    drives_: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        populations=Many(Text, "population"),
        t_=Floats("time"),
        rate_=Floats("population", "time"),
        bin_=Number,
        sizes=Mapped(Text, Whole),
        spikes_=Maybe(Mapped(Text, Row(Array("iu", "_spike"), Array("f", "_spike")))),
        conductances_=Maybe(Mapped(Text, Array("f", "_cell", "sample"))),
        conductance_t_=Maybe(Array("f", "sample")),
        conductance_units=Mapped(Text, Text),
        provenance=Plain,
        outside=Mapped(Text, Number),
        cell_rate_=Maybe(Mapped(Text, Array("f", "_cell", "block"))),
        cell_bin_=Maybe(Number),
        drives_=Mapped(Row(Text, Text), Either(Number, Row(_SERIES, _SERIES))),
    )

    t = property(lambda self: with_units(self.t_, "s"))
    rate = property(lambda self: with_units(self.rate_, "Hz"))
    bin = property(lambda self: with_units(self.bin_, "s"))

    @property
    def spikes(self) -> Mapping[str, tuple[np.ndarray, Quantity]] | None:
        """{population: (cell indices, times)}, or None."""
        return (
            None
            if self.spikes_ is None
            else {name: (i, with_units(t, "s")) for name, (i, t) in self.spikes_.items()}
        )

    @property
    def conductances(self) -> Mapping[str, Quantity] | None:
        """{pathway: (cell, time)}, or None."""
        if self.conductances_ is None:
            return None
        return {
            label: with_units(values, self.conductance_units[label])
            for label, values in self.conductances_.items()
        }

    @property
    def conductance_t(self) -> Quantity | None:
        """Times at which the conductances were recorded."""
        return None if self.conductance_t_ is None else with_units(self.conductance_t_, "s")

    @property
    def duration_(self) -> float:
        """Length of the run, s."""
        return float(self.t_[-1] + self.bin_ / 2)

    def mean(self, after: Any = None) -> pandas.Series:
        """Mean rate of each population, Hz.

        Parameters
        ----------
        after : Quantity, optional
            Leave out the bins before this time.

        Returns
        -------
        pandas.Series
        """
        import pandas as pd

        after_ = 0.0 if after is None else one_time(after, "after")
        inside = self.t_ > after_
        if not inside.any():
            raise InputError(f"after: got {after}, but the run ends at {self.duration_:g} s")
        return pd.Series(
            self.rate_[:, inside].mean(axis=1),
            index=pd.Index(self.populations, name="population"),
            name="rate [Hz]",
        )

    @property
    def cell_rate(self) -> Mapping[str, Quantity] | None:
        """{population: (cell, block)}, or None."""
        return (
            None
            if self.cell_rate_ is None
            else {name: with_units(rate.astype(float), "Hz") for name, rate in self.cell_rate_.items()}
        )

    def cell_means_(self, after: QuantityLike | None = None) -> Any:
        """{population: mean rate of every cell in Hz}, from spikes or from the rates of cells.

        Parameters
        ----------
        after : Quantity, optional
            Leave out the time before; whole blocks of a rate run.

        Raises
        ------
        InputError
            If the run has neither spikes nor rates of cells.
        """
        after_ = 0.0 if after is None else one_time(after, "after")
        if not after_ < self.duration_:
            raise InputError(f"after: got {after}, but the run ends at {self.duration_:g} s")
        if self.spikes_ is not None:
            return {
                name: np.bincount(i[t >= after_], minlength=self.sizes[name]) / (self.duration_ - after_)
                for name, (i, t) in self.spikes_.items()
            }
        if self.cell_rate_ is None or self.cell_bin_ is None:
            raise InputError(
                "the run has one unit a population, expected spikes, or a rate run of reduce(..., cells=True)"
            )
        first = {
            name: min(int(np.ceil(after_ / self.cell_bin_ - 1e-9)), rate.shape[1] - 1)
            for name, rate in self.cell_rate_.items()
        }
        return {
            name: rate[:, first[name] :].mean(axis=1, dtype=float) for name, rate in self.cell_rate_.items()
        }

    def smooth(self, width: QuantityLike) -> Activity:
        """Rates smoothed by a Gaussian of this standard deviation; an Activity."""
        from dataclasses import replace

        from scipy.ndimage import gaussian_filter1d

        width_ = one_time(width, "width")
        if not width_ > 0:
            raise InputError(f"width: got {width}, expected a time above 0 s")
        return replace(self, rate_=gaussian_filter1d(self.rate_, width_ / self.bin_, axis=1, mode="reflect"))

    def to_xarray(self) -> Any:
        """The rates, and what was recorded of cells, as an `xarray.Dataset` in SI units (needs xarray)."""
        from ..basics.labelled import activity_dataset

        return activity_dataset(self)

    def to_neo(self) -> Any:
        """The spikes as a `neo.Segment`: one SpikeTrain a cell, annotated with its population and number
        (needs neo).

        Raises
        ------
        InputError
            If this is a rate run, or neo is not installed.
        """
        from ..basics.labelled import neo_segment

        return neo_segment(self)

    def __repr__(self):
        means = ", ".join(f"{name} {rate:.3g} Hz" for name, rate in self.mean().items())
        return f"Activity({self.duration_:g} s: {means}{'' if self.spikes_ is None else '; spikes'})"

    def _repr_html_(self):
        kind = {"spikes": "spiking run", "rates": "rate run"}.get(self.provenance.get("kind"), "run")
        counts = [] if self.spikes_ is None else [len(i) for i, _ in self.spikes_.values()]
        rows = [
            (
                name,
                self.sizes.get(name, ""),
                number(rate),
                *([count] if counts else []),
                *([f"{100 * self.outside[name]:.0f} %"] if name in self.outside else []),
            )
            for (name, rate), count in zip(self.mean().items(), counts or [""] * len(self.populations))
        ]
        columns = (
            "population",
            "cells",
            "mean rate (Hz)",
            *(["spikes"] if counts else []),
            *(["outside of what was measured"] if self.outside else []),
        )
        said = [f"{key} {self.provenance[key]}" for key in ("circuit", "seed") if key in self.provenance]
        return sheet_html(
            columns,
            rows,
            f"{kind}, {self.duration_:g} s in bins of {1e3 * self.bin_:g}"
            f" ms{'; ' + ', '.join(said) if said else ''}",
        )
