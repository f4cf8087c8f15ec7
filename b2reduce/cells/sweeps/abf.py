"""Sweeps of ABF files, as pClamp and AxoScope write them, read by pyabf.

A file is of current clamp where a recorded channel is a voltage and a command a current. The command is the
waveform of a DAC whose unit is a current, or a recorded channel of a current. What pyabf does not
reconstruct is not taken: waveforms from files, which it would look for wherever the header says, and user
lists, which it leaves out.
"""

from __future__ import annotations

import warnings

import numpy as np

from ...basics.errors import InputError
from .abf_header import check_header
from .raw import RawSweep, library, scale_of, sound, unit_kind

__all__ = ["read_abf"]

GAP_FREE = 3


def read_abf(path, reading):
    """[RawSweep] of an ABF file.

    Parameters
    ----------
    path : str
    reading : Reading
        Which channels, and their units.
    """
    check_header(path)
    abf = _opened(path)
    name = str(path)
    voltage, factor = _voltage(abf, name, reading)
    source = _command(abf, name, reading)
    conductance = None
    if reading.g_channel is not None:
        index = _channel(abf, reading.g_channel, name, "g_channel")
        conductance = index, scale_of(abf.adcUnits[index], "S", f"{name}, channel {abf.adcNames[index]!r}")
    sweeps = []
    for k in abf.sweepList:
        number = k + 1  # as Clampfit counts
        if reading.sweeps is not None and number not in reading.sweeps and not _gap_free(abf):
            continue
        where = f"{name}, sweep {number}, channel {abf.adcNames[voltage]!r}"
        values = sound(_samples(abf, k, voltage) * factor, "V", where, "voltage_unit")
        command = None if source is None else source(k)
        if command is not None:
            command = sound(command, "A", f"{name}, sweep {number}, command {source.name!r}", "command_unit")
        g = None if conductance is None else _samples(abf, k, conductance[0]) * conductance[1]
        sweeps.append(
            RawSweep(
                name,
                number,
                abf.adcNames[voltage],
                "" if source is None else source.name,
                values,
                command,
                float(abf.dataRate),
                nominal=source is not None and source.nominal,
                start=float(abf.sweepTimesSec[k]),
                conductance=g,
                notes=() if source is None else source.notes,
            )
        )
    return sweeps, _gap_free(abf)


def _opened(path):
    pyabf = library("pyabf")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pyabf.ABF(str(path))
    except Exception as error:  # a parser of bytes may fail in any way
        raise InputError(
            f"{path}: pyabf cannot read it ({type(error).__name__}: {str(error)[:120]}); copy it again from"
            " where it was recorded, or export it as ABF from Clampfit"
        ) from error


def _gap_free(abf):
    return abf.nOperationMode == GAP_FREE


def _samples(abf, sweep, channel):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        abf.setSweep(sweep, channel=channel)
    return np.array(abf.sweepY, dtype=float)


def _shown(names, units):
    return ", ".join(f"{name!r} [{unit}]" for name, unit in zip(names, units)) or "none"


def _channel(abf, wanted, name, option):
    """Number of a recorded channel from its name, or its number from 0."""
    names = list(abf.adcNames)
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return wanted
    if names.count(wanted) == 1:
        return names.index(wanted)
    raise InputError(
        f"{option}: got {wanted!r}, expected one of the channels of {name}: {_shown(names, abf.adcUnits)}"
    )


def _voltage(abf, name, reading):
    """(channel of the membrane potential, factor to V)."""
    kinds = [unit_kind(unit) for unit in abf.adcUnits]
    shown = _shown(abf.adcNames, abf.adcUnits)
    if reading.voltage is not None:
        index = _channel(abf, reading.voltage, name, "voltage")
    else:
        found = [index for index, kind in enumerate(kinds) if kind == "V"]
        if not found and reading.voltage_unit is not None and len(kinds) == 1:
            found = [0]
        commands = {unit_kind(unit) for unit in abf.dacUnits}
        # A voltage may be recorded beside: the command itself
        if "A" in kinds and "V" in commands and "A" not in commands and reading.command is None:
            raise InputError(
                f"{name}: is a recording in voltage clamp: it records a current ({shown}) and commands a"
                " voltage; f-I curves need current clamp"
            )
        if not found:
            raise InputError(
                f"{name}: no channel is a voltage: {shown}; if a unit is wrong, say"
                f" voltage='{abf.adcNames[0]}', voltage_unit='mV'"
            )
        if len(found) > 1:
            raise InputError(
                f"{name}: {len(found)} channels are voltages: {shown}; say which is the cell:"
                f" voltage='{abf.adcNames[found[0]]}'"
            )
        index = found[0]
    where = f"{name}, channel {abf.adcNames[index]!r}"
    return index, scale_of(reading.voltage_unit or abf.adcUnits[index], "V", where)


