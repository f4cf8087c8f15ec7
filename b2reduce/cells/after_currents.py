"""What is measured of the current that a spike leaves behind.

Onset curves, with known currents too, and the spikes after a step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..basics.errors import DivergenceError
from ..basics.session import brian_session, divisions_reported
from ..basics.units import with_units
from ..circuit.cell_equations import ADDED_LEAK, si_unit_name
from .engine import Cells, Spiked, simulate_cells
from .engine.brian import build_group
from .points import rest_of

__all__ = ["Onsets", "measure_onsets", "spike_sequences"]

PROBES_ = 1e-3 * np.array([2, 5, 10, 20, 40, 80, 160, 400, 1200])  # s, time constants of the known currents
# Of the range of currents, averaged over an interval in the middle of the rates: the size of the known
# currents
SIZE = 0.1
LONGEST_ = 2.0  # s within which the second spike must come
DEGREE = 5  # of the polynomials
PROBE = "after_probe"


@dataclass(frozen=True)
class Onsets:
    """Of one leak.

    The current over the rate of the first interval, and what it is with known currents on top.
    """

    known: tuple  #: (rates, currents) of the first interval, ascending
    latency: tuple  #: (currents, times of the first spike)
    #: (polynomial over the logarithm of the rate, from, to), one for each of `PROBES_`: A over what it would
    #: be if all phases weighed the same
    weights: tuple

    def current(self, rate):
        """Current that gives a rate at onset; NaN beyond the rates that were seen."""
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(*self.known, extrapolate=False)(rate)

    def developed(self, tau, current):
        """How much of what the voltage drives is there at the first spike after a step to a current."""
        return -np.expm1(-np.interp(current, *self.latency) / tau)

    def weight(self, tau, rate):
        """A: how much constant current makes up for one that decays from 1 within an interval of 1/rate."""
        ratio = np.array([np.polyval(p, np.log(np.clip(rate, lo, hi))) for p, lo, hi in self.weights])
        x = np.interp(np.log(tau), np.log(PROBES_), np.arange(PROBES_.size))
        low = min(int(x), PROBES_.size - 2)
        return (ratio[low] + (x - low) * (ratio[low + 1] - ratio[low])) * _even(tau, rate)


def _even(tau, rate):
    """A where all phases weigh the same: the mean of exp(-s/tau) over an interval."""
    return -np.expm1(-1 / (tau * rate)) * tau * rate


def _probed(model):
    """The cell with a known current that every spike sets off, taken from its input."""
    lines = []
    for line in model.equations.splitlines():
        head, equals, tail = line.partition("=")
        lines.append(
            head + equals + re.sub(rf"\b{re.escape(model.input)}\b", f"({model.input} - {PROBE})", tail)
            if equals
            else line
        )
    return model.replace(
        equations="\n".join(
            [*lines, f"d{PROBE}/dt = -{PROBE}/tau_{PROBE} : {si_unit_name(model.current_dim)}"]
        ),
        reset="\n".join(filter(None, [model.reset, f"{PROBE} += b_{PROBE}"])),
        method="rk4" if model.method in (None, "exact") else model.method,
        parameters={
            **model.parameters,
            f"tau_{PROBE}": with_units(1e-2, "s"),
            f"b_{PROBE}": with_units(0.0, model.current_dim),
        },
    )


def measure_onsets(model, I_, g_, rates_, *, dt_, engine="auto", report=None):
    """{leak: Onsets} of a cell that steps from rest to currents, alone and with known currents that its first
    spike sets off.

    Parameters
    ----------
    model : NeuronModel
    I_ : ndarray, shape (leak, current)
    g_ : ndarray
    rates_ : pair of float
        Between which A is wanted.
    """
    probed = _probed(model)
    middle, span = sum(rates_) / 2, np.ptp(I_)
    sizes = SIZE * span / _even(PROBES_, middle)
    tau, b = np.concatenate([[PROBES_[0]], PROBES_]), np.concatenate([[0.0], sizes])
    leak, kind, number = (
        values.ravel()
        for values in np.meshgrid(g_, np.arange(tau.size), np.arange(I_.shape[1]), indexing="ij")
    )
    rest = rest_of(model, g_, dt_, engine=engine)
    row = np.searchsorted(g_, leak)
    current = I_[row, number]
    cells = Cells(
        probed,
        leak.size,
        {
            model.input: current,
            ADDED_LEAK: leak - model.leak_,
            f"tau_{PROBE}": tau[kind],
            f"b_{PROBE}": b[kind],
        },
        (),
        {**{name: values[row] for name, values in rest.items()}, PROBE: np.zeros(leak.size)},
    )
    stats, _ = simulate_cells(cells, LONGEST_, dt_=dt_, engine=engine, progress=report, stop=Spiked(2))
    shape = (g_.size, tau.size, I_.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (1 / (stats.second_time - stats.first_time)).reshape(shape)
    first, found = stats.first_time.reshape(shape)[:, 0], {}
    for j, g in enumerate(g_):
        curves = [_rising(rate[j, k], I_[j]) for k in range(tau.size)]
        if any(curve is None for curve in curves):
            continue
        seen = np.isfinite(first[j])
        alone, weights = Onsets(curves[0], (I_[j][seen], first[j][seen]), ()), []
        for k in range(1, tau.size):
            lo, hi = (
                max(curves[0][0][0], curves[k][0][0], rates_[0]),
                min(curves[0][0][-1], curves[k][0][-1], 1.5 * rates_[1]),
            )
            at = np.geomspace(lo, max(hi, lo), 40)
            ratio = (Onsets(curves[k], (), ()).current(at) - alone.current(at)) / b[k] / _even(tau[k], at)
            good = np.isfinite(ratio)
            # Spikes lie on a grid, curves are interpolated between them: what A does over the rate is smooth.
            weights.append(
                (np.polyfit(np.log(at[good]), ratio[good], DEGREE), lo, hi)
                if hi > 1.2 * lo and good.sum() > 2 * DEGREE
                else None
            )
        if all(p is not None for p in weights):
            found[float(g)] = Onsets(curves[0], alone.latency, tuple(weights))
    return found


def _rising(rate, I_):
    """(rates, currents) of one onset curve: the smallest current of each rate; None below four."""
    known = np.isfinite(rate)
    rate, I = np.maximum.accumulate(rate[known]), I_[known]
    rising = np.r_[True, np.diff(rate) > 0][: rate.size]
    return (rate[rising], I[rising]) if rising.sum() >= 4 else None


def spike_sequences(model, I_, leak_, *, duration_, dt_, engine="auto"):
    """Spike times in s of cells that step from rest to currents, one array a cell.

    Raises
    ------
    DivergenceError
        If the integration fails.
    """
    from brian2.core.base import BrianObjectException

    cells = Cells(
        model,
        I_.size,
        {model.input: I_, ADDED_LEAK: leak_ - model.leak_},
        (),
        rest_of(model, leak_, dt_, engine=engine),
    )
    failed = (
        f"model {model.name!r}: the spikes after a step of current could not be followed with dt ="
        f" {dt_ * 1e3:g} ms: "
    )
    try:
        with (
            brian_session(0) as brian2,
            divisions_reported(failed + "a division by zero; take a smaller dt or another method"),
        ):
            group, _ = build_group(brian2, cells, dt_)
            monitor = brian2.SpikeMonitor(group, name="b2reduce_spikes")
            with np.errstate(all="ignore"):
                brian2.Network(group, monitor).run(duration_ * brian2.second, namespace={})
            finite = all(
                np.isfinite(group.variables[name].get_value()).all() for name in model.state_variables
            )
            i, t = np.array(monitor.i), np.array(monitor.t_)
    except BrianObjectException as error:
        raise DivergenceError(f"{failed}{type(error.__cause__).__name__}: {error.__cause__}") from error
    if not finite:
        raise DivergenceError(failed + "a state that is not finite; take a smaller dt or another method")
    return [t[i == k] for k in range(I_.size)]
