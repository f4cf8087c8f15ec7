"""Slow synapses make rate models exact (Ermentrout 1994): the time average beside the ensemble average.

A network of LIF cells whose mean input is above threshold. Synapses get slower while G falls as 1/tau, so that all mean conductances
stay: their variance G^2 tau R/2 falls as 1/tau, cells see constants, and the network approaches the reduction whose gains are measured
without noise. Once tau is longer than the cells' intervals they follow their conductances, r(t) = F(g(t)), so that

    <r> - F(<g>) = 1/2 sum_kl d2F/dg_k dg_l cov(g_k, g_l),

second order in the standard deviation: 1/tau. F is the cell's closed form on a time grid: intervals are shorter by dt/2, since
spikes wait for the end of their step, dt/2 on average, while refractoriness counts from its beginning. Conductances average over their
inputs (K of them) and over time (tau); the relative fluctuation 1/sqrt(2 K r tau) knows only the product.
"""

# %%
from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import b2reduce as b2r
from b2reduce.experiments.accuracy import exact_interval_
from b2reduce.experiments.script import Row, run

__all__ = ["driven_network", "fig1", "fig2", "law_", "more_inputs", "slope", "slowed", "spiking_run"]

TITLE = "Slow synapses make rate models exact"
DOI = "doi:10.1162/neco.1994.6.4.679"
SEED = 1
MINUTES = (1.0, 1.6)  # short, long
DEPARTURES = ("The paper derives rate models by averaging; the network and its numbers are this package's own, the claim is tested in kind.",)

SIZES = (500, 1000)  # cells, short and long
SHORT_FACTORS = (1, 4, 10, 40)
TAU_ = 5e-3  # s, of the circuit as it is
FACTORS = (1, 2, 4, 10, 20, 40, 100)
ADIABATIC_ = 50e-3  # s; from here on synapses are slower than the intervals of 15 ms
SETTLED, WARMUP_, LEAST_, LENGTH = 8, 0.5, 3.0, 10  # time constants and s left out (e^-8 = 3e-4 of the mean is missing then); s and time constants counted
STEP = 1e-3  # of the numerical derivatives, relative


def driven_network(size=1000, dt="0.1 ms"):
    """E and I cells of equal number of inputs, driven above threshold: at their mean input they fire 64 times a second."""
    def projection(source, target, in_degree, G, E):
        return b2r.Projection(source=source, target=target, in_degree=in_degree, G=G, tau="5 ms", E=E, delay=["0.1 ms", "3 ms"])

    return b2r.Circuit(
        name="driven", populations={"E": b2r.Population("lif", round(0.8 * size)), "I": b2r.Population("lif", round(0.2 * size))},
        projections=[projection("E", to, 40, "0.1 nS", "0 mV") for to in "EI"] + [projection("I", to, 20, "0.5 nS", "-80 mV") for to in "EI"],
        drives=[b2r.Drive(name="ext", target=to, inputs=200, rate="18 Hz", G="0.4 nS", tau="5 ms", E="0 mV") for to in "EI"], dt=dt)


def slowed(circuit, factor, *, compensate=True):
    """All synaptic time constants times `factor`; all G divided by it, so that mean conductances stay, unless told not to."""
    scale = lambda pathway: replace(pathway, tau=factor * pathway.tau, G=pathway.G / factor if compensate else pathway.G)
    return _changed(circuit, scale, scale)


def more_inputs(circuit, factor):
    """Numbers of inputs times `factor`, all G divided by it: the other way to the same means and the same variance."""
    return _changed(circuit, lambda p: replace(p, in_degree=factor * p.in_degree, G=p.G / factor), lambda d: replace(d, inputs=factor * d.inputs, G=d.G / factor))


def _changed(circuit, projection, drive):
    return b2r.Circuit(name=circuit.name, populations=circuit.populations, projections=[projection(p) for p in circuit.projections],
                       drives=[drive(d) for d in circuit.drives], dt=circuit.dt)


