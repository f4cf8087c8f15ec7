"""F-I surfaces between the points of their grid."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from .lookup import FINE, Lookup
from .smoothing import APART, APART_, CHI2_LIMIT, ORDER, SIGMAS, softplus_polynomial

__all__ = ["surface_lookup"]

ROWS = 4  # currents that a column of a surface needs to count


def surface_lookup(surface):
    """r = F(I, g) from an f-I surface.

    The curves of neighbouring conductances are laid over one another by their mean shift, monotone cubics run
    through each, and between conductances values at the same place of the curve are joined: a curve that
    moves by more than the spacing of its currents from one conductance to the next is not blurred. What was
    measured in noise is smoothed as in `transfer_lookup`, if that misses the points by no more than their
    errors.

    Raises
    ------
    InputError
        If fewer than two conductances have enough points.
    """
    from scipy.interpolate import PchipInterpolator

    columns = [
        (g, surface.I_[known], surface.rate_[known, j])
        for j, g in enumerate(surface.g_)
        if (known := np.isfinite(surface.rate_[:, j])).sum() >= ROWS
    ]
    if len(columns) < 2:
        raise InputError(
            f"surface: {len(columns)} of {surface.g_.size} conductances have at least {ROWS} currents,"
            " expected two; measure more currents, or at more conductances"
        )
    g = np.array([column[0] for column in columns])
    top = min(rate.max() for _, _, rate in columns)
    crossing = [
        np.mean([np.interp(level * top, np.maximum.accumulate(rate), I) for level in (0.3, 0.5, 0.7)])
        for _, I, rate in columns
    ]
    shift = float(np.polyfit(g, crossing, 1)[0])
    curves = [
        (PchipInterpolator(I - shift * g_, rate), I[0] - shift * g_, I[-1] - shift * g_)
        for g_, I, rate in columns
    ]
    first, last = max(curve[1] for curve in curves), min(curve[2] for curve in curves)
    if not first < last:
        raise InputError(
            "surface: no stretch of the f-I curve was measured at all conductances; measure more currents"
        )
    x = np.linspace(first, last, FINE[2])
    fine = np.linspace(g[0], g[-1], FINE[2])
    values = PchipInterpolator(g, np.array([curve(x) for curve, _, _ in curves]), axis=0)(fine).T
    i, j = np.nonzero(np.isfinite(surface.rate_) & np.isin(surface.g_, g) & (surface.rate_sem_ > 0))
    if i.size > 0.5 * sum(len(rate) for _, _, rate in columns):  # measured in noise, and so with errors
        # Both axes from 0 to 1, so that powers of them are told apart.
        units = lambda x, g_: np.stack([(x - first) / (last - first), (g_ - g[0]) / (g[-1] - g[0])], axis=-1)
        smooth = softplus_polynomial(
            units(surface.I_[i] - shift * surface.g_[j], surface.g_[j]),
            surface.rate_[i, j],
            surface.rate_sem_[i, j],
            top,
            ORDER,
        )
        smoothed = (
            smooth.on_grid([(x - first) / (last - first), (fine - g[0]) / (g[-1] - g[0])])
            if smooth is not None
            else values
        )
        # Between the points it must not leave what runs through them by more than chance.
        chance = SIGMAS * np.median(surface.rate_sem_[i, j] / np.maximum(surface.rate_[i, j], 1e-9)) + APART
        if (
            smooth is not None
            and smooth.chi2 <= CHI2_LIMIT
            and np.mean(np.abs(smoothed - values) > chance * values + SIGMAS * APART_) < 0.05
        ):
            values = smoothed
    return Lookup(np.array([first, fine[0]]), np.array([last, fine[-1]]), np.maximum(values, 0.0), shift)
