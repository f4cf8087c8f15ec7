"""Whether the mean rate of cells that get different inputs is that of the mean cell.

Numbers of inputs and sizes of synapses differ from cell to cell. Where a gain bends, at its foot above all,
the mean over cells is another rate than that of the cell that gets the mean.
"""

from __future__ import annotations

import numpy as np

from .driven_cells import outputs_of
from .inputs import synapses_of
from .search import SILENT_, WARMUP_

__all__ = ["spread_warnings"]

CELLS, SECONDS_ = 1000, 1.0  # of each of the two runs: 3 % of a rate of 1 Hz
LIMIT, FLOOR_, SIGMAS = 0.1, 1.0, 3.0  # two thirds of the error of a mean rate that is quantitative; Hz


def spread_warnings(circuit, found, drives_, *, seed, **settings):
    """[str] of populations whose mean rate differs from that of their mean cell.

    Both run with the same random numbers, at the rates that were found, so that what is not settled in a run
    from rest is so in both; through the loop the difference d of what comes out moves the rates by
    (1 - d out/d in)^-1 d. Rates of the cells that inputs come from are taken as equal, which leaves part of
    it out.

    Parameters
    ----------
    found : object
        With the rates `r`, squared CVs `cv2` and the matrix `jacobian`, as a search for an operating point
        ends.
    """
    names = list(circuit.populations)
    mapping = lambda values: dict(zip(names, np.asarray(values, dtype=float).tolist()))
    run = lambda unequal: outputs_of(
        circuit,
        mapping(found.r),
        drives_,
        mapping(found.cv2),
        unequal,
        cells=CELLS,
        duration_=SECONDS_ + WARMUP_,
        warmup_=WARMUP_,
        seed=seed,
        **settings,
    )
    kinds = [pathways for name in names for _, pathways in synapses_of(circuit, name)]
    if not any(pathway.scatter or pathway.second != 1 for pathways in kinds for pathway in pathways):
        return  # cells get the same
    alike, apart = run(None), run(dict.fromkeys(names, 1.0))
    passed = np.linalg.inv(np.eye(len(names)) - found.jacobian)
    moved = passed @ np.array([apart[name].rate - alike[name].rate for name in names])
    sem = np.sqrt(passed**2 @ np.array([apart[name].sem ** 2 + alike[name].sem ** 2 for name in names]))
    for name, rate, change, error in zip(names, found.r, moved, sem):
        if abs(change) > LIMIT * max(rate, FLOOR_) + SIGMAS * error and max(rate, rate + change) > SILENT_:
            yield (
                f"population {name}: its cells differ in the numbers and sizes of their inputs, and by these"
                f" their mean rate is about {max(rate + change, 0.0):.3g} Hz, where the mean cell has"
                f" {rate:.3g} Hz: noise = 'quenched' follows it"
            )
