"""Given wiring is as good as shuffled: the input that cells sum up over it."""

from __future__ import annotations

import numpy as np

from ...basics.frozen import FrozenDict
from .base import Premise

__all__ = ["ExchangeableWeights", "input_ratio"]

FEWEST_CELLS = 50  # with which the ratio is known to a fifth: its standard error is sqrt(2/cells)


class ExchangeableWeights(Premise):
    """Mean square, over the cells of a population, of what the input through their very synapses, at the
    rates of the very cells that they come from, differs from the mean of shuffled wiring; over that of
    shuffled wiring.

    Shuffled, every synapse has a source, a target and a weight that know nothing of one another, and
    projections onto a population know nothing of one another either.
    """

    name = "weights exchangeable"
    meaning = (
        "One mean input stands for all cells of a population: in-degree times mean weight times mean rate."
        " Where strong synapses come from busy cells, where some cells collect them, or where groups project"
        " onto themselves, cells receive something else than in a network whose synapses were shuffled, and"
        " the mean field is that of the shuffled one."
    )
    limit = 2.0
    reason = "inputs are then 1.4 times as far apart as chance wiring with the same synapses makes them"
    caution = "The wiring is not exchangeable: the mean field is that of a network with shuffled synapses."
    change = FrozenDict({"cells": True})

    def measure(self, evidence):
        circuit, worst, where = evidence.circuit, np.nan, ""
        given = [entry for entry in zip(circuit.labels, circuit.projections) if entry[1].wiring is not None]
        if not given:
            return None
        for run in evidence.runs:
            # What a cell fires over time is known to one spike
            rates = {name: np.zeros(size) for name, size in run.sizes.items()}
            for name, i, _ in evidence.trains(run):
                rates[name] = np.bincount(i, minlength=run.sizes[name]) / (0.75 * run.duration_)
            for target, population in circuit.populations.items():
                arrives = {p.label: p.sent_ for p in circuit.pathways(target)}
                onto = [
                    (p.wiring, arrives[label](rates[p.source]), p.synapse.current_(1.0, population.model))
                    for label, p in given
                    if p.target == target and rates[p.source].any()
                ]
                if population.size < FEWEST_CELLS or not onto:
                    continue
                ratio = input_ratio(onto, population.size)
                if not ratio <= worst:
                    worst, where = ratio, target
        if np.isnan(worst):
            return self.unmeasured(
                f"no population of at least {FEWEST_CELLS} cells had input through given wiring"
            )
        followed = evidence.reduced.cells
        advice = f"population {where}: mean square of inputs about the mean of shuffled wiring, over its own"
        if not self.allows(worst):
            advice += (
                "; here every cell has its very synapses"
                if followed
                else "; the mean field is of another network: use reduce(..., cells=True)"
            )
        return self.row(worst, self.allows(worst) or followed, advice)


def input_ratio(onto, cells):
    """Mean square of the inputs of cells about the mean of shuffled wiring, over that of shuffled wiring.

    Parameters
    ----------
    onto : list of (GivenWiring, ndarray, float)
        Wiring onto these cells, the rates of its sources in Hz, and the mean current of a synapse at 1 Hz.
    cells : int
        Number of them.
    """
    apart, shuffled = np.zeros(cells), 0.0
    for wiring, rates, size in onto:
        relative = np.ones(wiring.number) if wiring.relative is None else wiring.relative
        apart += size * np.bincount(wiring.j, relative * rates[wiring.i], cells)
        apart -= size * wiring.number * rates.mean() / cells
        # n synapses that each fall on one of N cells: a variance of n <x^2> (1 - 1/N)/N
        square = wiring.second * np.mean(rates**2)
        shuffled += size**2 * wiring.number * square * (1 - 1 / cells) / cells
    return float(np.mean(apart**2) / shuffled) if shuffled else np.nan
