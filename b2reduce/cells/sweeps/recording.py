"""A recording of sweeps, and the f-I surface that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...basics.display import amount, frame_sheet, sheet_html
from ...basics.fields import Array, Floats, Many, Number, Of, Plain, Row, Table, Text, Whole
from ...basics.frozen import FrozenDict, Record
from ...basics.units import with_units

if TYPE_CHECKING:
    from typing import Any

    import pandas

    from ...basics.types import QuantityLike
    from ..surface import FISurface

__all__ = ["COLUMNS", "Sweep", "SweepRecording"]

#: Of `SweepRecording.table`.
COLUMNS = (
    "file",
    "sweep",
    "I [A]",
    "g_added [S]",
    "start [s]",
    "stop [s]",
    "spikes",
    "rate [Hz]",
    "rate_sem [Hz]",
    "onset_rate [Hz]",
    "cv",
    "adaptation",
    "rest [V]",
    "plateau [V]",
    "onset [V]",
    "blocked",
)


@dataclass(frozen=True, eq=False)
class Sweep(Record):
    """One sweep with its step.

    Attributes
    ----------
    file, channel : str
    number : int
        As the acquisition program shows it.
    voltage, command : Quantity
        Membrane potential, without the liquid junction's, and the current that was asked for or measured.
    sampling : Quantity
        Samples a second.
    window : (float, float)
        Start and stop of the step in s from the start of the sweep.
    I, holding : Quantity
        Mean injected current within the step and before it, that of the amplifier's holding included.
    g_added : Quantity
        Added conductance.
    spikes : Quantity
        Times of all spikes from the start of the sweep.
    """

    file: str
    number: int
    channel: str
    voltage_: np.ndarray
    command_: np.ndarray
    sampling_: float
    window: tuple
    I_: float
    holding_: float
    g_added_: float
    spikes_: np.ndarray

    FIELDS = FrozenDict(
        file=Text,
        number=Whole,
        channel=Text,
        # Half of the memory, and finer than any digitizer
        voltage_=Array("f", "_t", dtype=np.float32),
        command_=Array("f", "_t", dtype=np.float32),
        sampling_=Number,
        window=Row(Number, Number),
        I_=Number,
        holding_=Number,
        g_added_=Number,
        spikes_=Floats("_spike"),
    )

    voltage = property(lambda self: with_units(self.voltage_, "V"))
    command = property(lambda self: with_units(self.command_, "A"))
    sampling = property(lambda self: with_units(self.sampling_, "Hz"))
    I = property(lambda self: with_units(self.I_, "A"))
    holding = property(lambda self: with_units(self.holding_, "A"))
    g_added = property(lambda self: with_units(self.g_added_, "S"))
    spikes = property(lambda self: with_units(self.spikes_, "s"))

    @property
    def t_(self) -> np.ndarray:
        """Times of the samples, s."""
        return np.arange(self.voltage_.size) / self.sampling_

    def __repr__(self):
        return (
            f"Sweep({self.file}, {self.number}: {amount(self.I_, 'A')} from {self.window[0]:.4g} to"
            f" {self.window[1]:.4g} s, {self.spikes_.size} spikes)"
        )


@dataclass(frozen=True, eq=False)
class SweepRecording(Record):
    """Sweeps of one cell in current clamp or dynamic clamp: what `read_sweeps` gives.

    Attributes
    ----------
    sweeps : tuple of Sweep
    table : pandas.DataFrame
        One row a sweep: current, added conductance, step, number of spikes, steady rate with its standard
        error, onset rate (one over the first interval), coefficient of variation, adaptation (difference of
        neighbouring intervals over their sum), voltages before the step, in its steady part and where spikes
        take off, and whether the cell is blocked (silent at a voltage from which spikes take off). SI units.
    g_L, E_L, g_L_sem, E_L_sem : Quantity
        Conductance of the cell itself and its reversal, from the subthreshold steps, with standard errors;
        NaN where these do not say.
    bridge, bridge_sem : Quantity
        Voltage that jumps with the current at edges of steps, per current: series resistance that the bridge
        left (negative where it took too much), or what neurites charge too fast to be told from it.
    E_added : Quantity
        Reversal of the added conductance, NaN where none was given.
    left_out : tuple of str
        Sweeps that were not used, and why.
    settings : mapping
        How spikes were found and rates read.
    warnings : tuple of str
    provenance : mapping
    """

    sweeps: tuple
    table: pandas.DataFrame
    g_L_: float = np.nan
    g_L_sem_: float = np.nan
    E_L_: float = np.nan
    E_L_sem_: float = np.nan
    bridge_: float = np.nan
    bridge_sem_: float = np.nan
    E_added_: float = np.nan
    left_out: tuple = ()
    settings: Mapping = field(default_factory=dict)
    warnings: tuple = ()
    provenance: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        sweeps=Many(Of("Sweep")),
        table=Table(*COLUMNS),
        g_L_=Number,
        g_L_sem_=Number,
        E_L_=Number,
        E_L_sem_=Number,
        bridge_=Number,
        bridge_sem_=Number,
        E_added_=Number,
        left_out=Many(Text),
        settings=Plain,
        warnings=Many(Text),
        provenance=Plain,
    )

    g_L = property(lambda self: with_units(self.g_L_, "S"))
    g_L_sem = property(lambda self: with_units(self.g_L_sem_, "S"))
    E_L = property(lambda self: with_units(self.E_L_, "V"))
    E_L_sem = property(lambda self: with_units(self.E_L_sem_, "V"))
    bridge = property(lambda self: with_units(self.bridge_, "ohm"))
    bridge_sem = property(lambda self: with_units(self.bridge_sem_, "ohm"))
    E_added = property(lambda self: with_units(self.E_added_, "V"))

    def to_surface(
        self,
        *,
        g_L: QuantityLike | None = None,
        E_L: QuantityLike | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> FISurface:
        """The steady rates as an f-I surface over mean current and total leak.

        Parameters
        ----------
        g_L, E_L : Quantity, optional
            Of the cell itself; by default those of the subthreshold steps, which the surface's warnings say.
        provenance : dict, optional
            What else is known, kept with the surface.

        Returns
        -------
        FISurface
            The current is I + g_added (E_added - E_L), the leak g_L + g_added. Sweeps of one point are
            averaged.

        Raises
        ------
        InputError
            If g_L or E_L is neither given nor in the recording.
        """
        from .points import surface_of

        return surface_of(self, g_L, E_L, provenance)

    @property
    def cell(self) -> str:
        """What the subthreshold steps say of the cell, in a line."""
        if not np.isfinite(self.g_L_):
            return "no subthreshold step says what g_L and E_L are"
        return (
            f"g_L = {amount(self.g_L_, 'S', self.g_L_sem_)}, E_L = {amount(self.E_L_, 'V', self.E_L_sem_)}"
            + (
                f", bridge {amount(self.bridge_, 'ohm', self.bridge_sem_)}"
                if np.isfinite(self.bridge_)
                else ""
            )
        )

    def _repr_html_(self):
        return sheet_html(*frame_sheet(self.table), f"{len(self.sweeps)} sweeps: {self.cell}", self.warnings)

    def __repr__(self):
        said = f"; warnings: {'; '.join(self.warnings)}" if self.warnings else ""
        return f"SweepRecording({len(self.sweeps)} sweeps, {self.cell}{said})"