def law_(circuit, population, g_):
    """F: rate in Hz of the LIF cell at constant synaptic conductances g_, {pathway label: S}, on the circuit's time grid."""
    model = circuit.populations[population].model
    I_, total = model.constant_input_, model.si(model.leak)
    for pathway in circuit.pathways(population):
        I_, total = I_ + g_[pathway.label] * (pathway.E_ - model.si(model.leak_reversal)), total + g_[pathway.label]
    return 1 / (exact_interval_(model, I_, total) - float(circuit.dt) / 2)


def _derivatives(circuit, population, g_):
    """Gradient and matrix of second derivatives of F at g_, pathways in the circuit's order."""
    labels = [p.label for p in circuit.pathways(population)]
    total = sum(g_.values()) + circuit.populations[population].model.si("g_L")
    step = STEP * total
    at = lambda *moves: law_(circuit, population, {label: g_[label] + step * sum(sign for other, sign in moves if other == label) for label in labels})
    gradient = np.array([(at((k, 1)) - at((k, -1))) / (2 * step) for k in labels])
    second = np.array([[(at((k, 1), (l, 1)) - at((k, 1), (l, -1)) - at((k, -1), (l, 1)) + at((k, -1), (l, -1))) / (4 * step**2) for l in labels] for k in labels])
    return gradient, second


def spiking_run(circuit, seed=SEED):
    """One spiking run: for each population its rate, mean conductances and their covariance, and how far <r> lies from F(<g>).

    Returns
    -------
    dict of str to dict
        rate, sem [Hz]; mean, covariance (over time and cells) of the conductances; sd, campbell [S]: standard deviation of the
        drive's, and what Campbell's theorem says; over_cells, over_time [S]: the same over cells at one time, and over time in one
        cell; shift, shift_sem [Hz]: <r> - F(<g>) and its standard error over cells, what each cell's own luck in <g> explains taken
        out; second_order [Hz]: half the second derivatives times the covariance; quasi_static [Hz]: <F(g)> - F(<g>).
    """
    from brian2 import second

    tau_ = max(p.tau_ for name in circuit.populations for p in circuit.pathways(name))
    after_ = WARMUP_ + SETTLED * tau_
    duration_ = after_ + max(LEAST_, LENGTH * tau_)
    activity = b2r.simulate_spikes(circuit, duration=duration_ * second, seed=seed, record=max(p.size for p in circuit.populations.values()))
    rates, inside, found = activity.cell_means_(after_ * second), activity.conductance_t_ > after_, {}
    for name in circuit.populations:
        pathways = circuit.pathways(name)
        # (pathway, cell, time). Recorded is what a step starts with; over the step it decays.
        decay = np.array([-np.expm1(-float(circuit.dt) / p.tau_) * p.tau_ / float(circuit.dt) for p in pathways])
        samples = decay[:, None, None] * np.array([activity.conductances_[p.label][:, inside] for p in pathways])
        mean = samples.mean(axis=(1, 2))
        g_ = {p.label: value for p, value in zip(pathways, mean)}
        law = float(law_(circuit, name, g_))
        gradient, second_ = _derivatives(circuit, name, g_)
        covariance = np.cov(samples.reshape(len(pathways), -1))
        own = rates[name] - gradient @ (samples.mean(axis=2) - mean[:, None])
        drive = next(k for k, p in enumerate(pathways) if p.is_drive)
        p = pathways[drive]
        campbell = np.sqrt(p.G_**2 * p.tau_ * p.K * circuit.drive(p.source, name).rate_ / 2)
        root, length = len(rates[name]) ** 0.5, (duration_ - after_) / p.tau_
        # Within a stretch of time the variance about its own mean lacks the variance of that mean, here for correlations exp(-|t|/tau).
        lacking = 2 / length * (1 - (1 - np.exp(-length)) / length)
        found[name] = dict(
            rate=rates[name].mean(), sem=rates[name].std(ddof=1) / root, mean=g_, covariance=covariance, sd=np.sqrt(covariance[drive, drive]), campbell=campbell,
            over_cells=np.sqrt(samples[drive].var(axis=0, ddof=1).mean()), over_time=np.sqrt(samples[drive].var(axis=1).mean() / (1 - lacking)),
            shift=own.mean() - law, shift_sem=own.std(ddof=1) / root, second_order=np.sum(second_ * covariance) / 2,
            quasi_static=float(law_(circuit, name, {q.label: s for q, s in zip(pathways, samples)}).mean()) - law)
    return found


