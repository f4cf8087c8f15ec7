"""What the variables and parameters of a neuron may be called."""

from __future__ import annotations

import builtins
import keyword
import re

from .allowed_nodes import FUNCTIONS, short

__all__ = ["plain_for_sympy", "check_names", "name_fault"]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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


def check_names(model, definitions):
    """Raise a `ModelError` unless every variable, parameter and the input have names of their own."""
    for name in definitions:
        if fault := name_fault(name, model.input):
            raise model.error("equations", f"the name {name!r} {fault}; rename it")
    for name in model.parameters:
        if fault := name_fault(name, model.input):
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
    if fault := name_fault(model.input, None):
        raise model.error("roles.input", f"the name {model.input!r} {fault}; rename it")


def name_fault(name, current):
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


def plain_for_sympy(names):
    """Whether sympy reads each name as a symbol.

    Brian2's exact integration gives it names as text, and E or beta come back as numbers.
    """
    import sympy

    return not any(hasattr(sympy, name) for name in names)
