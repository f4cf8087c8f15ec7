"""A reduced circuit as a flow: the currents of its populations, and how they change."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import require
from ..basics.errors import InputError
from ..reduction.drives import constant_drives_
from ..reduction.reduced_circuit import ReducedCircuit
from .linearised import check_not_plastic

__all__ = ["Flow", "mu_of"]


class Flow:
    """tau dmu/dt = -mu + W f(mu) - theta of a reduced circuit with constant drives, in arrays over
    populations.
    """

    def __init__(self, reduced, drives=None):
        require(reduced, ReducedCircuit, "reduced")
        check_not_plastic(reduced, "the plane of currents")
        if reduced.adaptation:
            raise InputError(
                f"reduced: {', '.join(reduced.adaptation)} adapts, and its state is not one current a"
                " population; reduce with adaptation = None"
            )
        if not reduced.kind.shift_law or reduced.by_pathway:
            raise InputError(
                f"reduced: got level {reduced.level!r} with tau {reduced.tau_choice!r}, whose state is not"
                " one current a population; reduce with level = 'linear' or 'gain' and one time constant a"
                " population"
            )
        self.names, drives_ = reduced.populations, constant_drives_(reduced, drives)
        self.gains = [reduced.gains[name] for name in self.names]
        self.W_ = np.array([[reduced.W_[target, source] for source in self.names] for target in self.names])
        self.theta_ = np.array(
            [
                reduced.theta_[target]
                - sum(
                    reduced.weight_(p) * drives_[p.source, target]
                    for p in reduced.circuit.pathways(target)
                    if p.is_drive
                )
                for target in self.names
            ]
        )
        self.tau_ = np.array([float(np.asarray(reduced.tau[name])) for name in self.names])

    def rates_(self, mu_):
        """Rates in Hz, populations along the last axis."""
        return np.stack(
            [np.asarray(gain.f_(mu_[..., number]), dtype=float) for number, gain in enumerate(self.gains)],
            axis=-1,
        )

    def rest_(self, rates_):
        """mu at which populations stay where all fire at given rates."""
        return np.asarray(rates_) @ self.W_.T - self.theta_

    def __call__(self, mu_):
        """dmu/dt in A/s."""
        return (self.rest_(self.rates_(mu_)) - mu_) / self.tau_

    def jacobian_(self, mu_):
        slopes = np.array([float(gain.slope_(x)) for gain, x in zip(self.gains, mu_)])
        return (self.W_ * slopes - np.eye(len(mu_))) / self.tau_[:, None]

    def run_(self, mu_, duration_, bound=np.inf):
        """Trajectory from mu, shape (time, population); ends early where a current exceeds `bound`."""
        from scipy.integrate import solve_ivp

        beyond = lambda t, mu: bound - np.max(np.abs(mu))
        beyond.terminal = True
        scale = np.max(np.abs(mu_)) or 1.0
        return solve_ivp(
            lambda t, mu: self(mu),
            (0, duration_),
            mu_,
            method="LSODA",
            rtol=1e-9,
            atol=1e-9 * scale,
            events=beyond if np.isfinite(bound) else None,
            max_step=abs(duration_) / 100 if duration_ < 0 else np.inf,
        ).y.T


def mu_of(flow, point):
    """The currents of a fixed point."""
    return flow.rest_([point.rates_[name] for name in flow.names])
