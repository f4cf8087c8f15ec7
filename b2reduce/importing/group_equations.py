"""The equations of a group: its membrane, its slopes as expressions, and texts as the user wrote them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property

from .algebra import NotAlgebra, names_of, number_of, read, symbol
from .statements import statements_of

__all__ = ["GroupEquations", "Line", "NoMembrane", "poisson_rate_of"]

#: What a membrane without a unit is taken in, by the name of the parameter that says so.
UNIT = "v_unit"
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class NoMembrane(ValueError):
    """A group of which nobody can say which variable its membrane is, with the reason."""


@dataclass(frozen=True)
class Line:
    """One equation.

    Attributes
    ----------
    kind : {"differential", "subexpression", "parameter"}
    name, text : str
        The text of the right-hand side; empty of a parameter.
    dim : Dimension
    flags : tuple of str
    """

    kind: str
    name: str
    text: str
    dim: object
    flags: tuple = ()


def poisson_rate_of(group):
    """The text of a rate where the cells of a group fire at random, whatever their variables do; None of
    others.

    ``threshold="rand() < rates*dt"``.
    """
    from brian2.groups.neurongroup import NeuronGroup

    if not isinstance(group, NeuronGroup):
        return None
    match = re.fullmatch(
        r"\s*rand\(\)\s*<=?\s*(.+?)\s*\*\s*dt\s*|\s*rand\(\)\s*<=?\s*dt\s*\*\s*(.+?)\s*",
        group.events.get("spike") or "",
    )
    text = next(filter(None, match.groups())) if match else None
    moving = group.user_equations.diff_eq_names
    return None if text is None or names_of(read(text)) & set(moving) else text


class GroupEquations:
    """What a NeuronGroup says of its cells.

    Parameters
    ----------
    group : NeuronGroup
    scope : Scope

    Attributes
    ----------
    membrane : str
    unit_ : float
        What 1 of the membrane is in V: 1 where it is in volt.
    lines : dict of str to Line
        With a membrane in volt.
    threshold, reset : str
    refractory : str, Quantity or False
    """

    def __init__(self, group, scope):
        self.group, self.scope = group, scope
        kinds = {
            "differential equation": "differential",
            "subexpression": "subexpression",
            "parameter": "parameter",
        }
        self.lines = {
            name: Line(
                kinds[line.type],
                name,
                "" if line.expr is None else line.expr.code,
                line.dim,
                tuple(line.flags),
            )
            for name, line in group.user_equations.items()
        }
        self.threshold = group.events.get("spike") or ""
        self.reset = group.event_codes.get("spike", "") or ""
        self.refractory = group._refractory
        self.membrane = self._membrane()
        self.unit_ = 1.0
        if self.lines[self.membrane].dim.is_dimensionless:
            self._put_into_volts()

    @property
    def states(self):
        """Names with a differential equation."""
        return tuple(name for name, line in self.lines.items() if line.kind == "differential")

    @property
    def parameters(self):
        return tuple(name for name, line in self.lines.items() if line.kind == "parameter")

    @cached_property
    def slopes(self):
        """{state: its time derivative, with subexpressions written out}."""
        from brian2 import Equations

        text = "\n".join(text_of(line) for line in self.lines.values())
        try:
            found = Equations(text).get_substituted_expressions()
        except (TypeError, SyntaxError, AttributeError) as error:
            raise NotAlgebra(f"its equations cannot be read as formulas ({error})") from None
        return {name: read(expression.code) for name, expression in found if name in self.states}

    def _membrane(self):
        """The variable that fires when it rises over the threshold."""
        import sympy

        if not self.threshold:
            raise NoMembrane("it has no threshold and never spikes")
        condition = read(self.threshold)
        candidates = []
        for part in condition.atoms(sympy.core.relational.Relational):
            difference = part.lhs - part.rhs
            if isinstance(part, (sympy.StrictLessThan, sympy.LessThan)):
                difference = -difference
            candidates += [
                name
                for name in names_of(difference) & set(self.states)
                if _rises(difference, name, self.scope)
            ]
        candidates = list(dict.fromkeys(candidates))
        volts = [name for name in candidates if str(self.lines[name].dim) == "m^2 kg s^-3 A^-1"]
        candidates = volts or candidates
        if len(candidates) != 1:
            raise NoMembrane(
                f"its threshold {self.threshold!r} rises with"
                f" {' and '.join(sorted(candidates)) or 'no variable that has a differential equation'}, and"
                " the membrane is the one variable that crosses it upwards"
            )
        return candidates[0]

    def _put_into_volts(self):
        """Write the equations of a membrane without a unit as those of one in volt."""
        limit = number_of(self._crossing(), _values(self))
        # Such membranes go from 0 to 1, or are in millivolts
        self.unit_ = 1e-3 if limit is not None and abs(limit) > 5 else 1e-2
        name = self.membrane
        inside = lambda text: re.sub(rf"\b{re.escape(name)}\b", f"({name}/{UNIT})", text)
        from brian2 import volt

        self.lines = {
            key: Line(
                line.kind,
                key,
                f"{UNIT}*({inside(line.text)})" if key == name else inside(line.text),
                volt.dim if key == name else line.dim,
                line.flags,
            )
            for key, line in self.lines.items()
        }
        self.threshold = inside(self.threshold)
        if isinstance(self.refractory, str):
            self.refractory = inside(self.refractory)
        self.reset = _reset_in_volts(self.reset, name, inside)

    def _crossing(self):
        """What the membrane is compared with."""
        import sympy

        part = next(iter(read(self.threshold).atoms(sympy.core.relational.Relational)))
        return part.rhs if depends(part.lhs, self.membrane) else part.lhs


def depends(expression, name):
    return symbol(name) in expression.free_symbols


def text_of(line):
    """A line as Brian2 reads it."""
    from ..circuit.cell_equations import si_unit_name

    head = f"d{line.name}/dt" if line.kind == "differential" else line.name
    middle = "" if line.kind == "parameter" else f" = {line.text}"
    flags = f" ({', '.join(line.flags)})" if line.flags else ""
    return f"{head}{middle} : {si_unit_name(line.dim)}{flags}"


def _rises(difference, name, scope):
    import sympy

    slope = sympy.diff(difference, symbol(name))
    # Where it is no number its sign is that of a constant, which nobody writes negative
    value = number_of(slope, {})
    return value > 0 if value is not None else not slope.could_extract_minus_sign()


def _values(equations):
    return {
        name: equations.scope.value_(name)
        for name in names_of(equations._crossing()) - set(equations.lines)
        if not equations.scope.is_function(name)
    }


def _reset_in_volts(code, membrane, inside):
    lines = []
    for node in statements_of(code):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        text = inside(ast.unparse(node.value))
        sign = "=" if isinstance(node, ast.Assign) else f"{_SIGNS[type(node.op)]}="
        if target.id == membrane and not isinstance(getattr(node, "op", None), (ast.Mult, ast.Div)):
            text = f"{UNIT}*({text})"
        lines.append(f"{target.id} {sign} {text}")
    return "\n".join(lines)
