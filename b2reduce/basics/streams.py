"""Independent random streams from one seed."""

from __future__ import annotations

import numpy as np

from .arguments import whole

__all__ = ["seed_streams"]


def seed_streams(seed, *key):
    """A 32-bit seed for one purpose, independent of those for other purposes.

    Parameters
    ----------
    seed : int
        The user's seed.
    *key : int
        What the stream is for: a purpose number, a round, a population...
    """
    return int(np.random.SeedSequence(entropy=whole(seed, "seed"), spawn_key=key).generate_state(1)[0])
