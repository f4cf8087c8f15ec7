"""The parts of an f-I surface from a table of recorded points."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from .recorded_columns import columns_of
from .recorded_grids import on_grid, totals

__all__ = ["parts_of_frame"]


def parts_of_frame(frame, provenance, added, g_L, E_L, E_added, repeats):
    """{field: value} of the surface; `FISurface.from_frame` says what the arguments are."""
    columns, rows = columns_of(frame, added=added)
    notes, assumed = {}, []
    if added:
        I, g, assumed = totals(columns, g_L, E_L, E_added)
        reversal = columns.headers.get("E_added", str(E_L if E_added is None else E_added))
        notes["added"] = {"g_L": str(g_L), "E_L": str(E_L), "E_added": reversal}
    else:
        given = [
            name for name, value in (("g_L", g_L), ("E_L", E_L), ("E_added", E_added)) if value is not None
        ]
        if given:
            raise InputError(
                f"{given[0]}: is used with added conductances only; give added=True (--added), or leave"
                " it out"
            )
        I, g = columns["I"], columns["g"]
        header = columns.headers["g"]
        if np.any(g < 0):
            raise InputError(
                f"f-I data, column {header!r}: got {g.min():g}, expected conductances of at least 0"
            )
        # Which a measured cell without a leak may have
        if np.any(g == 0) and "model_hash" not in (provenance or {}):
            raise InputError(
                f"f-I data, column {header!r}: got 0, which no total leak of a cell is; if these are"
                " conductances added to the cell, give added=True, g_L=9*nS, E_L=-70*mV (--added --g_L"
                " '9 nS' --E_L '-70 mV')"
            )
    values = {
        name: values for name, values in columns.items() if name not in ("I", "g", "g_added", "E_added")
    }
    I_, g_, grids, averaged = on_grid(I, g, values, rows, columns.per_area, repeats)
    area = "/m^2" if columns.per_area else ""
    plain = {"I": f"I [A{area}]", "g": f"g [S{area}]", "rate": "rate [Hz]"}
    headers = {"g" if name == "g_added" else name: header for name, header in columns.headers.items()}
    if any(headers[name] != header for name, header in plain.items()):
        notes["columns"] = headers
    if averaged:
        notes["averaged pairs"] = averaged
    return {
        "I_": I_,
        "g_": g_,
        "per_area": columns.per_area,
        "provenance": {"source": "recorded data", **notes, **(provenance or {})},
        "warnings": tuple(assumed),
        **{f"{name}_": grid for name, grid in grids.items()},
    }
