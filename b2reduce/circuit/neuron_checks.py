"""Names, roles and units of a neuron, checked before anything runs.

Every fault is a message that names its key.
"""

from __future__ import annotations

import ast
import re
import textwrap

import numpy as np

from ..basics.errors import unknown_name
from ..basics.session import probe_group
from ..basics.units import si_label
from .neuron_text import unit_of
from .roles import KEYWORD, role_value

__all__ = ["check_model", "first_line"]


def first_line(error):
    """The gist of a Brian2 error, whose cause chain carries the useful sentence last."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    for item in reversed(seen):
        lines = [line.strip() for line in str(item).splitlines() if line.strip()]
        if lines:
            return lines[0]
    return type(seen[0]).__name__


def check_model(model):
    """Names, roles and units of a model, before anything runs."""
    import brian2
    from brian2 import get_dimensions, second, volt
    from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
    from brian2.core.namespace import DEFAULT_UNITS
    from brian2.stateupdaters.base import StateUpdateMethod
    from brian2.utils.stringtools import get_identifiers

    equations = model.parsed
    if model.membrane not in equations.diff_eq_names:
        raise model.error(
            "roles.membrane",
            f"got {model.membrane!r}, expected a variable with a differential equation: "
            f"{', '.join(sorted(equations.diff_eq_names)) or 'there is none'}",
        )
    if equations[model.membrane].dim is not volt.dim:
        raise model.error(
            "roles.membrane",
            f"{model.membrane!r} is in {si_label(equations[model.membrane].dim)}, expected V",
        )
    wanted = {
        "leak_reversal": {"V": volt.dim},
        "leak": {"S": brian2.siemens.dim, "S/m^2": (brian2.siemens / brian2.meter**2).dim},
    }
    for role in ("leak", "leak_reversal", "capacitance"):
        if getattr(model, role) is None and role != "leak_reversal":
            continue
        value = role_value(model, role)
        if value is None:
            raise model.error(f"roles.{role}", f"got none; say which is the {KEYWORD[role]}")
        dims = wanted.get(role) or {
            si_label(model.conductance_dim * second.dim): model.conductance_dim * second.dim
        }
        where = (
            f"parameters.{getattr(model, role)}"
            if str(getattr(model, role)) in model.parameters
            else f"roles.{role}"
        )
        if get_dimensions(value) not in dims.values():
            raise model.error(
                where,
                f"got a value in {si_label(get_dimensions(value))} for the {role.replace('_', ' ')}, expected"
                f" {' or '.join(dims)}"
                f"{f' (the leak is in {si_label(model.conductance_dim)})' if role == 'capacitance' else ''}",
            )
        if (
            role != "leak_reversal"
            and not float(np.asarray(value)) > 0
            and not (role == "leak" and float(np.asarray(value)) == 0)
        ):
            raise model.error(
                where,
                f"got {value}, expected a positive {role if role == 'capacitance' else 'leak conductance'}",
            )
    if get_dimensions(model.dt) is not second.dim or float(model.dt) <= 0:
        raise model.error("dt", f"got {model.dt}, expected a positive time such as '0.1 ms'")

    used = set()
    for _, expression in equations.eq_expressions:
        used |= set(expression.identifiers)
    if model.input not in used:
        raise model.error(
            "equations",
            f"the input {model.input!r} of [roles] does not appear on a right-hand side; write it into the"
            " membrane equation, or name the symbol that is the input",
        )
    if model.input in equations and equations[model.input].type != "parameter":
        raise model.error(
            "roles.input",
            f"{model.input!r} has an equation of its own; the input must be free for b2reduce to set",
        )
    if (
        model.input in model.parameters
        and get_dimensions(model.constants[model.input]) is not model.current_dim
    ):
        raise model.error(
            f"parameters.{model.input}",
            f"got a value in {si_label(get_dimensions(model.constants[model.input]))}, "
            f"expected {si_label(model.current_dim)}",
        )
    code = [model.threshold, model.reset] + ([model.refractory] if isinstance(model.refractory, str) else [])
    for text in code:
        used |= set(get_identifiers(text))
    for key in ("threshold", "reset", "refractory"):
        text = getattr(model, key)
        if isinstance(text, str) and (text or key == "threshold"):
            try:
                ast.parse(textwrap.dedent(text), mode="exec" if key == "reset" else "eval")
            except SyntaxError as error:
                raise model.error(key, f"got {text!r}, which cannot be read: {error.msg}") from None
    if not isinstance(model.refractory, (str, type(None))) and (
        isinstance(model.refractory, bool)
        or get_dimensions(model.refractory) is not second.dim
        or not float(model.refractory) >= 0
    ):
        raise model.error(
            "refractory",
            f"got {model.refractory!r}, expected a time of at least 0 s such as '2 ms', the name of a"
            " parameter, or a condition",
        )
    names = [node for node in ast.walk(ast.parse(textwrap.dedent(model.reset))) if isinstance(node, ast.Name)]
    assigned = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    for symbol in sorted(
        assigned - set(equations.names) - {node.id for node in names if isinstance(node.ctx, ast.Load)}
    ):
        raise model.error(
            "reset",
            f"{model.reset!r} sets {symbol!r}:"
            f" {unknown_name('variable', symbol, sorted(equations.diff_eq_names))}",
        )
    known = set(equations.names) | set(model.parameters) | {model.input, *assigned}
    builtin = (
        set(DEFAULT_FUNCTIONS)
        | set(DEFAULT_CONSTANTS)
        | {
            "t",
            "dt",
            "i",
            "N",
            "xi",
            "lastspike",
            "not_refractory",
            "unless",
            "refractory",
            "and",
            "or",
            "not",
            "True",
            "False",
            "t_in_timesteps",
        }
        | {name for name in used if name.startswith("xi_")}
    )
    builtin |= used & set(DEFAULT_UNITS)
    for symbol in sorted(used - known - builtin):
        hint = f"; for the unit write {unit}" if (unit := unit_of(symbol)) else ""
        raise model.error(
            "equations",
            f"{unknown_name('symbol', symbol, sorted(known))}; give it a value in [parameters]{hint}",
        )
    for symbol in model.initial:
        if symbol not in equations.diff_eq_names:
            raise model.error(
                f"initial.{symbol}", unknown_name("state variable", symbol, sorted(equations.diff_eq_names))
            )
        if get_dimensions(model.initial[symbol]) is not equations[symbol].dim:
            raise model.error(
                f"initial.{symbol}",
                f"got a value in {si_label(get_dimensions(model.initial[symbol]))}, "
                f"expected {si_label(equations[symbol].dim)}",
            )
    if model.method is not None and model.method not in tuple(StateUpdateMethod.stateupdaters):
        raise model.error(
            "method",
            unknown_name("integration method", model.method, sorted(StateUpdateMethod.stateupdaters)),
        )
    if fault := _unit_fault(model, model.constants):
        raise _name_wrong_parameter(model, fault)
    _check_method(model)
    _ = model.capacitance_  # held against the equations, the leak with it
    named = {
        name
        for role in ("leak", "leak_reversal", "capacitance")
        if isinstance(getattr(model, role), str)
        for name in get_identifiers(getattr(model, role))
    }
    for symbol in model.parameters:
        if symbol not in used | named and symbol != model.input:
            raise model.error(
                f"parameters.{symbol}",
                f"{symbol!r} is used by no equation; it would have no effect. "
                f"Known symbols: {', '.join(sorted(used - builtin))}",
            )


def _unit_fault(model, constants):
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


def _check_method(model):
    """Refuse a method that Brian2 would refuse for these equations when it runs.

    "exact" is left to `method_used`, which takes another where it must.
    """
    from brian2.stateupdaters.base import UnsupportedEquationsException

    if model.method in (None, "exact", *([] if model.stochastic else ["euler", "rk2", "rk4", "heun"])):
        return  # these integrate whatever has no noise
    group = probe_group(
        model.equations_with_input,
        method=model.method,
        namespace=model.namespace,
        threshold=model.threshold,
        reset=model.reset,
        refractory=False if model.refractory is None else model.refractory,
    )
    try:
        group.state_updater.update_abstract_code(run_namespace={})
    except UnsupportedEquationsException:
        raise model.error(
            "method",
            f"got {model.method!r}, which Brian2 cannot use for these equations; leave it out, or write "
            f"{'heun' if model.stochastic else 'rk4'}",
        ) from None


def _identifiers(model):
    from brian2.utils.stringtools import get_identifiers

    assigned = (
        set(re.findall(r"^\s*(\w+)\s*=(?!=)", model.reset, flags=re.M))
        - set(model.parameters)
        - set(model.parsed.names)
    )
    condition = get_identifiers(model.refractory) if isinstance(model.refractory, str) else set()
    return get_identifiers(model.threshold) | (get_identifiers(model.reset) - assigned) | condition


def _name_wrong_parameter(model, fault):
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
                if _unit_fault(model, trial) is None:
                    found.append((symbol, get_dimensions(value), dim))
    if len(found) == 1:
        symbol, got, expected = found[0]
        return model.error(
            f"parameters.{symbol}",
            f"got a value in {si_label(got)} ({model.parameters[symbol]}), "
            f"expected {si_label(expected)} for the equations to agree",
        )
    return model.error("equations", f"units do not agree: {fault}")
