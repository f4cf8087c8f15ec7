"""An f-I surface as text for people: tables in units of the field, HTML, and one line."""

from __future__ import annotations

import numpy as np

from ..basics.display import field_unit, number, sheet_html

__all__ = ["html_of", "line_of", "sheet_of", "summary_of"]


def sheet_of(surface, most_currents=12, most_conductances=6):
    """(columns, rows) of texts in units of the field, a row a current, for people.

    Of more than the most evenly spaced ones.
    """
    (I_factor, I_unit), (g_factor, g_unit) = (
        field_unit(surface.current_unit, surface.I_),
        field_unit(surface.conductance_unit, surface.g_),
    )
    rows, columns = (
        np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))
        for size, most in ((surface.I_.size, most_currents), (surface.g_.size, most_conductances))
    )
    shown = [
        (
            number(surface.I_[i] / I_factor),
            *(number(surface.rate_[i, j], surface.rate_sem_[i, j]) for j in columns),
        )
        for i in rows
    ]
    return (f"I ({I_unit})", *(f"g = {number(surface.g_[j] / g_factor)} {g_unit}" for j in columns)), shown


def summary_of(surface):
    """(columns, rows) of texts in units of the field, a row a conductance.

    From where on it fires, and how fast.
    """
    g_factor, g_unit = field_unit(surface.conductance_unit, surface.g_)
    I_factor, I_unit = field_unit(surface.current_unit, surface.I_)
    rows = []
    for j, g in enumerate(surface.g_):
        rate = surface.rate_[:, j]
        known = np.isfinite(rate)
        fires = np.nonzero(known & (rate > 0))[0]
        rows.append(
            (
                number(g / g_factor),
                str(int(known.sum())),
                number(surface.I_[fires[0]] / I_factor) if fires.size else "never",
                number(np.max(rate[known])) if known.any() else "",
            )
        )
    return (f"g ({g_unit})", "currents", f"fires from ({I_unit})", "highest rate (Hz)"), rows


def html_of(surface):
    """The sheet as HTML, with what must be known of the rates."""
    columns, rows = sheet_of(surface)
    part = (
        ""
        if len(rows) == surface.I_.size and len(columns) == surface.g_.size + 1
        else f" (here {len(rows)} x {len(columns) - 1} of them)"
    )
    return sheet_html(
        columns,
        rows,
        f"rate (Hz) of {surface.provenance.get('model') or 'a cell'}: {surface.I_.size} currents x"
        f" {surface.g_.size} conductances{part}",
        surface.warnings,
    )


def line_of(surface):
    """How many points there are, how fast they fire, and what must be known of them."""
    known = surface.rate_[np.isfinite(surface.rate_)]
    span = f"{known.min():.3g}-{known.max():.3g} Hz" if known.size else "no rates"
    blocked = f", {int(surface.blocked.sum())} points blocked" if surface.blocked.any() else ""
    return f"FISurface({surface.I_.size} currents x {surface.g_.size} conductances, {span}{blocked}" + (
        f"; warnings: {'; '.join(surface.warnings)})" if surface.warnings else ")"
    )
