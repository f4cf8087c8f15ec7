"""The simulations and panels behind `lecture11`: each simulation is run once, whatever figures ask for it.

Small groups run in Brian2 on numpy, where a compilation would take longer than they do. A cell whose
capacitance is hundreds of thousands of times too large is clamped: its potential moves by microvolts, and the
charge that moved it is the current that its own membrane equation integrated.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np
from b2reduce.experiments.holt_koch1997 import exact_current
from brian2 import Hz, amp, pcoulomb, second, siemens
from scipy.integrate import solve_ivp

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.basics.streams import seed_streams
from b2reduce.cells.points import rest_of
from b2reduce.circuit.wiring import draw_wiring

SEED = 1
DT_ = 1e-4  # s, of every spiking run here
WINDOW = (5.0, 60.0)  # Hz, of the fitted law
LINES = ("-", "--", "-.", ":")
REGIMES = ((100e-12, 0.5), (100e-12, 2.0), (-100e-12, 0.5), (-100e-12, 1.5), (0.0, 0.5), (0.0, 1.0))
BETA_, TAU_ = 250e9, 10e-3  # Hz/A, s, of the uniform networks
CLAMP_ = 1e-4  # F, of a clamped cell


@lru_cache
def circuit():
    """The shipped circuit with E and I cells, whose numbers are used throughout."""
    return b2r.load_circuit("ei_lif")


@lru_cache
def lif():
    """Its cell."""
    return circuit().populations["E"].model


@contextmanager
def interpreted(seed=None):
    """Brian2 without compilation, seeded, its preferences as before afterwards."""
    with brian_session(seed) as brian2:
        target = brian2.prefs.codegen.target
        brian2.prefs.codegen.target = "numpy"
        try:
            yield brian2
        finally:
            brian2.prefs.codegen.target = target


def cells(brian2, size, model, pathways=(), per_cell=(), dt_=DT_, **values):
    """A group of cells with the synapses of some pathways and SI values of variables."""
    written = model.cell_equations({p.symbol: p.synapse for p in pathways}, per_cell=per_cell)
    group = brian2.NeuronGroup(
        size,
        written.equations,
        threshold=written.threshold,
        reset=written.reset,
        refractory=written.refractory,
        method=written.method,
        namespace=written.namespace,
        dt=dt_ * brian2.second,
    )
    values = {model.membrane: model.leak_reversal_, model.input: model.constant_input_, **values}
    for p in pathways:
        values = {
            f"G_syn_{p.symbol}": p.G_,
            f"tau_syn_{p.symbol}": p.tau_,
            f"E_syn_{p.symbol}": p.E_,
            **values,
        }
    for name, value in values.items():
        group.variables[name].set_value(value)
    return group


def pathway(label, target="E"):
    """A pathway of the circuit."""
    return next(p for p in circuit().pathways(target) if p.label == label)


@lru_cache
def surfaces():
    """f-I curves of the cell without noise: (currents in A, leaks in S, FISurface)."""
    I_, g_ = np.linspace(0.2e-9, 0.9e-9, 141), np.array([lif().si("g_L"), 20e-9, 25e-9])
    return I_, g_, b2r.measure_fi(lif(), I_ * amp, g_ * siemens, seed=SEED)


@lru_cache
def stepped(current_):
    """Potential of the resting cell before every step of 60 ms from a step of current on, V."""
    with interpreted() as brian2:
        group = cells(brian2, 1, lif(), **{lif().input: current_})
        monitor = brian2.StateMonitor(group, lif().membrane, record=True, when="start")
        brian2.Network(group, monitor).run(60 * brian2.ms, namespace={})
        return np.array(getattr(monitor, f"{lif().membrane}_")[0])


@lru_cache
def resting(active):
    """Resting potential of shriki2003 in V, with its active currents or with their conductances at 0."""
    model = b2r.load_model("shriki2003")
    names = () if active else ("g_Na", "g_K", "g_A")
    model = model.replace(**{name: 0 * model.constants[name] for name in names})
    return model.si("E_L"), float(
        rest_of(model, np.array([model.si("g_L")]), float(model.dt))[model.membrane][0]
    )


@lru_cache
def slow_rates(frequencies, depth, cells_, periods):
    """Uncoupled cells whose drive swings, and C/<g>.

    For each frequency phase in turns, rate, rate of the cells where the same conductance is held constant,
    and the standard error of the rate.
    """
    base, p, parts = 9.5, pathway("ext->E"), []
    drive = circuit().drive("ext", "E")
    still = b2r.Drive(name="ext", inputs=drive.inputs, rate=base * Hz, G=drive.G, tau=drive.tau, E=drive.E)
    rates = np.linspace(0.9 * (1 - depth), 1.1 * (1 + depth), 13) * base
    held = b2r.measure_transfer(
        lif(), [still], {"ext": rates * Hz}, replicates=800, seed=seed_streams(SEED, 0)
    )
    law = np.polynomial.Polynomial.fit(rates, held.rate_, 5)
    begins, times, values, end = [], [np.array([0.0])], [np.array([base])], 0.3
    for f, n in zip(frequencies, periods):
        t = np.arange(round(n / f / 5e-4)) * 5e-4
        begins.append(end)
        times, values, end = (
            [*times, end + t],
            [*values, base * (1 + depth * np.sin(2 * np.pi * f * (t + 2.5e-4)))],
            end + n / f + 0.1,
        )
        times, values = [*times, np.array([end - 0.1])], [*values, np.array([base])]
    driven = b2r.Circuit(
        name="listeners",
        populations={"E": b2r.Population(lif(), cells_)},
        drives=[
            b2r.Drive(
                name="ext",
                target="E",
                inputs=drive.inputs,
                rate=(np.concatenate(times) * second, np.concatenate(values) * Hz),
                G=drive.G,
                tau=drive.tau,
                E=drive.E,
            )
        ],
    )
    run = b2r.simulate_spikes(driven, duration=end * second, seed=seed_streams(SEED, 1), record=cells_)
    g = run.conductances_["ext->E"].mean(axis=0)
    # A recorded conductance is that at the end of a step: on the time grid it is by x/(1 - e^-x) more than K
    # G tau r.
    x = DT_ / p.tau_
    equal = g / p.mean_(1.0) * -np.expm1(-x) / x
    bins = 20
    for begin, f, n in zip(begins, frequencies, periods):
        turn = lambda t: ((t - begin) * f) % 1
        here = (run.t_ > begin) & (run.t_ < begin + n / f)
        there = (run.conductance_t_ > begin) & (run.conductance_t_ < begin + n / f)
        each = lambda t, y: np.array([y[np.floor(turn(t) * bins) == k].mean() for k in range(bins)])
        # A rate counts the spikes of a bin, a conductance is that at its end: the mean of both ends stands
        # for it.
        rate, quasi = (
            each(run.t_[here], run.rate_[0][here]),
            each(run.conductance_t_[there] - 0.5e-3, ((law(equal) + law(np.roll(equal, 1))) / 2)[there]),
        )
        parts.append(
            dict(
                phase=(np.arange(bins) + 0.5) / bins,
                rate=rate,
                quasi=quasi,
                error=np.sqrt(rate / (cells_ * n / f / bins)),
            )
        )
    return parts, lif().si("C_m") / (lif().si("g_L") + p.mean_(base))


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


def middle(p):
    """Conductance in the middle of a step over that at its beginning, in the midpoint method that the cells
    with synapses run by.
    """
    return 1 - DT_ / p.tau_ / 2


def synaptic_current(v_):
    """Mean synaptic current in A in every step of cells clamped at v_ (cell, time).

    Charge on the membrane less that of the leak.
    """
    V = v_[:, :-1]
    return CLAMP_ * np.diff(v_, axis=1) / DT_ - lif().si("g_L") * (lif().si("E_L") - V)


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
                counted[name, p.source] = _arrived(
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


def _arrived(wiring, spikes, targets, first, last):
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


FINE_ = 5e-5  # s, time step of `compensated`
READ_ = 1e-13  # A, step of the finest currents it tries


@lru_cache
def compensated(rate_, shunt_, reversals):
    """For each reversal the current in A that a cell with a constant conductance needs for a rate, and first
    that of a cell without one.
    """
    g, E = np.repeat([0.0, *[shunt_] * len(reversals)], 101), np.repeat([lif().si("E_L"), *reversals], 101)
    grid = lambda low, step: (
        (np.reshape(low, (-1, 1)) + step * np.arange(101)) * np.ones((len(reversals) + 1, 1))
    )
    I = grid(-0.4e-9, 100 * READ_)
    for fine in (True, False):
        rates = alone(I.ravel(), lif().si("g_L"), g, E, FINE_, 0.5).reshape(I.shape)
        # The rate rises with the current: the first at which it is reached.
        found = I[np.arange(len(I)), np.argmax(rates >= rate_, axis=1)]
        if fine:
            I = grid(found - 100 * READ_, READ_)
    return found


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


@lru_cache
def reduction():
    """The circuit reduced to measured surfaces and their tangents."""
    return b2r.reduce(circuit(), level="surface", seed=SEED)


STEP_AT_, RUN_ = 0.2, 0.5  # s


@lru_cache
def feedback_population(tau, rates, dt_):
    """(ReducedCircuit, Activity) of E cells that excite themselves, on the gain of constant currents.

    The drive steps at `STEP_AT_`.
    """
    fit = b2r.fit_gain(surfaces()[2], rates=(5 * Hz, 60 * Hz))
    entry = next(each for each in circuit().projections if (each.source, each.target) == ("E", "E"))
    drive = circuit().drive("ext", "E")
    population = b2r.Circuit(
        name="feedback",
        populations={"E": b2r.Population(lif(), 100)},
        drives=[drive],
        projections=[
            b2r.Projection(source="E", target="E", in_degree=20, G=entry.G, tau=entry.tau, E=entry.E)
        ],
    )
    reduced = b2r.reduce(population, noise="none", gains={"E": fit}, tau=tau)
    return reduced, b2r.simulate_rates(
        reduced,
        duration=RUN_ * second,
        drives={"ext": ([0, STEP_AT_] * second, list(rates) * Hz)},
        dt=dt_ * second,
    )


def uniform(N, loop, theta_, start_, duration_):
    """N units tau dmu/dt = -mu + W_o sum r - theta, r = beta [mu]_+ with beta N W_o = loop, from rates
    `start_`: (times in s, rates (unit, time)).
    """
    W_o = loop / (BETA_ * N)
    f = lambda mu: BETA_ * np.maximum(mu, 0.0)
    slope = lambda t, mu: (-mu + W_o * f(mu).sum() - theta_) / TAU_
    t = np.linspace(0, duration_, 201)
    found = solve_ivp(
        slope,
        (0, duration_),
        np.broadcast_to(start_, N) / BETA_,
        t_eval=t,
        rtol=1e-9,
        atol=1e-18,
        max_step=TAU_ / 5,
    )
    return t, f(found.y)


@lru_cache
def binary_states():
    """Both lines of equation 11.38 for all states of ten units and of the external one.

    (states, line 1, line 2 without theta', theta, W, W_ext), in whole numbers.
    """
    rng = np.random.default_rng(seed_streams(SEED, 6))
    W, W_ext, theta = rng.integers(-4, 4, (10, 10)), rng.integers(-3, 4, 10), rng.integers(-8, 3, 10)
    W_ext[W_ext == 0] = 2
    S = np.array(list(product((-1, 1), repeat=11)))
    line1 = ((S[:, :10] + 1) // 2) @ W.T + (S[:, 10:] + 1) // 2 * W_ext - theta
    line2 = S[:, :10] @ W.T + S[:, 10:] * W_ext
    return S, line1, line2, theta, W, W_ext


def law():
    """The law fitted to the f-I curves without noise."""
    return b2r.fit_gain(surfaces()[2], rates=WINDOW * Hz)


def inside(rates):
    """Which rates lie in the window of the fit."""
    return (rates >= WINDOW[0]) & (rates <= WINDOW[1])


def draw_shift(ax):
    """f-I curves at three leaks, and the law within its window."""
    I, g, surface = surfaces()
    fit = law()
    for j, line in enumerate(LINES[:3]):
        ax.plot(
            I * 1e12,
            np.where(surface.rate_[:, j] > 0, surface.rate_[:, j], np.nan),
            color="black",
            linestyle=line,
            label=f"{g[j] * 1e9:g} nS",
        )
        predicted = fit.predict_(I, g[j])
        ax.plot(
            I[inside(predicted)] * 1e12,
            predicted[inside(predicted)],
            color="0.6",
            linewidth=4,
            alpha=0.7,
            zorder=0,
            label="law, 5-60 Hz" if j == 0 else None,
        )
    ax.set(
        xlabel="current (pA)",
        ylabel="rate (Hz)",
        title="11.6: leak shifts the f-I curve",
        ylim=(0, 100),
        xlim=(200, 620),
    )
    ax.legend(fontsize="x-small", loc="lower right")


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


def draw_weights(ax):
    """W over the reversal of the synapse, by compensation, beside the closed form and the law."""
    rate, shunt, E, W, expected, _, zero = weights()
    K_G_tau = pathway("E->E").mean_(1.0)
    E_L, v_theta = lif().si("E_L"), float(np.asarray(law().v_theta))
    ax.plot(E * 1e3, expected * 1e12, color="0.5", label="closed form at 30 Hz")
    ax.plot(E * 1e3, W * 1e12, color="black", marker="o", linestyle="", label="by compensation")
    ax.plot(
        E * 1e3,
        K_G_tau * (E - E_L - v_theta) * 1e12,
        color="black",
        linestyle="--",
        linewidth=1,
        label=r"K G $\tau$ (E - $E_L$ - $v_\theta$), law",
    )
    ax.axhline(0, color="0.8", linewidth=1)
    ax.axvline(E_L * 1e3, color="0.8", linewidth=1)
    ax.text(E_L * 1e3 - 1, 0.97 * ax.get_ylim()[1], "$E_L$", ha="right", va="top")
    ax.set(xlabel="reversal of the synapse (mV)", ylabel="W (pC)", title="11.29: shunts inhibit")
    ax.legend(fontsize="x-small", loc="lower right")


def weights(
    label="E->E",
    rate=30.0,
    shunt=4e-9,
    reversals=(-80e-3, -72e-3, -65e-3, -58e-3, -50e-3, -40e-3, -20e-3, 0.0),
):
    """W of a pathway by compensation, over the reversal.

    (rate, conductance added, reversals, W, that of the closed form, its tolerance, reversal where W is 0).
    """
    model, K_G_tau, E = lif(), pathway(label).mean_(1.0), np.array(reversals)
    E_L, g_L = model.si("E_L"), model.si("g_L")
    found = compensated(rate, shunt, reversals)
    per_hertz = K_G_tau / shunt  # 1/Hz: the conductance that was added stands for a presynaptic rate
    W = -(found[1:] - found[0]) * per_hertz
    shift = (exact_current(rate, g_L + shunt, model) - exact_current(rate, g_L, model)) / shunt
    # Currents are read on a grid, and intervals are short by up to a step.
    steepest = max(
        (exact_current(rate * 1.01, g, model) - exact_current(rate, g, model)) / (0.01 * rate)
        for g in (g_L, g_L + shunt)
    )
    slack = (READ_ + rate**2 * FINE_ * steepest) * per_hertz
    slope, intercept = np.polyfit(E, W, 1) if E.size > 1 else (np.nan, np.nan)
    return rate, shunt, E, W, K_G_tau * (E - E_L - shift), slack, -intercept / slope


def interpolated(surface, gain, I, g):
    """Rates of a surface at (I, g), the law's worst distance from the four points that they come from, and
    whether there are four.

    Between two currents of each neighbouring leak, at equal distances from the law's threshold, and then
    between these leaks.
    """
    I_theta, v_theta, beta = (float(np.asarray(value)) for value in (gain.I_theta, gain.v_theta, gain.beta))
    j = np.clip(np.searchsorted(surface.g_, g) - 1, 0, surface.g_.size - 2)
    share, rate, worst = (g - surface.g_[j]) / np.diff(surface.g_)[j], 0.0, 0.0
    there = (share >= 0) & (share <= 1)
    for column, part in ((j, 1 - share), (j + 1, share)):
        current = I + v_theta * (surface.g_[column] - g)
        i = np.clip(np.searchsorted(surface.I_, current) - 1, 0, surface.I_.size - 2)
        a = (current - surface.I_[i]) / np.diff(surface.I_)[i]
        there &= (a >= 0) & (a <= 1)
        for row, weight in ((i, 1 - a), (i + 1, a)):
            rate = rate + part * weight * surface.rate_[row, column]
            worst = np.maximum(
                worst,
                np.abs(
                    surface.rate_[row, column]
                    - beta * (surface.I_[row] - I_theta - v_theta * surface.g_[column])
                ),
            )
    return rate, worst, there


def feedback_at(theta, loop):
    """What the package says of a uniform network."""
    return b2r.UniformFeedback.from_parameters(
        beta=BETA_ * Hz / amp, W=loop / BETA_ * 1e12 * pcoulomb, theta=theta * amp, tau=TAU_ * second
    )


def starts(feedback):
    """Rates to start from: 0, and below and above the fixed point, or 20 Hz."""
    active = [float(point) for point, _ in feedback.points if float(point) > 0]
    return (0.0, 0.8 * active[0], 1.2 * active[0]) if active else (0.0, 16.0, 24.0)


def draw_regimes(ax, sign):
    """Trajectories of a uniform network with a positive or a negative threshold."""
    for (theta, loop), line in zip([regime for regime in REGIMES if np.sign(regime[0]) == sign], LINES):
        feedback = feedback_at(theta, loop)
        for number, start in enumerate(starts(feedback)):
            t, r = uniform(1, loop, theta, start, 0.06)
            ax.plot(
                t * 1e3,
                r[0],
                color="black",
                linestyle=line,
                label=rf"$\beta N W_o$ = {loop:g}" if number == 0 else None,
            )
        if points := [float(point) for point, _ in feedback.points if float(point) > 0]:
            ax.axhline(
                points[0],
                color="0.7",
                linewidth=3,
                zorder=0,
                label=f"$r^*$, {'stable' if feedback.regime == 'active' else 'unstable'}",
            )
    ax.set(
        xlabel="time (ms)",
        ylabel="mean rate (Hz)",
        title=rf"11.37: $\theta$ = {100 * sign:+d} pA",
        ylim=(-2, 110),
        xlim=(0, 60),
    )
    ax.legend(fontsize="x-small", loc="upper right")
