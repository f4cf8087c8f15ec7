"""C++ for the native engine, from Brian2's own code generation.

Any equation, method and function that it can render.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from ...basics.session import brian_session
from ...circuit.spike_counts import condition_of, is_watched

__all__ = ["LANES", "MOST_ENTRIES", "KernelSource", "NotExpressible", "generate"]

LANES = 16  # cells side by side: two AVX-512 or four AVX2 registers, whose latencies hide one another
MOST_ENTRIES = 24  # of the table of Poisson probabilities; beyond it events are counted one by one
#: Functions of equations that the kernel has; a model that calls another is left to Brian2.
FUNCTIONS = {
    "exp": "exp",
    "log": "log",
    "log10": "log10",
    "log1p": "log1p",
    "expm1": "expm1",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "abs": "fabs",
    "ceil": "ceil",
    "floor": "floor",
    "sign": "sign",
    "clip": "clip",
    "exprel": "exprel",
    "int": "int_",
    "timestep": "timestep",
}
RANDOM = ("rand", "randn")  # a new number at each call, each step and each cell; xi is written with randn


class NotExpressible(Exception):
    """Equations that the native engine leaves to Brian2; the message says why."""


@dataclass(frozen=True)
class KernelSource:
    """A kernel's text, and the order in which it is given values; names as in the equations."""

    text: str
    constants: dict
    parameters: tuple
    variables: tuple
    method: str
    autonomous: bool  #: neither time nor chance appears: a state that comes back brings the same future


@lru_cache(maxsize=1)
def _renderer():
    from brian2.parsing.rendering import CPPNodeRenderer

    class Renderer(CPPNodeRenderer):
        """C++ on doubles without branches or integer conversions, which would keep the compiler from using
        vectors.
        """

        def __init__(self):
            super().__init__(auto_vectorise=set())

        def render_Name(self, node):
            return f"m_{node.id}"

        render_NameConstant = render_Name

        def render_Constant(self, node):
            return (
                {True: "1.0", False: "0.0"}[node.value]
                if isinstance(node.value, bool)
                else repr(float(node.value))
            )

        render_Num = render_Constant

        def render_Call(self, node):
            if node.func.id in RANDOM:
                return f"{node.func.id}()"
            if node.func.id not in FUNCTIONS:
                raise NotExpressible(f"the function {node.func.id}() has no native form")
            arguments = ", ".join(self.render_node(argument) for argument in node.args)
            if node.func.id == "int" and _is_boolean(node.args[0]):
                return f"(({arguments}) != 0 ? 1.0 : 0.0)"
            return f"{FUNCTIONS[node.func.id]}({arguments})"

        def render_BinOp(self, node):
            forms = {
                ast.Pow: "pow({0}, {1})",
                ast.Div: "({0} / {1})",
                ast.FloorDiv: "floor({0} / {1})",
                ast.Mod: "({0} - {1} * floor({0} / {1}))",
            }
            if type(node.op) not in forms:
                # Renders both sides itself: twice at every level of a long sum takes for ever
                return super().render_BinOp(node)
            left, right = (
                self.render_element_parentheses(node.left),
                self.render_element_parentheses(node.right),
            )
            power = _number(node.right) if isinstance(node.op, ast.Pow) else None
            if power is not None and power == int(power) and abs(power) <= 64:
                return f"power<{int(power)}>({left})"
            return forms[type(node.op)].format(left, right)

        def render_BoolOp(self, node):
            sign = " & " if isinstance(node.op, ast.And) else " | "
            return "(" + sign.join(f"(({self.render_node(value)}) != 0)" for value in node.values) + ")"

        def render_UnaryOp(self, node):
            return (
                f"(({self.render_node(node.operand)}) == 0)"
                if isinstance(node.op, ast.Not)
                else super().render_UnaryOp(node)
            )

    return Renderer()


