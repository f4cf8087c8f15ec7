"""A hypercolumn in spikes and in theory (Ben-Yishai, Bar-Or & Sompolinsky 1995; Shriki, Hansel & Sompolinsky 2003).

Excitation between cells falls off with the difference of their preferred orientations and inhibition does not: the ring sharpens a weakly tuned
input, and above a critical modulation of its coupling it makes a bump by itself. The exact states of the threshold-linear ring stand beside
integration of its units, and beside networks of spiking cells reduced at two levels.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, second

import b2reduce as b2r
from b2reduce.experiments.script import Row, run

TITLE = "The ring: homogeneous, marginal and unstable; spiking cells beside it"
DOI = "doi:10.1073/pnas.92.9.3844"
SEED = 1
MINUTES = (1.3, 3.2)  # short, long
DEPARTURES = ("Weights of the spiking rings were chosen for this package; the theory's conditions are those of the paper, in units of the gain.",
              "Profiles shape who is connected (the probability of a synapse), not the strength of single synapses.")


# %%
def fig1(long=False):
    """Phases of the ring, and the bump's width and peak against integration of 512 units."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    J2 = np.linspace(0, 8, 201)
    left.plot(J2, [b2r.Ring(J0=0, J2=j).largest_J0 for j in J2], color="black")
    left.axvline(2, ymax=0.75, color="black", linestyle="--")
    for x, y, text in ((0.15, -2, "homo-\ngeneous"), (2.4, -2.2, "marginal:\na bump by itself"), (3.3, 1.2, "amplitude-unstable")):
        left.text(x, y, text)
    left.set(xlabel="modulation of the coupling, $J_2$", ylabel="mean of the coupling, $J_0$", xlim=(0, 8), ylim=(-4, 2))
    worst = {"half width (deg)": 0.0, "peak": 0.0}
    for number, (J0, J2_, tuning) in enumerate([(-2, 1, 0.2), (-4, 4, 0.05), (-4, 6, 0.0), (-2, 3, 0.1)] + ([(-8, 7, 0.02), (-1, 2.5, 0.0)] if long else [])):
        ring = b2r.Ring(J0=J0, J2=J2_, tuning=tuning)
        a, m = ring.simulate(duration=6.0, seed=SEED)
        at = np.angle(m @ np.exp(2j * a)) / 2 if ring.state.marginal else 0.0
        fine = np.linspace(-np.pi / 2, np.pi / 2, 400)
        if number < 4:
            right.plot(np.degrees(fine), ring.state.rates(fine), color="black", linestyle=("-", "--", "-.", ":")[number], label=f"$J_0$ = {J0}, $J_2$ = {J2_}, $\\epsilon$ = {tuning}")
        order = np.argsort((a - at + np.pi / 2) % np.pi)
        x, y = ((a - at + np.pi / 2) % np.pi - np.pi / 2)[order], m[order]
        half = y >= y.max() / 2
        width = np.degrees(np.interp(-y.max() / 2, -y[half.argmax():][np.argmax(y[half.argmax():]):], x[half.argmax():][np.argmax(y[half.argmax():]):]))
        worst["half width (deg)"] = max(worst["half width (deg)"], abs(width - np.degrees(ring.state.half_width)))
        worst["peak"] = max(worst["peak"], abs(y.max() / ring.state.peak - 1))
    right.set(xlabel="angle from the centre (degrees)", ylabel="rate / contrast", xticks=[-90, -45, 0, 45, 90], ylim=(-0.05, 2.1))
    right.legend(fontsize="small", loc="upper center", ncols=2)
    return figure, [Row("half width of the bump, exact less integrated (deg)", "0 (closed form)", f"{worst['half width (deg)']:.4f} at most", worst["half width (deg)"] < 0.1),
                    Row("peak of the bump, the same, relative", "0 (closed form)", f"{worst['peak']:.1e} at most", worst["peak"] < 1e-3)]


# %%
def beside(name, ax, contrasts, level, duration, seeds):
    rows = []
    for rate, line in zip(contrasts, ("-", "--", ":")):
        circuit = b2r.load_circuit(name).replace({"drive.ext.rate": rate * Hz})
        runs = [b2r.simulate_spikes(circuit, duration=duration * second, seed=seed, record=0) for seed in range(SEED, SEED + seeds)]
        bins = 18 if circuit.populations["E"].size >= 1000 else 12
        curve = b2r.tuning_curve(runs, circuit, after=0.5 * second, bins=bins)
        curve = curve[curve["population"] == "E"]
        x, spiking = curve["angle [deg]"].to_numpy(), curve["rate [Hz]"].to_numpy()
        profile = b2r.ring_profile(b2r.reduce(circuit, level=level, seed=SEED))
        cells = b2r.simulate_rates(b2r.reduce(circuit, level=level, seed=SEED, cells=True), duration=0.4 * second, seed=SEED)
        by_cell = b2r.tuning_curve(cells, circuit, after=0.3 * second, bins=bins)
        by_cell = by_cell[by_cell["population"] == "E"]["rate [Hz]"].to_numpy()
        degrees = np.degrees(profile.angles_)
        half = 90 / bins
        theory = np.array([profile.rate_[0][(degrees >= centre - half) & (degrees < centre + half)].mean() for centre in x])
        ax.errorbar(x, spiking, curve["sem [Hz]"], color="0.5", linestyle="", marker="o", markersize=4, label="spiking" if line == "-" else None)
        ax.plot(degrees, profile.rate_[0], color="black", linestyle=line, label=f"rate ring, {rate:g} Hz input")
        ax.plot(x, by_cell, color="black", linestyle="", marker="x", markersize=4, label="cell by cell" if line == "-" else None)
        error, cell_error = (np.max(np.abs(other - spiking)) / spiking.max() for other in (theory, by_cell))
        table = profile.table.loc["E"]
        # The modulation is known to sqrt(2/number of spikes) and better.
        modulation = 2 * np.abs(spiking @ np.exp(2j * np.deg2rad(x))) / spiking.sum()
        rows.append(Row(f"{name}, {rate:g} Hz input, level {level}: peak (Hz), modulation", f"spiking {spiking.max():.1f}, {modulation:.2f}",
                        f"ring {theory.max():.1f}, {table['modulation']:.2f}; cell by cell {by_cell.max():.1f}; largest error at an angle {100 * error:.0f} and {100 * cell_error:.0f} % of the peak",
                        error < 0.15))
    ax.set(xlabel="preferred orientation (degrees)", ylabel="rate (Hz)", xticks=[-90, -45, 0, 45, 90], ylim=(0, None), title=name)
    ax.legend(fontsize="small")
    return rows


def fig2(long=False):
    """A ring of leaky cells at two contrasts, beside its reduction."""
    figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
    return figure, beside("ring_lif", ax, (12, 14, 16) if long else (12, 14), "transfer", 3.0 if long else 2.0, 4 if long else 2)


# %%
if __name__ == "__main__":
    run(globals())
