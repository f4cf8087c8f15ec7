"""Drives as arguments of measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..basics.arguments import require
from .parts import Drive

if TYPE_CHECKING:
    pass

__all__ = ["drives_of"]


def drives_of(drives, where, none=False):
    """A tuple of Drives from one or several, or, where that may be, from none."""
    if drives is None and none:
        return ()
    drives = (drives,) if isinstance(drives, (Drive, Mapping)) else drives
    if not isinstance(drives, (list, tuple)):
        require(drives, Drive, where)
    return tuple(require(drive, Drive, f"{where}, entry {number}") for number, drive in enumerate(drives))
