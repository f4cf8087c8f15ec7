"""The network can rest in one state only."""

from __future__ import annotations

from .base import Premise

__all__ = ["OneOperatingPoint"]


class OneOperatingPoint(Premise):
    """How many the search found."""

    name = "one operating point"
    meaning = (
        "The search for rates that the cells themselves give back found more than one answer. The spiking"
        " network may rest in either, or change between them."
    )
    limit = 1
    reason = "a reduction describes the network near one of them"
    fatal = "the network has several states"
    otherwise = "say at which drives to look (at=), and start both networks in the state that is meant"

    @property
    def bound(self):
        return f"{self.limit}"

    def measure(self, evidence):
        reduced = evidence.reduced
        show = lambda rates: ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())
        others = [show(rates) for rates in reduced.others] + [show(rates) for rates in reduced.states_[1:]]
        return self.judged(
            float(1 + len(others)),
            "operating points found from several starts, and states of the rate model",
            f"; the others: {'; '.join(others)}. The network may jump between them",
        )
