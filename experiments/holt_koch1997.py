"""Shunting inhibition subtracts from firing rates (Holt & Koch 1997): the integrate-and-fire cell in closed form.

A conductance with its reversal at rest divides the voltage of a cell that does not fire. Of one that does, the reset keeps the mean voltage near
threshold, so that the shunt carries a current that hardly depends on the rate: it is subtracted.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import amp, ms, siemens
from scipy.optimize import brentq

import b2reduce as b2r
from b2reduce.experiments.script import Row, run

TITLE = "Shunting inhibition is subtractive"
DOI = "doi:10.1162/neco.1997.9.5.1001"
SEED = 1
MINUTES = (0.1, 0.1)  # short, long
DEPARTURES = ("The cell is `lif` without a refractory period; the paper's compartmental cells are left out.",)

LEAKS_ = np.array([10e-9, 20e-9, 40e-9, 80e-9])


# %%
def exact_current(rate, g, model):
    """Current for a rate: T = t_ref + (C/g) ln((V_inf - V_r)/(V_inf - V_th)) with V_inf = E_L + I/g, solved in closed form."""
    si = model.si
    left = np.exp(-g / si("C_m") * (1 / rate - si("t_ref")))
    V_inf = (si("V_th") - si("V_r") * left) / (1 - left)
    return g * (V_inf - si("E_L"))


def fig1(long=False):
    """Curves for four leaks; the shift for each added siemens over the rate, between its two limits; and the voltage of the silent cell."""
    model = b2r.load_model("lif").replace(t_ref=0 * ms)
    si = model.si
    top = exact_current(300.0, LEAKS_[-1], model)
    I = np.linspace(0.02, 1, 400 if long else 150) * top
    surface = b2r.measure_fi(model, I * amp, LEAKS_ * siemens, dt=0.02 * ms, seed=SEED)
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.5), layout="constrained")
    rates = np.linspace(1, 300, 300)
    worst = 0.0
    for j, (g, line) in enumerate(zip(LEAKS_, ("-", "--", "-.", ":"))):
        axes[0].plot(I * 1e9, np.where(surface.rate_[:, j] > 0, surface.rate_[:, j], np.nan), color="black", linestyle=line, label=f"{g * 1e9:g} nS")
        fires = surface.rate_[:, j] > 5
        # Spikes wait for the end of their step: intervals are long by up to one.
        exact = np.array([brentq(lambda r: exact_current(r, g, model) - current, 1e-3, 1e4) for current in I[fires]])
        worst = max(worst, np.max(np.abs(1 / surface.rate_[fires, j] - 1 / exact)) / 0.02e-3)
    slope = lambda rate, g: (exact_current(rate * 1.001, g, model) - exact_current(rate * 0.999, g, model)) / (0.002 * rate)
    shift = lambda rate, g: (exact_current(rate, g * 1.001, model) - exact_current(rate, g * 0.999, model)) / (0.002 * g)
    for g, line in zip(LEAKS_, ("-", "--", "-.", ":")):
        axes[1].plot(rates, [shift(r, g) * 1e3 for r in rates], color="black", linestyle=line)
    onset, high = si("V_th") - si("E_L"), (si("V_th") + si("V_r")) / 2 - si("E_L")
    for value, text in ((onset, "$V_{th} - E_L$"), (high, "$(V_{th} + V_r)/2 - E_L$")):
        axes[1].axhline(value * 1e3, color="0.6", linewidth=1)
        axes[1].text(295, value * 1e3 + 0.1, text, ha="right") if value == onset else axes[1].text(295, value * 1e3 - 0.1, text, ha="right", va="top")
    below = 0.9 * LEAKS_[0] * onset
    axes[2].plot(LEAKS_ * 1e9, below / LEAKS_ * 1e3, color="black", marker="o", label="depolarisation of the silent cell")
    current = axes[2].twinx()
    current.plot(LEAKS_ * 1e9, [exact_current(100.0, g, model) * 1e9 for g in LEAKS_], color="0.5", marker="s", linestyle="--", label="current for 100 Hz")
    axes[0].set(xlabel="current (nA)", ylabel="rate (Hz)", ylim=(0, 300))
    axes[0].legend(title="leak", fontsize="small")
    axes[1].set(xlabel="rate (Hz)", ylabel="shift by added leak, dI/dg (mV)", ylim=(9, 16.5))
    axes[2].set(xlabel="leak (nS)", ylabel="depolarisation when silent (mV, solid)", ylim=(0, None))
    current.set(ylabel="current for 100 Hz (nA, dashed)", ylim=(0, None))
    current.spines.right.set_visible(True)
    limit, reset = 1 / (si("C_m") * (si("V_th") - si("V_r"))), si("V_th") - si("V_r")
    # With x = g/(C r) the closed form expands to I = C r (V_th - V_r) + g ((V_th + V_r)/2 - E_L) + g (V_th - V_r) (x/12 - x^3/720 + ...): the shift
    # differs from its limit by (V_th - V_r) (x/6 - x^3/180), the inverse slope by the factor 1 - x^2/12 + x^4/240; signs alternate, the next term bounds the rest.
    x = lambda g: g / (si("C_m") * 300.0)
    expected_shift = high + reset * x(10e-9) / 6
    slopes = {g: slope(300.0, g) * limit for g in (10e-9, 80e-9)}
    rows = [Row("simulated less exact interval, in time steps", "0 to 1 (closed form)", f"{worst:.2f} at most", worst <= 1 + 1e-6),
            Row("shift dI/dg at 1 Hz, 10 nS (mV)", f"{onset * 1e3:.1f}: V_th - E_L", f"{shift(1.0, 10e-9) * 1e3:.2f}", abs(shift(1.0, 10e-9) - onset) < 0.01 * onset),
            Row("shift dI/dg at 300 Hz, 10 nS (mV)", f"{high * 1e3:.1f} at high rates: (V_th + V_r)/2 - E_L; {expected_shift * 1e3:.3f} with its term in 1/rate",
                f"{shift(300.0, 10e-9) * 1e3:.3f}", abs(shift(300.0, 10e-9) - expected_shift) < reset * x(10e-9) ** 3 / 180 + 1e-6),
            Row("inverse slope dI/dr at 300 Hz over C (V_th - V_r), 10 and 80 nS", "1 at high rates, the shunt does not divide; " + ", ".join(f"{1 - x(g)**2 / 12:.4f}" for g in slopes) + " to second order",
                ", ".join(f"{value:.4f}" for value in slopes.values()), all(abs(value - 1 + x(g) ** 2 / 12) < x(g) ** 4 / 240 + 1e-6 for g, value in slopes.items()))]
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
