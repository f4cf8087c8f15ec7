"""One premise of the derivation, measured."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Premise"]


class Premise(NamedTuple):
    """A row of the table."""

    assumption: str
    measured: float
    limit: str
    holds: bool
    advice: str
