"""Where a command is constant: its edges, and the plateaus between them.

An edge is where the means of half a millisecond before and after differ most, by more than the noise of such
means explains. For a step without noise that is the very sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["SHORTEST_", "Plateau", "edges_of", "flat", "long_plateaus"]

MEAN_ = 5e-4  # s of each of the two means
SIGMAS = 8.0  # of the difference of means: of 1e6 samples of normal noise the largest is at 5
LONG = 4  # widths over which means differ where the command climbs
SHARE = 1e-2  # of the command's range, below which nothing is an edge: ramps of 50 ms and more have none
SHORTEST_ = 0.1  # s of a step that firing rates can be read from
SETTLED_ = 1e-3  # s beside edges that a plateau's level leaves out: filters smooth edges


@dataclass(frozen=True)
class Plateau:
    """A stretch of a command between two edges: samples first to stop, mean level, and that before it."""

    first: int
    stop: int
    level: float
    before: float


def edges_of(command, rate):
    """(samples at which the command jumps, what a jump must be at least, those that are ends of ramps)."""
    width = max(1, round(MEAN_ * rate))
    if command.size < 4 * width:
        return [], 0.0, set()
    sums = np.concatenate([[0.0], np.cumsum(command - command[0])])
    means = (sums[width:] - sums[:-width]) / width
    # Entry k is about the sample k + width
    difference = means[width:] - means[:-width]
    noise = 1.4826 * np.median(np.abs(difference - np.median(difference)))
    # Sums of many samples are off by rounding
    least = max(SIGMAS * noise, SHARE * np.ptp(command), 1e-10 * np.abs(command).max(), 1e-18)
    high, edges, ramps = np.flatnonzero(np.abs(difference) > least), [], set()
    for run in np.split(high, np.flatnonzero(np.diff(high) > 1) + 1) if high.size else ():
        # Two edges that are nearer than the means are wide have opposite signs, or are one.
        for part in np.split(run, np.flatnonzero(np.diff(np.sign(difference[run]))) + 1):
            if part.size > LONG * width:  # of a jump they are two widths
                edges += [int(part[0]) + width, int(part[-1]) + width]
                ramps.update(edges[-2:])
            else:
                edges.append(int(part[np.argmax(np.abs(difference[part]))]) + width)
    return edges, least, ramps


def flat(command, first, stop, rate, least):
    """Whether the command keeps one level there: ten parts of it agree."""
    inside = command[first + round(SETTLED_ * rate) : stop - round(SETTLED_ * rate)]
    if inside.size < 10:
        return False
    parts = np.array([part.mean() for part in np.array_split(inside, 10)])
    return bool(np.ptp(parts) <= least)


def long_plateaus(command, rate):
    """(plateaus of at least 0.1 s that follow another level, why there are none, or "").

    Examples
    --------
    >>> command = np.zeros(20000); command[2000:2200] = -5e-11; command[5000:15000] = 2e-10
    >>> plateaus, why = long_plateaus(command, 20000.0)
    >>> [(plateau.first, plateau.stop, round(1e12 * plateau.level, 6)) for plateau in plateaus]
    [(5000, 15000, 200.0)]
    """
    edges, least, ramps = edges_of(command, rate)
    if not edges:
        # Of noise alone the means of parts differ by little of its range
        same = flat(command, 0, command.size, rate, 0.3 * np.ptp(command))
        return [], "its command has no step" if same else "its command is a ramp or a wave"
    bounds, settled = [0, *edges, command.size], round(SETTLED_ * rate)
    level = lambda first, stop: float(
        command[first + settled : stop - settled].mean()
        if stop - first > 3 * settled
        else np.median(command[first:stop])
    )
    levels = [level(*pair) for pair in zip(bounds[:-1], bounds[1:])]
    base = levels[0]
    found, uneven = [], False
    for number in range(1, len(levels)):
        first, stop = bounds[number], bounds[number + 1]
        if stop - first < SHORTEST_ * rate or abs(levels[number] - base) <= least:
            continue
        if first in ramps:
            uneven = True
            continue
        if not flat(command, first, stop, rate, max(least, 0.05 * abs(levels[number] - base))):
            uneven = True
            continue
        found.append(Plateau(first, stop, levels[number], levels[number - 1]))
    if found:
        return found, ""
    return [], (
        "its command is not constant where it lasts (a ramp, a wave, or a current with a conductance's in it)"
        if uneven
        else f"its steps are all shorter than {1e3 * SHORTEST_:g} ms"
    )
