"""The numbers of a threshold-linear network in a rate model."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import require
from ..basics.errors import InputError
from ..reduction.drives import constant_drives_
from ..reduction.reduced_circuit import ReducedCircuit
from .eigenvalues import membrane_tau_of

__all__ = ["threshold_linear_numbers"]


def threshold_linear_numbers(reduced, drives=None):
    """Arguments of `ThresholdLinearNetwork` for a rate model with threshold-linear gains."""
    require(reduced, ReducedCircuit, "from_reduced, reduced")
    drives_ = constant_drives_(reduced, drives)
    names = reduced.populations
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
