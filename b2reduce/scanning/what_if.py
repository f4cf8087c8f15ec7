"""What becomes of the rates when a circuit is changed.

With the gains as they were, reduced anew, and spiking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import flag, mapping, require, whole
from ..basics.display import number, quantity_text, sheet_html, sheet_text
from ..basics.errors import InputError, OperatingPointError
from ..basics.fields import Anything, Many, Mapped, Maybe, Of, Table, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.progress import Progress
from ..basics.units import with_units
from ..networks.simulate_spikes import simulate_spikes
from ..reduction.again import reduce_again
from ..reduction.reduced_circuit import ReducedCircuit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pandas

    from ..basics.types import ProgressLike, QuantityLike

__all__ = ["WhatIf", "at_rest_", "read_question", "tangent", "what_if"]

_FACTOR = r"([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
_TIMES = re.compile(rf"\s*[x*×]\s*{_FACTOR}\s*$|\s*{_FACTOR}\s*[x*×]\s*$")


@dataclass(frozen=True, eq=False)
class WhatIf(Record):
    """What becomes of a network when it is changed.

    Attributes
    ----------
    changes : mapping
        As they were made.
    table : pandas.DataFrame
        Index population, rates in Hz: ``now`` of the rate model; ``frozen``, of the changed one with gains as
        they were; ``anew``, of a reduction of the changed circuit, and ``anew_stderr``; ``spiking``, its
        spiking network's, and ``spread`` over seeds. NaN where it was not asked for or cannot be had.
    outside : tuple of str
        Populations that the frozen model puts outside of what was measured.
    frozen, anew : ReducedCircuit or None
    spikes : tuple of Activity
    notes : tuple of str
        Why something cannot be had, and what must be known of what can.
    """

    changes: Mapping
    table: pandas.DataFrame
    outside: tuple = ()
    frozen: ReducedCircuit | None = None
    anew: ReducedCircuit | None = None
    spikes: tuple = ()
    notes: tuple = ()

    FIELDS = FrozenDict(
        changes=Mapped(Text, Anything),
        table=Table("now", "frozen", "anew", "anew_stderr", "spiking", "spread"),
        outside=Many(Text),
        frozen=Maybe(Of("ReducedCircuit")),
        anew=Maybe(Of("ReducedCircuit")),
        spikes=Many(Of("Activity")),
        notes=Many(Text),
    )

    @property
    def title(self) -> str:
        """The question."""
        return "what if " + ", ".join(f"{name} = {_shown(value)}" for name, value in self.changes.items())

    @property
    def sheet(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """(columns, rows) of texts, for people."""
        rows = [
            (
                name,
                number(row.now),
                number(row.frozen) or "-",
                number(row.anew, row.anew_stderr) or "-",
                number(row.spiking, row.spread) or "-",
                "yes" if name in self.outside else "no",
            )
            for name, row in self.table.iterrows()
        ]
        return (
            "population",
            "now (Hz)",
            "frozen (Hz)",
            "reduced anew (Hz)",
            "spiking (Hz)",
            "outside of what was measured",
        ), rows

    def __repr__(self):
        return "\n".join([sheet_text(*self.sheet, self.title), *self.notes])

    def _repr_html_(self):
        return sheet_html(*self.sheet, self.title, self.notes)


def _shown(value):
    """A value of a question as text, in units of the field."""
    if isinstance(value, np.ndarray) and hasattr(value, "dim") and not value.ndim:
        return quantity_text(value)
    if isinstance(value, Mapping):
        table = "times" in value
    else:
        table = (
            hasattr(value, "values") or isinstance(value, tuple) and any(map(np.ndim, value))
        )  # a TimedArray, or times and values
    return "a table over time" if table else str(value)


def read_question(circuit, changes):
    """Checked {name: value} of a question, with "x2" and the like turned into values."""
    made = {}
    for name, value in mapping(changes, "changes", '{"projection.I->E.G": 2*nS}').items():
        factor = _TIMES.match(value) if isinstance(value, str) else None
        if factor:
            now = circuit.value(name)
            times = float(factor[1] or factor[2])
            value = int(round(now * times)) if isinstance(now, int) else now * times
        made[name] = value
    if not made:
        raise InputError(
            'changes: there is none; say what is to be changed, such as {"projection.I->E.G": 2*nS}'
        )
    circuit.replace(made)  # what cannot be is refused before any work
    return made


def tangent(reduced):
    """The rate model whose synapses can be changed.

    At level "transfer" its tangent at the operating point.
    """
    return reduced.frozen_on_(reduced.circuit, level="linear") if reduced.kind.holds_synapses else reduced


def at_rest_(reduced, drives_=None):
    """{population: rate} in Hz at rest, from the operating point.

    By default at the drives where that was found.
    """
    return reduced.steady_rates_(reduced.at_ if drives_ is None else drives_, reduced.operating_rate_)


def _frozen(reduced, changes):
    """(the model with its gains as they were or None, notes)."""
    try:
        return reduced.replace(changes), []
    except InputError as error:
        why = error
        if reduced.kind.holds_synapses:
            try:
                return tangent(reduced).replace(changes), [
                    "frozen: at level 'linear', the tangent of the transfer functions, which were measured"
                    " with the synapses as they were"
                ]
            except InputError as other:
                why = other
        return None, [f"frozen: cannot be had: {why}"]


def what_if(
    reduced: ReducedCircuit,
    changes: Mapping[str, Any],
    *,
    spiking: bool = False,
    anew: bool = True,
    duration: QuantityLike | None = "2 s",
    seed: int = 1,
    seeds: int = 1,
    progress: ProgressLike = None,
) -> WhatIf:
    """What becomes of the rates when a circuit is changed: now, frozen, reduced anew, and spiking.

    Parameters
    ----------
    reduced : ReducedCircuit
    changes : mapping of str to value
        As `Circuit.replace` takes them, ``{"projection.I->E.G": 2*nS}``; ``"x2"`` doubles what is there.
    spiking : bool
        Whether the spiking network of the changed circuit is run as well.
    anew : bool
        Whether the changed circuit is reduced again, with its gains measured at its own operating point.
    duration, seed, seeds
        Of the spiking runs, as in `validate`.
    progress : None, bool, str or callable

    Returns
    -------
    WhatIf

    Raises
    ------
    InputError
        If a name is unknown or a value cannot be.

    Examples
    --------
    >>> from b2reduce import reduce
    >>> asked = what_if(reduce("ei_lif", noise="none"), {"projection.I->E.G": "x2"}, anew=False)
    >>> bool(asked.table.frozen["E"] < asked.table.now["E"])
    True
    """
    import pandas as pd

    require(reduced, ReducedCircuit, "what_if, reduced")
    changes = read_question(reduced.circuit, changes)
    spiking, anew, seed, seeds = (
        flag(spiking, "spiking"),
        flag(anew, "anew"),
        whole(seed, "seed"),
        whole(seeds, "seeds", 1),
    )
    circuit = reduced.circuit.replace(changes)
    names, notes = list(reduced.populations), []
    table = pd.DataFrame(
        np.nan,
        index=pd.Index(names, name="population"),
        columns=["now", "frozen", "anew", "anew_stderr", "spiking", "spread"],
    )
    table["now"] = pd.Series(at_rest_(reduced))
    if table["now"].isna().any():
        notes.append("now: the rate model runs away")
    (frozen, said) = _frozen(reduced, changes)
    outside: tuple[str, ...] = ()
    notes += said
    if frozen is not None:
        drives_ = reduced.at_on_(circuit)
        rates = at_rest_(frozen, drives_)
        table["frozen"] = pd.Series(rates)
        if any(np.isnan(rate) for rate in rates.values()):
            notes.append("frozen: the rate model runs away")
        else:
            outside = tuple(name for name in names if frozen.kind.is_outside(frozen, name, rates, drives_))
            if outside:
                notes.append(
                    f"frozen: {', '.join(outside)} outside of what was measured, where the gain is"
                    " extrapolated"
                )
    model, spikes = None, []
    with Progress(progress) as bar:
        if anew:
            try:
                model = reduce_again(reduced, circuit, drives_=reduced.at_on_(circuit), progress=bar)
                table["anew"] = pd.Series(at_rest_(model))
                table["anew_stderr"] = pd.Series(
                    {name: float(np.asarray(error)) for name, error in model.stderr["rates"].items()}
                )
                notes += [f"anew: {warning}" for warning in model.warnings]
            except (OperatingPointError, InputError) as error:
                notes.append(f"anew: cannot be had: {error}")
        if spiking:
            spikes = [
                simulate_spikes(circuit, duration=duration, seed=seed + repeat, progress=bar)
                for repeat in range(seeds)
            ]
            after = with_units(min(0.5, spikes[0].duration_ / 4), "s")
            means = pd.concat([run.mean(after) for run in spikes], axis=1)
            table["spiking"], table["spread"] = (
                means.mean(axis=1),
                (means.std(axis=1, ddof=1) if seeds > 1 else np.nan),
            )
    return WhatIf(
        FrozenDict(changes), table, outside, frozen, model, tuple(spikes), tuple(dict.fromkeys(notes))
    )
