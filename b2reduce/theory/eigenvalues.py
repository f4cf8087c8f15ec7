"""How a rate model moves beside a state.

The eigenvalues of its linearisation, time constants and feedback included.
"""

from __future__ import annotations

import numpy as np

from ..reduction.inputs import arriving_rate
from .plastic_states import PlasticStates

__all__ = ["slopes_"]

MARGIN = 1e-6  # of the fastest decay: real parts closer to 0 than this are neither stable nor unstable


def membrane_tau_of(reduced, name):
    model = reduced.circuit.populations[name].model
    return model.capacitance_ / float(np.asarray(reduced.operating_g[name]))


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


def eigenvalues_at_(reduced, slopes, rates_):
    """Of the rate equations: with one filter a pathway as many as pathways, else one a population; and one
    for each that adapts, and for each averaged variable of short-term plasticity.

    What is filtered is s_k, the rate that arrives by pathway k, or u_a = sum_k (dr_a/ds_k) s_k of a
    population. Where cells adapt, r_a = (what is filtered) - beta_a a_a with slopes and beta at onset. A rate
    that passes short-term plasticity moves with the rate that is sent and with u and x.
    """
    names, adapting = (
        reduced.populations,
        [name for name in reduced.populations if name in reduced.adaptation],
    )
    pathways = [p for target in names for p in reduced.circuit.pathways(target) if not p.is_drive]
    steady = {name: float(np.asarray(reduced.gains[name].beta)) for name in adapting}
    beta = np.array(
        [
            reduced.adaptation[name].onset_slope_(steady[name]) if rates_[name] > 0 else 0.0
            for name in adapting
        ]
    )
    slopes = {
        p.label: (
            slopes[p.label]
            / (1 - steady[p.target] * reduced.adaptation[p.target].J_ if p.target in steady else 1.0)
        )
        for p in pathways
    }
    to_rate = np.array([[slopes[p.label] * (p.target == name) for p in pathways] for name in names]).reshape(
        len(names), len(pathways)
    )
    slow = PlasticStates(reduced, rates_)
    if reduced.by_pathway:
        sources = np.array(
            [[slow.at_once(p) * (p.source == name) for name in names] for p in pathways], dtype=float
        ).reshape(len(pathways), len(names))
    else:
        sources = np.array(
            [
                [
                    sum(
                        slopes[p.label] * slow.at_once(p)
                        for p in pathways
                        if (p.target, p.source) == (target, source)
                    )
                    for source in names
                ]
                for target in names
            ]
        )
        to_rate = np.diag([float(rates_[name] > 0) for name in names])
    # d state/dt = A state + B (what comes in), what is filtered = C state: one state each, or a chain of
    # synapse and cell.
    A, B, C = reduced.dynamics.linear_(reduced, pathways)
    J = A + B @ sources @ to_rate @ C
    to_rate = to_rate @ C
    if adapting:
        chosen = np.array([[name == other for other in names] for name in adapting], dtype=float)
        charge, tau = (
            np.array([getattr(reduced.adaptation[name], key) for name in adapting]) for key in ("J_", "tau_")
        )
        J = np.block(
            [
                [J, -(B @ sources @ chosen.T) * beta],
                [(charge / tau)[:, None] * (chosen @ to_rate), -np.diag((1 + charge * beta) / tau)],
            ]
        )
        to_rate = np.block([to_rate, -chosen.T * beta])
    if slow.number:
        arriving = slow.arriving(pathways)
        if not reduced.by_pathway:
            arriving = (
                np.array([[slopes[p.label] * (p.target == name) for p in pathways] for name in names])
                @ arriving
            )
        J = np.block(
            [
                [J, np.vstack([B @ arriving, np.zeros((len(adapting), slow.number))])],
                [slow.driven @ to_rate, slow.own],
            ]
        )
    values = np.linalg.eigvals(J) if len(J) else np.array([-np.inf + 0j])
    return values[np.lexsort((-values.imag, -values.real))].astype(complex)


def kind_of(eigenvalues, marginal=False):
    """What the linearised equations say."""
    real, slack = eigenvalues.real, MARGIN * np.max(np.abs(eigenvalues.real))
    if marginal or (abs(real[0]) <= slack):
        return "marginal"
    spirals = "focus" if abs(eigenvalues[0].imag) > slack else "node"
    if real[0] < 0:
        return f"stable {spirals}"
    if spirals == "focus":
        return "unstable focus"
    return "unstable node" if np.all(real > 0) else "saddle"
