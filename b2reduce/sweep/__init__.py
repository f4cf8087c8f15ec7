"""The engines behind every measurement: many uncoupled copies of one cell."""

from .cells import Cells, CellStatistics, Source
from .engine import ENGINES, resting_state, simulate_cells

__all__ = ["ENGINES", "Cells", "CellStatistics", "Source", "resting_state", "simulate_cells"]
