"""What a kind of compiler must say."""

from __future__ import annotations

import os
import re
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import ClassVar

from ..errors import B2reduceError
from .systems import System

__all__ = ["BuildError", "Compiler", "exported"]


class BuildError(B2reduceError):
    """A kernel that cannot be built here; the message says why."""


@dataclass(frozen=True)
class Compiler(ABC):
    """A C++ compiler, and how it makes a library of `kernel.cpp` in the folder where it runs."""

    command: tuple[str, ...]  #: the first word is a path
    system: System
    #: Variables of its processes beside those of this one
    environment: dict[str, str] = field(default_factory=dict, hash=False, compare=False)
    #: Words that make it say which one it is
    asks_version: ClassVar[tuple[str, ...]] = ("--version",)

    @property
    def name(self):
        """As people call it."""
        return PurePath(self.command[0]).name

    @property
    def library(self):
        """The name of the library that it makes."""
        return f"kernel{self.system.ending}"

    @abstractmethod
    def flags(self, march):
        """What it compiles with, as a list; `march` is a set of instructions, or "native"."""

    @abstractmethod
    def machine_flags(self, march):
        """Those of `flags` that say which machine the code is for."""

    @abstractmethod
    def steps(self, source, march):
        """[(file that is made, arguments)] from kernel.cpp, which holds `source`, to the library."""

    def version(self):
        """What it says about itself."""
        return _version(self.command, self.asks_version, tuple(sorted(self.environment.items())))

    def cannot_run(self, error):
        """A BuildError from an OSError."""
        return BuildError(
            f"{self.name} cannot be run ({error.strerror}); set CXX to a C++ compiler such as g++ or clang++"
        )

    def identity(self, march):
        """What decides the code it makes here."""
        try:
            version = self.version()
        except OSError as error:
            raise self.cannot_run(error) from None
        return "\0".join([version, *self.command, *self.flags(march), self.system.processor()])


@lru_cache
def _version(command, asks, environment):
    done = subprocess.run(
        [*command, *asks],
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **dict(environment)},
    )
    return done.stdout + done.stderr


def exported(source):
    """Names of the functions that a source offers.

    Examples
    --------
    >>> exported('extern "C" void *room(int size) {')
    ['room']
    """
    return re.findall(r'extern "C" [\w\s*]*?(\w+)\(', source)
