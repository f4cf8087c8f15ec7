"""Cells, surfaces and single-cell runs behind `lecture11`: each simulation is run once, whatever figures ask for it.

Small groups run in Brian2 on numpy, where a compilation would take longer than they do. A cell whose
capacitance is hundreds of thousands of times too large is clamped: its potential moves by microvolts, and the
charge that moved it is the current that its own membrane equation integrated.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from brian2 import Hz, amp, second, siemens

import b2reduce as b2r
from b2reduce.basics.session import brian_session
from b2reduce.basics.streams import seed_streams
from b2reduce.cells.points import rest_of

SEED = 1
DT_ = 1e-4  # s, of every spiking run here
WINDOW = (5.0, 60.0)  # Hz, of the fitted law
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


@lru_cache
def reduction():
    """The circuit reduced to measured surfaces and their tangents."""
    return b2r.reduce(circuit(), level="surface", seed=SEED)


def law():
    """The law fitted to the f-I curves without noise."""
    return b2r.fit_gain(surfaces()[2], rates=WINDOW * Hz)


def inside(rates):
    """Which rates lie in the window of the fit."""
    return (rates >= WINDOW[0]) & (rates <= WINDOW[1])
