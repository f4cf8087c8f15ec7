"""Slow synapses make rate models exact (Ermentrout, Neural Comput 6:679, 1994): the time average beside the ensemble average.

    python -m b2reduce.experiments.ermentrout1994                    tables (about two minutes)
    python -m b2reduce.experiments.ermentrout1994 --figure x.png     and the figure

A network of LIF cells whose mean input is above threshold. Synapses get slower while G falls as 1/tau, so that all mean conductances
stay: their variance G^2 tau R/2 falls as 1/tau, cells see constants, and the network approaches the reduction whose gains are measured
without noise. Once tau is longer than the cells' intervals they follow their conductances, r(t) = F(g(t)), so that

    <r> - F(<g>) = 1/2 sum_kl d2F/dg_k dg_l cov(g_k, g_l),

second order in the standard deviation: 1/tau. F is the cell's closed form on a time grid: intervals are shorter by dt/2, since
spikes wait for the end of their step, dt/2 on average, while refractoriness counts from its beginning. Conductances average over their inputs (K of them) and over time (tau); the relative fluctuation 1/sqrt(2 K r tau) knows only the product.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np

import b2reduce as b2r
from b2reduce.experiments.accuracy import exact_interval_

__all__ = ["driven_network", "fig1", "law_", "more_inputs", "run", "slope", "slowed"]

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


def run(circuit, seed=1):
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


def fig1(rows, ax=None):
    """How far mean rates lie from the rate at mean conductances, over the synaptic time constant: measured and in theory."""
    if ax is None:
        import matplotlib.pyplot as plt

        from b2reduce.plots import style

        with plt.style.context(style()):
            ax = plt.subplots()[1]
    tau = np.array([row["tau"] for row in rows]) * 1e3
    of = lambda key: np.array([abs(row["E"][key]) for row in rows])
    ax.errorbar(tau, of("shift"), yerr=of("shift_sem"), ls="none", marker="o", color="#1b3a57", label="spiking network")
    ax.plot(tau, of("quasi_static"), color="#c8553d", ls="-", lw=1.4, label=r"$\langle F(g)\rangle - F(\langle g\rangle)$")
    ax.plot(tau, of("second_order"), color="0.4", ls="--", lw=1.2, label=r"second order, $\propto 1/\tau$")
    ax.set(xscale="log", yscale="log", xlabel="synaptic time constant τ (ms), Gτ fixed", ylabel="|rate − rate at mean conductances| (Hz)", xticks=tau, xticklabels=[f"{x:g}" for x in tau])
    ax.minorticks_off()
    ax.legend(fontsize=8)
    return ax


def reductions(circuit):
    """Rates of E that the rate model rests at, measured without noise and under the circuit's own."""
    return {noise: b2r.reduce(circuit, noise=noise, level="surface", seed=1).states_[0]["E"] for noise in ("none", "matched")}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--size", type=click.IntRange(500), default=1000, show_default=True, help="Number of cells.")
@click.option("--figure", "path", type=click.Path(dir_okay=False), help="Draw the approach to the noise-free rate.")
def main(size, path):
    """Print how a spiking network approaches its noise-free reduction as synapses slow down."""
    circuit, rows = driven_network(size), []
    click.echo("cells E; g: conductance of the drive; error: rate of the reduction less that of the network; shift: mean rate less the rate at mean conductances")
    click.echo(f"  {'tau':>6}  {'sd of g, Campbell':<22}{'network':<18}{'noise-free, error':<20}{'matched, error':<20}{'shift':<20}{'second order':<14}quasi-static")
    for factor in FACTORS:
        slow = slowed(circuit, factor)
        row = dict(tau=TAU_ * factor, **run(slow), **reductions(slow))
        rows.append(row)
        E = row["E"]
        click.echo(f"  {1e3 * row['tau']:3.0f} ms  {1e9 * E['sd']:.4f}, {1e9 * E['campbell']:.4f} nS   {E['rate']:.3f} +- {E['sem']:.3f} Hz "
                   + "".join(f"{row[noise]:.3f}, {row[noise] - E['rate']:+.3f} Hz   " for noise in ("none", "matched"))
                   + f"{E['shift']:+.4f} +- {E['shift_sem']:.4f}   {E['second_order']:+.4f}       {E['quasi_static']:+.4f} Hz")
    tau_, of = np.array([row["tau"] for row in rows]), lambda key, these=rows: np.array([row["E"][key] for row in these])
    # Squares of a conductance lose memory with tau/2: a cell counts as (duration/tau) samples of the variance, whose relative error is sqrt(2/samples).
    lengths = np.maximum(LEAST_, LENGTH * tau_) / tau_
    found, sem = slope(tau_, of("sd"), of("sd") / np.sqrt(2 * lengths * 0.8 * size))
    click.echo(f"  exponent of the standard deviation over tau: {found:.4f} +- {sem:.4f}; wanted -0.5 +- {3 * sem:.4f}   {'ok' if abs(found + 0.5) <= 3 * sem else 'MISSED'}")
    slowest = [row for row in rows if row["tau"] >= ADIABATIC_ * (1 - 1e-9)]
    x = np.array([row["tau"] for row in slowest])
    found, sem = slope(x, of("shift", slowest), of("shift_sem", slowest))
    expected = slope(x, of("quasi_static", slowest), of("shift_sem", slowest))[0]
    # Higher orders in the variance bend the quasi-static law itself; averaging over an interval T lowers the variance by up to T/(3 tau), most at the first tau.
    bound = abs(expected + 1) + 3 * sem - np.log1p(-1 / (3 * slowest[0]["E"]["rate"] * x[0])) / np.log(x[-1] / x[0])
    click.echo(f"  exponent of the shift over tau, from {1e3 * x[0]:.0f} ms: {found:.3f} +- {sem:.3f}, quasi-static {expected:.3f}; wanted -1 +- {bound:.3f}   "
               f"{'ok' if abs(found + 1) <= bound else 'MISSED'}")
    # Without noise intervals are whole numbers of steps, up to dt/2 from what they are on average over phases.
    last = slowest[-1]
    floor = last["E"]["rate"] ** 2 * float(circuit.dt) / 2 + abs(last["E"]["quasi_static"]) + 3 * last["E"]["sem"]
    click.echo(f"  noise-free reduction at {1e3 * last['tau']:.0f} ms: off by {last['none'] - last['E']['rate']:+.3f} Hz; wanted within {floor:.3f} Hz (half a step an interval, the shift, "
               f"three standard errors)   {'ok' if abs(last['none'] - last['E']['rate']) <= floor else 'MISSED'}")
    click.echo("many inputs at one time beside slow synapses: the same product K tau, the same fluctuation, both towards the noise-free rate")
    for factor in (1, 2, 4):
        for what, changed in (("tau", slowed(circuit, factor)), ("K", more_inputs(circuit, factor))):
            E = run(changed)["E"]
            g = E["mean"]["ext->E"]
            click.echo(f"  {what:>3} x {factor}: sd/mean of g over time {E['over_time'] / g:.4f}, over cells {E['over_cells'] / g:.4f}, Campbell {E['campbell'] / g:.4f}; "
                       f"shift {E['shift']:+.3f} +- {E['shift_sem']:.3f} Hz")
    E = run(slowed(circuit, 2, compensate=False))["E"]
    click.echo(f"not compensated, tau x 2 and G as it was: {E['rate']:.1f} Hz, {E['rate'] - rows[-1]['none']:+.1f} Hz from the noise-free reduction above: another circuit")
    if path:
        fig1(rows).figure.savefig(path)


if __name__ == "__main__":
    main()
