"""Figures of results: plot_x(result, ax=None) draws into an axes and returns it."""

from .results.plots.cells import plot_fi, plot_transfer
from .results.plots.dynamics import plot_adaptation, plot_linear_response
from .results.plots.fluctuations import plot_spectra
from .results.plots.networks import plot_raster, plot_rates, plot_step
from .results.plots.style import style
from .results.plots.sweeps import plot_sweeps
from .results.plots.theory import plot_continuation, plot_phase_plane
from .scanning.asynchrony_plot import plot_asynchrony
from .scanning.map_plot import plot_map
from .validation.plots import plot_cells, plot_comparison, plot_frequencies, plot_levels

__all__ = [
    "plot_adaptation",
    "plot_asynchrony",
    "plot_cells",
    "plot_comparison",
    "plot_continuation",
    "plot_fi",
    "plot_frequencies",
    "plot_levels",
    "plot_linear_response",
    "plot_map",
    "plot_phase_plane",
    "plot_raster",
    "plot_rates",
    "plot_spectra",
    "plot_step",
    "plot_sweeps",
    "plot_transfer",
    "style",
]
