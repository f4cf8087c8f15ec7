"""Rates of slow synapses in time: a network of rates of the spiking one, after a step of its drive."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.script import Row
from b2reduce.experiments.slow_synapses import SEED, SETTLED, TAU_, driven_network, slowed
from brian2 import Hz, second

import b2reduce as b2r

STEPPED, STEPS = 2000, (18.0, 20.0)  # cells of the network whose drive steps, and its rates in Hz


def figure_of(long):
    """The figure, and rows of the table."""
    circuit, factors, seeds, bin_ = (
        driven_network(STEPPED),
        (1, 4, 10, 40) if long else (1, 4, 20),
        6 if long else 3,
        10,
    )
    figure, axes = plt.subplots(
        1, len(factors), figsize=(3.4 * len(factors), 3.6), sharey=True, layout="constrained"
    )
    rows, squares, errors = [], [], []
    for ax, factor in zip(axes, factors):
        slow, tau_ = slowed(circuit, factor), TAU_ * factor
        before_, after_ = 0.2 + SETTLED * tau_, max(5 * tau_, 0.15)
        table = (np.array([0.0, before_]) * second, np.array(STEPS) * Hz)
        runs = [
            b2r.simulate_spikes(
                slow.replace({"drive.ext.rate": table}),
                duration=(before_ + after_) * second,
                seed=seed,
                record=0,
            )
            for seed in range(SEED, SEED + seeds)
        ]
        # One filter a pathway, and the cell's rate without noise.
        model = b2r.simulate_rates(
            b2r.reduce(slow, noise="none", level="surface", tau="synaptic", seed=SEED),
            duration=(before_ + after_) * second,
            drives={"ext": table},
        )
        t, E = runs[0].t_, runs[0].populations.index("E")
        theory = np.interp(t, model.t_, model.rate_[model.populations.index("E")])
        # Bins of 10 ms, of which those from the step on tell of the error.
        binned = lambda values, since: (
            values[..., since:][..., : (t.size - since) // bin_ * bin_]
            .reshape(*values.shape[:-1], -1, bin_)
            .mean(axis=-1)
        )
        step = round(before_ * 1e3)
        rates = np.array([run_.rate_[E] for run_ in runs])
        each = binned(rates, step)
        noise = each.var(axis=0, ddof=1).mean() / seeds
        off = np.mean((each.mean(axis=0) - binned(theory, step)) ** 2) - noise
        squares.append(off)
        # Of a mean of squares of an offset and of normal noise, in independent bins; bins of regular trains
        # are less noisy together.
        errors.append(np.sqrt((4 * max(off, 0) * noise + 2 * noise**2) / each.shape[1]))
        shown = step - 50 * (1 if tau_ < 0.05 else 2)
        ax.plot(
            (binned(t, shown) - before_) * 1e3,
            binned(rates.mean(axis=0), shown),
            color="0.5",
            marker="o",
            ms=4,
            ls="none",
            label=f"spiking network, {seeds} seeds",
        )
        ax.plot((t[shown:] - before_) * 1e3, theory[shown:], color="black", label="network of rates")
        ax.set(
            xlabel="time from the step (ms)", title=f"({'abcd'[len(squares) - 1]}) tau = {1e3 * tau_:.0f} ms"
        )
        rows.append(
            Row(
                f"{1e3 * tau_:.0f} ms: error over {1e3 * after_:.0f} ms from the step on, mean square less"
                " that of noise (Hz²)",
                "0 as tau grows",
                f"{off:.2f} +- {errors[-1]:.2f}; the rate steps by {theory[-1] - theory[step - 1]:.1f} Hz",
                source="paper",
            )
        )
    axes[0].set(ylabel="rate of E (Hz)", ylim=(56, 82))
    axes[0].legend(fontsize="small", loc="lower right")
    falls = all(
        b + 3 * np.hypot(db, da) < a for a, b, da, db in zip(squares, squares[2:], errors, errors[2:])
    )
    rows.append(
        Row(
            "the network of rates is the better, the slower its synapses",
            "mean square error falls, over two steps of tau",
            " > ".join(f"{off:.2f}" for off in squares),
            falls,
            "paper",
        )
    )
    return figure, rows
