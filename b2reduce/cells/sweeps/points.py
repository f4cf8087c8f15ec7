"""Sweeps as points of an f-I surface."""

from __future__ import annotations

import numpy as np

from ...basics.display import amount
from ...basics.errors import InputError
from ...basics.units import with_units

__all__ = ["surface_of"]

NEAR_, SHARE = 2e-13, 5e-4  # A, and of the range: measured currents that are nearer are meant to be one


def surface_of(recording, g_L, E_L, provenance):
    """See `SweepRecording.to_surface`."""
    import pandas as pd

    from ..surface import FISurface

    warnings, taken = list(recording.warnings), []
    for name, given in (("g_L", g_L), ("E_L", E_L)):
        if given is None:
            value = getattr(recording, f"{name}_")
            if not np.isfinite(value) or name == "g_L" and value <= 0:
                got = "no step below threshold says it" if np.isnan(value) else f"its steps give {value:g} S"
                raise InputError(
                    f"{name}: {got}; record one with a small current, or give"
                    " g_L='9 nS', E_L='-70 mV' (--g_L, --E_L)"
                )
            error = getattr(recording, f"{name}_sem_")
            taken.append(f"{name} = {amount(value, 'S' if name == 'g_L' else 'V', error)}")
    if taken:
        warnings.append(f"{' and '.join(taken)} taken from the steps below threshold (± standard error)")
    table = recording.table
    added = table["g_added [S]"].to_numpy()
    frame = pd.DataFrame(
        {
            "I [A]": _meant(table["I [A]"].to_numpy()),
            "g_added [S]": added,
            **{name: table[name] for name in ("rate [Hz]", "rate_sem [Hz]", "onset_rate [Hz]", "cv")},
            "time [s]": table["stop [s]"] - table["start [s]"],
        }
    )
    E_L = with_units(recording.E_L_, "V") if E_L is None else E_L
    E_added = with_units(recording.E_added_, "V") if np.isfinite(recording.E_added_) else None
    if E_added is None and not added.any():
        E_added = E_L  # nothing was added, so nothing is assumed
    surface = FISurface.from_frame(
        frame,
        {**dict(recording.provenance), "settings": dict(recording.settings), **(provenance or {})},
        added=True,
        g_L=with_units(recording.g_L_, "S") if g_L is None else g_L,
        E_L=E_L,
        E_added=E_added,
        repeats="average",
    )
    parts = {name: getattr(surface, name) for name in surface.FIELDS}
    return FISurface(**{**parts, "warnings": (*warnings, *surface.warnings)})


def _meant(currents):
    """Currents with those that are as good as equal made equal: measured ones differ from sweep to sweep."""
    order = np.argsort(currents, kind="stable")
    near = max(NEAR_, SHARE * float(np.ptp(currents)))
    groups: list = []
    for k in order:  # no chain: all of a group are near its first
        if groups and currents[k] - currents[groups[-1][0]] <= near:
            groups[-1].append(k)
        else:
            groups.append([k])
    meant = currents.copy()
    for group in groups:
        if np.ptp(currents[group]):
            meant[group] = currents[group].mean()
    return meant