class _Source:
    """What gives the command of a sweep in A."""

    def __init__(self, name, nominal, samples, notes=()):
        self.name, self.nominal, self.samples, self.notes = name, nominal, samples, notes

    def __call__(self, sweep):
        return self.samples(sweep)


def _command(abf, name, reading):
    if reading.currents is not None:
        return None
    wanted, dacs = reading.command, _dacs(abf, reading)
    names = [abf.dacNames[k] for k in range(len(abf.dacNames))]
    recorded = [k for k, unit in enumerate(abf.adcUnits) if unit_kind(unit) == "A"]
    if wanted is not None:
        if wanted in abf.adcNames or isinstance(wanted, int):
            return _recorded(abf, _channel(abf, wanted, name, "command"), name, reading)
        if wanted not in names:
            raise InputError(
                f"command: got {wanted!r}, expected one of {name}: commands {_shown(names, abf.dacUnits)};"
                f" channels {_shown(abf.adcNames, abf.adcUnits)}"
            )
        return _waveform(abf, names.index(wanted), name, reading)
    usable = [k for k in dacs if not _trouble(abf, k)]
    if len(usable) == 1:
        source = _waveform(abf, usable[0], name, reading)
        if len(recorded) == 1:
            source.notes = _compared(abf, source, recorded[0], reading)
        return source
    if not usable and len(recorded) == 1:
        return _recorded(abf, recorded[0], name, reading)
    if len(usable) > 1 or len(recorded) > 1:
        raise InputError(
            f"{name}: the command may be any of {_shown(names, abf.dacUnits)} and of the channels"
            f" {_shown(abf.adcNames, abf.adcUnits)}; say command=, by name"
        )
    why = "; ".join(_trouble(abf, k) for k in dacs) or "no command is a current"
    raise InputError(
        f"{name}: does not say the injected current: {why}. Give the currents of the sweeps and the step,"
        " currents='-50 pA:400 pA:10', window='100 ms,600 ms', or the recorded channel, command='IN 1'"
    )


def _dacs(abf, reading):
    """DACs that command a current. Of ABF1 pyabf knows the waveforms of two."""
    most = min(len(abf.dacNames), abf.channelCount, 2 if abf.abfVersion["major"] == 1 else 99)
    return [k for k in range(most) if unit_kind(abf.dacUnits[k]) == "A"]


def _trouble(abf, dac):
    """Why the waveform of a DAC is not known, or ""."""
    header = abf._headerV1 if abf.abfVersion["major"] == 1 else abf._dacSection
    if dac >= len(header.nWaveformEnable) or not header.nWaveformEnable[dac]:
        return f"command {abf.dacNames[dac]!r} has no waveform"
    if header.nWaveformSource[dac] != 1:
        return f"the waveform of command {abf.dacNames[dac]!r} is in another file"
    if abf.abfVersion["major"] == 2 and any(abf.userListEnable):
        return "a user list changes the waveform"
    if abf.nOperationMode != 5:
        return "waveforms belong to episodic recordings of equal sweeps"
    return ""


def _waveform(abf, dac, name, reading):
    if trouble := _trouble(abf, dac):
        raise InputError(f"{name}: {trouble}; give command= a recorded channel, or currents= and window=")
    factor = scale_of(
        reading.command_unit or abf.dacUnits[dac], "A", f"{name}, command {abf.dacNames[dac]!r}"
    )

    def samples(sweep):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            abf.setSweep(sweep, channel=dac)
            return np.array(abf.sweepC, dtype=float) * factor

    return _Source(abf.dacNames[dac], True, samples)


def _recorded(abf, index, name, reading):
    where = f"{name}, channel {abf.adcNames[index]!r}"
    factor = scale_of(reading.command_unit or abf.adcUnits[index], "A", where)
    return _Source(abf.adcNames[index], False, lambda sweep: _samples(abf, sweep, index) * factor)


def _compared(abf, source, index, reading):
    """Whether a recorded current follows the command; at the sweep that is commanded most."""
    commands = [source(k) for k in abf.sweepList]
    k = int(np.argmax([np.ptp(command) for command in commands]))
    command, factor = commands[k], scale_of(abf.adcUnits[index], "A", "")
    measured = _samples(abf, k, index)[: command.size] * factor
    command = command[: measured.size]
    spread = command - command.mean()
    if not np.any(spread) or not np.ptp(measured):
        return ()
    slope = float(spread @ (measured - measured.mean()) / (spread @ spread))
    if abs(slope - 1) <= 0.05:
        return ()
    return (
        f"the recorded current {abf.adcNames[index]!r} is {slope:.2f} times the command {source.name!r},"
        " which is what currents are taken from; check gains and channels, or say command=",
    )
