"""Recorded trains are as good as Poisson trains."""

from __future__ import annotations

import numpy as np

from ...circuit.train_statistics import WINDOW_, train_statistics
from .base import Ratio

__all__ = ["RecordedTrains"]


class RecordedTrains(Ratio):
    """Variance over mean of the number of spikes that a cell receives in 20 ms from recorded trains, 1 for
    independent Poisson trains of constant rates.
    """

    name = "replayed trains"
    meaning = (
        "The mean field has Poisson trains of one mean rate in place of recorded ones. Trains that are more"
        " regular bring less noise; trains that are bursty, that spike together or whose rates change over"
        " time bring more, and cells follow what their rates do in time."
    )
    limit = 1.5
    reason = "the standard deviation of the noise is then off by 22 %, as much as correlations are allowed to"
    caution = "Recorded trains are no Poisson trains of one rate, which the rate model has in their place."
    otherwise = "replay what is stationary and independent, or drive with a table of their rate over time"

    def measure(self, evidence):
        drives = [drive for drive in evidence.circuit.drives if drive.spikes is not None]
        if not drives:
            return None
        lasts_ = max((run.duration_ for run in evidence.runs), default=0.0)
        found = {f"{d.name}->{d.target}": train_statistics(d.spikes, d.inputs) for d in drives}
        short = [d for d in drives if d.spikes.duration_ < lasts_ - WINDOW_]
        ended = "".join(
            f"; drive {d.name}->{d.target} falls silent at {d.spikes.duration_:.3g} s of {lasts_:.3g} s, and"
            " its mean rate is that until then: run no longer than was recorded"
            for d in short
        )
        measured = {label: s.summed for label, s in found.items() if np.isfinite(s.summed)}
        if not measured:
            return self.unmeasured(f"too little was recorded to see its variance{ended}", holds=not short)
        label = self.farthest(measured)
        what = f"drive {label}: {found[label].said}"
        holds = self.allows(measured[label])
        what += "" if holds else "; the rate model has Poisson trains of the same mean rate"
        return self.row(measured[label], holds and not short, what + ended)
