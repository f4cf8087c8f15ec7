"""Adaptation as part of a rate model: which populations have it, and how it is measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..basics.arguments import described
from ..basics.errors import InputError, unknown_name
from ..basics.units import with_units
from ..cells.adaptation import Adaptation
from ..cells.measure_adaptation import measure_adaptation
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
            g = with_units(point.g_[name] * np.array(ADAPTING_LEAKS), population.model.conductance_dim)
            top = max(ADAPTING_RATES * point.rate_[name], LEAST_ADAPTING)
            found[name] = measure_adaptation(
                population.model,
                g=g,
                rates=(with_units(0.0, "Hz"), with_units(top, "Hz")),
                dt=with_units(settings["dt_"], "s"),
                seed=seed,
                engine=settings["engine"],
                progress=False,
            )
            if found[name].kind != "none" and found[name].tau is None:
                raise InputError(f"population {name}: {'; '.join(found[name].warnings)}")
    return {name: adapts for name, adapts in found.items() if adapts.kind != "none"}
