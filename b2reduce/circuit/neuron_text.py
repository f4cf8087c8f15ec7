"""Texts and names of a neuron, read before Brian2 sees them.

What each line of the equations defines, and what nothing may be called.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import re
from dataclasses import dataclass

import numpy as np

from ..basics.errors import InputError
from ..basics.units import parse_quantity
from .grammar import FUNCTIONS, ExpressionError, folded, names_in, parse_expression, parse_statements, short

__all__ = ["Definition", "check_text", "parse_equations", "plain_for_sympy", "read_refractory", "unit_of"]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(
    r"\s*(?:d\s*([A-Za-z_]\w*)\s*/\s*dt|([A-Za-z_]\w*))\s*(?:=(?!=)([^:]*))?:([^:()]*)(?:\(([^()]*)\))?\s*",
    re.ASCII,
)
MOST_EQUATIONS = 500
MOST_NODES = 20_000  # of an equation with its subexpressions written out, as integrators write it
_MANY = 10**6  # as good as without end
MOST_TERMS = 500  # of an equation multiplied out, which Brian2 does in search of an exact method
FLAGS = {
    "differential": ("unless refractory",),
    "subexpression": ("shared", "constant over dt"),
    "parameter": ("constant", "shared"),
}
#: Names with a meaning of their own in Brian2's equations.
SPECIAL = {
    "t": "the time",
    "dt": "the time step",
    "t_in_timesteps": "the number of the step",
    "xi": "white noise",
    "i": "the number of the cell",
    "N": "the number of cells",
    "lastspike": "the time of the last spike",
    "pi": "a constant",
    "e": "Euler's number",
    "inf": "infinity",
    "count_from_syn": "a variable of b2reduce's synapses",
    "unless": "a word of flags",
    **dict.fromkeys(("refractory", "refractory_until", "not_refractory"), "the refractory state"),
    **dict.fromkeys(
        "owner scalar_code vector_code self variables codeobj_name".split(),
        "something else in the templates of Brian2's code",
    ),
}
#: Words of C++ and Cython that are none of Python.
_COMPILED = frozenset(
    "alignas alignof and_eq asm auto bitand bitor bool case catch char char8_t char16_t char32_t compl"
    " concept const const_cast consteval constexpr constinit co_await co_return co_yield decltype default"
    " delete do double dynamic_cast enum explicit export extern false float friend goto inline int long"
    " mutable namespace new noexcept not_eq nullptr operator or_eq private protected public register"
    " reinterpret_cast requires short signed sizeof static static_assert static_cast struct switch template"
    " this thread_local throw true typedef typeid typename union unsigned using virtual void volatile wchar_t"
    " xor xor_eq cdef cimport cpdef ctypedef include NULL DEF IF ELIF ELSE int8_t int16_t int32_t int64_t"
    " uint8_t uint16_t uint32_t uint64_t size_t bint object".split()
)


@dataclass(frozen=True)
class Definition:
    """What one line of the equations defines."""

    name: str
    kind: str  #: "differential", "subexpression" or "parameter"
    tree: object  #: the right-hand side; None of a parameter
    text: str
    unit: str
    flags: tuple


def parse_equations(text):
    """The definitions of equations with one a line and without comments, by name.

    Returns
    -------
    dict of str to Definition

    Raises
    ------
    ExpressionError
        If a line is no definition, a right-hand side no arithmetic, or the whole too large for Brian2 and
        sympy.
    """
    found = {}
    for line in text.split("\n"):
        if not line.strip():
            continue
        definition = _definition(line)
        if definition.name in found:
            raise ExpressionError(f"define {definition.name!r} twice; rename one of them")
        found[definition.name] = definition
    if len(found) > MOST_EQUATIONS:
        raise ExpressionError(f"got {len(found)} definitions, expected at most {MOST_EQUATIONS}")
    _check_size(found)
    return found


def _definition(line):
    bad = next((c for c in line if not (c.isascii() and (c.isprintable() or c == "\t"))), None)
    if bad is not None:
        raise ExpressionError(
            f"got {short(line)!r} with the character {bad!r}, expected plain ASCII letters, digits and"
            " operators"
        )
    match = _LINE.fullmatch(line)
    if not match:
        raise ExpressionError(
            f"got the line {short(line)!r}, expected one definition a line, "
            "such as 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit (constant)'"
        )
    derived, plain, expression, unit, flags = match.groups()
    if derived and expression is None:
        raise ExpressionError(
            f"got the line {short(line)!r}, expected a right-hand side after 'd{derived}/dt ='"
        )
    kind = "differential" if derived else "parameter" if expression is None else "subexpression"
    flags = tuple(" ".join(flag.split()) for flag in flags.split(",")) if flags is not None else ()
    for flag in flags:
        if flag not in FLAGS[kind]:
            raise ExpressionError(
                f"{derived or plain}: got the flag {short(flag)!r}, expected"
                f" {' or '.join(map(repr, FLAGS[kind]))}"
            )
    _check_unit(unit.strip(), derived or plain)
    try:
        tree = None if expression is None else parse_expression(expression)
    except ExpressionError as error:
        raise ExpressionError(f"{derived or plain}: {error}") from None
    return Definition(derived or plain, kind, tree, (expression or "").strip(), unit.strip(), flags)


def _check_unit(unit, name):
    """Raise unless a unit is products, quotients and small powers of names: Brian2 evaluates it."""
    refuse = ExpressionError(
        f"{name}: got the unit {short(unit)!r} after the colon, expected base units such as volt,"
        " amp/meter**2 or 1"
    )
    try:
        todo = [parse_expression(unit)]
    except ExpressionError:
        raise refuse from None
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            power = folded(node.right, unit)
            if power is None or abs(power) > 10:
                raise refuse
            todo.append(node.left)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            todo += [node.left, node.right]
        elif not isinstance(node, ast.Name) and not (isinstance(node, ast.Constant) and node.value == 1):
            raise refuse


def _check_size(definitions):
    """Raise if integrators, which write subexpressions out and multiply out, would not come to an end.

    Work out those that are numbers.
    """
    known, sizes = {}, {}
    waiting = {
        name: definition for name, definition in definitions.items() if definition.kind == "subexpression"
    }
    inner = {name: names_in(definition.tree) & set(waiting) for name, definition in waiting.items()}
    while waiting:
        ready = [name for name in waiting if not inner[name] & set(waiting)]
        if not ready:
            raise ExpressionError(
                f"{', '.join(sorted(waiting)[:5])}: subexpressions that define each other in a circle; "
                "only a differential equation may refer to itself"
            )
        for name in ready:
            sizes[name], value = _measured(waiting.pop(name), sizes, known)
            if value is not None:
                known[name] = value
    for definition in definitions.values():
        if definition.kind == "differential":
            _measured(definition, sizes, known)


def _measured(definition, sizes, known):
    """(size, value or None where it is no number) of one right-hand side."""
    nodes, terms = _size(definition.tree, sizes)
    if nodes > MOST_NODES or terms > MOST_TERMS:
        raise ExpressionError(
            f"{definition.name}: written out, with its subexpressions, and multiplied out it has {nodes:.3g}"
            f" parts in {terms:.3g} terms, expected at most {MOST_NODES} in {MOST_TERMS}; simplify it"
        )
    try:
        return (nodes, terms), folded(definition.tree, definition.text, known)
    except ExpressionError as error:
        raise ExpressionError(f"{definition.name}: {error}") from None


def _size(node, sizes):
    """(nodes, terms once multiplied out) of a tree; `sizes` has those of subexpressions."""
    if isinstance(node, ast.Name):
        return sizes.get(node.id, (1, 1))
    if isinstance(node, ast.Constant):
        return 1, 1
    if isinstance(node, ast.Call):
        parts = [_size(argument, sizes) for argument in node.args]
        return 1 + sum(n for n, _ in parts), max([t for _, t in parts], default=1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        (nodes, terms), (more, _) = _size(node.left, sizes), _size(node.right, sizes)
        power = abs(folded(node.right, "") or 0)
        return 1 + nodes + more, min(
            math.comb(terms + int(power) - 1, int(power)) if power and power == int(power) else terms, _MANY
        )
    parts = [_size(child, sizes) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    nodes, terms = min(1 + sum(n for n, _ in parts), _MANY), [t for _, t in parts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return nodes, min(terms[0] * terms[1], _MANY)
    # A denominator is multiplied out by itself
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return nodes, max(terms)
    return nodes, sum(terms)


def read_refractory(text):
    """A Quantity where the text is a number with a unit, else the text: an expression, the name of a
    parameter, or a condition.

    Raises
    ------
    InputError
        If it can be read as neither.
    """
    if not isinstance(text, str) or not re.match(r"\s*[+-]?\s*[\d.]", text):
        return text
    try:
        return parse_quantity(text)
    except InputError as error:
        try:
            parse_expression(text)
        except ExpressionError as fault:
            # "2 mss" is a time that is misspelt; "2*np.pi" an expression.
            raise (error if str(fault).startswith("cannot read") else fault) from None
        return text


def check_text(model):
    """Raise a `ModelError` with its key unless every text of a model is arithmetic and every name free.

    Nothing of a model may reach Brian2 or sympy before this.
    """
    key = "equations"
    try:
        definitions = parse_equations(model.equations)
        key = "threshold"
        parse_expression(model.threshold)
        key = "reset"
        statements = parse_statements(model.reset)
        key = "refractory"
        if isinstance(model.refractory, str):
            parse_expression(model.refractory)
    except ExpressionError as error:
        raise model.error(key, str(error)) from None
    for role in ("membrane", "input"):
        if not IDENTIFIER.fullmatch(getattr(model, role)):
            raise model.error(
                f"roles.{role}",
                f"got {short(getattr(model, role))!r}, expected a name of letters, digits and underscores",
            )
    _check_names(model, definitions)
    _check_targets(model, definitions, statements)


def _check_names(model, definitions):
    for name in definitions:
        if fault := _name_fault(name, model.input):
            raise model.error("equations", f"the name {name!r} {fault}; rename it")
    for name in model.parameters:
        if fault := _name_fault(name, model.input):
            raise model.error(
                f"parameters.{short(name)}",
                f"the name {short(name)!r} {fault}; its value would have no effect, rename it",
            )
        if name in definitions and definitions[name].kind != "parameter":
            what = "state variable" if definitions[name].kind == "differential" else "subexpression"
            raise model.error(
                f"parameters.{name}",
                f"{name!r} is a {what} of the equations as well, and the value would have no effect; "
                "rename one of them"
                + (", or put a starting value into [initial]" if what == "state variable" else ""),
            )
    if fault := _name_fault(model.input, None):
        raise model.error("roles.input", f"the name {model.input!r} {fault}; rename it")


def _name_fault(name, current):
    """What is wrong with calling a variable or parameter so, or None; `current` is the input of the model."""
    from brian2.core.namespace import DEFAULT_UNITS

    if not isinstance(name, str) or not IDENTIFIER.fullmatch(name):
        return "is no identifier, expected letters, digits and underscores"
    if name.startswith("_"):
        return "begins with an underscore, as only Brian2's own may"
    if keyword.iskeyword(name) or hasattr(builtins, name):
        return "is a word of Python, which Brian2 would take it for"
    if name in _COMPILED:
        return "is a word of C++ or Cython, which Brian2 writes its code in"
    if name.endswith(("_pre", "_post")):
        return "ends as the variables of synapses do"
    if name in SPECIAL or name.startswith("xi_"):
        return f"already means {SPECIAL.get(name, 'white noise')} for Brian2"
    if name in FUNCTIONS:
        return "is that of a function"
    if name in DEFAULT_UNITS:
        return "is that of a unit"
    if "_syn_" in name or re.fullmatch(r"table_\w+_to_\w+", name) or name == f"{current}_total":
        return "is reserved for synapses"
    return None


def unit_of(symbol):
    """How Brian2's equations call a unit that people abbreviate: ``"uvolt"`` for uV; None if it is none."""
    from brian2 import have_same_dimensions
    from brian2.core.namespace import DEFAULT_UNITS

    try:
        value = parse_quantity(f"1 {symbol.replace('Ohm', 'ohm')}")
    except InputError:
        return None
    equal = lambda unit: (
        have_same_dimensions(unit, value) and np.isclose(float(unit), float(value), rtol=1e-12)
    )
    same = [name for name, unit in DEFAULT_UNITS.items() if equal(unit)]
    return min(same, key=len, default=None)


