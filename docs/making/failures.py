"""Circuits on which a premise fails, one for each, and the pictures of what goes wrong.

python docs/making/failures.py FOLDER             every picture, and the numbers beside them
python docs/making/failures.py FOLDER asynchrony  this one
"""

from __future__ import annotations

import inspect
import json
import sys
import time
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAILURES", "Failure", "fails", "is_newer", "key_of", "load", "measure", "source_of", "write"]

#: Modules whose import fills the table below.
PLACES = ("failures_of_firing", "failures_of_synapses", "failures_of_cells", "failures_of_networks")
WIDE, NARROW = (7.6, 2.9), (4.6, 2.9)  # inches, of two panels and of one

#: {name of the premise: Failure}
FAILURES: dict[str, Failure] = {}


@dataclass(frozen=True)
class Failure:
    """A circuit on which a premise fails.

    Attributes
    ----------
    premise : str
    draw : callable
        Takes two axes, draws into them, and returns the table of premises.
    caption : str
        What is to be seen.
    """

    premise: str
    draw: Callable
    caption: str


def is_newer(path, *sources):
    """Whether a file is there, and none of these sources nor of the package has been written since."""
    import b2reduce

    if not path.is_file():
        return False
    package = Path(b2reduce.__file__).parent
    return path.stat().st_mtime > max(file.stat().st_mtime for file in (*sources, *package.rglob("*.py")))


def source_of(failure):
    """The file of its code."""
    return Path(inspect.getsourcefile(failure.draw))


def fails(premise):
    """Register a function as the circuit on which a premise fails; its docstring says what is to be seen."""

    def registered(draw):
        if premise in FAILURES:
            raise ValueError(f"{premise}: got a second circuit, expected one")
        FAILURES[premise] = Failure(premise, draw, " ".join(inspect.cleandoc(draw.__doc__).split()))
        return draw

    return registered


def load():
    """All of them, by the names of their premises in the order of the table."""
    from b2reduce.validation.premises.register import PREMISES

    for place in PLACES:
        import_module(place)
    return {name: FAILURES[name] for name in PREMISES if name in FAILURES}


def key_of(premise):
    """A premise's name as that of a file."""
    return premise.lower().replace(" ", "-")


def measure(failure):
    """(figure, {"measured", "limit", "advice"}): draw a failure; an error where the premise holds after all."""
    import matplotlib.pyplot as plt
    from matplotlib.gridspec import GridSpec

    from b2reduce.results.plots.style import style

    with warnings.catch_warnings(), plt.style.context(style()):
        warnings.simplefilter("ignore")  # each of these circuits is one that the package warns of
        figure, axes = plt.subplots(1, 2, figsize=WIDE, layout="constrained")
        table = failure.draw(*axes).set_index("assumption")
        if not axes[1].has_data():
            axes[1].remove()
            axes[0].set_subplotspec(GridSpec(1, 1, figure)[0])
            figure.set_size_inches(*NARROW)
    row = table.loc[failure.premise]
    if row.holds:
        raise RuntimeError(
            f"{failure.premise}: got {row.measured:.3g} within {row.limit}, expected a circuit on which it fails"
        )
    return figure, {"measured": float(row.measured), "limit": row.limit, "advice": row.advice}


def write(folder, names=()):
    """Write the pictures and numbers of these failures, or of all that are older than the package."""
    import matplotlib.pyplot as plt

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known = load()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"got {', '.join(unknown)}, expected some of {', '.join(known)}")
    for name in names or known:
        path = folder / f"{key_of(name)}.json"
        if is_newer(path, source_of(known[name])) and not names:
            continue
        began = time.perf_counter()
        figure, found = measure(known[name])
        figure.savefig(path.with_suffix(".png"), dpi=160)
        plt.close(figure)
        aside = path.with_suffix(".new")
        aside.write_text(json.dumps(found, indent=1), encoding="utf-8")
        aside.replace(path)
        took = time.perf_counter() - began
        print(f"{name}: {found['measured']:.3g}, limit {found['limit']} ({took:.0f} s)", flush=True)


if __name__ == "__main__":
    # The modules of circuits import this one by its name.
    import failures

    failures.write(sys.argv[1], sys.argv[2:])
