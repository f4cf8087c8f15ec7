"""A network of the user's own as a circuit, with what was read, assumed and refused."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..basics.display import sheet_html

if TYPE_CHECKING:
    import pandas

    from ..basics.types import QuantityLike
    from ..circuit.circuit import Circuit

__all__ = ["Imported"]

_WIDTH = 100  # characters


@dataclass(frozen=True, eq=False, repr=False)
class Imported:
    """A network of Brian2 objects, read into a circuit.

    Attributes
    ----------
    circuit : Circuit
        Like any other.
    table : pandas.DataFrame
        What was read: object, read from, became, assumed; one line for everything that the network holds.
    warnings : tuple of str
        What was assumed, and with ``strict=False`` what was left out.
    """

    circuit: Circuit
    table: pandas.DataFrame
    warnings: tuple[str, ...]
    _source: Any = field(repr=False)

    def check(
        self, *, duration: QuantityLike = "1 s", seeds: int = 3, after: QuantityLike | None = None
    ) -> pandas.DataFrame:
        """Run the user's own network and the circuit, and lay their numbers side by side.

        The user's network is run from the state that it is in, once for every seed, and put back into it: its
        values, its time, its monitors and the generators of random numbers are as before afterwards.

        Weights that differ between the synapses of one block, from a population onto a population, are
        shuffled within it in one more run of the user's network for every seed. Rates that move then hang on
        which synapse has which weight, which a mean field does not know: it is that of the shuffled network,
        and ``reduce(..., cells=True)`` that of this one. Likewise the circuit runs once more with independent
        trains where cells share trains of a drive. Both are warned about where they move rates by more than
        15 % and more than noise and the spread of runs allow.

        Parameters
        ----------
        duration : Quantity
        seeds : int
            Number of runs of each.
        after : Quantity, optional
            Leave out the time before; by default the first fifth.

        Returns
        -------
        pandas.DataFrame
            A line for every number of a population, in SI: mean and standard deviation over seeds in the
            network and in the circuit, and their difference over its own standard deviation, for which the
            larger of both deviations counts: a network without noise of its own has no other run. Then the
            same of the network with shuffled weights and of the circuit with independent trains, where there
            is something to shuffle or to part.

        Warns
        -----
        AccuracyWarning
            Where rates move with shuffled weights, or with independent trains.
        """
        from .checking import checked

        return checked(self.circuit, self._source, duration, seeds, after)

    def __repr__(self):
        return "\n".join([self._title, *map(_entry, self._rows), *self._notes])

    def _repr_html_(self):
        return sheet_html(tuple(self.table.columns), self._rows, self._title, self._notes)

    @property
    def _title(self):
        numbers = {
            "population": len(self.circuit.populations),
            "projection": len(self.circuit.projections),
            "drive": len(self.circuit.drives),
        }
        said = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for what, number in numbers.items())
        return f"Imported({self.circuit.name!r}: {said})"

    @property
    def _rows(self):
        return [tuple(row) for row in self.table.itertuples(index=False)]

    @property
    def _notes(self):
        return list(self.warnings)


def _entry(row):
    """A line of the table as a paragraph: four columns of texts fit into no terminal."""
    wrapped = lambda text, indent: textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=" " * (len(indent) + 2)
    )
    object_, read, became, assumed = row
    paragraphs = [wrapped(f"{object_}: {read.removeprefix(f'{object_}: ')}", ""), wrapped(became, "  = ")]
    return "\n".join([*paragraphs, *([wrapped(assumed, "    ")] if assumed else [])])
