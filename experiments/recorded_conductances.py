"""Conductances of one cell, recorded, and their moments by Campbell's theorem."""

from __future__ import annotations

import numpy as np
from brian2 import second

import b2reduce as b2r

SETTLED_ = 0.5  # s, of 50 time constants and more, left out


def recorded(drives, cells, duration_, seed):
    """{drive.

    Conductances in S, shape (cell, time)} of cells after they have settled, their times and the time step, in
    s.
    """
    circuit = b2r.Circuit(name="listeners", populations={"E": b2r.Population("lif", cells)}, drives=drives)
    activity = b2r.simulate_spikes(circuit, duration=(duration_ + SETTLED_) * second, seed=seed, record=cells)
    t = activity.conductance_t_
    late = t >= SETTLED_
    return (
        {drive.name: activity.conductances_[f"{drive.name}->E"][:, late] for drive in drives},
        t[late] - SETTLED_,
        float(circuit.dt),
    )


def campbell(drive, dt_):
    """(mean, standard deviation, excess kurtosis) of a conductance at the end of a step, in S.

    The n-th cumulant is G^n K r dt/(1 - e^(-n dt/tau)), which tends to G^n K r tau/n: K G tau r, G sqrt(K r
    tau/2) and 1/(K r tau).
    """
    second_, fourth = (
        float(drive.G) ** n * drive.inputs * float(drive.rate) * dt_ / -np.expm1(-n * dt_ / float(drive.tau))
        for n in (2, 4)
    )
    return (
        float(drive.G) * drive.inputs * float(drive.rate) * dt_ / -np.expm1(-dt_ / float(drive.tau)),
        np.sqrt(second_),
        fourth / second_**2,
    )


def memory(tau_, t):
    """Time in s that one independent sample takes where correlations fall as e^(-|t|/tau): 2 tau, and a
    little more as it is sampled at times t.

    That of the squares of shot noise is memory(tau/2): cov(x(0)^2, x(t)^2) = 2 C(t)^2 + the joint fourth
    cumulant, and both fall as e^(-2|t|/tau).
    """
    spacing = t[1] - t[0]
    return spacing / np.tanh(spacing / (2 * tau_))


def error_of_sd(excess, tau_, t, cells=1):
    """Relative standard error of a standard deviation about a known mean.

    Half that of the mean square, whose squares have the variance (2 + excess) sd^4.
    """
    return np.sqrt((2 + excess) * memory(tau_ / 2, t) / (cells * len(t) * (t[1] - t[0]))) / 2


def error_of_mean(g, n, mean):
    """Root mean square over blocks of n cells and over time of the error of their mean."""
    return np.sqrt(np.mean((g.reshape(-1, n, g.shape[1]).mean(axis=1) - mean) ** 2))
