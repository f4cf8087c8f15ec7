"""A constant shunt shifts the f-I curve; balanced background noise changes its slope (Chance, Abbott & Reyes 2002).

Figure 1 of the lecture shows the first: 32 nS of additional conductance move the curve to larger currents. Here the slope and the shift are
measured on three cells, each over stated windows of rates, with their standard errors. "Shift only" fails at rates below g/C of a cell without
noise, whose curve starts steeply; a Hodgkin-Huxley cell with an A-current has no such start. The second is what the paper is known for: the
same mean conductances as noise make the curve shallower.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, amp, ms, mV, nS, siemens

import b2reduce as b2r
from b2reduce.experiments.holt_koch1997 import exact_current
from b2reduce.experiments.script import Row, run
from b2reduce.units import with_units

TITLE = "A shunt shifts, balanced noise divides"
DOI = "doi:10.1016/S0896-6273(02)00820-6"
SEED = 1
MINUTES = (0.2, 0.5)  # short, long
DEPARTURES = ("The paper clamps real cells; slopes and shifts of its cells are not known to us in numbers, so that its claims are tested in kind.",
              "The cell with a leak of 40 nS is `lif` with its area scaled: the same membrane time constant of 15 ms.",
              "Background rates and conductances were chosen so that their mean currents cancel at -57 mV, near threshold.",
              "The shunt reverses at the resting potential, as a leak does.")

SHUNT_ = 32e-9
WINDOW = (10.0, 60.0)  # Hz, of slopes
HIGH = (80.0, 160.0)  # Hz, above g/C of all these cells
ONSET = (1.0, 12.0)  # Hz, near threshold
TOP = 170.0  # Hz, of the figure
AREA_ = 6.4e-8  # m2, on which 32 nS are 0.05 mS/cm2: as much as the Shriki cell's own leak
SLOPE_KEPT = 0.15  # the package's own limit for "extra leak only shifts"
LARGE = b2r.load_model("lif").replace(g_L=40 * nS, C_m=40 / 16.7 * b2r.load_model("lif").parameters["C_m"])


# %%
def straight(current, window):
    """(slope in Hz/A, its standard error, current at the middle in A, its standard error) of a curve over a window of rates.

    A straight line through the currents at 21 rates that divide the window evenly: where a simulation put its currents does not matter, and
    the standard errors say how straight the curve is.
    """
    rates = np.linspace(*window, 21)
    (inverse, middle), cov = np.polyfit(rates - np.mean(window), current(rates), 1, cov=True)
    return 1 / inverse, np.sqrt(cov[0, 0]) / inverse**2, middle, np.sqrt(cov[1, 1])


def measured(surface, j):
    """The inverse of a measured curve: current over rate."""
    first = np.argmax(surface.rate_[:, j] > 0) - 1
    return lambda rates: np.interp(rates, surface.rate_[first:, j], surface.I_[first:])


def ratio_of(pair):
    """The second slope over the first and its standard error."""
    (one, one_error, *_), (two, two_error, *_) = pair
    return two / one, two / one * np.hypot(one_error / one, two_error / two)


def fig1(long=False):
    """The curve without and with a shunt of 32 nS: a cell with a large leak, the cell `lif`, and a Hodgkin-Huxley cell."""
    cells = (("leak 40 nS", LARGE, 40e-9, 5.5e-9, SHUNT_, 1e-9, "nA"), ("lif, leak 16.7 nS", b2r.load_model("lif"), 16.7e-9, 2.5e-9, SHUNT_, 1e-9, "nA"),
             ("Shriki cell, 0.05 mS/cm²", b2r.load_model("shriki2003"), 0.5, 0.07, SHUNT_ / AREA_, 1e-2, "µA/cm²"))
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.5), layout="constrained", sharey=True)
    rows = []
    for ax, (name, model, leak_, span_, shunt_, unit_, label) in zip(axes, cells):
        g_ = np.array([leak_, leak_ + shunt_])
        g = with_units(g_, model.conductance_dim)
        # Coarse over the whole figure, fine from each threshold on, where curves of cells without noise rise steeply.
        fine = [low + 0.1 * span_ * np.linspace(0, 1, 201 if long else 101) ** 2 for low in np.asarray(b2r.rheobase(model, g))]
        I = np.unique(np.concatenate([np.linspace(0, span_, 121), *fine]))
        surface = b2r.measure_fi(model, with_units(I, model.current_dim), g, duration=(10 if long else 3) * 1e3 * ms, seed=SEED)
        for j, (line, text) in enumerate((("-", "control"), ("--", "with the shunt"))):
            shown = surface.rate_[:, j] <= TOP
            ax.plot(I[shown] / unit_, surface.rate_[shown, j], color="black", linestyle=line, label=text)
        closed = "g_L" in model.parameters and "t_ref" in model.parameters
        for window in (WINDOW, HIGH) if closed else (WINDOW,):
            found = [straight(measured(surface, j), window) for j in range(2)]
            ratio, error = ratio_of(found)
            shifts_only = abs(ratio - 1) < SLOPE_KEPT + 2 * error
            what = f"{name}: slope with over without the shunt, {window[0]:g}-{window[1]:g} Hz"
            if closed:
                exact, _ = ratio_of([straight(lambda r, g=g: exact_current(r, g, model), window) for g in g_])
                # Intervals are long by up to a time step: r^2 dt of the rate, over the width of the window on both curves.
                bound = 2 * window[1] ** 2 * 0.1e-3 / (window[1] - window[0])
                rows.append(Row(what, f"{exact:.2f} in closed form", f"{ratio:.2f}: {'the curve shifts' if shifts_only else 'steeper, as g/C rises above these rates'}", abs(ratio / exact - 1) < bound))
            if not closed or window is HIGH:
                rows.append(Row(what, "1: the curve shifts (Figure 1)", f"{ratio:.2f} +- {error:.2f}", shifts_only))
            if window is WINDOW:
                shift, shift_error = found[1][2] - found[0][2], np.hypot(found[0][3], found[1][3])
                rows.append(Row(f"{name}: shift at {np.mean(window):g} Hz, and by the shunt: v_theta", "to larger currents", f"{shift / unit_:.3f} +- {shift_error / unit_:.3f} {label}, {shift / shunt_ * 1e3:.1f} mV", shift > 5 * shift_error))
        if not closed:
            ratio, error = ratio_of([straight(measured(surface, j), ONSET) for j in range(2)])
            rows.append(Row(f"{name}: slopes, {ONSET[0]:g}-{ONSET[1]:g} Hz", "not known; \"shift only\" is about the operating range", f"{ratio:.2f} +- {error:.2f}"))
        for window in (WINDOW, HIGH) if closed else (WINDOW,):
            ax.axhspan(*window, color="0.92", zorder=0)
        ax.set(xlabel=f"current ({label})", ylabel="rate (Hz)" if ax is axes[0] else None, title=name, ylim=(0, TOP))
        ax.legend(fontsize="small", loc="upper left")
    return figure, rows


# %%
def background(times):
    """Excitation and inhibition whose mean currents cancel at -57 mV; `times` multiplies their rates."""
    excitation = b2r.Drive(name="exc", inputs=500, rate=4 * times * Hz, G=1 * nS, tau=5 * ms, E=0 * mV)
    inhibition = b2r.Drive(name="inh", inputs=250, rate=4 * times * 57 / 23 * Hz, G=1 * nS, tau=10 * ms, E=-80 * mV)
    return [excitation, inhibition]


def fig2(long=False):
    """Background at 0, 1, 2 and 3 times, as noise and as its mean alone: rate over injected current."""
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.5), sharey=True, layout="constrained")
    slopes = {"noise": [], "mean alone": []}
    for ax, kind in zip(axes, slopes):
        for times, line in zip((0, 1, 2, 3), ("-", "--", "-.", ":")):
            drives = background(times)
            means = [float(d.inputs * d.rate * d.G * d.tau) for d in drives]
            g = LARGE.si("g_L") + sum(means)
            offset = sum(mean * (float(d.E) - LARGE.si("E_L")) for mean, d in zip(means, drives))
            low = float(b2r.rheobase(LARGE, [g] * siemens)[0] / amp) - offset
            noisy = kind == "noise" and times > 0
            near = low + 1e-9 * (np.linspace(-0.5, 1, 61 if long else 31) if noisy else np.linspace(0, 1, 161 if long else 81) ** 2)
            injected = np.unique(np.concatenate([np.linspace(0, 2.5e-9, 26), near]))
            surface = b2r.measure_fi(LARGE, (injected + offset) * amp, [g] * siemens, noise=drives if noisy else None, replicates=(80 if long else 20) if noisy else None, seed=SEED)
            rate = surface.rate_[:, 0]
            ax.plot(injected * 1e9, np.where(rate <= 90, rate, np.nan), color="black", linestyle=line, label=f"{times}x")
            slopes[kind].append(straight(measured(surface, 0), WINDOW))
        ax.axhspan(*WINDOW, color="0.9", zorder=0)
        ax.set(xlabel="injected current (nA)", title="background as noise" if kind == "noise" else "its mean alone: a shunt", ylim=(0, 95), xlim=(0, 2.5))
    axes[0].set_ylabel("rate (Hz)")
    axes[0].legend(title="background", fontsize="small", loc="upper left")
    values = {kind: np.array(found)[:, :2].T * 1e-9 for kind, found in slopes.items()}  # Hz/nA
    shown = {kind: ", ".join(f"{v:.0f} +- {e:.0f}" for v, e in value.T) for kind, value in values.items()}
    ratios = {kind: ratio_of([found[1], found[3]]) for kind, found in slopes.items()}
    ratio, error = ratios["noise"]
    rows = [Row("slope under balanced background at 0, 1, 2, 3 times (Hz/nA)", "falls from 1 to 3 times: the gain is divided", f"{shown['noise']}; 3x over 1x: {ratio:.2f} +- {error:.2f}",
                bool(np.all(np.diff(values["noise"][0, 1:]) < 0) and ratio + 2 * error < 1))]
    ratio, error = ratios["mean alone"]
    rows.append(Row("the same with its mean alone (Hz/nA)", "is not divided by the mean conductance", f"{shown['mean alone']}; 3x over 1x: {ratio:.2f} +- {error:.2f}", ratio > 1 - SLOPE_KEPT))
    ratio = slopes["noise"][3][0] / slopes["mean alone"][3][0]
    rows.append(Row("noise over its mean alone, slopes at 3 times", "below 1: fluctuations divide", f"{ratio:.2f}", ratio < 1 - SLOPE_KEPT))
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
