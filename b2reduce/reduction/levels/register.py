"""The levels that there are."""

from __future__ import annotations

from ...basics.register import Register
from .base import Level
from .shift_law import Gain, Linear
from .surface import Surface
from .transfer import Transfer

__all__ = ["LEVELS", "register"]

#: {name: Level}, from the simplest to the one that measures most.
LEVELS: Register[Level] = Register(Level, "level")
#: Adds one, from outside of the package as well; returns it.
register = LEVELS.add


for _level in (Linear(), Gain(), Surface(), Transfer()):
    register(_level)
