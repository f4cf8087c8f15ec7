"""What uncoupled cells foretell of a network in time, and what its spikes do.

    python -m b2reduce.experiments.fluctuations spectra [CIRCUIT] [--figure PATH]    population spectra beside
    those of spiking runs (a minute) python -m b2reduce.experiments.fluctuations boundary [--figure PATH]    where
    the asynchronous state of `ei_lif_gamma` ends, over the sizes of two projections (20 minutes)

Bands are about a quarter of an octave wide. Of spectra the median over bands of |foretold/spikes - 1| is shown,
of which a part is chance: a band of n independent frequencies and runs is known to 1/sqrt(n).
"""

from __future__ import annotations

import time

import click
import numpy as np

import b2reduce as b2r
from b2reduce.results.plots.fluctuations import spectra_of

__all__ = ["boundary", "spectra"]

EDGES = np.array([1, 3, 6, 10, 15, 20, 25, 30, 35, 40, 50, 60, 75, 100, 130, 160, 200.0])  # Hz
SMOOTH = 7  # frequencies of 1 Hz that are averaged before a peak is looked for
_FIGURE = click.option("--figure", type=click.Path(dir_okay=False), help="Write the figure there.")


@click.group(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """Entry point."""


def spectra(name="ei_lif", seeds=6, duration="4.25 s", seed=1):
    """(Fluctuations, runs, table by population and band, seconds)."""
    import pandas as pd

    start = time.perf_counter()
    found = b2r.fluctuations(b2r.reduce(name, seed=seed), seed=seed)
    middle = time.perf_counter()
    runs = [
        b2r.simulate_spikes(name, duration=duration, seed=number, record=0, bin="0.5 ms")
        for number in range(1, seeds + 1)
    ]
    frequency, seen = spectra_of(runs, 0.25, "1 Hz")
    rows = []
    for k, population in enumerate(found.populations):
        foretold = found.spectrum_[k, k].real
        for low, high in zip(EDGES, EDGES[1:]):
            band = lambda f, values, low=low, high=high: values[(f >= low) & (f < high)].mean()
            own, other = band(found.frequency_, foretold), band(frequency, seen[k])
            rows.append(
                {
                    "population": population,
                    "from [Hz]": low,
                    "to [Hz]": high,
                    "foretold [Hz]": own,
                    "spikes [Hz]": other,
                    "error": own / other - 1,
                }
            )
    return found, runs, pd.DataFrame(rows), (middle - start, time.perf_counter() - middle)


@main.command("spectra")
@click.argument("circuit", default="ei_lif")
@click.option("--seeds", default=6, show_default=True)
@_FIGURE
def spectra_(circuit, seeds, figure):
    """Population spectra, 1 to 200 Hz."""
    found, runs, table, (own, other) = spectra(circuit, seeds)
    click.echo(f"{found}\n{found.foretold.to_string()}\n")
    click.echo(table.round(4).to_string(index=False))
    frequency, seen = spectra_of(runs, 0.25, "1 Hz")
    inside = (frequency >= 2) & (frequency < 200)
    for k, (name, rows) in enumerate(table.groupby("population", sort=False)):
        smooth = np.convolve(seen[k], np.ones(SMOOTH) / SMOOTH, "same")[inside]
        peak = found.frequency_[found.frequency_ < 200][
            found.spectrum_[k, k].real[found.frequency_ < 200].argmax()
        ]
        click.echo(
            f"{name}: median |error| {100 * rows['error'].abs().median():.1f} %; peak foretold at {peak:.0f} Hz,"
            f" seen at {frequency[inside][smooth.argmax()]:.0f} Hz"
        )
    click.echo(f"{own:.1f} s for the reduction and what it foretells, {other:.1f} s for {seeds} spiking runs")
    if figure:
        b2r.plots.plot_spectra(found, runs).figure.savefig(figure)


def boundary(spiking=True, workers=None):
    """The AsynchronyMap of `ei_lif_gamma` over the sizes of E->E and I->E."""
    from brian2 import nS

    grid = {
        "projection.I->E.G": np.array([0.2, 0.35, 0.5, 0.65, 0.8, 1.0]) * nS,
        "projection.E->E.G": np.array([0.02, 0.04, 0.06, 0.08, 0.1, 0.12]) * nS,
    }
    return b2r.map_asynchrony(
        "ei_lif_gamma", grid, spiking=spiking, workers=workers, **({"duration": "1 s"} if spiking else {})
    )


@main.command("boundary")
@click.option("--spiking/--no-spiking", default=True, help="Whether spiking networks are run as well.")
@click.option("--workers", default=None, type=int)
@_FIGURE
def boundary_(spiking, workers, figure):
    """Where the asynchronous state ends, 6 x 6 points."""
    found = boundary(spiking, workers)
    click.echo(found.table.to_string(index=False))
    same, both = found.agreement
    click.echo(f"spikes agree at {same} of {both} points" if both else repr(found))
    if figure:
        b2r.plots.plot_asynchrony(found).figure.savefig(figure)


if __name__ == "__main__":
    main()
