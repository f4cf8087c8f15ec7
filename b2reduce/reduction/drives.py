"""Rates of drives and of populations that reductions and runs are given."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import mapping
from ..basics.errors import InputError, unknown_name
from ..circuit.drive_rates import mean_rate_, read_rate

# Of the larger one: how far the last value of a drive may lie from its mean over time before that is said
KICK = 0.25


def kicks_of(circuit, at):
    """Warnings of drives that end elsewhere than at their mean over time, which say at which of them the
    reduction is made.
    """
    found = []
    for drive in circuit.drives:
        if drive.constant or drive.name in at:
            continue
        last, mean = float(np.asarray(drive.rate[1], dtype=float)[-1]), mean_rate_(drive.rate)
        if abs(last - mean) <= KICK * max(mean, last):
            continue
        if drive.rate_ == last:
            found.append(
                f"drive {drive.name} ends at {last:.3g} Hz and stays there: the reduction is made at that;"
                f" for its mean over time give at={{{drive.name!r}: {mean:.3g}*Hz}}"
            )
        else:
            found.append(
                f"drive {drive.name} ends at {last:.3g} Hz and stays there, while the reduction is made at"
                f" its mean over time, {mean:.3g} Hz; for what follows give at={{{drive.name!r}:"
                f" {last:.3g}*Hz}}"
            )
    return list(dict.fromkeys(found))


def read_drives(circuit, drives, constant=False):
    """Checked {name: rate or table} of drives that replace the circuit's."""
    read = {}
    given = {} if drives is None else mapping(drives, "at" if constant else "drives", '{"ext": 12*Hz}')
    for name, rate in given.items():
        if name not in circuit.drive_names:
            raise InputError(
                f"{'at' if constant else 'drives'}: {unknown_name('drive', name, circuit.drive_names)}"
            )
        read[name] = read_rate(rate, f"{'at' if constant else 'drives'}, {name}")
        if constant and isinstance(read[name], tuple):
            raise InputError(f"at, {name}: got a table, expected one rate")
    return read


def constant_drives_(reduced, drives=None):
    """{(drive, target): rate in Hz}; of the circuit's own tables that of the operating point, given ones are
    refused.
    """
    given = read_drives(reduced.circuit, drives)
    rates = {
        key: reduced.at_[key] if isinstance(rate, tuple) and key[0] not in given else rate
        for key, rate in reduced.drive_rates_(given).items()
    }
    for (name, target), rate in rates.items():
        if isinstance(rate, tuple):
            raise InputError(
                f"drive {name}->{target}: got a table of rates, but fixed points need constant ones; give"
                f" drives={{{name!r}: a rate}}"
            )
    return {key: float(np.asarray(rate)) for key, rate in rates.items()}
