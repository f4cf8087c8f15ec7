"""A recurrent population in spikes, beside rate models with its gain in noise and with the law of constant currents."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.linear_law import SEED, WINDOW
from b2reduce.experiments.script import Row
from brian2 import Hz, second

import b2reduce as b2r


def figure_of(long):
    """The figure, and rows of the table."""
    inputs, seeds = (np.arange(8.0, 15.0), 3) if long else (np.array([8.0, 10.0, 12.0]), 1)
    reductions = {
        "gain in its own noise, at 11 Hz": b2r.reduce("e_shriki", seed=SEED),
        "law of constant currents": b2r.reduce("e_shriki", noise="none", window=WINDOW * Hz, seed=SEED),
    }
    spiking, sem = [], []
    for rate in inputs:
        circuit = b2r.load_circuit("e_shriki").replace({"drive.ext.rate": rate * Hz})
        # Cells of a run share hardly any input: each is an observation.
        cells = np.concatenate(
            [
                b2r.simulate_spikes(
                    circuit, duration=(2.0 if long else 1.0) * second, seed=seed, record=0
                ).cell_means_(0.3 * second)["E"]
                for seed in range(SEED, SEED + seeds)
            ]
        )
        spiking.append(cells.mean())
        sem.append(cells.std(ddof=1) / np.sqrt(cells.size))
    models = {
        name: [
            float(
                b2r.simulate_rates(reduced, duration=0.5 * second, drives={"ext": rate * Hz}).mean(
                    0.3 * second
                )["E"]
            )
            for rate in inputs
        ]
        for name, reduced in reductions.items()
    }
    figure, ax = plt.subplots(figsize=(5.6, 3.8), layout="constrained")
    ax.errorbar(inputs, spiking, sem, color="0.4", marker="o", linestyle="", label="spiking network")
    for (name, rates), line in zip(models.items(), ("-", "--")):
        ax.plot(inputs, rates, color="black", linestyle=line, label=f"rate model, {name}")
    ax.set(xlabel="rate of each input (Hz)", ylabel="rate (Hz)", ylim=(0, None))
    ax.legend(fontsize="small")
    rows = []
    fit = reductions["gain in its own noise, at 11 Hz"].gains["E"]
    lo, hi = (float(np.asarray(limit)) for limit in fit.rates)
    loop = float(np.asarray(fit.beta)) * reductions["gain in its own noise, at 11 Hz"].W_["E", "E"]
    for k, rate in enumerate(inputs):
        noisy, plain = (rates[k] for rates in models.values())
        # The straight gain is off by up to sqrt(5) of its rms misfit, as a parabola's ends are from its best
        # line; the loop amplifies that; and three standard errors.
        bound = np.sqrt(5) * float(np.asarray(fit.rmse)) / (1 - loop) + 3 * sem[k]
        inside = lo < spiking[k] < hi and rate != 11
        rows.append(
            Row(
                f"recurrent network, inputs of {rate:g} Hz: rate (Hz)",
                f"{spiking[k]:.2f} +- {sem[k]:.2f}",
                f"{noisy:.2f} with the gain in noise, {plain:.2f} with the law of constant currents"
                + (
                    ""
                    if inside
                    else f"; outside of the fitted {lo:.0f}-{hi:.0f} Hz"
                    if rate != 11
                    else "; measured here"
                ),
                abs(noisy - spiking[k]) < bound if inside else None,
                source="spiking",
            )
        )
    return figure, rows
