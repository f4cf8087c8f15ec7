"""Whether to trust a reduction, what speaks against it, and what would improve it: one record, made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.fields import Many, Number, Of, Plain, Text
from ..basics.frozen import FrozenDict, Record
from ..basics.units import format_quantity, with_units

if TYPE_CHECKING:
    from ..reduction.reduced_circuit import ReducedCircuit

__all__ = ["LevelRecord", "Remedy", "TRUST", "Verdict"]

# Choices by name; a time that was given is not said again
TRUST = ("trust", "near these drives", "do not rely")


@dataclass(frozen=True)
class LevelRecord(Record):
    """How one level fared.

    Attributes
    ----------
    level : str
    rates : mapping of str to float
        Hz; empty where the level cannot be had.
    error, open_loop_error : float
        Largest over populations, without sign; infinite where the model runs away.
    outside : tuple of str
        Populations that came to rest outside of what was measured.
    states : int
        In how many states the rate model can rest.
    told : bool
        Whether the state that networks started in was asked for.
    missing : str
        Why the level cannot be had.
    """

    level: str
    rates: Mapping
    error: float = np.nan
    open_loop_error: float = np.nan
    outside: tuple = ()
    states: int = 1
    missing: str = ""
    told: bool = False

    @property
    def note(self):
        """What people must know beside the numbers."""
        notes = [self.missing] if self.missing else []
        notes += [f"rests outside of what was measured: {', '.join(self.outside)}"] if self.outside else []
        if self.states > 1:
            where = "where it was told to" if self.told else "from its operating point"
            notes.append(f"has more than one state; started {where}")
        return "; ".join(notes)


@dataclass(frozen=True)
class Remedy(Record):
    """A change that would improve a reduction.

    Attributes
    ----------
    change : mapping
        Arguments of `reduce` and `validate` to give, such as ``{"level": "transfer"}``.
    why : str
    error : float
        The largest error with it, as far as it is known; else NaN.
    """

    change: Mapping
    why: str
    error: float = np.nan

    FIELDS = FrozenDict(change=Plain, why=Text, error=Number)

    @property
    def arguments(self) -> str:
        """The change as it is written in Python."""
        return ", ".join(f"{name}={value!r}" for name, value in self.change.items())

    def command(
        self,
        reduced: ReducedCircuit,
        circuit: str,
        output: str = "better",
        start: Mapping[str, float] | None = None,
    ) -> str:
        """The line for a shell that validates a reduction again with this change, at the same drives.

        `start` has the rates in Hz that networks started at, where they were told to.
        """
        kept = {
            "level": reduced.level,
            "noise": reduced.noise,
            "tau": reduced.tau_choice,
            "cells": reduced.cells,
            **self.change,
        }
        usual = {"noise": "renewal", "tau": "membrane", "cells": False}
        options = [
            f"--{name}" if value is True else f"--{name} {value}"
            for name, value in kept.items()
            if value != usual.get(name) and (name != "tau" or reduced.dynamics.named)
        ]
        options += [
            f"--at '{name}={format_quantity(rate)}'"
            for name, rate in reduced.at.items()
            if any(
                d.name == name and (not d.constant or d.many_rates or d.rate != rate)
                for d in reduced.circuit.drives
            )
        ]
        options += [
            f"--start '{name}={format_quantity(with_units(rate, 'Hz'))}'"
            for name, rate in (start or {}).items()
        ]
        return " ".join(["b2reduce run", circuit, *options, "-o", output])


@dataclass(frozen=True)
class Verdict(Record):
    """Whether to trust a rate model.

    Attributes
    ----------
    trust : str
        ``"trust"``, ``"near these drives"`` or ``"do not rely"``.
    tier : str
        From the largest error alone, as in `Comparison`.
    error : float
        The largest error of a mean rate, without its sign.
    failed : tuple of str
        Premises that do not hold.
    remedies : tuple of Remedy
    sentence : str
        All of this for people; also ``str(verdict)``.
    """

    trust: str
    tier: str
    error: float
    failed: tuple
    remedies: tuple
    sentence: str

    FIELDS = FrozenDict(
        trust=Text, tier=Text, error=Number, failed=Many(Text), remedies=Many(Of("Remedy")), sentence=Text
    )

    def __str__(self):
        return self.sentence
