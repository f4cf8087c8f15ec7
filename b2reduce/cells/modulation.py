"""A cell whose input is modulated at several frequencies at once, with sums over its spikes that answer."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ..basics.units import si_label, with_units

__all__ = ["modulated_cell", "phases_of"]

# s: all frequencies are multiples of 1/PERIOD_, so that they do not leak into one another
PERIOD_, WARMUP_ = 4.0, 0.3
PREFIX = "modulation"


def phases_of(frequency_):
    """Starting phases spread by the golden ratio, so that tones do not peak together."""
    return 2 * np.pi * ((np.arange(len(frequency_)) * 0.6180339887) % 1)


def modulated_cell(model, frequency_, amplitude, dt_, with_synapses):
    """The model with a sum of cosines and a constant added to its input, and sums over its spikes as state
    variables.
    """
    number = range(len(frequency_))
    taken = [name for name in (*model.parameters, *model.parsed.names) if name.startswith(PREFIX)]
    if taken:
        raise model.error("equations", f"the name {taken[0]!r} is reserved for modulated currents; rename it")
    current, total = with_units(amplitude, model.current_dim), f"{PREFIX}_input"
    unit = "amp/meter**2" if "m^2" in si_label(model.current_dim) else "amp"
    lines = []
    for line in model.equations.splitlines():
        head, equals, tail = line.partition("=")
        if line.partition(":")[0].strip() != model.input:
            lines.append(
                head + equals + re.sub(rf"\b{re.escape(model.input)}\b", total, tail) if equals else line
            )
    tones = " + ".join(f"cos({PREFIX}_w_{k}*t + {PREFIX}_p_{k})" for k in number)
    lines.append(f"{total} = {model.input} + {PREFIX}_A*(1 + {tones}) : {unit}")
    lines += [f"d{PREFIX}_{part}_{k}/dt = 0/second : 1" for k in number for part in "cs"]
    late = f"int(t >= {PREFIX}_begin)"
    reset = [model.reset] if model.reset else []
    # The phase is that of the time after the warm-up; a whole number of periods follows it.
    reset += [
        f"{PREFIX}_{part}_{k} += {late}*{function}({PREFIX}_w_{k}*t)"
        for k in number
        for part, function in (("c", "cos"), ("s", "sin"))
    ]
    parameters = {
        f"{PREFIX}_A": current,
        f"{PREFIX}_begin": with_units(WARMUP_ - 0.25 * dt_, "s"),
        **{f"{PREFIX}_w_{k}": with_units(2 * np.pi * f, "Hz") for k, f in enumerate(frequency_)},
        **{f"{PREFIX}_p_{k}": float(phase) for k, phase in enumerate(phases_of(frequency_))},
    }
    method = model.method_used(with_synapses)
    return replace(
        model,
        method="rk4" if method == "exact" else method,
        equations="\n".join(lines),
        reset="\n".join(reset),
        parameters={**model.parameters, **parameters},
    )
