"""What is summed over synapses at every step, where it is a sum of linear time courses.

A variable y of every synapse with y' = -y/tau, whose sum of c y is a parameter of the target, is one
variable of the target with the same equation, to which an event adds c times what it adds to y.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .algebra import expanded, names_of, read, replaced, symbol
from .events import NotRead
from .group_equations import Line
from .numbers_of_synapses import Places, numbers_of
from .object_names import base_of
from .scope import Scope
from .spread_values import same

__all__ = ["Sum", "sum_of"]


@dataclass(frozen=True)
class Sum:
    """
    Attributes
    ----------
    synapses : str
        The name of the Synapses object.
    target : str
        The name of the group.
    variables : dict of str to str
        {variable of the synapse: that of the target which stands for all of them}.
    coefficient : sympy expression
        What of the first of them is summed, for each synapse.
    lines : dict of str to Line
        Of the target: equations of these variables, and the parameter as their sum.
    values_ : dict of str to ndarray
        What they are now in every cell of the target, SI.
    constants : dict of str to (float, Dimension)
        In these equations.
    """

    synapses: str
    target: str
    variables: dict
    coefficient: Any
    lines: dict
    values_: dict
    constants: dict = field(default_factory=dict)

    def taken_into(self, event):
        """Turn what an event changes of the synapse's variables into increments of the target's."""
        for own, lifted in self.variables.items():
            if own in event.changes:
                added = expanded(event.changes.pop(own) - symbol(own))
                event.increments[lifted] = expanded(self.coefficient * added)


def sum_of(updater, namespace):
    """The `Sum` of a summed variable.

    Raises
    ------
    NotRead
        If it is no such sum, with the reason.
    """
    synapses = updater.group.__repr__.__self__
    parameter = updater.target_varname.removesuffix("_post")
    if parameter == updater.target_varname:
        raise NotRead("is summed in the source")
    places = Places(synapses, Scope(synapses, namespace))
    slopes = _slopes(synapses)
    expression = _written_out(updater.expression.code, synapses)
    first = sorted(names_of(expression) & set(slopes))
    states = _closed(first, slopes)
    if not states:
        raise NotRead("follows no variable of the synapse that decays")
    coefficients = _linear(expression, states, "what is summed")
    one = next(name for name in states if coefficients[name] != 0)
    ratios = {name: _number(coefficients[name] / coefficients[one], places) for name in states}
    return _built(synapses, places, parameter, states, slopes, one, coefficients[one], ratios)


def _built(synapses, places, parameter, states, slopes, one, coefficient, ratios):
    from brian2 import get_dimensions, second

    target = base_of(synapses.target)
    dim = target.variables[parameter].dim / synapses.variables[one].dim
    names = {name: f"{name}_in_{parameter}" for name in states}
    lines, constants = {}, {}
    dims = {name: dim * synapses.variables[name].dim for name in states}
    for name in states:
        terms = []
        for other, entry in _linear(slopes[name], states, f"d{name}/dt").items():
            value = _number(entry, places)
            if value:
                constant = f"rate_{name}_{other}_{parameter}"
                constants[constant] = value, dims[name] / dims[other] / get_dimensions(second)
                terms.append(f"{constant}*{names[other]}")
        lines[names[name]] = Line("differential", names[name], " + ".join(terms) or "0", dims[name])
    total = []
    for name, ratio in ratios.items():
        if ratio:
            constant = f"share_{name}_{parameter}"
            constants[constant] = ratio, target.variables[parameter].dim / dims[name]
            total.append(f"{constant}*{names[name]}")
    lines[parameter] = Line("subexpression", parameter, " + ".join(total), target.variables[parameter].dim)
    i, j = (np.asarray(synapses.variables[f"_synaptic_{end}"].get_value()) for end in ("pre", "post"))
    share = np.broadcast_to(numbers_of(coefficient, places, i, j), j.shape)
    values_ = {
        names[name]: np.bincount(
            j, weights=share * np.asarray(synapses.variables[name].get_value()), minlength=int(target.stop)
        )
        for name in states
    }
    return Sum(synapses.name, target.name, names, coefficient, lines, values_, constants)


def _equations(synapses):
    lines = {}
    for equations in (synapses.equations, synapses.event_driven):
        lines.update({} if equations is None else equations)
    return lines


def _slopes(synapses):
    """{variable: its time derivative} of the variables of a synapse."""
    from brian2 import Equations

    found = Equations(list(_equations(synapses).values())).get_substituted_expressions()
    return {name: read(each.code) for name, each in found}


def _written_out(text, synapses):
    """The expression with the subexpressions of the synapse in place."""
    expression, lines = read(text), _equations(synapses)
    inner = {
        symbol(name): read(each.expr.code) for name, each in lines.items() if each.type == "subexpression"
    }
    for _ in inner:
        expression = replaced(expression, inner)
    return expression


def _closed(names, slopes):
    """Variables, and those that these follow."""
    found = list(names)
    for name in found:
        found.extend(sorted((names_of(slopes[name]) & set(slopes)) - set(found)))
    return found


def _linear(expression, states, what):
    """{state: its coefficient} of a linear expression."""
    import sympy

    found = {name: sympy.diff(expression, symbol(name)) for name in states}
    rest = expression.xreplace({symbol(name): sympy.Integer(0) for name in states})
    if expanded(rest) != 0 or any(names_of(each) & set(states) for each in found.values()):
        raise NotRead(f"is no sum of synapses: {what} is not linear")
    return found


def _number(expression, places):
    """The value of an expression that is the same for all synapses."""
    i = np.asarray(places.synapses.variables["_synaptic_pre"].get_value())
    j = np.asarray(places.synapses.variables["_synaptic_post"].get_value())
    value = numbers_of(expression, places, i, j)
    if not same(value):
        raise NotRead(f"has {expression} in it, which differs between synapses")
    return float(np.ravel(value)[0])
