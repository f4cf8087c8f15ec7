"""Rates over the preferred angle of the cells of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import runs_of, whole
from ..basics.errors import InputError
from ..circuit.circuit import load_circuit
from .activity import Activity

if TYPE_CHECKING:
    import pandas

    from ..basics.types import QuantityLike
    from ..circuit.types import CircuitLike

__all__ = ["tuning_curve"]

BINS = 36


def tuning_curve(
    activity: Activity, circuit: CircuitLike, *, after: QuantityLike | None = None, bins: int = BINS
) -> pandas.DataFrame:
    """Mean rates of cells by preferred angle.

    Parameters
    ----------
    activity : Activity or sequence of Activity
        Spiking runs, or rate runs with one unit a cell; of several the mean over all.
    circuit : Circuit
    after : Quantity, optional
        Left out at the beginning.
    bins : int
        Of angles.

    Returns
    -------
    pandas.DataFrame
        population, angle in degrees (bin centre), rate and its standard error over cells in Hz, number of
        cells.

    Raises
    ------
    InputError
        If no population has a feature, or the runs hold no rates of cells.

    Examples
    --------
    >>> from brian2 import second
    >>> from b2reduce import load_circuit, simulate_spikes
    >>> few = {f"projection.{pair}.in_degree": 20 for pair in ("E->E", "E->I", "I->E", "I->I")}
    >>> ring = load_circuit("ring_lif").replace({**few, "population.E.size": 400, "population.I.size": 400})
    >>> tuning_curve(simulate_spikes(ring, duration=0.2*second, seed=1), ring, bins=12).shape
    (24, 5)
    """
    import pandas as pd

    runs, circuit, bins = (
        runs_of(activity, Activity, "tuning_curve, activity"),
        load_circuit(circuit),
        whole(bins, "bins", 1),
    )
    for run in runs:
        if set(run.populations) != set(circuit.populations):
            raise InputError(
                f"tuning_curve, activity: got populations {', '.join(run.populations)}, expected those of the"
                f" circuit: {', '.join(circuit.populations)}"
            )
    means, rows = [run.cell_means_(after) for run in runs], []
    for name, population in circuit.populations.items():
        if population.feature is None:
            continue
        rate = np.mean([cells[name] for cells in means], axis=0)
        edges = np.linspace(-90, 90, bins + 1)
        degrees = np.degrees(population.angles_)
        which = np.clip(np.digitize(degrees, edges) - 1, 0, bins - 1)
        for k in range(bins):
            here = rate[which == k]
            if here.size:
                rows.append(
                    (
                        name,
                        (edges[k] + edges[k + 1]) / 2,
                        here.mean(),
                        here.std(ddof=1) / np.sqrt(here.size) if here.size > 1 else np.nan,
                        here.size,
                    )
                )
    if not rows:
        raise InputError(
            f'circuit {circuit.name!r}: no population has a feature; give one feature = "orientation"'
        )
    return pd.DataFrame(rows, columns=["population", "angle [deg]", "rate [Hz]", "sem [Hz]", "cells"])
