"""The engines behind every measurement: many uncoupled copies of one cell."""

from .cells import Cells, CellStatistics, Source, count_sem, ran_off
from .codegen import LANES
from .engine import ENGINES, resting_state, runs_off, simulate_cells
from .native import Unavailable, kernel_of
from .native import run_cells as run_native
from .stopping import Decided, Precise, Settled, Spiked

__all__ = [
    "ENGINES",
    "LANES",
    "Cells",
    "CellStatistics",
    "Decided",
    "Precise",
    "Settled",
    "Source",
    "Spiked",
    "Unavailable",
    "count_sem",
    "kernel_of",
    "ran_off",
    "resting_state",
    "run_native",
    "runs_off",
    "simulate_cells",
]