def plain_for_sympy(names):
    """Whether sympy reads each name as a symbol.

    Brian2's exact integration gives it names as text, and E or beta come back as numbers.
    """
    import sympy

    return not any(hasattr(sympy, name) for name in names)


def _check_targets(model, definitions, statements):
    """A reset may set state variables, and names of its own."""
    local = set()
    for node in statements:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = target.id
        read = names_in(node.value) | ({name} if isinstance(node, ast.AugAssign) else set())
        kind = definitions[name].kind if name in definitions else None
        if kind == "differential" or name in local and not isinstance(node, ast.AugAssign):
            continue
        if kind == "subexpression":
            raise model.error(
                "reset",
                f"sets {name!r}, a subexpression, which follows from the equations; set a state variable",
            )
        if name in model.parameters or kind == "parameter" or name == model.input:
            raise model.error(
                "reset",
                f"sets {name!r}, a constant; make it a state variable by 'd{name}/dt = 0*{name}/second : ...'"
                " with its value in [initial]",
            )
        if fault := _name_fault(name, model.input):
            raise model.error("reset", f"sets {name!r}, a name that {fault}; set a state variable")
        if name in read:
            known = sorted(
                name for name, definition in definitions.items() if definition.kind == "differential"
            )
            raise model.error(
                "reset", f"reads {name!r} before it is set; known variables: {', '.join(known)}"
            )
        local.add(name)
