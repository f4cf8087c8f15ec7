"""Circuits whose cells do not fire as the derivation takes for granted."""

from __future__ import annotations

import numpy as np
from brian2 import Hz, ms, mV, nA, nS, second
from failures import fails

import b2reduce as b2r


@fails("asynchrony")
def volleys(left, right):
    """Cells fire in volleys (left). The inhibitory conductance of one cell (right) then swings far beyond what
    independent trains of the same rate would do: mean, and one standard deviation by Campbell's theorem.
    """
    circuit = b2r.load_circuit("ei_lif_gamma")
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    b2r.plots.plot_raster(spikes, start=0.7 * second, ax=left)
    t, g = spikes.conductance_t_, spikes.conductances_["I->E"][0] * 1e9
    K, G, tau, rate = 100, 0.6, 10e-3, spikes.mean(after=0.25 * second)["I"]
    mean, sd = K * G * tau * rate, np.sqrt(K * G**2 * tau * rate / 2)
    late = t > 0.7
    right.plot(t[late], g[late], color="black", label="one cell")
    right.axhspan(mean - sd, mean + sd, color="0.8", label="independent trains")
    right.set(xlabel="time (s)", ylabel="inhibitory conductance (nS)")
    right.legend()
    return b2r.check_premises(circuit, spikes, reduced)


@fails("weak correlation")
def shared_inputs(left, right):
    """Each cell sees 250 of 400 trains, so that any two cells have most of their input in common. The population
    rate (left) swings about its mean far more than that of cells with trains of their own (right).
    """
    circuit = b2r.load_circuit("ei_lif")
    shared = circuit.replace({"drive.ext.trains": 400})
    reduced = b2r.reduce(shared, seed=1)
    runs = [b2r.simulate_spikes(each, duration=1 * second, seed=1) for each in (shared, circuit)]
    for ax, run, title in zip((left, right), runs, ("400 trains for all", "each cell its own")):
        ax.plot(run.t_, run.smooth(3 * ms).rate_[0], color="black")
        ax.set(xlabel="time (s)", ylabel="rate of E (Hz)", title=title, xlim=(0.5, 1), ylim=(0, 60))
    return b2r.check_premises(shared, runs[0], reduced)


@fails("irregular spikes")
def regular_trains(left, right):
    """A constant current far above threshold has cells fire regularly (left). Gains that were measured in Poisson
    trains (`noise="matched"`) expect intervals like the line (right).
    """
    cells = b2r.Population("lif", 1000, parameters={"I_app": 0.55 * nA})
    inhibition = b2r.Projection(
        "I", "I", in_degree=50, G=1 * nS, tau=10 * ms, E=-80 * mV, delay=("0.1 ms", "5 ms")
    )
    circuit = b2r.Circuit(populations={"I": cells}, projections=[inhibition])
    reduced = b2r.reduce(circuit, noise="matched", seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=2 * second, seed=1)
    b2r.plots.plot_raster(spikes, start=1.5 * second, ax=left)
    i, t = spikes.spikes_["I"]
    order = np.lexsort((t, i))
    gaps = np.diff(t[order])[np.diff(i[order]) == 0] * 1e3
    right.hist(gaps, 80, (0, 3 * gaps.mean()), density=True, color="0.6", label="the cells")
    x = np.linspace(0, 3 * gaps.mean(), 100)
    right.plot(x, np.exp(-x / gaps.mean()) / gaps.mean(), color="black", label="Poisson trains")
    right.set(xlabel="interval (ms)", ylabel="density (1/ms)")
    right.legend()
    return b2r.check_premises(circuit, spikes, reduced)


@fails("Poisson trains will do")
def strong_inhibition(left, right):
    """Strong inhibition from cells that fire regularly. The operating rates in Poisson trains, with trains as regular
    as the cells fire, and in the spiking network.
    """
    circuit = b2r.load_circuit("ei_lif").replace({"projection.I->E.G": 3 * nS, "drive.ext.rate": 17 * Hz})
    v = b2r.validate(
        circuit, duration=1 * second, seeds=1, level="linear", levels=["linear"], noise="matched"
    )
    renewal = b2r.reduce(circuit, noise="renewal", seed=1)
    for ax, name in ((left, "E"), (right, "I")):
        rates = [float(each.operating_rate[name] / Hz) for each in (v.reduced, renewal)]
        rates.append(v.comparison.table.spiking[name])
        ax.bar(["Poisson", "renewal", "spiking"], rates, color=["0.8", "0.5", "black"])
        ax.set(ylabel=f"rate of {name} (Hz)")
    return v.premises


@fails("slow variation")
def fast_drive(left, right):
    """The drive swings at 50 Hz, as fast as synapses decay. The course of the rates over time (left) is another one
    than that of the rate model with one time constant a population, and their mean with it (right).
    """
    swings = b2r.drives.sinusoid_drive(14 * Hz, 10 * Hz, frequency=50 * Hz, duration=1 * second)
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": swings})
    reduced = b2r.reduce(circuit, at={"ext": 14 * Hz}, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=1 * second, seed=1)
    rates = b2r.simulate_rates(reduced, duration=1 * second)
    for run, colour, label in ((spikes, "0.6", "spiking"), (rates, "black", "rate model")):
        left.plot(run.t_, run.rate_[0], color=colour, label=label)
    left.set(xlabel="time (s)", ylabel="rate of E (Hz)", xlim=(0.8, 0.9))
    left.legend()
    means = [run.mean(after=0.3 * second)["E"] for run in (spikes, rates)]
    right.bar(["spiking", "rate model"], means, color=["0.6", "black"])
    right.set(ylabel="mean rate of E (Hz)")
    return b2r.check_premises(circuit, spikes, reduced, rates)


@fails("steady rates")
def slow_adaptation(left, right):
    """Cells that adapt over 2 s still slow down while they are counted; the rate model is at rest."""
    cells = b2r.Population("lif_adapt", 1000, parameters={"tau_a": 2 * second, "G_a": 0.1 * nS})
    drive = b2r.Drive("ext", "E", inputs=250, rate=16 * Hz, G=0.6 * nS, tau=5 * ms, E=0 * mV)
    circuit = b2r.Circuit(populations={"E": cells}, drives=[drive])
    reduced = b2r.reduce(circuit, seed=1)
    spikes = b2r.simulate_spikes(circuit, duration=3 * second, seed=1)
    b2r.plots.plot_rates(b2r.simulate_rates(reduced, duration=3 * second), spikes, ax=left)
    return b2r.check_premises(circuit, spikes, reduced)
