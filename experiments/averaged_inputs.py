"""Synaptic input that is averaged over time: by filters, and as recorded."""

from __future__ import annotations

import numpy as np
from brian2 import Hz, mV, nS, second

import b2reduce as b2r

SEED = 1
INPUTS, RATE_, G_, TAU_ = 400, 5.0, 0.4e-9, 5e-3
SLOW, FAST, SWING = 4.0, 100.0, 0.5  # Hz, Hz, of the mean rate
STEP_ = 0.1e-3  # s, of the simulation and of the table of rates
SETTLED_ = 0.2  # s, 40 time constants


def filtered(frequency):
    """What a conductance on the time grid makes of a rate that swings at a frequency, relative to its mean.

    1/(1 + 2 pi i f tau) as dt -> 0.
    """
    turn = np.exp(-2j * np.pi * frequency * STEP_)
    return -np.expm1(-STEP_ / TAU_) / (1 - np.exp(-STEP_ / TAU_) * turn) * turn


def averaged(n, spacing):
    """Autocovariance, over that of one sample, of means over n successive samples a spacing in s apart, at
    distances of 0, 1, 2, ... samples.
    """
    inside = np.arange(1 - n, n)
    distances = np.arange(n + round(10 * TAU_ / spacing))  # beyond, e^-10
    return (
        np.array(
            [np.sum((n - np.abs(inside)) * np.exp(-np.abs(d + inside) * spacing / TAU_)) for d in distances]
        )
        / n**2
    )


def recorded(rate, cells, duration_, seed):
    """(times in s, conductances in S, shape (cell, time)) of cells driven by Poisson trains of a rate or
    table.
    """
    drive = b2r.Drive(
        name="exc", target="E", inputs=INPUTS, rate=rate, G=G_ * 1e9 * nS, tau=TAU_ * second, E=0 * mV
    )
    circuit = b2r.Circuit(
        name="listeners", populations={"E": b2r.Population("lif", cells)}, drives=[drive], dt=STEP_ * second
    )
    activity = b2r.simulate_spikes(circuit, duration=(duration_ + SETTLED_) * second, seed=seed, record=cells)
    late = activity.conductance_t_ >= SETTLED_ - STEP_ / 2
    return activity.conductance_t_[late], activity.conductances_["exc->E"][:, late]


def swinging(frequency, cells, duration_):
    """Times and conductances under a rate that swings."""
    times = np.arange(0, duration_ + 2 * SETTLED_, STEP_)
    return recorded(
        (times * second, RATE_ * (1 + SWING * np.sin(2 * np.pi * frequency * times)) * Hz),
        cells,
        duration_,
        SEED + 1,
    )
