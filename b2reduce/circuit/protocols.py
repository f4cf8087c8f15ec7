"""Drives that change in time, as the tables (times, values) that circuits and `simulate_rates` take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import to_si
from ..basics.errors import InputError
from ..basics.streams import seed_streams
from ..basics.units import with_units

if TYPE_CHECKING:
    from brian2 import Quantity

    from ..basics.types import QuantityLike

__all__ = ["ou_drive", "ramp_drive", "sinusoid_drive", "step_drive"]

PER_PERIOD = 50  # values of a sinusoid in a period, at least
HOLD_ = 1e-3  # s, at most


def step_drive(base: QuantityLike, to: QuantityLike, *, at: QuantityLike) -> tuple[Quantity, Quantity]:
    """A drive that steps from one rate to another.

    Parameters
    ----------
    base, to : Quantity
        Rates of one input before and after.
    at : Quantity
        Time of the step.

    Returns
    -------
    times, values : Quantity

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> step_drive(12*Hz, 14*Hz, at=1*second)
    (array([0., 1.]) * second, array([12., 14.]) * hertz)
    """
    at_ = _time(at, "at", positive=True)
    return _table([0.0, at_], [_rate(base, "base"), _rate(to, "to")])


def ramp_drive(
    start: QuantityLike,
    stop: QuantityLike,
    *,
    begin: QuantityLike,
    end: QuantityLike,
    dt: QuantityLike | None = "1 ms",
) -> tuple[Quantity, Quantity]:
    """A drive that goes evenly from one rate to another between two times, in steps of `dt`, each of them
    right at its middle.

    Parameters
    ----------
    start, stop : Quantity
        Rates of one input before `begin` and after `end`.
    begin, end, dt : Quantity

    Returns
    -------
    times, values : Quantity

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> times, values = ramp_drive(10*Hz, 14*Hz, begin=100*ms, end=104*ms)
    >>> values
    array([10. , 10.5, 11.5, 12.5, 13.5, 14. ]) * hertz
    """
    begin_, end_, dt_ = (
        _time(begin, "begin"),
        _time(end, "end", positive=True),
        _time(dt, "dt", positive=True),
    )
    first, last = _rate(start, "start"), _rate(stop, "stop")
    number = round((end_ - begin_) / dt_)
    if number < 1:
        raise InputError(
            f"end: got {end} with begin {begin} and steps of {dt}, expected at least one step between them"
        )
    inner = begin_ + (end_ - begin_) * np.arange(number) / number
    values = first + (last - first) * (np.arange(number) + 0.5) / number
    before = [0.0] if begin_ > 0 else []
    return _table([*before, *inner, end_], [*([first] * len(before)), *values, last])


def sinusoid_drive(
    mean: QuantityLike,
    amplitude: QuantityLike,
    frequency: QuantityLike,
    *,
    duration: QuantityLike,
    begin: QuantityLike = "0 s",
    dt: QuantityLike | None = None,
) -> tuple[Quantity, Quantity]:
    """A drive mean + amplitude sin(2 pi f (t - begin)) from `begin` on, at its mean before and after.

    Parameters
    ----------
    mean, amplitude : Quantity
        Of the rate of one input; the amplitude is at most the mean.
    frequency, duration : Quantity
    begin : Quantity
    dt : Quantity, optional
        For how long each value holds, the one at the middle of that time; by default 1 ms, or a fiftieth of a
        period if that is shorter. What holds for dt has sin(pi f dt)/(pi f dt) of the amplitude, at the
        default at least 0.9993.

    Returns
    -------
    times, values : Quantity

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> times, values = sinusoid_drive(14*Hz, 2*Hz, 5*Hz, duration=1*second)
    >>> round(float(values.max()), 2)
    16.0
    """
    mean_, amplitude_, frequency_ = (
        _rate(value, name)
        for value, name in ((mean, "mean"), (amplitude, "amplitude"), (frequency, "frequency"))
    )
    if amplitude_ > mean_ or frequency_ <= 0:
        raise InputError(
            f"got an amplitude of {amplitude} around {mean} at {frequency}, expected an amplitude of at most"
            " the mean and a frequency above 0 Hz"
        )
    begin_, duration_ = _time(begin, "begin"), _time(duration, "duration", positive=True)
    dt_ = min(HOLD_, 1 / (PER_PERIOD * frequency_)) if dt is None else _time(dt, "dt", positive=True)
    t_ = np.arange(max(1, round(duration_ / dt_))) * dt_
    values = mean_ + amplitude_ * np.sin(2 * np.pi * frequency_ * (t_ + dt_ / 2))
    before = [0.0] if begin_ > 0 else []
    return _table(
        [*before, *(begin_ + t_), begin_ + t_[-1] + dt_], [*([mean_] * len(before)), *values, mean_]
    )


def ou_drive(
    mean: QuantityLike,
    sd: QuantityLike,
    tau: QuantityLike,
    *,
    duration: QuantityLike,
    seed: int,
    dt: QuantityLike | None = "1 ms",
) -> tuple[Quantity, Quantity]:
    """A drive that is an Ornstein-Uhlenbeck process around a mean, stationary from the start.

    Parameters
    ----------
    mean, sd : Quantity
        Of the rate of one input; the standard deviation is at most a third of the mean. Below 0 Hz the rate
        is 0.
    tau : Quantity
        Time constant of the autocorrelation ``sd^2 exp(-|s|/tau)``.
    duration : Quantity
    seed : int
    dt : Quantity
        For how long each value holds.

    Returns
    -------
    times, values : Quantity

    Notes
    -----
    Values follow each other as x_k+1 = rho x_k + sd sqrt(1 - rho^2) xi_k with rho = exp(-dt/tau), which is
    exact.

    Examples
    --------
    >>> from brian2 import Hz, ms, second
    >>> times, values = ou_drive(14*Hz, 1*Hz, 50*ms, duration=1*second, seed=1)
    >>> values.shape
    (1000,)
    """
    from scipy.signal import lfilter

    mean_, sd_, tau_ = _rate(mean, "mean"), _rate(sd, "sd"), _time(tau, "tau", positive=True)
    duration_, dt_ = _time(duration, "duration", positive=True), _time(dt, "dt", positive=True)
    if sd_ > mean_ / 3:
        raise InputError(
            f"sd: got {sd} around {mean}, expected at most a third of the mean: rates cannot fall below 0 Hz"
        )
    number = round(duration_ / dt_)
    if number < 1:
        raise InputError(f"duration: got {duration}, expected at least one step of {dt}")
    xi, rho = np.random.default_rng(seed_streams(seed)).standard_normal(number), np.exp(-dt_ / tau_)
    drawn = np.concatenate([xi[:1], np.sqrt(1 - rho**2) * xi[1:]])
    return _table(np.arange(number) * dt_, np.maximum(mean_ + sd_ * lfilter([1.0], [1.0, -rho], drawn), 0.0))


def _table(times_, values_):
    return with_units(np.array(times_, dtype=float), "s"), with_units(np.array(values_, dtype=float), "Hz")


def _rate(value, name):
    rate_ = to_si(value, "Hz", name)
    if np.ndim(rate_) or not 0 <= rate_ < np.inf:
        raise InputError(f"{name}: got {value}, expected one rate of at least 0 Hz")
    return rate_


def _time(value, name, positive=False):
    time_ = to_si(value, "s", name)
    if np.ndim(time_) or not 0 <= time_ < np.inf or positive and time_ == 0:
        raise InputError(
            f"{name}: got {value}, expected one time {'above' if positive else 'of at least'} 0 s"
        )
    return time_
