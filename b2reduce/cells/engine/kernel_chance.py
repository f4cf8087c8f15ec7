"""What chance needs in a kernel: random streams of the cells, and a table of Poisson probabilities."""

from __future__ import annotations

import numpy as np

from ...basics.errors import InputError
from .codegen import MOST_ENTRIES

__all__ = ["poisson_table", "streams_of", "swings_of"]

MOST_EVENTS = 500  # in a step; beyond about 700 the probability of none leaves the range of floats
TABLE_TAIL = 1e-4  # probability of more events in a step than the table of their probabilities holds


def streams_of(seed, cells):
    """Random state of every cell, shape (4, cell): splitmix64 from the run's seed and the cell's number.

    Not numpy's SeedSequence, whose streams are others: every number that was measured until now came from
    these.
    """
    word = lambda number: np.uint64(number % 2**64)
    golden, out = word(0x9E3779B97F4A7C15), np.empty((4, cells), dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = word(seed) + golden * np.arange(cells, dtype=np.uint64) * word(4)
        x ^= word(seed) << word(32) | word(seed) >> word(32)
        for row in out:
            x = x + golden
            z = (x ^ x >> word(30)) * word(0xBF58476D1CE4E5B9)
            z = (z ^ z >> word(27)) * word(0x94D049BB133111EB)
            row[:] = z ^ z >> word(31)
    return out


def poisson_table(means, highest=1.0):
    """P(events in a step <= entry), shape (source, entry, cell), for means of shape (source, cell).

    `highest` is the largest factor by which means swing in time.
    """
    from scipy.special import pdtr  # not scipy.stats, whose import takes longer than a sweep

    if not means.size:
        return np.ones((1, 1, means.shape[1]))
    most = means.max() * highest
    if most > MOST_EVENTS:
        raise InputError(
            f"a synaptic source brings {most:.4g} events a time step, more than the {MOST_EVENTS} that"
            " are counted exactly; take a smaller dt, or a constant current and leak instead: their"
            f" fluctuations are below {100 / MOST_EVENTS**0.5:.0f} % a step"
        )
    entries = min(np.count_nonzero(pdtr(np.arange(MOST_ENTRIES), most) < 1 - TABLE_TAIL) + 1, MOST_ENTRIES)
    distinct, where = np.unique(means, return_inverse=True)  # replicates share their means
    return np.ascontiguousarray(
        pdtr(np.arange(entries)[:, None], distinct)[:, where.reshape(means.shape)].transpose(1, 0, 2)
    )


def swings_of(sources):
    """The relative swings of the rates of sources, shape (source, step)."""
    steps = max((len(source.swing) for source in sources if source.swing is not None), default=0)
    swings = np.zeros((len(sources), steps))
    for row, source in zip(swings, sources):
        if source.swing is not None:
            row[:] = source.swing
    return swings
