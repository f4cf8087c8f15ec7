"""The levels that there are."""

from __future__ import annotations

from .base import Level
from .shift_law import Gain, Linear
from .surface import Surface
from .transfer import Transfer

__all__ = ["LEVELS", "register"]

#: {name: Level}, from the simplest to the one that measures most.
LEVELS: dict[str, Level] = {}


def register(level):
    """Add a level, which `reduce` and `validate` know by its name from now on; returns it."""
    if not isinstance(level, Level) or not level.name:
        raise TypeError(f"level: got {level!r}, expected a Level with a name")
    LEVELS[level.name] = level
    return level


for _level in (Linear(), Gain(), Surface(), Transfer()):
    register(_level)
