"""The spiking network behind `lecture11`, with cells in it that are clamped or replayed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from b2reduce.experiments.lecture11_cells import (
    CLAMP_,
    DT_,
    SEED,
    circuit,
    interpreted,
    lif,
    middle,
    synaptic_current,
)

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.basics.streams import seed_streams
from b2reduce.circuit.wiring import draw_wiring

PROBES_ = np.array([-80e-3, -72.5e-3, -65e-3, -57.5e-3, -50e-3])
SHOWN, EACH = 20, 20  # free cells that are recorded; clamped cells at each potential


@lru_cache
def spiking(duration_):
    """The network with 2000 of its cells and with clamped cells P that hear it like E cells do.

    Free cells step by step, and the current of the clamped ones.
    """
    whole = circuit().replace({"population.E.size": 1600, "population.I.size": 400})
    probes = b2r.Population(lif().replace(C_m=f"{CLAMP_} F", V_th="1 V"), EACH * PROBES_.size)
    heard = lambda entries: [
        *entries,
        *(replace(entry, target="P") for entry in entries if entry.target == "E"),
    ]
    net = b2r.Circuit(
        name="probed",
        populations={**whole.populations, "P": probes},
        projections=heard(whole.projections),
        drives=heard(whole.drives),
        dt=whole.dt,
    )
    first, steps = round(0.3 / DT_), round(duration_ / DT_)
    network, groups = b2r.spiking_network(net, seed=SEED)
    with brian_session(seed_streams(SEED, 5)) as brian2:
        from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

        groups["P"].variables["v"].set_value(np.repeat(PROBES_, EACH))
        spikes = {
            name: brian2.SpikeMonitor(groups[name], codeobj_class=NumpyCodeObject) for name in ("E", "I")
        }
        variables = {name: ["v", *(f"g_syn_{p.symbol}" for p in net.pathways(name))] for name in ("E", "P")}
        states = {
            name: brian2.StateMonitor(
                groups[name],
                variables[name],
                record=np.arange(number),
                when="start",
                codeobj_class=NumpyCodeObject,
            )
            for name, number in (("E", SHOWN), ("P", EACH * PROBES_.size))
        }
        network.add(*spikes.values(), *states.values())
        network.run((first + steps + 1) * DT_ * brian2.second, namespace={})
        found = {
            name: (np.array(monitor.i), np.round(np.array(monitor.t_) / DT_).astype(int))
            for name, monitor in spikes.items()
        }
        v = {name: np.array(monitor.v_)[:, first:] for name, monitor in states.items()}
        g = {
            name: {
                p.source: np.array(getattr(monitor, f"g_syn_{p.symbol}_"))[:, first:]
                for p in net.pathways(name)
            }
            for name, monitor in states.items()
        }
    # Events of the drive are whole numbers of G that the conductance gained in a step.
    counted = {}
    for name in ("E", "P"):
        for p in net.pathways(name):
            x = DT_ / p.tau_
            if p.is_drive:
                counted[name, p.source] = np.round(
                    (g[name][p.source][:, 1:] - g[name][p.source][:, :-1] * (1 - x + x**2 / 2)) / p.G_
                )[:, :steps].sum(axis=1)
            else:
                counted[name, p.source] = arrived(
                    draw_wiring(net, SEED)[p.label], found[p.source], len(v[name]), first, first + steps
                )
    within = {
        name: (i[late], step[late] - first)
        for name, (i, step) in found.items()
        for late in [(step >= first) & (step < first + steps)]
    }
    rate = {name: step.size / (net.populations[name].size * duration_) for name, (_, step) in within.items()}
    return dict(
        net=net,
        v={name: values[:, : steps + 1] for name, values in v.items()},
        counted=counted,
        rate=rate,
        spikes=within["E"],
        duration=duration_,
        g={
            name: {source: values[:, : steps + 1] for source, values in each.items()}
            for name, each in g.items()
        },
    )


def arrived(wiring, spikes, targets, first, last):
    """Number of spikes that reached each of the first `targets` cells at the end of steps first to last - 1."""
    i, j, delay_ = wiring
    lag = np.floor(delay_ / DT_ + 0.5).astype(int)
    far = 10 * last
    order = np.sort(spikes[0] * far + spikes[1])
    here = j < targets
    until = lambda step: np.searchsorted(order, i[here] * far + np.maximum(step - lag[here], 0))
    return np.bincount(j[here], until(last) - until(first), minlength=targets)


@lru_cache
def replayed(duration_):
    """A recorded network cell alone, its two recorded currents injected.

    (potential in the network, alone, spike steps in the network, alone, rms of I_ext and I_net).
    """
    run, p_of = spiking(duration_), {p.source: p for p in spiking(duration_)["net"].pathways("E")}
    v, g, cell = run["v"]["E"][0], {s: values[0] for s, values in run["g"]["E"].items()}, lif()
    number, step = run["spikes"]
    steps = step[number == 0]
    # Of the midpoint method: currents at the beginning and in the middle of a step, from what was recorded at
    # its beginning.
    awake = np.ones(v.size, dtype=bool)
    held = round(cell.si("t_ref") / DT_)
    for k in steps:
        awake[k + 1 : k + held] = False
    at = lambda V, part: {s: part(p) * g[s] * (p.E_ - V) for s, p in p_of.items()}
    begin = at(v, lambda p: 1.0)
    moved = v + awake * DT_ / 2 * (cell.si("g_L") * (cell.si("E_L") - v) + sum(begin.values())) / cell.si(
        "C_m"
    )
    mid = at(moved, middle)
    ext = np.stack([begin["ext"], mid["ext"]], axis=1).ravel()
    net = np.stack([begin["E"] + begin["I"], mid["E"] + mid["I"]], axis=1).ravel()
    with interpreted() as brian2:
        table = lambda values: brian2.TimedArray(values * brian2.amp, dt=DT_ / 2 * brian2.second)
        written = cell.cell_equations()
        equations = written.equations.replace(
            f"{cell.input} : amp (constant)", f"{cell.input} = I_ext(t) + I_net(t) : amp"
        )
        group = brian2.NeuronGroup(
            1,
            equations,
            threshold=written.threshold,
            reset=written.reset,
            refractory=written.refractory,
            method="rk2",
            namespace={**written.namespace, "I_ext": table(ext), "I_net": table(net)},
            dt=DT_ * brian2.second,
        )
        group.variables["v"].set_value(v[0])
        spikes, monitor = (
            brian2.SpikeMonitor(group),
            brian2.StateMonitor(group, "v", record=True, when="start"),
        )
        brian2.Network(group, spikes, monitor).run((v.size - 1) * DT_ * brian2.second, namespace={})
        return dict(
            network=v[:-1],
            alone=np.array(monitor.v_[0]),
            spikes=steps,
            alone_spikes=np.round(np.array(spikes.t_) / DT_).astype(int),
            ext=ext[::2],
            net=net[::2],
        )


def draw_clamp(ax, duration):
    """Current of clamped network cells over their potential, and the line that rates give."""
    network = spiking(duration)
    V, current, error = clamped(network)
    I_app, g_syn = from_rates(network)
    E_L = lif().si("E_L")
    dense = np.linspace(V.min() - 3e-3, V.max() + 3e-3, 2)
    ax.plot(dense * 1e3, (I_app + g_syn * (E_L - dense)) * 1e12, color="0.5", label="from the rates")
    ax.plot(
        dense * 1e3,
        (I_app + (g_syn + lif().si("g_L")) * (E_L - dense)) * 1e12,
        color="black",
        linestyle="--",
        label=r"if $g_{syn}$ held $g_L$",
    )
    ax.errorbar(
        V * 1e3,
        current * 1e12,
        yerr=error * 1e12,
        color="black",
        marker="o",
        linestyle="",
        label="clamped cells",
    )
    ax.plot(
        E_L * 1e3,
        I_app * 1e12,
        color="black",
        marker="s",
        markerfacecolor="none",
        markersize=11,
        linestyle="",
        label=r"$I_{app}$ at $E_L$",
    )
    ax.set(
        xlabel="membrane potential (mV)",
        ylabel="synaptic current (pA)",
        title="11.23-11.25: a current and a leak",
    )
    ax.legend(fontsize="x-small", loc="upper right")


def clamped(network):
    """Potentials, mean synaptic currents of the clamped cells there, and their standard errors over cells."""
    current = synaptic_current(network["v"]["P"]).mean(axis=1).reshape(PROBES_.size, EACH)
    return PROBES_, current.mean(axis=1), current.std(axis=1, ddof=1) / np.sqrt(EACH)


def from_rates(network):
    """I_app and g_syn of 11.24 and 11.25 from the mean rates of the populations and the nominal rate of the
    drive.
    """
    rates = {**network["rate"], "ext": circuit().drive("ext", "E").rate_}
    mean = {p: p.mean_(rates[p.source]) for p in network["net"].pathways("P")}
    return sum(g * (p.E_ - lif().si("E_L")) for p, g in mean.items()), sum(mean.values())
