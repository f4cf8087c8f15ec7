"""Circuits whose synapses and wiring are not what the derivation takes for granted."""

from __future__ import annotations

import numpy as np
from brian2 import Hz, ms, mV, nS, pA, second
from failures import fails

import b2reduce as b2r

BACKGROUND = dict(inputs=250, rate=14 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)


@fails("many inputs")
def few_inputs(left, right):
    """Ten inputs at 8 Hz: of their conductance a mean and a standard deviation say little (left). With 250 inputs
    of the same mean they say all (right). The band is the mean, give or take one standard deviation.
    """

    def circuit(inputs, G):
        drive = b2r.Drive("ext", "E", inputs=inputs, rate=8 * Hz, G=G, tau=5 * ms, E=0 * mV)
        return b2r.Circuit(populations={"E": b2r.Population("lif", 500)}, drives=[drive])

    few, many = circuit(10, 15 * nS), circuit(250, 0.6 * nS)
    runs = [b2r.simulate_spikes(each, duration=1 * second, seed=1) for each in (few, many)]
    for ax, run, title in zip((left, right), runs, ("10 inputs", "250 inputs")):
        g = run.conductances_["ext->E"] * 1e9
        ax.plot(run.conductance_t_, g[0], color="black")
        ax.axhspan(g.mean() - g.std(), g.mean() + g.std(), color="0.8")
        ax.set(xlabel="time (s)", ylabel="conductance (nS)", title=title, xlim=(0.5, 1), ylim=(-10, 50))
    return b2r.check_premises(few, runs[0], b2r.reduce(few, seed=1))


@fails("weights exchangeable")
def hubs(left, right):
    """A third of the cells collects two thirds of the synapses. Inputs of cells (left) differ far more than in a
    network with the same synapses shuffled; rates with them (right), which no mean input foretells.
    """
    rng = np.random.default_rng(1)
    source, target = rng.integers(0, 600, 30_000), rng.integers(0, 600, 30_000)
    collected = np.where(rng.random(30_000) < 0.5, target % 200, target)
    wiring = {"i": source, "j": collected}
    circuit = b2r.Circuit(
        populations={"E": b2r.Population("lif", 600)},
        projections=[
            b2r.Projection(
                "E", "E", wiring=wiring, G=0.2 * nS, tau=5 * ms, E=0 * mV, delay=("0.1 ms", "5 ms")
            )
        ],
        drives=[b2r.Drive("ext", "E", **{**BACKGROUND, "rate": 12 * Hz})],
    )
    spikes = b2r.simulate_spikes(circuit, duration=2 * second, seed=1)
    for onto, colour, label in ((target, "0.6", "shuffled"), (collected, "black", "as it is")):
        left.hist(np.bincount(onto, minlength=600), 40, (0, 160), histtype="step", color=colour, label=label)
    left.set(xlabel="synapses on a cell", ylabel="cells")
    left.legend()
    rates = np.bincount(spikes.spikes_["E"][0], minlength=600) / 2
    right.plot(np.bincount(collected, minlength=600), rates, ".", color="black")
    right.set(xlabel="synapses on a cell", ylabel="its rate (Hz)")
    return b2r.check_premises(circuit, spikes, b2r.reduce(circuit, seed=1))


@fails("replayed trains")
def bursts(left, right):
    """Recorded trains that fire four spikes at a time (left). The number of spikes that a cell receives in 20 ms
    (right) then varies far more than that of Poisson trains of the same rate, which the rate model has instead.
    """
    rng, lasts, inputs = np.random.default_rng(2), 2.0, 200
    bursts_ = rng.poisson(3 * lasts, inputs)
    begin = rng.uniform(0, lasts - 0.02, bursts_.sum())
    t = np.round((begin[:, None] + 4e-3 * np.arange(4)).ravel(), 4)
    i = np.repeat(np.repeat(np.arange(inputs), bursts_), 4)
    order = np.unique(np.column_stack([t, i]), axis=0)
    t, i = order[:, 0], order[:, 1].astype(int)
    recorded = {"i": i, "t": t, "duration": lasts}
    drive = b2r.Drive(
        "rec", "E", spikes=recorded, trains=inputs, inputs=100, G=0.8 * nS, tau=5 * ms, E=0 * mV
    )
    circuit = b2r.Circuit(populations={"E": b2r.Population("lif", 200)}, drives=[drive])
    left.plot(t[i < 30], i[i < 30], "|", color="black", markersize=4)
    left.set(xlabel="time (s)", ylabel="train", xlim=(0, 1))
    counts = np.histogram(t[i < 100], np.arange(0, lasts, 0.02))[0]
    right.hist(counts, 25, (0, 100), density=True, color="0.6", label="recorded")
    n = np.arange(100)
    mean = counts.mean()
    right.plot(
        n, np.exp(-((n - mean) ** 2) / (2 * mean)) / np.sqrt(2 * np.pi * mean), color="black", label="Poisson"
    )
    right.set(xlabel="spikes from 100 trains in 20 ms", ylabel="share")
    right.legend()
    spikes = b2r.simulate_spikes(circuit, duration=lasts * second, seed=1)
    return b2r.check_premises(circuit, spikes, b2r.reduce(circuit, seed=1))


