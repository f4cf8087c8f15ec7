"""Circuits that are not near one state, in which the gains were measured."""

from __future__ import annotations

import numpy as np
from brian2 import Hz, ms, mV, nS, second
from failures import fails

import b2reduce as b2r

WEAK = 8 * Hz  # input at which cells of ei_lif hardly fire


def over_drives(circuit, models, drives, ax):
    """Rates of E over the drive, of rate models and in spikes."""
    for (label, model), line in zip(models.items(), ("-", "--", ":")):
        rates = [
            b2r.simulate_rates(model, duration=0.3 * second, drives={"ext": d * Hz}).rate_[0, -1]
            for d in drives
        ]
        ax.plot(drives, rates, line, color="black", label=label)
    runs = [
        b2r.simulate_spikes(circuit.replace({"drive.ext.rate": d * Hz}), duration=1 * second) for d in drives
    ]
    ax.plot(drives, [run.mean(after=0.3 * second)["E"] for run in runs], "o", color="0.5", label="spiking")
    ax.set(xlabel="drive (Hz)", ylabel="rate of E (Hz)")
    ax.legend()


@fails("noise stays")
def noise_moves(left, right):
    """Near threshold noise is what makes cells fire, and stronger input is noisier input. A rate model whose noise is that
    of the operating point (8 Hz, level gain) follows its drive less than the spiking network does.
    """
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": WEAK})
    reduced = b2r.reduce(circuit, level="gain", seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    over_drives(circuit, {"gain": reduced}, np.arange(6, 12), left)
    return b2r.check_premises(circuit, spikes, reduced)


@fails("follows the drives")
def a_quarter_away(left, right):
    """Reduced at 8 Hz input. A quarter below and above it (dotted) the straight gain has other rates than uncoupled
    cells that are run there, and than the spiking network.
    """
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": WEAK})
    v = b2r.validate(circuit, duration=1 * second, seeds=1, level="linear", levels=["linear"])
    over_drives(circuit, {"linear": v.reduced}, np.arange(5, 12), left)
    for factor in (0.75, 1.25):
        left.axvline(8 * factor, color="0.7", linestyle=":")
    return v.premises


@fails("inside the measured range")
def extrapolated(left, right):
    """Reduced at 8 Hz input and driven with 20 Hz: the rate run goes where no cell was measured (band: the rates
    that were).
    """
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": WEAK})
    reduced = b2r.reduce(circuit, seed=1)
    rates = b2r.simulate_rates(reduced, duration=1 * second, drives={"ext": 20 * Hz})
    b2r.plots.plot_rates(rates, ax=left)
    lo, hi = (float(rate / Hz) for rate in reduced.gains["E"].rates)
    left.axhspan(lo, hi, color="0.85")
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    return b2r.check_premises(circuit, spikes, reduced, rates)


def excitatory(G, rate):
    """Excitatory cells that excite one another."""
    feedback = b2r.Projection("E", "E", in_degree=100, G=G, tau=5 * ms, E=0 * mV, delay=("0.1 ms", "3 ms"))
    drive = b2r.Drive("ext", "E", inputs=250, rate=rate, G=0.4 * nS, tau=5 * ms, E=0 * mV)
    return b2r.Circuit(populations={"E": b2r.Population("lif", 2000)}, projections=[feedback], drives=[drive])


@fails("far from instability")
def near_the_edge(left, right):
    """Cells that excite one another almost enough to run away. A gain or weight that is off by one per cent moves the
    rate at rest by eight times as much: the rate over the strength of the recurrent synapses.
    """
    circuit = excitatory(0.08 * nS, 8.3 * Hz)
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    factors = np.linspace(0.9, 1.05, 16)
    rates = []
    for factor in factors:
        changed = reduced.replace({"projection.E->E.G": factor * 0.08 * nS})
        points = b2r.fixed_points(changed)
        rates.append(max((float(point.rates["E"] / Hz) for point in points), default=np.nan))
    left.plot(100 * (factors - 1), rates, color="black")
    left.set(xlabel="change of G (%)", ylabel="rate at rest (Hz)")
    return b2r.check_premises(circuit, spikes, reduced)


@fails("one operating point")
def two_states(left, right):
    """Strong recurrent excitation and weak drive: the network rests at two rates, and which one depends on where it
    starts (left: silent; right: active).
    """
    circuit = excitatory(0.5 * nS, 4 * Hz)
    reduced = b2r.reduce(circuit, seed=1)
    runs = [
        b2r.simulate_spikes(circuit, duration=0.5 * second, seed=1, initial=s) for s in ("silent", "active")
    ]
    for ax, run in zip((left, right), runs):
        ax.plot(run.t_, run.rate_[0], color="black")
        ax.set(xlabel="time (s)", ylabel="rate of E (Hz)", ylim=(-10, 500))
    return b2r.check_premises(circuit, runs[0], reduced)
