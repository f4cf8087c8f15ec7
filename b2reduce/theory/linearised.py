"""The numbers of a threshold-linear network in a rate model."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import require
from ..basics.errors import InputError
from ..reduction.drives import constant_drives_
from ..reduction.reduced_circuit import ReducedCircuit
from .eigenvalues import membrane_tau_of

__all__ = ["check_not_plastic", "is_threshold_linear", "threshold_linear_numbers"]


def is_threshold_linear(reduced):
    """Whether a rate model is a threshold-linear network."""
    straight = all(gain.form == "threshold_linear" for gain in reduced.gains.values())
    return straight and reduced.kind.shift_law and not reduced.plastic


def check_not_plastic(reduced, what):
    """Refuse rate models whose synapses change with their rates."""
    plastic = [label for label, p in zip(reduced.circuit.labels, reduced.circuit.projections) if p.plasticity]
    if plastic:
        raise InputError(
            f"reduced: {', '.join(plastic)} has short-term plasticity, so that its input bends with the rate"
            f" and has variables of its own, which {what} does not; fixed_points and simulate_rates have it,"
            " or leave the plasticity out of the circuit and multiply the size by the mean release"
        )


def threshold_linear_numbers(reduced, drives=None):
    """Arguments of `ThresholdLinearNetwork` for a rate model with threshold-linear gains."""
    require(reduced, ReducedCircuit, "from_reduced, reduced")
    drives_ = constant_drives_(reduced, drives)
    names = reduced.populations
    check_not_plastic(reduced, "a threshold-linear network")
    for name in names:
        if reduced.gains[name].form != "threshold_linear" or not reduced.kind.shift_law:
            raise InputError(
                f"population {name}: got a"
                f" {reduced.gains[name].form if reduced.kind.shift_law else reduced.level}"
                " gain, expected a threshold-linear one; reduce with level = 'linear'"
            )
    theta_ = dict(reduced.theta_)
    for target in names:
        for p in reduced.circuit.pathways(target):
            if p.is_drive:
                theta_[target] -= reduced.weight_(p) * drives_[p.source, target]
    W_ = reduced.W_
    tau_ = [
        float(np.asarray(reduced.tau[name])) if name in reduced.tau else membrane_tau_of(reduced, name)
        for name in names
    ]
    return dict(
        W=[[W_[target, source] for source in names] for target in names],
        theta=[theta_[name] for name in names],
        tau=tau_,
        names=names,
        beta=[float(np.asarray(reduced.gains[name].beta)) for name in names],
    )
