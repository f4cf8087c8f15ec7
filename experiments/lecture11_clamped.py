"""Cells in the network, clamped, replayed and alone, behind `lecture11`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from b2reduce.experiments.lecture11_cells import CLAMP_, DT_, SEED, cells, circuit, interpreted, lif, pathway
from b2reduce.experiments.lecture11_network import spiking

from b2reduce.basics.streams import seed_streams

POOL_ = dict(cells=40, warmup=0.05, V=np.array([-80e-3, -65e-3, -50e-3, -20e-3, 0.0, 20e-3]))


@lru_cache
def pooled(duration_):
    """The external drive alone.

    Cells clamped at six potentials, all under the same K trains of rate r, and cells under one train of rate
    K r.
    """
    p, rate, n, V = pathway("ext->E"), circuit().drive("ext", "E").rate_, POOL_["cells"], POOL_["V"]
    K, steps, first = int(p.K), round((POOL_["warmup"] + duration_) / DT_), round(POOL_["warmup"] / DT_)
    with interpreted(seed_streams(SEED, 4)) as brian2:
        dt = DT_ * brian2.second
        group = cells(
            brian2,
            n * V.size,
            lif(),
            (p,),
            per_cell=["C_m", "V_th"],
            C_m=CLAMP_,
            V_th=1.0,
            v=np.tile(V, n),
            **{f"g_syn_{p.symbol}": p.mean_(rate)},
        )
        source = brian2.PoissonGroup(K * n, rate * brian2.Hz, dt=dt)
        synapses = brian2.Synapses(
            source, group, on_pre=f"g_syn_{p.symbol}_post += G_syn_{p.symbol}_post", namespace={}, dt=dt
        )
        i = np.repeat(np.arange(K * n), V.size)
        synapses.connect(i=i, j=i // K * V.size + np.tile(np.arange(V.size), K * n))
        one = brian2.NeuronGroup(
            n, "dg/dt = -g/tau : siemens", method="rk2", namespace={"tau": p.tau_ * brian2.second}, dt=dt
        )
        one.variables["g"].set_value(p.mean_(rate))
        one.run_regularly("g += G*poisson(KR*dt)", when="synapses", dt=dt)
        one.namespace.update(G=p.G_ * brian2.siemens, KR=K * rate * brian2.Hz)
        spikes = brian2.SpikeMonitor(source)
        monitors = [
            brian2.StateMonitor(of, name, record=which, dt=brian2.ms, when="start")
            for of, name, which in ((group, f"g_syn_{p.symbol}", np.arange(n) * V.size), (one, "g", True))
        ]
        network = brian2.Network(group, source, synapses, one, spikes, *monitors)
        network.run(first * dt, namespace={})
        begun = np.array(group.v_)
        network.run((steps - first) * dt, namespace={})
        charge = CLAMP_ * (np.array(group.v_) - begun)
        late = np.array(monitors[0].t_) >= POOL_["warmup"] - DT_ / 2
        # Mean current of (cell, potential) less that of the leak.
        current = (charge / duration_ - lif().si("g_L") * (lif().si("E_L") - np.tile(V, n))).reshape(
            n, V.size
        )
        window = round(p.tau_ / DT_)
        counts = np.zeros((n, steps), dtype=int)
        np.add.at(counts, (np.array(spikes.i) // K, np.round(np.array(spikes.t_) / DT_).astype(int)), 1)
        return dict(
            p=p,
            rate=rate,
            V=V,
            current=current,
            duration=duration_,
            trains=np.array(getattr(monitors[0], f"g_syn_{p.symbol}_"))[:, late],
            one=np.array(monitors[1].g_)[:, late],
            counts=counts[:, : steps // window * window].reshape(n, -1, window).sum(axis=2),
        )


REST_ = 1e15  # s: a conductance that decays this slowly is constant


def alone(current_, leak_, shunt_, reversal_, dt_, duration_):
    """Firing rates in Hz of cells with constant currents, leaks and one conductance each, from their
    intervals.
    """
    p = pathway("E->E")
    with interpreted() as brian2:
        group = cells(
            brian2,
            current_.size,
            lif(),
            (p,),
            per_cell=["g_L"],
            dt_=dt_,
            g_L=leak_,
            **{
                lif().input: current_,
                f"tau_syn_{p.symbol}": REST_,
                f"E_syn_{p.symbol}": reversal_,
                f"g_syn_{p.symbol}": shunt_,
            },
        )
        spikes = brian2.SpikeMonitor(group)
        brian2.Network(group, spikes).run(duration_ * brian2.second, namespace={})
        trains = spikes.spike_trains()
        times = [np.array(trains[i]) for i in range(current_.size)]
    return np.array([(t.size - 1) / (t[-1] - t[0]) if t.size > 2 else 0.0 for t in times])


@lru_cache
def constant_input(duration_, stronger):
    """Spike steps and potentials of a cell with constant conductances, and of one whose current and leak
    stand for them (11.26).

    The conductances are those that the network's rates make, its drive as many times `stronger`.
    """
    run = spiking(duration_)
    paths = run["net"].pathways("E")
    rates = {**run["rate"], "ext": stronger * circuit().drive("ext", "E").rate_}
    mean = {p.source: p.mean_(rates[p.source]) for p in paths}
    I_app = sum(mean[p.source] * (p.E_ - lif().si("E_L")) for p in paths)
    with interpreted() as brian2:
        whole = cells(
            brian2,
            1,
            lif(),
            paths,
            **{
                f"{key}_syn_{p.symbol}": value
                for p in paths
                for key, value in (("tau", REST_), ("g", mean[p.source]))
            },
        )
        short = cells(
            brian2,
            1,
            lif().replace(method="rk2"),
            per_cell=["g_L"],
            g_L=lif().si("g_L") + sum(mean.values()),
            **{lif().input: I_app},
        )
        spikes = [brian2.SpikeMonitor(group) for group in (whole, short)]
        potentials = [brian2.StateMonitor(group, "v", record=True) for group in (whole, short)]
        brian2.Network(whole, short, *spikes, *potentials).run(duration_ * brian2.second, namespace={})
        return [np.round(np.array(monitor.t_) / DT_).astype(int) for monitor in spikes], [
            np.array(monitor.v_[0]) for monitor in potentials
        ]
