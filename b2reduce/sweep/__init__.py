"""Many uncoupled copies of one cell, each with its own parameters: what every gain is measured with."""

from .engine import Cells, CellStatistics, Source, resting_state, simulate_cells

__all__ = ["Cells", "CellStatistics", "Source", "resting_state", "simulate_cells"]
