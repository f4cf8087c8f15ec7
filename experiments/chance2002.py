"""A constant shunt shifts the f-I curve; balanced background noise changes its slope (Chance, Abbott & Reyes 2002).

Figure 1 of the lecture shows the first: 32 nS of additional conductance move the curve to larger currents. Here the slope and the shift are
measured on three cells, each over a stated window of rates, with their standard errors; and where "shift only" fails is said. The second is
what the paper is known for: the same mean conductances as noise make the curve shallower.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, amp, ms, mV, nS, pF, siemens

import b2reduce as b2r
from b2reduce.experiments.script import Row, run
from b2reduce.units import with_units

TITLE = "A shunt shifts, balanced noise divides"
DOI = "doi:10.1016/S0896-6273(02)00820-6"
SEED = 1
MINUTES = (0.5, 2.0)  # short, long
DEPARTURES = ("The paper clamps real cells; slopes and shifts of its cells are not known to us in numbers, so that its claims are tested in kind.",
              "Background rates and conductances were chosen so that their mean currents cancel at -57 mV, near threshold.",
              "The shunt reverses at the resting potential, as a leak does.")

SHUNT_ = 32e-9
WINDOW = (10.0, 60.0)  # Hz, of the slopes
ONSET = (1.0, 12.0)  # Hz, near threshold
AREA_ = 6.4e-8  # m2, on which 32 nS are 0.05 mS/cm2: as much as the Shriki cell's own leak
SLOPE_KEPT = 0.15  # the package's own limit for "extra leak only shifts"


# %%
def slope_and_shift(surface, window):
    """(slopes, their standard errors, shift and its standard error): straight lines over a window of rates at each leak."""
    slopes, errors, middles, middle_errors = [], [], [], []
    for j in range(surface.g_.size):
        r = surface.rate_[:, j]
        here = (r >= window[0]) & (r <= window[1])
        x, y = surface.I_[here], r[here]
        (slope, intercept), cov = np.polyfit(x, y, 1, cov=True)
        middle = (np.mean(window) - intercept) / slope
        slopes.append(slope)
        errors.append(np.sqrt(cov[0, 0]))
        middles.append(middle)
        gradient = np.array([-middle / slope, -1 / slope])  # of the current at the middle of the window
        middle_errors.append(np.sqrt(gradient @ cov @ gradient))
    return np.array(slopes), np.array(errors), middles[1] - middles[0], np.hypot(*middle_errors)


def fig1(long=False):
    """The curve without and with a shunt of 32 nS: a cell with a large leak, the cell `lif`, and a Hodgkin-Huxley cell."""
    large = b2r.load_model("lif").replace(g_L=40 * nS, C_m=600 * pF)
    cells = (("leak 40 nS", large, 40e-9, 3e-9, SHUNT_, 1e-9, "nA"), ("lif, leak 16.7 nS", b2r.load_model("lif"), 16.7e-9, 2e-9, SHUNT_, 1e-9, "nA"),
             ("Shriki cell, 0.05 mS/cm²", b2r.load_model("shriki2003"), 0.5, 0.045, SHUNT_ / AREA_, 1e-2, "µA/cm²"))
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.5), layout="constrained")
    rows = []
    for ax, (name, model, leak_, span_, shunt_, unit_, label) in zip(axes, cells):
        I = np.linspace(0, span_, 241 if long else 121)
        surface = b2r.measure_fi(model, with_units(I, model.current_dim), with_units(np.array([leak_, leak_ + shunt_]), model.conductance_dim), seed=SEED)
        for j, (line, text) in enumerate((("-", "control"), ("--", "with the shunt"))):
            shown = surface.rate_[:, j] <= 90
            ax.plot(I[shown] / unit_, surface.rate_[shown, j], color="black", linestyle=line, label=text)
        slopes, errors, shift, shift_error = slope_and_shift(surface, WINDOW)
        ratio, ratio_error = slopes[1] / slopes[0], slopes[1] / slopes[0] * np.hypot(*(errors / slopes))
        per = shift / shunt_ * 1e3
        rows.append(Row(f"{name}: slope with over without, {WINDOW[0]:g}-{WINDOW[1]:g} Hz", "1: the curve shifts (Figure 1)", f"{ratio:.2f} +- {ratio_error:.2f}",
                        abs(ratio - 1) < SLOPE_KEPT + 2 * ratio_error))
        rows.append(Row(f"{name}: shift at {np.mean(WINDOW):g} Hz, and by the shunt: v_theta", "to larger currents", f"{shift / unit_:.3f} +- {shift_error / unit_:.3f} {label}, {per:.1f} mV", shift > 5 * shift_error))
        near = surface_near(model, leak_, shunt_, long)
        if near is not None:
            near_slopes, near_errors, *_ = slope_and_shift(near, ONSET)
            near_ratio = near_slopes[1] / near_slopes[0]
            rows.append(Row(f"{name}: the same, {ONSET[0]:g}-{ONSET[1]:g} Hz", "\"shift only\" is an approximation of the operating range",
                            f"{near_ratio:.2f} +- {near_ratio * np.hypot(*(near_errors / near_slopes)):.2f}"))
        ax.set(xlabel=f"current ({label})", ylabel="rate (Hz)" if ax is axes[0] else None, title=name, ylim=(0, 95))
        ax.legend(fontsize="small")
    return figure, rows


def surface_near(model, leak_, shunt_, long):
    """Finely sampled curves near threshold: each leak has currents of its own, the others stay silent or fast."""
    g = with_units(np.array([leak_, leak_ + shunt_]), model.conductance_dim)
    rheobase = np.asarray(b2r.rheobase(model, g))
    scale = abs(rheobase[1] - rheobase[0]) * 0.1
    I = np.unique(np.concatenate([low + scale * np.linspace(1e-4, 1, 60 if long else 30) ** 2 for low in rheobase]))
    surface = b2r.measure_fi(model, with_units(I, model.current_dim), g, duration=5000 * ms, seed=SEED)
    enough = all(((surface.rate_[:, j] >= ONSET[0]) & (surface.rate_[:, j] <= ONSET[1])).sum() >= 4 for j in range(2))
    return surface if enough else None


# %%
def background(times):
    """Excitation and inhibition whose mean currents cancel at -57 mV; `times` multiplies their rates."""
    excitation = b2r.Drive(name="exc", inputs=1000, rate=4 * times * Hz, G=0.5 * nS, tau=5 * ms, E=0 * mV)
    inhibition = b2r.Drive(name="inh", inputs=500, rate=4 * times * 57 / 23 * Hz, G=0.5 * nS, tau=10 * ms, E=-80 * mV)
    return [excitation, inhibition]


def fig2(long=False):
    """Background at 0, 1, 2 and 3 times, as noise and as its mean alone: rate over injected current."""
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.5), sharey=True, layout="constrained")
    model, slopes = b2r.load_model("lif").replace(g_L=40 * nS, C_m=600 * pF), {"noise": [], "mean alone": []}
    for ax, kind in zip(axes, slopes):
        for times, line in zip((0, 1, 2, 3), ("-", "--", "-.", ":")):
            drives = background(times)
            means = [float(d.inputs * d.rate * d.G * d.tau) for d in drives]
            g = model.si("g_L") + sum(means)
            offset = sum(mean * (float(d.E) - model.si("E_L")) for mean, d in zip(means, drives))
            injected = np.linspace(0, 2.5e-9, 51 if long else 26)
            surface = b2r.measure_fi(model, (injected + offset) * amp, [g] * siemens, noise=drives if kind == "noise" and times else None,
                                     replicates=40 if kind == "noise" and times and long else None, seed=SEED)
            rate = surface.rate_[:, 0]
            ax.plot(injected * 1e9, np.where(rate <= 90, rate, np.nan), color="black", linestyle=line, label=f"{times}x")
            here = (rate >= WINDOW[0]) & (rate <= WINDOW[1])
            (slope, _), cov = np.polyfit(injected[here] * 1e9, rate[here], 1, cov=True)
            slopes[kind].append((slope, np.sqrt(cov[0, 0])))
        ax.set(xlabel="injected current (nA)", title="background as noise" if kind == "noise" else "its mean alone: a shunt", ylim=(0, 95))
    axes[0].set_ylabel("rate (Hz)")
    axes[0].legend(title="background", fontsize="small")
    rows = []
    for kind, values in slopes.items():
        value, error = np.array(values).T
        ratio = value[3] / value[1]
        ratio_error = ratio * np.hypot(error[3] / value[3], error[1] / value[1])
        falls = bool(np.all(np.diff(value[1:] if kind == "noise" else value) < 0))
        shown = ", ".join(f"{v:.0f} +- {e:.0f}" for v, e in values)
        if kind == "noise":
            rows.append(Row("slope under balanced background at 0, 1, 2, 3 times (Hz/nA)", "falls with the background: the gain is divided", f"{shown}; 3x over 1x: {ratio:.2f} +- {ratio_error:.2f}",
                            falls and ratio + 2 * ratio_error < 1))
        else:
            rows.append(Row("the same with its mean alone (Hz/nA)", "stays: a shunt shifts", f"{shown}; 3x over 1x: {ratio:.2f} +- {ratio_error:.2f}", abs(ratio - 1) < SLOPE_KEPT + 2 * ratio_error))
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
