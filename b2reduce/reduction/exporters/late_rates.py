"""How rates that arrive late are written in LaTeX, and what is meant by it."""

from __future__ import annotations

import re

import numpy as np

__all__ = ["BREAK", "LateRates", "in_rows"]

BREAK = " \\\\\n&\\quad{}"  # within an equation
WIDEST = 60  # letters of a row, beside what stands before it and a last term


def in_rows(terms):
    """A sum of terms with their signs, broken where it would run off the page."""
    rows = [""]
    for term in terms:
        if rows[-1] and _letters(rows[-1] + term) > WIDEST:
            rows.append("")
        rows[-1] += term
    return BREAK.join(rows)


def _letters(text):
    """About how many letters are seen of mathematics: commands count one, and spaces and braces none."""
    return len(re.sub(r"\\mathrm|\\[,;]|[{}_^\s]", "", re.sub(r"\\(?!mathrm)[a-z]+", "x", text)))


class LateRates:
    """A fixed delay stands in the argument of the rate.

    Delays that differ between synapses make a mean of it, which is defined beside the equations.

    Parameters
    ----------
    reduced : ReducedCircuit
    shown : callable
        ``shown(value, unit)`` writes an SI value with its unit.
    """

    def __init__(self, reduced, shown):
        pathways = [p for name in reduced.populations for p in reduced.circuit.pathways(name)]
        spread = list(dict.fromkeys(p.delays for p in pathways if not _fixed(p.delays)))
        self.shown = shown
        self.letters = {
            delays: "d" if len(spread) == 1 else f"d_{{{k}}}" for k, delays in enumerate(spread, start=1)
        }

    def written(self, rate, delays):
        """The symbol of a rate as it arrives."""
        if delays.none:
            return rate
        if _fixed(delays):
            return f"{rate}(t - {self.shown(delays.longest_, 's')})"
        return rf"\langle {rate} \rangle_{{{self.letters[delays]}}}"

    def defined(self, rate, delays):
        """Lines that say what that means; none where it speaks for itself."""
        if _fixed(delays):
            return []
        mean = rf"{self.written(rate, delays)}(t) &="
        if len(delays.share) == 1:
            first, last = (self.shown(each, "s") for each in (delays.least_[0], delays.greatest_[0]))
            return [rf"{mean} \frac{{1}}{{{last} - {first}}} \int_{{{first}}}^{{{last}}} {rate}(t - u)\,du"]
        return [
            rf"{mean} \text{{mean of }} {rate}(t - u) \text{{ over the delays }} u \text{{ of the wiring,}}"
            + " \\\\\n"
            + r"&\quad\text{each by the size of its synapse: mean }"
            + self.shown(delays.mean_, "s")
            + r"\text{, standard deviation }"
            + self.shown(float(np.sqrt(delays.variance_)), "s")
        ]


def _fixed(delays):
    return len(delays.share) == 1 and delays.least_ == delays.greatest_
