"""From files of recordings to a `SweepRecording`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...basics.arguments import described, one_of, one_value
from ...basics.errors import InputError
from .analysis import recording_of
from .gathering import Reading, added_of, currents_of, gathered, numbers_of, paths_of, window_of
from .spikes import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...basics.types import ArrayQuantity, PathLike, QuantityLike
    from .recording import SweepRecording

__all__ = ["read_sweeps"]

METHODS = ("threshold", "efel")


def read_sweeps(
    paths: PathLike | Sequence[PathLike],
    *,
    voltage: str | int | None = None,
    command: str | int | None = None,
    voltage_unit: str | None = None,
    command_unit: str | None = None,
    currents: ArrayQuantity | None = None,
    window: tuple[QuantityLike, QuantityLike] | None = None,
    holding: QuantityLike | None = None,
    junction: QuantityLike = "0 mV",
    g_added: Any = None,
    g_channel: str | int | None = None,
    E_added: QuantityLike | None = None,
    sweeps: Sequence[int] | None = None,
    protocol: str | None = None,
    spikes: str = "threshold",
    threshold: QuantityLike = "-20 mV",
    slope: QuantityLike = "20 V/second",
    refractory: QuantityLike = "1 ms",
    steady: float = 0.5,
) -> SweepRecording:
    """Read current-clamp or dynamic-clamp sweeps of one cell, and find the spikes in them.

    Parameters
    ----------
    paths : path or list of them
        Files ending in ``.abf`` (ABF1 and ABF2, episodic or gap-free) or ``.nwb`` (1 and 2), of one cell.
    voltage : str, int
        Channel of an ABF file, by name or number from 0, or electrode of an NWB file; by default the
        only one.
    command : str, int
        Where the injected current is read: a DAC or a recorded channel of an ABF file; by default the DAC
        whose unit is a current, else the recorded channel.
    voltage_unit, command_unit : str
        What the numbers are, such as ``"mV"``, where a file says it wrongly.
    currents : Quantity
        Mean current of each sweep, where no file says it; with `window`.
    window : (Quantity, Quantity)
        Start and stop of the step; by default what the command says.
    holding : Quantity
        Current that the amplifier adds and the files do not say; part of all currents.
    junction : Quantity
        Liquid junction potential, which is taken off all voltages.
    g_added : Quantity, list, or dict of sweep to Quantity
        Added conductance: one for all, one a file (or, of one file, one a sweep), or by the number of the
        sweep.
    g_channel : str, int
        Channel that recorded the added conductance; its mean within the step is taken.
    E_added : Quantity
        Reversal of the added conductance.
    sweeps : list of int
        Numbers of the sweeps to read: from 1 in ABF files, as stored in NWB files; by default all.
    protocol : str
        Only sweeps whose stimulus is called so, in part, in an NWB file, such as ``"Long Square"``.
    spikes : {"threshold", "efel"}
        What finds spikes: the rule below, or eFEL's ``peak_time`` with the same threshold and slope.
    threshold : Quantity
        Voltage that the peak of a spike reaches, after `junction`. -20 mV, which is also eFEL's, lies above
        plateaus of most cells and below their peaks; a warning says where fast rises stay below it.
    slope : Quantity
        dV/dt that a spike's rise reaches, to lead up by at least 15 mV from there: 20 V/s is a usual
        criterion for where spikes take off, which synaptic potentials and charging membranes do not reach.
        It is taken over 0.2 ms, so that noise of 0.3 mV adds 2 V/s.
    refractory : Quantity
        Time after a spike in which no other is.
    steady : float
        Share of the step, at its end, that the steady rate is read from.

    Returns
    -------
    SweepRecording

    Raises
    ------
    InputError
        If a file cannot be read, is of voltage clamp, or none of its sweeps has a step; the message names
        file, sweep and channel.

    Examples
    --------
    >>> import b2reduce as b2r
    >>> b2r.read_sweeps("slice.txt")
    Traceback (most recent call last):
    ...
    b2reduce.basics.errors.InputError: slice.txt: expected a file that ends in .abf or .nwb; ...
    """
    files = paths_of(paths)
    rule = Rule(
        one_value(threshold, "V", "threshold"),
        one_value(slope, "V/s", "slope", positive=True),
        one_value(refractory, "s", "refractory", positive=True),
        one_of(spikes, METHODS, "read_sweeps, spikes"),
    )
    if not isinstance(steady, (int, float)) or not 0 < steady <= 1:
        raise InputError(f"steady: got {described(steady)}, expected a share of the step, above 0, at most 1")
    step = window_of(window)
    reading = Reading(
        voltage,
        command,
        voltage_unit,
        command_unit,
        currents_of(currents, step),
        g_channel,
        numbers_of(sweeps),
    )
    bias = 0.0 if holding is None else one_value(holding, "A", "holding")
    kept, left_out, notes, number = gathered(files, reading, step, bias, protocol)
    return recording_of(
        kept,
        left_out,
        added_of(kept, files, g_added, g_channel),
        float("nan") if E_added is None else one_value(E_added, "V", "E_added"),
        rule,
        float(steady),
        one_value(junction, "V", "junction"),
        notes,
        {"files": [str(path) for path in files], "sweeps": number},
    )
