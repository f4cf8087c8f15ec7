"""Driven networks with slower synapses, the law of their cells, and what they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from b2reduce.experiments.exact_lif import exact_interval_
from brian2 import second

import b2reduce as b2r

SEED = 1
TAU_ = 5e-3  # s, of the circuit as it is
# Time constants and s left out (e^-8 = 3e-4 of the mean is missing then); s and time constants counted
SETTLED, WARMUP_, LEAST_, LENGTH = 8, 0.5, 3.0, 10
STEP = 1e-3  # of the numerical derivatives, relative


def driven_network(size=1000, dt="0.1 ms"):
    """E and I cells of equal number of inputs, driven above threshold.

    At their mean input they fire 64 times a second.
    """

    def projection(source, target, in_degree, G, E):
        return b2r.Projection(
            source=source, target=target, in_degree=in_degree, G=G, tau="5 ms", E=E, delay=["0.1 ms", "3 ms"]
        )

    return b2r.Circuit(
        name="driven",
        populations={
            "E": b2r.Population("lif", round(0.8 * size)),
            "I": b2r.Population("lif", round(0.2 * size)),
        },
        projections=[projection("E", to, 40, "0.1 nS", "0 mV") for to in "EI"]
        + [projection("I", to, 20, "0.5 nS", "-80 mV") for to in "EI"],
        drives=[
            b2r.Drive(name="ext", target=to, inputs=200, rate="18 Hz", G="0.4 nS", tau="5 ms", E="0 mV")
            for to in "EI"
        ],
        dt=dt,
    )


def slowed(circuit, factor, *, compensate=True):
    """All synaptic time constants times `factor`.

    All G divided by it, so that mean conductances stay, unless told not to.
    """
    scale = lambda pathway: replace(
        pathway, tau=factor * pathway.tau, G=pathway.G / factor if compensate else pathway.G
    )
    return _changed(circuit, scale, scale)


def more_inputs(circuit, factor):
    """Numbers of inputs times `factor`, all G divided by it.

    The other way to the same means and the same variance.
    """
    return _changed(
        circuit,
        lambda p: replace(p, in_degree=factor * p.in_degree, G=p.G / factor),
        lambda d: replace(d, inputs=factor * d.inputs, G=d.G / factor),
    )


def _changed(circuit, projection, drive):
    return b2r.Circuit(
        name=circuit.name,
        populations=circuit.populations,
        projections=[projection(p) for p in circuit.projections],
        drives=[drive(d) for d in circuit.drives],
        dt=circuit.dt,
    )


def law_(circuit, population, g_):
    """F: rate in Hz of the LIF cell at constant synaptic conductances g_, {pathway label.

    S}, on the circuit's time grid.
    """
    model = circuit.populations[population].model
    I_, total = model.constant_input_, model.leak_
    for pathway in circuit.pathways(population):
        I_, total = I_ + g_[pathway.label] * (pathway.E_ - model.leak_reversal_), total + g_[pathway.label]
    return 1 / (exact_interval_(model, I_, total) - float(circuit.dt) / 2)


def second_derivatives(circuit, population, g_):
    """Gradient and matrix of second derivatives of F at g_, pathways in the circuit's order."""
    labels = [p.label for p in circuit.pathways(population)]
    total = sum(g_.values()) + circuit.populations[population].model.si("g_L")
    step = STEP * total
    at = lambda *moves: law_(
        circuit,
        population,
        {label: g_[label] + step * sum(sign for other, sign in moves if other == label) for label in labels},
    )
    gradient = np.array([(at((k, 1)) - at((k, -1))) / (2 * step) for k in labels])
    second = np.array(
        [
            [
                (at((k, 1), (l, 1)) - at((k, 1), (l, -1)) - at((k, -1), (l, 1)) + at((k, -1), (l, -1)))
                / (4 * step**2)
                for l in labels
            ]
            for k in labels
        ]
    )
    return gradient, second


