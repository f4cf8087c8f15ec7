"""Equations as expressions of sympy, with Brian2's reading of its own texts."""

from __future__ import annotations

import numpy as np

from ..basics.errors import CircuitError

__all__ = [
    "NUMERIC",
    "NotAlgebra",
    "depends_on",
    "draws",
    "expanded",
    "function_of",
    "names_of",
    "number_of",
    "read",
    "replaced",
    "rounded",
    "symbol",
    "valued",
    "written",
]


_NO_ARGUMENT = "_placeholder_arg"
#: Functions of Brian2's that its reading leaves to whoever asks for a value, by their names there.
NUMERIC = {
    "sqrt": np.sqrt,
    "clip": np.clip,
    "int_": lambda value: np.asarray(value).astype(int),
    "expm1": np.expm1,
    "log1p": np.log1p,
    "log10": np.log10,
}


class NotAlgebra(CircuitError):
    """A text that Brian2 may run and that is no formula."""


def symbol(name):
    """The symbol of a name, as Brian2's reading has it."""
    import sympy

    # Brian2 takes times as positive
    return (
        sympy.Symbol(name, real=True, positive=True) if name in ("t", "dt") else sympy.Symbol(name, real=True)
    )


def read(text):
    """The expression of a text.

    Raises
    ------
    NotAlgebra
        If Brian2 itself does not read it as one.
    """
    from brian2.parsing.sympytools import str_to_sympy

    try:
        return str_to_sympy(str(text))
    except (SyntaxError, AttributeError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotAlgebra(f"{text!s} cannot be read as a formula ({reason})") from None


def replaced(expression, values):
    """The expression with others for some symbols; NotAlgebra where a condition would be a number."""
    try:
        return expression.xreplace(values)
    except TypeError as error:
        raise NotAlgebra(f"{expression} cannot be read as a formula ({error})") from None


def written(expression):
    """The text of an expression."""
    from brian2.parsing.sympytools import sympy_to_str

    return sympy_to_str(expression)


def names_of(expression):
    """Names of the symbols in an expression, without what Brian2 gives functions that have no argument."""
    return {each.name for each in expression.free_symbols} - {_NO_ARGUMENT}


def draws(expression):
    """Whether a function without an argument, such as rand(), is in an expression."""
    return any(each.name == _NO_ARGUMENT for each in expression.free_symbols)


def depends_on(expression, names):
    """Whether one of some names is in an expression."""
    return bool(names_of(expression) & set(names))


def valued(expression, values_):
    """The expression with numbers in SI for names that have a value."""
    import sympy

    known = {
        each: sympy.Float(values_[each.name]) for each in expression.free_symbols if each.name in values_
    }
    return expression.xreplace(known)


def expanded(expression):
    """Without what cancels, where that is a matter of multiplying out."""
    import sympy

    return sympy.expand(expression)


def number_of(expression, values_):
    """The SI value of an expression; None where a name in it has none, or it is not finite."""
    found = valued(expression, values_)
    if found.free_symbols:
        return None
    try:
        value = complex(found.evalf())
    except (TypeError, ValueError):  # a function that sympy only carries along
        value = _by_numpy(found)
        if value is None:
            return None
    return value.real if np.isfinite(value.real) and value.imag == 0 else None


def _by_numpy(expression):
    try:
        return complex(function_of(expression, [])())
    except (NameError, TypeError, ValueError, KeyError):  # a function that has no value
        return None


def function_of(expression, names, functions=None):
    """A function of arrays, one for each name; `functions` are what names of functions mean besides."""
    import sympy

    known = {**NUMERIC, **({} if functions is None else functions)}
    made = sympy.lambdify([symbol(name) for name in names], expression, modules=[known, "numpy"])
    return lambda *values: np.broadcast_to(made(*values), np.broadcast_shapes(*map(np.shape, values), ()))


def rounded(value):
    """A float without the last digits that algebra has left: 12 stay."""
    value = float(f"{value:.12g}")
    return 0.0 if abs(value) < 1e-30 else value
