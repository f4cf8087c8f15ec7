"""The noise that cells are measured in, one line a choice."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NOISES", "Noise"]


class Noise(NamedTuple):
    """What the inputs of uncoupled cells are like.

    Attributes
    ----------
    measured : bool
        Whether there is noise at all.
    renewal : bool
        Whether recurrent trains are as regular as the cells fire, or Poisson trains.
    quenched : bool
        Whether cells of a population differ in what they get, as in the network.
    """

    measured: bool = True
    renewal: bool = False
    quenched: bool = False


#: {name: Noise} as `reduce` takes them.
NOISES = {
    "renewal": Noise(renewal=True),
    "quenched": Noise(renewal=True, quenched=True),
    "matched": Noise(),
    "none": Noise(measured=False),
}
