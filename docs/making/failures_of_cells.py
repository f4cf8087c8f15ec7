"""Circuits whose cells do not have one straight gain that leak shifts."""

from __future__ import annotations

import numpy as np
from brian2 import Hz, cm, ms, msiemens, mV, second, uA
from failures import fails

import b2reduce as b2r


@fails("cells alike")
def thresholds_differ(left, right):
    """Thresholds differ by 1.8 mV from cell to cell, and rates from silence to 100 Hz (grey), where the rate model has
    one number (line). It is near their mean here; it does not describe the cells, nor what a curved gain makes of
    inputs that differ so.
    """
    circuit = b2r.load_circuit("ei_lif")
    circuit = circuit.replace({"population.E.V_th": "normal(-50 mV, 1.8 mV)"})
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=2 * second, seed=1)
    left.hist(np.bincount(spikes.spikes_["E"][0], minlength=4000) / 2, 60, color="0.6")
    left.axvline(b2r.simulate_rates(reduced, duration=0.5 * second).rate_[0, -1], color="black")
    left.set(xlabel="rate of a cell of E (Hz)", ylabel="cells")
    return b2r.check_premises(circuit, spikes, reduced)


@fails("operating rate in the window")
def elsewhere(left, right):
    """Reduced at 6 Hz input and run at 14 Hz. The gain was fitted below the dotted line; the network fires far above
    (dashed).
    """
    circuit = b2r.load_circuit("ei_lif")
    reduced = b2r.reduce(circuit, at={"ext": 6 * Hz}, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    b2r.plots.plot_fi(reduced.surfaces["E"], reduced.gains["E"], ax=left)
    left.axhline(spikes.mean(after=0.3 * second)["E"], color="0.6", linestyle="--")
    return b2r.check_premises(circuit, spikes, reduced)


@fails("slope unchanged by leak")
def steep_feet(left, right):
    """Without noise the f-I curve of a leaky cell starts the more steeply the larger its leak (left). Right: the slope
    at each leak by itself.
    """
    circuit = b2r.load_circuit("ei_lif")
    reduced = b2r.reduce(circuit, noise="none", seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    b2r.plots.plot_fi(reduced.surfaces["E"], reduced.gains["E"], ax=left)
    slopes = reduced.gains["E"].slopes
    right.plot(slopes.iloc[:, 0] * 1e9, slopes.iloc[:, 1] * 1e-9, "o-", color="black")
    right.set(xlabel="leak (nS)", ylabel="slope (Hz/nA)", ylim=(0, None))
    return b2r.check_premises(circuit, spikes, reduced)


@fails("straight gain")
def curved_foot(left, right):
    """At weak input, 9 Hz, cells fire through fluctuations alone. Their f-I curves (points) bend within the window of
    rates in which lines were fitted to them.
    """
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": 9 * Hz})
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    b2r.plots.plot_fi(reduced.surfaces["E"], reduced.gains["E"], ax=left)
    return b2r.check_premises(circuit, spikes, reduced)


@fails("no saturation")
def refractory(left, right):
    """At 150 Hz input cells are refractory for half of the time. Their f-I curve flattens (left) towards one over
    the refractory time, 500 Hz; rates of E over the drive (right).
    """
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": 150 * Hz})
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=0.5 * second, seed=1)
    b2r.plots.plot_fi(reduced.surfaces["E"], reduced.gains["E"], ax=left)
    drives = np.array([50, 100, 150, 200, 250])
    model = [
        b2r.simulate_rates(reduced, duration=0.2 * second, drives={"ext": d * Hz}).rate_[0, -1]
        for d in drives
    ]
    runs = [
        b2r.simulate_spikes(circuit.replace({"drive.ext.rate": d * Hz}), duration=0.3 * second)
        for d in drives
    ]
    right.plot(drives, model, "-", color="black", label="linear")
    right.plot(drives, [run.mean(after=0.1 * second)["E"] for run in runs], "o", color="0.5", label="spiking")
    right.set(xlabel="drive (Hz)", ylabel="rate of E (Hz)")
    right.legend()
    return b2r.check_premises(circuit, spikes, reduced)


@fails("no hysteresis")
def two_rates(left, right):
    """The Hodgkin-Huxley cell fires above 50 Hz or not at all: from rest its rate jumps. On the way down it goes on
    firing at currents at which, on the way up, it was silent; the premise steps the current both ways.
    """
    model = b2r.load_model("hodgkin_huxley1952")
    cells = b2r.Population(model, 100)
    drive = b2r.Drive("ext", "E", inputs=100, rate=60 * Hz, G=0.006 * msiemens / cm**2, tau=5 * ms, E=0 * mV)
    circuit = b2r.Circuit(populations={"E": cells}, drives=[drive], dt=0.02 * ms)
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=0.5 * second, seed=1)
    I = np.linspace(0, 15, 61) * uA / cm**2
    surface = b2r.measure_fi(model, I, [0.3] * msiemens / cm**2)
    left.plot(I / (uA / cm**2), surface.rate_[:, 0], ".-", color="black")
    left.set(xlabel="current (µA/cm²)", ylabel="rate (Hz)")
    return b2r.check_premises(circuit, spikes, reduced)


@fails("fires without noise")
def silent_on_average(left, right):
    """At 10 Hz input the mean current is below threshold: without noise the cells are silent (left), and so is a rate
    model whose gain knows no noise. In the network they fire (right).
    """
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": 10 * Hz})
    reduced = b2r.reduce(circuit, noise="none", seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    b2r.plots.plot_fi(reduced.surfaces["E"], reduced.gains["E"], ax=left)
    b2r.plots.plot_rates(b2r.simulate_rates(reduced, duration=1 * second), spikes, ax=right)
    return b2r.check_premises(circuit, spikes, reduced)
