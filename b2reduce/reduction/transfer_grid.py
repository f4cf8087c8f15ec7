"""The grid of rates over which a transfer function is measured: ends, points between, finer ones."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation

from ..cells.lookup import axis_table

__all__ = ["REACH", "REACH_", "ends_of", "highest_rate", "points_between", "refined_grid"]

# Rates of recurrent sources from 0 to this many times the operating rate, plus Hz; of drives around theirs.
REACH, REACH_, DRIVE_SPAN = 2.2, 4.0, 0.5
# Points between those of the grid that are simulated as well, drawn from so many
BETWEEN, CANDIDATES = 160, 12000
STEEP = 1 / 6  # of the rates of interest: two neighbours of a grid that differ by more lie too far apart


def ends_of(circuit, axis, point):
    """First and last argument of an axis."""
    first = last = beyond = 0.0
    for p, factor in axis.members:
        if p.is_drive:
            drive = circuit.drive(p.source, p.target)
            rate = point.drives_[p.source, p.target]
            values = (
                [rate, *np.asarray(drive.rate[1], dtype=float)] if isinstance(drive.rate, tuple) else [rate]
            )
            if drive.profile is not None:
                values = [rate * weight for weight in circuit.drive_weights_(p.source, p.target)]
            low, high = (1 - DRIVE_SPAN) * min(values), (1 + DRIVE_SPAN) * max(values) or 1.0
        else:
            peak = _peak(circuit, p)
            # Plastic synapses pass on as many times more at first, whatever they do at rest
            rate, release = point.rate_[p.source], p.release_(point.rate_[p.source])
            low, high = 0.0, peak * REACH * rate * release
            extra = factor * peak * REACH_ * release
            if p.plasticity is not None:
                extra = max(extra, factor * (p.sent_(highest_rate(circuit, p, point)) - high))
            # Of several sources one may come to life
            beyond = max(beyond, extra) if axis.kind else beyond + extra
        first, last = first + factor * low, last + factor * high
    return first, last + beyond


def highest_rate(circuit, pathway, point):
    """The highest rate in Hz of a source of which a transfer function knows."""
    return _peak(circuit, pathway) * (REACH * point.rate_[pathway.source] + REACH_)


def _peak(circuit, pathway):
    """What a cell of a ring receives exceeds the mean by no more than the profile does."""
    return max(
        (
            q.profile.largest
            for q in circuit.projections
            if (q.source, q.target) == (pathway.source, pathway.target) and q.profile is not None
        ),
        default=1.0,
    )


def points_between(lines, rates, top, seed):
    """Arguments between the points of a grid at which cells are simulated as well, shape (point, axis).

    Where rates are of interest.
    """
    rng = np.random.default_rng(seed)
    # Half of them at low rates, where functions bend most.
    bent = np.where(np.arange(CANDIDATES) % 2, 2.0, 1.0)
    points = np.stack(
        [line[0] + (line[-1] - line[0]) * rng.random(CANDIDATES) ** bent for line in lines], axis=-1
    )
    expected = axis_table(lines, rates)(*points.T)
    # And at the edge of silence: beside points that fire.
    edge = (
        axis_table(lines, binary_dilation(rates > 0, np.ones((3,) * len(lines))).astype(float))(*points.T) > 0
    )
    firing = (expected > 1e-3 * top) & (expected <= 1.2 * top)
    return np.concatenate([points[firing][:BETWEEN], points[edge & (expected <= 1e-3 * top)][: BETWEEN // 4]])


def refined_grid(lines, rates, missed, top, most):
    """A grid with points added where some were missed, along the axes that are steep there, the steepest
    first; None if there is none of at most so many points.
    """
    seen = np.minimum(rates, 1.3 * top)
    steep = []  # (how much rates change over an interval, axis, number of the interval)
    for axis, line in enumerate(lines):
        jumps = np.abs(np.diff(seen, axis=axis)).max(axis=tuple(k for k in range(len(lines)) if k != axis))
        hit = np.unique(np.clip(np.searchsorted(line, missed[:, axis], side="right") - 1, 0, len(line) - 2))
        steep += [(jumps[k], axis, k) for k in hit if jumps[k] > 0]
    steep.sort(reverse=True)
    # Where all are flat enough, the steepest half of what was hit.
    chosen = [place for place in steep if place[0] > STEEP * top] or steep[: (len(steep) + 1) // 2]
    sizes, halved = np.array(list(map(len, lines))), [[] for _ in lines]
    for _, axis, k in chosen:
        if np.prod(sizes + (np.arange(len(lines)) == axis)) <= most:
            sizes[axis] += 1
            halved[axis].append(k)
    if not any(halved):
        return None
    return [
        np.sort(np.concatenate([line, (line[own] + line[np.add(own, 1)]) / 2])) if own else line
        for line, own in zip(lines, halved)
    ]
