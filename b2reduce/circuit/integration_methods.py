"""How a cell is integrated: the methods that are right for its equations."""

from __future__ import annotations

from ..basics.session import probe_group
from .neuron_names import plain_for_sympy

#: Explicit methods of second order or higher: safe to keep once conductances vary within a step.
SECOND_ORDER = ("rk2", "rk4", "gsl_rk2", "gsl_rk4", "gsl_rkf45", "gsl_rkck", "gsl_rk8pd")
#: Methods for equations with white noise; without it their drift is that of Euler's method.
NOISY = ("heun", "milstein")


def method_used(model, with_synapses):
    """The integration method that is tried first; see `NeuronModel.method_used`."""
    if not with_synapses:
        return model.method_alone
    if model.stochastic:
        return model.method if model.method in NOISY else "heun"
    return model.method if model.method in SECOND_ORDER else "rk2"


def method_alone(model):
    """The method for cells without synapses: exact where that is safe and Brian2 knows how."""
    if model.stochastic:
        return model.method if model.method not in (None, "exact") else "heun"
    if model.method not in (None, "exact"):
        return model.method
    if len(model.parsed.diff_eq_names) > 1 or not plain_for_sympy(model.state_variables):
        return "rk4"
    from brian2.stateupdaters.base import UnsupportedEquationsException

    group = probe_group(
        model.equations_with_input,
        method="exact",
        namespace=model.namespace,
        threshold=model.threshold,
        reset=model.reset,
        refractory=False if model.refractory is None else model.refractory,
    )
    try:
        group.state_updater.update_abstract_code(run_namespace={})
    except UnsupportedEquationsException:
        return "rk4"
    return "exact"
