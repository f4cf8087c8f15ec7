"""The engines behind every measurement: many uncoupled copies of one cell."""

from .cells import Cells, CellStatistics, Source, count_sem
from .engine import ENGINES, resting_state, simulate_cells
from .stopping import Precise, Settled

__all__ = ["ENGINES", "Cells", "CellStatistics", "Precise", "Settled", "Source", "count_sem", "resting_state", "simulate_cells"]
