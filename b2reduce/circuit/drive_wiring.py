"""What a seed draws for drives: which trains a cell sees, and rates that differ."""

from __future__ import annotations

import numpy as np

from ..basics.streams import OfNetwork, seed_streams
from .wiring import choose

__all__ = ["draw_drive_sizes", "draw_drive_wiring", "relative_rates"]


def _stream(circuit, drive, purpose, seed):
    return np.random.default_rng(seed_streams(seed, purpose, circuit.drives.index(drive)))


def relative_rates(circuit, drive, seed):
    """Rates of a drive over their mean, of cells, or of trains where these are shared."""
    number = circuit.populations[drive.target].size if drive.trains is None else drive.trains
    rng = _stream(circuit, drive, OfNetwork.DRIVE_RATES, seed)
    return drive.differing_rates.relative(rng, number)


def draw_drive_wiring(circuit, seed, only=None):
    """{label of a drive: (trains, cells that see them, delay in s)} of drives that are trains by themselves,
    all or of `only` some labels.

    Of shared trains each cell sees a set, all sets equally likely; the same for drawn and for recorded ones.
    """
    found = {}
    for drive in circuit.drives:
        label = f"{drive.name}->{drive.target}"
        if not drive.by_trains or (only is not None and label not in only):
            continue
        cells = np.arange(circuit.populations[drive.target].size)
        if drive.trains is None:
            i = cells
        else:
            rng = _stream(circuit, drive, OfNetwork.DRIVE_WIRING, seed)
            i = choose(rng, drive.trains, drive.inputs, cells.size).ravel()
        found[label] = (i, np.repeat(cells, drive.inputs), 0.0)
    return found


def draw_drive_sizes(circuit, wiring, seed):
    """{label of such a drive: size of every synapse over their mean} of those whose sizes differ."""
    return {
        label: drive.sizes.draw(_stream(circuit, drive, OfNetwork.DRIVE_SIZES, seed), wiring[label][0].size)
        for drive in circuit.drives
        if (label := f"{drive.name}->{drive.target}") in wiring and drive.sizes is not None
    }
