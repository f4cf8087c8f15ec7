"""Which points of a scan are worth a compiled network."""

from __future__ import annotations

import json
from collections import Counter

from ..basics.arguments import seconds
from ..networks.engines.base import SpikingRun
from ..networks.engines.register import AUTO, MANY, NATIVE, ONE, engine_of
from ..networks.spiking_network import BIN_
from .tasks import DURATION, RECORD

__all__ = ["network_engines"]

FEWEST = 4  # runs that a compiled network must serve: it takes as long to build


def network_engines(plan, waiting, task, seed, settings):
    """{kind of point: {setting: engine}}, for the points that wait.

    Points that share a structure get a compiled network. The first program is built here, before all workers
    want it at once.
    """
    key = "network_engine" if task == "validate" else "engine"
    if settings.get(key, AUTO) != AUTO:
        return {}
    duration_ = round(seconds(settings.get("duration", DURATION), "duration") / BIN_) * BIN_
    numbers = Counter(plan.kinds[number] for number in waiting)
    runs = {
        kind: SpikingRun(
            plan.circuits[kind],
            seed,
            seconds(settings.get("dt"), "dt") or float(plan.circuits[kind].dt),
            duration_,
            settings.get("record", RECORD),
        )
        for kind in numbers
    }
    engines, others = {}, {}
    for kind, run in runs.items():
        # What it takes is built here, before all workers want it at once
        if engine_of(AUTO, run.circuit, run.dt_) is NATIVE:
            engines[kind] = {key: NATIVE.name}
        else:
            others[kind] = run
    return engines | _brian_engines(plan, others, numbers, key, settings)


def _brian_engines(plan, runs, numbers, key, settings):
    """The same of what the native engine cannot run."""
    structures = {kind: json.dumps(MANY.structure(run), sort_keys=True) for kind, run in runs.items()}
    points = Counter()
    for kind, structure in structures.items():
        points[structure] += numbers[kind]
    engines, built = {}, False
    for kind, structure in structures.items():
        worth = (
            points[structure] * settings.get("seeds", 1) >= FEWEST
            and all(p.probability is None for p in plan.circuits[kind].projections)
            and not MANY.problem(plan.circuits[kind])
        )
        engines[kind] = {key: (MANY if worth else ONE).name}
        if worth and not built:
            MANY.prepare(runs[kind])
            built = True
    return engines
