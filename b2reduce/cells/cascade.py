"""Harmonics of a rate that follows a large sinusoidal current: foretold by cascades, and measured."""

from __future__ import annotations

import numpy as np

from .modulation import PERIOD_, PREFIX, WARMUP_, modulated_cell, start_of
from .points import measure_points, rest_of

__all__ = ["HARMONICS", "measured_harmonics", "moving_harmonics", "power_of", "static_harmonics"]

HARMONICS = 6
# Their spikes: each part of a harmonic then has a standard error of 0.6 % of a modulation by half the rate
SPIKES, FEWEST, MOST = 32_000, 400, 8_000
_STEP_ = 5e-5  # s
_SAMPLES, _SETTLING = 400, 8  # least steps of a period; time constants until a run is periodic


def power_of(harmonics):
    """Mean square in Hz^2 of a rate of these harmonics: the mean, then those of positive frequency."""
    squares = np.abs(harmonics) ** 2
    return squares[..., 0] + 2 * squares[..., 1:].sum(axis=-1)


def _harmonics(rate):
    """Of the samples of a period."""
    return np.fft.fft(rate)[: HARMONICS + 1] / len(rate)


def static_harmonics(filter_, frequency_, mean_, amplitude_, function):
    """Of F(mean + filter[amplitude cos(2 pi f t)])."""
    phase = 2j * np.pi * np.arange(2 * _SAMPLES) / (2 * _SAMPLES)
    return _harmonics(function(mean_ + amplitude_ * np.real(filter_(frequency_) * np.exp(phase))))


def moving_harmonics(filter_, frequency_, mean_, amplitude_, function):
    """The same where the filter moves with the rate, which it follows with its own time constant."""
    number = max(_SAMPLES, int(np.ceil(1 / (frequency_ * _STEP_))))
    step = 1 / (frequency_ * number)
    periods = int(np.ceil(_SETTLING * filter_.slowest_ * frequency_)) + 1
    turn = 2 * np.pi * np.arange(number) / number
    now, between = (mean_ + amplitude_ * np.cos(turn + shift) for shift in (0.0, np.pi / number))
    # The filter over rates as a table: scalars are asked for at every step
    rates = np.geomspace(filter_.lowest_, filter_.highest_, 400)
    taus, leads = filter_.tau_(rates), filter_.lead_(rates)
    x, m, found = mean_, float(function(mean_)), np.empty(number)
    for _ in range(periods):
        for k in range(number):
            tau, lead = np.interp(m, rates, taus), np.interp(m, rates, leads)
            found[k] = function(x + lead * (now[k] - x))
            part = -np.expm1(-step / tau)
            x += (between[k] - x) * part
            m += (found[k] - m) * part
    return _harmonics(found)


def measured_harmonics(
    model, frequency_, mean_, amplitude_, g_, sources, *, rate_, dt_, seed, engine="auto", report=None
):
    """(harmonics, their standard errors) of cells in a current mean + amplitude cos(2 pi f t).

    Standard errors are those of the mean, and of the real and of the imaginary part each.

    Parameters
    ----------
    rate_ : float
        Hz that is expected, which decides how many cells there are.
    """
    multiples = frequency_ * np.arange(1, HARMONICS + 1)
    settings = dict(dt_=dt_, engine=engine)
    rest = rest_of(model, np.array([g_]), dt_, engine=engine)
    cells = int(np.clip(np.ceil(SPIKES / (PERIOD_ * max(rate_, 1e-3))), FEWEST, MOST))
    found = measure_points(
        modulated_cell(model, multiples, amplitude_, dt_, bool(sources), tones=1),
        # The modulation brings a constant of its own
        np.array([mean_ - amplitude_]),
        np.array([g_]),
        sources,
        replicates=cells,
        duration_=WARMUP_ + PERIOD_,
        warmup_=WARMUP_,
        initial=start_of(rest, multiples),
        seed=seed,
        report=report,
        **settings,
    ).statistics
    sums = np.array(
        [
            found.count,
            *(
                found.final_state[f"{PREFIX}_c_{k}"] - 1j * found.final_state[f"{PREFIX}_s_{k}"]
                for k in range(HARMONICS)
            ),
        ]
    )
    # A spike is noted at the start of the step in which it falls: half a step early on average
    sums = sums * np.exp(-1j * np.pi * np.append(0.0, multiples) * dt_)[:, None] / PERIOD_
    halves = np.append(1.0, np.full(HARMONICS, 2.0))
    variance = (sums.real.var(axis=1) + sums.imag.var(axis=1)) / halves
    return sums.mean(axis=1), np.sqrt(variance / sums.shape[1])
