"""Which points of a scan are worth a compiled network."""

from __future__ import annotations

import json
from collections import Counter

from ..basics.arguments import seconds
from ..networks.spiking_network import BIN_
from ..networks.standalone import build_program, can_build, structure_of
from .tasks import DURATION, RECORD

__all__ = ["network_engines"]

FEWEST = 4  # runs that a compiled network must serve: it takes as long to build


def network_engines(plan, waiting, task, seed, settings):
    """{kind of point: {setting: engine}}, for the points that wait.

    Points that share a structure get a compiled network. The first program is built here, before all workers
    want it at once.
    """
    key = "network_engine" if task == "validate" else "engine"
    if settings.get(key, "auto") != "auto":
        return {}
    duration_ = round(seconds(settings.get("duration", DURATION), "duration") / BIN_) * BIN_
    numbers = Counter(plan.kinds[number] for number in waiting)
    arguments = {
        kind: (
            plan.circuits[kind],
            seed,
            seconds(settings.get("dt"), "dt") or float(plan.circuits[kind].dt),
            duration_,
            settings.get("record", RECORD),
        )
        for kind in numbers
    }
    structures = {kind: json.dumps(structure_of(*each), sort_keys=True) for kind, each in arguments.items()}
    points = Counter()
    for kind, structure in structures.items():
        points[structure] += numbers[kind]
    engines, built = {}, False
    for kind, structure in structures.items():
        worth = (
            points[structure] * settings.get("seeds", 1) >= FEWEST
            and all(p.in_degree is not None for p in plan.circuits[kind].projections)
            and can_build()
        )
        engines[kind] = {key: "standalone" if worth else "brian2"}
        if worth and not built:
            build_program(*arguments[kind])
            built = True
    return engines