def slope(x, values, sem):
    """Slope of log |values| over log x and its standard error from those of the values, which weigh the points."""
    weight = np.abs(values) / sem
    (found, _), covariance = np.polyfit(np.log(x), np.log(np.abs(values)), 1, w=weight, cov="unscaled")
    return found, np.sqrt(covariance[0, 0])


def reductions(circuit):
    """Rates of E that the rate model rests at, measured without noise and under the circuit's own."""
    return {noise: b2r.reduce(circuit, noise=noise, level="surface", seed=SEED).states_[0]["E"] for noise in ("none", "matched")}


# %%
def fig1(long=False):
    """How far mean rates lie from the rate at mean conductances, over the synaptic time constant: measured and in theory."""
    circuit, rows = driven_network(SIZES[long]), []
    cells = circuit.populations["E"].size
    for factor in FACTORS if long else SHORT_FACTORS:
        slow = slowed(circuit, factor)
        rows.append(dict(tau=TAU_ * factor, **spiking_run(slow), **reductions(slow)))
    tau_, of = np.array([row["tau"] for row in rows]), lambda key, these=rows: np.array([row["E"][key] for row in these])
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    tau = tau_ * 1e3
    axes[0].errorbar(tau, np.abs(of("shift")), yerr=of("shift_sem"), ls="none", marker="o", color="black", label="spiking network")
    axes[0].plot(tau, np.abs(of("quasi_static")), color="black", label=r"$\langle F(g)\rangle - F(\langle g\rangle)$")
    axes[0].plot(tau, np.abs(of("second_order")), color="0.5", ls="--", label=r"second order, $\propto 1/\tau$")
    axes[0].set(yscale="log", ylabel="|rate − rate at mean conductances| (Hz)")
    axes[1].errorbar(tau, of("rate"), yerr=of("sem"), ls="none", marker="o", color="black", label="spiking network")
    axes[1].plot(tau, [row["none"] for row in rows], color="black", ls="--", label="reduction without noise")
    axes[1].plot(tau, [row["matched"] for row in rows], color="0.5", label="reduction under matched noise")
    axes[1].set(ylabel="rate of E (Hz)")
    for ax in axes:
        ax.set(xscale="log", xlabel="synaptic time constant (ms), its product with G fixed", xticks=tau, xticklabels=[f"{x:g}" for x in tau])
        ax.minorticks_off()
        ax.legend(fontsize="small")
    # Squares of a conductance lose memory with tau/2: a cell counts as (duration/tau) samples of the variance, whose relative error is sqrt(2/samples).
    lengths = np.maximum(LEAST_, LENGTH * tau_) / tau_
    found, sem = slope(tau_, of("sd"), of("sd") / np.sqrt(2 * lengths * cells))
    table = [Row("standard deviation of a conductance over tau, exponent", "-0.5 (Campbell)", f"{found:.4f} +- {sem:.4f}", bool(abs(found + 0.5) <= 3 * sem))]
    slowest = [row for row in rows if row["tau"] >= ADIABATIC_ * (1 - 1e-9)]
    x = np.array([row["tau"] for row in slowest])
    found, sem = slope(x, of("shift", slowest), of("shift_sem", slowest))
    expected = slope(x, of("quasi_static", slowest), of("shift_sem", slowest))[0]
    # Higher orders in the variance bend the quasi-static law itself; averaging over an interval T lowers the variance by up to T/(3 tau), most at the first tau.
    bound = abs(expected + 1) + 3 * sem - np.log1p(-1 / (3 * slowest[0]["E"]["rate"] * x[0])) / np.log(x[-1] / x[0])
    table.append(Row(f"distance from the rate at mean conductances, exponent from {1e3 * x[0]:.0f} ms", f"-1 +- {bound:.2f} over these tau", f"{found:.3f} +- {sem:.3f}", bool(abs(found + 1) <= bound)))
    # Without noise intervals are whole numbers of steps, up to dt/2 from what they are on average over phases.
    last = slowest[-1]
    floor = last["E"]["rate"] ** 2 * float(circuit.dt) / 2 + abs(last["E"]["quasi_static"]) + 3 * last["E"]["sem"]
    table.append(Row(f"reduction without noise at {1e3 * last['tau']:.0f} ms less the network (Hz)", f"0 +- {floor:.2f}: half a step an interval, the distance above, three standard errors",
                     f"{last['none'] - last['E']['rate']:+.3f}", bool(abs(last["none"] - last["E"]["rate"]) <= floor)))
    first = rows[0]
    table.append(Row(f"the same at {1e3 * first['tau']:.0f} ms, without noise and under matched noise (Hz)", "noise matters while synapses are fast", f"{first['none'] - first['E']['rate']:+.2f}, {first['matched'] - first['E']['rate']:+.2f}",
                     bool(abs(first["matched"] - first["E"]["rate"]) < abs(first["none"] - first["E"]["rate"]))))
    return figure, table


