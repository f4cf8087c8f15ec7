"""The equations of a cell without its synapses, line by line, as the user wrote what stays."""

from __future__ import annotations

import re

from ..basics.units import si_label
from .algebra import depends_on, names_of, number_of, read, symbol, written
from .group_equations import Line, text_of

__all__ = ["cell_lines", "equations_text", "input_among", "with_input"]


def cell_lines(equations, synaptic):
    """{name: Line} without the synaptic variables, and without what is 0 then."""
    import sympy

    zero = {symbol(name): sympy.Integer(0) for name in synaptic}
    lines, changed = {}, True
    for name, line in equations.lines.items():
        if name not in synaptic and line.kind != "parameter":
            lines[name] = line
    while changed:
        changed = False
        for name, line in list(lines.items()):
            expression = read(line.text)
            if not depends_on(expression, {each.name for each in zero}):
                continue
            left = expression.xreplace(zero)
            changed = True
            if line.kind == "subexpression" and left == 0:
                zero[symbol(name)] = sympy.Integer(0)
                del lines[name]
            else:
                lines[name] = Line(line.kind, name, written(left), line.dim, line.flags)
    return lines


def input_among(equations, values, capacitance_):
    """A parameter in ampere that enters dv/dt over the capacitance and nothing else: the input of the
    cell.
    """
    import sympy

    slope = equations.slopes[equations.membrane]
    constants_ = values.values_of(names_of(slope))
    elsewhere = " ".join([equations.threshold, equations.reset, str(equations.refractory)])
    others = [other for state, other in equations.slopes.items() if state != equations.membrane]
    for name in equations.parameters:
        if si_label(equations.lines[name].dim) not in ("A", "A/m^2") or re.search(rf"\b{name}\b", elsewhere):
            continue
        value = number_of(sympy.diff(slope, symbol(name)), constants_)
        alone = not any(depends_on(other, [name]) for other in others)
        if alone and value and abs(value * capacitance_ - 1) < 1e-9:
            return name
    return None


def with_input(lines, name, capacitance, membrane):
    """The lines with a current that excites, over the capacitance."""
    line = lines[membrane]
    text = f"{line.text} + {name}/{capacitance}"
    if not _is_sum(line.text):
        text = f"({line.text}) + {name}/{capacitance}"
    return {**lines, membrane: Line(line.kind, membrane, text, line.dim, line.flags)}


def _is_sum(text):
    """Whether a term can be added behind a text: not behind a condition."""
    return not re.search(r"\b(and|or|not|if)\b|[<>=]", text)


def equations_text(lines):
    """What a `NeuronModel` is given."""
    return "\n".join(text_of(line) for line in lines.values())
