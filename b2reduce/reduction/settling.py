"""How long the cells of a population take to fire as they go on to."""

from __future__ import annotations

import numpy as np

from ..basics.streams import seed_streams
from ..cells.points import measure_points
from .inputs import sources_of
from .search import SILENT_

__all__ = ["settling_"]

# Stretches in s over which cells that start at rest are watched until two rates that follow one another
# agree: within a part, and three standard errors.
STRETCHES_, SETTLED, SETTLING_CELLS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0), 0.02, 400


def settling_(circuit, name, point, *, seed, **settings):
    """Time in s after which the cells of a population, at rest to begin with, fire at the operating point as
    they go on to; the longest looked at where they never do.

    What adapts may take many times longer than a membrane. Cells whose only variable is their membrane's
    voltage have no such memory.
    """
    model = circuit.populations[name].model
    if len(model.state_variables) == 1 or point.rate_[name] < SILENT_:
        return STRETCHES_[0]
    sources, state, before = sources_of(circuit, name, point.rate_, point.drives_, point.cv2_), "rest", None
    for number, (first, last) in enumerate(zip((0.0, *STRETCHES_), STRETCHES_)):
        found = measure_points(
            model,
            [point.I_[name]],
            [point.g_[name]],
            sources,
            replicates=SETTLING_CELLS,
            duration_=last - first,
            warmup_=0.0,
            seed=seed_streams(seed, number),
            initial=state,
            **settings,
        )
        state = {key: found.statistics.final_state[key] for key in model.state_variables}
        rate, sem = found.rate_[0], max(found.rate_sem_[0], 1 / found.time[0])
        if number > 1 and abs(rate - before[0]) <= SETTLED * rate + 3 * np.hypot(sem, before[1]):
            return STRETCHES_[number - 2]
        before = rate, sem
    return STRETCHES_[-1]
