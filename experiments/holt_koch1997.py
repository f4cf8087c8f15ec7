"""Shunting inhibition subtracts from firing rates (Holt & Koch 1997): the integrate-and-fire cell in closed
form.

A conductance with its reversal at rest divides the voltage of a cell that does not fire. In one that does,
the reset keeps the mean voltage well above rest, so that the current through the shunt hardly depends on the
rate: it is subtracted. How nearly is a matter of the rate: the shift dI/dg falls from V_th - E_L at onset to
(V_th + V_r)/2 - E_L at high rates, and the slope is kept only well above g/C, since a cell without noise
starts the more steeply the larger its leak.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.exact_lif import rounding_
from b2reduce.experiments.script import Row, run
from brian2 import amp, ms, siemens
from scipy.optimize import brentq

import b2reduce as b2r

TITLE = "Shunting inhibition is subtractive"
DOI = "doi:10.1162/neco.1997.9.5.1001"
SEED = 1
MINUTES = (0.1, 0.1)  # short, long
DEPARTURES = (
    (
        "The cell is `lif` without a refractory period; the paper's compartmental cells and its distal"
        " synapses are left out."
    ),
    "Its reset lies 5 mV above E_L, which sets the limit of the shift at high rates: 10 mV here.",
    "No number of the paper is known to us: its claims are tested in kind, against the closed form.",
)

LEAKS_ = np.array([10e-9, 20e-9, 40e-9, 80e-9])
DT_ = 2e-6  # s; intervals are long by up to one step
FAST_, BAND_ = 300.0, (250.0, 350.0)  # Hz


# %%
def exact_current(rate, g, model):
    """Current for a rate.

    T = t_ref + (C/g) ln((V_inf - V_r)/(V_inf - V_th)) with V_inf = E_L + I/g, solved in closed form.
    """
    si = model.si
    left = np.exp(-g / si("C_m") * (1 / rate - si("t_ref")))
    V_inf = (si("V_th") - si("V_r") * left) / (1 - left)
    return g * (V_inf - si("E_L"))


def exact_rate(I, g, model):
    """The rate for a current, 0 up to rheobase."""
    si = model.si
    V_inf = np.maximum(si("E_L") + I / g, si("V_th"))
    with np.errstate(divide="ignore"):
        return 1 / (si("t_ref") + si("C_m") / g * np.log((V_inf - si("V_r")) / (V_inf - si("V_th"))))


def mean_voltage(I, g, rate, model):
    """<V> - E_L in V.

    What is injected is lost through the leak or in resets, I = g (<V> - E_L) + C r (V_th - V_r), without a
    refractory period.
    """
    si = model.si
    return (I - si("C_m") * rate * (si("V_th") - si("V_r"))) / g


def fig1(long=False):
    """Curves for four leaks; the shift for each added siemens over the rate, between its two limits.

    Voltages over the leak.
    """
    model = b2r.load_model("lif").replace(t_ref=0 * ms)
    si = model.si
    onset, limit = (si("V_th") - si("E_L")) * 1e3, ((si("V_th") + si("V_r")) / 2 - si("E_L")) * 1e3
    low = np.asarray(b2r.rheobase(model, LEAKS_ * siemens))
    top = exact_current(BAND_[1] + 10, LEAKS_[-1], model)
    I = np.unique(
        np.concatenate([start + (top - start) * np.linspace(0, 1, 200 if long else 80) ** 2 for start in low])
    )
    surface = b2r.measure_fi(model, I * amp, LEAKS_ * siemens, dt=DT_ * 1e3 * ms, seed=SEED)
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
    rates, worst, within, currents = np.geomspace(1, BAND_[1], 300), 0.0, True, []
    for j, (g, line, marker) in enumerate(zip(LEAKS_, ("-", "--", "-.", ":"), "os^D")):
        rate = surface.rate_[:, j]
        fires = rate > 5
        off = np.abs(1 / rate[fires] - 1 / exact_rate(I[fires], g, model))
        worst, within = (
            max(worst, np.max(off) / DT_),
            within and bool(np.all(off <= DT_ + rounding_(model, I[fires], g, DT_))),
        )
        axes[0].plot(exact_current(rates, g, model) * 1e9, rates, color="black", linestyle=line, linewidth=1)
        few = np.flatnonzero(fires)[j * 3 :: 24]
        axes[0].plot(
            I[few] * 1e9,
            rate[few],
            color="black",
            linestyle="",
            marker=marker,
            markerfacecolor="white",
            label=f"{g * 1e9:g} nS",
        )
        shift = lambda r: (
            (exact_current(r, g * 1.001, model) - exact_current(r, g * 0.999, model)) / (0.002 * g)
        )
        axes[1].semilogx(rates, shift(rates) * 1e3, color="black", linestyle=line, label=f"{g * 1e9:g} nS")
        # Both read off the same grid of currents in the same way, so that interpolation is no part of a
        # difference.
        currents.append(
            [lambda r, rate=values: np.interp(r, rate, I) for values in (rate, exact_rate(I, g, model))]
        )
    axes[0].set(
        xlabel="current (nA)",
        ylabel="rate (Hz)",
        ylim=(0, BAND_[1]),
        title="simulated (marks), closed form (lines)",
    )
    axes[0].legend(title="leak", fontsize="small")
    for value, label, side in (
        (onset, "$V_{th} - E_L$", "bottom"),
        (limit, "$(V_{th} + V_r)/2 - E_L$", "top"),
    ):
        axes[1].axhline(value, color="0.6", linewidth=0.8)
        axes[1].text(1.1, value + (0.08 if side == "bottom" else -0.08), label, va=side)
    axes[1].set(
        xlabel="rate (Hz)",
        ylabel="shift dI/dg (mV)",
        ylim=(limit - 0.8, onset + 0.8),
        title="what a shunt takes away",
    )
    axes[1].legend(title="leak", fontsize="small", loc="center left")
    # The current at which a rate is read off is off by what an interval that is long by dt makes of it.
    unsure = lambda r, g: (
        r**2 * DT_ * (exact_current(r * 1.001, g, model) - exact_current(r * 0.999, g, model)) / (0.002 * r)
    )
    shifts = [
        (currents[1][k](FAST_) - currents[0][k](FAST_)) / (LEAKS_[1] - LEAKS_[0]) * 1e3 for k in range(2)
    ]
    bound = (unsure(FAST_, LEAKS_[0]) + unsure(FAST_, LEAKS_[1])) / (LEAKS_[1] - LEAKS_[0]) * 1e3
    start = (low[1] - low[0]) / (LEAKS_[1] - LEAKS_[0]) * 1e3
    # Rheobases are searched to 1e-4 of themselves.
    searched = 1e-4 * (low[0] + low[1]) / (LEAKS_[1] - LEAKS_[0]) * 1e3
    slope = lambda current: (BAND_[1] - BAND_[0]) / (current(BAND_[1]) - current(BAND_[0]))
    kept = [slope(currents[3][k]) / slope(currents[0][k]) for k in range(2)]
    # A slope is off by what the currents at both ends of its band are, relative to the width of the band in
    # current.
    kept_bound = kept[1] * sum(
        (unsure(BAND_[0], g) + unsure(BAND_[1], g)) * slope(currents[j][1]) / (BAND_[1] - BAND_[0])
        for j, g in ((0, LEAKS_[0]), (3, LEAKS_[3]))
    )
    rows = [
        Row(
            "simulated less exact interval, in time steps",
            "0 to 1: spikes wait for the end of their step",
            f"{worst:.2f} at most",
            within,
        ),
        Row(
            "shift at onset, 10 to 20 nS (mV)",
            f"{onset:.2f}: V_th - E_L",
            f"{start:.3f}",
            abs(start - onset) < searched,
        ),
        Row(
            f"shift at {FAST_:g} Hz, 10 to 20 nS (mV)",
            f"{shifts[1]:.3f}; {limit:.1f} at high rates: (V_th + V_r)/2 - E_L",
            f"{shifts[0]:.3f}",
            abs(shifts[0] - shifts[1]) < bound,
        ),
        Row(
            f"slope at 80 nS over that at 10 nS, {BAND_[0]:g}-{BAND_[1]:g} Hz",
            f"{kept[1]:.3f}; 1 at rates far above g/C",
            f"{kept[0]:.3f}",
            abs(kept[0] - kept[1]) < kept_bound,
        ),
    ]
    # Where subtraction ends: the rate below which twice the leak changes the slope by more than the package
    # allows.
    local = lambda r, g: (
        (0.002 * r) / (exact_current(r * 1.001, g, model) - exact_current(r * 0.999, g, model))
    )
    ends = brentq(lambda r: local(r, LEAKS_[1]) / local(r, LEAKS_[0]) - 1.15, 5, 300)
    rows.append(
        Row(
            "rate below which doubling the leak of 10 nS changes the slope by more than 15 % (Hz)",
            f"g/C is {LEAKS_[0] / si('C_m'):.0f} and {LEAKS_[1] / si('C_m'):.0f} /s",
            f"{ends:.0f}: below it the shunt does more than subtract",
        )
    )
    # One current that fires at all leaks, and one that fires at none.
    firing, silent, fine_ = 1.4e-9, 0.135e-9, DT_ / 10
    g = np.linspace(LEAKS_[0], LEAKS_[-1], 15)
    voltage = (
        mean_voltage(
            firing,
            g,
            b2r.measure_fi(model, [firing] * amp, g * siemens, dt=fine_ * 1e3 * ms, seed=SEED).rate_[0],
            model,
        )
        * 1e3
    )
    exact = mean_voltage(firing, g, exact_rate(firing, g, model), model) * 1e3
    axes[2].plot(g * 1e9, exact, color="black", linewidth=1)
    axes[2].plot(
        g * 1e9,
        voltage,
        color="black",
        linestyle="",
        marker="o",
        label=f"fires, at {firing * 1e9:g} nA: mean",
    )
    axes[2].plot(
        g * 1e9, silent / g * 1e3, color="black", linestyle="--", label=f"silent, at {silent * 1e9:g} nA: I/g"
    )
    axes[2].set(
        xlabel="leak (nS)",
        ylabel="voltage above rest (mV)",
        ylim=(0, 17.5),
        title="voltages under a growing shunt",
    )
    axes[2].legend(fontsize="small", loc="upper right")
    # r^2 dt of the rate, as charge of resets, through the leak.
    off = si("C_m") * (si("V_th") - si("V_r")) * exact_rate(firing, g, model) ** 2 * fine_ / g * 1e3
    rows.append(
        Row(
            f"mean voltage above rest at {firing * 1e9:g} nA, leak from 10 to 80 nS (mV)",
            f"{exact[0]:.2f} to {exact[-1]:.2f}",
            f"{voltage[0]:.2f} to {voltage[-1]:.2f}",
            bool(np.all(np.abs(voltage - exact) < off + 1e-9)),
        )
    )
    rows.append(
        Row(
            "spiking clamps the mean voltage well above rest: its change over that of the silent cell",
            "the clamped one hardly changes; the silent one falls eight-fold",
            f"x {voltage[-1] / voltage[0]:.2f} against x {LEAKS_[0] / LEAKS_[-1]:.3f}",
            bool(abs(np.log(voltage[-1] / voltage[0])) < 0.2 * abs(np.log(LEAKS_[0] / LEAKS_[-1]))),
            source="paper",
        )
    )
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
