"""A sweep as it comes from a file, in SI units, before anything is made of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from ...basics.errors import InputError, UnitError
from ...basics.units import parse_quantity, si_label

__all__ = ["LARGEST", "RawSweep", "library", "scale_of", "sound", "unit_kind"]

#: Beyond these no cell was recorded, and a unit is wrong: in V and A.
LARGEST = {"V": 0.3, "A": 1e-6}
#: Words for units that recordings have beside the usual ones.
_WORDS = {
    "volt": "V",
    "volts": "V",
    "millivolt": "mV",
    "millivolts": "mV",
    "ampere": "A",
    "amperes": "A",
    "amp": "A",
    "amps": "A",
    "picoampere": "pA",
    "picoamperes": "pA",
    "picoamps": "pA",
    "nanoampere": "nA",
    "nanoamperes": "nA",
    "siemens": "S",
}


@dataclass(frozen=True)
class RawSweep:
    """Voltage and command of one sweep.

    Attributes
    ----------
    file, number
        Where it stands; numbers are those that the acquisition program shows.
    channel, command_channel : str
        Names of both signals.
    voltage : ndarray
        V.
    command : ndarray or None
        A; None where the file does not say.
    rate : float
        Samples a second.
    bias : float
        Current that the amplifier added to the command, A.
    nominal : bool
        Whether the command is what was asked for, without noise, and not what was measured.
    protocol : str
        What the file calls the stimulus.
    start : float
        Seconds since the beginning of the recording, NaN where it is not said.
    conductance : ndarray or None
        Recorded added conductance, S.
    notes : tuple of str
        What must be known of how it was read.
    """

    file: str
    number: int
    channel: str
    command_channel: str
    voltage: np.ndarray
    command: np.ndarray | None
    rate: float
    bias: float = 0.0
    nominal: bool = True
    protocol: str = ""
    start: float = np.nan
    conductance: np.ndarray | None = None
    notes: tuple = ()

    @property
    def label(self):
        """Where it stands, for messages."""
        return f"{self.file}, sweep {self.number}"


def library(name):
    """A library that reads recordings, or how to install it.

    pyabf adds a folder to where Python looks for modules, and changes how numpy prints: both stay as they
    were.
    """
    path, printing = list(sys.path), np.get_printoptions()
    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            f'the library {name} is not installed, and reads these files: pip install "b2reduce[recordings]"'
        ) from None
    finally:
        if sys.path != path:
            sys.path[:] = path
        np.set_printoptions(**printing)


def scale_of(unit, kind, where):
    """What numbers in a unit are multiplied by to be in SI; refuses units of another kind.

    Examples
    --------
    >>> scale_of("pA", "A", "file, channel 'IN 1'"), scale_of("volts", "V", "file")
    (1e-12, 1.0)
    """
    word = str(unit).strip()
    word = _WORDS.get(word.lower(), word)
    try:
        value = parse_quantity(f"1 {word}") if word and word != "?" else 1.0
        fits = si_label(value) == kind
    except UnitError:
        fits = False
    if not fits:
        raise InputError(f"{where}: is in {unit!r}, expected a unit of {kind}")
    return float(np.asarray(value))


def unit_kind(unit):
    """``"V"``, ``"A"``, ``"S"``, or None for any other unit.

    Examples
    --------
    >>> unit_kind("mV"), unit_kind("amperes"), unit_kind("deg C")
    ('V', 'A', None)
    """
    for kind in ("V", "A", "S"):
        try:
            scale_of(unit, kind, "")
        except InputError:
            continue
        return kind
    return None


def sound(values, kind, where, option):
    """Samples in SI without those that are missing at the end, once it is sure that they can be a cell's.

    A sweep that was stopped ends in NaN; elsewhere NaN is a fault.
    """
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    if not known.all():
        last = int(np.flatnonzero(known)[-1]) + 1 if known.any() else 0
        hole = np.flatnonzero(~known[:last])
        if hole.size or not last:
            raise InputError(
                f"{where}: {'sample ' + str(hole[0] + 1) if last else 'every sample'} of {values.size} is no"
                " number; leave this sweep out with sweeps=, or repair the file"
            )
        values = values[:last]
    if not values.size:
        raise InputError(f"{where}: has no samples")
    # By its median: a spike or an artefact is no slip of a unit
    typical = float(np.median(np.abs(values))) if kind == "V" else float(np.max(np.abs(values)))
    if typical > LARGEST[kind]:
        meant = "mV" if kind == "V" else "pA"
        raise InputError(
            f"{where}: is at {typical:.4g} {kind}, and cells stay below {LARGEST[kind]:g} {kind}; if the"
            f" numbers are in {meant}, give {option}='{meant}', else the channel is another signal"
        )
    return values
