"""Where the asynchronous state of a network ends, foretold by uncoupled cells and, where asked, seen in
spikes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import flag
from ..basics.fields import Many, Table, Text
from ..basics.frozen import FrozenDict, Record
from ..reduction.loops.foretold import LIMITS, VARIANCE
from .scan import scan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas

    from ..basics.types import PathLike, ProgressLike
    from ..circuit.types import CircuitLike

__all__ = ["AsynchronyMap", "map_asynchrony"]


@dataclass(frozen=True, eq=False)
class AsynchronyMap(Record):
    """How much more inputs vary than those of independent trains, over a grid of parameters.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per point: the parameters; ``foretold``, the variance of the worst recurrent input over that of
        independent Poisson trains, infinite where a rhythm grows by itself; ``correlation``, of spike counts
        in 5 ms, over its limit; ``growth [1/s]`` and ``rhythm [Hz]`` of the first root; with spikes
        ``spiking``, the same ratio as measured; ``seconds``, ``status``.
    parameters : tuple of str
        Columns that were varied.
    """

    table: pandas.DataFrame
    parameters: tuple

    FIELDS = FrozenDict(table=Table("point", "foretold", "status"), parameters=Many(Text))

    @property
    def agreement(self) -> Any:
        """(points at which spikes and what was foretold are on one side of the limit, points with both)."""
        both = (
            self.table.dropna(subset=["foretold", "spiking"]) if "spiking" in self.table else self.table[:0]
        )
        limit = LIMITS[VARIANCE]
        same = (both["foretold"] <= limit) == (both["spiking"] <= limit) if len(both) else []
        return int(np.sum(same)), len(both)

    def __repr__(self):
        limit = LIMITS[VARIANCE]
        within = int((self.table["foretold"] <= limit).sum())
        same, both = self.agreement
        seen = f"; spikes agree at {same} of {both}" if both else ""
        return (
            f"AsynchronyMap({len(self.table)} points over {', '.join(self.parameters)}: {within} foretold to"
            f" be asynchronous{seen})"
        )


def map_asynchrony(
    circuit: CircuitLike,
    grid: Mapping[str, Any],
    *,
    spiking: bool = False,
    seed: int = 1,
    executor: Any = None,
    workers: int | None = None,
    out: PathLike | None = None,
    progress: ProgressLike = None,
    **settings,
) -> AsynchronyMap:
    """Foretell over a grid of parameters whether cells fire independently of one another.

    Parameters
    ----------
    circuit : Circuit, str or path
    grid : mapping of str to sequence
        As in `scan`.
    spiking : bool
        Whether spiking networks are run as well, for the points to compare with.
    seed, executor, workers, out, progress
        As in `scan`.
    **settings
        ``duration`` of spiking runs, and arguments of `reduce`.

    Returns
    -------
    AsynchronyMap

    Examples
    --------
    >>> from brian2 import Hz
    >>> from b2reduce import Circuit, Drive, Population
    >>> external = Drive(name="ext", target="E", inputs=200, rate="14 Hz", G="0.5 nS", tau="5 ms", E="0 mV")
    >>> alone = Circuit(populations={"E": Population("lif", 100)}, drives=[external])
    >>> map_asynchrony(alone, {"drive.ext.rate": [14]*Hz}, workers=1).parameters
    ('drive.ext.rate [Hz]',)
    """
    table = scan(
        circuit,
        grid,
        task="fluctuations",
        seed=seed,
        executor=executor,
        workers=workers,
        out=out,
        progress=progress,
        spiking=flag(spiking, "spiking"),
        **settings,
    )
    columns = list(table.columns)
    table = table.reindex(columns=list(dict.fromkeys([*columns, "foretold"])))
    # Where no point has a number it is a column of objects
    table["foretold"] = table["foretold"].astype(float)
    last = min(columns.index(name) for name in ("foretold", "status") if name in columns)
    return AsynchronyMap(table, tuple(columns[1:last]))
