"""Which step of its command each sweep is taken at: the one that changes from sweep to sweep."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .plateaus import SHORTEST_, edges_of, flat, long_plateaus
from .raw import RawSweep

__all__ = ["Windowed", "cut", "windowed"]

SAME_ = 2e-3  # s within which steps of several sweeps begin together
ALIKE = 0.05  # relative difference of durations of steps that are repeats of one another
BASE_ = 0.2  # s before the step that the holding current is read from


@dataclass(frozen=True)
class Windowed:
    """A sweep and its step: samples first to stop, mean command there and before it, A, and all edges, s."""

    raw: RawSweep
    first: int
    stop: int
    current: float
    holding: float
    edges: tuple = ()

    @property
    def start_(self):
        """Of the step, s from the start of the sweep."""
        return self.first / self.raw.rate

    @property
    def stop_(self):
        """Of the step, s from the start of the sweep."""
        return self.stop / self.raw.rate


def cut(raw):
    """Parts of a long recording, one a step, each beginning as long before its step as half of the shortest
    pause; of one step the recording itself.
    """
    steps, _ = long_plateaus(raw.command, raw.rate)
    lengths = np.array([step.stop - step.first for step in steps])
    alike = [
        step for step, length in zip(steps, lengths) if abs(length - np.median(lengths)) < ALIKE * length
    ]
    if len(alike) < 2:
        return [raw]
    pauses = [other.first - one.stop for one, other in zip(alike[:-1], alike[1:])]
    lead = min(alike[0].first, min(pauses) // 2)
    bounds = [*(step.first - lead for step in alike), raw.command.size]
    return [
        replace(
            raw,
            number=number,
            voltage=raw.voltage[first:stop],
            command=raw.command[first:stop],
            start=(0.0 if np.isnan(raw.start) else raw.start) + first / raw.rate,
            conductance=None if raw.conductance is None else raw.conductance[first:stop],
        )
        for number, (first, stop) in enumerate(zip(bounds[:-1], bounds[1:]), start=1)
    ]


def windowed(raws, window=None):
    """(sweeps with their steps, [(sweep, why it has none)], notes) of sweeps of one file and protocol.

    Of steps that begin together in several sweeps those are taken whose level differs most from sweep to
    sweep: test pulses stay the same. A sweep whose command is constant is one of no step, at the same time.

    Parameters
    ----------
    raws : list of RawSweep
    window : (float, float), optional
        Start and stop in s, instead of what the command says.
    """
    if window is not None:
        placed = [(raw, round(window[0] * raw.rate), round(window[1] * raw.rate)) for raw in raws]
        short = [(raw, f"it ends at {raw.voltage.size / raw.rate:.4g} s") for raw, _, stop in placed
                 if stop > raw.voltage.size]  # fmt: skip
        return [_at(*entry) for entry in placed if entry[2] <= entry[0].voltage.size], short, []
    found = [long_plateaus(raw.command, raw.rate) for raw in raws]
    chosen, notes = _common(raws, [steps for steps, _ in found])
    kept, left = [], []
    for raw, (steps, why) in zip(raws, found):
        own = [step for step in steps if chosen and abs(step.first / raw.rate - chosen[0]) <= SAME_]
        if own:
            first, stop = own[0].first, own[0].stop
        elif chosen:
            first, stop = (round(time * raw.rate) for time in chosen[:2])
            least = 1e-3 * max(np.abs(raw.command).max(), 1e-12)
            noise = 0.0 if raw.nominal else 0.05 * chosen[2]
            if not flat(raw.command, first, min(stop, raw.command.size), raw.rate, max(least, noise)):
                left.append((raw, why or f"it has no step at {chosen[0]:.4g} s as the others have"))
                continue
        else:
            left.append((raw, why))
            continue
        if stop > raw.voltage.size:
            left.append((raw, f"it was stopped at {raw.voltage.size / raw.rate:.4g} s, within its step"))
            continue
        kept.append(_at(raw, first, stop))
    return kept, left, notes


def _common(raws, found):
    """((start, stop, largest level) in s and A of the step that is varied, or None; notes on others."""
    groups: list = []
    for raw, steps in zip(raws, found):
        for step in steps:
            start = step.first / raw.rate
            group = next((group for group in groups if abs(group["start"] - start) <= SAME_), None)
            if group is None:
                groups.append(group := {"start": start, "stops": [], "levels": []})
            group["stops"].append(step.stop / raw.rate)
            group["levels"].append(step.level - step.before)
    if not groups:
        return None, []

    def merit(group):
        levels = group["levels"] + [0.0] * (len(group["levels"]) < len(raws))
        length = float(np.median(group["stops"])) - group["start"]
        # Of equal ones the first in time, which begins at rest
        return round(float(np.ptp(levels)), 14), round(length, 3), -group["start"]

    best = max(groups, key=merit)
    others = [group for group in groups if group is not best and merit(group)[0] > 0.5 * merit(best)[0] > 0]
    starts = ", ".join(format(group["start"], ".4g") for group in others)
    notes = [
        f"{raws[0].file}: steps at {best['start']:.4g} s are taken; those at {starts} s differ from sweep to"
        " sweep as well, and window= takes them"
    ]
    chosen = best["start"], float(np.median(best["stops"])), float(np.max(np.abs(best["levels"])))
    return chosen, notes if others else []


def _at(raw, first, stop):
    before = raw.command[max(0, first - round(BASE_ * raw.rate)) : first]
    current = float(raw.command[first:stop].mean()) + raw.bias
    holding = float(np.median(before)) + raw.bias if before.size else np.nan
    edges = {first, stop, *edges_of(raw.command, raw.rate)[0]}
    return Windowed(raw, first, stop, current, holding, tuple(edge / raw.rate for edge in sorted(edges)))


def too_short(window):
    """Whether rates cannot be read from a window of this many seconds."""
    return window[1] - window[0] < SHORTEST_
