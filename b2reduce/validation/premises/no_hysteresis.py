"""Cells have one rate at one input."""

from __future__ import annotations

import numpy as np

from ...cells.points import measure_points
from ...reduction.integration_steps import integrated
from .base import Premise

__all__ = ["NoHysteresis"]

CURRENTS = 24
# Time at each current in s, of which the first fifth is left out: the next as long as the difference is too
# large and still shrinks by a fifth, which what adapts does.
STAYS_, SHRINKS = (0.5, 1.5, 4.5, 13.5), 0.8


class NoHysteresis(Premise):
    """Difference of the f-I curves without noise, the current stepping slowly up and down.

    Each step starts where the one before it ended.
    """

    name = "no hysteresis"
    meaning = (
        "An f-I curve is a curve only if the rate depends on the current and not on where the current comes"
        " from. This cell fires at other rates on the way up than on the way down."
    )
    limit = 0.15
    reason = (
        "where the two sweeps differ by more than what a good reduction errs by, the rate depends on the past"
    )
    fatal = "the cells' rates depend on their past"
    otherwise = "no rate model of this kind can hold two states of one cell apart"

    def measure(self, evidence):
        reduced, found = evidence.reduced, {}
        dt_ = reduced.dt_
        circuit = integrated(evidence.circuit, dt_, fixed=True)[0]
        for name, population in circuit.populations.items():
            g = float(np.asarray(reduced.operating_g[name]))
            lo, hi = _currents(reduced, name, g)
            if not hi > lo:
                continue
            I_, last = np.linspace(lo - 0.5 * (hi - lo), hi, CURRENTS), np.inf
            for stay_ in STAYS_:
                difference = _up_and_down(population.model, I_, g, stay_, dt_) / max(
                    float(np.asarray(reduced.operating_rate[name])), 1.0
                )
                found[name] = difference, stay_
                if self.allows(difference) or difference > SHRINKS * last:
                    break
                last = difference
        if not found:
            return self.unmeasured("no gain rises over its window")
        worst = max(found, key=lambda name: found[name][0])
        return self.judged(
            found[worst][0],
            f"population {worst}: largest difference of the f-I curves without noise on the way up and on the"
            f" way down, relative to its operating rate, {found[worst][1]:g} s at each current",
            "; one current allows two rates: where noise does not wash this out, no rate model of one"
            " variable can follow",
        )


def _currents(reduced, name, g):
    """(lowest, highest) current that the gain was measured at; without a surface those of the fitted law."""
    gain, surface = reduced.gains[name], reduced.surfaces.get(name)
    if surface is None:
        shift = float(np.asarray(gain.I_theta)) + float(np.asarray(gain.v_theta)) * g
        return tuple(float(gain.inverse_(rate)) + shift for rate in (1e-3, float(np.asarray(gain.rates[1]))))
    known = np.isfinite(surface.rate_[:, np.abs(surface.g_ - g).argmin()])
    return surface.I_[known].min(), surface.I_[known].max()


def _up_and_down(model, I_, g, stay_, dt_):
    """Largest difference in Hz of the rates on the way up and down, beyond what the ends of the counting time
    make of it.
    """
    state, swept = "rest", []
    for up, down in zip(I_, I_[::-1]):
        # Far below the onset a coarse step may diverge: no rate is to be had there either way.
        both = measure_points(
            model,
            [up, down],
            [g, g],
            (),
            replicates=1,
            duration_=stay_,
            warmup_=stay_ / 5,
            dt_=dt_,
            seed=0,
            initial=state,
            diverging="silent",
        )
        state = {
            key: values for key, values in both.statistics.final_state.items() if key in model.state_variables
        }
        swept.append((both.rate_, both.spikes))
    rates, spikes = (np.array(values) for values in zip(*swept))
    up, down, fewest = rates[:, 0], rates[::-1, 1], np.minimum(spikes[:, 0], spikes[::-1, 1])
    # A rate is (n - 1) intervals over their time, or 0 below two spikes: where one of the two runs holds
    # fewer than two, the other is known to one spike in its time.
    slack = np.where(fewest < 2, 1 / (0.8 * stay_), 0.0)
    return float(np.max(np.maximum(np.abs(down - up) - slack, 0.0)))