def spiking_run(circuit, seed=SEED):
    """One spiking run: for each population its rate, mean conductances and their covariance, and how far <r>
    lies from F(<g>).

    Returns
    -------
    dict of str to dict
        rate, sem [Hz]; mean, covariance (over time and cells) of the conductances; sd, campbell [S]: standard
        deviation of the drive's, and what Campbell's theorem says; over_cells, over_time [S]: the same over
        cells at one time, and over time in one cell; shift, shift_sem [Hz]: <r> - F(<g>) and its standard
        error over cells, what each cell's own luck in <g> explains taken out; second_order [Hz]: half the
        second derivatives times the covariance; quasi_static [Hz]: <F(g)> - F(<g>).
    """
    tau_ = max(p.tau_ for name in circuit.populations for p in circuit.pathways(name))
    after_ = WARMUP_ + SETTLED * tau_
    duration_ = after_ + max(LEAST_, LENGTH * tau_)
    activity = b2r.simulate_spikes(
        circuit,
        duration=duration_ * second,
        seed=seed,
        record=max(p.size for p in circuit.populations.values()),
    )
    rates, inside, found = activity.cell_means_(after_ * second), activity.conductance_t_ > after_, {}
    for name in circuit.populations:
        pathways = circuit.pathways(name)
        # (pathway, cell, time). Recorded is what a step starts with; over the step it decays.
        decay = np.array(
            [-np.expm1(-float(circuit.dt) / p.tau_) * p.tau_ / float(circuit.dt) for p in pathways]
        )
        samples = decay[:, None, None] * np.array(
            [activity.conductances_[p.label][:, inside] for p in pathways]
        )
        mean = samples.mean(axis=(1, 2))
        g_ = {p.label: value for p, value in zip(pathways, mean)}
        law = float(law_(circuit, name, g_))
        gradient, second_ = second_derivatives(circuit, name, g_)
        covariance = np.cov(samples.reshape(len(pathways), -1))
        own = rates[name] - gradient @ (samples.mean(axis=2) - mean[:, None])
        drive = next(k for k, p in enumerate(pathways) if p.is_drive)
        p = pathways[drive]
        campbell = np.sqrt(p.G_**2 * p.tau_ * p.K * circuit.drive(p.source, name).rate_ / 2)
        root, length = len(rates[name]) ** 0.5, (duration_ - after_) / p.tau_
        # Within a stretch of time the variance about its own mean lacks the variance of that mean, here for
        # correlations exp(-|t|/tau).
        lacking = 2 / length * (1 - (1 - np.exp(-length)) / length)
        found[name] = dict(
            rate=rates[name].mean(),
            sem=rates[name].std(ddof=1) / root,
            mean=g_,
            covariance=covariance,
            sd=np.sqrt(covariance[drive, drive]),
            campbell=campbell,
            over_cells=np.sqrt(samples[drive].var(axis=0, ddof=1).mean()),
            over_time=np.sqrt(samples[drive].var(axis=1).mean() / (1 - lacking)),
            shift=own.mean() - law,
            shift_sem=own.std(ddof=1) / root,
            second_order=np.sum(second_ * covariance) / 2,
            quasi_static=float(law_(circuit, name, {q.label: s for q, s in zip(pathways, samples)}).mean())
            - law,
        )
    return found


def slope(x, values, sem):
    """Slope of log |values| over log x and its standard error from those of the values, which weigh the
    points.
    """
    weight = np.abs(values) / sem
    (found, _), covariance = np.polyfit(np.log(x), np.log(np.abs(values)), 1, w=weight, cov="unscaled")
    return found, np.sqrt(covariance[0, 0])


def reductions(circuit, seeds):
    """Rates of E: {"none": state of the rate model without noise; "matched": self-consistent rates under the
    noise that the network has, one a seed; "surface": states of the rate model on the surfaces measured under
    that noise}."""
    noisy = [
        b2r.reduce(circuit, noise="matched", level="surface", seed=seed) for seed in range(SEED, SEED + seeds)
    ]
    return {
        "none": b2r.reduce(circuit, noise="none", level="surface", seed=SEED).states_[0]["E"],
        "matched": np.array([float(reduced.operating_rate["E"]) for reduced in noisy]),
        "surface": np.array([reduced.states_[0]["E"] for reduced in noisy]),
    }


def self_consistent_(circuit):
    """Rate in Hz that E and I, whose inputs are alike, have without noise: r = F(mean conductances at r)."""
    from scipy.optimize import brentq

    return brentq(
        lambda r: (
            law_(
                circuit,
                "E",
                {
                    p.label: p.mean_(circuit.drive("ext", "E").rate_ if p.is_drive else r)
                    for p in circuit.pathways("E")
                },
            )
            - r
        ),
        1.0,
        400.0,
    )
