"""Values that variables of cells and of synapses start from: one, one a cell, or a text with chance in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.arguments import described
from ..basics.errors import CircuitError, InputError
from ..basics.units import format_quantity, parse_quantity, si_label, with_units
from .expressions import evaluate_tree, parse_expression

__all__ = ["Start", "names_of", "read_start"]

#: A number before a unit or a name, as in files: "10 mV*rand()" is 10*mV*rand().
_BESIDE = re.compile(
    r"(?<![\w.])((?>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*(?=[A-Za-z_])(?!(?:and|or|not|if|else|in|is)\b)"
)
#: A distribution by its name, as parameters and sizes have it.
_NAMED = re.compile(r"\s*(normal|uniform)\s*\(([^,]*),([^,]*)\)\s*$", re.DOTALL)
_AS = {"normal": "({0}) + ({1})*randn()", "uniform": "({0}) + (({1}) - ({0}))*rand()"}


@dataclass(frozen=True, eq=False)
class Start:
    """What a variable starts from.

    Attributes
    ----------
    given : str, float or Quantity
        A text to be worked out anew for every seed, or one value, or one a cell.
    """

    given: Any

    def drawn_(self, names, rng, size, dim, key):
        """SI value, or an array over cells where cells differ.

        Parameters
        ----------
        names : mapping of str to Quantity, float or array of them
            What the text may name.
        rng : numpy.random.Generator
            Of the ``rand()`` and ``randn()`` in it: every one of them is drawn by itself.
        size : int
            Number of cells.
        dim : brian2 Dimension
        key : str
            For messages.

        Raises
        ------
        CircuitError
            If the text has no finite value in this unit, or there is not one for every cell.
        """
        from brian2 import get_dimensions

        value = self.given
        if isinstance(value, str):
            chance = {"rand": lambda: rng.random(size), "randn": lambda: rng.standard_normal(size)}
            try:
                value = evaluate_tree(_tree(value), names, value, chance)
            except InputError as error:
                raise CircuitError(f"{key}: {error}") from None
        if get_dimensions(value) is not dim:
            raise CircuitError(
                f"{key}: got {self._shown}, which is {_in(get_dimensions(value))}, expected {_in(dim)}"
            )
        found = np.asarray(value, dtype=float)
        if found.ndim and found.shape != (size,):
            raise CircuitError(
                f"{key}: got {found.size} values, expected one, or one for each of the {size} cells"
            )
        return found.copy() if found.ndim else float(found)

    @property
    def _shown(self):
        return described(self.given)

    def to_dict(self):
        """Plain data, as in the TOML file."""
        if isinstance(self.given, str):
            return self.given
        if not np.ndim(self.given):
            return format_quantity(self.given) if hasattr(self.given, "dim") else float(self.given)
        label = si_label(self.given)
        label = "" if label == "1" else label
        return [f"{value!r} {label}".strip() for value in np.asarray(self.given, dtype=float).tolist()]

    def __str__(self):
        written = self.to_dict()
        return f"{len(written)} values" if isinstance(written, list) else str(written)


def _in(dim):
    return "without a unit" if dim.is_dimensionless else f"in {si_label(dim)}"


def _tree(text):
    if (named := _NAMED.match(text)) and named[2].strip() and named[3].strip():
        text = _AS[named[1]].format(named[2].strip(), named[3].strip())
    return parse_expression(_BESIDE.sub(r"\1*", text))


def read_start(value, key):
    """The `Start` of what was given, None where nothing was.

    Raises
    ------
    CircuitError
        If it is no number, text or list of numbers, or not finite.
    """
    if value is None or isinstance(value, Start):
        return value
    if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value):
        return Start(_listed(value, key))
    if isinstance(value, bool) or not (
        isinstance(value, (str, int, float, np.number)) or hasattr(value, "dim")
    ):
        raise CircuitError(
            f"{key}: got {described(value)}, expected a value with its unit, a text such as"
            ' "-60*mV + 10*mV*rand()", or a list of values, one a cell'
        )
    try:
        found = parse_quantity(value)
    except InputError as error:
        if not isinstance(value, str):
            raise CircuitError(f"{key}: {error}") from None
        try:
            _tree(value)
        except InputError as fault:
            raise CircuitError(f"{key}: {fault}") from None
        return Start(value)
    if not np.isfinite(float(np.asarray(found))):
        raise CircuitError(f"{key}: got {described(value)}, expected a finite value")
    return Start(found)


def _listed(values, key):
    """Values over cells as one array."""
    from brian2 import Quantity

    if not hasattr(values, "dim"):
        try:
            read = [parse_quantity(each) for each in np.asarray(values, dtype=object).ravel().tolist()]
        except InputError as error:
            raise CircuitError(f"{key}: {error}") from None
        labels = {si_label(each) if hasattr(each, "dim") else "1" for each in read}
        if len(labels) > 1:
            raise CircuitError(f"{key}: got values in {', '.join(sorted(labels))}, expected one unit")
        found = np.array([float(np.asarray(each)) for each in read]).reshape(np.shape(values))
        values = with_units(found, read[0].dim) if read and hasattr(read[0], "dim") else found
    if np.ndim(values) != 1 or not np.size(values):
        raise CircuitError(f"{key}: got {described(values)}, expected one list of values, one a cell")
    if not np.isfinite(np.asarray(values, dtype=float)).all():
        raise CircuitError(f"{key}: got values that are not finite, expected finite ones")
    return Quantity(values, copy=True) if hasattr(values, "dim") else np.array(values, dtype=float)


def names_of(population, drawn=None):
    """{name: value} of what a text on cells of a population may name, besides units.

    ``i``, the number of the cell; ``N``, how many there are; parameters of the cell, those that vary over
    cells with each cell's own value.

    Parameters
    ----------
    population : Population
    drawn : mapping of str to ndarray, optional
        SI values of parameters that vary over cells.
    """
    from brian2 import get_dimensions

    model = population.model
    own = {
        key: with_units(np.asarray(values), get_dimensions(model.constants[key]))
        for key, values in (drawn or {}).items()
        if key in model.constants
    }
    return {
        "i": np.arange(population.size, dtype=float),
        "N": float(population.size),
        **model.constants,
        **own,
    }
