"""Rate models for conductance-based cells (Shriki, Hansel & Sompolinsky 2003): the linear law, its weights, and networks beside it.

An A-type potassium current makes the f-I curve straight, and leak shifts it: r = beta [I - I_c - V_c g_L]_+. The weights of the rate model follow,
W = G tau (E - E_L - V_c), and are checked with Poisson conductances and in a recurrent network.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, amp, cm, mV, meter, ms, msiemens, second, siemens, uA, usiemens

import b2reduce as b2r
from b2reduce.experiments.script import Row, run

TITLE = "The Shriki cell: a linear law with a shift by leak"
DOI = "doi:10.1162/08997660360675053"
SEED = 1
MINUTES = (0.9, 2.6)  # short, long
DEPARTURES = ("beta, I_c and V_c are quoted without errors and the paper's window of rates is not known to us; the bounds are what windows from 0-40 to 0-120 Hz leave open.",
              "The recurrent network and its weights were chosen for this package. The hypercolumn is in benyishai1995.")

PUBLISHED = {"beta": (35.4, 1.2, "Hz cm²/µA"), "I_c": (0.65, 0.07, "µA/cm²"), "V_c": (5.6, 0.8, "mV")}
UNITS = {"beta": 1e2, "I_c": 1e-2, "V_c": 1e-3}


def law(fit):
    """beta, I_c and V_c of a fit in the paper's units."""
    return {"beta": float(np.asarray(fit.beta)) / 1e2, "I_c": float(np.asarray(fit.I_theta)) / 1e-2, "V_c": float(np.asarray(fit.v_theta)) / 1e-3}


def bends(surface):
    """For each leak the rms distance in Hz of the curve between 1 and 80 Hz from its straight line."""
    distances = []
    for rates in surface.rate_.T:
        here = (rates > 1) & (rates < 80)
        line = np.polyval(np.polyfit(surface.I_[here], rates[here], 1), surface.I_[here])
        distances.append(float(np.sqrt(np.mean((rates[here] - line) ** 2))))
    return distances


# %%
def fig1(long=False):
    """Rate over current for leaks of 0.05 to 0.15 mS/cm2, with and without the A-current, and the law fitted to it."""
    g = np.linspace(0.05, 0.15, 5 if long else 3) * msiemens / cm**2
    I = np.linspace(0, 4, 81 if long else 41) * uA / cm**2
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    rows, bent = [], {}
    for ax, (title, change) in zip(axes, (("with the A-current", {}), ("without", {"g_A": 0 * msiemens / cm**2}))):
        surface = b2r.measure_fi("shriki2003", I, g, parameters=change, seed=SEED)
        fit = b2r.fit_gain(surface, rates=(0 * Hz, 80 * Hz))
        b2r.plot_fi(surface, fit, ax=ax)
        ax.set(title=title, ylim=(0, 120))
        if not change:
            for name, value in law(fit).items():
                published, within, unit = PUBLISHED[name]
                rows.append(Row(f"{name}, 0-80 Hz ({unit})", f"{published} +- {within}", f"{value:.3f} +- {float(np.asarray(fit.stderr[{'beta': 'beta', 'I_c': 'I_theta', 'V_c': 'v_theta'}[name]])) / UNITS[name]:.3f}",
                                abs(value - published) <= within))
            windows = [(0, 40), (0, 60), (5, 60), (0, 100), (0, 120)]
            spread = [law(b2r.fit_gain(surface, rates=window * Hz)) for window in windows]
            for name in PUBLISHED:
                values = [entry[name] for entry in spread]
                rows.append(Row(f"{name} over windows from {windows[0]} to {windows[-1]} Hz", "depends on the window", f"{min(values):.2f} to {max(values):.2f}"))
        bent[title] = bends(surface)
    shown = [f"{min(values):.1f} to {max(values):.1f} {title}" for title, values in bent.items()]
    rows.append(Row("distance of each curve from a straight line, 1-80 Hz, rms (Hz)", "the A-current makes the curve straight", ", ".join(shown),
                    max(bent["with the A-current"]) < 0.5 * min(bent["without"])))
    return figure, rows


