"""Averaging synaptic input over time (Figure 4 of the lecture: Chen & Fetz 2005), and the rates it can
follow.

The average of one conductance over time is that over trials, as long as the rate of the inputs changes
slowly. A conductance follows a rate that swings at a frequency f with H = 1/(1 + 2 pi i f tau) of its
amplitude, late by up to tau: K G tau R(t) misses |1 - H| of the swing.

An average over a window T keeps sin(pi f T)/(pi f T) of a swing and lowers the noise of one cell: short
windows are noisy, long ones flatten the swing, and what one cell tells of the ensemble at its best lies
between.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.averaged_inputs import (
    FAST,
    G_,
    INPUTS,
    RATE_,
    SEED,
    SETTLED_,
    SLOW,
    STEP_,
    SWING,
    TAU_,
    averaged,
    filtered,
    recorded,
    swinging,
)
from b2reduce.experiments.script import Row, run
from brian2 import Hz

TITLE = "Time average against ensemble average; slow and fast rates"
DOI = "doi:10.1152/jn.00024.2005"
MINUTES = (0.1, 0.3)  # short, long
DEPARTURES = (
    (
        "The paper tells three classes of cortical cells of awake monkeys apart by their spikes and membrane"
        " potentials; the lecture takes a figure of it as an illustration of averaging."
    ),
    (
        "Recorded are the conductances of model cells, not membrane potentials; rates and numbers of inputs"
        " are this package's own."
    ),
)
PICTURES = ("fig2",)
# Spikes come on a time grid and conductances are recorded at the end of a step: their mean is long by dt/2 in
# tau, their variance likewise.
MEAN_ = G_ * INPUTS * RATE_ * STEP_ / -np.expm1(-STEP_ / TAU_)
SD_ = G_ * np.sqrt(INPUTS * RATE_ * STEP_ / -np.expm1(-2 * STEP_ / TAU_))
EXCESS = 1 / (INPUTS * RATE_ * TAU_)  # kurtosis of shot noise


# %%
def fig1(long=False):
    """Averages over time of one cell, over windows T, beside the average over cells.

    Both readings of the average.
    """
    cells, duration_ = (1000, 20.0) if long else (400, 6.0)
    t, g = recorded(RATE_ * Hz, cells, duration_, SEED)
    spacing = t[1] - t[0]
    numbers = np.array([1, 3, 10, 30, 100, 300, 1000])  # samples a window; one sample is no average
    blocks = [g[:, : g.shape[1] // n * n].reshape(cells, -1, n).mean(axis=2) for n in numbers]
    found = np.array([block.std() for block in blocks]) / MEAN_
    laws = [averaged(n, spacing) for n in numbers]
    expected = SD_ * np.sqrt([law[0] for law in laws]) / MEAN_
    # Relative error of a standard deviation: half that of the mean square, whose squares have the variance 2
    # + excess (that of one sample at most) and the squared correlations of neighbouring blocks.
    known = np.array(
        [
            np.sqrt((2 + EXCESS) * (1 + 2 * np.sum((law[n::n] / law[0]) ** 2)) / block.size) / 2
            for n, law, block in zip(numbers, laws, blocks)
        ]
    )
    worst = np.max(np.abs(found / expected - 1) / known)
    figure, ax = plt.subplots(figsize=(5.4, 3.8), layout="constrained")
    ax.errorbar(
        numbers * spacing * 1e3,
        found,
        yerr=found * known,
        color="black",
        marker="o",
        linestyle="",
        label="one cell over a window T",
    )
    dense = np.unique(np.geomspace(1, numbers[-1], 40).round().astype(int))
    ax.loglog(
        dense * spacing * 1e3,
        [SD_ / MEAN_ * averaged(n, spacing)[0] ** 0.5 for n in dense],
        color="black",
        label="theory, sampled every ms",
    )
    ax.axhline(SD_ / MEAN_ / np.sqrt(cells), color="0.5", linestyle="--", label=f"{cells} cells at one time")
    ax.set(
        xlabel="window T (ms)",
        ylabel="scatter of the average / mean",
        title="averages at a constant rate",
        xticks=(ticks := [1, 10, 100, 1000]),
        xticklabels=ticks,
    )
    ax.set_yticks(ticks := [0.01, 0.02, 0.05, 0.1, 0.2], labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="lower left", bbox_to_anchor=(0, 0.08))
    # A time average of one cell, and one moment of many cells: the same number.
    one, moment = g[0].mean(), g[:, g.shape[1] // 2].mean()
    errors = SD_ * np.array([np.sqrt(2 * TAU_ / duration_), 1 / np.sqrt(cells)])
    return figure, [
        Row(
            "one cell over all time, all cells at one time (nS)",
            f"both K G tau r = {INPUTS * G_ * TAU_ * RATE_ * 1e9:.3f}; {MEAN_ * 1e9:.3f} on the time grid",
            f"{one * 1e9:.3f} +- {errors[0] * 1e9:.3f}, {moment * 1e9:.3f} +- {errors[1] * 1e9:.3f}",
            np.all(np.abs(np.array([one, moment]) - MEAN_) < 4 * errors),
        ),
        # Four standard errors at each of seven windows: a chance of 4 in 10 000 that any lies
        # outside.
        Row(
            "scatter of averages over 1 ms to 1 s",
            f"theory of filtered Poisson trains: {expected[0]:.4f} to {expected[-1]:.4f} of the mean",
            f"{found[0]:.4f} to {found[-1]:.4f}; {worst:.1f} standard errors at most over {len(numbers)}"
            " windows",
            worst < 4,
        ),
    ]


# %%
def fig2(long=False):
    """Rates that swing slowly and fast.

    What the mean conductance makes of them, and what the window of one cell sees.
    """
    cells, duration_ = 4000 if long else 1500, 2.0
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    rows, missed = [], []
    for ax, frequency, letter in zip(axes, (SLOW, FAST), "ab"):
        t, g = swinging(frequency, cells, duration_)
        mean = g.mean(axis=0)
        expected = filtered(frequency)
        # To a sine
        response = 2j * np.mean((mean - MEAN_) * np.exp(-2j * np.pi * frequency * t)) / (SWING * MEAN_)
        # The spectrum of noise, 2 tau sd^2 |H|^2, over N cells and the time T: 4 of that over N T for 2
        # |mean(...)|, half of it in each part, real and imaginary.
        error = np.sqrt(4 * TAU_ * SD_**2 * abs(expected) ** 2 / (cells * duration_)) / (SWING * MEAN_)
        dense = np.linspace(0, 2 / frequency, 400)
        swing = lambda response_: (
            MEAN_ * (1 + SWING * np.imag(response_ * np.exp(2j * np.pi * frequency * (SETTLED_ + dense))))
        )
        shown = t < SETTLED_ + 2 / frequency
        ax.plot(
            (t[shown] - SETTLED_)[:: max(1, shown.sum() // 40)] * 1e3,
            mean[shown][:: max(1, shown.sum() // 40)] * 1e9,
            color="black",
            marker="o",
            markersize=4,
            linestyle="",
            label=f"mean of {cells} cells",
        )
        ax.plot(dense * 1e3, swing(expected) * 1e9, color="black", label="K G tau R(t), filtered by tau")
        ax.plot(dense * 1e3, swing(1) * 1e9, color="0.5", linestyle="--", label="K G tau R(t)")
        ax.set(
            xlabel="time (ms)",
            ylabel="conductance (nS)",
            title=f"({letter}) rate swings at {frequency:g} Hz",
            ylim=(0, 9.5),
        )
        ax.legend(fontsize="small", loc="upper right")
        limit = 1 / (1 + 2j * np.pi * frequency * TAU_)
        parts = lambda H: f"{abs(H):.3f}, {np.degrees(np.angle(H)):.1f}"
        rows.append(
            Row(
                f"{frequency:g} Hz: amplitude and phase (deg) of <g> over K G tau R(t)",
                f"1/(1 + i w tau): {parts(limit)}; {parts(expected)} on the time grid",
                f"{abs(response):.4f} +- {error:.4f}, {np.degrees(np.angle(response)):.1f} +-"
                f" {np.degrees(error / abs(expected)):.1f}",
                abs(response - expected) < 4 * error,
            )
        )
        missed.append(
            Row(
                f"{frequency:g} Hz: what K G tau R(t) misses of the swing (%)",
                f"w tau/sqrt(1 + (w tau)^2) = {100 * abs(1 - limit):.2f}; {100 * abs(1 - expected):.2f} on"
                " the time grid",
                f"{100 * abs(1 - response):.2f} +- {100 * error:.2f}",
                abs(abs(1 - response) - abs(1 - expected)) < 4 * error,
            )
        )
        if frequency == SLOW:
            row = windows(axes[2], t, g, expected)
    return figure, rows + missed + [row]


def windows(ax, t, g, response):
    """One cell's average over a window T, against the ensemble's mean at its middle, while the rate swings
    slowly.
    """
    spacing, period = t[1] - t[0], round(1 / SLOW / (t[1] - t[0]))
    numbers = np.array([1, 3, 11, 21, 31, 51, 101, 151, 251, 501])  # odd: a window has a middle
    ensemble = MEAN_ * (1 + SWING * np.imag(response * np.exp(2j * np.pi * SLOW * t)))
    reach = numbers[-1] // 2
    middles = reach + np.arange((len(t) - 2 * reach) // period * period)  # whole periods of the swing
    sums = np.cumsum(np.pad(g, ((0, 0), (1, 0))), axis=1)
    samples = g.shape[0] * len(middles)

    def law(n):
        """Expected root mean square, and its standard error."""
        # Of samples n a window keeps sin(pi f T)/(n sin(pi f spacing)) of the swing: that of the docstring,
        # sampled.
        bias = (
            SWING
            * MEAN_
            * abs(response)
            * (1 - np.sin(np.pi * SLOW * n * spacing) / (n * np.sin(np.pi * SLOW * spacing)))
            / np.sqrt(2)
        )
        covariance = averaged(n, spacing)
        noise, shape = SD_**2 * covariance[0], covariance[1:] / covariance[0]
        # Of the mean square: the noise's own variance, (2 + excess) noise^2, and that of its product with the
        # bias, 4 bias^2 noise at most, over independent samples.
        of_square = (2 + EXCESS) * noise**2 * (1 + 2 * np.sum(shape**2)) + 4 * bias**2 * noise * (
            1 + 2 * np.sum(shape)
        )
        return (expected := np.sqrt(noise + bias**2)), np.sqrt(of_square / samples) / (2 * expected)

    found = []
    for n in numbers:
        means = (sums[:, middles + n // 2 + 1] - sums[:, middles - n // 2]) / n
        found.append(np.sqrt(np.mean((means - ensemble[middles]) ** 2)))
    found, (expected, error) = np.array(found), np.array([law(n) for n in numbers]).T
    scale = 1 / (SWING * MEAN_)
    dense = np.unique(2 * (np.geomspace(1, numbers[-1], 60) // 2).astype(int) + 1)
    ax.errorbar(
        numbers * spacing * 1e3,
        found * scale,
        yerr=error * scale,
        color="black",
        marker="o",
        linestyle="",
        label="one cell, measured",
    )
    ax.loglog(
        dense * spacing * 1e3,
        np.array([law(n)[0] for n in dense]) * scale,
        color="black",
        label="noise and flattening",
    )
    ax.loglog(
        dense * spacing * 1e3,
        abs(response) * np.abs(1 - np.sinc(SLOW * dense * spacing)) / np.sqrt(2),
        color="0.5",
        linestyle="--",
        label="flattening, 1 - sin(pi f T)/(pi f T)",
    )
    ax.set(
        xlabel="window T (ms)",
        ylabel="rms error / amplitude of the swing",
        title=f"(c) windows at {SLOW:g} Hz",
        ylim=(0.05, 4),
        xticks=(ticks := [1, 10, 100]),
        xticklabels=ticks,
    )
    ax.set_yticks(ticks := [0.1, 0.2, 0.5, 1], labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="upper left")
    at = lambda values: f"{values[0] * scale:.3f}, {values[best] * scale:.3f}, {values[last] * scale:.3f}"
    best, last = int(np.argmin(expected)), int(np.flatnonzero(numbers == 251)[0])
    worst = np.max(np.abs(found - expected) / error)
    return Row(
        f"{SLOW:g} Hz: error of one cell's average over T = 1, {numbers[best]}, 251 ms, over the swing",
        f"noise and flattening: {at(expected)}, least at {numbers[best]} ms",
        f"{at(found)}, least at {numbers[np.argmin(found)]} ms; {worst:.1f} standard errors at most over"
        f" {len(numbers)} windows",
        worst < 4,
    )


# %%
if __name__ == "__main__":
    run(globals())
