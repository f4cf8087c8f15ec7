"""Systems: what libraries are called, what a compiler of the g++ kind must be told, where to get one."""

from __future__ import annotations

import contextlib
import platform
import shlex
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

__all__ = ["ENDINGS", "MacOS", "System", "Unix", "Windows", "this_system"]


@dataclass(frozen=True)
class System:
    """A system, with the machine it runs on as `platform.machine` calls it."""

    machine: str
    name: ClassVar[str]
    ending: ClassVar[str]  #: of the names of libraries
    #: What compilers of the g++ kind are called, the one to take first
    names: ClassVar[tuple[str, ...]] = ("g++", "clang++")
    makes_programs: ClassVar[bool] = True  #: whether programs of whole networks, by make, are built there
    advice: ClassVar[str]  #: how to get a compiler

    @property
    def compiling(self):
        """What a compiler of the g++ kind needs for code of a library."""
        return ("-fPIC",)

    @property
    def linking(self):
        """What it needs for the library."""
        return ("-shared",)

    libraries: ClassVar[tuple[str, ...]] = ("-lm",)

    def words(self, said):
        """A command as words; ValueError where a quotation mark is open."""
        return shlex.split(said)

    def processor(self):
        """What tells processors apart that take other code."""
        return f"{self.machine} {platform.processor()}"

    def without_tools(self, path):
        """Whether a program only stands in for a compiler that is not installed."""
        return False


class Unix(System):
    """Linux, and systems that are like it."""

    name, ending = "Linux", ".so"
    advice = (
        "install one, as by 'sudo apt install g++', 'sudo dnf install gcc-c++' or 'conda install -c"
        " conda-forge cxx-compiler'"
    )

    def processor(self):
        with contextlib.suppress(OSError):  # absent on other systems, where the machine's name must do
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
                if line.startswith(("flags", "Features")):
                    return line
        return super().processor()


class MacOS(System):
    """Apple's, with clang from the command line tools, on arm64 or x86-64."""

    name, ending = "Darwin", ".dylib"
    names = ("clang++", "g++")
    advice = "install one by 'xcode-select --install'"

    # A Python for x86-64 on an arm64 machine is told that it is on x86-64, and can load no other code.
    @property
    def compiling(self):
        return ("-fPIC", "-arch", self.machine)

    @property
    def linking(self):
        return ("-dynamiclib", "-arch", self.machine)

    libraries = ()

    def processor(self):
        return f"{self.machine} {_said('sysctl', '-n', 'machdep.cpu.brand_string')}"

    def without_tools(self, path):
        # Those in /usr/bin open a window that asks whether to install the tools, where these are not there.
        return Path(path).parent == Path("/usr/bin") and not _said("xcode-select", "-p")


class Windows(System):
    """Microsoft's."""

    name, ending = "Windows", ".dll"
    makes_programs = False
    advice = (
        "install the 'Build Tools for Visual Studio' with 'Desktop development with C++', or by 'conda"
        " install -c conda-forge cxx-compiler'"
    )
    compiling = ()
    # Python looks for other libraries of a compiler neither in PATH nor beside the compiler.
    linking = ("-shared", "-static")
    libraries = ()

    def words(self, said):
        # Backslashes stand in paths
        return [word.strip('"') for word in shlex.split(said, posix=False)]


@lru_cache
def _said(*command):
    """What a program prints; nothing where it is missing or fails."""
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        return "" if done.returncode else done.stdout.strip()
    return ""


#: Of libraries, on any system
ENDINGS = tuple(kind.ending for kind in (Unix, MacOS, Windows))


def this_system():
    """The one that this process runs on."""
    kinds = {kind.name: kind for kind in (MacOS, Windows)}
    return kinds.get(platform.system(), Unix)(platform.machine())