# %%
def fig2(long=False):
    """The weights of Poisson conductances: measured rates over a grid of excitation and inhibition, against beta [W_e r_e + W_i r_i - theta]."""
    model = b2r.load_model("shriki2003")
    excitation = b2r.Drive(name="exc", inputs=100, rate=10 * Hz, G=4 * usiemens / cm**2, tau=5 * ms, E=0 * mV)
    inhibition = b2r.Drive(name="inh", inputs=100, rate=10 * Hz, G=8 * usiemens / cm**2, tau=5 * ms, E=-80 * mV)
    r_e, r_i = np.linspace(8, 20, 7 if long else 5), np.linspace(0, 12, 5 if long else 4)
    leak, E_L = model.si("g_L"), model.si("E_L")
    mean = lambda drive, rate: drive.inputs * float(drive.G) * float(drive.tau) * rate
    rates = np.zeros((r_e.size, r_i.size))
    for i, e in enumerate(r_e):
        for j, h in enumerate(r_i):
            noise = [b2r.Drive(name="exc", inputs=100, rate=e * Hz, G=excitation.G, tau=excitation.tau, E=excitation.E)]
            noise += [b2r.Drive(name="inh", inputs=100, rate=h * Hz, G=inhibition.G, tau=inhibition.tau, E=inhibition.E)] if h else []
            g_e, g_i = mean(excitation, e), mean(inhibition, h)
            I = g_e * (0 - E_L) + g_i * (-80e-3 - E_L)
            surface = b2r.measure_fi(model, [I] * amp / meter**2, [leak + g_e + g_i] * siemens / meter**2, noise=noise, replicates=20 if long else 8, duration=2 * second, seed=SEED)
            rates[i, j] = surface.rate_[0, 0]
    # The law that was fitted to constant currents, nothing else.
    fit = b2r.fit_gain(b2r.measure_fi(model, np.linspace(0, 4, 41) * uA / cm**2, [0.05, 0.1, 0.15] * msiemens / cm**2, seed=SEED), rates=(0 * Hz, 80 * Hz))
    beta, I_c, V_c = (float(np.asarray(value)) for value in (fit.beta, fit.I_theta, fit.v_theta))
    W = lambda drive, E: drive.inputs * float(drive.G) * float(drive.tau) * (E - E_L - V_c)
    theta = I_c + leak * V_c
    predicted = beta * np.maximum(W(excitation, 0.0) * r_e[:, None] + W(inhibition, -80e-3) * r_i - theta, 0)
    figure, ax = plt.subplots(figsize=(5.2, 4), layout="constrained")
    for j, (h, marker) in enumerate(zip(r_i, "os^Dv")):
        ax.plot(predicted[:, j], rates[:, j], color="black", linestyle="", marker=marker, markerfacecolor="white" if j % 2 else "black", label=f"{h:g} Hz")
    top = max(predicted.max(), rates.max()) * 1.05
    ax.plot([0, top], [0, top], color="0.6")
    ax.set(xlabel="rate by W = G tau (E - E_L - V_c) (Hz)", ylabel="rate measured (Hz)", xlim=(0, top), ylim=(0, top))
    ax.legend(title="each inhibitory input", fontsize="small")
    fires = rates > 5
    off = np.abs(rates - predicted)[fires]
    # Slopes of the measured rates over each input, against beta W.
    design = np.stack([np.repeat(r_e, r_i.size), np.tile(r_i, r_e.size), np.ones(rates.size)], axis=1)[fires.ravel()]
    slopes, *_ = np.linalg.lstsq(design, rates.ravel()[fires.ravel()], rcond=None)
    ratio = slopes[1] / slopes[0] / (W(inhibition, -80e-3) / W(excitation, 0.0))
    return figure, [Row("rates under Poisson conductances, law of constant currents: mean difference above 5 Hz", "small", f"{off.mean():.1f} Hz of up to {rates.max():.0f} Hz", bool(off.mean() < 0.1 * rates.max())),
                    Row("effect of inhibition over that of excitation, over W_i/W_e", "1", f"{ratio:.2f}", abs(ratio - 1) < 0.15)]


# %%
def fig3(long=False):
    """A recurrent population of these cells in spikes, beside its rate model, over the rate of its input."""
    inputs = np.linspace(8, 14, 7 if long else 3)
    figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    reduced = b2r.reduce("e_shriki", seed=SEED)
    spiking, model = [], []
    for rate in inputs:
        run_ = b2r.simulate_spikes(b2r.load_circuit("e_shriki").replace({"drive.ext.rate": rate * Hz}), duration=(2.0 if long else 1.0) * second, seed=SEED, record=0)
        spiking.append(float(run_.mean(0.3 * second)["E"]))
        model.append(float(b2r.simulate_rates(reduced, duration=0.5 * second, drives={"ext": rate * Hz}).mean(0.3 * second)["E"]))
    ax.plot(inputs, spiking, color="0.5", marker="o", linestyle="", label="spiking network")
    ax.plot(inputs, model, color="black", label="rate model, reduced at 11 Hz")
    ax.set(xlabel="rate of each input (Hz)", ylabel="rate (Hz)")
    ax.legend()
    pairs = list(zip(inputs, model, spiking))
    firing = [(m, s) for _, m, s in pairs if s > 10]
    worst = max(abs(m / s - 1) for m, s in firing)
    rows = [Row("rate of the recurrent network above 10 Hz", "the rate model's", f"{', '.join(f'{m:.1f} for {s:.1f}' for m, s in firing)} Hz; {100 * worst:.0f} % at most", worst < 0.1)]
    # Noise makes cells fire whose mean input is below threshold: the straight law starts too late.
    rows += [Row(f"near threshold, inputs of {rate:g} Hz", "the law is too low: noise rounds its corner", f"{m:.1f} for {s:.1f} Hz", m < s) for rate, m, s in pairs if s <= 10]
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
