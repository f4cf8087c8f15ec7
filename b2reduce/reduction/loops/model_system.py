"""The equations of a rate model beside a state: time constants, feedback and delays."""

from __future__ import annotations

import numpy as np

from ..inputs import arriving_rate
from .plastic_states import PlasticStates
from .roots import Delayed, DelayedSystem

__all__ = ["model_system", "slopes_"]


def slopes_(reduced, rates_, drives_):
    """{pathway: d rate of its target/d rate that arrives by it} of all projections, by differences.

    At rates of populations.
    """
    slopes = {}
    for target in reduced.populations:
        carried = {p.label: arriving_rate(p, rates_, drives_) for p in reduced.circuit.pathways(target)}
        response = lambda carried: float(
            reduced.functions_[target](*reduced.carried_arguments_(target, carried))
        )
        for p in reduced.circuit.pathways(target):
            if p.is_drive:
                continue
            # A table is straight between its points and bends at them: steps as wide as a cell see its slope;
            # other gains are smooth.
            step = reduced.kind.rate_step * max(carried[p.label], 1.0)
            up, down = carried[p.label] + step, max(carried[p.label] - step, 0.0)
            slopes[p.label] = (response({**carried, p.label: up}) - response({**carried, p.label: down})) / (
                up - down
            )
    return slopes


def model_system(reduced, slopes, rates_):
    """The DelayedSystem of the rate equations: with one filter a pathway as many as pathways, else one a
    population; and one variable for each that adapts, and for each averaged one of short-term plasticity.

    What is filtered is s_k, the rate that arrives by pathway k, or u_a = sum_k (dr_a/ds_k) s_k of a
    population. Where cells adapt, r_a = (what is filtered) - beta_a a_a with slopes and beta at onset. A rate
    that passes short-term plasticity moves with the rate that is sent and with u and x.

    Parameters
    ----------
    slopes : mapping of str to float
        As `slopes_` has them.
    rates_ : mapping of str to float
        Hz.
    """
    names = reduced.populations
    adapting = [name for name in names if name in reduced.adaptation]
    pathways = [p for target in names for p in reduced.circuit.pathways(target) if not p.is_drive]
    steady = {name: float(np.asarray(reduced.gains[name].beta)) for name in adapting}
    beta, charge, tau = (
        np.array(values, dtype=float)
        for values in (
            [
                reduced.adaptation[name].onset_slope_(steady[name]) if rates_[name] > 0 else 0.0
                for name in adapting
            ],
            [reduced.adaptation[name].J_ for name in adapting],
            [reduced.adaptation[name].tau_ for name in adapting],
        )
    )
    onset = np.array(
        [
            slopes[p.label]
            / (1 - steady[p.target] * reduced.adaptation[p.target].J_ if p.target in steady else 1.0)
            for p in pathways
        ]
    )
    slow = PlasticStates(reduced, rates_)
    # d state/dt = A state + B (what comes in), what is filtered = C state: one state each, or a chain of
    # synapse and cell.
    A, B, C = reduced.dynamics.linear_(reduced, pathways, rates_)
    onto = np.array([[p.target == name for p in pathways] for name in names], dtype=float)
    if reduced.by_pathway:
        arriving, to_rate = B, (onto * onset) @ C
    else:
        firing = np.array([float(rates_[name] > 0) for name in names])
        arriving, to_rate = B @ (onto * onset), firing[:, None] * C
    own, chosen = len(A), np.array([[name == other for other in names] for name in adapting], dtype=float)
    chosen = chosen.reshape(len(adapting), len(names))
    rate = np.hstack([to_rate, -chosen.T * beta, np.zeros((len(names), slow.number))])
    J = np.zeros((rate.shape[1],) * 2)
    J[:own, :own] = A
    adapts, plastic = slice(own, own + len(adapting)), slice(own + len(adapting), None)
    J[adapts, :own] = (charge / tau)[:, None] * (chosen @ to_rate)
    J[adapts, adapts] = -np.diag((1 + charge * beta) / tau)
    J[plastic] = slow.driven @ rate
    J[plastic, plastic] += slow.own
    terms = []
    for p, column, moved in zip(pathways, arriving.T, slow.arriving(pathways)):
        sent = slow.at_once(p) * rate[names.index(p.source)]
        sent[plastic] += moved
        b = np.zeros(len(J))
        b[:own] = column
        terms.append(Delayed(b, sent, p.delays))
    return DelayedSystem(J, terms)
