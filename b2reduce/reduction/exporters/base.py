"""What a rate model can be written for."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Exporter"]


class Exporter(ABC):
    """A language or program that a rate model is written for.

    Nobody asks for the name of an exporter: what differs between them is said here. A new one is a subclass
    in a file of its own, and one line in `register`.

    Attributes
    ----------
    name : str
        As `ReducedCircuit.to_script` and the command take it.
    meaning : str
        Half a sentence: what is written.
    runs : bool
        Whether what is written runs, for a duration and at drives of its own; else it is to be read.
    """

    name = ""
    meaning = ""
    runs = True

    def problem(self, reduced):
        """What it lacks that a rate model needs; empty where it can hold it."""
        return ""

    @abstractmethod
    def write(self, reduced, duration_, drives, initial, dt_):
        """The text.

        Parameters
        ----------
        reduced : ReducedCircuit
        duration_ : float
            s.
        drives, initial : mapping or None
            As in `simulate_rates`; `rate_system` reads them.
        dt_ : float or None
            s; by default what `simulate_rates` takes.
        """
