"""Names, roles and units of a neuron, checked before anything runs.

Every fault is a message that names its key.
"""

from __future__ import annotations

import ast
import textwrap

import numpy as np

from ..basics.errors import unknown_name
from ..basics.session import probe_group
from ..basics.units import si_label
from .neuron_text import unit_of
from .roles import KEYWORD, role_value
from .unit_checks import unit_fault, wrong_unit

__all__ = ["check_model"]


#: Names with a meaning in Brian2's equations, besides functions, constants and units.
BUILTIN = frozenset(
    "t dt i N xi lastspike not_refractory unless refractory and or not True False t_in_timesteps".split()
)


def check_model(model):
    """Names, roles and units of a model, before anything runs."""
    _check_membrane(model)
    for role in ("leak", "leak_reversal", "capacitance"):
        _check_role(model, role)
    _check_dt(model)
    used = set().union(*(expression.identifiers for _, expression in model.parsed.eq_expressions))
    _check_input(model, used)
    used |= _names_in_code(model)
    _check_code(model)
    _check_refractory_time(model)
    assigned = _check_assigned(model)
    builtin = _check_symbols(model, used, assigned)
    _check_initial(model)
    _check_method_name(model)
    if fault := unit_fault(model, model.constants):
        raise wrong_unit(model, fault)
    _check_method(model)
    _ = model.capacitance_  # held against the equations, the leak with it
    _check_parameters_are_used(model, used, builtin)


def _check_membrane(model):
    """The membrane has a differential equation, in volt."""
    from brian2 import volt

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


def _check_role(model, role):
    """The leak, its reversal or the capacitance has the right unit and sign."""
    from brian2 import get_dimensions, meter, second, siemens, volt

    wanted = {"leak_reversal": {"V": volt.dim}, "leak": {"S": siemens.dim, "S/m^2": (siemens / meter**2).dim}}
    if getattr(model, role) is None and role != "leak_reversal":
        return
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
            where, f"got {value}, expected a positive {role if role == 'capacitance' else 'leak conductance'}"
        )


def _check_dt(model):
    from brian2 import get_dimensions, second

    if get_dimensions(model.dt) is not second.dim or float(model.dt) <= 0:
        raise model.error("dt", f"got {model.dt}, expected a positive time such as '0.1 ms'")


def _check_input(model, used):
    """The input stands on a right-hand side, is free to be set, and in the unit of a current."""
    from brian2 import get_dimensions

    if model.input not in used:
        raise model.error(
            "equations",
            f"the input {model.input!r} of [roles] does not appear on a right-hand side; write it into the"
            " membrane equation, or name the symbol that is the input",
        )
    if model.input in model.parsed and model.parsed[model.input].type != "parameter":
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


def _names_in_code(model):
    """Names in threshold, reset and refractory condition."""
    from brian2.utils.stringtools import get_identifiers

    code = [model.threshold, model.reset] + ([model.refractory] if isinstance(model.refractory, str) else [])
    return set().union(*(get_identifiers(text) for text in code))


def _check_code(model):
    """Threshold, reset and refractory condition can be read."""
    for key in ("threshold", "reset", "refractory"):
        text = getattr(model, key)
        if isinstance(text, str) and (text or key == "threshold"):
            try:
                ast.parse(textwrap.dedent(text), mode="exec" if key == "reset" else "eval")
            except SyntaxError as error:
                raise model.error(key, f"got {text!r}, which cannot be read: {error.msg}") from None


def _check_refractory_time(model):
    from brian2 import get_dimensions, second

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


def _check_assigned(model):
    """Names that the reset sets: variables, or names of its own that it reads again."""
    names = [node for node in ast.walk(ast.parse(textwrap.dedent(model.reset))) if isinstance(node, ast.Name)]
    assigned = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    for symbol in sorted(
        assigned - set(model.parsed.names) - {node.id for node in names if isinstance(node.ctx, ast.Load)}
    ):
        raise model.error(
            "reset",
            f"{model.reset!r} sets {symbol!r}:"
            f" {unknown_name('variable', symbol, sorted(model.parsed.diff_eq_names))}",
        )
    return assigned


def _check_symbols(model, used, assigned):
    """Every symbol has a meaning; returns those that Brian2 gives one."""
    from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
    from brian2.core.namespace import DEFAULT_UNITS

    known = set(model.parsed.names) | set(model.parameters) | {model.input, *assigned}
    builtin = set(DEFAULT_FUNCTIONS) | set(DEFAULT_CONSTANTS) | BUILTIN
    builtin |= {name for name in used if name.startswith("xi_")} | used & set(DEFAULT_UNITS)
    for symbol in sorted(used - known - builtin):
        hint = f"; for the unit write {unit}" if (unit := unit_of(symbol)) else ""
        raise model.error(
            "equations",
            f"{unknown_name('symbol', symbol, sorted(known))}; give it a value in [parameters]{hint}",
        )
    return builtin


def _check_initial(model):
    """Starting values are of state variables, in their units."""
    from brian2 import get_dimensions

    for symbol in model.initial:
        if symbol not in model.parsed.diff_eq_names:
            raise model.error(
                f"initial.{symbol}",
                unknown_name("state variable", symbol, sorted(model.parsed.diff_eq_names)),
            )
        if get_dimensions(model.initial[symbol]) is not model.parsed[symbol].dim:
            raise model.error(
                f"initial.{symbol}",
                f"got a value in {si_label(get_dimensions(model.initial[symbol]))}, "
                f"expected {si_label(model.parsed[symbol].dim)}",
            )


def _check_method_name(model):
    from brian2.stateupdaters.base import StateUpdateMethod

    if model.method is not None and model.method not in tuple(StateUpdateMethod.stateupdaters):
        raise model.error(
            "method",
            unknown_name("integration method", model.method, sorted(StateUpdateMethod.stateupdaters)),
        )


def _check_parameters_are_used(model, used, builtin):
    from brian2.utils.stringtools import get_identifiers

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