# %%
def fig2(long=False):
    """Many inputs at one time beside slow synapses: the same product K tau, the same fluctuation, both towards the noise-free rate."""
    circuit, factors = driven_network(SIZES[long]), np.array((1, 2, 4, 8) if long else (1, 2, 4))
    cells = circuit.populations["E"].size
    found = {what: [spiking_run(change(circuit, int(factor)))["E"] for factor in factors] for what, change in (("slower synapses", slowed), ("more inputs", more_inputs))}
    figure, ax = plt.subplots(figsize=(5.2, 3.8), layout="constrained")
    for (what, runs), marker in zip(found.items(), "os"):
        ax.plot(factors, [E["over_time"] / E["mean"]["ext->E"] for E in runs], color="black", ls="none", marker=marker, mfc="none" if marker == "s" else "black", ms=9 if marker == "s" else 5, label=what)
    campbell = np.array([E["campbell"] / E["mean"]["ext->E"] for E in found["slower synapses"]])
    ax.plot(factors, campbell, color="0.5", ls="--", label="Campbell")
    ax.set(xscale="log", yscale="log", xlabel="factor of tau or of the number of inputs", ylabel="sd / mean of the drive's conductance", xticks=factors, xticklabels=factors)
    ax.set_yticks(ticks := [0.05, 0.1, 0.15], labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize="small")
    rows = []
    for what, runs in found.items():
        tau_ = TAU_ * (factors if what == "slower synapses" else np.ones_like(factors))
        known = np.sqrt(tau_ / (2 * LEAST_ * cells))
        worst = max(abs(E["over_time"] / E["campbell"] - 1) / error for E, error in zip(runs, known))
        shown = ", ".join(f"{E['over_time'] / E['campbell']:.4f}" for E in runs)
        rows.append(Row(f"{what}: sd of a conductance over time at {' and '.join(map(str, factors))} times, over Campbell", "1", f"{shown}; {worst:.1f} standard errors at most", bool(worst < 4)))
    loose = spiking_run(slowed(circuit, 2, compensate=False))["E"]
    kept = found["slower synapses"][0]
    rows.append(Row("tau twice as long with G as it was: rate less that of the circuit (Hz)", "another circuit: the mean conductance doubles", f"{loose['rate'] - kept['rate']:+.1f}", bool(abs(loose["rate"] - kept["rate"]) > 10 * kept["sem"])))
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
