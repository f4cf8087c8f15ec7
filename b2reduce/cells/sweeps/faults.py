"""What is wrong with a recording, in sentences with numbers.

The bounds. A bridge that left R uncompensated makes the input resistance, and with it 1/g_L, too large by
R: it is said where that is more than 5 % of it, and three standard errors of R. A dynamic clamp reads a
voltage that is wrong by R times the current, so that the conductance is off by the share g R. A resting
potential that drifts by dV acts as a current of g_L dV: it is said where that is more than half of the
typical step from one current to the next, since rates then belong to the neighbouring current.
"""

from __future__ import annotations

import numpy as np

from ...basics.display import amount

__all__ = ["clipped", "warnings_of"]

BRIDGE, SIGMAS = 0.05, 3.0
FLAT = 3  # equal samples at the largest value of a sweep
FAST_, SHORT_ = 5e-3, 5e-4  # V within s that leads up to a clipped top: rests are flat as well
LONGER = 0.1  # share by which steps are longer that are not of one kind
CURVED = 0.2  # share by which the input resistance changes over the currents


def warnings_of(kept, voltages, trains, missed, slow, table, passive, bridge, left_out, rule):
    """[str] of a recording."""
    return (
        *dict.fromkeys(note for one in kept for note in one.raw.notes),
        *_left_out(left_out),
        *_missed(voltages, kept, missed, rule),
        *_slow(kept, slow, rule),
        *_clipped(kept, voltages),
        *_blocked(table),
        *_lengths(kept, trains),
        *_bridge(passive, bridge, table),
        *_drift(table, passive),
        *_outside(kept, trains),
        *_curved(passive),
    )


def _some(kept, chosen, most=6):
    """'a.abf, sweeps 3, 4; b.abf, sweep 1'"""
    files: dict = {}
    for k in chosen:
        files.setdefault(kept[k].raw.file, []).append(str(kept[k].raw.number))
    return "; ".join(
        f"{file}, sweep{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:most])}"
        + (f" and {len(numbers) - most} more" if len(numbers) > most else "")
        for file, numbers in files.items()
    )


def _left_out(left_out):
    if left_out:
        number = len(left_out)
        yield (
            f"{number} {'sweep is' if number == 1 else 'sweeps are'} left out (left_out lists"
            f" {'it' if number == 1 else 'all'}): {'; '.join(left_out[:3])}{'; ...' if number > 3 else ''}"
        )


def _missed(voltages, kept, missed, rule):
    marked, peaks = [], []
    for k, times in enumerate(missed):
        after = [voltages[k][round(t * kept[k].raw.rate) :] for t in times]
        within = max(2, round(2e-3 * kept[k].raw.rate))
        # One that climbs on to the threshold, and more slowly, is among the slow peaks
        low = [peak for part in after if (peak := part[:within].max()) < rule.threshold]
        peaks += low
        marked += [k] if low else []
    if not peaks:
        return
    yield (
        f"{len(peaks)} fast {'rise was' if len(peaks) == 1 else 'rises were'} not counted as"
        f" {'a spike' if len(peaks) == 1 else 'spikes'}, with peaks of {1e3 * min(peaks):.1f} to"
        f" {1e3 * max(peaks):.1f} mV (threshold {1e3 * rule.threshold:g} mV), in {_some(kept, marked)}: set"
        " threshold= between other potentials and these peaks if they are spikes"
    )


def _slow(kept, slow, rule):
    marked = [k for k, times in enumerate(slow) if times.size]
    if marked:
        number = sum(times.size for times in slow)
        some = (
            "peak {} was not counted as a spike, since it rises"
            if number == 1
            else "peaks {} were not counted as spikes, since they rise"
        )
        yield (
            f"{number} {some.format(f'above {1e3 * rule.threshold:g} mV')} more slowly than {rule.slope:g}"
            f" V/s, in {_some(kept, marked)}: set slope= lower if the cell's spikes are so slow"
        )


def clipped(voltage, rate):
    """How many samples stand at the largest value, where the voltage runs into it and stays: an amplifier at
    its limit.

    Examples
    --------
    >>> v = np.tile(np.r_[np.full(80, -0.06), np.linspace(-0.06, 0.05, 20)], 5)
    >>> clipped(v, 20000.0), clipped(np.minimum(v, 0.03), 20000.0)
    (0, 20)
    """
    top = voltage == voltage.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], top.astype(int), [0]])))
    before = max(1, round(SHORT_ * rate))
    return sum(
        int(stop - first)
        for first, stop in zip(edges[::2], edges[1::2])
        if stop - first >= FLAT
        and first
        and voltage[first] - voltage[max(0, first - before) : first].min() >= FAST_
    )


