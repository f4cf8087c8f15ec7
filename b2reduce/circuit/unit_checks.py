"""Units of a neuron's equations, and which parameter's unit is the wrong one where they do not agree."""

from __future__ import annotations

import re

import numpy as np

from ..basics.session import probe_group
from ..basics.units import si_label
from .brian_errors import first_line

__all__ = ["unit_fault", "wrong_unit"]


def unit_fault(model, constants):
    """None if all units agree, else the first line of what Brian2 says."""
    from brian2 import second
    from brian2.equations.unitcheck import check_units_statements
    from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions

    namespace = {
        key: value for key, value in constants.items() if key != model.input and key not in model.parsed
    }
    refractory = False if model.refractory is None else model.refractory
    try:
        group = probe_group(
            model.equations_with_input,
            threshold=model.threshold,
            reset=model.reset,
            refractory=refractory,
            method=model.method or "euler",
            namespace=namespace,
        )
        group.equations.check_units(group, run_namespace={})
        variables = {
            **group.variables,
            **group.resolve_all(set(_identifiers(model)) - set(group.variables), run_namespace={}),
        }
        parse_expression_dimensions(model.threshold, variables)
        if not is_boolean_expression(model.threshold, variables):
            return f"threshold = {model.threshold!r} is a value, expected a condition such as 'v > V_th'"
        check_units_statements(model.reset, variables)
        if isinstance(refractory, str):
            dim = parse_expression_dimensions(refractory, variables)
            if dim is not second.dim and not is_boolean_expression(refractory, variables):
                return (
                    f"refractory = {refractory!r} is in {si_label(dim)}, expected a time in s or a condition"
                )
    except Exception as error:
        return first_line(error)
    return None


def _identifiers(model):
    from brian2.utils.stringtools import get_identifiers

    assigned = (
        set(re.findall(r"^\s*(\w+)\s*=(?!=)", model.reset, flags=re.M))
        - set(model.parameters)
        - set(model.parsed.names)
    )
    condition = get_identifiers(model.refractory) if isinstance(model.refractory, str) else set()
    return get_identifiers(model.threshold) | (get_identifiers(model.reset) - assigned) | condition


def wrong_unit(model, fault):
    """Find the one parameter whose unit, if it were another, would make everything agree."""
    import brian2
    from brian2 import Quantity, get_dimensions

    candidates = [
        unit.dim
        for unit in (brian2.volt, brian2.amp, brian2.siemens, brian2.farad, brian2.second, brian2.hertz)
    ]
    candidates += [(unit / brian2.meter**2).dim for unit in (brian2.amp, brian2.siemens, brian2.farad)]
    candidates.append(brian2.volt.dim / brian2.volt.dim)
    found = []
    for symbol, value in model.constants.items():
        for dim in candidates:
            if dim is not get_dimensions(value):
                trial = {**model.constants, symbol: Quantity(float(np.asarray(value)), dim=dim)}
                if unit_fault(model, trial) is None:
                    found.append((symbol, get_dimensions(value), dim))
    if len(found) == 1:
        symbol, got, expected = found[0]
        return model.error(
            f"parameters.{symbol}",
            f"got a value in {si_label(got)} ({model.parameters[symbol]}), "
            f"expected {si_label(expected)} for the equations to agree",
        )
    return model.error("equations", f"units do not agree: {fault}")
