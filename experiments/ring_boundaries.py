"""Rings integrated on a grid, and where their states begin and end."""

from __future__ import annotations

import numpy as np
from b2reduce.experiments.script import Row

import b2reduce as b2r

SEED = 1
UNITS = 512  # of integrated rings
SPACING_ = np.pi / UNITS  # radians


def grid_errors(ring):
    """(radians, relative) by which half width and peak of a bump of UNITS units may differ from the exact
    ones.

    A sum over units errs where rates have a kink, by less than slope times spacing^2/12 a kink: of [cos 2a -
    cos 2c]_+, whose two slopes are 2 sin 2c, the means err by e0 = sin 2c spacing^2/(3 pi) and, with cos 2a
    and sin 2a, by less. Feedback makes of these changes J0 e0 and J2 e0 of the input (1 - M)^-1 as much.
    """
    state = ring.state
    if state.kind != "narrow":
        return 0.0, 0.0
    c, A = state.cut, state.amplitude
    e0 = np.sin(2 * c) * SPACING_**2 / (3 * np.pi)
    p, q, tuned = 2 * c / np.pi, np.sin(2 * c) / np.pi, (c + np.sin(4 * c) / 4) / np.pi
    M = np.array([[ring.J0 * p, ring.J0 * q], [ring.J2 * q, ring.J2 * tuned]])
    offset, amplitude = np.abs(np.linalg.inv(np.eye(2) - M)) @ np.abs([ring.J0 * A * e0, ring.J2 * A * e0])
    # The largest rate is that of a unit within half a spacing of the peak, where the cosine has fallen by
    # spacing^2/2.
    peak = (offset + amplitude) / state.peak + A * SPACING_**2 / (2 * state.peak)
    # Half of the maximum is at cos 2w = (peak/2 - offset)/A; between units a straight line stands for a
    # cosine of curvature 4 A; and the bump stands where its mode 2, A f2, points, to e0.
    f2 = (c - np.sin(4 * c) / 4) / np.pi
    width = ((offset + state.peak * peak) / A + SPACING_**2 / 2) / (2 * np.sin(2 * state.half_width)) + (
        e0 / (2 * f2) if state.marginal else 0.0
    )
    return width, peak


def half_width_(x, rates):
    """Half width at half maximum, radians, of a bump that falls off on both sides of 0."""
    order = np.argsort(np.abs(x))
    return np.interp(-rates.max() / 2, -rates[order], np.abs(x[order]))


def integrated(ring, **how):
    """(angles from the centre of what is tuned, rates) where integration of UNITS units ends."""
    a, m = ring.simulate(units=UNITS, seed=SEED, **how)
    at = np.angle(m @ np.exp(2j * a)) / 2 if ring.state.marginal else 0.0
    x = (a - at + np.pi / 2) % np.pi - np.pi / 2
    order = np.argsort(x)
    return x[order], m[order]


def boundaries(ax):
    """Rows: where bumps and where runaway begin, by integration to either side.

    Marks on the diagram of phases.
    """
    rows, growth = [], []
    a = np.arange(UNITS) * SPACING_ - np.pi / 2
    for J2 in (1.95, 2.05):
        ring, bump = b2r.Ring(J0=-2, J2=J2), []
        for duration in (0.05, 0.1):
            # A ripple so small that all units fire: each mode grows by itself.
            angles, m = ring.simulate(duration=duration, units=UNITS, initial=(1 + 1e-3 * np.cos(2 * a)) / 3)
            bump.append(abs(m @ np.exp(2j * angles)))
        growth.append(np.log(bump[1] / bump[0]) / (0.05 / ring.tau))
        ax.plot(
            J2,
            -2,
            color="black",
            marker="o",
            mfc="black" if growth[-1] > 0 else "white",
            ms=5,
            ls="none",
            label=f"a ripple {'grows' if growth[-1] > 0 else 'dies away'}",
        )
    # Linear, and integrated to 1e-9 of the rates, 1e-6 of a ripple of 1e-3.
    rows.append(
        Row(
            "growth of a ripple in 1/tau at J2 = 1.95, 2.05: it breaks the symmetry from J2 = 2 on",
            "J2/2 - 1 = -0.025, +0.025",
            ", ".join(f"{value:+.6f}" for value in growth),
            np.all(np.abs(np.array(growth) - [-0.025, 0.025]) < 1e-6),
        )
    )
    for J2 in (1.0, 3.0, 6.0):
        boundary, ends = b2r.Ring(J0=0, J2=J2).largest_J0, []
        for sign in (-1, 1):
            ring = b2r.Ring(J0=boundary + 0.02 * sign * max(abs(boundary), 1), J2=J2)
            try:
                ends.append(ring.simulate(duration=12.0, units=UNITS, seed=SEED)[1].max())
            except b2r.errors.DivergenceError:
                ends.append(np.inf)
            ax.plot(
                J2,
                ring.J0,
                color="black",
                marker="s",
                mfc="white" if np.isfinite(ends[-1]) else "black",
                ms=4,
                ls="none",
                label=None if J2 > 1 else "comes to rest" if np.isfinite(ends[-1]) else "runs away",
            )
            if sign < 0:
                # What the slowest even mode leaves at the end, and the grid.
                wanted, within = (
                    ring.state.peak,
                    grid_errors(ring)[1] + np.exp(np.max(ring.state.eigenvalues[:2]) * 12.0 / ring.tau),
                )
        rows.append(
            Row(
                f"J2 = {J2:g}: peak with J0 2 % below and above {boundary:.3f}",
                f"{wanted:.2f} +- {wanted * within:.2f}; none",
                f"{ends[0]:.2f}; " + ("runs away" if np.isinf(ends[1]) else f"{ends[1]:.2f}"),
                abs(ends[0] - wanted) <= within * wanted and np.isinf(ends[1]),
            )
        )
    return rows
