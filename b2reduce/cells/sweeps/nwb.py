"""Sweeps of NWB files, of versions 1 and 2, read as the schema lays them out in HDF5.

pynwb would build what a file's own cached schema describes, and without it cannot open files that hold types
of extensions, nor version 1. Here series of current clamp are found by their type, whatever else a file
holds: responses in ``acquisition``, stimuli in ``stimulus/presentation``. What belongs together is said by
the table ``intracellular_recordings``, else by the number of the sweep (an attribute, or the first number in
the name) and the electrode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ...basics.errors import InputError
from .hdf5_safely import attribute, child, children, content, numbers, opened, scalar, text, words
from .raw import RawSweep, scale_of, sound, unit_kind

__all__ = ["read_nwb"]

UNEVEN = 0.01  # relative difference of steps between timestamps that are one sampling rate


@dataclass(frozen=True)
class _Series:
    """A series in the file, or a part of it, and what identifies it."""

    name: str
    group: object
    number: int | None
    electrode: str
    first: int = 0
    count: int | None = None


def read_nwb(path, reading):
    """([RawSweep], whether it is one long recording) of an NWB file; `reading` says which electrode."""
    with opened(path) as file:
        try:
            return _recorded(file, str(path), reading)
        except InputError:
            raise
        except Exception as error:  # what damage does to a file of links and offsets may show anywhere
            raise InputError(
                f"{path}: cannot be read ({type(error).__name__}: {str(error)[:120]}); the file is damaged,"
                " or no NWB file"
            ) from error


def _recorded(file, name, reading):
    responses, kinds = _found(file, ("acquisition", "acquisition/timeseries"), "CurrentClampSeries")
    stimuli, _ = _found(file, ("stimulus/presentation", "stimulus/templates"), "CurrentClampStimulusSeries")
    if not responses:
        raise InputError(f"{name}: {_nothing(kinds)}")
    pairs = _paired(file, responses, stimuli, name)
    pairs = _of_electrode(pairs, reading.voltage, name)
    number = len({response.number for response, _ in pairs}) == len(pairs)
    sweeps = []
    for order, (response, stimulus) in enumerate(pairs):
        at = response.number if number and response.number is not None else order
        if reading.sweeps is None or at in reading.sweeps or len(pairs) == 1:
            sweeps.append(_sweep(file, name, at, response, stimulus, reading))
    return sweeps, len(pairs) == 1


def _nothing(kinds):
    if "VoltageClampSeries" in kinds:
        return "is a recording in voltage clamp (VoltageClampSeries); f-I curves need CurrentClampSeries"
    held = ", ".join(sorted(kinds - {""})) or "nothing"
    return f"holds no CurrentClampSeries; its acquisition holds {held}"


def _type(group):
    """Of a series; version 1 calls all of them TimeSeries, and says what they are by their ancestry."""
    ancestry = words(group, "ancestry")
    return ancestry[-1] if ancestry else text(group, "neurodata_type")


def _found(file, places, kind):
    """({path: series} of a type, all types that were met)."""
    series, kinds = {}, set()
    for place in places:
        folder = file
        for part in place.split("/"):
            folder = None if folder is None else child(folder, part)
        for name, group in children(folder):
            kinds.add(_type(group))
            if _type(group) == kind:
                digits = re.search(r"\d+", name)
                number = attribute(group, "sweep_number")
                if not isinstance(number, (int, np.integer)):
                    number = int(digits.group()) if digits else None
                series[group.name] = _Series(
                    name, group, None if number is None else int(number), _electrode(group)
                )
    return series, kinds


def _electrode(group):
    found = child(group, "electrode")
    if found is not None:
        return found.name.rsplit("/", 1)[-1]
    return content(group, "electrode_name")  # of version 1


def _paired(file, responses, stimuli, name):
    """[(response, stimulus or None)] by the table of recordings, or by sweep and electrode."""
    table = _by_table(file, responses, stimuli)
    if table:
        return table
    pairs = []
    for response in responses.values():
        same = [other for other in stimuli.values() if other.number == response.number is not None]
        if len(same) > 1:
            same = [other for other in same if other.electrode == response.electrode]
        if len(same) > 1:
            both = ", ".join(repr(other.name) for other in same[:4])
            raise InputError(
                f"{name}, series {response.name!r}: the stimuli {both} have its sweep number and electrode;"
                " give currents= and window="
            )
        pairs.append((response, same[0] if same else None))
    lone = len(responses) == len(stimuli) == 1 and pairs[0][1] is None
    return [(pairs[0][0], next(iter(stimuli.values())))] if lone else sorted(pairs, key=_order)


def _order(pair):
    return (pair[0].number is None, pair[0].number or 0, pair[0].name)


def _by_table(file, responses, stimuli):
    folder = file
    for part in ("general", "intracellular_ephys", "intracellular_recordings"):
        folder = None if folder is None else child(folder, part)
    if folder is None:
        return []
    columns = []
    for category, column in (("responses", "response"), ("stimuli", "stimulus")):
        place = child(folder, category)
        column = None if place is None else child(place, column)
        if column is None or not hasattr(column, "shape") or column.dtype.names is None:
            return []
        columns.append(column[:])
    pairs = []
    for response, stimulus in zip(*columns):
        one, other = (
            _referred(file, entry, series) for entry, series in ((response, responses), (stimulus, stimuli))
        )
        if one is not None:
            pairs.append((one, other))
    return pairs


def _referred(file, entry, series):
    """The series that a row of the table means, None where it means none of these."""
    first, count, reference = entry
    if not reference or first < 0 or count < 0:
        return None
    whole = series.get(file[reference].name)
    return None if whole is None else _Series(
        whole.name, whole.group, whole.number, whole.electrode, int(first), int(count)
    )  # fmt: skip


def _of_electrode(pairs, wanted, name):
    electrodes = sorted({response.electrode for response, _ in pairs})
    if wanted is None and len(electrodes) == 1:
        return pairs
    if wanted is None:
        raise InputError(
            f"{name}: cells were recorded with {len(electrodes)} electrodes:"
            f" {', '.join(map(repr, electrodes))}; say which: voltage='{electrodes[0]}'"
        )
    chosen = [pair for pair in pairs if pair[0].electrode == wanted]
    if not chosen:
        raise InputError(
            f"voltage: got {wanted!r}, expected one of the electrodes of {name}:"
            f" {', '.join(map(repr, electrodes))}"
        )
    return chosen


def _samples(series, kind, unit, where, option):
    """(values in SI, rate, time of the first)."""
    data = child(series.group, "data")
    if data is None or not hasattr(data, "shape"):
        raise InputError(f"{where}: holds no data")
    values = numbers(data, series.first, series.count)
    if unit is not None:  # what the numbers are, whatever the file says
        values = values * scale_of(unit, kind, f"{where}, {option}")
    else:
        said = text(data, "unit", "?")
        if unit_kind(said) != kind:
            raise InputError(f"{where}: is in {said!r}, expected a unit of {kind}; {option}= says another")
        conversion, offset = attribute(data, "conversion"), attribute(data, "offset")
        for name, value in (("conversion", conversion), ("offset", offset)):
            if value is not None and not np.isfinite(float(value)):
                raise InputError(
                    f"{where}: its {name} is {value}, expected a number; {option}= says the unit"
                )
        conversion = 1.0 if conversion is None else float(conversion)
        values = (values * conversion + (0.0 if offset is None else float(offset))) * scale_of(
            said, kind, where
        )
    starting, stamps = child(series.group, "starting_time"), child(series.group, "timestamps")
    rate = attribute(starting, "rate") if starting is not None else None
    if rate is not None and float(rate) > 0:
        return values, float(rate), scalar(series.group, "starting_time") + series.first / float(rate)
    if stamps is None:
        raise InputError(f"{where}: has neither a sampling rate nor timestamps")
    times = numbers(stamps, series.first, series.count)
    steps = np.diff(times)
    if not steps.size or not np.all(steps > 0) or np.ptp(steps) > UNEVEN * np.median(steps):
        raise InputError(f"{where}: its timestamps are not evenly spaced; resample it")
    return values, (times.size - 1) / (times[-1] - times[0]), float(times[0])


def _sweep(file, name, number, response, stimulus, reading):
    where = f"{name}, sweep {number}, series {response.name!r}"
    values, rate, start = _samples(response, "V", reading.voltage_unit, where, "voltage_unit")
    voltage = sound(values, "V", where, "voltage_unit")
    command = None
    if stimulus is not None and reading.currents is None:
        at = f"{name}, sweep {number}, series {stimulus.name!r}"
        given, its_rate, its_start = _samples(stimulus, "A", reading.command_unit, at, "command_unit")
        if abs(its_rate / rate - 1) > 1e-6:
            raise InputError(
                f"{at}: is sampled at {its_rate:g} Hz, and its response at {rate:g}; resample one"
            )
        command = _aligned(
            sound(given, "A", at, "command_unit"), values.size, round((its_start - start) * rate)
        )
    bias = scalar(response.group, "bias_current")
    conductance = None
    if reading.g_channel is not None:
        conductance = _conductance(file, name, number, response, reading.g_channel)
    return RawSweep(
        name,
        number,
        response.name,
        "" if stimulus is None else stimulus.name,
        voltage,
        command,
        rate,
        bias=0.0 if np.isnan(bias) else bias,
        nominal=True,
        protocol=text(response.group, "stimulus_description")
        or content(response.group, "aibs_stimulus_name"),
        start=start,
        conductance=conductance,
        notes=()
        if np.isnan(bias) or not bias
        else (
            "the holding current that files say the amplifier added (bias_current) is part of every current",
        ),
    )


def _aligned(command, size, shift):
    """The command over the response's samples; nothing is commanded where it does not reach."""
    placed = np.zeros(size)
    first, stop = max(0, shift), min(size, shift + command.size)
    if stop > first:
        placed[first:stop] = command[first - shift : stop - shift]
    return placed


def _conductance(file, name, number, response, wanted):
    """The recorded conductance of the sweep: the series of its number whose name holds a word."""
    for place in ("stimulus/presentation", "acquisition"):
        folder = child(file, place.split("/")[0])
        if "/" in place and folder is not None:
            folder = child(folder, place.split("/")[1])
        for title, group in children(folder):
            digits = re.search(r"\d+", title)
            its = attribute(group, "sweep_number")
            its = int(its) if isinstance(its, (int, np.integer)) else int(digits.group()) if digits else None
            if wanted in title and its == response.number and group.name != response.group.name:
                where = f"{name}, sweep {number}, series {title!r}"
                return _samples(_Series(title, group, its, ""), "S", None, where, "g_added")[0]
    raise InputError(
        f"g_channel: {name}, sweep {number}: no series whose name holds {wanted!r} has its number"
    )
