"""A cell's integrator, threshold and reset as C++, from Brian2's own code generation."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

import numpy as np

from ...basics.session import brian_session
from ...circuit.spike_counts import condition_of, is_watched
from .hoisting import Hoister
from .rendering import NotExpressible, renderer

__all__ = ["CellCode", "cell_code"]


@dataclass(frozen=True)
class CellCode:
    """Statements of one cell and one time step; names of the equations have m_ before them.

    Attributes
    ----------
    once, each_step : list of str
        What all cells share: for ever, and at a time.
    update, threshold, watch, reset : list of str
        Of a cell. The threshold sets ``m__cond``, `watch` ``m__above``.
    invariants : dict of str to (str, bool)
        What depends on a cell's constants alone, by name: its expression, and whether that differs while the
        cell is refractory.
    jumps : list of dict of str to str
        Of each synapse: what an event adds to which variables.
    held : set of str
        Variables that stay as they are while the cell is refractory.
    draws : list of str
        "rand" or "randn", in the order of the numbers ``drawn_0``, ``drawn_1``...
    constants : dict of str to float
    parameters, variables : tuple of str
        What is given, and the state.
    method : str
        Of integration.
    refractory : bool
    autonomous : bool
        Neither time nor chance appears: a state that comes back brings the same future.
    """

    once: list
    each_step: list
    update: list
    threshold: list
    watch: list
    reset: list
    invariants: dict
    jumps: list
    held: set
    draws: list
    constants: dict
    parameters: tuple
    variables: tuple
    method: str
    refractory: bool
    autonomous: bool


def cell_code(model, per_cell, synapses, dt_, method=None, poisson=None):
    """The CellCode of a model with synapses.

    Parameters
    ----------
    model : NeuronModel
    per_cell : sequence of str
        Parameters that every cell has its own value of.
    synapses : mapping of str to Synapse
        By label.
    dt_ : float
    method : str, optional
        Integration method; by default the model's.
    poisson : sequence of str, optional
        Labels of those on which Poisson events arrive; by default all.

    Raises
    ------
    NotExpressible
        If the equations call a function that has no native form, or have events of their own.
    """
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
    from brian2.codegen.translation import make_statements
    from brian2.core.variables import Constant

    poisson = list(synapses) if poisson is None else list(poisson)
    written = model.cell_equations(synapses, per_cell=per_cell, poisson=poisson, method=method)
    render = renderer().render_expr
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
                        Hoister(fixed, invariants).visit(ast.parse(statement.expr, mode="eval").body)
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
        held = {name for name in variables if group.variables[name].conditional_write is not None}
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
    return CellCode(
        **lines,
        invariants=kept,
        jumps=[{f"m_{name}": size for name, size in own_jumps.items()} for own_jumps in jumps],
        held={f"m_{name}" for name in held},
        draws=draws,
        constants=constants,
        parameters=parameters,
        variables=variables,
        method=written.method,
        refractory=written.refractory is not False,
        autonomous=timeless and not draws,
    )