def _clipped(kept, voltages):
    found = {k: clipped(voltage, kept[k].raw.rate) for k, voltage in enumerate(voltages)}
    found = {k: number for k, number in found.items() if number}
    if found:
        top = max(voltages[k].max() for k in found)
        yield (
            f"the amplifier was at its limit: {sum(found.values())} samples stand at {1e3 * top:.1f} mV, the"
            f" largest value, in {_some(kept, found)}; spikes are counted, and no voltage there"
            " is one"
        )


def _blocked(table):
    blocked = table[table["blocked"]]
    if len(blocked):
        yield (
            f"{len(blocked)} {'sweep ends' if len(blocked) == 1 else 'sweeps end'} silent at a depolarised"
            f" plateau of {1e3 * blocked['plateau [V]'].max():.0f} mV (depolarisation block), from"
            f" {amount(blocked['I [A]'].min(), 'A')} on: their steady rate is 0"
        )


def _lengths(kept, trains):
    lengths = [one.stop_ - one.start_ for one, spikes in zip(kept, trains) if np.size(spikes)]
    if lengths and max(lengths) > (1 + LONGER) * min(lengths):
        yield (
            f"rates come from steps of {amount(min(lengths), 's')} to {amount(max(lengths), 's')}: those of a"
            " cell that adapts belong to different times after the onset; sweeps= or protocol= takes one kind"
        )


def _bridge(passive, bridge, table):
    R, sem = bridge
    if not np.isfinite(R) or not np.isfinite(passive.g_L) or abs(R) < SIGMAS * np.nan_to_num(sem):
        return
    share, added = R * passive.g_L, float(table["g_added [S]"].max())
    if abs(share) <= BRIDGE and abs(R) * added <= BRIDGE:
        return
    yield (
        f"the voltage jumps with the current by {amount(R, 'ohm', sem)}: the bridge took too"
        f" {'little' if R > 0 else 'much'}, which makes g_L {abs(share):.0%} too"
        f" {'small' if R > 0 else 'large'}"
        + (f", and the clamped conductance off by up to {abs(R) * added:.0%}" if added else "")
        + (
            f"; without the jump it would be {amount(passive.g_L / (1 - share), 'S')}, which g_L= takes"
            if share < 1
            else ""
        )
    )


def _drift(table, passive):
    rest = table["rest [V]"].to_numpy()
    known = np.isfinite(rest) & (table["g_added [S]"].to_numpy() == table["g_added [S]"].iloc[0])
    currents = np.unique(np.round(table["I [A]"].to_numpy(), 13))
    if known.sum() < 4 or currents.size < 2 or not np.isfinite(passive.g_L):
        return
    order = np.flatnonzero(known)
    # Firing before and after-potentials move single sweeps: of the line only its whole course counts
    line, (covariance, _) = np.polyfit(order, rest[known], 1), np.polyfit(order, rest[known], 1, cov=True)[1]
    change, sem = line[0] * np.ptp(order), np.sqrt(covariance[0]) * np.ptp(order)
    bound = 0.5 * float(np.median(np.diff(currents)))
    acts = abs(change) * passive.g_L
    if acts > bound and abs(change) > SIGMAS * sem:
        yield (
            f"the voltage before the steps drifts by {1e3 * change:.1f} ± {1e3 * sem:.1f} mV over the sweeps"
            f" ({1e3 * rest[order[0]]:.1f} to {1e3 * rest[order[-1]]:.1f} mV), which acts as"
            f" {amount(acts, 'A')}, more than half of the step between currents"
        )


def _outside(kept, trains):
    """Spikes without a step: the cell fires by itself, or the window is another's."""
    firing = [
        k
        for k, (one, times) in enumerate(zip(kept, trains))
        if np.sum(times < one.start_) > 1 or np.sum(times > one.stop_ + 0.05) > max(3, 0.5 * times.size)
    ]
    if firing:
        yield (
            f"spikes outside of the step, in {_some(kept, firing)}: the cell fires by itself, or"
            " window= is another"
        )


def _curved(passive):
    if abs(passive.curvature) > CURVED:
        yield (
            f"the input resistance changes by {abs(passive.curvature):.0%} over the subthreshold currents"
            " (rectification): g_L is a mean of it; give g_L= where another is meant"
        )