def _number(node):
    """The value of a literal, with its sign; None if it is something else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) else None


def _is_boolean(node):
    return (
        isinstance(node, (ast.Compare, ast.BoolOp))
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        or (isinstance(node, ast.Name) and node.id == "not_refractory")
    )


def _is_refractory_switch(node):
    return (
        isinstance(node, ast.Call)
        and node.func.id == "int"
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == "not_refractory"
    )


class _Hoister(ast.NodeTransformer):
    """Takes what depends on a cell's constants alone out of the time loop, and turns divisions by it into
    products.

    The switch `int(not_refractory)` counts as constant: such values are computed for both of its states.
    """

    def __init__(self, fixed, invariants):
        self.fixed, self.invariants = fixed, invariants

    def settled(self, node):
        if isinstance(node, ast.Name):
            return node.id in self.fixed
        if isinstance(node, ast.Call):
            return (
                _is_refractory_switch(node)
                or node.func.id not in RANDOM
                and all(map(self.settled, node.args))
            )
        return isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Constant)) and all(
            self.settled(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        )

    def keep(self, node):
        return ast.Name(
            self.invariants.setdefault(ast.unparse(node), f"fixed_{len(self.invariants)}"), ast.Load()
        )

    def visit(self, node):
        if isinstance(node, (ast.BinOp, ast.Call)) and self.settled(node) and not _is_refractory_switch(node):
            return self.keep(node)
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and self.settled(node.right)
            and _number(node.right) is None
        ):
            return ast.BinOp(
                self.visit(node.left),
                ast.Mult(),
                self.keep(ast.BinOp(ast.Constant(1.0), ast.Div(), node.right)),
            )
        return self.generic_visit(node)


def _of_lane(expression, parameters):
    """An expression where every parameter is the array over the cells side by side."""
    return re.sub(
        r"\bm_(\w+)", lambda match: f"{match[0]}_[l]" if match[1] in parameters else match[0], expression
    )


def generate(model, per_cell, synapses, dt_, method=None):
    """The kernel of a model.

    Parameters
    ----------
    model : NeuronModel
    per_cell : sequence of str
        Parameters that every cell has its own value of.
    synapses : mapping of str to Synapse
        Of the sources, by label.
    dt_ : float
    method : str, optional
        Integration method; by default the model's.

    Raises
    ------
    NotExpressible
        If the equations call a function that the kernel lacks, or have events of their own.
    """
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
    from brian2.codegen.translation import make_statements
    from brian2.core.variables import Constant
    from jinja2 import Environment, StrictUndefined

    written = model.cell_equations(synapses, per_cell=per_cell, poisson=list(synapses), method=method)
    render = _renderer().render_expr
    lines, constants, invariants = (
        {"once": [], "each_step": [], "update": [], "threshold": [], "watch": [], "reset": []},
        {},
        {},
    )
    with brian_session() as brian2:
        group = brian2.NeuronGroup(
            1,
            written.equations,
            threshold=written.threshold,
            reset=written.reset,
            refractory=written.refractory,
            method=written.method,
            namespace=written.namespace,
            dt=dt_ * brian2.second,
            codeobj_class=NumpyCodeObject,
        )
        for item in group.contained_objects:
            item.codeobj_class = NumpyCodeObject
        brian2.Network(group).run(0 * brian2.second, namespace={})
        if group.events.keys() != {"spike"} or any(
            eq.type == "parameter" and eq.var_type != "float" for eq in model.parsed.values()
        ):
            raise NotExpressible("the equations have events or integer parameters of their own")
        if any("constant over dt" in eq.flags for eq in model.parsed.values()):
            raise NotExpressible("a subexpression is held constant over dt")
        own = set(group.equations.parameter_names) - {"lastspike", "not_refractory"}
        fixed = own | {"dt", *written.namespace}
        thresholder = group.thresholder["spike"]
        for piece, runner, code in (
            ("update", group.state_updater, None),
            ("threshold", thresholder, None),
            ("reset", group.resetter.get("spike"), None),
            ("watch", thresholder, f"_above = {condition_of(model)}" if is_watched(model) else ""),
        ):
            code = runner.abstract_code if code is None and runner is not None else code
            if not code:
                continue
            variables = {**group.variables, **runner.codeobj.variables}
            scalar, vector = make_statements(code, variables, np.float64, optimise=True, blockname=piece)
            found = {
                name: float(variable.get_value())
                for name, variable in variables.items()
                if isinstance(variable, Constant) and name != "N"
            }
            constants.update(found)
            fixed |= set(found)
            for statement in scalar:
                timely = re.search(r"\bt(_in_timesteps)?\b", statement.expr)
                fixed |= set() if timely else {statement.var}
                lines["each_step" if timely else "once"].append(
                    f"const double m_{statement.var} = {render(statement.expr)};"
                )
            for statement in vector:
                # A reset runs only where a cell fired: there is nothing to gain by taking anything out of it.
                expression = (
                    statement.expr
                    if piece in ("watch", "reset")
                    else ast.unparse(
                        _Hoister(fixed, invariants).visit(ast.parse(statement.expr, mode="eval").body)
                    )
                )
                declared = (
                    "" if statement.op != ":=" else "const double " if statement.constant else "double "
                )
                value = render(expression)
                if (
                    piece == "update"
                    and getattr(variables.get(statement.var), "conditional_write", None) is not None
                ):
                    # Brian2 writes what is held while refractory only outside of it; a reset may always
                    # write.
                    value = f"m_not_refractory != 0 ? {value} : m_{statement.var}"
                lines[piece].append(
                    f"{declared}m_{statement.var} {'=' if statement.op == ':=' else statement.op} {value};"
                )
        variables = tuple(sorted(group.equations.diff_eq_names))
    draws = []

    def draw(call):
        draws.append(call.group(1))
        return f"drawn_{len(draws) - 1}"

    for piece in ("update", "threshold", "reset"):
        lines[piece] = [re.sub(r"\b(randn?)\(\)", draw, line) for line in lines[piece]]
    if any(re.search(r"\brandn?\(\)", line) for piece in ("once", "each_step") for line in lines[piece]):
        raise NotExpressible("a random number is shared by all cells")
    jumps = [
        {name: render(size) for name, size in synapse.jumps(label, model).items()}
        for label, synapse in synapses.items()
    ]
    kept = {f"m_{name}": (render(text), "not_refractory" in text) for text, name in invariants.items()}
    code = [line for piece in lines.values() for line in piece]
    sizes = [size for own_jumps in jumps for size in own_jumps.values()]
    mentioned = set(re.findall(r"m_(\w+)", " ".join([*code, *(text for text, _ in kept.values()), *sizes])))
    constants = {name: value for name, value in constants.items() if name in mentioned}
    parameters = tuple(sorted(name for name in own if name in mentioned))
    declared = set(re.findall(r"double m_(\w+) =", " ".join(code)))
    written_to = set(re.findall(r"^m_(\w+) \W*=", "\n".join(lines["reset"]), flags=re.M))
    known = {
        *constants,
        *parameters,
        *variables,
        *declared,
        *invariants.values(),
        "t",
        "dt",
        "lastspike",
        "not_refractory",
    }
    if unknown := (mentioned - known) | (written_to - {*variables, *declared, "not_refractory"}):
        raise NotExpressible(
            f"the equations use {', '.join(sorted(unknown))} in a way that has no native form"
        )
    timeless = not re.search(
        r"\bt(_in_timesteps)?\b", f"{model.equations}\n{model.threshold}\n{model.reset}\n{model.refractory}"
    )
    template = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        resources.files("b2reduce.cells.engine").joinpath("kernel.cpp").read_text(encoding="utf-8")
    )
    prefixed = lambda names: [f"m_{name}" for name in names]
    text = template.render(
        lanes=LANES,
        most_entries=MOST_ENTRIES,
        random=bool(synapses or draws),
        draws=draws,
        normals=[k for k, kind in enumerate(draws) if kind == "randn"],
        constants=prefixed(constants),
        parameters=prefixed(parameters),
        variables=prefixed(variables),
        sources=[
            [(f"m_{name}", _of_lane(size, parameters)) for name, size in own_jumps.items()]
            for own_jumps in jumps
        ],
        invariants=kept,
        refractory=written.refractory is not False,
        **lines,
    )
    return KernelSource(text, constants, parameters, variables, written.method, timeless and not draws)
