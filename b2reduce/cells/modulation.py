"""A cell whose input is modulated at several frequencies at once, with sums over its spikes that answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from ..basics.provenance import versions
from ..basics.units import si_label, with_units

__all__ = ["Answer", "answer_of", "modulated_cell", "phases_of", "start_of", "summing_cell", "swing_of"]

# s: all frequencies are multiples of 1/PERIOD_, so that they do not leak into one another
PERIOD_, WARMUP_ = 4.0, 0.3
PREFIX = "modulation"


def phases_of(frequency_):
    """Starting phases spread by the golden ratio, so that tones do not peak together."""
    return 2 * np.pi * ((np.arange(len(frequency_)) * 0.6180339887) % 1)


def swing_of(frequency_, amplitude, dt_):
    """A cosine at every frequency and a constant, of these amplitudes in turn, at every step of a
    measurement.
    """
    t = np.arange(int(np.ceil((WARMUP_ + PERIOD_) / dt_)) + 1)[:, None] * dt_
    return np.cos(2 * np.pi * frequency_ * t + phases_of(frequency_)) @ amplitude[:-1] + amplitude[-1]


def modulated_cell(model, frequency_, amplitude, dt_, with_synapses, tones=None):
    """The model with a sum of cosines and a constant added to its input, and sums over its spikes as state
    variables; of the frequencies only the first `tones` are in the input, or all.
    """
    model = summing_cell(model, frequency_, dt_, with_synapses)
    number = range(len(frequency_) if tones is None else tones)
    current, total = with_units(amplitude, model.current_dim), f"{PREFIX}_input"
    unit = "amp/meter**2" if "m^2" in si_label(model.current_dim) else "amp"
    lines = []
    for line in model.equations.splitlines():
        head, equals, tail = line.partition("=")
        if line.partition(":")[0].strip() != model.input:
            lines.append(
                head + equals + re.sub(rf"\b{re.escape(model.input)}\b", total, tail) if equals else line
            )
    swing = " + ".join(f"cos({PREFIX}_w_{k}*t + {PREFIX}_p_{k})" for k in number)
    lines.append(f"{total} = {model.input} + {PREFIX}_A*(1 + {swing}) : {unit}")
    parameters = {
        f"{PREFIX}_A": current,
        **{f"{PREFIX}_p_{k}": float(phases_of(frequency_)[k]) for k in number},
    }
    return replace(model, equations="\n".join(lines), parameters={**model.parameters, **parameters})


def summing_cell(model, frequency_, dt_, with_synapses):
    """The model with sums of exp(-2 pi i f t) over its spikes as state variables, one for every frequency."""
    number = range(len(frequency_))
    taken = [name for name in (*model.parameters, *model.parsed.names) if name.startswith(PREFIX)]
    if taken:
        raise model.error("equations", f"the name {taken[0]!r} is reserved for modulated inputs; rename it")
    lines = [
        *model.equations.splitlines(),
        *(f"d{PREFIX}_{part}_{k}/dt = 0/second : 1" for k in number for part in "cs"),
    ]
    late = f"int(t >= {PREFIX}_begin)"
    reset = [model.reset] if model.reset else []
    # The phase is that of the time after the warm-up; a whole number of periods follows it.
    reset += [
        f"{PREFIX}_{part}_{k} += {late}*{function}({PREFIX}_w_{k}*t)"
        for k in number
        for part, function in (("c", "cos"), ("s", "sin"))
    ]
    parameters = {
        f"{PREFIX}_begin": with_units(WARMUP_ - 0.25 * dt_, "s"),
        **{f"{PREFIX}_w_{k}": with_units(2 * np.pi * f, "Hz") for k, f in enumerate(frequency_)},
    }
    method = model.method_used(with_synapses)
    return replace(
        model,
        method="rk4" if method == "exact" else method,
        equations="\n".join(lines),
        reset="\n".join(reset),
        parameters={**model.parameters, **parameters},
    )


def start_of(rest, frequency_):
    """Starting values of a cell with sums, from those of the cell without."""
    return {**rest, **{f"{PREFIX}_{part}_{k}": np.zeros(1) for k in range(len(frequency_)) for part in "cs"}}


def provenance_of(model, found, cells, rtol, dt_, seed):
    """How a response was measured."""
    return {
        "model": model.name,
        "model_hash": model.hash,
        "engine": found.engine,
        "dt [s]": dt_,
        "duration [s]": WARMUP_ + PERIOD_,
        "warmup [s]": WARMUP_,
        "cells": cells,
        "rtol": rtol,
        "seed": seed,
        "versions": versions(),
    }


@dataclass(frozen=True)
class Answer:
    """How the rate of cells answers to modulation, at the frequencies and then at rest."""

    frequency_: np.ndarray  #: Hz, ascending from 0
    gain: np.ndarray  #: Hz over the unit of the modulation, complex
    gain_sem: np.ndarray  #: of the real part and of the imaginary one
    power_: np.ndarray  #: spectral density of the spike train of a cell, Hz
    rate_: float
    rate_sem_: float
    cells: int


def answer_of(rising, falling, frequency_, amplitude, shift_=0.0):
    """The Answer of cells with sums to a modulation, and to the same turned round: even orders cancel.

    Parameters
    ----------
    rising, falling : PointRates
        Where cells have the same noise one by one, it cancels as far as it is answered alike.
    amplitude : float or ndarray
        Of each frequency, and of the constant behind them.
    shift_ : float
        By how much later than noted spikes are, s.
    """
    sums = []
    for found in (rising, falling):
        final = found.statistics.final_state
        tones = [final[f"{PREFIX}_c_{k}"] - 1j * final[f"{PREFIX}_s_{k}"] for k in range(len(frequency_))]
        sums.append(np.array([*tones, found.statistics.count]))
    frequency_ = np.append(frequency_, 0.0)
    twice = np.where(frequency_ > 0, 2.0, 1.0)
    scale = (twice * np.exp(-2j * np.pi * frequency_ * shift_) / (PERIOD_ * amplitude))[:, None]
    half = scale * (sums[0] - sums[1]) / 2  # of every cell
    # At rest there is no imaginary part
    variance = half.real.var(axis=1) / twice + half.imag.var(axis=1) / 2
    phase = np.append(phases_of(frequency_[:-1]), 0.0)
    # The mean over cells is what all have in common, the modulation
    power = np.mean([np.var(own, axis=1) for own in sums], axis=0) / PERIOD_
    rate, order = (sums[0][-1].real + sums[1][-1].real) / (2 * PERIOD_), np.argsort(frequency_)
    return Answer(
        frequency_[order],
        (half.mean(axis=1) * np.exp(-1j * phase))[order],
        np.sqrt(variance / half.shape[1])[order],
        power[order],
        float(rate.mean()),
        float(rate.std() / np.sqrt(rate.size)),
        2 * half.shape[1],
    )
