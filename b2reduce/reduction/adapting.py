"""Adaptation as part of a rate model: which populations have it, and how it is measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..basics.arguments import described
from ..basics.errors import InputError, unknown_name
from ..basics.progress import Progress
from ..cells.adaptation import Adaptation
from ..cells.adaptation_core import measure_adaptation_
from .levels.register import LEVELS

# Of the operating leak and rate, where adaptation is measured; Hz
ADAPTING_LEAKS, ADAPTING_RATES, LEAST_ADAPTING = (0.85, 1.0, 1.15), 2.0, 30.0


def check_adaptation(circuit, adaptation, levels):
    if adaptation is None:
        return
    if not isinstance(adaptation, (str, Mapping)):
        raise InputError(
            f"adaptation: got {described(adaptation)}, expected None, 'measured' or a dict of population to"
            " Adaptation"
        )
    bent = [level for level in levels if not LEVELS[level].straight]
    if bent:
        raise InputError(
            f"adaptation: got it with level = {bent[0]!r}, expected level = 'linear', whose gain at"
            " onset follows from that of the adapted cell"
        )
    if isinstance(adaptation, Mapping):
        for name, value in adaptation.items():
            if name not in circuit.populations:
                raise InputError(f"adaptation: {unknown_name('population', name, circuit.populations)}")
            if not isinstance(value, Adaptation) or value.tau is None and value.kind != "none":
                raise InputError(
                    f"adaptation, {name}: got {described(value)}, expected an Adaptation with a time constant"
                )
    elif not (isinstance(adaptation, str) and adaptation == "measured"):
        raise InputError(
            f"adaptation: got {described(adaptation)}, expected None, 'measured' or a dict of population to"
            " Adaptation"
        )


def adaptation_of(circuit, adaptation, point, seed, settings, bar):
    """{population: Adaptation} of the populations that adapt."""
    found = dict(adaptation) if isinstance(adaptation, Mapping) else {}
    if isinstance(adaptation, str):
        bar.stage("adaptation")
        for name, population in circuit.populations.items():
            top = max(ADAPTING_RATES * point.rate_[name], LEAST_ADAPTING)
            found[name] = measure_adaptation_(
                population.model,
                None,
                point.g_[name] * np.array(ADAPTING_LEAKS),
                (0.0, top),
                dt_=settings["dt_"],
                fixed=True,
                seed=seed,
                engine=settings["engine"],
                bar=Progress(False),
            )
            if found[name].kind != "none" and found[name].tau is None:
                raise InputError(f"population {name}: {'; '.join(found[name].warnings)}")
    return {name: adapts for name, adapts in found.items() if adapts.kind != "none"}
