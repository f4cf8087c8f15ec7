"""The result of a validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ..basics.display import number, sheet_html
from ..basics.fields import Listed, Mapped, Number, Of, Table, Text
from ..basics.frozen import FrozenDict, Record
from .premises.register import premise_of
from .verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pandas

    from ..basics.types import PathLike
    from ..circuit.circuit import Circuit
    from ..networks.activity import Activity
    from ..reduction.reduced_circuit import ReducedCircuit
    from .comparison import Comparison

__all__ = ["Validation"]


@dataclass(frozen=True, eq=False)
class Validation(Record):
    """A reduction and how it fared.

    Attributes
    ----------
    circuit : Circuit
    reduced : ReducedCircuit
    spikes : list of Activity
        One per seed.
    rates : Activity
    comparison : Comparison
    assumptions : pandas.DataFrame
    levels : pandas.DataFrame
        The levels side by side, index level: rate of every population in Hz, ``largest_error``,
        ``open_loop_error`` (of the gains alone), ``tier``, and in ``note`` which populations came to rest
        outside of what was measured, that there is more than one state, or why the level cannot be had. The
        level validated is that of the rate run; the others are the rates at rest where drives are constant.
    reductions : mapping of str to ReducedCircuit
        Of all levels; `reduced` is that which was asked for.
    verdict : Verdict
        Whether to trust the rate model, what does not hold, and what would improve it; made once, so that all
        show the same.
    premises : pandas.DataFrame
        The same table as `assumptions`.
    seconds : mapping of str to float
        Wall time of each step, s.
    """

    circuit: Circuit
    reduced: ReducedCircuit
    spikes: Sequence[Activity]
    rates: Activity
    comparison: Comparison
    assumptions: pandas.DataFrame
    levels: pandas.DataFrame
    reductions: Mapping[str, ReducedCircuit]
    seconds: Mapping
    verdict: Verdict

    FIELDS = FrozenDict(
        circuit=Of("Circuit"),
        reduced=Of("ReducedCircuit"),
        spikes=Listed(Of("Activity")),
        rates=Of("Activity"),
        comparison=Of("Comparison"),
        assumptions=Table("assumption", "measured", "limit", "holds", "advice"),
        levels=Table("largest_error", "open_loop_error", "tier", "note"),
        reductions=Mapped(Text, Of("ReducedCircuit")),
        seconds=Mapped(Text, Number),
        verdict=Of("Verdict"),
    )

    @property
    def premises(self) -> pandas.DataFrame:
        """The premises of the derivation as they were measured."""
        return self.assumptions

    @property
    def warned(self) -> bool:
        """Whether anything but the error itself foretells errors of more than 15 %, here or at drives a
        quarter beside these.

        That is a premise whose failure makes such errors by itself. The others say why, and are weighed by
        what they do: to the agreement of the levels, and to the rates when trains are as regular as the cells
        fire.
        """
        return any(premise_of(name).warns for name in self.verdict.failed)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What was run: the reduction's provenance, and those of the spiking runs and of the rate run."""
        return {**self.reduced.provenance, **self.comparison.provenance}

    def save(self, folder: PathLike) -> None:
        """Write report.html, result.json, comparison.csv, assumptions.csv and figures/ into a new folder."""
        from .report import write_report

        write_report(self, folder)

    def __repr__(self):
        return (
            f"{self.comparison!r}\n{self.verdict}\npremises that do not hold:"
            f" {', '.join(self.verdict.failed) or 'none'}"
        )

    def _repr_html_(self):
        rows = [
            (row.assumption, number(row.measured), row.limit, row.advice)
            for row in self.assumptions.itertuples()
            if not row.holds
        ]
        tried = [f"try {remedy.arguments}: {remedy.why}" for remedy in self.verdict.remedies]
        broken = (
            sheet_html(("premise that does not hold", "measured", "limit", "what it is"), rows)
            if rows
            else "<p>All measured premises hold.</p>"
        )
        return (
            f"<p><b>{escape(self.verdict.trust.upper())}</b>: {escape(str(self.verdict))}</p>"
            + "".join(f"<p>{escape(text)}</p>" for text in tried)
            + self.reduced._repr_html_()
            + self.comparison._repr_html_()
            + broken
        )
