"""Many uncoupled copies of one cell, each with its own parameters: what every gain is measured with."""

from .engine import ENGINES, Cells, CellStatistics, DivergenceError, Source, resting_state, simulate_cells

__all__ = ["ENGINES", "Cells", "CellStatistics", "DivergenceError", "Source", "resting_state", "simulate_cells"]
