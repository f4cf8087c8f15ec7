"""The figures of a report."""

from __future__ import annotations

import warnings

import numpy as np

from ..basics.errors import AccuracyWarning
from ..results.plots.cells import plot_fi, plot_transfer
from ..results.plots.fluctuations import plot_spectra
from ..results.plots.networks import plot_raster, plot_rates
from ..results.plots.style import style
from ..theory.fluctuations import fluctuations
from .plots import plot_cells, plot_levels

__all__ = ["figures"]

# s of runs that have a spectrum, Hz of its resolution, and the pieces of a run that it is the mean of
SHORTEST_, FINEST_, PIECES = 0.5, 2.0, 8


def figures(validation):
    """{name: (matplotlib Figure, caption)} of a validation."""
    from matplotlib.figure import Figure
    from matplotlib.style import context

    reduced, comparison = validation.reduced, validation.comparison
    drawn = {}
    with context(style()):
        figure = Figure(figsize=(7.0, 0.9 + 0.62 * len(reduced.populations)))
        plot_levels(validation, ax=figure.subplots())
        drawn["levels"] = (
            figure,
            (
                "Mean rates: bars are the spiking network's, with the standard deviation over seeds; markers"
                " are the rate model at every level, the one validated filled. The grey band is 15 % around"
                " the spiking rate."
            ),
        )
        figure = Figure(figsize=(7.0, 5.2))
        raster, rates = figure.subplots(2, 1, height_ratios=[1.2, 1])
        run = validation.spikes[0]
        plot_raster(run, ax=raster)
        plot_rates(validation.rates, run, ax=rates)
        rates.axvspan(float(np.asarray(comparison.after)), run.duration_, color="0.5", alpha=0.1, lw=0)
        drawn["activity"] = (
            figure,
            (
                "Above: spikes of some cells in the last half second of the first spiking run. Below:"
                " population rates of the whole run (10 ms Gaussian) with the rate model, from the silent"
                " start; means are taken over the shaded time. Its time constant is a modelling choice."
            ),
        )
        if comparison.cells is not None:
            same = next(
                run
                for run in validation.spikes
                if run.provenance["seed"] == validation.rates.provenance["seed"]
            )
            figure = Figure(figsize=(7.0, 2.8))
            for ax, name in zip(
                figure.subplots(1, len(reduced.populations), squeeze=False)[0], reduced.populations
            ):
                plot_cells(same, validation.rates, name, after=comparison.after, ax=ax)
            drawn["cells"] = (
                figure,
                (
                    "Rates of single cells: spikes counted after the start, and the units of the rate model"
                    " on the same wiring, with the scatter that counting adds."
                ),
            )
        if reduced.answers:
            drawn.update(_spectra(validation))
        for name, transfer in reduced.transfers.items():
            if len(transfer.rates_) > 2:
                continue
            figure = Figure(figsize=(5.0, 3.6))
            plot_transfer(transfer, ax=figure.subplots())
            drawn[f"transfer_{name}"] = (
                figure,
                f"Population {name}: its rate over the rates of its sources, whose noise moves with them.",
            )
        for name, surface in reduced.surfaces.items():
            figure = Figure(figsize=(5.6, 3.8))
            point = (reduced.operating_I[name], reduced.operating_rate[name])
            plot_fi(surface, reduced.gains[name], point=point, ax=figure.subplots())
            noise = "without noise" if reduced.noise == "none" else "in the noise of the operating point"
            drawn[f"fi_{name}"] = (
                figure,
                (
                    f"Population {name}: rate of uncoupled cells over mean current at several mean leaks"
                    f" {noise},"
                    " and the fitted law r = f(I - I_theta - v_theta g). Dotted: the window of rates that"
                    " was fitted."
                ),
            )
    return drawn


def _spectra(validation):
    """Spectra of the population rates, where it was measured how cells answer; none where a rhythm grows."""
    from matplotlib.figure import Figure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)  # its sentences stand in the caption
        found = fluctuations(validation.reduced)
    after_ = float(np.asarray(validation.comparison.after))
    left_ = min(run.duration_ for run in validation.spikes) - after_
    if not found.stable or left_ < SHORTEST_:
        return {}
    figure = Figure(figsize=(7.0, 3.6))
    resolution = max(FINEST_, PIECES / left_)
    plot_spectra(
        found,
        list(validation.spikes),
        after=f"{after_} s",
        resolution=f"{resolution} Hz",
        ax=figure.subplots(),
    )
    said = " ".join(f"{warning[0].upper()}{warning[1:]}." for warning in found.warnings)
    return {
        "spectra": (
            figure,
            (
                "Spectra of the population rates: thin lines of the spiking runs, thick ones as uncoupled"
                f" cells, their number and their delays foretell them. {said}"
            ).strip(),
        )
    }
