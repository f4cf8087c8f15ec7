"""What the program of a spiking network is handed, and what it holds itself."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

__all__ = ["Network", "UnderWay", "Wired"]


class Network(ctypes.Structure):
    """What network.cpp calls Network."""

    _fields_ = [
        ("dt", ctypes.c_double),
        *((name, ctypes.c_int64) for name in ("first", "last", "parts", "mask", "every", "turn")),
        *((name, ctypes.c_void_p) for name in ("arrays", "sizes", "arrived", "stop", "under_way")),
    ]


@dataclass(frozen=True)
class UnderWay:
    """What the program holds of spikes that have not arrived, until it is closed."""

    library: object
    pointer: int

    def close(self):
        self.library.delete_under_way(self.pointer)


@dataclass(frozen=True)
class Wired:
    """Synapses as they are drawn: cells, delays in steps, sizes over their mean or None."""

    i: np.ndarray
    j: np.ndarray
    late: np.ndarray
    sizes: object = None
