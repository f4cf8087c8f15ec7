"""Trains of events and the conductances they make, behind `lecture11`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from b2reduce.experiments.lecture11_cells import CLAMP_, DT_, SEED, cells, interpreted, lif, pathway

from b2reduce.basics.streams import seed_streams

VOLTAGES_ = np.array([-80e-3, -65e-3, -50e-3, -20e-3])
# Step of the event that a fifth cell receives alone; steps of spikes before the run begins
LONE, HISTORY = 500, 1000


@lru_cache
def bench():
    """Cells clamped at four potentials under the same network trains, a fifth that receives a single event,
    and a sixth with trains of the drive.
    """
    paths, steps, rng = (
        [pathway(label) for label in ("E->E", "I->E", "ext->E")],
        2000,
        np.random.default_rng(seed_streams(SEED, 2)),
    )
    spikes = {p.label: rng.random((20, HISTORY + steps)) < 30.0 * DT_ for p in paths}
    with interpreted() as brian2:
        dt = DT_ * brian2.second
        group = cells(
            brian2,
            6,
            lif(),
            paths,
            per_cell=["C_m", "V_th"],
            C_m=CLAMP_,
            V_th=1.0,
            v=np.append(VOLTAGES_, [lif().si("E_L")] * 2),
        )
        objects = [group]
        for p, targets in zip(paths, ([0, 1, 2, 3], [0, 1, 2, 3], [5])):
            number, step = np.nonzero(spikes[p.label][:, HISTORY:])
            # The last source fires once.
            source = brian2.SpikeGeneratorGroup(21, np.append(number, 20), np.append(step, LONE) * dt, dt=dt)
            synapses = brian2.Synapses(
                source, group, on_pre=f"g_syn_{p.symbol}_post += G_syn_{p.symbol}_post", namespace={}, dt=dt
            )
            synapses.connect(i=np.repeat(np.arange(20), len(targets)), j=np.tile(targets, 20))
            if p.label == "E->E":
                synapses.connect(i=[20], j=[4])
            objects += [source, synapses]
        monitor = brian2.StateMonitor(
            group, ["v", *(f"g_syn_{p.symbol}" for p in paths)], record=True, when="start"
        )
        brian2.Network(*objects, monitor).run(steps * dt, namespace={})
        v, g = (
            np.array(monitor.v_),
            {p.label: np.array(getattr(monitor, f"g_syn_{p.symbol}_")) for p in paths},
        )
    return dict(
        paths={p.label: p for p in paths},
        events={label: each.sum(axis=0) for label, each in spikes.items()},
        v=v,
        g=g,
    )


def summed(p, events, weight=lambda age: 1.0):
    """Equation 11.11 in numpy.

    Before every step the sum over events of G exp(-age/tau), times a function of age/tau; an event takes
    effect at the end of its step.
    """
    age = np.arange(len(events)) * DT_ / p.tau_
    return p.G_ * np.concatenate([[0.0], np.convolve(events, weight(age) * np.exp(-age))[: len(events) - 1]])


R_, SWING, WINDOW_ = 20.0, (4.0, 0.5), 0.1  # Hz; Hz and depth; s
PARTS_ = dict(step=0.1, swing=0.4, ramp=1.65, end=2.25)  # s, when each begins
RAMP_ = (10.0, 30.0)  # Hz


def train_rate_(t_):
    """Rate of every train of `trains` over time: nothing, a step, a swing, a ramp."""
    t_ = np.asarray(t_)
    ramp = RAMP_[0] + (RAMP_[1] - RAMP_[0]) * (t_ - PARTS_["ramp"]) / (PARTS_["end"] - PARTS_["ramp"])
    swing = R_ * (1 + SWING[1] * np.sin(2 * np.pi * SWING[0] * (t_ - PARTS_["swing"])))
    return np.select(
        [t_ < PARTS_["step"] - DT_ / 2, t_ < PARTS_["swing"] - DT_ / 2, t_ < PARTS_["ramp"] - DT_ / 2],
        [0 * t_, R_ + 0 * t_, swing],
        ramp,
    )


@lru_cache
def trains(number):
    """Poisson trains, each on one conductance (equation 11.10).

    Spikes of all trains in every step, and the mean conductance before it.
    """
    p, steps = pathway("E->E"), round(PARTS_["end"] / DT_)
    with interpreted(seed_streams(SEED, 3)) as brian2:
        table = brian2.TimedArray(train_rate_(np.arange(steps) * DT_) * brian2.Hz, dt=DT_ * brian2.second)
        source = brian2.PoissonGroup(number, "table(t)", dt=DT_ * brian2.second, namespace={"table": table})
        group = brian2.NeuronGroup(
            number,
            "dg/dt = -g/tau : siemens",
            method="exact",
            namespace={"tau": p.tau_ * brian2.second},
            dt=DT_ * brian2.second,
        )
        synapses = brian2.Synapses(
            source,
            group,
            on_pre="g_post += G",
            namespace={"G": p.G_ * brian2.siemens},
            dt=DT_ * brian2.second,
        )
        synapses.connect(j="i")
        mean, spikes = [], brian2.SpikeMonitor(source)
        operation = brian2.NetworkOperation(
            lambda: mean.append(group.variables["g"].get_value().mean()), dt=DT_ * brian2.second, when="start"
        )
        brian2.Network(source, group, synapses, spikes, operation).run(
            steps * DT_ * brian2.second, namespace={}
        )
        count = np.bincount(np.round(np.array(spikes.t_) / DT_).astype(int), minlength=steps)
    return dict(p=p, t=np.arange(steps) * DT_, count=count, g=np.array(mean), number=number)


def draw_step(ax, number):
    """Mean conductance after a step of the rate, and what two forms of 11.12 say."""
    of = trains(number)
    p, t = of["p"], of["t"] - PARTS_["step"]
    here = (t > -5e-3) & (t < 6 * p.tau_)
    full = p.G_ * p.tau_ * R_
    ax.plot(t[here] * 1e3, of["g"][here] * 1e12, color="0.5", label=f"mean of {number} conductances")
    ax.plot(
        t[here] * 1e3,
        full * -np.expm1(-np.maximum(t[here], 0) / p.tau_) * 1e12,
        color="black",
        label=r"with $\delta(t' - t_j)$",
    )
    ax.plot(
        t[here] * 1e3,
        np.where(t[here] >= 0, full, 0.0) * 1e12,
        color="black",
        linestyle="--",
        label=r"as printed, $\delta(t - t_j)$",
    )
    ax.set(
        xlabel="time after the step of the rate (ms)",
        ylabel="<g> (pS)",
        title="11.12: averages remember",
        ylim=(0, 1.55 * full * 1e12),
    )
    ax.legend(fontsize="x-small", loc="upper left")


def windowed(of, T):
    """Spikes of a train per second in windows of T around every step."""
    width = round(T / DT_)
    total = np.concatenate([[0], np.cumsum(of["count"])])
    rate = np.full(of["t"].size, np.nan)
    rate[width // 2 : of["t"].size - width // 2] = (total[width:] - total[:-width])[
        : of["t"].size - width // 2 * 2
    ] / (of["number"] * T)
    return rate