@fails("voltage-dependent synapses")
def nmda(left, right):
    """Cells whose voltage wanders through the bend of NMDA's factor B(v): the current B(v) (E - v) of 1 nS, and a line
    such as the average takes in its place.
    """
    cell = b2r.Population("lif", 500, parameters={"E_L": -75 * mV, "V_r": -80 * mV, "V_th": -25 * mV})
    drives = [
        b2r.Drive("fast", "E", inputs=200, rate=20 * Hz, G=2.0 * nS, tau=5 * ms, E=0 * mV),
        b2r.Drive(
            "slow",
            "E",
            kind="nmda",
            inputs=100,
            rate=10 * Hz,
            G=0.8 * nS,
            tau_rise=2 * ms,
            tau=100 * ms,
            E=0 * mV,
            norm="peak",
        ),
    ]
    circuit = b2r.Circuit(populations={"E": cell}, drives=drives)
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    v = np.linspace(-80, 0, 200)
    B = 1 / (1 + np.exp(-0.062 * v) / 3.57)
    left.plot(v, -B * v, color="black", label="B(v) (E - v)")
    near = (v > -75) & (v < -25)
    left.plot(v, np.polyval(np.polyfit(v[near], -(B * v)[near], 1), v), "--", color="0.5", label="a line")
    left.set(xlabel="voltage (mV)", ylabel="current of 1 nS (pA)")
    left.legend()
    return b2r.check_premises(circuit, spikes, reduced)


def depressed(current, G, rate, tau_rec=300 * ms):
    """Cells with strongly depressing synapses among them, and a constant current."""
    depressing = {"kind": "tsodyks_markram", "U": 0.6, "tau_rec": tau_rec, "tau_facil": 0 * ms}
    cells = b2r.Population("lif", 500, parameters={"I_app": current})
    feedback = b2r.Projection(
        "E", "E", in_degree=50, G=G, tau=5 * ms, E=0 * mV, delay=("0.1 ms", "5 ms"), plasticity=depressing
    )
    drive = b2r.Drive("ext", "E", **{**BACKGROUND, "rate": rate})
    return b2r.Circuit(populations={"E": cells}, projections=[feedback], drives=[drive])


@fails("releases independent")
def releases_in_turn(left, right):
    """After a spike a depressing synapse has little left (left: what one synapse releases at Poisson spikes). A large
    release is followed by small ones: their sum over 200 ms (right) varies less than that of the same releases
    drawn independently, and so does the noise of the cells.
    """
    circuit = depressed(200 * pA, 4 * nS, 1 * Hz)
    rng, U, tau = np.random.default_rng(3), 0.6, 0.3
    gaps = rng.exponential(1 / 20, 4000)
    t, x, left_over = np.cumsum(gaps), np.empty(4000), 1.0
    for k, gap in enumerate(gaps):
        x[k] = 1 - (1 - left_over) * np.exp(-gap / tau)
        left_over = x[k] * (1 - U)
    left.vlines(t[:40], 0, U * x[:40], color="black")
    left.set(xlabel="time (s)", ylabel="release")
    windows = (t / 0.2).astype(int)
    for released, colour, label in (
        (U * rng.permutation(x), "0.6", "independent"),
        (U * x, "black", "in turn"),
    ):
        sums = np.bincount(windows, released)
        right.hist(sums, 40, (0, 2), histtype="step", color=colour, label=label)
    right.set(xlabel="released in 200 ms", ylabel="windows")
    right.legend()
    spikes = b2r.simulate_spikes(circuit, duration=2 * second, seed=1)
    return b2r.check_premises(circuit, spikes, b2r.reduce(circuit, seed=1))


@fails("mean release")
def regular_releases(left, right):
    """Cells that fire like clocks (left) find their synapses more recovered than Poisson spikes of the same rate
    would: what a synapse releases a spike, over the rate (right).
    """
    circuit = depressed(280 * pA, 0.2 * nS, 0.1 * Hz, tau_rec=50 * ms)
    spikes = b2r.simulate_spikes(circuit, duration=2 * second, seed=1)
    b2r.plots.plot_raster(spikes, start=1.5 * second, ax=left)
    U, tau, r = 0.6, 0.05, np.linspace(0.5, 60, 100)
    recovers = np.exp(-1 / (r * tau))
    right.plot(r, U * (1 - recovers) / (1 - (1 - U) * recovers), color="black", label="clocks")
    right.plot(r, U / (1 + U * r * tau), "--", color="0.5", label="Poisson")
    right.axvline(spikes.mean(after=0.5 * second)["E"], color="0.8")
    right.set(xlabel="rate (Hz)", ylabel="release a spike")
    right.legend()
    return b2r.check_premises(circuit, spikes, b2r.reduce(circuit, seed=1))
