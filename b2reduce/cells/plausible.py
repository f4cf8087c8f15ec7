"""Numbers that cannot be a cell's, and the slip of a unit that explains them."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.units import parse_quantity, readable

__all__ = ["implausible", "implausible_shift"]

#: Bounds of what any cell shows, and the three decades in which nearly every recording lies: of currents,
#: conductances, rates, in SI.
LARGEST_CURRENT = {False: 1e-6, True: 100.0}
CONDUCTANCES = {False: (1e-12, 1e-3), True: (1e-3, 1e4)}
LARGEST_RATE_ = 1e3
LARGEST_SHIFT_, SMALLEST_DRIVE_ = 0.2, 2e-4  # V
_USUAL_I = {False: (2e-11, 2e-8), True: (1e-3, 1.0)}
_USUAL_G = {False: (5e-10, 5e-7), True: (0.1, 100.0)}
_USUAL_RATE_ = (1.0, 1e3)
_PREFIXES = {1e-15: "f", 1e-12: "p", 1e-9: "n", 1e-6: "u", 1e-3: "m", 1.0: "", 1e3: "k", 1e6: "M"}


def _factor(value, usual):
    """The power of a thousand by which a value is too large for the usual range, or too small.

    None if none brings it there.
    """
    lo, hi = usual
    return next(
        (10.0**power for power in (0, 3, -3, 6, -6, 9, -9, 12, -12) if lo <= value / 10.0**power < hi), None
    )


def _slip(factor, header, base):
    """'...; numbers in pA under a header in A explain it (factor 1e12)'."""
    if factor in (None, 1.0):
        return ""
    try:
        scale = (
            float(np.asarray(parse_quantity(f"1 {header.rpartition('[')[2].rstrip(']')}"))) if header else 1.0
        )
    except InputError:
        scale = 1.0
    near = lambda value: next(
        (prefix for size, prefix in _PREFIXES.items() if abs(value / size - 1) < 1e-6), None
    )
    written, meant = near(scale), near(scale / factor)
    if "/" in base or None in (written, meant):
        return f"; a unit off by a factor of {factor:g} would explain it"
    return f"; numbers in {meant}{base} written under {written}{base} would explain it (factor {factor:g})"


def implausible(surface):
    """[str] about the currents, conductances and rates of a surface."""
    known, area = np.isfinite(surface.rate_), bool(surface.per_area)
    if not known.any():
        return []
    headers = dict(surface.provenance.get("columns", {}))
    I, g = np.abs(surface.I_[known.any(axis=1)]), surface.g_[known.any(axis=0)]
    warnings = []
    if I.max() > LARGEST_CURRENT[area]:
        warnings.append(
            f"currents reach {_said(I.max(), surface.current_unit)}, above the "
            f"{_said(LARGEST_CURRENT[area], surface.current_unit)} that any cell takes"
            + _slip(_factor(I.max(), _USUAL_I[area]), headers.get("I", ""), surface.current_unit)
        )
    lo, hi = CONDUCTANCES[area]
    g = g[g > 0]  # 0 is that of a cell without a leak; elsewhere it was refused
    if g.size and (g.min() < lo or g.max() > hi):
        worst = g.max() if g.max() > hi else g.min()
        resistance = "" if area else f" (an input resistance of {_said(1 / worst, 'ohm')})"
        warnings.append(
            f"conductances of {_said(worst, surface.conductance_unit)}{resistance} cannot be a cell's:"
            f" expected {_said(lo, surface.conductance_unit)} to {_said(hi, surface.conductance_unit)}"
            + _slip(_factor(np.median(g), _USUAL_G[area]), headers.get("g", ""), surface.conductance_unit)
        )
    top = surface.rate_[known].max()
    if top > LARGEST_RATE_:
        warnings.append(
            f"rates reach {top:.4g} Hz, above the {LARGEST_RATE_:g} Hz that any cell fires at"
            + _slip(
                _factor(np.median(surface.rate_[known & (surface.rate_ > 0)]), _USUAL_RATE_),
                headers.get("rate", ""),
                "Hz",
            )
        )
    return warnings


def implausible_shift(v_theta, error, I, g, surface):
    """[str] about a shift v_theta in V that no threshold voltage is, fitted to points at (I, g)."""
    area, drive = bool(surface.per_area), float(np.max(np.abs(I) / g))
    if abs(v_theta) <= LARGEST_SHIFT_ and drive >= SMALLEST_DRIVE_:
        return []
    headers = dict(surface.provenance.get("columns", {}))
    if drive < SMALLEST_DRIVE_:
        said = (
            f"the currents that make the cell fire are at most {_said(drive, 'V')} across its leak, too"
            " little to move a membrane"
        )
    else:
        said = (
            f"v_theta = {_said(v_theta, 'V')} (standard error {_said(error, 'V')}) cannot be a threshold"
            f" voltage, which lies within {LARGEST_SHIFT_:g} V of E_L"
        )
        if error > 0.5 * abs(v_theta) and drive < 1.0:
            return [
                f"{said}: it is not determined by these points; measure more conductances, or further apart"
            ]
    slips = [
        _slip(_factor(value, usual[area]), headers.get(name, ""), unit)
        for value, usual, name, unit in (
            (float(np.abs(I).max()), _USUAL_I, "I", surface.current_unit),
            (float(np.median(g)), _USUAL_G, "g", surface.conductance_unit),
        )
    ]
    return [
        said
        + ("".join(slips) or "; check the units of I and g: one that is off by a factor of 1000 shows so")
    ]


def _said(value, unit):
    if unit.endswith("/m^2"):
        factor, unit = readable([value], unit)
        return f"{value / factor:.4g} {unit}"
    if abs(value) >= 1e3:
        scale, prefix = next(
            entry for entry in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= entry[0]
        )
        return f"{value / scale:.4g} {prefix}{unit}"
    factor, unit = readable([value], unit)
    return f"{value / factor:.4g} {unit}"
