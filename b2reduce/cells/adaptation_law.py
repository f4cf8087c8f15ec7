"""What a spike leaves behind, from steady rates and intervals, and what to know before it is used."""

from __future__ import annotations

import ast
import textwrap

import numpy as np

from ..basics.errors import InputError
from ..circuit.spike_memory import fit_memory
from .after_currents import spike_sequences

__all__ = ["changed_by_spikes", "doubts_on", "law_of"]

FOLLOWED_, CELLS = 1.5, 12  # s, and cells at each leak, whose intervals tell what a spike leaves behind
SLOW, MOST_FOLLOWED_ = 6, 20.0  # time constants that steady rates and intervals are followed for, s at most
# Of what a spike leaves behind, at the next one: less says nothing. Relative errors that are not worth a word
FAINT, SURE = 0.06, 0.1


def law_of(model, surface, onsets, lo, hi, kind, duration_, dt_, engine):
    """(rows of steady rate, current beyond that of the onset and leak.

    What a spike leaves behind, or None).
    """
    rows, chosen = [], []
    for j, g in enumerate(surface.g_):
        if g not in onsets:
            continue
        rate = surface.rate_[:, j]
        here = (rate > lo) & (rate <= hi)
        beyond = surface.I_[here] - onsets[g].current(rate[here])
        rows += [(r, a, g) for r, a in zip(rate[here], beyond) if np.isfinite(a)]
        firing = np.flatnonzero((rate > 4 / duration_) & (rate <= 1.5 * hi))
        if firing.size:
            chosen += [
                (I, g)
                for I in surface.I_[firing[np.unique(np.linspace(0, firing.size - 1, CELLS).astype(int))]]
            ]
    if not rows or not chosen:
        return np.array(rows), None
    rows, (I_, leak_) = np.array(rows), np.array(chosen).T
    spikes = spike_sequences(model, I_, leak_, duration_=duration_, dt_=dt_, engine=engine)
    return rows, fit_memory(
        onsets, list(zip(I_, leak_, spikes)), rows, surface.g_, voltage=kind == "voltage-driven"
    )


def doubts_on(model, memory, top, kind):
    """What to know before using the law; an error where it says nothing."""
    J, left = memory.b * memory.tau, np.exp(-1 / (top * memory.tau))
    if kind == "spike-driven" and (left < FAINT or not J > 0 or memory.J_error > 0.5 * J):
        why = (
            f"it decays within about {memory.tau * 1e3:.2g} ms, and at {top:.3g} Hz {100 * left:.2g} % of it"
            " is left at the next spike"
            if left < FAINT
            else f"J comes out as {J:.3g} with a standard error of {memory.J_error:.2g} (SI)"
        )
        raise InputError(
            f"model {model.name!r}: what a spike leaves behind cannot be told from rates up to {top:.3g} Hz:"
            f" {why}; give higher rates, such as rates = (0*Hz,"
            f" {max(2 * top, 0.7 / max(memory.tau, 1e-3)):.0f}*Hz), or take it as part of the gain"
        )
    doubts = []
    if 2 * memory.J_error > SURE * abs(J) and not memory.parts:
        doubts.append(
            f"J is known to {100 * memory.J_error / abs(J):.2g} % (one standard error) only: what a spike"
            " leaves behind is small beside what it is measured by"
        )
    if memory.parts:
        (fast, fast_tau), (_, slow_tau) = memory.parts
        doubts.append(
            f"what a spike leaves behind is not one current with one time constant: {100 * fast / J:.0f} % of"
            f" J decays within {fast_tau * 1e3:.3g} ms and the rest within {slow_tau * 1e3:.3g} ms; J is that"
            " of both, tau their mean"
        )
    elif kind == "spike-driven" and memory.spread > SURE:
        doubts.append(
            f"J differs by {100 * memory.spread:.2g} % between the lower and the upper half of the rates:"
            " what a spike leaves behind is not one current with one time constant"
        )
    return doubts


def changed_by_spikes(model):
    """Names that the reset sets."""
    return {
        node.id
        for node in ast.walk(ast.parse(textwrap.dedent(model.reset)))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
