"""The derivation, equation by equation (lecture 11 of D. Kleinfeld, revised 9 Feb 2022): every numbered equation as something to compute.

Equations are numbered as there. Where the lecture slips the corrected form is used and marked: 11.4 (no r_max), 11.12-11.14 and 11.16-11.20 (names and
signs of variables of integration), 11.24, 11.25 (g_syn excludes g_L), 11.27, 11.29 (the sentence under it), 11.34 (the gain's slope), 11.37 (what it says
of stability), and the sentence under 11.39 (its sign).
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, Network, NeuronGroup, amp, ms, nS, pA, pcoulomb, second, siemens

import b2reduce as b2r
from b2reduce.experiments.script import Row, run

TITLE = "Lecture 11, equation by equation"
DOI = "doi:10.1162/08997660360675053"
SEED = 1
MINUTES = (0.4, 0.6)  # short, long
DEPARTURES = ("The source is the lecture; the DOI is of the paper that it follows.", "The circuit is ei_lif; every number is computed here, none is quoted.")


def circuit():
    """The shipped circuit with E and I cells."""
    return b2r.load_circuit("ei_lif")


def relaxed(model, start_):
    """Membrane potential in V after 200 ms without input, from `start_`, in Brian2."""
    cell = model.cell_equations()
    group = NeuronGroup(1, cell.equations, threshold=cell.threshold, reset=cell.reset, refractory=cell.refractory, method=cell.method, namespace=cell.namespace)
    group.variables[model.membrane].set_value(start_)
    Network(group).run(200 * ms, namespace={})
    return float(group.variables[model.membrane].get_value()[0])


# %%
def fig1(long=False):
    """11.2-11.8: from the membrane equation to a rate that current raises and leak shifts."""
    model = b2r.load_model("lif")
    si = model.si
    figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    I, g = np.linspace(0.2e-9, 0.9e-9, 71), np.array([16.7e-9, 20e-9, 25e-9])
    surface = b2r.measure_fi(model, I * amp, g * siemens, seed=SEED)
    fit = b2r.fit_gain(surface, rates=(5 * Hz, 60 * Hz))
    b2r.plot_fi(surface, fit, ax=ax)
    rest = si("E_L")
    resting = relaxed(model, rest + 5e-3)
    logistic = b2r.fit_gain(surface, form="logistic", rates=(5 * Hz, 120 * Hz))
    beta, I_theta, v_theta = (float(np.asarray(value)) for value in (fit.beta, fit.I_theta, fit.v_theta))
    shifted = [float(np.interp(30.0, surface.rate_[:, j], I)) for j in range(g.size)]
    moved = np.polyfit(g, shifted, 1)[0]
    return figure, [
        Row("11.2 C dV/dt = g_L (E_L - V) + I_act + I_app: rest without input (mV)", f"{rest * 1e3:g}: E_L, where the bracket is zero", f"{resting * 1e3:.3f} after 200 ms from {(rest + 5e-3) * 1e3:g}", abs(resting - rest) < 1e-6),
        Row("11.3, 11.5 r = f[I - I_theta], f = [beta x]_+: beta (Hz/nA)", "positive", f"{beta * 1e-9:.0f} over 5-60 Hz, r2 = {fit.r2:.3f}", beta > 0),
        Row("11.4 logistic f (corrected: it needs an r_max in Hz)", "rises from 0 to r_max", f"r_max = {float(np.asarray(logistic.params['r_max'])):.0f} Hz", float(np.asarray(logistic.f(-1e-6 * amp))) < 1e-3),
        Row("11.6 I_theta = I_theta0 + v_theta g: dI/dg at 30 Hz (mV)", f"v_theta = {v_theta * 1e3:.1f} of the fit", f"{moved * 1e3:.1f} read off the curves", abs(moved - v_theta) < 0.15 * v_theta),
        Row("11.7 r = f{I - I_theta0 - v_theta g} at 400 pA, 20 nS (Hz)", f"{float(np.asarray(fit(400 * pA, 20 * nS))):.1f}", f"{float(np.interp(400e-12, I, surface.rate_[:, 1])):.1f} measured",
            abs(float(np.asarray(fit(400 * pA, 20 * nS))) - float(np.interp(400e-12, I, surface.rate_[:, 1]))) < 2 * float(np.asarray(fit.rmse)) + 1)]


# %%
def fig2(long=False):
    """11.8-11.25: averages of synaptic conductances, in the spiking network itself."""
    network = circuit()
    spikes = b2r.simulate_spikes(network, duration=(4.0 if long else 1.5) * second, seed=SEED, record=300)
    late = np.asarray(spikes.conductance_t) > 0.4
    rate = spikes.mean(0.4 * second)
    figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    rows, means = [], {}
    for pathway, marker in zip(network.pathways("E"), "os^"):
        g = np.asarray(spikes.conductances[pathway.label])[:, late]
        presynaptic = 14.0 if pathway.is_drive else float(rate[pathway.source])
        expected = pathway.mean_(presynaptic)
        means[pathway.label] = (g.mean(), pathway)
        name = "11.16-11.20 external" if pathway.is_drive else f"11.9-11.14 from {pathway.source}"
        # The grid: events count from the end of their step, dt/(2 tau) more than in continuous time; rates of the run itself.
        grid = 1e-4 / (2 * pathway.tau_)
        rows.append(Row(f"{name}: <g> = G tau r, K inputs (nS)", f"{expected * 1e9:.3f}", f"{g.mean() * 1e9:.3f}", abs(g.mean() / expected - 1) < grid + 0.03))
        ax.plot(expected * 1e9, g.mean() * 1e9, color="black", marker=marker, linestyle="", label=pathway.label)
    top = 1.1 * max(value for value, _ in means.values()) * 1e9
    ax.plot([0, top], [0, top], color="0.6")
    ax.set(xlabel="K G tau r (nS)", ylabel="mean conductance measured (nS)", xlim=(0, top), ylim=(0, top))
    ax.legend()
    model = network.populations["E"].model
    E_L = model.si("E_L")
    V = -55e-3
    before = sum(g * (p.E_ - V) for g, p in means.values())
    after = sum(g * (p.E_ - E_L) for g, p in means.values()) + sum(g for g, _ in means.values()) * (E_L - V)
    rows.append(Row("11.15, 11.21-11.24 sum g (E - V) = sum g (E - E_L) + (sum g)(E_L - V) at -55 mV (pA)", f"{before * 1e12:.3f}", f"{after * 1e12:.3f}", bool(np.isclose(before, after, rtol=1e-12, atol=0))))
    g_syn = sum(g for g, _ in means.values())
    reduced = b2r.reduce(network, seed=SEED)
    total = float(np.asarray(reduced.operating_g["E"]))
    rows.append(Row("11.25, 11.26 g_total = g_L + g_syn (corrected: g_syn excludes g_L) (nS)", f"{(model.si('g_L') + g_syn) * 1e9:.2f}", f"{total * 1e9:.2f} of the reduction", abs(total / (model.si("g_L") + g_syn) - 1) < 0.05))
    return figure, rows


# %%
def fig3(long=False):
    """11.27-11.33: weights, thresholds, and the rate network beside the spiking one."""
    network = circuit()
    reduced = b2r.reduce(network, seed=SEED)
    spikes = b2r.simulate_spikes(network, duration=(4.0 if long else 1.5) * second, seed=SEED, record=0)
    rates = b2r.simulate_rates(reduced, duration=0.5 * second)
    figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    b2r.plot_rates(rates, spikes, ax=ax)
    gain, model = reduced.gains["E"], network.populations["E"].model
    v_theta, E_L = float(np.asarray(gain.v_theta)), model.si("E_L")
    by_hand = {"E": 100 * 0.2e-9 * 5e-3 * (0 - E_L - v_theta), "I": 25 * 2e-9 * 10e-3 * (-80e-3 - E_L - v_theta)}
    theta = float(np.asarray(gain.I_theta)) + model.si("g_L") * v_theta
    W_ext = 250 * 0.4e-9 * 5e-3 * (0 - E_L - v_theta)
    close = lambda a, b: bool(np.isclose(a, b, rtol=1e-9, atol=0))
    comparison = b2r.compare(spikes, rates, after=0.4 * second)
    end = {name: float(rates.rate_[number, -1]) for number, name in enumerate(reduced.populations)}
    argument = reduced.W_["E", "E"] * end["E"] + reduced.W_["E", "I"] * end["I"] + reduced.W_ext_["E", "ext"] * 14.0 - reduced.theta_["E"]
    outcome = float(np.asarray(gain.beta)) * max(argument, 0.0)
    return figure, [
        Row("11.29 W_EE, W_EI = K G tau (E - E_L - v_theta) (pC)", ", ".join(f"{value * 1e12:.3f}" for value in by_hand.values()), ", ".join(f"{reduced.W_['E', name] * 1e12:.3f}" for name in "EI"),
            all(close(by_hand[name], reduced.W_["E", name]) for name in "EI")),
        Row("11.30 W_ext (pC)", f"{W_ext * 1e12:.3f}", f"{reduced.W_ext_['E', 'ext'] * 1e12:.3f}", close(W_ext, reduced.W_ext_["E", "ext"])),
        Row("11.31 theta = I_theta + g_L v_theta (pA)", f"{theta * 1e12:.2f}", f"{reduced.theta_['E'] * 1e12:.2f}", close(theta, reduced.theta_["E"])),
        Row("11.27, 11.28 r = f[sum W r + W_ext r_ext - theta] at the rest of 11.32, 11.33 (Hz)", f"{end['E']:.3f}", f"{outcome:.3f}", abs(outcome - end["E"]) < 1e-4 * end["E"]),
        Row("beside the spiking network (Hz)", ", ".join(f"{name} {row.spiking:.1f}" for name, row in comparison.table.iterrows()), ", ".join(f"{name} {row.rate:.1f}" for name, row in comparison.table.iterrows()),
            comparison.tier == "quantitative")]


# %%
def fig4(long=False):
    """11.34-11.39: uniform feedback with all its cases, and binary neurons."""
    figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    r = np.linspace(0, 120, 400)
    rows = []
    for (theta, loop), line in zip(((100, 0.5), (100, 2.0), (-100, 0.5), (-100, 1.5)), ("-", "--", "-.", ":")):
        f = b2r.uniform_feedback(beta=250e9 * Hz / amp, W=4 * loop * pcoulomb, theta=theta * pA, tau=10 * ms)
        ax.plot(r, 250e9 * np.maximum(f.W_ * r - f.theta_, 0), color="black", linestyle=line, label=f"$\\theta$ = {theta} pA, $\\beta N W$ = {loop:g}: {f.regime}")
        formula = f.theta_ / (f.W_ - 1 / f.beta_)
        active = [float(point) for point, _ in f.points if float(point) > 0]
        wanted = [formula] if formula > 0 else []
        rows.append(Row(f"11.34-11.37 theta {theta} pA, beta N W {loop:g} (corrected): {f.regime} (Hz)", f"active at theta/(N W - 1/beta) = {formula:g}" + ("" if wanted else ": nowhere"),
                        ", ".join(f"{float(point):g} {'stable' if stable else 'unstable'}" for point, stable in f.points) or "no fixed point", bool(np.allclose(active, wanted)) if wanted else not active))
    ax.plot(r, r, color="0.6")
    ax.set(xlabel="mean rate in (Hz)", ylabel="mean rate out (Hz)", xlim=(0, 120), ylim=(0, 200))
    ax.legend(fontsize="x-small")
    rng = np.random.default_rng(SEED)
    W, theta = rng.integers(-4, 3, (60, 60)).astype(float), rng.integers(-6, 6, 60).astype(float)
    network = b2r.BinaryNetwork(weights=W, thresholds=theta)
    signed = network.with_encoding("-1/+1")
    same = b2r.simulate_binary(network, sweeps=20, seed=SEED).states, b2r.simulate_binary(signed, sweeps=20, seed=SEED).states
    agree = bool(np.array_equal(np.asarray(same[0]) > 0, np.asarray(same[1]) > 0))
    rows.append(Row("11.38, 11.39 both encodings, theta' = 2 theta - sum W - W_ext", "the same states, exactly", "the same" if agree else "different", agree and bool(np.allclose(signed.thresholds, 2 * theta - W.sum(axis=1)))))
    inhibited = b2r.BinaryNetwork(weights=-np.ones((4, 4)), thresholds=np.zeros(4)).with_encoding("-1/+1")
    rows.append(Row("under 11.39 (corrected): mostly inhibitory input", "theta' > 0: such cells need a positive bias", f"theta' = {float(inhibited.thresholds[0]):g}", bool(inhibited.thresholds[0] > 0)))
    return figure, rows


# %%
if __name__ == "__main__":
    run(globals())
